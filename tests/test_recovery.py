"""Long checks: known parameters are recovered, and pooling helps (``make slow``)."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import mppbayes as mpp
from mppbayes import names
from mppbayes.model import prior_predictive, resolve

pytestmark = pytest.mark.slow

N_MONTHS = 96
ENOUGH = mpp.Limits(rhat=1.05, ess=100, divergences=20)  # for coverage, not for publication
PARAMETERS = ("mean_level", "adaptation", "dispersion", "shock_loading", "seasonal_amplitude")


def crossed_network() -> mpp.Network:
    """Seven organisations, each with one flow in each of four blocks."""
    flows = [
        {
            "name": f"flow_{organisation.lower()}_{block}",
            "organisation": organisation,
            "block": block,
            "kind": "inflow",
            "unit": "persons",
        }
        for organisation in "ABCDEFG"
        for block in (1, 2, 3, 4)
    ]
    return mpp.Network.from_dict(
        {
            "schema": 1,
            "name": "seven by four",
            "organisation": [{"name": name} for name in "ABCDEFG"],
            "block": [{"number": number} for number in (1, 2, 3, 4)],
            "flow": flows,
        }
    )


def as_panel(network: mpp.Network, counts: np.ndarray) -> mpp.Panel:
    """Make a panel of an array (time, flow); NaN is a gap."""
    periods = pd.period_range("2016-01", periods=len(counts), freq="M").astype(str)
    wide = pd.DataFrame(counts, columns=network.flow_names).assign(period=periods)
    long = wide.melt(id_vars="period", var_name="series", value_name="value")
    return mpp.read_panel(long, network)


def truth_and_panels(n_panels: int) -> tuple[mpp.ModelSpec, list[tuple[xr.Dataset, mpp.Panel]]]:
    """Draw parameters and histories from the prior, with fixed mean levels and ceilings."""
    network = crossed_network()
    levels = {name: np.log(100.0) for name in network.flow_names}
    spec = mpp.ModelSpec(
        network, mean_levels=levels, ceilings=dict.fromkeys(network.flow_names, 1e5)
    )
    span = as_panel(network, np.full((N_MONTHS, len(network.flow_names)), 100.0))
    truth = prior_predictive(spec, span, draws=n_panels, seed=11)
    return resolve(spec, span), [
        (one := truth.isel(chain=0, draw=i), as_panel(network, one["flows"].values.astype(float)))
        for i in range(n_panels)
    ]


@pytest.fixture(scope="module")
def recovered() -> list[tuple[xr.Dataset, mpp.Fit]]:
    spec, panels = truth_and_panels(4)
    compiled = mpp.compile_model(spec, panels[0][1])
    return [
        (truth, mpp.fit(spec, panel, seed=1, compiled=compiled, limits=ENOUGH, progress=False))
        for truth, panel in panels
    ]


def inside(truth: xr.Dataset, fit: mpp.Fit, name: str, coverage: float) -> np.ndarray:
    """Say which true values lie in the central posterior interval."""
    tails = [(1 - coverage) / 2, (1 + coverage) / 2]
    low, high = fit.posterior[name].quantile(tails, dim=("chain", "draw")).values
    return (low <= truth[name].values) & (truth[name].values <= high)


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
def test_intervals_of_flow_parameters_hold_what_they_say(recovered, coverage):
    """112 values a parameter in four panels; limits by the spread between panels."""
    by_panel = np.array(
        [
            [inside(truth, fit, name, coverage).mean() for name in PARAMETERS]
            for truth, fit in recovered
        ]
    )
    found = by_panel.mean()
    error = by_panel.mean(axis=1).std(ddof=1) / np.sqrt(len(by_panel))
    print(f"coverage of {coverage:.0%} intervals: {found:.3f} ± {error:.3f}")
    assert abs(found - coverage) < max(3 * error, 0.06)


def test_the_means_of_the_hierarchy_are_recovered(recovered):
    z = np.concatenate(
        [
            (
                (fit.posterior[names.MEAN].mean(("chain", "draw")) - truth[names.MEAN])
                / fit.posterior[names.MEAN].std(("chain", "draw"))
            ).values
            for truth, fit in recovered
        ]
    )
    print("z of the means:", np.sqrt((z**2).mean()))
    assert np.sqrt((z**2).mean()) < 1.6


def test_flows_with_little_history_are_forecast_better_with_pooling():
    """CRPS of log(1 + yearly sum), paired: pooled against each flow apart."""
    spec, panels = truth_and_panels(3)
    short = np.arange(len(spec.network.flow_names)) % 4 == 0
    apart = mpp.ModelSpec(
        spec.network,
        pooling=dict.fromkeys(names.PARAMETERS, ()),
        mean_levels=spec.mean_levels,
        ceilings=spec.ceilings,
    )
    scores: dict[str, list[np.ndarray]] = {"pooled": [], "apart": []}
    for _, panel in panels:
        counts = panel.counts()["value"].values
        known = counts[:-12].copy()
        known[:-6, short] = np.nan
        future = np.log1p(counts[-12:].sum(axis=0))
        for name, chosen in (("pooled", spec), ("apart", apart)):
            fit = mpp.fit(
                chosen, as_panel(spec.network, known), seed=1, limits=ENOUGH, progress=False
            )
            drawn = mpp.forecast(fit, until="2023-12", seed=2)
            year = drawn.flows.sel(time="2023").sum("time").stack(sample=("chain", "draw"))
            scores[name].append(crps(np.log1p(year.values), future)[short])
    gain = np.concatenate(scores["apart"]) - np.concatenate(scores["pooled"])
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    print(f"gain in CRPS by pooling: {gain.mean():.4f} ± {error:.4f} ({len(gain)} flows)")
    assert gain.mean() > 0


def crps(draws: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Continuous ranked probability score of draws (flow, sample)."""
    ordered = np.sort(draws, axis=1)
    n = ordered.shape[1]
    weights = (2 * np.arange(1, n + 1) - n - 1) / n**2
    return np.abs(ordered - outcome[:, None]).mean(axis=1) - (ordered * weights).sum(axis=1)
