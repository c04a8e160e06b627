"""Simulated chains against what arithmetic says of them, with next to no noise in the rates."""

import chains
import numpy as np
import pytest
from chains import flow, network, route, stock

from mppbayes.model.delays import nominal_weights
from mppbayes.model.simulation import simulate_draws
from mppbayes.model.specification import ModelSpec
from mppbayes.model.structure import Structure
from mppbayes.prediction import Measure

ARRIVALS, N_DRAWS = 40.0, 1500


def with_outflow(*hazards, initial=None):
    outflows = [flow(f"out_{i}", leaves="present") for i in range(len(hazards))]
    net = network(flow("arrive", enters="present"), *outflows, stocks=[stock("present", initial)])
    level = {f"out_{i}": np.log(hazard) for i, hazard in enumerate(hazards)}
    return net, {"arrive": np.log(ARRIVALS)} | level


@pytest.mark.parametrize("hazard", [0.08, 0.5])
def test_a_constant_inflow_and_hazard_reach_the_steady_state(hazard):
    """An immigration-death process: Poisson about a/(1 − exp(−h)), of that variance too."""
    net, level = with_outflow(hazard)
    steady = ARRIVALS / -np.expm1(-hazard)
    parameters = chains.draws(net, N_DRAWS, 40, level=level, stock=steady)
    present = chains.run(net, parameters).stocks[:, -1, 0]
    assert present.mean() == pytest.approx(steady, abs=4 * np.sqrt(steady / N_DRAWS))
    assert present.var() == pytest.approx(steady, rel=6 * np.sqrt(2 / N_DRAWS))


def test_the_steady_state_is_reached_from_nothing():
    hazard = 0.3
    net, level = with_outflow(hazard)
    drawn = chains.run(net, chains.draws(net, N_DRAWS, 25, level=level))
    expected = ARRIVALS * -np.expm1(-hazard * np.arange(1, 26)) / -np.expm1(-hazard)
    np.testing.assert_allclose(drawn.stocks[:, :, 0].mean(axis=0), expected, rtol=0.02)


def test_who_leave_compete_in_proportion_to_their_hazards():
    hazards = np.array([0.9, 0.3, 0.1])
    net, level = with_outflow(*hazards)
    present = 10_000.0
    out = chains.run(net, chains.draws(net, N_DRAWS, 1, level=level, stock=present)).counts[:, 0]
    chance = hazards / hazards.sum() * -np.expm1(-hazards.sum())
    np.testing.assert_allclose(out[:, 1:].mean(axis=0), present * chance, rtol=0.003)
    np.testing.assert_allclose(out[:, 1:].var(axis=0), present * chance * (1 - chance), rtol=0.12)
    between = np.cov(out[:, 1], out[:, 2])[0, 1]
    assert between == pytest.approx(-present * chance[0] * chance[1], rel=0.15)


def test_what_is_bound_by_capacity_builds_up_a_backlog():
    """With elasticity 0 the outflow is X (1 − exp(−c/X)), nearly c however long the queue."""
    capacity, reference = 25.0, 500.0
    net, level = with_outflow(capacity / reference, initial=reference)
    parameters = chains.draws(net, 400, 60, level=level, stock=reference, elasticity=0.0)
    drawn = chains.run(net, parameters)
    waiting, backlog = reference, []
    for _ in range(60):
        waiting += ARRIVALS + waiting * np.expm1(-capacity / waiting)
        backlog.append(waiting)
    np.testing.assert_allclose(drawn.stocks[:, :, 0].mean(axis=0), backlog, rtol=0.01)
    growth = (drawn.stocks[:, -1, 0] - drawn.stocks[:, -25, 0]) / 24
    assert growth.mean() == pytest.approx(ARRIVALS - capacity, rel=0.05)
    out = drawn.counts[:, :, 1]
    assert out[:, -12:].mean() < 1.02 * out[:, :12].mean() < 1.05 * capacity


def test_half_an_elasticity_lies_between():
    reference = 500.0
    net, level = with_outflow(0.05, initial=reference)
    out = {}
    for elasticity in (0.0, 0.5, 1.0):
        parameters = chains.draws(net, N_DRAWS, 1, level=level, stock=4500, elasticity=elasticity)
        out[elasticity] = chains.run(net, parameters).counts[:, 0, 1].mean()
    hazard = {each: 0.05 * 9 ** (each - 1) for each in out}
    expected = {each: 4500 * -np.expm1(-hazard[each]) for each in out}
    assert out == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(("mean", "sd"), [(4.0, 2.0), (9.0, 3.0), (2.5, 0.0), (0.0, 0.0)])
def test_a_pulse_comes_out_of_a_route_after_its_delay(mean, sd):
    net = network(flow("source"), flow("fed", route=[route("source", mean, sd)]))
    n_time, pulse = 30, 1e6
    given = chains.nothing_given(net, n_time)
    given["fixed"][:, 0] = True
    given["counts"][0, 2, 0] = pulse
    drawn = chains.run_given(net, chains.draws(net, 500, n_time), given)
    fed = drawn.counts[:, :, 1].mean(axis=0)
    half = pytest.approx([0.5, 0.5], abs=0.15)
    assert fed[:2] == half, "what comes out before anything went in is the half alone"
    assert fed.sum() == pytest.approx(pulse, rel=0.002)
    lag, share = np.arange(n_time) - 2, fed / fed.sum()
    found = share @ lag
    assert found == pytest.approx(mean, rel=0.01, abs=1e-3)
    assert 0.94 * sd**2 - 1e-3 <= share @ (lag - found) ** 2 <= sd**2 + 0.26


def test_a_route_is_counted_over_the_periods_that_there_are():
    """So that a simulated chain need not fill up first."""
    net = network(flow("come"), flow("follow", route=[route("come", 3, 1)]))
    level = {"come": np.log(1000.0), "follow": np.log(0.2)}
    parameters = chains.draws(net, N_DRAWS, 8, level=level)
    drawn = simulate_draws(ModelSpec(net), parameters, chains.time(8), seed=1)
    np.testing.assert_allclose(drawn.counts[:, :, 1].mean(axis=0), 0.2 * 1000.5, rtol=0.01)


def test_routes_add_up_by_their_weights():
    net = network(
        flow("a"),
        flow("b"),
        flow("fed", route=[route("a", weight=3.0), route("b", 1, weight=1.0)]),
    )
    level = {"a": np.log(1000.0), "b": np.log(5000.0), "fed": np.log(0.2)}
    fed = chains.run(net, chains.draws(net, N_DRAWS, 3, level=level)).counts[:, :, 2].mean(axis=0)
    expected = 0.2 * np.array([750.5, 750.5 + 1250, 750.5 + 1250])
    np.testing.assert_allclose(fed, expected, rtol=0.01)


def test_parts_take_their_share_of_what_is_left():
    net = network(
        flow("whole"),
        flow("first", part_of="whole"),
        flow("second", part_of="whole"),
        flow("rest", part_of="whole", rest=True),
    )
    level = {"whole": np.log(900.0), "first": np.log(0.25 / 0.75), "second": 0.0}
    drawn = chains.run(net, chains.draws(net, N_DRAWS, 1, level=level, dispersion=50.0))
    found = Structure(net).complete(drawn.counts)[:, 0]
    share = found / found[:, :1]
    np.testing.assert_allclose(share.mean(axis=0), [1, 0.25, 0.375, 0.375], atol=0.006)
    beta = 0.25 * 0.75 / 51
    assert share[:, 1].var() == pytest.approx(beta + 0.25 * 0.75 / 900, rel=0.15)


def test_a_stock_without_outflow_only_grows():
    """Beside one that has an outflow; alone it is in test_chain_limits."""
    net = network(
        flow("in_a", enters="a"),
        flow("in_b", enters="b"),
        flow("out_b", leaves="b"),
        stocks=[stock("a"), stock("b")],
    )
    level = {"in_a": np.log(7.0), "in_b": np.log(7.0), "out_b": np.log(0.5)}
    drawn = chains.run(net, chains.draws(net, 300, 40, level=level))
    assert (np.diff(drawn.stocks[:, :, 0], axis=1) >= 0).all()
    assert drawn.stocks[:, -1, 0].mean() == pytest.approx(7.0 * 40, rel=0.02)
    assert (np.diff(drawn.stocks[:, :, 1], axis=1) < 0).any()


def test_from_stock_to_stock_nobody_gets_lost():
    net = network(
        flow("arrive", enters="first"),
        flow("move", leaves="first", enters="second"),
        flow("leave", leaves="second"),
        stocks=[stock("first"), stock("second")],
    )
    level = {"arrive": np.log(ARRIVALS), "move": np.log(0.4), "leave": np.log(0.2)}
    drawn = chains.run(net, chains.draws(net, N_DRAWS, 60, level=level))
    inside = drawn.stocks.sum(axis=2)
    in_out = drawn.counts[:, :, 0] - drawn.counts[:, :, 2]
    np.testing.assert_array_equal(inside, in_out.cumsum(axis=1))
    steady = ARRIVALS / -np.expm1(-np.array([0.4, 0.2]))
    np.testing.assert_allclose(drawn.stocks[:, -1].mean(axis=0), steady, rtol=0.02)


@pytest.mark.parametrize(
    ("acts_on", "effect", "factor"),
    [
        ("arrive", -0.3, (0.7, 1.0)),
        ("out_0", 0.5, (1.0, 1.5)),
        ("out_0", -0.4, (1.0, 0.6)),
    ],
)
def test_a_measure_moves_a_stock_to_the_steady_state_that_it_implies(acts_on, effect, factor):
    """From the old steady state to a/(1 − exp(−h)) of the new inflow and hazard, on its course."""
    hazard = 0.25
    net, level = with_outflow(hazard)
    before = ARRIVALS / -np.expm1(-hazard)
    arrivals, hazard = ARRIVALS * factor[0], hazard * factor[1]
    steady = arrivals / -np.expm1(-hazard)
    parameters = chains.draws(net, N_DRAWS, 40, level=level, stock=before)
    limit = Measure("limit", 1, (acts_on,), "2020-01", effect)
    present = chains.run(net, parameters, measures=(limit,)).stocks[:, :, 0]
    course = steady + (before - steady) * np.exp(-hazard * np.arange(1, 41))
    error = 5 * np.sqrt(course / N_DRAWS)
    assert (np.abs(present.mean(axis=0) - course) < error).all()


def test_a_measure_goes_through_a_delay():
    """A pulse of one month, of half the source, comes out with the delay's weights."""
    net = network(flow("come"), flow("follow", route=[route("come", 3, 1)]))
    level = {"come": np.log(1000.0), "follow": 0.0}
    parameters = chains.draws(net, N_DRAWS, 20, level=level)
    pulse = Measure("pulse", 1, ("come",), "2020-09", -0.5, lasts=1)
    plain, pulsed = (chains.run(net, parameters, measures=m).counts for m in ((), (pulse,)))
    missed = (plain - pulsed)[:, :, 1].mean(axis=0)
    weights = nominal_weights(net.flow("follow").routes[0])
    found = missed[8 : 8 + len(weights)] / 500
    np.testing.assert_allclose(found, weights, atol=0.01)


def test_a_route_from_a_sum_counts_over_all_of_it():
    """Half of each came from one flow, and of the other one twice as many came."""
    members = [flow("a"), flow("b")]
    level = {"a": np.log(ARRIVALS), "b": np.log(2 * ARRIVALS), "fed": np.log(0.5)}
    net = network(
        *members,
        flow("fed", route=[route("both", 2.0, 1.0)]),
        sums=[{"name": "both", "of": ["a", "b"]}],
    )
    counts = chains.run(net, chains.draws(net, N_DRAWS, 12, level=level)).counts
    fed = 0.5 * 3 * ARRIVALS
    assert counts[:, -1, 2].mean() == pytest.approx(fed, abs=4 * np.sqrt(fed / N_DRAWS) + 0.25)
    for member in (0, 1):
        together = np.cov(counts[:, :-1, member].sum(axis=1), counts[:, :, 2].sum(axis=1))
        assert together[0, 1] / together[0, 0] == pytest.approx(0.45, abs=0.1)
