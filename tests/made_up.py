"""A small made-up forecast, without a fit."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from mppbayes.network import Network
from mppbayes.prediction import Forecast
from mppbayes.prediction.simulation import flow_coordinates
from mppbayes.reporting import report

NETWORK = Network.from_dict(
    {
        "name": "keten",
        "title": {"nl": "de proefketen", "en": "the trial chain"},
        "organisation": [{"name": "IND"}, {"name": "DT&V"}],
        "block": [{"number": 1, "title": {"nl": "instroom verminderen", "en": "reduce inflow"}}],
        "flow": [
            {
                "name": name,
                "title": {"nl": nl, "en": en},
                "organisation": organisation,
                "block": 1,
                "kind": "inflow",
                "unit": "persons",
            }
            for name, nl, en, organisation in (
                ("applications", "aanvragen", "applications", "IND"),
                ("arrivals", "aankomsten", "arrivals", "DT&V"),
            )
        ],
        "sum": [
            {
                "name": "total",
                "title": {"nl": "totale instroom", "en": "total inflow"},
                "of": ["applications", "arrivals"],
            }
        ],
    }
)


def renamed(**changes) -> Network:
    """Give the made-up network with other keys."""
    return Network.from_dict({**NETWORK.to_dict(), **changes})


def rendered(folder: Path, made: Forecast, **options) -> str:
    """Report a forecast in a folder; give the page."""
    report(made, folder / "report.html", **options)
    return (folder / "report.html").read_text("utf-8")


def rows(html: str) -> list[str]:
    """Give the rows of all tables, their cells joined by bars."""
    found = re.findall(r"<tr>(<td.*?)</tr>", html, re.DOTALL)
    return ["|".join(re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)) for row in found]


NOTE = "illustration on public copies, not an official forecast"


def made_up_forecast(
    *, status: str = "final", note: str = NOTE, origin: str = "2025-09", network: Network = NETWORK
) -> Forecast:
    """Three years ahead of four observed years and the months until the origin."""
    rng = np.random.default_rng(1)
    seen = pd.period_range("2021-01", origin, freq="M")
    span = pd.period_range(f"{origin[:4]}-01", "2028-12", freq="M")
    flows = len(network.flows)
    value = rng.poisson(400, (len(seen), flows)).astype(float)
    level = rng.lognormal(6, 0.3, (2, 500, 1, 1))
    draws = rng.poisson(level, (2, 500, len(span), flows))
    is_observed = np.repeat((span <= seen[-1])[:, None], flows, axis=1)
    ahead = value[len(seen) - is_observed[:, 0].sum() :]
    draws[:, :, : len(ahead)] = ahead
    predictions = xr.Dataset(
        {
            "flows": (("chain", "draw", "time", "flow"), draws.astype(np.int64)),
            "is_observed": (("time", "flow"), is_observed),
        },
        coords={
            "chain": [0, 1],
            "draw": np.arange(500),
            "posterior_draw": ("draw", np.arange(500) // 2),
            "future": ("draw", np.arange(500) % 2),
            "time": span.to_timestamp().to_numpy("datetime64[ns]"),
            **flow_coordinates(network),
        },
    )
    observed = xr.Dataset(
        {"value": (("time", "flow"), value)},
        coords={
            "time": seen.to_timestamp().to_numpy("datetime64[ns]"),
            "flow": predictions["flow"],
        },
    )
    tree = xr.DataTree.from_dict({"/predictions": predictions, "/observed_data": observed})
    tree.attrs = {
        "network": json.dumps(network.to_dict()),
        "status": status,
        "origin": origin,
        "scenario": "",
        "note": note,
        "manifest": json.dumps({"seed": 1}),
    }
    return Forecast(tree)
