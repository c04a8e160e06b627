"""Those who leave a stock compete: the law of their counts, against draws of hazards."""

import numpy as np
import pytest

from mppbayes.model.leaving import leaving_law
from mppbayes.model.step import chances

LEAVING = np.array([[1.0], [1.0], [0.0]])
INSIDE = 1000.0


@pytest.mark.parametrize("dispersion", [(8.0, 8.0), (4.0, 20.0)])
@pytest.mark.parametrize("hazard", [0.05, 0.2, 0.5, 1.0])
def test_mean_and_variance_of_those_who_leave(hazard, dispersion):
    """Found: the mean within 1 %, the relative variance within 7 %; 1/φ is up to twice too much."""
    rng, n = np.random.default_rng(0), 400_000
    rates = np.array([0.7 * hazard, 0.3 * hazard, 1.0])
    shape = np.array([*dispersion, 10.0])
    frailty = rng.gamma(shape, 1 / shape, (n, 3))
    chance = chances(rates * frailty, LEAVING, np)[:, :2]
    left = rng.multinomial(int(INSIDE), np.column_stack([chance, 1 - chance.sum(axis=1)]))[:, :2]
    mean = INSIDE * chances(rates[None], LEAVING, np)
    factor, relative = leaving_law(mean, np.array([[INSIDE]]), shape, LEAVING, np)
    expected = left.mean(axis=0)
    np.testing.assert_allclose(mean[0, :2] * factor[0, :2], expected, rtol=0.01)
    beyond = (left.var(axis=0) - expected) / expected**2
    np.testing.assert_allclose(relative[0, :2], beyond, rtol=0.08)


def test_flows_that_leave_no_stock_keep_their_law():
    mean = np.array([[100.0, 50.0, 70.0]])
    factor, relative = leaving_law(mean, np.array([[INSIDE]]), np.full(3, 5.0), LEAVING, np)
    assert factor[0, 2] == 1
    assert relative[0, 2] == pytest.approx(1 / 5)


def test_with_few_who_leave_the_law_is_a_negative_binomials():
    mean = np.array([[1.0, 1.0, 1.0]])
    factor, relative = leaving_law(mean, np.array([[1e6]]), np.full(3, 5.0), LEAVING, np)
    np.testing.assert_allclose(factor, 1, atol=1e-5)
    np.testing.assert_allclose(relative, 1 / 5, rtol=1e-4)
