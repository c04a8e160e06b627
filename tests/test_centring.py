"""How unknowns are sampled steers the sampler; the prior and the posterior stay what they are."""

import backlog
import numpy as np
import pandas as pd
import pymc as pm
import pytest
import small_chain

from mppbayes import names
from mppbayes.model import ModelSpec, resolve
from mppbayes.model.arrays import arrays
from mppbayes.model.centring import sharpness, shock_centring, shock_weights
from mppbayes.model.graph import build
from mppbayes.model.layout import Layout
from mppbayes.panel import read_panel

CRISIS = "2023-10"


@pytest.fixture(scope="module")
def panel():
    """The small chain, with a month in which all flows triple."""
    table = small_chain.table()
    table.loc[table["period"] == CRISIS, "value"] *= 3
    return read_panel(table, small_chain.network())


@pytest.fixture(scope="module")
def known(panel):
    return Layout.of(panel)


def test_the_long_run_level_is_centred_by_the_years_that_tell_of_it():
    """Those of its own figures, or, of a flow never seen, of the stock that it leaves."""
    panel = read_panel(backlog.table(), backlog.network())

    def sharp(until):
        known = Layout.of(panel.until(until))
        spec = resolve(ModelSpec(panel.network, harmonics=0), panel.until(until))
        level = sharpness(known, spec)[names.PARAMETERS.index(names.MEAN_LEVEL)]
        return pd.Series(level, known.structure.names)

    three, one = sharp("2024-12"), sharp("2022-12")
    assert three["decisions"] > three["applications"] > 0
    assert three["withdrawals"] == pytest.approx(three["decisions"], rel=0.05)
    np.testing.assert_allclose(
        three / one, np.sqrt(3), rtol=0.15
    )  # the first quarter tells nothing


def test_a_common_movement_stands_out(known):
    centring = pd.Series(shock_centring(known), known.periods.astype(str))
    after = str(pd.Period(CRISIS, "M") + 1)
    calm = centring.drop([CRISIS, after])
    assert centring[[CRISIS, after]].min() > calm.max()
    assert calm.min() >= 0.3
    assert centring.max() < 1


def test_later_periods_than_the_evidence_are_not_centred(panel, known):
    shorter = known.restricted_to(panel.until("2023-12"))
    centring = shock_centring(shorter)
    assert (centring[shorter.time > "2023-12-01"] == 0).all()
    assert (centring[shorter.time <= "2023-12-01"] > 0).all()


def test_flows_weigh_by_their_single_figures(known):
    weights = shock_weights(known)
    assert weights.sum() == pytest.approx(1)
    n_seen = known.windows.single.sum(axis=0)
    np.testing.assert_allclose(weights, n_seen / n_seen.sum())


def test_the_shock_has_its_prior_whatever_its_centring(panel, known):
    """Variance 1, and independent of how strongly flows feel it, also in a crisis."""
    spec = resolve(ModelSpec(panel.network, harmonics=0), panel)
    model = build(spec, known, arrays(spec, known, panel))
    shock, loading = pm.draw(
        [model["common_shock"], model["shock_loading"]], draws=4000, random_seed=1
    )
    size = np.abs(shock)
    assert size.mean() == pytest.approx(np.abs(_mixture(spec, 10**6)).mean(), rel=0.01)
    felt = np.log(loading).mean(axis=1)
    correlation = [np.corrcoef(size[:, t], felt)[0, 1] for t in range(size.shape[1])]
    assert np.abs(correlation).max() < 0.07


def _mixture(spec: ModelSpec, n: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.choice(spec.shock.scales, size=n, p=spec.shock.weights) * rng.normal(size=n)
