"""What yearly figures of a source leave in doubt of its months, against simulated months."""

import chains
import numpy as np
import pytest
from chains import flow, months, network, route

from mppbayes.model.laws import in_doubt
from mppbayes.model.replay import doubts
from mppbayes.model.timing import Behind

N_TIME, N_DRAWS = 36, 4000
LEVEL = {"whole": np.log(2000.0), "part": np.log(0.4 / 0.6), "arrive": np.log(0.3)}


def chain(source):
    return network(
        flow("whole"),
        flow("part", part_of="whole"),
        flow("others", part_of="whole", rest=True),
        flow("arrive", route=[route(source, 2, 1)]),
    )


def yearly(values):
    return [(str(2020 + year), int(v)) for year, v in enumerate(values.reshape(3, 12).sum(axis=1))]


SEASON = 1 + 0.5 * np.sin(2 * np.pi * np.arange(12) / 12)


def test_months_of_a_part_differ_from_its_share_of_a_seasonal_whole_as_said():
    """The whole is seen by months, the part by years: within 15 %."""
    net = chain("part")
    given = {"level": LEVEL, "adaptation": 0.1, "dispersion": {"whole": chains.QUIET, "part": 90.0}}
    truth = chains.draws(net, N_DRAWS, N_TIME, **given)
    truth.season[:, :, 0] = np.log(SEASON)
    whole, part, _ = np.moveaxis(chains.run(net, truth).counts, -1, 0).astype(float)
    by_year = [each.reshape(-1, 3, 12).sum(axis=2) for each in (part, whole)]
    spread = whole * np.repeat(by_year[0] / by_year[1], 12, axis=1)
    usual = np.round(2000 * np.tile(SEASON, 3))
    figures = {"whole": months("2020-01", usual), "part": yearly(0.4 * usual)}
    compare(net, truth, part, spread, figures)


def compare(net, truth, came, thought, figures):
    """Hold the squared error of what arrivals are counted over, relative, against what is said."""
    (weights,) = truth.weights.values()
    error, over = (
        np.apply_along_axis(np.convolve, 1, each, weights[0])[:, :N_TIME]
        for each in (came - thought, thought)
    )
    squared = ((error / over) ** 2).mean(axis=0)
    known = chains.layout(net, arrive=months("2020-01", [500] * N_TIME), **figures)
    ratio = squared[12:] / doubts(truth, known)[0, 12:, 2]
    assert ratio.mean() == pytest.approx(1, abs=0.05)
    assert np.abs(ratio - 1).max() < 0.15


@pytest.mark.parametrize("adaptation", [1e-6, 0.1, 0.3])
@pytest.mark.parametrize("source", ["whole", "part", "others"])
def test_months_differ_from_an_even_year_as_said(source, adaptation):
    """Whole and part are seen by years: within 15 %."""
    net = chain(source)
    dispersion = {"whole": 60.0, "part": 90.0}
    given = {"level": LEVEL, "adaptation": adaptation, "dispersion": dispersion}
    truth = chains.draws(net, N_DRAWS, N_TIME, **given)
    whole, part, _ = np.moveaxis(chains.run(net, truth).counts[:, :N_TIME], -1, 0)
    came = {"whole": whole, "part": part, "others": whole - part}[source].astype(float)
    even = np.repeat(came.reshape(-1, 3, 12).mean(axis=2), 12, axis=1)
    usual = np.full(N_TIME, 2000.0)
    figures = {"whole": yearly(usual), "part": yearly(0.4 * usual)}
    compare(net, truth, came, even, figures)


def test_nothing_is_in_doubt_of_a_source_that_is_seen_by_months():
    net = chain("others")
    by_months = {"whole": months("2020-01", [2000] * 24), "part": months("2020-01", [800] * 24)}
    known = chains.layout(net, arrive=months("2020-01", [300] * 24), **by_months)
    assert Behind.of(known) is None
    by_years = {"whole": months("2020-01", [2000] * 24), "part": [("2020", 9600), ("2021", 9600)]}
    known = chains.layout(net, arrive=months("2020-01", [300] * 24), **by_years)
    assert [known.structure.names[j] for j in Behind.of(known).source] == ["part"]


def test_nothing_is_added_to_a_year_of_the_flow_itself():
    net = chain("whole")
    figures = {"whole": yearly(np.full(36, 2000)), "arrive": yearly(np.full(36, 600))}
    known = chains.layout(net, **figures)
    truth = chains.draws(net, 2, N_TIME, level=LEVEL, adaptation=0.1, dispersion=10.0)
    assert (doubts(truth, known) == 0).all()


@pytest.mark.parametrize("mean", [0.5, 20.0, 3000.0])
@pytest.mark.parametrize("doubt", [0.0, 0.003, 0.1, 2.0])
@pytest.mark.parametrize("adaptation", [0.05, 0.3, 0.9])
def test_what_is_learned_in_doubt_is_the_filters_steady_gain(adaptation, doubt, mean):
    """Kalman's variance of the level, one period after the other, until it stays."""
    dispersion = 8.0
    gain, shape = in_doubt(np.array(adaptation), dispersion, mean, np.array(doubt), np)
    felt = adaptation * mean / (mean + 1)
    own, level = 1 / max(mean, 0.5) + 1 / dispersion, 0.0
    for _ in range(20_000):
        seen = own + doubt + level
        level += felt**2 * own - (felt * own + level) ** 2 / seen
    seen = own + doubt + level
    assert 1 / shape == pytest.approx(1 / dispersion + doubt + level, rel=1e-6)
    assert gain * mean / (mean + 1) == pytest.approx((felt * own + level) / seen, rel=1e-6)


def test_without_doubt_nothing_changes():
    gain, shape = in_doubt(np.array(0.3), np.array(7.0), np.array(40.0), np.array(0.0), np)
    assert (gain, shape) == (pytest.approx(0.3), pytest.approx(7.0))
