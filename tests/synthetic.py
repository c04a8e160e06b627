"""Small forecasts of random draws, for tests of what is made from forecasts."""

import json

import numpy as np
import pandas as pd
import xarray as xr

from mppbayes.network import Network
from mppbayes.prediction import Forecast
from mppbayes.prediction.simulation import stock_coordinates

ORIGIN = pd.Period("2025-12", "M")


def flow(name, organisation, block, kind, **more):
    row = {"name": name, "organisation": organisation, "block": block, "kind": kind}
    return {**row, "unit": "persons", **more}


NETWORK = {
    "schema": 1,
    "name": "synthetic",
    "title": {"nl": "een keten", "en": "a chain"},
    "period": "month",
    "organisation": [{"name": name} for name in ("IND", "BZ", "DT&V", "KMar")],
    "block": [{"number": number} for number in (1, 2, 3, 4)],
    "flow": [
        flow("applications_syria", "IND", 1, "inflow", labels={"nationality": "Syria"}),
        flow("applications_turkey", "IND", 1, "inflow", labels={"nationality": "Turkey"}),
        flow("reunification_syria", "BZ", 1, "inflow", labels={"nationality": "Syria"}),
        flow("decisions", "IND", 1, "throughflow"),
        flow("grants", "IND", 2, "throughflow", part_of="decisions"),
        flow("departures", "DT&V", 3, "outflow"),
        flow("closures", "DT&V", 3, "outflow", unit="cases"),
        flow("registrations", "KMar", 4, "inflow"),
    ],
    "sum": [
        {
            "name": "asylum",
            "of": ["applications_syria", "applications_turkey", "reunification_syria"],
        },
        {"name": "everyone", "of": ["asylum", "registrations"]},
    ],
}


def synthetic_evidence(network, *, gaps=True):
    """Count from 2023-07 to 2025-12; of the synthetic network's flows some are not seen."""
    time = pd.date_range("2023-07-01", "2025-12-01", freq="MS")
    value = np.random.default_rng(1).poisson(80, (len(time), len(network.flows))).astype(float)
    evidence = xr.DataArray(
        value, {"time": time, "flow": np.array(network.flow_names)}, name="value"
    )
    if gaps:
        evidence.loc["2025-11":, "reunification_syria"] = np.nan
        evidence.loc["2025-03", "departures"] = np.nan
        evidence.loc[:, ["closures", "registrations"]] = np.nan
    return evidence


def labelled_forecast(network, draws, evidence, *, futures=1, status="final"):
    """Label draws (chain, draw, time, flow) that begin in January 2025; seen cells are as seen."""
    frequency = {"month": "MS", "quarter": "QS", "year": "YS"}[network.period]
    time = pd.date_range("2025-01-01", periods=draws.shape[2], freq=frequency)
    known = evidence.reindex(time=time)
    draw = np.arange(draws.shape[1])
    predictions = xr.Dataset(
        {
            "flows": (
                ("chain", "draw", "time", "flow"),
                np.where(np.isfinite(known), known.fillna(0).astype(np.int64), draws),
            ),
            "is_observed": np.isfinite(known).drop_vars(("time", "flow")),
        },
        coords={
            "chain": np.arange(draws.shape[0]),
            "draw": draw,
            "posterior_draw": ("draw", draw // futures),
            "future": ("draw", draw % futures),
            "time": time,
            "flow": np.array(network.flow_names),
        },
    )
    tree = xr.DataTree.from_dict(
        {"/predictions": predictions, "/observed_data": evidence.to_dataset()}
    )
    tree.attrs = {
        "network": json.dumps(network.to_dict()),
        "status": status,
        "origin": str(ORIGIN),
        "scenario": "",
        "note": "made of random numbers",
        "manifest": "{}",
    }
    return Forecast(tree)


def synthetic_forecast(*, status="final"):
    """Draw 2025-01 to 2027-06; the flows vary together and apart, so quantiles do not add up."""
    network, rng, futures = Network.from_dict(NETWORK), np.random.default_rng(2), 4
    means = rng.gamma(4, 20, (2, 30, 1, len(network.flows))) * rng.gamma(9, 1 / 9, (2, 30, 1, 1))
    shape = (2, 30 * futures, 30, len(network.flows))
    draws = rng.poisson(np.broadcast_to(np.repeat(means, futures, axis=1), shape))
    evidence = synthetic_evidence(network)
    return labelled_forecast(network, draws, evidence, futures=futures, status=status)


RECEPTION = {
    "schema": 1,
    "name": "reception",
    "period": "month",
    "organisation": [{"name": name} for name in ("COA", "IND")],
    "block": [{"number": number} for number in (2, 4)],
    "stock": [
        {"name": "asylum_seekers", "organisation": "COA", "block": 2, "unit": "persons"},
        {"name": "status_holders", "organisation": "COA", "block": 4, "unit": "persons"},
    ],
    "flow": [
        flow("arrivals", "COA", 2, "inflow", enters="asylum_seekers"),
        flow("permits", "IND", 4, "throughflow", leaves="asylum_seekers", enters="status_holders"),
        flow("departures", "COA", 2, "outflow", leaves="asylum_seekers"),
        flow("housed", "COA", 4, "outflow", leaves="status_holders"),
    ],
    "sum": [
        {"name": "occupancy", "of": ["asylum_seekers", "status_holders"]},
        {"name": "outflow", "of": ["departures", "housed"]},
    ],
}
LEVELS_SEEN = {
    "asylum_seekers": ["2023-12", "2025-09"],
    "status_holders": ["2024-12", *(f"2025-{month:02}" for month in range(1, 12) if month != 3)],
    "occupancy": ["2023-12", "2024-12", "2025-06", "2025-12"],
}
IMPLIED = {"asylum_seekers": ["2025-06"]}  # by the two others
HOUSED = {"2024": 1003, "2025": 1080}


def true_levels():
    """Give who was in each stock of the reception at the end of each month, and the sum."""
    steps = np.random.default_rng(3).normal(0, 300, (30, 2)).round().astype(int)
    levels = pd.DataFrame(
        steps.cumsum(axis=0) + np.array([20_000, 8_000]),
        pd.period_range("2023-07", "2025-12", freq="M"),
        ["asylum_seekers", "status_holders"],
    )
    return levels.assign(occupancy=levels.sum(axis=1))


def synthetic_figures(evidence):
    """List the figures of the reception: evidence per month, yearly figures and levels."""
    levels, counts = true_levels(), evidence.to_series().dropna()
    rows = [
        *((name, day.to_period("M"), value) for (day, name), value in counts.items()),
        *(("housed", pd.Period(year), value) for year, value in HOUSED.items()),
        *(
            (name, pd.Period(month), levels.loc[pd.Period(month), name])
            for name, months in LEVELS_SEEN.items()
            for month in months
        ),
    ]
    value = np.array([value for _, _, value in rows], dtype=float)
    columns = {
        "series": np.array([name for name, _, _ in rows], dtype=np.str_),
        "start": pd.DatetimeIndex([period.start_time for _, period, _ in rows]),
        "end": pd.DatetimeIndex([period.end_time for _, period, _ in rows]).normalize(),
        "n_periods": np.array([12 if period.freqstr[0] == "Y" else 1 for _, period, _ in rows]),
        **dict.fromkeys(("value", "lower", "upper"), value),
        "rounding": np.ones(len(rows), dtype=np.int64),
    }
    return xr.Dataset({name: ("figure", column) for name, column in columns.items()})


def stock_forecast():
    """Draw the reception from 2025-01 to 2027-06: two stocks, their sum, and the flows.

    The status holders' last figure is of 2025-11, that of the sum of 2025-12, of which the asylum
    seekers are what the status holders leave.
    """
    network, rng, futures = Network.from_dict(RECEPTION), np.random.default_rng(4), 4
    evidence = synthetic_evidence(network, gaps=False)
    evidence.loc[:, "housed"] = np.nan
    counts = rng.poisson(80, (2, 30 * futures, 30, len(network.flows)))
    made = labelled_forecast(network, counts, evidence, futures=futures)
    predictions = made.tree["predictions"].to_dataset()

    levels, names = true_levels(), list(network.stock_names)
    start = levels.loc["2024-12", names].to_numpy()
    steps = rng.normal(0, 200, (2, 30 * futures, 30, 2))
    steps += np.repeat(rng.normal(0, 300, (2, 30, 30, 2)), futures, axis=1)
    stocks = xr.DataArray(
        (start + steps.cumsum(axis=2)).astype(np.int64),
        {**predictions["flows"].drop_vars("flow").coords, **stock_coordinates(network)},
        ("chain", "draw", "time", "stock"),
    )
    for name in names:
        for month in (*LEVELS_SEEN[name], *IMPLIED.get(name, ())):
            if month >= "2025":
                stocks.loc[{"stock": name, "time": month}] = levels.loc[pd.Period(month), name]
    december = stocks.sel(time="2025-12-01")
    stocks.loc[{"stock": names[0], "time": "2025-12-01"}] = levels.loc[
        pd.Period("2025-12"), "occupancy"
    ] - december.sel(stock=names[1])

    touched = [[(row.enters == n) - (row.leaves == n) for n in names] for row in network.flows]
    before = np.broadcast_to(start, stocks[:, :, :1].shape)
    change = np.diff(stocks, axis=2, prepend=before)
    predictions = predictions.assign(
        stocks=stocks, unrecorded=stocks.copy(data=change - predictions["flows"].values @ touched)
    )
    moment = predictions.indexes["time"].to_period("M").end_time.normalize()
    made.tree["predictions"] = xr.DataTree(predictions.assign_coords(moment=("time", moment)))
    made.tree["figures"] = xr.DataTree(synthetic_figures(evidence))
    return Forecast(made.tree)
