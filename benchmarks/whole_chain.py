"""Time and convergence of a fit of the whole public chain, and whether its stocks add up.

Usage: python benchmarks/whole_chain.py [MINUTES]

Some minutes of sampling; 20 are allowed unless told otherwise.
"""

import os
import platform
import sys
import time

import numpy as np

import mppbayes as mpp
from mppbayes.inference.convergence import convergence, divergences
from mppbayes.model.structure import Structure

SINCE = "2015-01"


def main(minutes: float) -> None:
    """Fit, forecast and summarise; print what it took and what came of it."""
    print(f"{os.cpu_count()} processors, {platform.platform()}, Python {platform.python_version()}")
    network = mpp.Network.whole_migratieketen()
    panel = mpp.public_figures(network).since(SINCE)
    fit = mpp.fit(mpp.ModelSpec(network), panel, seed=1, max_minutes=minutes)
    table = convergence(fit.tree).sort_values("ess_bulk")
    print(f"seconds: {fit.manifest['seconds']}, {fit.manifest['ending']}, status {fit.status}")
    sizes = fit.posterior.sizes
    print(
        f"{sizes['draw']} draws a chain, {divergences(fit.tree)} divergences, "
        f"R-hat up to {table['rhat'].max():.4f}, bulk ESS from {table['ess_bulk'].min():.0f}, "
        f"tail ESS from {table['ess_tail'].min():.0f}; slowest to mix:"
    )
    print(table.head(8).to_string(float_format="{:.3f}".format))
    began = time.monotonic()
    forecast = mpp.forecast(fit, until="2030-12", seed=2)
    print(f"forecast: {time.monotonic() - began:.1f} s, {forecast!r}")
    print(f"largest gap in the identity of any stock: {identity(forecast)}")
    began = time.monotonic()
    bands = mpp.bands(forecast, mpp.MPP, by=("flow", "stock", "sum"))
    print(f"bands: {time.monotonic() - began:.1f} s")
    print(mpp.diagnose(fit, bands))


def identity(forecast: mpp.Forecast) -> int:
    """Give the largest difference between a stock's change and what its flows bring."""
    structure = Structure(forecast.network)
    flows = forecast.flows.sel(flow=list(structure.names)).values
    unrecorded = forecast.unrecorded.values
    brought = flows @ structure.change.astype(np.int64) + unrecorded
    gap = np.diff(forecast.stocks.values, axis=2) - brought[:, :, 1:]
    return int(np.abs(gap).max())


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0)
