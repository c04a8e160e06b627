"""Delays: shares that sum to 1 and keep the moments declared, the same in both namespaces."""

import chains
import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from mppbayes.model.delays import delay_weights, fixed_weights, longest, nominal_weights
from mppbayes.network import Delay, DelayPrior, Route

QUARTER = 0.25 + 1e-3  # the most that the grid of whole periods adds to a variance
GRID = [
    (mean, ratio * mean)
    for mean in (0.5, 1.0, 2.0, 3.0, 6.0, 14.0, 24.0, 60.0)
    for ratio in (0.1, 0.2, 1 / 3, 0.5)
    if ratio * mean >= 0.1
]


def moments(weights):
    lags = np.arange(len(weights))
    mean = weights @ lags
    return mean, weights @ (lags - mean) ** 2


def of(mean, sd, prior=None):
    return Route("source", Delay(float(mean), float(sd)), prior)


@pytest.mark.parametrize(("mean", "sd"), GRID)
def test_a_delay_keeps_its_moments(mean, sd):
    """With sd up to half the mean; the cut at 99.5 % takes at most 1 % of mean, 10 % of variance.

    Measured: mean −0.98 % and variance −8.1 % at worst (sd half the mean), within 0.1 % and 3 %
    for a fifth. With sd equal to the mean: −2.6 % and −13 % (test_chain_limits).
    """
    weights = nominal_weights(of(mean, sd))
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert (weights >= 0).all()
    found, variance = moments(weights)
    assert found == pytest.approx(mean, rel=0.01)
    assert 0.9 * sd**2 - 1e-3 <= variance <= sd**2 + QUARTER


@pytest.mark.parametrize("mean", [0.0, 1.0, 2.25, 7.5, 13.0])
def test_a_delay_that_does_not_vary_falls_between_two_periods(mean):
    weights = nominal_weights(of(mean, 0.0))
    found, variance = moments(weights)
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert found == pytest.approx(mean, abs=1e-12)
    assert variance == pytest.approx((mean % 1) * (1 - mean % 1), abs=1e-12)
    assert (weights > 0).sum() <= 2
    np.testing.assert_array_equal(weights, fixed_weights(mean, len(weights) - 1))


def test_no_delay_is_within_the_period():
    for route in (Route("source"), of(0, 0)):
        assert longest(route) == 0
        np.testing.assert_array_equal(nominal_weights(route), [1.0])


@pytest.mark.parametrize(("mean", "sd"), [(3.0, 1.5), (14.0, 6.0), (24.0, 4.0)])
def test_a_delay_is_cut_where_next_to_nothing_is_left(mean, sd):
    weights = nominal_weights(of(mean, sd))
    assert len(weights) == longest(of(mean, sd)) + 1
    assert 0 < weights[-1] < 0.004
    far = delay_weights(np.array([mean]), np.array([sd]), 4 * len(weights), np)
    assert far[len(weights) :].sum() < 0.005


def test_a_delay_in_doubt_reaches_further():
    surely, unsurely = of(14, 6), of(14, 6, DelayPrior(4.0, 2.0))
    assert longest(unsurely) > longest(surely) + 8
    late = delay_weights(np.array([22.0]), np.array([10.0]), longest(unsurely), np)
    assert late @ np.arange(len(late)) == pytest.approx(22, rel=0.02)


def test_both_namespaces_agree():
    mean, sd = np.array([[0.7], [3.0], [14.0], [30.0]]), np.array([[0.3], [1.5], [6.0], [9.0]])
    with chains.plainly() as mode:
        graph = pytensor.function(
            [], delay_weights(pt.constant(mean), pt.constant(sd), 60, pt), mode=mode
        )()
    np.testing.assert_allclose(graph, delay_weights(mean, sd, 60, np), rtol=1e-12, atol=1e-300)
