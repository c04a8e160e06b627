"""Evidence cut into windows: exactly which, what is left out and why, every figure once."""

import chains
import numpy as np
import pandas as pd
import pytest
from chains import flow, months, network, route, stock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mppbayes.model.closings import closings
from mppbayes.model.delays import nominal_weights
from mppbayes.model.replay import replay
from mppbayes.model.resolution import nominal_exposure
from mppbayes.model.routing import route_arrays
from mppbayes.model.structure import Structure
from mppbayes.network import Network


def windows(known, name):
    """Give a flow's windows as they end: kind, first and last month, value."""
    cut, s = known.windows, known.structure.names.index(name)
    found = []
    for last in np.flatnonzero(cut.end[:, s]):
        kinds = [kind for kind in ("seen", "gap", "row") if getattr(cut, kind)[last, s]]
        first = last - cut.length[last, s] + 1
        value = [int(cut.value[last, s])] if "seen" in kinds else []
        found.append(("+".join(kinds), *(str(known.periods[at]) for at in (first, last)), *value))
    return found


def begins(known, name):
    at = np.flatnonzero(known.windows.begins[:, known.structure.names.index(name)])
    return [str(known.periods[t]) for t in at]


def test_months_quarters_years_and_gaps():
    net = network(flow("a"), flow("b"))
    known = chains.layout(
        net,
        a=[
            *months("2020-03", [5, 6]),  # a late start
            ("2020-Q3", 30),  # after a gap of two months
            ("2020-10", 7),
            ("2021", 100),
            ("2022-H1", 60),
            ("2022-08", 9),  # after a gap of one month, and a ragged end
        ],
        b=months("2020-01", [1] * 36),
    )
    assert windows(known, "a") == [
        ("seen", "2020-03", "2020-03", 5),
        ("seen", "2020-04", "2020-04", 6),
        ("gap", "2020-05", "2020-06"),
        ("seen", "2020-07", "2020-09", 30),
        ("seen", "2020-10", "2020-10", 7),
        ("gap", "2020-11", "2020-12"),
        ("seen", "2021-01", "2021-12", 100),
        ("seen", "2022-01", "2022-06", 60),
        ("gap", "2022-07", "2022-07"),
        ("seen", "2022-08", "2022-08", 9),
    ]
    assert begins(known, "a") == ["2020-03"]
    assert [w[0] for w in windows(known, "b")] == ["seen"] * 36
    assert known.windows.unused == ()
    history = known.windows.history[:, 0]
    np.testing.assert_array_equal(history[6:10], [10, 10, 10, 7])
    np.testing.assert_array_equal(np.isnan(history[:6]), [True, True, False, False, True, True])
    inside = known.windows.inside[:, 0]
    assert inside.sum() == 2 + 3 + 1 + 12 + 6 + 1
    assert (known.windows.start_at[6:9, 0] == 6).all()
    assert (known.windows.end_at[6:9, 0] == 8).all()
    np.testing.assert_array_equal(known.windows.end_at[~inside, 0], np.flatnonzero(~inside))


def test_a_routed_flow_waits_for_what_is_known_of_its_source():
    """A delay of exactly 2: the source must be known two months before."""
    net = network(flow("source"), flow("fed", route=[route("source", 2)]))
    known = chains.layout(
        net,
        source=[*months("2020-03", [10, 10, 10]), ("2020-Q3", 30)],
        fed=[*months("2020-03", [1, 2, 3, 4, 5, 6, 7]), ("2020-Q4", 9)],
    )
    reason = "too little is known of its sources in the periods before"
    assert known.windows.unused == (
        f"fed 2020-03: {reason}",
        f"fed 2020-04: {reason}",
        f"fed 2020-08: {reason}",  # June is missing
        f"fed 2020-10 to 2020-12: {reason}",  # December needs October
    )
    assert windows(known, "fed") == [
        ("seen", "2020-05", "2020-05", 3),
        ("seen", "2020-06", "2020-06", 4),
        ("seen", "2020-07", "2020-07", 5),
        ("gap", "2020-08", "2020-08"),
        ("seen", "2020-09", "2020-09", 7),
    ]
    assert begins(known, "fed") == ["2020-05"]


def test_nine_tenths_of_a_delay_must_fall_on_known_sources():
    net = network(flow("source"), flow("fed", route=[route("source", 3, 1)]))
    known = chains.layout(net, source=months("2020-01", [10] * 12), fed=months("2020-01", [3] * 12))
    weights = nominal_weights(net.flow("fed").routes[0])
    first = int(np.flatnonzero(weights.cumsum() >= 0.9)[0])
    assert begins(known, "fed") == [str(known.periods[first])]
    assert len(known.windows.unused) == first


def test_a_part_whose_whole_is_not_known():
    """It is used as long as the whole has an expectation; its room is known where covered."""
    net = network(
        flow("whole"),
        flow("part", part_of="whole"),
        flow("late", part_of="whole"),
        flow("fed", route=[route("source", 2)]),
        flow("source"),
        flow("of_fed", part_of="fed"),
    )
    known = chains.layout(
        net,
        whole=[("2020-Q1", 300), *months("2020-04", [100, 110, 120])],
        part=[*months("2020-01", [20, 21]), ("2020-03", 22), ("2020-Q2", 60), ("2020-07", 9)],
        late=[("2020-Q1", 90), ("2020-04", 30)],
        source=months("2020-02", [50] * 4),
        fed=months("2020-05", [7]),
        of_fed=months("2020-03", [1, 2, 3]),
    )
    room = known.windows.room
    at = known.structure.names.index
    assert [w[:3] for w in windows(known, "part")] == [
        ("seen", "2020-01", "2020-01"),
        ("seen", "2020-02", "2020-02"),
        ("seen", "2020-03", "2020-03"),
        ("seen", "2020-04", "2020-06"),
        ("seen", "2020-07", "2020-07"),
    ]
    assert np.isnan(room[:3, at("part")]).all(), "the whole is known by the quarter alone"
    np.testing.assert_array_equal(room[3:6, at("part")], [100, 110, 120])
    assert np.isnan(room[6, at("part")])
    # The later part takes its share of what the earlier one leaves: 300 − 63, and unknown in April,
    # since the earlier part is known by the quarter.
    assert room[:3, at("late")].sum() == 300 - 63
    assert np.isnan(room[3, at("late")])
    assert known.part_cells[:, at("part")].tolist() == [False] * 5 + [True, False]
    assert known.coarse_cells[:, at("part")].tolist() == [True] * 3 + [False] * 3 + [True]
    assert known.part_cells[2, at("late")]
    assert known.coarse_cells[3, at("late")]
    # Of the routed whole only May is known, and what drives it from April (February's source) on.
    assert known.windows.unused == (
        "of_fed 2020-03: neither its whole nor what drives the whole is known then",
    )
    assert windows(known, "of_fed") == [
        ("seen", "2020-04", "2020-04", 2),
        ("seen", "2020-05", "2020-05", 3),
    ]


def test_what_leaves_a_stock_waits_for_its_first_figure():
    net = network(
        flow("arrive", enters="present"),
        flow("leave", leaves="present"),
        flow("lose", leaves="present"),
        flow("report", driven_by="present"),
        stocks=[stock("present")],
    )
    known = chains.layout(
        net,
        arrive=[*months("2020-01", [5] * 4), ("2020-Q3", 15), ("2020-10", 5)],
        leave=months("2020-01", [3] * 10),
        report=[("2020-Q1", 9), ("2020-05", 3)],
        present=[
            *months("2020-02", [50, 51, 52]),
            ("2020-06", 55),
            ("2020-08", 57),
            ("2020-09", 58),
            ("2020-10", 59),
        ],
    )
    reason = "the stock that drives it is not known then"
    assert known.levels.tracked.tolist() == [1]
    assert known.windows.unused == (
        f"leave 2020-01: {reason}",
        f"leave 2020-02: {reason}",
        f"report 2020-01 to 2020-03: {reason}",
    )
    assert windows(known, "leave")[0] == ("seen", "2020-03", "2020-03", 3)
    # The unseen flow: a row ends where the stock is seen, within the open quarter too.
    assert windows(known, "lose") == [
        ("row", "2020-03", "2020-03"),
        ("row", "2020-04", "2020-04"),
        ("row", "2020-05", "2020-06"),
        ("row", "2020-07", "2020-08"),
        ("row", "2020-09", "2020-09"),
        ("row", "2020-10", "2020-10"),
    ]
    assert begins(known, "lose") == ["2020-03"]


def test_a_flow_with_some_figures_learns_from_a_stock_where_it_has_none():
    net = network(
        flow("arrive", enters="present"),
        flow("leave", leaves="present"),
        stocks=[stock("present")],
    )
    known = chains.layout(
        net,
        arrive=months("2020-01", [5] * 13),
        leave=[("2020-05", 3), ("2020-06", 4), ("2020-10", 5)],
        present=[(f"2020-{month}", 50) for month in ("02", "04", "07", "08", "12")],
    )
    assert windows(known, "leave") == [
        ("row", "2020-03", "2020-04"),
        ("seen", "2020-05", "2020-05", 3),
        ("seen", "2020-06", "2020-06", 4),
        ("row", "2020-08", "2020-08"),  # of July the stock tells with May and June alone
        ("seen", "2020-10", "2020-10", 5),
    ]
    assert begins(known, "leave") == ["2020-03"]
    learns = closings(known)
    closes = [str(known.periods[t]) for t in np.flatnonzero(learns.closes[:, 0])]
    assert closes == ["2020-02", "2020-04", "2020-07", "2020-08", "2020-12"]
    assert learns.of_period["periods"][[3, 7], 0].tolist() == [2, 1]


def test_a_figure_of_before_a_stock_is_known_goes_as_the_stock_went():
    """Those who leave do so by the root of who is there; before the first figure as many were."""
    net = network(
        flow("arrive", enters="present"),
        flow("leave", leaves="present"),
        stocks=[stock("present")],
    )
    known = chains.layout(
        net,
        arrive=months("2020-01", [0] * 8),
        leave=[("2020-Q1", 500), ("2020-Q2", 60)],
        present=months("2020-01", [400, 100, 100, 80, 60, 40, 40, 40]),
    )
    assert known.windows.unused == (
        "leave 2020-01 to 2020-03: the stock that drives it is not known then",
    )
    assert known.windows.apart[:3, 1].tolist() == [200, 200, 100]


def test_what_a_stock_tells_is_kept_until_an_unseen_flows_window_ends():
    """The window of a flow of another stock begins amid a year; the account of that one stands."""
    net = network(
        flow("arrive", enters="first"),
        flow("move", leaves="first", enters="second"),
        flow("leave", leaves="second"),
        stocks=[stock("first"), stock("second")],
    )
    known = chains.layout(
        net,
        arrive=months("2020-01", [20] * 24),
        move=[*months("2020-02", [15] * 15), *months("2021-09", [15] * 4)],
        first=months("2020-01", range(500, 524)),
        second=[("2020-01", 800), ("2020-12", 790), ("2021-12", 780)],
    )
    assert windows(known, "leave") == [
        ("row", "2020-02", "2020-12"),
        ("row", "2021-01", "2021-12"),
    ]
    assert ("row", "2021-05", "2021-05") in windows(known, "move")
    learns = closings(known)
    closes = [str(known.periods[t]) for t in np.flatnonzero(learns.closes[:, 1])]
    assert closes == ["2020-01", "2020-12", "2021-12"]
    assert learns.of_period["periods"][[11, 23], 1].tolist() == [11, 12]
    assert learns.closes[:, 0].all()


def test_a_longer_figure_goes_by_what_drives_its_flow():
    net = network(
        flow("arrive", enters="present"),
        flow("minors", part_of="arrive"),
        flow("leave", leaves="present"),
        flow("report", driven_by="present"),
        flow("follow", route=[route("arrive")]),
        flow("other"),
        stocks=[stock("present")],
    )
    arrive = [100, 200, 300]
    known = chains.layout(
        net,
        arrive=[*months("2020-01", [*arrive, 100, 100, 100]), *months("2020-10", [100] * 3)],
        minors=[("2020-Q1", 60), ("2020-H2", 60)],
        leave=[("2020-Q2", 60)],
        report=[("2020-Q2", 60)],
        follow=[("2020-Q1", 60)],
        other=[("2020-Q1", 60)],
        present=months("2020-01", [100, 100, 100, 400, 900, 900]),
    )
    history = known.windows.history
    position = known.structure.names.index

    def shares(name, first):
        return history[first : first + 3, position(name)] / 10

    np.testing.assert_allclose(shares("minors", 0), [1, 2, 3])
    np.testing.assert_allclose(shares("follow", 0), [1, 2, 3])
    np.testing.assert_allclose(shares("leave", 3), [1, 2, 3])  # the roots of 100, 400, 900
    np.testing.assert_allclose(shares("report", 3), np.array([1, 4, 9]) * 6 / 14)
    np.testing.assert_allclose(shares("other", 0), [2, 2, 2])
    np.testing.assert_allclose(history[6:12, position("minors")], 10)  # known of half the time


def test_a_year_is_spread_around_the_months_of_its_parts():
    """The 600 of the rest go evenly, so that what follows it is counted over some in each month."""
    net = network(
        flow("whole"),
        flow("part", part_of="whole"),
        flow("rest", part_of="whole", rest=True),
        flow("fed", route=[route("rest", 1.0, 0.5)]),
    )
    months_of_part = [400.0] * 3 + [0.0] * 9
    known = chains.layout(
        net,
        whole=[("2020", 1800)],
        part=months("2020-01", months_of_part),
        fed=months("2020-01", [20] * 12),
    )
    np.testing.assert_allclose(known.windows.history[:, 0], np.array(months_of_part) + 50)
    np.testing.assert_allclose(nominal_exposure(known)[:, 2], 50.5)


@pytest.mark.parametrize("known_months", [range(12), range(6, 12), [0], []])
def test_which_months_of_a_part_are_known_does_not_skew_the_year(known_months):
    net = network(flow("whole"), flow("part", part_of="whole"))
    part = [(f"2020-{month + 1:02}", 80) for month in known_months]
    figures = {"part": part} if part else {}
    known = chains.layout(net, whole=[("2020", 1200)], **figures)
    np.testing.assert_allclose(known.windows.history[:, 0], 100)


def test_no_source_is_less_than_nobody():
    """Which of two wholes gave the part its months is not known, and the rest would be negative."""
    net = network(
        flow("one"),
        flow("other"),
        flow("part", part_of="both"),
        flow("rest", part_of="both", rest=True),
        flow("fed", route=[route("rest", 1.0, 0.5)]),
        sums=[{"name": "both", "of": ["one", "other"]}],
    )
    known = chains.layout(
        net,
        one=[("2020", 600)],
        other=[("2020", 600)],
        part=months("2020-01", [400.0] * 2 + [0.0] * 10),
        fed=months("2020-01", [20] * 12),
    )
    assert np.nanmin(nominal_exposure(known)[:, 3]) == 0.5
    assert np.isfinite(route_arrays(known)["delayed_source"]).all()
    assert (route_arrays(known)["delayed_source"] >= 0).all()


def test_a_stock_that_is_never_seen_is_known_from_its_initial_mean():
    net = network(
        flow("arrive", enters="present"),
        flow("leave", leaves="present"),
        stocks=[stock("present", 400.0)],
    )
    known = chains.layout(net, arrive=months("2020-01", [5] * 3), leave=months("2020-01", [3] * 3))
    assert known.levels.tracked.tolist() == [-1]
    assert known.levels.reference.tolist() == [400.0]
    assert known.windows.unused == ()
    assert windows(known, "leave")[0] == ("seen", "2020-01", "2020-01", 3)


def test_a_sum_and_one_member_tell_of_the_other():
    net = network(
        flow("arrive", enters="first"),
        flow("move", leaves="first", enters="second"),
        flow("leave", leaves="second"),
        stocks=[stock("first"), stock("second")],
        sums=[{"name": "present", "of": ["first", "second"]}],
    )
    known = chains.layout(
        net,
        arrive=months("2020-01", [5] * 4),
        first=months("2020-01", [50, None, 60, 70]),
        present=months("2020-01", [80, 85, 90, 70]),
    )
    np.testing.assert_array_equal(known.levels.seen[:, 0], [True, False, True, True])
    np.testing.assert_array_equal(known.levels.value[:, 1][known.levels.seen[:, 1]], [30, 30])
    np.testing.assert_array_equal(known.levels.seen[:, 1], [True, False, True, False])
    np.testing.assert_array_equal(known.levels.sum_value[:, 0], [80, 85, 90, 70])


@st.composite
def random_figures(pick, net: Network):
    """Draw figures of flows and stocks in any mixture of months, quarters, half-years and years."""
    figures = {}
    structure = Structure(net)
    parts, wholes = structure.room.any(axis=1), (structure.room > 0).any(axis=0)
    for name, is_part, is_whole in zip(structure.names, parts, wholes, strict=True):
        least, most = 50 * int(is_whole), 9 if is_part else 300  # parts never exceed their whole
        spans = pick(st.lists(st.sampled_from([0, 1, 1, 1, 3, 6, 12]), max_size=8))
        at, given_ones = pick(st.integers(0, 8)), []
        for span in spans:
            at = -(-at // max(span, 1)) * max(span, 1)  # to where such a period may begin
            if at + max(span, 1) > 36:
                break
            if span:
                up_to = most if is_part else most * span
                given_ones.append((text(at, span), pick(st.integers(least * span, up_to))))
            at += max(span, 1)
        figures[name] = given_ones
    for name in net.stock_names:
        seen = pick(st.lists(st.integers(0, 35), max_size=8, unique=True))
        figures[name] = [(text(at, 1), pick(st.integers(1, 900))) for at in sorted(seen)]
    return {name: given_ones for name, given_ones in figures.items() if given_ones}


def text(at, span):
    year, month = 2020 + at // 12, at % 12
    return {
        1: f"{year}-{month + 1:02}",
        3: f"{year}-Q{month // 3 + 1}",
        6: f"{year}-H{month // 6 + 1}",
        12: f"{year}",
    }[span]


@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.data())
def test_every_figure_of_a_flow_is_used_once_or_said_to_be_unused(data):
    net = data.draw(chains.random_networks())
    figures = data.draw(random_figures(net))
    if not figures:
        return
    known = chains.layout(net, **figures)
    cut, structure = known.windows, known.structure
    unused = {each.split(":")[0] for each in cut.unused}
    assert len(unused) == len(cut.unused)
    kinds = [known.exact_cells, known.interval_cells, known.coarse_cells, known.part_cells]
    single = cut.seen & (cut.length == 1)
    kinds[0] = kinds[0] & single
    np.testing.assert_array_equal(sum(each.astype(int) for each in kinds), cut.seen.astype(int))
    n_seen = 0
    for row in known.table.itertuples():
        if row.series not in structure.names:
            continue
        s = structure.names.index(row.series)
        first, last = (
            int(known.periods.get_loc(pd.Period(each, freq="M"))) for each in (row.start, row.end)
        )
        name = f"{row.series} {known.periods[first]}"
        name += f" to {known.periods[last]}" * (first != last)
        used = cut.seen[last, s] and cut.length[last, s] == last - first + 1
        assert used != (name in unused), name
        if used:
            n_seen += 1
            assert cut.value[last, s] == row.value
            assert cut.inside[first : last + 1, s].all()
            assert (cut.start_at[first : last + 1, s] == first).all()
            assert (cut.end_at[first : last + 1, s] == last).all()
    assert n_seen == cut.seen.sum()


@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.data())
def test_windows_follow_each_other_without_overlap(data):
    net = data.draw(chains.random_networks())
    figures = data.draw(random_figures(net))
    if not figures:
        return
    cut = chains.layout(net, **figures).windows
    for s in range(cut.end.shape[1]):
        ends = np.flatnonzero(cut.end[:, s])
        starts = ends - cut.length[ends, s] + 1
        assert (starts[1:] > ends[:-1]).all()
        if not cut.row[:, s].any():
            assert (starts[1:] == ends[:-1] + 1).all(), "no span between two windows is left out"
        assert cut.begins[:, s].sum() == min(len(ends), 1)
        if len(ends):
            assert cut.begins[starts[0], s]
        kinds = cut.seen[:, s].astype(int) + cut.gap[:, s] + cut.row[:, s]
        np.testing.assert_array_equal(kinds, cut.end[:, s])


@pytest.mark.parametrize("gap", [1, 3, 11])
def test_the_count_of_a_gap_varies_as_simulated(gap):
    """The log-normal law of a surprise makes the mean 4 % and the sd 6 % larger, here."""
    net = network(flow("a"), flow("b"))
    counts = [100] * 12 + [None] * gap + [100] * 3
    known = chains.layout(
        net, a=months("2020-01", counts), b=months("2020-01", [100] * len(counts))
    )
    laws = {"level": np.log(100.0), "dispersion": 10.0, "adaptation": 0.1}
    drawn = chains.draws(net, 20_000, len(counts), n_gaps=len(known.gaps[0]), **laws)
    found = replay(drawn, known).counts[:, 12 : 12 + gap, 0].sum(axis=1)
    ahead = chains.run(net, chains.draws(net, 20_000, gap, **laws)).counts[:, :, 0].sum(axis=1)
    assert found.mean() == pytest.approx(ahead.mean(), rel=0.06)
    assert found.std() == pytest.approx(ahead.std(), rel=0.1)
    np.testing.assert_array_equal(found.round(6), found.round())
