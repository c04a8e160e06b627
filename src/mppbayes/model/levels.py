"""What is known of stocks: their own figures, and what those of sums tell of their members."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mppbayes.model.structure import Structure

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Levels:
    """What is known of stocks.

    Attributes
    ----------
    seen : (time, stock) bool
        Whether a level is known at a period's end: from its own figures, or from those of a sum
        and the sum's other members. Where the two are never of one date, the sum is joined by
        straight lines for the first level only.
    value : (time, stock)
        The level; 0 where not known.
    sum_seen, sum_value : (time, sum)
        The figures of sums of stocks.
    members : (sum, stock)
        What they add up.
    tracked : (stock,) int
        The position from whose end on a level can be computed; −1 from the beginning; the number
        of periods if never.
    reference : (stock,)
        The mean of the known levels, else the declared initial mean, else 1.
    """

    seen: Flags
    value: Floats
    sum_seen: Flags
    sum_value: Floats
    members: Floats
    tracked: NDArray[np.int64]
    reference: Floats

    @property
    def seen_before(self) -> Flags:
        """Whether the level at the end of the period before is known, (time, stock)."""
        return np.concatenate([np.zeros_like(self.seen[:1]), self.seen[:-1]])


def stock_levels(structure: Structure, figures: pd.DataFrame, time: pd.PeriodIndex) -> Levels:
    """Lay out the figures of stocks, and derive what sums tell of their members."""
    network = structure.network
    stocks = network.stock_names
    sums, members = structure.series_names[len(stocks) :], structure.series[len(stocks) :]
    own = figures_of(stocks, figures, time)
    of_sum = figures_of(sums, figures, time)
    known = own.copy()
    for q in range(len(sums)):
        between = _interpolated(of_sum[:, q])
        for k in np.flatnonzero(members[q]):
            others = own[:, [o for o in np.flatnonzero(members[q]) if o != k]].sum(axis=1)
            for total, most in ((of_sum[:, q], len(time)), (between, 1)):
                left = total - others
                fill = np.flatnonzero(np.isnan(known[:, k]) & (left > 0))
                if most > 1 or np.isnan(known[:, k]).all():
                    known[fill[:most], k] = np.round(left[fill[:most]])
    seen = ~np.isnan(known)
    initial = np.array([stock.initial is not None for stock in network.stocks], dtype=bool)
    first = np.where(seen.any(axis=0), seen.argmax(axis=0), len(time))
    tracked = np.where(seen.any(axis=0), first, np.where(initial, -1, len(time)))
    reference = np.array(
        [
            known[seen[:, k], k].mean()
            if seen[:, k].any()
            else (stock.initial.mean if stock.initial else 1.0)
            for k, stock in enumerate(network.stocks)
        ]
    )
    return Levels(
        seen,
        np.nan_to_num(known),
        ~np.isnan(of_sum),
        np.nan_to_num(of_sum),
        members,
        tracked.astype(np.int64),
        np.maximum(reference, 1.0),
    )


def of_rounding(unit: Floats) -> Floats:
    """Give the variance that rounding to a unit adds to a figure; none if it is whole numbers."""
    return np.where(unit > 1, unit**2 / 12, 0.0)


def figures_of(
    series: tuple[str, ...], figures: pd.DataFrame, time: pd.PeriodIndex, column: str = "value"
) -> Floats:
    """Lay out the figures of series by the period that they end in: (time, series), else NaN."""
    values = np.full((len(time), len(series)), np.nan)
    for position, name in enumerate(series):
        rows = figures[figures["series"] == name]
        at = time.get_indexer(pd.PeriodIndex(rows["end"], freq=time.freq))
        values[at[at >= 0], position] = rows[column].to_numpy(float)[at >= 0]
    return values


def _interpolated(values: Floats) -> Floats:
    """Join figures by straight lines; NaN before the first and after the last."""
    at = np.flatnonzero(~np.isnan(values))
    if not len(at):
        return values
    return np.interp(np.arange(len(values)), at, values[at], left=np.nan, right=np.nan)
