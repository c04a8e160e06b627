"""Those who leave a stock compete: the law of their counts, against draws of hazards."""

import chains
import numpy as np
import pytest
from chains import flow, months, network, stock
from scipy import stats

from mppbayes.evaluation import residuals
from mppbayes.model.leaving import competition, leaving_law
from mppbayes.model.step import chances

LEAVING = np.array([[1.0], [1.0], [0.0]])
INSIDE = 1000.0
THERE = stock("there", 1000)


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


@pytest.mark.parametrize("dispersion", [(8.0, 8.0), (4.0, 20.0)])
@pytest.mark.parametrize("hazard", [0.05, 0.2, 0.5, 1.0])
def test_the_more_leave_by_one_flow_the_fewer_by_another(hazard, dispersion):
    """Their covariance on a grid of frailties: found within 2 % at a hazard of 0.05, 16 % at 1."""
    rates, shape = np.array([0.7 * hazard, 0.3 * hazard, 1.0]), np.array([*dispersion, 10.0])
    place = (np.arange(600) + 0.5) / 600
    both_frailties = np.meshgrid(*(stats.gamma.ppf(place, a, scale=1 / a) for a in dispersion))
    frailty = np.column_stack([*map(np.ravel, both_frailties), np.ones(place.size**2)])
    one, other = chances(rates * frailty, LEAVING, np)[:, :2].T
    apart = INSIDE**2 * np.cov(one, other)[0, 1] - INSIDE * np.mean(one * other)
    mean = INSIDE * chances(rates[None], LEAVING, np)
    alone, both = competition(mean, np.array([[INSIDE]]), shape, LEAVING, np)
    found = mean[0, 0] * mean[0, 1] * (alone[0, 0] + alone[0, 1] + both[0, 0])
    assert found == pytest.approx(apart, rel=0.03 + 0.17 * hazard)


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


@pytest.mark.parametrize("hazard", [0.1, 0.8])
def test_residuals_of_those_who_leave_have_the_law_of_the_likelihood(hazard):
    """By months, of known truth; with the frailty's own dispersion the errors are far too small."""
    n_time = 480
    net = network(flow("arrive", enters="there"), flow("leave", leaves="there"), stocks=[THERE])
    level = {"arrive": np.log(900 * hazard), "leave": np.log(hazard)}
    dispersion = {"arrive": chains.QUIET, "leave": 6.0}
    given = {"level": level, "dispersion": dispersion, "stock": 1000.0}
    truth = chains.draws(net, 1, n_time, **given)
    drawn = chains.run(net, truth)
    figures = {name: drawn.counts[0, :, s] for s, name in enumerate(net.flow_names)}
    figures |= {"there": drawn.stocks[0, :, 0]}
    known = chains.layout(
        net, **{name: months("2020-01", each.tolist()) for name, each in figures.items()}
    )
    mean, shape = residuals._law(truth, known)
    mean, shape = mean[0, 1:, 1], shape[0, 1:, 1]
    z = (figures["leave"][1:] - mean) / np.sqrt(mean + mean**2 / shape)
    assert z.mean() == pytest.approx(0, abs=4 / np.sqrt(n_time))
    assert z.var() == pytest.approx(1, abs=6 * np.sqrt(2 / n_time))
    own = (figures["leave"][1:] - mean) / np.sqrt(mean + mean**2 / 6)
    assert hazard < 0.5 or own.var() < 0.65
