"""What must hold exactly in every draw of a forecast: stocks add up, parts lie in their wholes.

Beside it what need not: how much changes stocks unrecorded, and which published figures do not
stand in all draws.

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
            "",
            "unrecorded, per period: mean and largest size, and the stock's mean",
            *unrecorded(forecast),
            "",
            *figures(forecast),
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


def unrecorded(forecast: "mpp.Forecast") -> list[str]:
    """Say how much of each stock changes beside its flows, to the last figure and after it."""
    lines = []
    past = forecast.unrecorded["time"] <= np.datetime64(forecast.origin.start_time)
    for stock in forecast.network.stocks:
        size = float(forecast.stocks.sel(stock=stock.name).mean())
        for when, span in (("past", past), ("ahead", ~past)):
            of = np.abs(forecast.unrecorded.sel(stock=stock.name)[..., span.values])
            most = int(of.max()) if of.size else 0
            mean = float(of.mean()) if of.size else 0.0
            lines.append(f"  {stock.name} ({when}): {mean:.0f}, {most}; {size:.0f}")
    return lines


def figures(forecast: "mpp.Forecast") -> list[str]:
    """Say which figures of flows do not stand, and in what share of the draws."""
    table, names = forecast.figures, set(forecast.network.flow_names)
    begin = forecast.flows.indexes["time"][0]
    within = table[table["series"].isin(names) & (table["start"] >= begin)]
    lines, stand = [], 0
    for figure in within.itertuples():
        span = slice(figure.start, figure.end)
        drawn = forecast.flows.sel(flow=figure.series, time=span).sum("time")
        share = float((drawn == figure.value).mean())
        stand += share == 1
        if share < 1:
            low, high = int(drawn.min()), int(drawn.max())
            lines.append(
                f"  {figure.series} {figure.start:%Y-%m} to {figure.end:%Y-%m}: {figure.value:.0f} "
                f"stands in {share:.0%}, {low} to {high}"
            )
    return [f"figures of flows that stand in every draw: {stand} of {len(within)}", *lines]


if __name__ == "__main__":
    import mppbayes as mpp

    print(said(mpp.Forecast.load(Path(sys.argv[1]) / "forecast.nc")))
