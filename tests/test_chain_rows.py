"""The rows of a stock: mean and variance of its change, against simulation by months."""

import chains
import numpy as np
import pytensor.tensor as pt
import pytest
from chains import flow, months, network, stock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats
from test_chain_windows import random_figures

from mppbayes.model import ModelSpec, resolve
from mppbayes.model.arrays import arrays
from mppbayes.model.counts import negative_binomial_counts
from mppbayes.model.layout import Layout
from mppbayes.model.rows import Rows, apart, row_arrays, row_law
from mppbayes.model.step import Links, Parameters, State, advance, expectations, surprise

NET = network(
    flow("arrive", enters="present"), flow("lose", leaves="present"), stocks=[stock("present")]
)


def law(known, mean, **parameters):
    """Give mean and variance of each row for means (time, flow) and parameters by flow."""
    return laws(known, mean, **parameters)[:2]


def laws(known, mean, *, dispersion, adaptation=1e-9, unrecorded=0.0):
    """Give besides the error of each row, and its variance, given those between its dates."""
    structure = known.structure
    rows = Rows(**{k.removeprefix("row_"): v for k, v in row_arrays(known, known).items()})
    n_flows = len(structure.flows)

    def constant(value):
        return pt.constant(np.broadcast_to(np.asarray(value, dtype=float), (n_flows,)))

    parameters = Parameters(*(constant(0.0) for _ in Parameters._fields))._replace(
        dispersion=pt.constant(np.broadcast_to(np.asarray(dispersion, dtype=float), mean.shape)),
        adaptation=constant(adaptation),
    )
    given_rows = Rows(*(None if each is None else pt.constant(each) for each in rows))
    with chains.plainly() as mode:
        expected, variance, shared = row_law(
            pt.constant(np.asarray(mean, dtype=float)),
            pt.constant(known.windows.value),
            given_rows,
            parameters=parameters,
            unrecorded=pt.constant(np.full(len(structure.network.stocks), unrecorded)),
            unsure=pt.zeros(mean.shape),
        )
        error, left = given_rows.change - expected, variance
        if shared is not None:
            error, left = apart(error, variance, shared, given_rows)
        found = pt.stack([expected, variance, error, left]).eval(mode=mode)
    return tuple(found)


@pytest.mark.parametrize("between", [1, 3, 6, 12])
@pytest.mark.parametrize(("adaptation", "dispersion"), [(1e-9, 8.0), (0.2, 8.0), (0.2, 50.0)])
def test_a_flow_that_is_never_seen(between, adaptation, dispersion):
    """Arrivals are known; who get lost are not. In the steady state, 40 of 40,000 a month.

    Sizes found, 20,000 draws: the mean is within 1.4 % of the flow, and the variance is 0.98–1.01
    of the law's; 0.93 for a year with an adaptation of 0.2, from a level that is known. The law
    does not know that a stock from which many went loses fewer: with 40 of 4,000 the variance is
    0.98 (a quarter), 0.94 (half a year) and 0.83–0.89 (a year) of the law's, and with 40 of 1,000
    it is 0.96 (a month), 0.91, 0.80 and 0.58–0.65.
    """
    inside, hazard, unrecorded = 40_000.0, -np.log1p(-0.001), 15.0
    n_draws = 6000
    parameters = chains.draws(
        NET,
        n_draws,
        between,
        level={"lose": np.log(hazard)},
        adaptation={"arrive": 1e-9, "lose": adaptation},
        dispersion={"arrive": chains.QUIET, "lose": dispersion},
        stock=inside,
        unrecorded=unrecorded,
    )
    given_counts = chains.nothing_given(NET, between)
    given_counts["fixed"][:, 0] = True
    given_counts["counts"][0, :, 0] = 40.0
    drawn = chains.run_given(NET, parameters, given_counts)
    change = drawn.stocks[:, -1, 0] - inside
    known = chains.layout(
        NET,
        arrive=months("2020-01", [40] * (between + 1)),
        present=[("2020-01", int(inside)), (str(chains.time(between + 1)[-1])[:7], int(inside))],
    )
    means = np.tile([40.0, 40.0], (between + 1, 1))
    mean, variance = law(
        known,
        means,
        dispersion=[chains.QUIET, dispersion],
        adaptation=[1e-9, adaptation],
        unrecorded=unrecorded,
    )
    assert mean == pytest.approx([0.0], abs=1e-6)
    assert change.mean() == pytest.approx(
        0, abs=0.03 * 40 * between + 3 * np.sqrt(variance[0] / n_draws)
    )
    ratio = change.var() / variance[0]
    assert (0.87 if between == 12 and adaptation > 0.1 else 0.93) < ratio < 1.07


def quarters(mean, adaptation, dispersion, total, *, n_draws=150_000, seed=0):
    """Simulate months of quarters whose total comes close to the figure: (draw, month)."""
    rng = np.random.default_rng(seed)
    one = np.ones(1)
    parameters = Parameters(
        one, 0 * one, adaptation * one, dispersion * one, 0 * one, 0 * one, chains.NO_CEILING * one
    )
    state = State(*(np.full((n_draws, 1), 0.0) for _ in range(2)))
    counts = []
    for each in mean:
        reached, rate = expectations(state, each, 0.0, 0.0, parameters, Links(), np)
        count = negative_binomial_counts(rate, dispersion * one, *rng.normal(size=(2, *rate.shape)))
        news = adaptation * surprise(count, rate, dispersion, np)
        state = advance(state, reached, news, parameters)
        counts.append(count[:, 0])
    found = np.stack(counts, axis=1)
    near = np.abs(found.sum(axis=1) - total) <= 0.01 * total
    return found[near] * (total / found[near].sum(axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("mean", "dispersion", "adaptation", "total", "within"),
    [
        ((200.0, 200.0, 200.0), 10.0, 1e-9, 600, 0.08),
        ((200.0, 200.0, 200.0), 10.0, 1e-9, 800, 0.08),
        ((100.0, 200.0, 300.0), 10.0, 1e-9, 600, 0.42),
        ((200.0, 200.0, 200.0), 10.0, 0.2, 600, 0.25),
        ((20.0, 20.0, 20.0), 3.0, 1e-9, 60, 0.10),
    ],
)
def test_a_quarter_that_is_cut_by_the_figures_of_months(
    mean, dispersion, adaptation, total, within
):
    """The stock is seen monthly, the arrivals by the quarter, those lost monthly.

    Sizes found (simulated ÷ law): for months with one mean and no adaptation, mean and variance
    agree (a Dirichlet-multinomial split, exactly). For months of 100, 200 and 300 the mean is
    within 1.4 %, and the variance 0.62, 1.09 and 1.08 of the law's: the months' gammas have one
    shape and three scales, so that their shares are no Dirichlet's. With an adaptation of 0.2 the
    variance is 0.82–0.84 of the law's, with one of 0.4 0.65–0.76.
    """
    months_of = quarters(mean, adaptation, dispersion, total)
    assert len(months_of) > 1500
    known = chains.layout(
        NET,
        arrive=[("2020-Q2", total)],
        lose=months("2020-04", [7, 8, 9]),
        present=months("2020-03", [1000, 1100, 1200, 1300]),
    )
    means = np.column_stack([(100.0, *mean), np.full(4, 50.0)])
    expected, variance = law(known, means, dispersion=[dispersion, 5.0], adaptation=adaptation)
    found = months_of - np.array([7, 8, 9])
    np.testing.assert_allclose(expected + np.array([7, 8, 9]), total * np.array(mean) / sum(mean))
    np.testing.assert_allclose(found.mean(axis=0), expected, rtol=0.06)
    np.testing.assert_allclose(found.var(axis=0), variance - 1, rtol=within)


def test_two_months_of_a_quarter_vary_as_the_third_one():
    known = chains.layout(
        NET,
        arrive=[("2020-Q2", 600)],
        lose=months("2020-04", [7, 8, 9]),
        present=[("2020-03", 1000), ("2020-05", 1100), ("2020-06", 1200)],
    )
    mean, variance = law(known, np.full((4, 2), 200.0), dispersion=10.0)
    np.testing.assert_allclose(mean, [400 - 15, 200 - 9])
    assert variance[0] == pytest.approx(variance[1])
    split = 600 * (1 / 3) * (2 / 3) * (600 + 30) / 31
    assert variance[0] == pytest.approx(split + 1)


def test_a_whole_quarter_is_known_exactly():
    known = chains.layout(
        NET,
        arrive=[("2020-Q2", 600)],
        lose=months("2020-04", [7, 8, 9]),
        present=[("2020-03", 1000), ("2020-06", 1200, 50)],
    )
    mean, variance = law(known, np.full((4, 2), 123.0), dispersion=10.0, unrecorded=2.0)
    np.testing.assert_allclose(mean, [600 - 24])
    np.testing.assert_allclose(variance, [1 + 50**2 / 12 + 3 * 2.0**2])


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.data())
def test_every_figure_of_a_stock_after_its_first_ends_one_row(data):
    net = data.draw(chains.random_networks())
    figures = data.draw(random_figures(net))
    if not figures:
        return
    known = chains.layout(net, **figures)
    rows = row_arrays(known, known)
    table = known.table
    expected = []
    for k, name in enumerate(net.stock_names):
        own = table[table["series"] == name]
        at = known.periods.get_indexer(own["end"].dt.to_period("M"))
        change = np.diff(own["value"])
        expected += [(a, b, v, k) for a, b, v in zip(at[:-1], at[1:], change, strict=True)]
    found = []
    if rows:
        found = [
            (first, last, change, stocks.argmax())
            for first, last, change, stocks in zip(
                rows["row_first"],
                rows["row_last"],
                rows["row_change"],
                rows["row_stocks"],
                strict=True,
            )
        ]
        assert (rows["row_weight"] == 1).all()
        assert (rows["row_stocks"].sum(axis=1) == 1).all()
    assert found == expected


def test_a_sum_whose_members_have_figures_makes_no_row():
    """All figures are known in January and February, that of the second stock not in March."""
    net = network(
        flow("arrive", enters="a"),
        flow("move", leaves="a", enters="b"),
        stocks=[stock("a"), stock("b")],
        sums=[{"name": "all", "of": ["a", "b"]}],
    )
    known = chains.layout(
        net,
        arrive=months("2020-01", [10, 10, 10]),
        a=months("2020-01", [100, 101, 102]),
        b=months("2020-01", [50, 51]),
        all=months("2020-01", [150, 152, 160]),
    )
    rows = row_arrays(known, known)
    found = list(zip(rows["row_first"], rows["row_last"], rows["row_stocks"].tolist(), strict=True))
    assert found[:4] == [(0, 1, [1, 0]), (1, 2, [1, 0]), (0, 1, [0, 1]), (1, 2, [1, 1])]
    assert rows["row_weight"].tolist() == [1, 1, 1, 1, 0]  # as if the sum told twice
    assert known.unused == ("all 2020-01: its members' own figures tell it",)


def test_a_figure_counted_apart_varies_in_a_row_as_a_split_does():
    """A quarter in which the stock is first seen: its months are known no better than others'."""
    net = network(
        flow("arrive", enters="there"), flow("go", leaves="there"), stocks=[stock("there")]
    )
    known = chains.layout(
        net,
        arrive=months("2020-01", [300] * 12),
        go=[(f"2020-Q{quarter}", 900) for quarter in (1, 2, 3, 4)],
        there=months("2020-01", [3000] * 12),
    )
    assert (~np.isnan(known.windows.apart[:3, 1])).all()
    mean = np.full((12, 2), 300.0)
    _, variance = law(known, mean, dispersion=8.0, adaptation=0.1, unrecorded=0.0)
    assert variance[0] == pytest.approx(variance[3], rel=0.5)
    assert variance[0] > 1000


def test_rows_between_the_same_two_dates_are_normal_together():
    """Nobody sees who moves between two stocks, nor leaves; their sum is seen a while, too."""
    net = network(
        flow("arrive", enters="a"),
        flow("move", leaves="a", enters="b"),
        flow("lose", leaves="a"),
        flow("leave", leaves="b"),
        flow("enter", enters="c"),
        stocks=[stock("a"), stock("b"), stock("c")],
        sums=[{"name": "all", "of": ["a", "b", "c"]}],
    )
    known = chains.layout(
        net,
        arrive=months("2020-01", [100] * 5),
        a=months("2020-01", [1000, 1010, 1020, 1010]),
        b=months("2020-01", [500, 510, 530, 520, 540]),
        c=months("2020-02", [50]),
        all=[*months("2020-01", [1600, 1640]), ("2020-05", 1660)],
    )
    mean = np.tile([100.0, 90.0, 20.0, 80.0, 10.0], (5, 1))
    rows = row_arrays(known, known)
    expected, variance, error, left = laws(known, mean, dispersion=5.0, unrecorded=30.0)
    flows = mean[0] + mean[0] ** 2 / 5
    flows[0] = 0.0
    signed = rows["row_stocks"] @ known.structure.change.T
    between = np.stack([rows["row_first"], rows["row_last"]], axis=1)
    blocks = {tuple(each): np.all(between == each, axis=1) for each in between.tolist()}
    assert max(each.sum() for each in blocks.values()) == 3
    for (first, last), chosen in blocks.items():
        if last > first + 1:
            assert chosen.sum() == 1
            continue
        together = (signed[chosen] * flows) @ signed[chosen].T
        together += 900.0 * rows["row_stocks"][chosen] @ rows["row_stocks"][chosen].T
        together += np.eye(chosen.sum())
        np.testing.assert_allclose(variance[chosen], np.diag(together))
        found = stats.norm.logpdf(error[chosen], 0, np.sqrt(left[chosen])).sum()
        surplus = rows["row_change"][chosen] - expected[chosen]
        assert found == pytest.approx(stats.multivariate_normal.logpdf(surplus, cov=together))


def test_rows_of_stocks_that_nothing_ties_are_not_joined():
    """Two steps side by side: none of the rows of the one is told of by the other."""
    steps = [
        (flow(f"arrive_{s}", enters=s), flow(f"lose_{s}", leaves=s), flow(f"move_{s}", leaves=s))
        for s in "ab"
    ]
    net = network(*(each for step in steps for each in step), stocks=[stock("a"), stock("b")])
    figures = {name: months("2020-01", [10, 12, 11]) for name in ("arrive_a", "arrive_b", "a", "b")}
    known = chains.layout(net, **figures)
    rows = row_arrays(known, known)
    assert rows["row_first"].tolist() == [0, 1, 0, 1]
    assert "row_beside" not in rows
    named = np.array(known.structure.names)[rows["row_flows"]]
    assert named[0].tolist() == ["arrive_a", "lose_a", "move_a"]
    assert rows["row_signs"].tolist() == [[1, -1, -1]] * 4


def test_a_shorter_panel_may_use_more_figures_of_flows():
    """Its ``initial`` of a stock holds until the first figure, which the shorter panel has not."""
    net = network(flow("arrive", enters="a"), flow("leave", leaves="a"), stocks=[stock("a", 1000)])
    full = chains.panel(
        net,
        arrive=months("2020-01", [100] * 24),
        leave=[*months("2020-01", [40, 45] * 9), ("2021-H2", 300)],
        a=months("2021-10", [1000] * 3),
    )
    short = full.until("2021-06")
    longest = Layout.of(full)
    assert longest.levels.tracked > longest.restricted_to(short).levels.tracked
    spec = resolve(ModelSpec(net, harmonics=0), short)
    of_full, of_short = (arrays(spec, longest, panel) for panel in (full, short))
    assert of_short["exact_weight"].sum() > of_full["exact_weight"].sum()
    shapes = [{name: each.shape for name, each in of.items()} for of in (of_full, of_short)]
    assert shapes[0] == shapes[1]


def test_a_shorter_panel_may_have_more_rows():
    """In it a stock's first level lies on a straight line between figures of a sum."""
    net = network(
        flow("in_a", enters="a"),
        flow("in_b", enters="b"),
        stocks=[stock("a"), stock("b")],
        sums=[{"name": "both", "of": ["a", "b"]}],
    )
    dates = ("2020-02", "2020-07", "2020-10", "2021-02", "2021-06")
    full = chains.panel(
        net,
        in_a=months("2020-01", [100] * 24),
        in_b=months("2020-01", [100] * 24),
        both=list(zip(dates, (2000, 2500, 2600, 2700, 2700), strict=True)),
        b=[("2020-05", 1000), ("2021-06", 1200)],
    )
    longest = Layout.of(full)
    known = longest.restricted_to(full.until("2021-03"))
    assert len(known.accounts.accounts) > len(longest.accounts.accounts)
    rows = row_arrays(known, longest)
    assert len(rows["row_first"]) == len(row_arrays(longest, longest)["row_first"])
    assert rows["row_weight"].sum() == len(known.accounts.accounts)
