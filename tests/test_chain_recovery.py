"""Long check: known chains are recovered, seen by months or half by years (``make slow``)."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from backlog import network, table

import mppbayes as mpp

pytestmark = pytest.mark.slow

N_PANELS = 100
PERIODS = pd.period_range("2015-01", "2021-12", freq="M")  # the last two years are forecast
ORIGIN = "2019-12"
FEW = mpp.Sampler(chains=2, tune=250, draws=300)
ENOUGH = mpp.Limits(rhat=1.05, ess=100, divergences=50)  # for coverage, not for publication
PARAMETERS = ["mean_level", "adaptation", "dispersion", "delay_mean", "delay_sd", "elasticity"]
LEAVERS = "dispersion of those who leave a stock"
PATTERNS = {
    "months": {"withdrawals": "never"},
    "half by years": {"withdrawals": "never", "decisions": "year", "grants": "year"},
}


@pytest.fixture(scope="module", params=PATTERNS)
def found(request, each_once) -> pd.DataFrame:
    """One row a panel and quantity: where the truth lies among the draws."""
    chain, evidence = network(), PATTERNS[request.param]
    span = mpp.read_panel(table(), chain)
    spec = mpp.resolve(mpp.ModelSpec(chain, harmonics=0), span)
    truths = mpp.prior_predictive(spec, span, draws=N_PANELS, seed=21)

    def evidenced(i: int) -> tuple[xr.Dataset, mpp.Panel]:
        truth = truths.isel(chain=0, draw=i)
        return truth, mpp.simulate(spec, truth, PERIODS, seed=i, evidence=evidence).until(ORIGIN)

    compiled = mpp.compile_model(spec, evidenced(0)[1], sampler=FEW)

    def panel(i: int) -> pd.DataFrame:
        truth, known = evidenced(i)
        for seed in (1, 2, 3):  # again from elsewhere if the chains do not mix
            fit = mpp.fit(spec, known, seed=seed, compiled=compiled, limits=ENOUGH, progress=False)
            ess = mpp.convergence(fit.tree)["ess_bulk"][PARAMETERS].min()
            if ess > 50:
                break
        whole = mpp.simulate(spec, truth, PERIODS, seed=i)
        print(f"{request.param}, panel {i}: {fit.manifest['ending']}, ESS {ess:.0f}", flush=True)
        return pd.DataFrame(_held(fit, truth, whole)).assign(
            panel=i, ending=fit.manifest["ending"], ess=ess
        )

    return each_once(f"recovery {request.param}", range(N_PANELS), panel).assign(
        pattern=request.param
    )


def _held(fit: mpp.Fit, truth: xr.Dataset, whole: mpp.Panel) -> list[dict[str, object]]:
    posterior, rows = fit.posterior, []
    for name in PARAMETERS:
        draws = posterior[name].stack(sample=("chain", "draw"))
        for at, (of, value) in enumerate(truth[name].to_series().items()):
            what = LEAVERS if name == "dispersion" and of in ("decisions", "withdrawals") else name
            rows.append(_row(what, of, draws.values[at], float(value)))
    forecast = mpp.forecast(fit, until="2021-12", seed=2)
    value = whole.evidence.set_index(["series", "period"])["value"]
    for year in ("2020", "2021"):
        months = [f"{year}-{month:02}" for month in range(1, 13)]
        for flow in ("applications", "decisions", "withdrawals", "grants", "appeals"):
            drawn = forecast.flows.sel(flow=flow, time=slice(months[0], months[-1])).sum("time")
            rows.append(_row("flows", flow, drawn.values.ravel(), value[flow][months].sum()))
        drawn = forecast.stocks.sel(stock="backlog", time=f"{year}-12-01")
        rows.append(
            _row("stock", year, drawn.values.ravel(), float(value["backlog", f"{year}-12"]))
        )
    return rows


def _row(what: str, of: object, draws: np.ndarray, value: float) -> dict[str, object]:
    """Say where the truth lies among the draws."""
    place = (draws < value).mean() + 0.5 * (draws == value).mean()
    return {"what": what, "of": str(of), "place": place}


def test_the_draws_tell_where_the_truth_lies(found):
    """So many effective draws that few intervals are wrong for want of them."""
    ess = found.groupby("panel")["ess"].first()
    print(f"{found['pattern'].iloc[0]}: effective draws {ess.quantile([0.05, 0.5]).tolist()}")
    assert ess.median() > 100


@pytest.mark.parametrize("cover", [50, 80, 95])
@pytest.mark.parametrize("what", [*PARAMETERS, LEAVERS, "stock", "flows"])
def test_intervals_hold_what_they_say(found, what, cover):
    """Within three standard errors, panels being the independent units."""
    of_what = found[found["what"] == what]
    held = (of_what["place"] - 0.5).abs() <= cover / 200
    by_panel = held.groupby(of_what["panel"]).mean()
    mean, error = by_panel.mean(), by_panel.std(ddof=1) / np.sqrt(len(by_panel))
    each = held.groupby(of_what["of"]).mean().round(2).to_dict()
    print(f"{found['pattern'].iloc[0]}, {what}: {cover} % held {mean:.3f} ± {error:.3f}, {each}")
    assert abs(mean - cover / 100) < max(3 * error, 0.03)
