"""Stocks that are seen in a sum only: unseen flows learn from it as from figures of their own."""

import chains
import numpy as np
import pandas as pd
import pytest
from chains import flow, months, network, stock
from test_chain_limits import ahead

from mppbayes.model.innovations import Innovations
from mppbayes.model.replay import replay
from mppbayes.prediction.unseen import Unseen

N = 24


def two_stocks():
    """Two stocks that many enter; nobody sees who leaves them."""
    return network(
        flow("in_a", enters="a"),
        flow("out_a", leaves="a"),
        flow("in_b", enters="b"),
        flow("out_b", leaves="b"),
        stocks=[stock("a", 1000), stock("b", 1000)],
        sums=[{"name": "both", "of": ["a", "b"]}],
    )


def believed(net, n_draws, hazard=0.2, **constant):
    """Parameters that expect twice as many to leave as do, or so."""
    level = {"in_a": np.log(100), "in_b": np.log(100), "out_a": np.log(hazard)}
    level["out_b"] = level["out_a"]
    return chains.draws(net, n_draws, N, level=level, stock=1000.0, **constant)


@pytest.mark.parametrize("figures", ["both", "own"])
def test_unseen_flows_learn_from_a_sum_as_from_figures_of_their_own(figures):
    net = two_stocks()
    seen = {name: months("2020-01", [100] * N) for name in ("in_a", "in_b")}
    if figures == "both":
        seen["both"] = months("2020-01", [2000] * N)
    else:
        seen |= {name: months("2020-01", [1000] * N) for name in ("a", "b")}
    known = chains.layout(net, **seen)
    parameters = believed(net, 300, dispersion=10.0, adaptation=0.2, unrecorded=5.0)
    span, drawn = ahead(net, known, parameters)
    at = span.get_loc(pd.Period("2021-12", "M"))
    assert drawn.counts[:, at, [1, 3]].mean(axis=0) == pytest.approx([100, 100], rel=0.02)
    assert np.abs(drawn.unrecorded[:, at - 11 : at + 1]).mean() < 8  # 4 are of their own kind


def expected_last(known, past):
    """Give what is told of those who left the first stock last month, all at once.

    Every month the sum tells of both together; at the end the first stock tells of all months.
    """
    figures = known.table
    value = {name: rows["value"].to_numpy() for name, rows in figures.groupby("series")}
    mean, variance = past.mean[0, 1:, [1, 3]], past.variance[0, 1:, [1, 3]]
    n = mean.shape[1]
    of_sum = -(np.diff(value["both"]) - 200 + mean.sum(axis=0))
    of_first = -(value["a"][1] - value["a"][0] - 100 * n + mean[0].sum())
    each = np.hstack([np.eye(n), np.eye(n)])
    design = np.vstack([each, np.hstack([np.ones(n), np.zeros(n)])])
    spread = np.diag(variance.reshape(-1))
    noise = np.eye(n + 1)  # of the figures, in whole persons
    gain = spread @ design.T @ np.linalg.inv(design @ spread @ design.T + noise)
    return mean[0, -1] + (gain @ np.append(of_sum, of_first))[n - 1]


def test_a_sum_by_months_and_a_member_by_years_tell_what_both_together_would():
    net = two_stocks()
    known = chains.layout(
        net,
        in_a=months("2020-01", [100] * 13),
        in_b=months("2020-01", [100] * 13),
        both=months("2020-01", 2000 + np.array([0, 5, -9, 12, 3, 40, 22, 18, 30, 41, 39, 60, 70])),
        a=[("2020-01", 1000), ("2021-01", 1100)],
    )
    past = replay(believed(net, 1, 0.11, dispersion=10.0), known)
    assert past.counts[0, -1, 1] == pytest.approx(expected_last(known, past), rel=1e-4)


def test_draws_around_what_a_sum_and_a_member_tell_keep_to_both():
    """The draws of a year add up to what the member tells of it, those of a month to the sum."""
    net = two_stocks()
    known = chains.layout(
        net,
        in_a=months("2020-01", [100] * 13),
        in_b=months("2020-01", [100] * 13),
        both=months("2020-01", [2000] * 13),
        a=[("2020-01", 1000), ("2021-01", 1000)],
    )
    parameters = believed(net, 2000, dispersion=30.0, adaptation=0.1)
    past = replay(parameters, known)
    of_past = parameters.constant.dispersion, parameters.unrecorded
    drawn = Unseen(known, past, 0, *of_past).drawn(Innovations(1, 2000), 1)
    left = drawn[:, 1:, [1, 3]]
    assert left[:, :, 0].std(axis=0)[:-1].min() > 10
    together = left.sum(axis=2)
    assert together.mean() == pytest.approx(200, abs=1)
    assert together.std(axis=0).max() < 1.5
    year = left[:, :, 0].sum(axis=1)
    assert year.mean() == pytest.approx(1200, abs=1)
    assert year.std() < 1.5


def test_the_first_figure_of_a_stock_tells_nothing_of_those_who_entered_it_before():
    net = network(
        flow("arrive", enters="first"),
        flow("move", leaves="first", enters="second"),
        flow("leave", leaves="second"),
        stocks=[stock("first"), stock("second")],
    )
    known = chains.layout(
        net,
        arrive=months("2020-01", [100] * 12),
        leave=months("2020-07", [60] * 6),
        first=months("2020-01", [1000] * 12),
        second=months("2020-06", [500 + 40 * i for i in range(7)]),
    )
    moved = [
        replay(
            chains.draws(
                net,
                1,
                12,
                level={"arrive": np.log(100), "move": np.log(0.105), "leave": np.log(0.1)},
                stock={"first": 1000.0, "second": guess},
                dispersion=5.0,
                adaptation=0.2,
                unrecorded=3.0,
            ),
            known,
        ).counts[0, :, 1]
        for guess in (300.0, 620.0, 1000.0)
    ]
    np.testing.assert_array_equal(moved[0], moved[1])
    np.testing.assert_array_equal(moved[0], moved[2])
    np.testing.assert_allclose(moved[0][1:], 100, rtol=0.01)


def test_what_a_flow_learned_elsewhere_counts_once_in_the_account_of_a_sum():
    """A hundred a month move to a stock seen by months, from one seen in a sum by the year only.

    The sum says that 1,200 left its other member: in + in − moved − left = 0.
    """
    net = network(
        flow("in_c", enters="c"),
        flow("move", leaves="c", enters="d"),
        flow("out_a", leaves="a"),
        flow("in_a", enters="a"),
        stocks=[stock("a", 1000), stock("c", 1000), stock("d", 1000)],
        sums=[{"name": "ac", "of": ["a", "c"]}],
    )
    known = chains.layout(
        net,
        in_c=months("2020-01", [100] * 13),
        in_a=months("2020-01", [100] * 13),
        d=months("2020-01", [1000 + 100 * i for i in range(13)]),
        ac=[("2020-01", 2000), ("2021-01", 2000)],
    )
    level = {"in_c": np.log(100), "in_a": np.log(100), "move": np.log(0.0513)}
    level["out_a"] = np.log(0.105)
    parameters = chains.draws(net, 200, 13, level=level, stock=1000.0, dispersion=10.0)
    past = replay(parameters, known)
    assert past.counts[0, 1:, 2].sum() == pytest.approx(1200, abs=10)
    of_past = parameters.constant.dispersion, parameters.unrecorded
    drawn = Unseen(known, past, 0, *of_past).drawn(Innovations(1, 200), 1)
    assert drawn[:, 1:, 2].sum(axis=1).mean() == pytest.approx(1200, abs=10)


def test_a_sum_that_is_never_seen_changes_nothing():
    def last(*sums):
        net = network(
            flow("in_a", enters="a"),
            flow("move", leaves="a", enters="b"),
            flow("out_b", leaves="b"),
            flow("other", enters="z"),
            stocks=[stock("a", 1000), stock("b", 1000), stock("z", 10)],
            sums=sums,
        )
        known = chains.layout(
            net,
            in_a=months("2020-01", [100] * 12),
            a=months("2020-01", [1000] * 12),
            out_b=months("2020-01", [100] * 12),
            other=months("2020-01", [0] * 12),
            z=months("2020-01", [10] * 12),
        )
        level = {"in_a": np.log(100), "move": np.log(0.22), "out_b": np.log(0.1)}
        past = replay(chains.draws(net, 1, 12, level=level, stock=1000.0, dispersion=10.0), known)
        return past.mean[0], past.stock[0]

    for one, other in zip(last(), last({"name": "b_and_z", "of": ["b", "z"]}), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_every_account_has_the_chance_of_its_own_months():
    """One stock tells by the year, the other by the month, with 20 a month unrecorded."""
    net = network(
        flow("in_a", enters="a"),
        flow("move", leaves="a", enters="b"),
        flow("out_b", leaves="b"),
        stocks=[stock("a", 1000), stock("b", 1000)],
    )
    known = chains.layout(
        net,
        in_a=months("2020-01", [100] * 37),
        out_b=months("2020-01", [100] * 37),
        a=[*months("2020-01", [1000] * 25), ("2023-01", 1000)],
        b=months("2022-01", [1000] * 13),
    )
    parameters = chains.draws(
        net,
        2000,
        37,
        level={"in_a": np.log(100), "move": np.log(0.105), "out_b": np.log(0.1)},
        stock=1000.0,
        dispersion=3.0,
        unrecorded={"a": 300.0, "b": 20.0},
    )
    past = replay(parameters, known)
    of_past = parameters.constant.dispersion, parameters.unrecorded
    drawn = Unseen(known, past, 0, *of_past).drawn(Innovations(1, 2000), 1)
    assert known.windows.length[36, 1] == 12
    assert drawn[:, 25:, 1].sum(axis=1).std() == pytest.approx(20 * np.sqrt(12), rel=0.05)
