"""A declared stay: the hazard of those who leave a stock of which nothing is seen."""

import chains
import numpy as np
import pymc as pm
import pytest
from chains import flow, network, stock

from mppbayes import names
from mppbayes.model import ModelSpec, resolve
from mppbayes.model.arrays import arrays
from mppbayes.model.graph import build
from mppbayes.model.layout import Layout

STAY = {"mean": 6.0, "sd": 2.0}
LOG_SD = np.sqrt(np.log1p((2 / 6) ** 2))
MEDIAN = 6 * np.exp(-(LOG_SD**2) / 2)


def model_of(*flows):
    net = network(flow("arrive", enters="present"), *flows, stocks=[stock("present", 500)])
    evidence = chains.panel(net, arrive=chains.months("2020-01", [100.0] * 12))
    spec, known = resolve(ModelSpec(net, harmonics=1), evidence), Layout.of(evidence)
    return build(spec, known, arrays(spec, known, evidence))


@pytest.fixture(scope="module")
def mixed():
    return model_of(flow("leave", leaves="present", stay=STAY), flow("fall_away", leaves="present"))


@pytest.fixture(scope="module")
def alone():
    return model_of(flow("leave", leaves="present", stay=STAY))


def stays(model, which=names.MEAN_LEVEL):
    levels = pm.draw(model[which], draws=4000, random_seed=1)
    return dict(zip(model.coords[names.FLOW], np.exp(-levels.T), strict=True))


@pytest.mark.parametrize("network", ["mixed", "alone"])
@pytest.mark.parametrize("which", [names.MEAN_LEVEL, names.INITIAL_LEVEL])
def test_before_any_figure_the_hazard_is_that_of_the_stay(request, network, which):
    """At the beginning and in the long run, whoever else leaves."""
    found = stays(request.getfixturevalue(network), which)["leave"]
    assert np.median(found) == pytest.approx(MEDIAN, rel=0.03)
    assert np.log(found).std() == pytest.approx(LOG_SD, rel=0.05)


def test_without_a_stay_it_may_be_almost_anything(mixed):
    assert np.log(stays(mixed)["fall_away"]).std() > 3 * LOG_SD


def test_a_stay_makes_a_hazard_however_many_are_there(mixed):
    assert list(mixed.coords[names.LEAVING]) == ["fall_away"]


def test_where_all_who_leave_have_stays_no_elasticity_is_unknown(alone):
    assert names.ELASTICITY not in alone.named_vars
    assert names.LEAVING not in alone.coords
