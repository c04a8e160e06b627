"""Long check: past measures of known size are estimated; their intervals hold (``make slow``)."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import mppbayes as mpp

pytestmark = pytest.mark.slow

N_PANELS = 100
MONTHS = pd.period_range("2016-01", "2019-12", freq="M")
ENOUGH = mpp.Limits(rhat=1.05, ess=100, divergences=20)  # for coverage, not for publication
LIMIT = mpp.PastMeasure("limit", ("visits",), "2018-07", effect=-0.2, doubt=0.3)


@pytest.fixture(scope="module")
def effects(each_once) -> pd.DataFrame:
    """One row a panel: where the truth lies among the draws, and the summary."""
    place = {"organisation": "A", "block": 1, "kind": "inflow", "unit": "persons"}
    network = mpp.Network.from_dict(
        {
            "schema": 1,
            "name": "two flows",
            "organisation": [{"name": "A"}],
            "block": [{"number": 1}],
            "flow": [{"name": name, **place} for name in ("visits", "calls")],
        }
    )
    periods = MONTHS.astype(str)
    span = pd.DataFrame(
        [(name, period, 300) for name in network.flow_names for period in periods],
        columns=["series", "period", "value"],
    )
    spec = mpp.ModelSpec(network, past_measures=(LIMIT,), harmonics=0)
    panel = mpp.read_panel(span, network)
    spec = mpp.resolve(spec, panel)
    truths = mpp.prior_predictive(spec, panel, draws=N_PANELS, seed=31)
    compiled = mpp.compile_model(spec, panel, sampler=mpp.Sampler(chains=2, tune=250))

    def one(i: int) -> pd.DataFrame:
        truth = truths.isel(chain=0, draw=i)
        simulated = mpp.simulate(spec, truth, MONTHS, seed=i)
        fit = mpp.fit(spec, simulated, seed=1, compiled=compiled, limits=ENOUGH, progress=False)
        draws = fit.posterior["log_factor"].sel(measure="limit").values
        value = float(truth["log_factor"].sel(measure="limit"))
        summary = mpp.past_effects(fit).iloc[0]
        print(f"panel {i}: {fit.manifest['ending']}", flush=True)
        place = (draws < value).mean()
        return pd.DataFrame([{"place": place, "sd_ratio": summary["sd_ratio"]}])

    return each_once("past measures", range(N_PANELS), one)


@pytest.mark.parametrize("cover", [50, 80, 95])
def test_intervals_of_effects_hold_what_they_say(effects, cover):
    """Within three standard errors of so many panels."""
    held = (np.abs(effects["place"] - 0.5) <= cover / 200).mean()
    error = np.sqrt(cover / 100 * (1 - cover / 100) / len(effects))
    print(f"{cover} % intervals held {held:.3f} ± {error:.3f}")
    assert abs(held - cover / 100) < 3 * error


def test_the_truth_lies_anywhere_among_the_draws_alike(effects):
    """As sharp against intervals that are too wide as against ones too narrow."""
    found = stats.kstest(effects["place"], "uniform")
    print(f"Kolmogorov-Smirnov distance {found.statistic:.3f}, p = {found.pvalue:.2f}")
    assert found.pvalue > 0.01


def test_the_figures_add_to_the_prior(effects):
    print(f"sd ratio {effects['sd_ratio'].median():.2f}")
    assert effects["sd_ratio"].median() < 0.9
