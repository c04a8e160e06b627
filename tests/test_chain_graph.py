"""The graph of a chain: its means are the replay's, and its factors those of the figures."""

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from zlib import crc32

import chains
import numpy as np
import pytensor
import pytest
from chains import flow, months, network, route, stock
from scipy import stats

from mppbayes import names
from mppbayes.model import ModelSpec, resolve
from mppbayes.model.arrays import arrays
from mppbayes.model.competing import covariances, pairs
from mppbayes.model.graph import build
from mppbayes.model.laws import in_doubt, window_law
from mppbayes.model.layout import Layout
from mppbayes.model.leaving import leaving_law
from mppbayes.model.passage import passage
from mppbayes.model.positive import bounded
from mppbayes.model.replay import doubts, replay
from mppbayes.model.step import Parameters
from mppbayes.network import Network
from mppbayes.panel import Panel, read_panel

N_TIME = 24


def whole_chain() -> tuple[Network, Panel]:
    """A route in doubt, a stock seen monthly, quarters, half-years, years, gaps, and parts."""
    net = network(
        flow("apply", enters="wait"),
        flow("decide", leaves="wait"),
        flow("withdraw", leaves="wait"),
        flow("grant", part_of="decide"),
        flow("reject", part_of="decide", rest=True),
        flow("minors", part_of="apply"),
        flow("family", route=[route("apply", 2, 1, delay_prior={"mean_sd": 0.5, "sd_sd": 0.3})]),
        flow("house", route=[route("grant", weight=1.0), route("family", weight=3.0)]),
        flow("yearly"),
        flow("claims"),
        flow("upheld", part_of="claims"),
        flow("report", driven_by="wait"),
        stocks=[stock("wait")],
    )
    rng = np.random.default_rng(0)
    apply = [int(x) for x in rng.poisson(rng.gamma(20, 15, N_TIME))]
    minors = [int(x) for x in rng.binomial(apply, 0.1)]
    apply[9:11] = None, None
    waiting = 3000 + np.cumsum(rng.normal(0, 60, N_TIME)).astype(int)
    quarters = [f"{year}-Q{quarter}" for year in (2020, 2021) for quarter in (1, 2, 3, 4)]
    evidence = chains.panel(
        net,
        apply=months("2020-01", apply),
        decide=[(quarter, 700 + 20 * i) for i, quarter in enumerate(quarters[:7])],
        grant=[(quarter, 400 + 10 * i) for i, quarter in enumerate(quarters[:7]) if i != 4],
        minors=months("2020-01", minors),
        family=months("2020-04", [150] * 6 + [None] * 2 + [180] * 12),
        house=[(month, value, 50) for month, value in months("2020-06", [1500] * 12)],
        yearly=[("2020", 1000, 100), ("2021-H1", 600), ("2021-09", 90)],
        upheld=months("2020-01", [40, 45, 38, None, 50, 44] + [40] * 12),
        report=[("2020-02", 15, 5), ("2020-03", 0, 5), ("2020-Q2", 40), ("2021-01", 9)],
        wait=[figure for figure in months("2020-01", waiting.tolist()) if figure[0] != "2021-02"],
    )
    return net, evidence


def two_stocks() -> tuple[Network, Panel]:
    """A transfer between stocks, one seen in quarters and one only in a sum; an unseen inflow."""
    net = network(
        flow("arrive", enters="first"),
        flow("move", leaves="first", enters="second"),
        flow("leave", leaves="second"),
        flow("home", part_of="leave"),
        flow("away", part_of="leave", rest=True),
        stocks=[stock("first"), stock("second", 900.0)],
        sums=[{"name": "present", "of": ["first", "second"]}],
    )
    ends = [f"{year}-{month:02}" for year in (2020, 2021) for month in (3, 6, 9, 12)]
    evidence = chains.panel(
        net,
        move=months("2020-04", [80 + i for i in range(12)]),
        leave=[("2020-H2", 500), ("2021-Q1", 240)],
        home=[*months("2020-07", [30] * 5), ("2021-Q1", 90)],
        first=[(end, 1000 + 10 * i) for i, end in enumerate(ends)],
        present=[(end, 2000 + 15 * i, 5) for i, end in enumerate(ends) if i % 2],
    )
    return net, evidence


def yearly_later() -> tuple[Network, Panel]:
    """One who leave by months and later by a year; a stock every two months all along."""
    net = network(
        flow("arrive", enters="wait"), flow("leave", leaves="wait"), stocks=[stock("wait")]
    )
    evidence = chains.panel(
        net,
        arrive=months("2020-01", [90 + i for i in range(N_TIME)]),
        leave=[*months("2020-03", [80 + 2 * i for i in range(6)]), ("2021", 1100)],
        wait=[
            (month, value)
            for month, value in months("2020-01", range(900, 924))
            if month[-1] in "02468"
        ],
    )
    return net, evidence


def monthly_later() -> tuple[Network, Panel]:
    """All by months, with a stock; the last ones of a flow are missing in a shorter panel."""
    net = network(
        flow("arrive", enters="wait"), flow("leave", leaves="wait"), stocks=[stock("wait")]
    )
    evidence = chains.panel(
        net,
        arrive=months("2020-01", [90 + i for i in range(N_TIME)]),
        leave=months("2020-01", [80 + 2 * i for i in range(N_TIME)]),
        wait=months("2020-01", range(900, 924)),
    )
    return net, evidence


def without_last(panel: Panel, name: str, month: str) -> Panel:
    """Take the figures of a flow after a month out of a panel."""
    table = panel.evidence
    late = (table["series"] == name) & (table["period"].str[:7] > month)
    return read_panel(table[~late][["series", "period", "value"]], panel.network)


@pytest.mark.parametrize(
    ("make", "shorten"),
    [
        (whole_chain, lambda panel: panel.until("2020-12")),
        (two_stocks, lambda panel: panel.until("2020-12")),
        (yearly_later, lambda panel: panel.until("2021-10")),
        (monthly_later, lambda panel: without_last(panel.until("2021-10"), "leave", "2021-05")),
    ],
)
def test_graph_and_replay_agree_of_a_shorter_panel(make, shorten):
    """A graph made for a longer panel has windows that the shorter one has not, or other ones."""
    net, evidence = make()
    shorter = shorten(evidence)
    layout, _, parameters, made = chains.of_graph(net, shorter, longer=evidence)
    short = Layout.of(shorter)
    gaps = [layout.gap_names.index(name) for name in short.gap_names]
    shock = parameters.shock[:, : len(short.time)]
    past = replay(replace(parameters, gap=parameters.gap[:, gaps], shock=shock), short)
    expected = np.exp(made[names.LOG_MEAN])[:, : len(short.time)]
    np.testing.assert_allclose(past.mean, expected, rtol=1e-9)


@pytest.fixture(scope="module", params=[whole_chain, two_stocks], ids=lambda make: make.__name__)
def drawn(request):
    """Evidence, draws from the prior with the graph's own values, and the replay of them."""
    net, evidence = request.param()
    known, _, parameters, made = chains.of_graph(net, evidence)
    return known, parameters, made, replay(parameters, known)


def unsure_before(known, parameters):
    """Give the variance of the levels before each period of a replay: (draw, time, flow)."""
    found = []

    def watched(*given):
        carried, passed = passage(*given)
        found.append(passed.unsure)
        return carried, passed

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("mppbayes.model.replay.passage", watched)
        replay(parameters, known)
    return np.stack(found, axis=1)


def test_graph_and_replay_agree(drawn):
    known, _, made, past = drawn
    assert np.isfinite(made[names.LOG_MEAN]).all()
    np.testing.assert_allclose(past.mean, np.exp(made[names.LOG_MEAN]), rtol=1e-9)
    windows = known.windows
    assert windows.row.any(), "an unseen flow must learn from a stock, or this shows too little"
    assert (windows.seen & (windows.length > 1)).any()


def test_the_whole_chain_has_what_it_should_have(drawn):
    known, *_ = drawn
    if "family" not in known.structure.names:
        return
    assert len(known.gaps[0]) >= 3
    assert (known.part_cells & (known.windows.length > 1)).any()
    assert (known.part_cells & (known.windows.length == 1)).any()
    assert (known.coarse_cells[:, known.structure.driven("part")]).any()
    assert known.windows.unused[0].startswith("decide 2020-01 to 2020-03: the stock")


def as_they_leave(known, parameters, past):
    """Give by what the means of the periods are multiplied, and how much they vary."""
    adaptation, own = (
        each[:, None] for each in (parameters.constant.adaptation, parameters.constant.dispersion)
    )
    if (doubt := doubts(parameters, known)) is not None:
        _, own = in_doubt(adaptation, own, past.mean, doubt, np)
    before = np.concatenate([parameters.stock[:, None], past.stock[:, :-1]], axis=1)
    inside = bounded(before, known.levels.seen_before, parameters.size, np)
    return leaving_law(past.mean, inside, own, known.structure.leaving, np)


def competing(known, parameters, past):
    """Give the covariance of those who leave the same stock, draw by draw: (draw, time, pair)."""
    before = np.concatenate([parameters.stock[:, None], past.stock[:, :-1]], axis=1)
    inside = bounded(before, known.levels.seen_before, parameters.size, np)
    shape = parameters.constant.dispersion
    draws = zip(past.mean, inside, shape, strict=True)
    return np.stack([covariances(*each, known.structure, np) for each in draws])


def of_pairs(known, windows, start, end):
    """Give by flow what a row does not know of it, as a root, and the product of each pair."""
    unknown = np.zeros(len(known.structure.names))
    for s in range(len(unknown)):
        left = []
        for t in range(start + 1, end + 1):
            if (s, t) not in windows:
                left.append(1.0)
                continue
            a, b, value = windows[s, t]
            shares = known.windows.spread[max(a, start + 1) : min(b, end) + 1, s].sum()
            left.append(1 - shares / value if value else 0.0)
        unknown[s] = np.mean(left)
    one, other, _ = pairs(known.structure).T
    return np.sqrt(np.maximum(unknown[one] * unknown[other], 0.0))


def own(parameters, s, relative):
    """Give the parameters of one flow, (draw,), the dispersion that of some periods."""
    constant = parameters.constant._asdict() | {"dispersion": 1 / relative.mean(axis=1)[:, None]}
    at = {k: v[..., s if v.shape[-1] > 1 else 0] for k, v in constant.items() if np.ndim(v)}
    return Parameters(**constant | at)


def figures_of(known, *, all_of_them=False):
    """Give the figures that the model uses, or all: series, first, last, value, rounding."""
    table = known.table
    first = known.periods.get_indexer(table["start"].dt.to_period("M"))
    last = known.periods.get_indexer(table["end"].dt.to_period("M"))
    rows = zip(table["series"], first, last, table["value"], table["rounding"], strict=True)
    unused = {text.split(":")[0] for text in known.windows.unused}
    for series, a, b, value, unit in rows:
        text = str(known.periods[a])
        if a != b:
            text = f"{text} to {known.periods[b]}"
        if all_of_them or f"{series} {text}" not in unused:
            yield series, int(a), int(b), float(value), int(unit)


def of_flows(known, **which):
    """Give the figures of flows: value by flow, first and last period."""
    position = {name: s for s, name in enumerate(known.structure.names)}
    found = figures_of(known, **which)
    return {(position[n], a, b): v for n, a, b, v, _ in found if n in position}


def roundings(known):
    position = {name: s for s, name in enumerate(known.structure.names)}
    return {(position[n], a, b): r for n, a, b, _, r in figures_of(known) if n in position}


def test_every_figure_of_a_flow_is_one_factor(drawn):
    """The potentials are scipy's log probabilities of the figures, given the replay's means."""
    known, parameters, made, past = drawn
    factor, relative = as_they_leave(known, parameters, past)
    structure, counts = known.structure, of_flows(known)
    published = of_flows(known, all_of_them=True).items()
    total = dict.fromkeys((name for name in made if name not in ("log_mean", "stock_rows")), 0.0)
    unsure = unsure_before(known, parameters)
    units = roundings(known)
    for (s, a, b), value in counts.items():
        unit = units[s, a, b]
        expected = past.mean[:, a : b + 1, s].sum(axis=1) * factor[:, b, s]
        months = np.array(float(b - a + 1))
        law = own(parameters, s, relative[:, a : b + 1, s])
        _, shape = window_law(expected, months, law, np)
        if structure.drives[s] != "part" and unit > 1 and value < 20 * unit and a == b:
            name = f"counts_rounded_to_{unit}"
            which = np.arange(max(value - unit // 2, 0), value - unit // 2 + unit)[:, None]
            law_of = stats.nbinom(shape, shape / (shape + expected))
            added = np.log(law_of.pmf(which).sum(axis=0))
        elif structure.drives[s] != "part":
            name = "exact_counts" if a == b else "coarse_counts"
            if unit > 1:
                shape = 1 / (1 / shape + unit**2 / 12 / expected**2)
            added = stats.nbinom.logpmf(value, shape, shape / (shape + expected))
        elif not np.isnan(known.windows.room[a : b + 1, s]).any():
            name, room = "parts", known.windows.room[a : b + 1, s].sum()
            whole = structure.room[s].argmax()
            figures = [v for (o, i, j), v in published if o == whole and a <= i and j <= b]
            assert room == pytest.approx(sum(figures)), "the room is the figure of the whole"
            share = expected / room
            _, shape = window_law(room, months, law, np)
            added = stats.betabinom.logpmf(value, round(room), share * shape, (1 - share) * shape)
        else:
            name, whole = "coarse_counts", structure.room[s].argmax()
            single = known.windows.seen & (known.windows.length == 1)
            single &= ~structure.driven("part")
            fill = np.where(single, known.windows.value, past.mean)[:, a : b + 1]
            room = np.maximum(fill @ structure.room[s], 0.5).sum(axis=1)
            share = expected / room
            _, shape = window_law(room, months, law, np)
            of_share = (1 - share) / (share * (shape + 1))
            law = own(parameters, whole, relative[:, a : b + 1, whole])
            of_whole = 1 / window_law(room, months, law, np)[1] + unsure[:, b, whole]
            shape = 1 / (of_share + of_whole)
            added = stats.nbinom.logpmf(value, shape, shape / (shape + expected))
        total[name] = total[name] + added
    for name, value in total.items():
        np.testing.assert_allclose(made[name], value, rtol=1e-7)


def test_every_change_of_a_stock_is_one_factor(drawn):
    """The rows are normal, with the mean and variance that plain loops over months give.

    Those between the same two dates are normal together.
    """
    known, parameters, made, past = drawn
    factor, relative = as_they_leave(known, parameters, past)
    expected, unsure = past.mean * factor, unsure_before(known, parameters)
    assert unsure.max() > 1e-4
    structure, net, units = known.structure, known.network, roundings(known)
    windows = {
        (s, t): (a, b, v) for (s, a, b), v in of_flows(known).items() for t in range(a, b + 1)
    }
    apart = known.windows.apart  # counted though they tell nothing of the rate
    expected = np.where(np.isnan(apart), expected, apart)
    for t, s in zip(*np.nonzero(~np.isnan(apart)), strict=True):
        a, b = known.windows.start_at[t, s], known.windows.end_at[t, s]
        windows[s, t] = a, b, apart[a : b + 1, s].sum()
    this, that, _ = pairs(structure).T
    compete = competing(known, parameters, past)
    together = defaultdict(list)
    for name in (*net.stock_names, *net.sum_names):
        figures = sorted((b, v, r) for n, _, b, v, r in figures_of(known) if n == name)
        members = net.members(name) if name in net.sum_names else (name,)
        inside = [net.stock_names.index(member) for member in members]
        sign = structure.change[:, inside].sum(axis=1)
        for (start, before, unit), (end, after, other) in pairwise(figures):
            mean = 0.0
            rounding = 1.0 + sum(each**2 / 12 for each in (unit, other) if each > 1)
            for (s, _, b), each in units.items():
                if each > 1 and start < b <= end:
                    rounding += abs(sign[s]) * each**2 / 12
            causes = {}
            for k in inside:
                unrecorded = (end - start) * parameters.unrecorded[:, k] ** 2
                causes["unrecorded", k] = 1.0, unrecorded
            for s in np.flatnonzero(sign):
                gone, periods, cut = 0.0, 0, {}
                for t in range(start + 1, end + 1):
                    if (s, t) not in windows:
                        gone, periods = gone + expected[:, t, s], periods + 1
                        mean = mean + sign[s] * expected[:, t, s]
                        continue
                    a, b, value = windows[s, t]
                    share = value * expected[:, t, s] / expected[:, a : b + 1, s].sum(axis=1)
                    mean = mean + sign[s] * share
                    cut[a, b, value] = cut.get((a, b, value), 0.0) + share
                variance = 0.0
                for (a, b, value), part in cut.items():
                    law = own(parameters, s, relative[:, a : b + 1, s])
                    weight = (b - a + 1) * law.dispersion
                    left = np.clip(1 - part / max(value, 1e-9), 0, 1)
                    variance = variance + part * left * (value + weight) / (1 + weight)
                if periods:
                    law = own(parameters, s, relative[:, start + 1 : end + 1, s])
                    _, shape = window_law(gone, np.array(float(periods)), law, np)
                    variance = variance + gone + gone**2 * (1 / shape + unsure[:, end, s])
                causes["flow", s] = sign[s], variance
            felt = compete * of_pairs(known, windows, start, end)
            within = felt[:, start + 1 : end + 1].sum(axis=1)
            for pair, (i, j) in enumerate(zip(this, that, strict=True)):
                causes["more of both", pair] = sign[i] + sign[j], within[:, pair] / 2
                causes["one for the other", pair] = sign[i] - sign[j], -within[:, pair] / 2
            together[start, end].append((after - before - mean, rounding, causes))
    assert sum(map(len, together.values())) > 6
    total = sum(normal_together(rows) for rows in together.values())
    np.testing.assert_allclose(made["stock_rows"], total, rtol=1e-7)


def normal_together(rows):
    """Give the log density of errors that have causes in common, (draw,)."""
    n_draws = len(rows[0][0])
    spread = np.zeros((n_draws, len(rows), len(rows)))
    for i, (_, rounding, causes) in enumerate(rows):
        spread[:, i, i] += rounding
        for j, (_, _, others) in enumerate(rows):
            for cause in causes.keys() & others.keys():
                spread[:, i, j] += causes[cause][0] * others[cause][0] * causes[cause][1]
    errors = np.stack([error for error, *_ in rows], axis=1)
    return np.array(
        [
            stats.multivariate_normal.logpdf(error, cov=each)
            for error, each in zip(errors, spread, strict=True)
        ]
    )


def factors(evidence, known, spec, built_with):
    """Give the potentials of the graph of a layout with other evidence, at some point.

    ``spec`` is resolved with that evidence, ``built_with`` with the layout's own. The point is a
    matter of names, so that two layouts share it where they share a name.
    """
    with chains.plainly() as mode:
        model = build(built_with, known, arrays(spec, known, evidence))
        unknown = model.free_RVs
        compute = pytensor.function(unknown, model.potentials, mode=mode, on_unused_input="ignore")
    point = []
    for each in unknown:
        dims = model.named_vars_to_dims[each.name]
        shape = [len(model.coords[dim]) for dim in dims]
        if dims == (names.GAP,):
            value = np.array([someway(gap, ())[()] for gap in model.coords[names.GAP]])
        elif dims == (names.TIME,):
            value = someway(each.name, (N_TIME,))[: shape[0]]
        else:
            value = someway(each.name, shape)
        if each.name.endswith((names.SHARE, names.SCALE)):
            value = np.abs(value) / np.abs(value).sum(axis=-1, keepdims=True)
        point.append(value)
    found = compute(*point)
    return {each.name: float(value) for each, value in zip(model.potentials, found, strict=True)}


def someway(name, shape):
    return np.asarray(np.random.default_rng(crc32(name.encode())).normal(0, 0.1, shape))


@pytest.mark.parametrize("make", [whole_chain, two_stocks, yearly_later])
def test_a_longer_layout_gives_earlier_evidence_the_same_factors(make):
    """So that a graph compiled once serves all origins of a backtest."""
    net, evidence = make()
    earlier = evidence.until("2020-12")
    whole, spec = (resolve(ModelSpec(net, harmonics=1), each) for each in (evidence, earlier))
    assert whole.stock_sizes != spec.stock_sizes
    long = factors(earlier, Layout.of(evidence), spec, built_with=whole)
    tight = factors(earlier, Layout.of(earlier), spec, built_with=spec)
    assert np.isfinite(list(tight.values())).all()
    assert {name: long[name] for name in tight} == pytest.approx(tight, rel=1e-9)
    assert not any(long[name] for name in long.keys() - tight.keys())
