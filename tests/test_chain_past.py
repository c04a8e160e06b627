"""What is drawn of the past: figures stand, what nothing tells of varies."""

from types import SimpleNamespace

import chains
import numpy as np
import pandas as pd
import pytest
from chains import flow, months, network, stock
from test_chain_limits import ahead

from mppbayes.model.innovations import Innovations
from mppbayes.model.replay import replay
from mppbayes.model.step import share_surprise
from mppbayes.model.structure import Structure
from mppbayes.prediction.history import History
from mppbayes.prediction.pastcounts import PastCounts
from mppbayes.prediction.simulation import _untold


def share_in_a_gap(n, share, precision, room, *, adaptation=0.1, n_draws=20_000):
    """Give the logit of a part's share after a gap, and its count in it: replayed, simulated."""
    net = network(flow("whole"), flow("part", part_of="whole"))
    counts = [round(room * share)] * 6 + [None] * n + [round(room * share)] * 3
    known = chains.layout(
        net, whole=months("2020-01", [room] * len(counts)), part=months("2020-01", counts)
    )
    parameters = chains.draws(
        net,
        n_draws,
        len(counts),
        level={"whole": np.log(room), "part": np.log(share / (1 - share))},
        dispersion={"whole": 20.0, "part": precision},
        adaptation=adaptation,
        n_gaps=1,
    )
    past = replay(parameters, known)
    after = past.mean[:, 6 + n, 1] / room
    rng = np.random.default_rng(0)
    before = past.mean[0, 6, 1] / room
    level, total = np.full(n_draws, np.log(before / (1 - before))), np.zeros(n_draws)
    for _ in range(n):
        mean = room / (1 + np.exp(-level))
        a = mean / room * precision
        count = rng.binomial(room, rng.beta(a, precision - a)).astype(float)
        total += count
        level = level + adaptation * share_surprise(count, mean, float(room), precision, np)
    in_gap = past.counts[:, 6 : 6 + n, 1].sum(axis=1)
    return np.log(after / (1 - after)), level, in_gap, total


@pytest.mark.parametrize(
    ("n", "share", "precision", "room"),
    [(12, 0.1, 50.0, 1000), (12, 0.5, 50.0, 1000), (3, 0.9, 20.0, 200), (1, 0.3, 10.0, 300)],
)
def test_a_part_in_a_gap_varies_as_a_share(n, share, precision, room):
    """To first order; the level's spread falls short by up to an eighth."""
    replayed, simulated, count, total = share_in_a_gap(n, share, precision, room)
    assert 0.86 < replayed.std() / simulated.std() < 1.02
    assert count.std() / total.std() == pytest.approx(1, abs=0.09)
    assert count.mean() / total.mean() == pytest.approx(1, abs=0.01)
    assert count.max() <= n * room


@pytest.mark.parametrize("leaves", [True, False])
def test_figures_of_a_part_after_those_of_its_whole_stand(leaves):
    """The whole is drawn, but not below what is known of its part."""
    keys = {"leaves": "wait"} if leaves else {}
    net = network(
        flow("arrive", enters="wait"),
        flow("decide", **keys),
        flow("withdraw", leaves="wait"),
        flow("early", part_of="decide"),
        flow("grant", part_of="decide"),
        flow("reject", part_of="decide", rest=True),
        stocks=[stock("wait")],
    )
    known = chains.layout(
        net,
        arrive=months("2020-01", [100] * 8),
        decide=months("2020-02", [100] * 3),
        grant=months("2020-02", [60, 60, 60, 140, 130, 120]),
        wait=months("2020-01", [1000] * 4),
    )
    parameters = chains.draws(
        net,
        300,
        8,
        level={
            "arrive": np.log(100.0),
            "decide": np.log(0.1 if leaves else 100.0),
            "withdraw": np.log(0.02),
            "early": 0.0,
        },
        stock=1000.0,
        dispersion={"arrive": 20, "decide": 5.0, "withdraw": 5.0, "early": 50.0, "grant": 50.0},
    )
    span, drawn = ahead(net, known, parameters)
    at = span.get_indexer(pd.period_range("2020-05", "2020-07", freq="M"))
    structure = Structure(net)
    decide, early, grant = (
        drawn.counts[:, at, structure.names.index(name)] for name in ("decide", "early", "grant")
    )
    assert (grant == [140, 130, 120]).all()
    assert (decide >= grant + early).all()
    assert decide.std() > 10, "the whole still varies"
    assert early.std() > 1


def test_a_planned_part_cannot_be_more_than_those_who_can_leave():
    """Nobody is in the stock: what is planned of a part of those who leave it does not come."""
    net = network(
        flow("arrive", enters="wait"),
        flow("decide", leaves="wait"),
        flow("grant", part_of="decide"),
        stocks=[stock("wait", 50)],
    )
    parameters = chains.draws(net, 50, 3, level={"arrive": np.log(5), "decide": -3.0}, stock=50.0)
    given = chains.nothing_given(net, 3, 50)
    given["counts"][:, :, 2] = 200.0
    given["fixed"][:, 2] = given["plan"][:, 2] = True
    drawn = chains.run_given(net, parameters, given)
    assert (drawn.stocks >= 0).all()
    assert (drawn.unrecorded == 0).all()
    assert (drawn.counts[:, 0, 2] == 50).all()
    assert (drawn.counts[:, :, 2] <= drawn.counts[:, :, 1]).all()


def test_periods_before_a_flows_first_figure_are_drawn():
    net = network(flow("a"), flow("late"), flow("part", part_of="late"))
    known = chains.layout(
        net,
        a=months("2020-01", [100] * 12),
        late=months("2020-10", [100] * 12),
        part=months("2020-11", [30] * 11),
    )
    parameters = chains.draws(
        net,
        500,
        len(known.time),
        level={"a": np.log(100.0), "late": np.log(100.0), "part": np.log(0.5)},
        dispersion=5.0,
        n_gaps=len(known.gaps[0]),
    )
    span, drawn = ahead(net, known, parameters)
    before = drawn.counts[:, span < "2020-10"]
    assert before[:, :, 1].mean() == pytest.approx(100, rel=0.05)
    assert before[:, :, 1].std(axis=0) == pytest.approx(np.sqrt(100 + 100**2 / 5), rel=0.25)
    assert before[:, :, 2].mean() == pytest.approx(100 / 3, rel=0.1)
    assert (before[:, :, 2] <= before[:, :, 1]).all()
    assert before[:, :, 2].std(axis=0).min() > 15


def test_periods_between_a_stocks_last_figure_and_a_flows_next_are_drawn():
    net = network(
        flow("arrive", enters="s"), flow("out", leaves="s"), flow("old"), stocks=[stock("s")]
    )
    known = chains.layout(
        net,
        old=months("2020-01", [9] * 6),
        arrive=months("2020-01", [100] * 36),
        out=[("2022", 1200)],
        s=months("2020-01", [1000] * 16),
    )
    parameters = chains.draws(
        net,
        500,
        36,
        level={"arrive": np.log(100.0), "out": np.log(0.1)},
        stock=1000.0,
        dispersion={"arrive": 20, "out": 5.0},
        adaptation={"out": 0.2},
        unrecorded=5.0,
    )
    span, drawn = ahead(net, known, parameters)
    spread = pd.Series(drawn.counts[:, :, 1].std(axis=0), span)
    assert (spread["2020-06":"2021-04"] < 8).all()  # as the stock tells, but for the unrecorded
    assert (spread["2021-05":"2021-12"] > 35).all()
    year = drawn.counts[:, span.year == 2022, 1]
    assert (year.sum(axis=1) == 1200).all()


def test_a_figure_counted_apart_is_split_at_random():
    net = network(flow("arrive", enters="s"), flow("out", leaves="s"), stocks=[stock("s")])
    known = chains.layout(
        net,
        arrive=months("2020-01", [100] * 24),
        out=[("2020-H1", 600), ("2020-H2", 600), ("2021", 1200)],
        s=months("2021-03", [1000] * 10),
    )
    assert len(known.unused) == 3
    parameters = chains.draws(
        net, 200, 24, level={"arrive": np.log(100.0), "out": np.log(0.1)}, stock=1000.0
    )
    past = replay(parameters, known)
    counts = PastCounts(
        known, 0, past.mean, parameters.constant.dispersion, Innovations(1, 200)
    ).whole(past.counts)[:, :, 1]
    for first, last, figure in ((0, 6, 600), (6, 12, 600), (12, 24, 1200)):
        assert (counts[:, first:last].sum(axis=1) == figure).all()
        assert counts[:, first:last].std(axis=0).min() > 7
    span, drawn = ahead(net, known, parameters)
    year = span.year == 2021
    assert drawn.counts[:, year, 1].std(axis=0).min() > 7


def test_nothing_is_learned_from_a_given_future():
    """A low future and a high one are followed by the same counts, draw by draw."""
    net = network(flow("a"), flow("b"))
    parameters = chains.draws(
        net, 40, 12, level=np.log(100.0), dispersion=5.0, adaptation=0.5, persistence=0.9
    )
    after = []
    for count in (1.0, 5000.0):
        given = chains.nothing_given(net, 12, 40)
        given["counts"][:, :6, 0] = count
        given["fixed"][:6, 0] = given["plan"][:6, 0] = True
        drawn = chains.run_given(net, parameters, given)
        assert (drawn.counts[:, :6, 0] == count).all()
        after.append(drawn.counts[:, 6:])
    np.testing.assert_array_equal(*after)
    assert after[0].std() > 10


def test_a_flow_whose_figures_tell_nothing_of_its_rate_is_named():
    """Its forecast rests on others, or on the prior, and not on its figures."""
    net = network(
        flow("refused"),
        flow("cases", route=[chains.route("refused", 2, 1)]),
        flow("appeals", route=[chains.route("refused", 2, 1)]),
    )
    known = chains.layout(
        net,
        refused=months("2021-01", [50] * 12),
        cases=[("2020", 1000)],
        appeals=[("2020", 100), ("2021-12", 9)],
    )
    assert _untold(SimpleNamespace(layout=known)) == ["cases"]


def test_the_past_is_kept_from_where_no_account_or_window_is_open():
    net = network(
        flow("old"),
        flow("in_a", enters="a"),
        flow("out_a", leaves="a"),
        flow("move", leaves="a", enters="b"),
        flow("out_b", leaves="b"),
        flow("fed", route=[chains.route("move", 1)]),
        stocks=[stock("a"), stock("b")],
    )
    dates = ("2020-01", "2020-06", "2020-11", "2021-04", "2021-09")
    known = chains.layout(
        net,
        old=[*months("2020-01", [9] * 18), ("2021-07", 9)],
        in_a=months("2020-01", [200] * 36),
        out_b=months("2020-01", [100] * 36),
        fed=months("2020-03", [100] * 10),
        a=[("2020-01", 1000), ("2020-08", 1000), ("2021-08", 1000)],
        b=[*((date, 1000) for date in dates), *months("2022-01", [1000] * 12)],
    )
    history = History(SimpleNamespace(layout=known, network=net))
    at = history._whole_from(known.periods.get_loc("2020-11"))
    for first, last in [(a.first + 1, a.last) for a in known.accounts.accounts]:
        assert not first < at <= last
    assert at == known.periods.get_loc("2020-02")


def test_a_longer_figure_is_never_exceeded_for_the_sake_of_parts():
    """A year of 1,200, whose rest has a part by months that is larger than was expected."""
    net = network(
        flow("whole"),
        flow("old"),
        flow("part", part_of="whole"),
        flow("rest", part_of="whole", rest=True),
        flow("inner", part_of="rest"),
    )
    known = chains.layout(
        net,
        old=months("2020-01", [9] * 6),
        whole=[("2020", 1200), ("2021", 1200), *months("2022-01", [100] * 6)],
        part=months("2022-01", [40] * 6),
        inner=months("2021-01", [60] * 18),
    )
    parameters = chains.draws(
        net,
        200,
        30,
        level={"whole": np.log(100), "part": np.log(9), "inner": 0.0},
        dispersion={"whole": 20.0, "part": 50.0, "inner": 50.0},
    )
    span, drawn = ahead(net, known, parameters)
    assert (drawn.counts[:, span.year == 2021, 0].sum(axis=1) == 1200).all()


def test_an_unseen_part_takes_its_share_of_what_earlier_parts_leave():
    """Those before it were more than was expected of the whole; it still takes a half."""
    net = network(
        flow("x"), flow("whole"), flow("first", part_of="whole"), flow("second", part_of="whole")
    )
    known = chains.layout(
        net,
        x=months("2020-01", [5] * 24),
        whole=months("2021-01", [200] * 12),
        first=months("2020-01", [140] * 24),
        second=months("2021-01", [10] * 12),
    )
    parameters = chains.draws(
        net,
        2000,
        24,
        level={"x": 1.6, "whole": np.log(100), "first": 0.0, "second": 0.0},
        dispersion={"whole": 1.5, "first": 50.0, "second": 50.0, "x": 5.0},
    )
    past = replay(parameters, known)
    counts = PastCounts(
        known, 0, past.mean, parameters.constant.dispersion, Innovations(1, 2000)
    ).whole(past.counts)[:, :12]
    _, whole, first, second = np.moveaxis(counts, 2, 0)
    assert (first == 140).all()
    assert second.sum() / (whole - first).sum() == pytest.approx(0.5, abs=0.02)
