"""Evidence cut into windows: what each figure of a flow is about, and where nothing was seen.

A flow's periods are cut into windows: one for each figure, one for each gap between figures, and,
for a flow that is never seen but changes a seen stock, one for each figure of that stock.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mppbayes.model.delays import nominal_weights
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
        or went all the same: spread evenly, in whole numbers. NaN elsewhere.
    unused : tuple of str
        The figures of flows that tell nothing of their rates, with the reason.
    """

    end: Flags
    seen: Flags
    gap: Flags
    row: Flags
    length: NDArray[np.int64]
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

    @property
    def counted(self) -> Flags:
        """The periods under a figure, be it one that is counted apart, (time, flow)."""
        return np.asarray(self.inside | ~np.isnan(self.apart))

    @property
    def spread(self) -> Floats:
        """Every figure spread evenly over its periods, (time, flow); 0 where there is none."""
        return np.where(self.inside, np.nan_to_num(self.history), np.nan_to_num(self.apart))

    @property
    def single(self) -> Flags:
        """The cells with a figure of one period, (time, flow)."""
        return np.asarray(self.seen & (self.length == 1))


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
    blur : (time, stock)
        The variance that rounding adds to the figures that tell of the level, be it in a sum.
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
    blur: Floats
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
    sums = tuple(name for name in network.sum_names if name in network.stock_series)
    own = _levels_of(stocks, figures, time)
    of_sum = _levels_of(sums, figures, time)
    members = np.array([[float(s in network.members(q)) for s in stocks] for q in sums]).reshape(
        len(sums), len(stocks)
    )
    known = own.copy()
    blur = of_rounding(_levels_of(stocks, figures, time, "rounding"))
    blur_of_sum = of_rounding(_levels_of(sums, figures, time, "rounding"))
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
        blur + np.where(np.isnan(own), blur_of_sum @ members + (blur @ members.T) @ members, 0.0),
        ~np.isnan(of_sum),
        np.nan_to_num(of_sum),
        members,
        tracked.astype(np.int64),
        np.maximum(reference, 1.0),
    )


def cut(
    structure: Structure, figures: pd.DataFrame, time: pd.PeriodIndex, levels: Levels
) -> Windows:
    """Cut the periods of every flow into windows."""
    n_time, n_flows = len(time), len(structure.flows)
    spans = [_spans(figures[figures["series"] == name], time) for name in structure.names]
    history = np.full((n_time, n_flows), np.nan)
    pace = _pace(structure, levels)
    for i in np.concatenate(structure.tiers):
        if structure.drives[i] == "part":
            pace[:, i] = np.nan_to_num(combined(history, structure.room[i]), nan=1.0)
        for first, last, figure, _ in spans[i]:
            share = np.maximum(pace[first : last + 1, i], 1e-9)
            history[first : last + 1, i] = figure * share / share.sum()
    usable = np.ones((n_time, n_flows), dtype=bool)
    room = np.full((n_time, n_flows), np.nan)
    apart = np.full((n_time, n_flows), np.nan)
    unused: list[str] = []
    end, seen, gap, row = (np.zeros((n_time, n_flows), dtype=bool) for _ in range(4))
    inside, begins = (np.zeros((n_time, n_flows), dtype=bool) for _ in range(2))
    length = np.ones((n_time, n_flows), dtype=np.int64)
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
            usable[:, i] = _sources_known(structure, flow.routes, history)
        elif kind == "stock":
            usable[:, i] = np.arange(n_time) > levels.tracked[structure.driver[i]]
        kept = []
        for window in spans[i]:
            if usable[window[0] : window[1] + 1, i].all():
                kept.append(window)
            else:
                unused.append(f"{flow.name} {_label(time, window)}: {_REASONS[kind]}")
                if kind != "part":
                    first, last, figure, _ = window
                    apart[first : last + 1, i] = _evenly(figure, last + 1 - first)
                    start_at[first : last + 1, i], end_at[first : last + 1, i] = first, last
                    value[last, i] = figure
        before = None
        for first, last, figure, unit in kept:
            if before is not None and first > before + 1:
                gap[first - 1, i] = end[first - 1, i] = True
                length[first - 1, i] = first - 1 - before
            end[last, i] = seen[last, i] = inside[first : last + 1, i] = True
            start_at[first : last + 1, i], end_at[first : last + 1, i] = first, last
            length[last, i] = last - first + 1
            value[last, i], rounding[last, i] = figure, unit
            before = last
        if kept:
            begins[kept[0][0], i] = True
    for i in range(n_flows):
        touched = np.flatnonzero(structure.change[i])
        if spans[i] or not len(touched) or structure.drives[i] == "part":
            continue
        k = touched[np.argmax(levels.seen[:, touched].sum(axis=0))]
        ends = _row_ends(structure, spans, levels, int(k))
        for first, last in pairwise(ends):
            if usable[first + 1 : last + 1, i].all():
                row[last, i] = end[last, i] = True
                length[last, i] = last - first
        if row[:, i].any():
            begins[int(row[:, i].argmax()) - int(length[row[:, i].argmax(), i]) + 1, i] = True
    return Windows(
        end,
        seen,
        gap,
        row,
        length,
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


def of_rounding(unit: Floats) -> Floats:
    """Give the variance that rounding to a unit adds to a figure; none if it is whole numbers."""
    return np.where(unit > 1, unit**2 / 12, 0.0)


def _levels_of(
    series: tuple[str, ...], figures: pd.DataFrame, time: pd.PeriodIndex, column: str = "value"
) -> Floats:
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


def _evenly(total: float, n_periods: int) -> Floats:
    """Spread a total over periods in whole numbers, as evenly as they allow."""
    return np.diff(np.round(total * np.arange(n_periods + 1) / n_periods))


def _covers(others: list[list[tuple[int, int, float, float]]], first: int, last: int) -> bool:
    """Say whether every other flow has figures about exactly these periods together."""
    for windows in others:
        within = [(a, b) for a, b, _, _ in windows if first <= a and b <= last]
        if sum(b - a + 1 for a, b in within) != last - first + 1:
            return False
    return True


def _sources_known(structure: Structure, routes: tuple[Route, ...], history: Floats) -> Flags:
    known = np.ones(len(history), dtype=bool)
    for route in routes:
        source = combined(history, structure.combination(route.source))
        _, share = delayed(source, nominal_weights(route))
        known &= share >= KNOWN_WEIGHT - 1e-12
    return known


def combined(values: Floats, combination: Floats) -> Floats:
    """Combine the columns of an array; unknown where one that counts is: (time,)."""
    chosen = np.flatnonzero(combination)
    return np.asarray(values[:, chosen] @ combination[chosen])


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


def _row_ends(
    structure: Structure,
    spans: list[list[tuple[int, int, float, float]]],
    levels: Levels,
    k: int,
) -> list[int]:
    """Give the periods with a figure of a stock at which no longer figure of a flow is open."""
    closed = levels.seen[:, k].copy()
    for i in np.flatnonzero(structure.change[:, k]):
        for first, last, _, _ in spans[i]:
            closed[first:last] = False
    return np.flatnonzero(closed).tolist()


def _label(time: pd.PeriodIndex, window: tuple[int, int, float, float]) -> str:
    first, last = time[window[0]], time[window[1]]
    return str(first) if first == last else f"{first} to {last}"
