"""Evidence cut into windows: what each figure of a flow is about, and where nothing was seen.

A flow's periods are cut into windows: one for each figure; where it has none but changes a seen
stock, one for each figure of that stock; and one for each gap between two figures of its own.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mppbayes.model.accounts import Accounts
from mppbayes.model.delays import nominal_shares, nominal_weights
from mppbayes.model.held import held
from mppbayes.model.levels import Levels
from mppbayes.model.positive import HALF
from mppbayes.model.structure import Structure
from mppbayes.network import Route

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]

KNOWN_WEIGHT: Final = 0.9  # of a delay must fall on periods whose source is known


@dataclass(frozen=True, eq=False)
class Windows:
    """What is known of flows with a rate, over (time, flow); ``end`` marks a window's last period.

    Attributes
    ----------
    end, seen, gap, row : bool
        Whether a window ends here; and, at its end, whether a figure is about it, whether it is a
        gap between figures, or whether it ends with a figure of a stock.
    length : int
        At a window's end, its periods; else 1.
    figure : int
        The periods of the figure that ends here, be it used or not; 0 where none does.
    value, rounding : float
        At the end of a seen window; the value also at the end of one that is counted apart.
    begins : bool
        The first period of a flow's first window.
    start_at, end_at : int
        Where the window with a figure begins and ends that a period lies in; itself where it lies
        in none.
    inside : bool
        Whether a period lies in a seen window.
    history : float
        Each figure spread over its window as what drives the flow was, else evenly; NaN where
        nothing was seen.
    room : float
        What a part takes its share of, from the figures; NaN where it is not known in whole.
    apart : float
        The counts of periods under a figure that tells nothing of the flow's rate, but who came
        or went all the same: spread as ``history`` is, in whole numbers. NaN elsewhere.
    unused : tuple of str
        The figures of flows that tell nothing of their rates, with the reason.
    """

    end: Flags
    seen: Flags
    gap: Flags
    row: Flags
    length: NDArray[np.int64]
    figure: NDArray[np.int64]
    value: Floats
    rounding: Floats
    begins: Flags
    start_at: NDArray[np.int64]
    end_at: NDArray[np.int64]
    inside: Flags
    history: Floats
    room: Floats
    apart: Floats
    unused: tuple[str, ...]

    @cached_property
    def counted(self) -> Flags:
        """The periods under a figure, be it one that is counted apart, (time, flow)."""
        return np.asarray(self.inside | ~np.isnan(self.apart))

    @cached_property
    def spread(self) -> Floats:
        """Every figure spread over its periods, (time, flow); 0 where there is none."""
        return np.where(self.inside, np.nan_to_num(self.history), np.nan_to_num(self.apart))

    @cached_property
    def single(self) -> Flags:
        """The cells with a figure of one period, (time, flow)."""
        return np.asarray(self.seen & (self.length == 1))

    @cached_property
    def covered(self) -> Flags:
        """The periods that lie in a window, (time, flow)."""
        found = np.zeros(self.end.shape, dtype=bool)
        for last, flow in zip(*np.nonzero(self.end), strict=True):
            found[last - self.length[last, flow] + 1 : last + 1, flow] = True
        return found

    def of_several(self, flow: int) -> list[tuple[NDArray[np.int64], float | None]]:
        """Give the periods of each of a flow's windows of several, and its figure if it has one.

        Periods that are counted apart are in the window of that figure.
        """
        found: list[tuple[NDArray[np.int64], float | None]] = []
        for last in np.flatnonzero(self.end[:, flow] & (self.length[:, flow] > 1)):
            within = np.arange(last - self.length[last, flow] + 1, last + 1)
            if self.seen[last, flow]:
                found.append((within, float(self.value[last, flow])))
            else:
                found.append((within[~self.counted[within, flow]], None))
        apart = np.flatnonzero(~np.isnan(self.apart[:, flow]))
        for last in np.unique(self.end_at[apart, flow]):
            within = np.arange(self.start_at[last, flow], last + 1)
            found.append((within, float(self.value[last, flow])))
        return found

    def within(self, flow: int, at: int, first: int, last: int) -> tuple[float, float]:
        """Give how much of the figure that a period lies in is of a span, and the figure."""
        start, end = self.start_at[at, flow], self.end_at[at, flow]
        figure = self.spread[start : end + 1, flow]
        inside = figure[max(first - start, 0) : max(last - start + 1, 0)]
        return float(inside.sum()), float(figure.sum())


def cut(
    structure: Structure,
    figures: pd.DataFrame,
    time: pd.PeriodIndex,
    levels: Levels,
    accounts: Accounts,
) -> Windows:
    """Cut the periods of every flow into windows."""
    n_time, n_flows = len(time), len(structure.flows)
    spans = [_spans(figures[figures["series"] == name], time) for name in structure.names]
    history = np.full((n_time, n_flows), np.nan)
    pace, (least, told) = _pace(structure, levels), _held(structure, spans, n_time)
    for i in np.concatenate(structure.tiers):
        if structure.drives[i] == "part":
            pace[:, i] = combined(history, structure.room[i])
        elif structure.drives[i] == "routed":
            pace[:, i] = _arriving(structure, structure.flows[i].routes, history)
        for first, last, figure, _ in spans[i]:
            share = np.maximum(pace[first : last + 1, i], 1e-9)
            if not np.isfinite(share).all():
                share = np.ones(len(share))
            within = slice(first, last + 1), i
            history[within] = _around(least[within], told[within], figure, share)
    usable = np.ones((n_time, n_flows), dtype=bool)
    room = np.full((n_time, n_flows), np.nan)
    apart = np.full((n_time, n_flows), np.nan)
    unused: list[str] = []
    end, seen, gap, row = (np.zeros((n_time, n_flows), dtype=bool) for _ in range(4))
    inside, begins = (np.zeros((n_time, n_flows), dtype=bool) for _ in range(2))
    length = np.ones((n_time, n_flows), dtype=np.int64)
    figure_length = np.zeros_like(length)
    value, rounding = np.zeros((n_time, n_flows)), np.ones((n_time, n_flows))
    start_at = np.tile(np.arange(n_time)[:, None], (1, n_flows))
    end_at = start_at.copy()
    for i in np.concatenate(structure.tiers):
        flow, kind = structure.flows[i], structure.drives[i]
        if kind == "part":
            others = np.flatnonzero(structure.room[i])
            usable[:, i] = usable[:, others].all(axis=1)
            for first, last, _, _ in spans[i]:
                if _covers([spans[o] for o in others], first, last):
                    known = combined(history[first : last + 1], structure.room[i])
                    if (known < 0).any():
                        known = np.full(len(known), max(known.mean(), 0.0))
                    room[first : last + 1, i] = known
                    usable[first : last + 1, i] = True
        elif kind == "routed":
            usable[:, i] = ~np.isnan(pace[:, i])
        elif kind == "stock":
            usable[:, i] = np.arange(n_time) > levels.tracked[structure.driver[i]]
        kept = []
        for window in spans[i]:
            figure_length[window[1], i] = window[1] - window[0] + 1
            if usable[window[0] : window[1] + 1, i].all():
                kept.append(window)
            else:
                unused.append(f"{flow.name} {_label(time, window)}: {_REASONS[kind]}")
                if kind != "part":
                    first, last, figure, unit = window
                    apart[first : last + 1, i] = _in_whole(history[first : last + 1, i])
                    start_at[first : last + 1, i], end_at[first : last + 1, i] = first, last
                    value[last, i], rounding[last, i] = figure, unit
        for first, last, figure, unit in kept:
            end[last, i] = seen[last, i] = inside[first : last + 1, i] = True
            start_at[first : last + 1, i], end_at[first : last + 1, i] = first, last
            length[last, i] = last - first + 1
            value[last, i], rounding[last, i] = figure, unit
    free = usable & ~inside & np.isnan(apart)
    for i in range(n_flows):
        for first, last in _between_figures(structure, accounts, i):
            if free[first : last + 1, i].all():
                row[last, i] = end[last, i] = True
                length[last, i] = last - first + 1
        ends = np.flatnonzero(end[:, i])
        starts = ends - length[ends, i] + 1
        begins[starts[:1], i] = True
        for before, first, last in zip(ends[:-1], starts[1:], ends[1:], strict=True):
            if first > before + 1 and seen[before, i] and seen[last, i]:
                gap[first - 1, i] = end[first - 1, i] = True
                length[first - 1, i] = first - 1 - before
    return Windows(
        end,
        seen,
        gap,
        row,
        length,
        figure_length,
        value,
        rounding,
        begins,
        start_at,
        end_at,
        inside,
        history,
        room,
        apart,
        tuple(unused),
    )


_REASONS = {
    "routed": "too little is known of its sources in the periods before",
    "stock": "the stock that drives it is not known then",
    "part": "neither its whole nor what drives the whole is known then",
}


def _spans(rows: pd.DataFrame, time: pd.PeriodIndex) -> list[tuple[int, int, float, float]]:
    """Give the windows of figures as positions: first, last, value, rounding; in order."""
    first = time.get_indexer(pd.PeriodIndex(rows["start"], freq=time.freq))
    last = time.get_indexer(pd.PeriodIndex(rows["end"], freq=time.freq))
    windows = zip(first, last, rows["value"], rows["rounding"], strict=True)
    return sorted((int(a), int(b), float(v), float(r)) for a, b, v, r in windows if 0 <= a <= b)


def _pace(structure: Structure, levels: Levels) -> Floats:
    """Give how fast flows go by what is known of the stocks that drive them: (time, flow).

    Those who leave at a rate of the flow's own, as far as is known, do so with the square root of
    who is there, which is what the prior of the elasticity has in the middle.
    """
    n_time = len(levels.seen)
    pace = np.ones((n_time, len(structure.flows)))
    for i in np.flatnonzero(structure.driver >= 0):
        k = structure.driver[i]
        if (at := np.flatnonzero(levels.seen[:, k])).size:
            before = np.interp(np.arange(n_time) - 1, at, levels.value[at, k])
            pace[:, i] = np.maximum(before, 1.0) ** (0.5 if structure.elastic[i] else 1.0)
    return pace


def _held(
    structure: Structure, spans: list[list[tuple[int, int, float, float]]], n_time: int
) -> tuple[Floats, Floats]:
    """Give how many of each flow its parts' figures of single periods hold, and of how many parts.

    Returns
    -------
    least, told : (time, flow)
    """
    single = np.full((n_time, len(spans)), np.nan)
    for i, windows in enumerate(spans):
        for first, last, figure, _ in windows:
            if first == last:
                single[first, i] = figure
    is_single = ~np.isnan(single)
    least = held(np.nan_to_num(single), is_single, structure).least
    return least, held(np.ones_like(single), is_single, structure).least


def _around(least: Floats, told: Floats, figure: float, share: Floats) -> Floats:
    """Spread what a figure has beyond the least of each period in proportion to the shares.

    Periods in which fewer parts have figures than in others hold as much as these on average.
    """
    full = told == told.max()
    least = np.where(full, least, np.maximum(least, least[full].mean()))
    there = least * min(1.0, figure / max(least.sum(), HALF))
    return there + (figure - there.sum()) * share / share.sum()


def _in_whole(spread: Floats) -> Floats:
    """Make whole numbers of the shares in a figure, as close as they allow; they add up to it."""
    return np.diff(np.round(spread.cumsum()), prepend=0.0)


def _covers(others: list[list[tuple[int, int, float, float]]], first: int, last: int) -> bool:
    """Say whether every other flow has figures about exactly these periods together."""
    for windows in others:
        within = [(a, b) for a, b, _, _ in windows if first <= a and b <= last]
        if sum(b - a + 1 for a, b in within) != last - first + 1:
            return False
    return True


def _arriving(structure: Structure, routes: tuple[Route, ...], history: Floats) -> Floats:
    """Give what the sources of a flow bring, as declared; NaN where too little is known of them."""
    total = np.zeros(len(history))
    for route, share in zip(routes, nominal_shares(routes), strict=True):
        came, known = delayed(
            source_of(history, structure.combination(route.source)), nominal_weights(route)
        )
        enough = known >= KNOWN_WEIGHT - 1e-12
        total += share * np.where(enough, came / np.maximum(known, KNOWN_WEIGHT), np.nan)
    return total


def combined(values: Floats, combination: Floats) -> Floats:
    """Combine the columns of an array; unknown where one that counts is: (time,)."""
    chosen = np.flatnonzero(combination)
    return np.asarray(values[:, chosen] @ combination[chosen])


def source_of(history: Floats, combination: Floats) -> Floats:
    """Combine what came into the source of a route: (time,).

    A rest is no less than nobody, though figures spread over their periods may say so.
    """
    return np.maximum(combined(history, combination), 0.0)


def delayed(source: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Spread a source over the periods after it; NaN where it is not known.

    Returns
    -------
    arrived, known : (time,)
        What arrives from the known periods, and the share of the weights that falls on them.
    """
    most = len(weights) - 1
    arrived = lagged(np.nan_to_num(source), most) @ weights
    return arrived, lagged(~np.isnan(source), most) @ weights


def lagged(values: NDArray[np.generic], most: int) -> Floats:
    """Lay the values of the periods before beside each: (time, lag), 0 before the first."""
    padded = np.concatenate([np.zeros(most), values.astype(float)])
    view = np.lib.stride_tricks.sliding_window_view(padded, most + 1)
    return np.ascontiguousarray(view[:, ::-1])


def _between_figures(structure: Structure, accounts: Accounts, flow: int) -> list[tuple[int, int]]:
    """Give first and last period of the spans between two figures that tell of a flow.

    Those of a stock that the flow changes, and of the sums of stocks that it is in and that the
    flow changes too; of the stock with the most.
    """
    touched = np.flatnonzero(structure.change[flow])
    if not len(touched) or structure.drives[flow] == "part":
        return []
    changed = structure.series_change[flow] != 0
    figures = (accounts.begin | accounts.tell) & changed
    of_stock = figures.astype(float) @ structure.series[:, touched] > 0
    k = np.argmax(of_stock.sum(axis=0))
    return [(a + 1, b) for a, b in pairwise(np.flatnonzero(of_stock[:, k]).tolist())]


def _label(time: pd.PeriodIndex, window: tuple[int, int, float, float]) -> str:
    first, last = time[window[0]], time[window[1]]
    return str(first) if first == last else f"{first} to {last}"
