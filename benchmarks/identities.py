"""What must hold exactly in every draw of a forecast: stocks add up, parts lie in their wholes.

Usage: python benchmarks/identities.py FOLDER

FOLDER is a forecast directory, of ``mppbayes demo --whole`` say.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import mppbayes as mpp


def said(forecast: "mpp.Forecast") -> str:
    """Say the largest gap of any stock, the smallest count, and the largest excess of a part."""
    return "\n".join(
        [
            f"largest |X[t] - X[t-1] - in + out - unrecorded|: {largest_gap(forecast)}",
            f"smallest count of a flow and of a stock: {smallest(forecast)}",
            f"largest excess of the parts of a whole over it: {largest_excess(forecast)}",
        ]
    )


def largest_gap(forecast: "mpp.Forecast") -> int:
    """Give it over all draws, periods and stocks, from the flows as the network declares them."""
    gaps = [0]
    for stock in forecast.network.stocks:
        own = {"stock": stock.name}
        gap = forecast.stocks.sel(own).diff("time") - forecast.unrecorded.sel(own)
        for flow in forecast.network.flows:
            direction = (flow.enters == stock.name) - (flow.leaves == stock.name)
            if direction:
                gap = gap - direction * forecast.flows.sel(flow=flow.name)
        gaps.append(int(np.abs(gap).max()))
    return max(gaps)


def smallest(forecast: "mpp.Forecast") -> tuple[int, int]:
    """Give the smallest number of events in a period, and of those present."""
    return int(forecast.flows.min()), int(forecast.stocks.min())


def largest_excess(forecast: "mpp.Forecast") -> int:
    """Give by how much the parts of one whole add up to more than it; 0 or less if never."""
    network = forecast.network
    found = [-sys.maxsize]
    for whole in {flow.part_of for flow in network.flows if flow.part_of}:
        parts = [flow.name for flow in network.flows if flow.part_of == whole]
        inside = forecast.flows.sel(flow=parts).sum("flow")
        total = forecast.flows.sel(flow=list(network.members(whole))).sum("flow")
        found.append(int((inside - total).max()))
    return max(found)


if __name__ == "__main__":
    import mppbayes as mpp

    print(said(mpp.Forecast.load(Path(sys.argv[1]) / "forecast.nc")))
