"""The probability integral transform: where outcomes fell among their draws."""

import numpy as np
import pandas as pd
import xarray as xr

from mppbayes.evaluation.cells import SAMPLE, Cells
from mppbayes.evaluation.frequencies import (
    BINS,
    bin_edges,
    bin_members,
    frequency_table,
    named_events,
)


def randomised_pit(
    draws: xr.DataArray, outcome: xr.DataArray, *, seed: int = 0, sample: str = SAMPLE
) -> xr.DataArray:
    """Randomised probability integral transform: uniform for a calibrated forecast, of counts too.

    The rank of the outcome among its draws, ties broken at random, and smoothed within its rank:
    ``(#{X < y} + U (#{X = y} + 1)) / (size + 1)``, exactly uniform if the outcome is exchangeable
    with the draws, however few.

    Parameters
    ----------
    draws, outcome, sample
        As in :func:`~mppbayes.evaluation.exceedance_calibration`, over any dimensions.
    seed : int
        Of the random numbers; each cell keeps its own, whichever outcomes are known.

    Returns
    -------
    DataArray, (…)
        From 0 to 1 over the dimensions of the outcome; NaN where that is not known.

    References
    ----------
    Czado, Gneiting & Held (2009), Biometrics 65(4), on the transform for counts.
    """
    cells = Cells.of(draws, outcome, sample)
    uniform = np.random.default_rng(seed).uniform(size=outcome.shape)[cells.seen.values]
    y = cells.outcome[:, np.newaxis]
    below, equal = (cells.draws < y).sum(axis=-1), (cells.draws == y).sum(axis=-1)
    pit = (below + uniform * (equal + 1)) / (cells.draws.shape[-1] + 1)
    return cells.labelled(pit).rename("pit")


def pit_histogram(
    draws: xr.DataArray,
    outcome: xr.DataArray,
    *,
    bins: int = BINS,
    block: int = 1,
    seed: int = 0,
    sample: str = SAMPLE,
) -> pd.DataFrame:
    """Tabulate how the randomised probability integral transform is spread over bins.

    Draws that are too narrow fill the outer bins, and draws that are too wide the inner ones.

    Parameters
    ----------
    draws, outcome, block, sample
        As in :func:`~mppbayes.evaluation.exceedance_calibration`.
    bins : int
        So many bins of equal width, from 0 to 1.
    seed : int
        As in :func:`randomised_pit`.

    Returns
    -------
    DataFrame
        A row a bin: ``bin_lower``, ``bin_upper``, ``expected`` (1 / bins), ``observed`` (the share
        of the transforms in it), ``lower``, ``upper``, ``n`` (of all bins together).
    """
    pit = randomised_pit(draws, outcome, seed=seed, sample=sample)
    return frequency_table(pit_events(pit, bins), block=block)


def pit_events(pit: xr.DataArray, bins: int = BINS) -> xr.DataArray:
    """Say in which bin each transform lies: 1 there, 0 in the others, NaN where not known."""
    edges = bin_edges(bins)
    return named_events(
        bin_members(pit, edges),
        bin_lower=edges[:-1],
        bin_upper=edges[1:],
        expected=[1 / bins] * bins,
    )
