"""Calibration: whether what was given a probability happened as often.

Draws are ``(sample, origin, lead, quantity)`` and outcomes ``(origin, lead, quantity)``, aligned
by label, exactly; ``lead`` and any further dimension is pooled, and ``quantity`` may be absent.
Outcomes that are not known are masked; ``n`` counts those that are.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from mppbayes.evaluation.cells import SAMPLE, Cells, check_levels
from mppbayes.evaluation.frequencies import (
    BINS,
    EVENT,
    bin_edges,
    bin_members,
    cell_events,
    frequency_table,
    named_events,
)
from mppbayes.evaluation.scores import LEVELS
from mppbayes.prediction.scheme import MPP, BandScheme


def exceedance_calibration(
    draws: xr.DataArray,
    outcome: xr.DataArray,
    scheme: BandScheme = MPP,
    *,
    block: int = 1,
    sample: str = SAMPLE,
) -> pd.DataFrame:
    """Compare how often each band was exceeded with its probability.

    Parameters
    ----------
    draws : DataArray, (sample, origin, …, quantity)
        Draws of each cell.
    outcome : DataArray, (origin, …, quantity)
        NaN where not known.
    scheme : BandScheme
        The bands; a value is the smallest integer that is exceeded with at most the band's
        probability, so that a small count exceeds it somewhat less often than that.
    block : int
        So many consecutive origins count as one; give as many as have windows that overlap.
    sample : str
        The dimension of the draws.

    Returns
    -------
    DataFrame
        A row a band: ``band``, ``exceedance`` (nominal), ``observed``, ``lower`` and ``upper``
        (its 95 % two-way interval over origins and quantities, see
        :func:`~mppbayes.evaluation.twoway.two_way_frequencies`; wide for few origins), ``n``.

    Raises
    ------
    LabelError
        If the labels differ or stand in another order.
    FaultsError
        If draws of a known outcome are missing.
    """
    return frequency_table(band_events(Cells.of(draws, outcome, sample), scheme), block=block)


def band_events(cells: Cells, scheme: BandScheme) -> xr.DataArray:
    """Say which bands each outcome exceeded, (origin, …, event)."""
    exceeded = cells.outcome[:, np.newaxis] > cells.exceeded_with(scheme.exceedances)
    return cell_events(cells, exceeded, band=scheme.names, exceedance=scheme.exceedances)


def coverage(
    draws: xr.DataArray,
    outcome: xr.DataArray,
    levels: Sequence[float] = LEVELS,
    *,
    block: int = 1,
    sample: str = SAMPLE,
) -> pd.DataFrame:
    """Compare how often central intervals held the outcome with their nominal coverage.

    Parameters
    ----------
    draws, outcome, block, sample
        As in :func:`exceedance_calibration`.
    levels : sequence of float
        Nominal coverages. Bounds are integers by the rule of the bands, and belong to the interval,
        so that those of a small count hold it somewhat more often than that.

    Returns
    -------
    DataFrame
        A row a level: ``level``, ``observed``, ``lower``, ``upper``, ``n``.
    """
    return frequency_table(interval_events(Cells.of(draws, outcome, sample), levels), block=block)


def interval_events(cells: Cells, levels: Sequence[float] = LEVELS) -> xr.DataArray:
    """Say which central intervals held each outcome, (origin, …, event)."""
    check_levels(levels)
    low, high = cells.central(levels)
    y = cells.outcome[:, np.newaxis]
    return cell_events(cells, (low <= y) & (y <= high), level=levels)


def reliability(
    draws: xr.DataArray,
    outcome: xr.DataArray,
    threshold: xr.DataArray | float,
    *,
    bins: int = BINS,
    block: int = 1,
    sample: str = SAMPLE,
) -> pd.DataFrame:
    """Tabulate a reliability diagram: predicted probability of exceedance against its frequency.

    Parameters
    ----------
    draws, outcome, block, sample
        As in :func:`exceedance_calibration`.
    threshold : DataArray or float
        What is exceeded or not, such as last year's level or a capacity; over some or all
        dimensions of the outcome, and not a quantile of the draws, whose probability is known.
    bins : int
        So many bins of equal width, from probability 0 to 1.

    Returns
    -------
    DataFrame
        A row a bin: ``bin_lower``, ``bin_upper``, ``predicted`` (mean probability in the bin),
        ``observed``, ``lower``, ``upper``, ``n``; NaN where a bin is empty.
    """
    judged = exceedances(Cells.of(draws, outcome, sample), threshold)
    return reliability_of(judged, bins=bins, block=block)


def exceedances(cells: Cells, threshold: xr.DataArray | float) -> xr.Dataset:
    """Give each cell's ``predicted`` probability of exceedance, and whether it ``happened``."""
    limit = cells.values_of(threshold, "the threshold")
    predicted = (cells.draws > limit[:, np.newaxis]).mean(axis=-1)
    happened = cells.outcome > limit
    return xr.Dataset(
        {"predicted": cells.labelled(predicted), "happened": cells.labelled(happened)}
    )


def reliability_of(judged: xr.Dataset, *, bins: int = BINS, block: int = 1) -> pd.DataFrame:
    """Tabulate what :func:`exceedances` gives."""
    edges = bin_edges(bins)
    predicted = judged["predicted"]
    inside = bin_members(predicted, edges) == 1
    events = named_events(
        judged["happened"].where(inside),
        bin_lower=edges[:-1],
        bin_upper=edges[1:],
        predicted=predicted.where(inside).mean(predicted.dims).values,
    )
    alone = [frequency_table(events.isel({EVENT: [k]}), block=block) for k in range(bins)]
    return pd.concat(alone, ignore_index=True)
