"""A small forecast of random draws, for tests of what is made from forecasts."""

import json

import numpy as np
import pandas as pd
import xarray as xr

from mppbayes.network import Network
from mppbayes.prediction import Forecast

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
