"""Whether the bands of a forecast directory hold what they say over 100,000 fresh futures.

Usage: python benchmarks/fresh_futures.py [DIRECTORY]
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

import mppbayes as mpp
from mppbayes.prediction import aggregates
from mppbayes.prediction.quantiles import draw_batches

FUTURES = 100_000


def standard_error(exceeds: np.ndarray, batches: np.ndarray) -> float:
    """Give the error of a probability by batch means of (chain, draw)."""
    means = [exceeds[:, batches == batch].mean(axis=1) for batch in np.unique(batches)]
    return float(np.std(means, ddof=1) / np.sqrt(np.size(means)))


def main(directory: Path) -> None:
    """Print a table: how far exceedances are from what the bands say, in Monte Carlo errors."""
    fit = mpp.load_fit(directory / "fit.nc")
    figures = pd.read_csv(directory / "bands.csv", dtype={"period": str}, keep_default_na=False)
    n = fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"]
    drawn = mpp.forecast(
        fit, until=str(figures["period"].max()) + "-12", seed=987, futures=-(-FUTURES // n)
    )
    fresh = mpp.bands(drawn, by=aggregates(fit.network), per="year")
    rows = []
    for (quantity, kind, unit, period), group in figures.groupby(
        ["quantity", "kind", "unit", "period"]
    ):
        draws = fresh.draws(quantity, kind=kind, unit=unit).sel(period=period)
        batches = draw_batches(draws["posterior_draw"].values)
        for row in group.itertuples():
            exceeds = draws.values > row.value
            # The published value has its own error, seen through the slope of the curve.
            moved = (draws.values > row.value - row.mcse).mean() - (
                draws.values > row.value + row.mcse
            ).mean()
            error = np.hypot(standard_error(exceeds, batches), moved / 2)
            rows.append((row.band, row.exceedance, exceeds.mean(), error))
    table = pd.DataFrame(rows, columns=["band", "exceedance", "found", "error"])
    table["errors away"] = (table["found"] - table["exceedance"]).abs() / table["error"]
    draws_in_all = drawn.flows.sizes["chain"] * drawn.flows.sizes["draw"]
    print(f"{draws_in_all} fresh futures, {len(table)} figures")
    by_band = table.groupby("band", sort=False)
    print(
        by_band.agg(
            exceedance=("exceedance", "first"),
            mean_found=("found", "mean"),
            worst=("errors away", "max"),
            beyond_3=("errors away", lambda away: int((away > 3).sum())),
        ).to_string(float_format="{:.3f}".format)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "mppbayes-demo"))
