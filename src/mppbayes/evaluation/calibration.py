"""Calibration: whether what was given a probability happened as often.

Draws are ``(sample, origin, lead, quantity)`` and outcomes ``(origin, lead, quantity)``, aligned
by label, exactly; ``lead`` and any further dimension is pooled, and ``quantity`` may be absent.
Outcomes that are not known are masked; ``n`` counts those that are.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from mppbayes.errors import LabelError, SpecError
from mppbayes.evaluation.cells import SAMPLE, Cells, Floats, check_levels
from mppbayes.evaluation.scores import LEVELS
from mppbayes.evaluation.twoway import Frequencies, two_way_frequencies
from mppbayes.prediction.scheme import MPP, BandScheme

type Flags = npt.NDArray[np.bool_]

ORIGIN: Final = "origin"
QUANTITY: Final = "quantity"


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
    cells = Cells.of(draws, outcome, sample)
    exceeded = cells.outcome[:, np.newaxis] > cells.exceeded_with(scheme.exceedances)
    named = {"band": list(scheme.names), "exceedance": list(scheme.exceedances)}
    return _table(named, _frequencies(cells, exceeded, block))


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
    check_levels(levels)
    cells = Cells.of(draws, outcome, sample)
    low, high = cells.central(levels)
    y = cells.outcome[:, np.newaxis]
    return _table({"level": list(levels)}, _frequencies(cells, (low <= y) & (y <= high), block))


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
        As in :func:`exceedance_calibration`, over any dimensions.
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


def reliability(
    draws: xr.DataArray,
    outcome: xr.DataArray,
    threshold: xr.DataArray | float,
    *,
    bins: int = 10,
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
    if bins < 1:
        raise SpecError("a reliability table cannot be made", [f"{bins} bins; give one or more"])
    cells = Cells.of(draws, outcome, sample)
    limit = cells.values_of(threshold, "the threshold")
    predicted = (cells.draws > limit[:, np.newaxis]).mean(axis=-1)
    exceeded = (cells.outcome > limit)[:, np.newaxis]
    edges = np.linspace(0, 1, bins + 1)
    member = np.clip(np.searchsorted(edges, predicted, "right") - 1, 0, bins - 1)
    rows = []
    for k in range(bins):
        inside = member == k
        named = {
            "bin_lower": [edges[k]],
            "bin_upper": [edges[k + 1]],
            "predicted": [predicted[inside].mean() if inside.any() else np.nan],
        }
        rows.append(_table(named, _frequencies(cells, exceeded, block, among=inside)))
    return pd.concat(rows, ignore_index=True)


def _frequencies(
    cells: Cells, events: Flags, block: int, *, among: Flags | None = None
) -> Frequencies:
    """Lay the cells out as (time, other, quantity), and count events (cell, event)."""
    if ORIGIN not in cells.seen.dims:
        raise LabelError(
            f"the outcomes have no dimension {ORIGIN!r}, they have {list(cells.seen.dims)}; "
            f"name the dimension of forecast origins so"
        )
    if block < 1:
        raise SpecError("calibration cannot be measured", [f"block={block}; give one or more"])
    counted = np.ones(len(cells.outcome)) if among is None else among.astype(np.float64)
    labels = pd.RangeIndex(events.shape[1], name="_event")
    seen = _laid_out(cells.labelled(counted))
    happened = [
        _laid_out(cells.labelled(events, labels).isel(_event=k, drop=True))
        for k in range(events.shape[1])
    ]
    return two_way_frequencies(np.stack(happened), seen, block=block)


def _laid_out(array: xr.DataArray) -> Floats:
    """Give an array as (time, other, quantity), with 0 for what is not known."""
    if QUANTITY not in array.dims:
        array = array.expand_dims(QUANTITY)
    ordered = array.fillna(0.0).transpose(ORIGIN, ..., QUANTITY)
    shape = (ordered.sizes[ORIGIN], -1, ordered.sizes[QUANTITY])
    return np.asarray(ordered.values, dtype=np.float64).reshape(shape)


def _table(named: Mapping[str, object], found: Frequencies) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **named,
            "observed": found.observed,
            "lower": found.lower,
            "upper": found.upper,
            "n": found.n,
        }
    )
