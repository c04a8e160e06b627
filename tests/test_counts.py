"""Counts from innovations: the right law, monotone in the mean, owned by their cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import gammaincinv, ndtr

from mppbayes.model.counts import gamma_quantile, negative_binomial_counts, poisson_quantile
from mppbayes.model.innovations import Innovations
from mppbayes.model.priors import CrisisShock

z_grid = np.linspace(-4.5, 4.5, 901)


@pytest.mark.parametrize("shape", [1.0, 1.3, 3.0, 20.0, 500.0])
def test_the_frailty_is_gamma(shape):
    exact = gammaincinv(shape, ndtr(z_grid)) / shape
    np.testing.assert_allclose(gamma_quantile(z_grid, np.array(shape)), exact, rtol=2e-4)


@pytest.mark.parametrize("mean", [0.0, 0.3, 5.0, 31.9, 32.1, 100.0, 5_000.0])
def test_the_count_is_poisson(mean):
    z = np.linspace(-4.5, 4.5, 20_001)
    found = poisson_quantile(np.full_like(z, mean), z)
    law = stats.poisson(mean)
    wrong = (law.cdf(found - 1) > ndtr(z) + 1e-5) | (law.cdf(found) < ndtr(z) - 1e-5)
    assert not wrong.any()


@pytest.mark.parametrize(("mean", "shape"), [(0.4, 1.2), (12.0, 2.0), (300.0, 8.0)])
def test_counts_have_the_moments_of_the_negative_binomial(mean, shape):
    rng = np.random.default_rng(0)
    frailty, arrival = rng.standard_normal((2, 400_000))
    counts = negative_binomial_counts(np.full(400_000, mean), np.array(shape), frailty, arrival)
    variance = mean + mean**2 / shape
    assert counts.mean() == pytest.approx(mean, abs=4 * np.sqrt(variance / 400_000))
    assert counts.var() == pytest.approx(variance, rel=0.03)
    law = stats.nbinom(shape, shape / (shape + mean))
    for level in (0.1, 0.5, 0.9, 0.99):
        point = law.ppf(level)
        assert (counts <= point).mean() == pytest.approx(law.cdf(point), abs=0.004)


@given(
    z=st.floats(-8, 8),
    mean=st.floats(0, 1e6),
    factor=st.floats(1, 3),
)
def test_counts_are_monotone_in_the_mean(z, mean, factor):
    low, high = poisson_quantile(np.array([mean, mean * factor]), np.array([z, z]))
    assert low <= high


def test_a_cell_owns_its_innovations():
    both = Innovations(7, 50)
    frailty, arrival = both.cells(("a", "b"), 600)
    alone, _ = both.cells(("b",), 600)
    np.testing.assert_array_equal(frailty[:, 1:], alone)
    assert abs(np.corrcoef(frailty[:, 0], frailty[:, 1])[0, 1]) < 0.5
    assert not np.array_equal(frailty, both.cells(("a", "b"), 601)[0])
    assert not np.array_equal(frailty, Innovations(8, 50).cells(("a", "b"), 600)[0])
    assert not np.array_equal(frailty, arrival)


def test_the_shock_has_unit_variance_and_crises():
    shocks = Innovations(1, 400_000).shocks(600, CrisisShock(0.05, 4.0))
    assert shocks.std() == pytest.approx(1.0, rel=0.02)
    assert stats.kurtosis(shocks) > 3
