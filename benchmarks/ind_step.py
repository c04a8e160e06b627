"""One step of the chain on real figures: the IND's backlog and its decisions at past origins.

Usage: python benchmarks/ind_step.py REFERENCE_FOLDER [MINUTES]

MINUTES of sampling an origin, 2 unless told otherwise; a draft says that it is one.

The folder holds the reference figures (applications by month, the stock of pending applications by
month, decisions by quarter); they are not part of this project. Withdrawals are not published, and
before 2017 neither are repeat applications: both are unseen flows. The second ends in 2017, from
when on repeat applications are counted among the others.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import scoringrules

import mppbayes as mpp
from mppbayes.evaluation import compare
from mppbayes.inference.convergence import divergences

YEAR = 12
ORIGINS = pd.period_range("2018-03", "2022-03", freq="M")[::6]
TWO_YEARS_UNTIL = pd.Period("2021-03", freq="M")
BASELINES = ("SeasonalNaive", "AutoETS", "AutoARIMA", "AutoTheta")
SAMPLES = 4000
# One inflow's own shocks cannot be told from a shock common to the chain, so that there is none.
LOADINGS = ("shock_loading", "stock.shock_loading")
NO_SHOCK = mpp.Prior(-7.0, 0.1, 0.1)
REPEATS = {"repeat_applications": float(np.log(150))}  # a month; from 2017 on they were 100 to 220
COUNTED = mpp.PastMeasure("counted", ("repeat_applications",), "2017-01", effect=-0.999, doubt=0.1)


def main(folder: Path, minutes: float) -> None:
    """Print scores of the stock and of a year's decisions, against simple forecasts."""
    table = evidence(folder)
    panel = mpp.read_panel(table, network())
    spec = mpp.ModelSpec(
        network(),
        priors=dict.fromkeys(LOADINGS, NO_SHOCK),
        mean_levels=REPEATS,
        past_measures=(COUNTED,),
    )
    compiled = mpp.compile_model(spec, panel)
    rows = []
    for origin in ORIGINS:
        known = panel.until(str(origin))
        began = time.monotonic()
        fit = mpp.fit(spec, known, seed=1, compiled=compiled, max_minutes=minutes, progress=False)
        forecasts = {"mppbayes": of_model(fit, origin)}
        seconds, found = time.monotonic() - began, divergences(fit.tree)
        ending = fit.manifest["ending"]
        print(f"{origin} {fit.status} ({ending}, {found} divergences): {seconds:.0f} s", flush=True)
        forecasts |= {name: of_baseline(name, table, origin) for name in BASELINES}
        for name, drawn in forecasts.items():
            rows += scored(name, drawn, table, origin)
    scores = pd.DataFrame(rows)
    show = {"index": False, "float_format": "{:.2f}".format}
    crps = scores[scores["score"] == "crps"]
    print("\nMean CRPS by model")
    print(
        crps.pivot_table(index=["quantity", "lead"], columns="model", values="value").to_string(
            float_format="{:.0f}".format
        )
    )
    print("\nThe difference in CRPS to each baseline, with its 95 % interval")
    print(compare(scores).to_string(**show))
    print("\nHow often the central interval held the outcome, mppbayes")
    held = scores[scores["score"].str.startswith("inside") & (scores["model"] == "mppbayes")]
    print(
        held.pivot_table(index=["quantity", "lead"], columns="score", values="value").to_string(
            float_format="{:.2f}".format
        )
    )


def network() -> mpp.Network:
    """Give the step: applications enter the stock, decisions and withdrawals leave it."""

    def flow(name: str, kind: str, **keys: str) -> dict[str, object]:
        usual = {"organisation": "IND", "block": 1, "unit": "persons", "kind": kind}
        return {"name": name, **usual, **keys}

    return mpp.Network.from_dict(
        {
            "schema": 1,
            "name": "ind step",
            "organisation": [{"name": "IND"}],
            "block": [{"number": 1}],
            "stock": [{"name": "pending", "organisation": "IND", "block": 1, "unit": "persons"}],
            "flow": [
                flow("applications", "inflow", enters="pending"),
                flow("repeat_applications", "inflow", enters="pending"),
                flow("decisions", "throughflow", leaves="pending"),
                flow("withdrawals", "outflow", leaves="pending"),
            ],
        }
    )


def evidence(folder: Path) -> pd.DataFrame:
    """Read the reference figures from 2015 on, as an evidence table."""
    applications = pd.read_csv(folder / "nl_applications_monthly_2014_2026.csv").assign(
        series="applications"
    )
    pending = pd.read_csv(folder / "nl_eurostat_pending_applications_monthly_2008_2023.csv")
    decisions = pd.read_csv(folder / "nl_eurostat_first_instance_decisions_quarterly_2008_2023.csv")
    total = decisions["category"].str.endswith("decision=TOTAL")
    tables = [
        applications,
        pending.assign(series="pending", rounding=5),
        decisions[total].assign(series="decisions", rounding=5),
    ]
    table = pd.concat(tables)[["series", "period", "value", "rounding"]]
    before = (table["series"] == "pending") & (table["period"] == "2014-12")
    return table[(table["period"].str[:4] >= "2015") | before].reset_index(drop=True)


def of_model(fit: mpp.Fit, origin: pd.Period) -> dict[tuple[str, int], np.ndarray]:
    """Draw the stock and the year's decisions one and two years ahead."""
    forecast = mpp.forecast(fit, until=str(origin + 2 * YEAR), seed=2)
    found = {}
    for lead in leads(origin):
        end = (origin + lead).to_timestamp()
        year = pd.period_range(origin + lead - YEAR + 1, origin + lead).to_timestamp()
        found["pending", lead] = forecast.stocks.sel(stock="pending", time=end).values.ravel()
        decided = forecast.flows.sel(flow="decisions", time=year).sum("time")
        found["decisions", lead] = decided.values.ravel()
    return found


def of_baseline(
    name: str, table: pd.DataFrame, origin: pd.Period
) -> dict[tuple[str, int], np.ndarray]:
    """Simulate both series, each apart, with statsforecast."""
    from statsforecast import StatsForecast, models

    found = {}
    for series, frequency, step in (("pending", "M", 1), ("decisions", "Q", 3)):
        rows = table[table["series"] == series]
        periods = pd.PeriodIndex(rows["period"].str.replace("-Q", "Q"), freq=frequency)
        seen = periods.asfreq("M", how="end") <= origin
        long = pd.DataFrame(
            {
                "unique_id": series,
                "ds": periods[seen].to_timestamp(),
                "y": rows["value"][seen].to_numpy(float),
            }
        )
        engine = StatsForecast(
            [getattr(models, name)(season_length=YEAR // step)], freq=f"{frequency}S"
        )
        ahead = 2 * YEAR // step
        drawn = engine.simulate(h=ahead, df=long, n_paths=SAMPLES, seed=1)[name]
        paths = np.maximum(drawn.to_numpy(float).reshape(SAMPLES, ahead), 0.0)
        for lead in leads(origin):
            last = lead // step
            found[series, lead] = (
                paths[:, last - 1]
                if series == "pending"
                else paths[:, last - YEAR // step : last].sum(axis=1)
            )
    return found


def leads(origin: pd.Period) -> tuple[int, ...]:
    """Give the leads that are scored at an origin."""
    return (YEAR, 2 * YEAR) if origin <= TWO_YEARS_UNTIL else (YEAR,)


def scored(
    model: str,
    drawn: dict[tuple[str, int], np.ndarray],
    table: pd.DataFrame,
    origin: pd.Period,
) -> list[dict[str, object]]:
    """Score draws against what came: CRPS, and whether central intervals held it."""
    rows = []
    for (quantity, lead), draws in drawn.items():
        truth = outcome(table, quantity, origin + lead)
        values = {"crps": float(scoringrules.crps_ensemble(truth, draws, estimator="fair"))}
        for cover in (50, 80, 95):
            low, high = np.quantile(draws, [0.5 - cover / 200, 0.5 + cover / 200])
            values[f"inside {cover} %"] = float(low <= truth <= high)
        rows += [
            {
                "origin": str(origin),
                "lead": lead,
                "quantity": quantity,
                "aggregate": "sum",
                "model": model,
                "score": score,
                "value": value,
            }
            for score, value in values.items()
        ]
    return rows


def outcome(table: pd.DataFrame, quantity: str, end: pd.Period) -> float:
    """Give the stock at a month's end, or the decisions of the year up to it."""
    rows = table[table["series"] == quantity].set_index("period")["value"]
    if quantity == "pending":
        return float(rows[str(end)])
    quarters = pd.period_range(end=end.asfreq("Q"), periods=4, freq="Q")
    return float(sum(rows[str(quarter).replace("Q", "-Q")] for quarter in quarters))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 2.0)
