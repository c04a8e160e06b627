"""The likelihood against SciPy."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import special, stats

from mppbayes.model.likelihood import (
    Shape,
    beta_binomial_interval,
    log_gamma,
    negative_binomial,
    negative_binomial_interval,
)


def value(expression):
    return pytensor.function([], expression, mode="FAST_COMPILE")()


def test_log_gamma_is_exact():
    x = np.geomspace(0.01, 1e7, 500)
    np.testing.assert_allclose(
        value(log_gamma(pt.constant(x))), special.gammaln(x), rtol=1e-12, atol=1e-10
    )


@pytest.mark.parametrize(("mean", "shape"), [(0.2, 1.1), (7.0, 3.0), (80.0, 40.0)])
def test_intervals_add_up_their_integers(mean, shape):
    law = stats.nbinom(shape, shape / (shape + mean))
    lower, width = np.array([0.0, 3.0, 18.0, 40.0]), np.array([3.0, 5.0, 5.0, 1.0])
    found = value(
        negative_binomial_interval(
            pt.constant(lower),
            pt.constant(width),
            6,
            special.gammaln(lower + 1),
            pt.constant(np.full(4, np.log(mean))),
            Shape.of(pt.constant(np.full(4, shape))),
        )
    )
    expected = [
        special.logsumexp(law.logpmf(np.arange(low, low + n)))
        for low, n in zip(lower, width, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-7)


@pytest.mark.parametrize("precision", [0.5, 9.0, 400.0])
def test_intervals_of_a_part_add_up_their_integers(precision):
    """No more than all of the trials, the last interval passes them."""
    lower, width = np.array([0.0, 3.0, 98.0, 10.0]), np.array([3.0, 5.0, 5.0, 1.0])
    trials, share = np.array([10.0, 50.0, 100.0, 20.0]), np.array([0.2, 0.1, 0.97, 0.5])
    found = value(
        beta_binomial_interval(
            pt.constant(lower),
            pt.constant(width),
            5,
            pt.constant(trials),
            pt.constant(share),
            pt.constant(np.full(4, precision)),
        )
    )
    law = stats.betabinom(
        trials[:, None], precision * share[:, None], precision * (1 - share)[:, None]
    )
    each = lower[:, None] + np.arange(5)
    expected = np.log(np.where(np.arange(5) < width[:, None], law.pmf(each), 0.0).sum(axis=1))
    np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_exact_counts_are_negative_binomial():
    counts = np.array([0.0, 1.0, 50.0, 3000.0])
    found = value(
        negative_binomial(
            pt.constant(counts),
            special.gammaln(counts + 1),
            pt.constant(np.log(np.array([2.0, 2.0, 40.0, 2500.0]))),
            Shape.of(pt.constant(np.full(4, 6.0))),
        )
    )
    mean = np.array([2.0, 2.0, 40.0, 2500.0])
    np.testing.assert_allclose(found, stats.nbinom(6.0, 6 / (6 + mean)).logpmf(counts), rtol=1e-9)
