"""What the figures of stocks tell of unseen flows, against the formula for all at once."""

import chains
import numpy as np
import pytest
from chains import flow, months, network, stock
from hypothesis import given, settings
from hypothesis import strategies as st

from mppbayes.model.balance import balanced, grouped
from mppbayes.model.replay import replay
from mppbayes.model.structure import Structure

quickly = settings(max_examples=100, deadline=None, derandomize=True)


def chain(change):
    """A network of stocks with flows of which one event changes them so."""
    flows = [
        flow(
            f"flow{s}",
            **{
                way: f"stock{int(np.flatnonzero(row == sign)[0])}"
                for way, sign in (("enters", 1.0), ("leaves", -1.0))
                if (row == sign).any()
            },
        )
        for s, row in enumerate(change)
    ]
    stocks = [stock(f"stock{k}") for k in range(change.shape[1])]
    first_two = [each["name"] for each in stocks[:2]]
    sums = [{"name": "both", "of": first_two}] if len(stocks) > 1 else []
    return network(*flows, stocks=stocks, sums=sums)


def moves(rng, n_flows, n_stocks):
    """Give what flows change: one enters each stock, others at random leave, enter, or both."""
    change = np.zeros((n_flows, n_stocks))
    change[:n_stocks] = np.eye(n_stocks)
    for s in range(n_stocks, n_flows):
        a, b = rng.choice(n_stocks + 1, 2, replace=False)
        if a < n_stocks:
            change[s, a] = 1.0
        if b < n_stocks:
            change[s, b] = -1.0
    return change


@quickly
@given(seed=st.integers(0, 2**32 - 1))
def test_one_series_after_the_other_gives_what_all_at_once_would(seed):
    rng = np.random.default_rng(seed)
    n_draws, n_stocks = 2, int(rng.integers(1, 5))
    n_flows = n_stocks + int(rng.integers(1, 7))
    change = moves(rng, n_flows, n_stocks)
    variance = rng.choice([0.0, 1.0], n_flows) * rng.uniform(1, 1e4, (n_draws, n_flows))
    structure = Structure(chain(change))
    n_series = len(structure.series)
    unrecorded = rng.uniform(0, 1e3, (n_draws, n_series))
    residual = rng.normal(0, 100, (n_draws, n_series))
    tells = rng.choice([0.0, 1.0], n_series)
    shift, told = balanced(residual, variance, unrecorded, tells, grouped(structure), np)
    known = (change @ structure.series.T)[:, tells > 0]
    for n in range(n_draws):
        spread = np.diag(variance[n])
        noise = np.diag(unrecorded[n, tells > 0] + 1)
        gain = spread @ known @ np.linalg.inv(known.T @ spread @ known + noise)
        np.testing.assert_allclose(shift[n], gain @ residual[n, tells > 0], rtol=1e-6, atol=1e-6)
        less = np.diag(gain @ known.T @ spread)
        np.testing.assert_allclose(told[n] * variance[n], less, rtol=1e-6, atol=1e-6)


def transfer():
    """Two stocks seen month after month, and nobody sees who goes from one to the other."""
    return network(
        flow("arrive", enters="a"),
        flow("move", leaves="a", enters="b"),
        flow("leave", leaves="b"),
        flow("elsewhere", enters="c"),
        stocks=[stock("a"), stock("b"), stock("c")],
    )


def test_stocks_that_no_flow_ties_are_told_of_apart():
    (first, its_home), (second, other_home) = grouped(Structure(transfer())).turns
    np.testing.assert_array_equal([first, second], [[1, -1, 0, 1], [0, 1, -1, 0]])
    np.testing.assert_array_equal(its_home, [[1, 0, 0]] * 3 + [[0, 0, 1]])
    np.testing.assert_array_equal(other_home, [[0, 1, 0]] * 3 + [[0, 0, 0]])


def test_a_move_between_two_stocks_is_told_of_once_by_both():
    """A hundred moved where fifty were expected: both stocks say so, and both are right."""
    net = transfer()
    known = chains.layout(
        net,
        arrive=months("2020-01", [100] * 3),
        leave=months("2020-01", [100] * 3),
        elsewhere=months("2020-01", [0] * 3),
        a=months("2020-01", [1000] * 3),
        b=months("2020-01", [1000] * 3),
        c=months("2020-01", [0] * 3),
    )
    parameters = chains.draws(
        net,
        1,
        3,
        level={"arrive": 4.6, "move": np.log(0.05), "leave": np.log(0.1), "elsewhere": 0.0},
        stock=1000.0,
        dispersion=2.0,
        unrecorded=1.0,
    )
    past = replay(parameters, known)
    assert past.mean[0, 1, 1] == pytest.approx(49, abs=1)
    assert past.counts[0, 1:, 1] == pytest.approx([100, 100], rel=0.02)
