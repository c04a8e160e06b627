"""The step: one function for the likelihood and for simulation."""

import numpy as np
import pymc as pm
import pytest
import small_chain
from scipy import stats

from mppbayes import names
from mppbayes.model import ModelSpec, resolve
from mppbayes.model.arrays import arrays
from mppbayes.model.graph import build, stored
from mppbayes.model.layout import Layout
from mppbayes.model.replay import FlowDraws, replay
from mppbayes.model.step import bias, saturate, surprise
from mppbayes.panel import read_panel


def prior_draws(spec, panel, *, draws=4, seed=3):
    """Parameters from the prior with the graph's own log means of the same draws."""
    import xarray as xr

    layout = Layout.of(panel)
    model = build(spec, layout, arrays(spec, layout, panel))
    wanted = [*stored(model), names.LOG_MEAN]
    values = pm.draw([model[name] for name in wanted], draws=draws, random_seed=seed)
    prior = xr.Dataset(
        {
            name: ((names.CHAIN, names.DRAW, *model.named_vars_to_dims[name]), value[None])
            for name, value in zip(wanted, values, strict=True)
        }
    )
    return layout, prior


def test_graph_and_simulation_agree(small_panel):
    spec = resolve(ModelSpec(small_panel.network), small_panel)
    layout, prior = prior_draws(spec, small_panel)
    assert len(layout.gaps[0]) > 0, "the panel must have gaps, or the test shows too little"
    past = replay(FlowDraws.of(spec, prior), layout)
    np.testing.assert_allclose(past.mean, np.exp(prior[names.LOG_MEAN].values[0]), rtol=1e-9)


def test_a_missing_month_is_not_a_zero(small_panel):
    spec = resolve(ModelSpec(small_panel.network), small_panel)
    gap_time, gap_flow = Layout.of(small_panel).gaps
    layout, prior = prior_draws(spec, small_panel)
    past = replay(FlowDraws.of(spec, prior), layout)
    table = small_chain.table()
    table.loc[len(table)] = ["a_2", str(layout.periods[gap_time[0]]), 0, 5]
    filled = Layout.of(read_panel(table, small_panel.network))
    other = replay(FlowDraws.of(spec, prior), filled)
    after = gap_time[0] + 1
    assert not np.allclose(past.mean[:, after, gap_flow[0]], other.mean[:, after, gap_flow[0]])
    data = arrays(spec, layout, small_panel)
    assert not data["seen"][gap_time[0], gap_flow[0]]


@pytest.mark.parametrize(("dispersion", "limit"), [(1.0, 0.08), (2.0, 0.036), (10.0, 0.03)])
@pytest.mark.parametrize("mean", [0.05, 0.5, 2.0, 10.0, 100.0, 10_000.0])
def test_the_surprise_is_centred(mean, dispersion, limit):
    law = stats.nbinom(dispersion, dispersion / (dispersion + mean))
    counts = np.arange(int(law.ppf(1 - 1e-10)) + 1)
    expected = (law.pmf(counts) * surprise(counts, mean, dispersion, np)).sum()
    assert abs(expected) < limit


def test_the_bias_term_matters():
    assert bias(100.0, 2.0) > 0.2


def test_a_mean_saturates_smoothly():
    means = np.geomspace(1e-3, 1e9, 200)
    bent = saturate(means, 1000.0, np)
    assert (np.diff(bent) >= -1e-9).all()
    assert bent[-1] == pytest.approx(1000.0)
    np.testing.assert_allclose(bent[means < 200], means[means < 200], rtol=5e-4)
