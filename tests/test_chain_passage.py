"""The past: where stocks stand between their figures, and what these tell of unseen flows."""

import chains
import numpy as np
import pytest
from chains import flow, months, network, stock

from mppbayes.model.positive import bounded, some
from mppbayes.model.replay import replay
from mppbayes.model.step import surprise

ENDS = ("2020-03", "2020-06", "2020-09")


def balance(arrive, present, *, outflows=("lose",), level=None, dispersion=2.0):
    """Replay a chain whose outflows are never seen; give their counts by period, and the stock."""
    net = network(
        flow("arrive", enters="present"),
        *(flow(name, leaves="present") for name in outflows),
        stocks=[stock("present", 1000.0)],
    )
    known = chains.layout(net, arrive=arrive, present=present)
    level = {"arrive": np.log(150.0)} | (level or dict.fromkeys(outflows, np.log(0.1)))
    parameters = chains.draws(
        net, 1, len(known.time), level=level, stock=1000.0, adaptation=0.1, dispersion=dispersion
    )
    past = replay(parameters, known)
    return known, past, parameters


def of_rows(known, past, flow_at):
    """Sum the counts of a flow over each of its rows: (last month, count)."""
    cut = known.windows
    return {
        str(known.periods[last]): past.counts[
            0, last - cut.length[last, flow_at] + 1 : last + 1, flow_at
        ].sum()
        for last in np.flatnonzero(cut.row[:, flow_at])
    }


@pytest.mark.parametrize(
    ("arrive", "present", "expected"),
    [
        (
            months("2020-01", [100, 110, 120, 130]),
            months("2020-01", [1000, 1020, 1090, 1100]),
            {"2020-02": 90, "2020-03": 50, "2020-04": 120},
        ),
        (  # the stock by quarters, what arrives by months
            months("2020-01", [100] * 9),
            [(end, 1000 + 60 * i) for i, end in enumerate(ENDS)],
            {"2020-06": 240, "2020-09": 240},
        ),
        (  # what arrives by quarters, of which no figure of the stock cuts one
            [("2020-Q1", 300), ("2020-Q2", 390), ("2020-Q3", 270)],
            [(end, 1000 + 60 * i) for i, end in enumerate(ENDS)],
            {"2020-06": 330, "2020-09": 210},
        ),
    ],
    ids=["months", "stock by quarters", "both by quarters"],
)
def test_a_flow_that_is_never_seen_closes_the_balance(arrive, present, expected):
    """What arrived less what the stock grew by, but for rounding."""
    known, past, _ = balance(arrive, present)
    found = of_rows(known, past, 1)
    assert found == pytest.approx(expected, rel=0.01)


def test_flows_that_are_never_seen_share_the_balance_by_their_variances():
    """With means of 71 and 24 and dispersion 5 the variances are 1,090 and 137; 190 were gone."""
    level = {"few": np.log(0.025), "many": np.log(0.075)}
    hazard = {name: np.exp(each) for name, each in level.items()}
    _, past, _ = balance(
        months("2020-01", [100, 100]),
        months("2020-01", [1000, 910]),
        outflows=("few", "many"),
        level=level,
        dispersion=5.0,
    )
    taken = 1000 * -np.expm1(-0.1)
    mean = {name: taken * each / 0.1 for name, each in hazard.items()}
    variance = {name: each + each**2 / 5 for name, each in mean.items()}
    total = sum(variance.values()) + 1
    for at, name in ((1, "few"), (2, "many")):
        share = variance[name] / total * (190 - taken)
        assert past.counts[0, 1, at] == pytest.approx(mean[name] + share, rel=1e-3)


@pytest.mark.parametrize(("shape", "least"), [(50.0, 500.5), (1.0, 1001 * np.exp(-2.001))])
def test_what_a_stock_tells_of_a_flow_is_exact_as_far_as_it_is_plausible(shape, least):
    """Down to half of 1,000 where a flow varies little, to two deviations of one that does."""
    told = np.linspace(-5000, 3000, 801)
    count = some(told, 1000.0, shape, np)
    np.testing.assert_allclose(count[told >= least], told[told >= least])
    slope = np.diff(np.log(count)) / np.diff(told)
    assert (slope > 0).all()
    assert slope.max() < 1.05 / least


@pytest.mark.parametrize("mean", [20.0, 1000.0])
@pytest.mark.parametrize("shape", [1.0, 4.0, 20.0])
def test_what_stocks_tell_exactly_moves_a_level_neither_up_nor_down(mean, shape):
    """Were few taken for more, the surprises would have a mean, and the level would drift."""
    rng = np.random.default_rng(1)
    counts = rng.poisson(mean * rng.gamma(shape, 1 / shape, 200_000))
    news = surprise(some(counts, mean, shape, np), mean, shape, np)
    assert news.mean() == pytest.approx(0, abs=0.04)
    assert news.std() == pytest.approx(surprise(counts, mean, shape, np).std(), rel=0.2)


def test_a_stock_goes_evenly_from_figure_to_figure_and_on_from_its_last():
    """Of 1060 − 990 − (120 + 130) half a month; after the last figure what is expected."""
    known, past, parameters = balance(
        months("2020-01", [100, 110, 120, 130, 140]), [("2020-02", 990), ("2020-04", 1060)]
    )
    lost = past.mean[0, :, 1]
    assert past.stock[0, 1, 0] == 990
    assert past.stock[0, 2, 0] == 990 + 120 - 180 / 2
    assert past.stock[0, 3, 0] == 1060
    assert past.stock[0, 4, 0] == pytest.approx(1060 + 140 - lost[4])
    inside = bounded(past.stock[0, 2], np.array([False]), parameters.size, np)[0]
    assert inside == pytest.approx(past.stock[0, 2, 0], rel=1e-3)
    assert lost[3] == pytest.approx(inside * -np.expm1(-0.1), rel=1e-9)
    assert known.levels.tracked.tolist() == [1]


def test_a_figure_counts_as_it_is_however_small():
    """Of a stock that all but emptied, 20 where 840 are usual, about a tenth leaves."""
    levels = [("2020-02", 1000), ("2020-03", 1500), ("2020-04", 20)]
    known, past, _ = balance(months("2020-01", [100] * 5), levels)
    assert known.levels.reference.tolist() == [840]
    assert past.mean[0, 4, 1] == pytest.approx(20 * 0.1, rel=0.15)


def test_a_quarter_moves_the_stock_evenly_whatever_was_expected():
    known, past, _ = balance([("2020-Q1", 300), ("2020-Q2", 600)], [("2020-03", 1000)])
    lost = past.mean[0, :, 1]
    assert past.mean[0, 3, 0] < 150
    assert past.stock[0, 4, 0] == pytest.approx(1000 + 2 * 200 - lost[3:5].sum(), rel=1e-9)
    assert past.stock[0, 5, 0] == pytest.approx(1000 + 600 - lost[3:6].sum(), rel=1e-9)
    assert len(known.time) == 6


def test_what_is_expected_in_a_year_with_a_figure_does_not_move_the_stock():
    """A hundred times as many are expected as came; put right in December it would be too late."""
    _, past, _ = balance(
        [("2020", 1200), ("2021", 1200)],
        [("2020-12", 1000)],
        level={"arrive": np.log(10_000.0), "out": np.log(0.1)},
        outflows=("out",),
    )
    assert past.mean[0, :12, 0].min() > 5000
    assert 900 < past.stock.min() < past.stock.max() < 1100


def test_a_sum_of_stocks_scales_the_members_that_are_not_seen():
    net = network(
        flow("in_a", enters="a"),
        flow("in_b", enters="b"),
        flow("out_a", leaves="a"),
        flow("out_b", leaves="b"),
        stocks=[stock("a", 300.0), stock("b", 700.0)],
        sums=[{"name": "both", "of": ["a", "b"]}],
    )
    known = chains.layout(
        net,
        in_a=months("2020-01", [0] * 3),
        in_b=months("2020-01", [0] * 3),
        both=[("2020-02", 2000)],
    )
    quiet = dict.fromkeys(("out_a", "out_b"), -40.0)
    parameters = chains.draws(net, 1, 3, level=quiet, stock={"a": 300.0, "b": 700.0})
    past = replay(parameters, known)
    np.testing.assert_allclose(past.stock[0, :, 0], [300, 600, 600], rtol=1e-9)
    np.testing.assert_allclose(past.stock[0, :, 1], [700, 1400, 1400], rtol=1e-9)
