"""A small chain with gaps, a late start and a ragged end, for quick tests."""

import numpy as np
import pandas as pd

from mppbayes.network import Network
from mppbayes.panel import Panel, read_panel


def network() -> Network:
    """Four exogenous monthly flows of two organisations in two blocks, and their sum."""
    flows = [
        {
            "name": f"{organisation.lower()}_{block}",
            "organisation": organisation,
            "block": block,
            "kind": "inflow",
            "unit": "persons",
        }
        for organisation in ("A", "B")
        for block in (1, 2)
    ]
    return Network.from_dict(
        {
            "schema": 1,
            "name": "small",
            "organisation": [{"name": "A"}, {"name": "B"}],
            "block": [{"number": 1}, {"number": 2}],
            "flow": flows,
            "sum": [{"name": "total", "of": [flow["name"] for flow in flows]}],
        }
    )


def table(n_periods: int = 30, seed: int = 0) -> pd.DataFrame:
    """Counts of the network: rounded small ones, two gaps, one late start, one ragged end."""
    rng = np.random.default_rng(seed)
    periods = pd.period_range("2022-07", periods=n_periods, freq="M").astype(str)
    rows = []
    for name, mean in zip(network().flow_names, (30, 120, 400, 60), strict=True):
        level = np.log(mean) + np.cumsum(rng.normal(0, 0.1, n_periods))
        for position, (period, rate) in enumerate(zip(periods, np.exp(level), strict=True)):
            late = name == "b_1" and position < 8
            ragged = name == "b_2" and position >= n_periods - 3
            gap = name == "a_2" and position in (10, 11)
            if not (late or ragged or gap):
                rows.append((name, period, 5 * round(rng.poisson(rate) / 5), 5))
    return pd.DataFrame(rows, columns=["series", "period", "value", "rounding"])


def panel(n_periods: int = 30) -> Panel:
    """Give the evidence of the small chain."""
    return read_panel(table(n_periods), network())
