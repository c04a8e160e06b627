"""Where unseen flows learn from a stock, and what longer figures leave in doubt there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mppbayes.model.laws import split_variance
from mppbayes.model.layout import Layout
from mppbayes.model.levels import of_rounding
from mppbayes.model.windows import Windows

type Floats = NDArray[np.float64]
Array = Any


@dataclass(frozen=True, eq=False)
class Closings:
    """Where unseen flows learn from a stock or from a sum of stocks, over (time, series).

    Attributes
    ----------
    closes : bool
        Whether the account of a series is closed here, and begins anew.
    before : int
        The position of the last time; −1 if there was none.
    blur : float
        The variance that rounding adds: of the two figures, and of those of flows in between.
    tells : float
        1 if there was a figure since then that tells; else 0.
    """

    closes: NDArray[np.bool_]
    before: NDArray[np.int64]
    blur: Floats
    tells: Floats

    @property
    def of_period(self) -> dict[str, NDArray[np.generic]]:
        """In the names of :class:`~mppbayes.model.period.Seen`."""
        since = np.arange(len(self.before))[:, None] - self.before
        periods = np.where(self.tells > 0, np.maximum(since, 1), 1).astype(float)
        return {"closes": self.closes, "tells": self.tells, "periods": periods, "blur": self.blur}


def closings(known: Layout) -> Closings:
    """Find where unseen flows learn from stocks.

    They do at the ends of their windows, if there was a figure of the series since the last time.
    Where there is a figure and no such window is open, the account of the series is closed too.
    """
    windows, accounts = known.windows, known.accounts
    touching = known.structure.series_change != 0
    ends = (windows.row.astype(float) @ touching) > 0
    is_open = np.zeros_like(ends)
    for end, flow in zip(*np.nonzero(windows.row), strict=True):
        is_open[end - windows.length[end, flow] + 1 : end] |= touching[flow]
    of_flows = of_rounding(windows.rounding).cumsum(axis=0) @ touching
    closes, tells = np.zeros_like(ends), np.zeros_like(ends)
    before, blur = np.full(ends.shape, -1), np.zeros(ends.shape)
    since = np.full(ends.shape[1], -1)
    for t in range(len(ends)):
        before[t] = since
        tells[t] = accounts.tell[t] | (tells[t - 1] & ~closes[t - 1] if t else False)
        over = ends[t] | (accounts.tell[t] & ~is_open[t])
        closes[t] = np.where(tells[t], over, accounts.begin[t])
        for q in np.flatnonzero(tells[t]):
            last = max(since[q], 0)
            own = accounts.blur[last + 1 : t + 1, q].sum()
            blur[t, q] = own + of_flows[t, q] - of_flows[last, q]
        since = np.where(closes[t], t, since)
    return Closings(closes, before, blur, tells.astype(float))


def each_account(known: Layout) -> Closings:
    """Give the accounts alike, each closed at the figure that it ends with."""
    accounts = known.accounts
    before, blur = np.full(accounts.shape, -1), accounts.blur.copy()
    touching = known.structure.series_change != 0
    of_flows = of_rounding(known.windows.rounding).cumsum(axis=0) @ touching
    for q, first, last, _, _ in accounts.accounts:
        before[last, q] = first
        blur[last, q] += of_flows[last, q] - of_flows[first, q]
    return Closings(accounts.tell, before, blur, accounts.tell.astype(float))


class Cuts(NamedTuple):
    """The longer figures of flows that a figure of a stock cuts, (time, series, cut) each.

    A series' cuts are those of the flows that change it, two each: of the window that was open the
    last time, and of the one that is open now, if it is another one.

    Attributes
    ----------
    part, whole : array
        The share in the figure that lies between the two times, and the figure; 0 where none is.
    length : array
        Its periods.
    """

    part: Array
    whole: Array
    length: Array


def cutting(layout: Layout) -> NDArray[np.int64] | None:
    """Give the flows of each series' cuts, (series, cut), −1 for none; None if there are none."""
    windows = layout.windows
    coarse = (windows.counted & (windows.start_at != windows.end_at)).any(axis=0)
    cut = (layout.structure.series_change != 0) & coarse[:, None]
    if not (most := int(cut.sum(axis=0).max(initial=0))):
        return None
    found = np.full((cut.shape[1], 2 * most), -1)
    for q, flows in enumerate(cut.T):
        both = np.repeat(np.flatnonzero(flows), 2)
        found[q, : len(both)] = both
    return found


def cut_arrays(closed: Closings, known: Layout, layout: Layout) -> dict[str, Floats]:
    """Give the fields of :class:`Cuts`, as ``cut_…``; nothing where no figure can be cut."""
    if (of := cutting(layout)) is None:
        return {}
    windows = known.windows
    part, whole = (np.zeros((*closed.closes.shape, of.shape[1])) for _ in range(2))
    length = np.ones_like(part)
    for t, q in np.argwhere(closed.tells > 0):
        first = max(int(closed.before[t, q]), 0) + 1
        for at in range(0, of.shape[1], 2):
            if (flow := int(of[q, at])) < 0 or first > t:
                continue
            for beside, (start, end) in enumerate(_cut(windows, flow, first, int(t))):
                cut = (t, q, at + beside)
                part[cut], whole[cut] = windows.within(flow, start, first, int(t))
                length[cut] = end - start + 1
    return {"cut_part": part, "cut_whole": whole, "cut_length": length}


def _cut(windows: Windows, flow: int, first: int, last: int) -> list[tuple[int, int]]:
    """Give the windows with a figure that lie in part between two periods, both included."""
    found = {
        (int(windows.start_at[t, flow]), int(windows.end_at[t, flow]))
        for t in (first, last)
        if windows.counted[t, flow]
    }
    return sorted((start, end) for start, end in found if start < first or end > last)


def of_cuts(given: Mapping[str, Array], layout: Layout, dispersion: Array) -> Array | None:
    """Give the variance that cut figures add to what the flows tell of a stock.

    Parameters
    ----------
    given : dict of str to array
        With the fields of :class:`Cuts`, as ``cut_…``.
    layout : Layout
        The longest span of evidence.
    dispersion : (…, flow)
        Of a period.

    Returns
    -------
    (…, time, series), or None
        For every series where it tells; None where no figure can be cut.
    """
    if (of := cutting(layout)) is None:
        return None
    cuts = Cuts(*(given[f"cut_{name}"] for name in Cuts._fields))
    precision = cuts.length * dispersion[..., None, of]
    return split_variance(cuts.part, cuts.whole, precision).sum(axis=-1)
