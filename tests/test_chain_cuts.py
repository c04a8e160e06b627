"""What a stock tells of an unseen flow amid a longer figure, and what it leaves unknown."""

import chains
import numpy as np
import pytensor.tensor as pt
import pytest
from chains import flow, months, network, stock

from mppbayes.model.arrays import evidence_arrays
from mppbayes.model.balance import OWN
from mppbayes.model.closings import of_cuts
from mppbayes.model.passage import passage
from mppbayes.model.period import Chance, Seen, beginning, ties
from mppbayes.model.replay import replay
from mppbayes.model.rows import Rows, row_arrays, row_law
from mppbayes.model.step import Parameters, bias

NET = network(
    flow("arrive", enters="present"),
    flow("lose", leaves="present"),
    stocks=[stock("present", 1000.0)],
)
QUARTERS = [("2020-Q1", 300), ("2020-Q2", 390), ("2020-Q3", 270)]


@pytest.mark.parametrize(
    ("present", "cuts"),
    [
        (months("2020-03", [1000] * 7), True),
        ([("2020-02", 1000), ("2020-05", 1000)], True),
        ([("2020-03", 1000), ("2020-06", 1000), ("2020-09", 1000)], False),
    ],
    ids=["months", "across", "uncut"],
)
def test_a_cut_figure_varies_where_flows_learn_as_it_does_in_a_row(present, cuts):
    """Evenly spread, with a dispersion of 5 a month: both are the variance of the same split."""
    known = chains.layout(NET, arrive=QUARTERS, present=present)
    data = evidence_arrays(known, known)
    noise = of_cuts(data, known, np.full((1, 2), 5.0))[0, :, 0]
    at = np.flatnonzero(known.levels.seen[:, 0])
    rows = Rows(**{k.removeprefix("row_"): v for k, v in row_arrays(known, known).items()})
    mean = np.where(known.windows.inside, 100.0, 0.0)
    plain = Parameters(*(pt.constant(np.zeros(2)) for _ in Parameters._fields))
    with chains.plainly() as mode:
        _, variance, _ = row_law(
            pt.constant(mean),
            pt.constant(known.windows.value),
            Rows(*(None if each is None else pt.constant(each) for each in rows)),
            parameters=plain._replace(
                dispersion=pt.constant(np.full(mean.shape, 5.0)), adaptation=pt.constant([0.0, 0.0])
            ),
            unrecorded=pt.constant([0.0]),
            unsure=pt.zeros(mean.shape),
        )
        of_rows = variance.eval(mode=mode) - OWN
    np.testing.assert_allclose(noise[at[1:]], of_rows, rtol=1e-6, atol=1e-6)
    assert (noise[at[1:]] > 100).any() == cuts


def test_the_months_of_a_quarter_tell_each_of_an_unseen_flow():
    """Of what a month of the stock exceeds the flows by, what arrives in a quarter has its part."""
    known = chains.layout(NET, arrive=QUARTERS, present=months("2020-03", [1000, 900, 900, 900]))
    level = {"arrive": np.log(130.0), "lose": np.log(0.1)}
    past = replay(
        chains.draws(NET, 1, len(known.time), level=level, stock=1000.0, dispersion=5.0), known
    )
    april = known.periods.get_loc("2020-04")
    expected, other = past.mean[0, april, 1], 130 * 2 / 3 * (390 + 15) / 16
    variance = expected + expected**2 / 5
    told = (130 + 100 - expected) * variance / (variance + other + OWN)
    assert past.counts[0, april, 1] == pytest.approx(expected + told, abs=1)


@pytest.mark.parametrize("others", [0.0, 1.0, 4.0])
@pytest.mark.parametrize(("adaptation", "persistence"), [(0.3, 1.0), (0.3, 0.9), (0.05, 0.99)])
def test_what_is_left_unknown_of_a_level_is_its_variance(others, adaptation, persistence):
    """The level of a flow that only a stock tells of, which others change too, 24 months on.

    The others' variance is so many times that of the flow's own chance.
    """
    rng, n, dispersion, expected, size = np.random.default_rng(4), 4000, 20.0, 500.0, 1e7
    n_time = 25
    known = chains.layout(
        NET, arrive=months("2020-01", [0] * n_time), present=months("2020-01", [size] * n_time)
    )
    sd = np.sqrt(others * (expected + expected**2 / dispersion))
    start = np.log(-np.log1p(-expected / size))
    parameters = chains.draws(
        NET,
        n,
        n_time,
        level={"arrive": 0.0, "lose": start},
        adaptation=adaptation,
        persistence=persistence,
        dispersion=dispersion,
        stock=size,
        unrecorded=sd,
    )
    tied = ties(known.structure, parameters.size, known.levels.members)
    data = evidence_arrays(known, known)
    first = carried = beginning(
        known.structure, known.is_coarse, parameters.initial, parameters.stock, np
    )
    chance = Chance(np.zeros((n, 1)), 0.0, parameters.elasticity, parameters.unrecorded)
    level = np.full(n, start)
    for t in range(n_time):
        seen = Seen(**{name: data[name][t] for name in Seen._fields if name in data})
        if t:
            mean = size * np.exp(level)
            count = rng.poisson(mean * rng.gamma(dispersion, 1 / dispersion, n))
            level = start + persistence * (level - start)
            level += adaptation * (np.log((count + 1) / (mean + 1)) + bias(mean, dispersion))
            change = -count + rng.normal(0, sd, n)
            change = change[:, None]
            seen = seen._replace(present=size + change, change=change, before_seen=np.array([True]))
            carried = carried._replace(stock=np.full((n, 1), size))
        now = parameters.at(known.periods[t])
        carried, _ = passage(carried, first, seen, chance, now, tied, np)
    error = carried.level[:, 1] - level
    unsure = carried.unsure[:, 1] / persistence**2
    if not others:
        assert unsure.max() < 1e-4
        return
    assert abs(error.mean()) < 0.1 * error.std()
    assert error.var() == pytest.approx(unsure.mean(), rel=0.15)
