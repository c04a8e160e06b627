"""What holds in every draw of a chain: stocks close, and nothing is counted that is not there."""

import chains
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mppbayes.model.structure import Structure

N_DRAWS, N_TIME = 12, 14
quickly = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def require_identity(net, drawn, initial):
    """Check X[t] = X[t−1] + in − out + unrecorded, from the flows as the network declares them."""
    counts = Structure(net).complete(drawn.counts)
    before = np.concatenate([np.round(initial)[:, None].astype(int), drawn.stocks[:, :-1]], axis=1)
    for k, name in enumerate(net.stock_names):
        moved = sum(
            counts[:, :, i] * ((flow.enters == name) - (flow.leaves == name))
            for i, flow in enumerate(net.flows)
        )
        np.testing.assert_array_equal(
            drawn.stocks[:, :, k], before[:, :, k] + moved + drawn.unrecorded[:, :, k], err_msg=name
        )
    assert (drawn.stocks >= 0).all()
    return counts, before


def require_parts_within(net, counts):
    """Check that parts are whole numbers of at least 0, and add up to no more than their whole."""
    position = {name: i for i, name in enumerate(net.flow_names)}
    for whole in {flow.part_of for flow in net.flows if flow.part_of}:
        members = net.members(whole) if whole in net.sum_names else (whole,)
        total = sum(counts[:, :, position[name]] for name in members)
        parts = [flow for flow in net.flows if flow.part_of == whole]
        inside = sum(counts[:, :, position[flow.name]] for flow in parts)
        if any(flow.rest for flow in parts):
            np.testing.assert_array_equal(inside, total)
        assert (inside <= total).all(), whole


@quickly
@given(st.data())
def test_every_draw_closes(data):
    net = data.draw(chains.random_networks())
    seed = data.draw(st.integers(0, 2**31))
    parameters = chains.random_draws(net, n_draws=N_DRAWS, n_time=N_TIME, seed=seed)
    drawn = chains.run(net, parameters, seed=seed)
    counts, before = require_identity(net, drawn, parameters.stock)
    assert (counts >= 0).all()
    require_parts_within(net, counts)
    for k, name in enumerate(net.stock_names):
        leave = [i for i, flow in enumerate(net.flows) if flow.leaves == name]
        assert (counts[:, :, leave].sum(axis=2) <= before[:, :, k]).all()


@quickly
@given(st.data())
def test_every_draw_closes_where_part_of_the_past_is_known(data):
    """Counts and levels that were seen stand; what was seen may contradict itself."""
    net = data.draw(chains.random_networks())
    seed = data.draw(st.integers(0, 2**31))
    parameters = chains.random_draws(net, n_draws=N_DRAWS, n_time=N_TIME, seed=seed)
    rng = np.random.default_rng(seed)
    structure = Structure(net)
    given = chains.nothing_given(net, N_TIME)
    known = rng.integers(0, N_TIME, len(structure.flows)) * rng.integers(0, 2, len(structure.flows))
    parts = structure.driven("part")
    known[parts] = 0  # a part that is seen may exceed a whole that is drawn: see test_chain_limits
    given["fixed"] = np.arange(N_TIME)[:, None] < known
    given["counts"] = rng.poisson(rng.gamma(1, 20, given["counts"].shape)).astype(float)
    given["stock"] = rng.poisson(rng.gamma(1, 300, given["stock"].shape)).astype(float)
    given["stock_seen"] = rng.random(given["stock"].shape) < 0.3
    drawn = chains.run_given(net, parameters, given)
    counts, before = require_identity(net, drawn, parameters.stock)
    np.testing.assert_array_equal(
        np.where(given["fixed"], drawn.counts, given["counts"]),
        np.broadcast_to(given["counts"], drawn.counts.shape),
    )
    seen = np.broadcast_to(given["stock_seen"], drawn.stocks.shape)
    np.testing.assert_array_equal(
        drawn.stocks[seen], np.broadcast_to(given["stock"], drawn.stocks.shape)[seen]
    )
    assert (counts >= 0).all()
    require_parts_within(net, counts)
    position = {name: s for s, name in enumerate(structure.names)}
    for k, name in enumerate(net.stock_names):
        leave = [position[flow.name] for flow in net.flows if flow.leaves == name]
        free = ~given["fixed"][:, leave].any(axis=1)
        out = drawn.counts[:, :, leave].sum(axis=2)
        assert (out[:, free] <= before[:, free, k]).all()


@quickly
@given(st.data())
def test_a_sum_of_stocks_that_was_seen_is_met(data):
    net = data.draw(chains.random_networks(in_sums=False))
    names = list(net.stock_names)
    net = type(net).from_dict(
        net.to_dict() | {"sum": [*net.to_dict().get("sum", []), {"name": "all", "of": names}]}
    )
    seed = data.draw(st.integers(0, 2**31))
    parameters = chains.random_draws(net, n_draws=N_DRAWS, n_time=N_TIME, seed=seed)
    rng = np.random.default_rng(seed)
    given = chains.nothing_given(net, N_TIME)
    given["total"] = rng.integers(len(names), 5000, given["total"].shape).astype(float)
    given["total_seen"] = rng.random(given["total"].shape) < 0.4
    drawn = chains.run_given(net, parameters, given)
    require_identity(net, drawn, parameters.stock)
    total, met = given["total"][:, 0], given["total_seen"][:, 0]
    nobody = drawn.stocks.sum(axis=2) <= len(names)  # nobody to apportion: see test_chain_limits
    np.testing.assert_array_equal(
        np.where(met & ~nobody, drawn.stocks.sum(axis=2), total), np.tile(total, (N_DRAWS, 1))
    )
    assert nobody[:, met].mean() < 0.5
