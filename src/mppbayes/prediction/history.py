"""What a forecast takes from the past: where every flow goes on, and the counts before it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mppbayes.inference import Fit
from mppbayes.model.innovations import Innovations
from mppbayes.model.layout import Layout
from mppbayes.model.replay import FlowDraws, Past
from mppbayes.model.simulation import Given
from mppbayes.model.step import State
from mppbayes.prediction.unseen import drawn_around

type Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class History:
    """The replayed past of a fit.

    Attributes
    ----------
    fit : Fit
        The posterior, with its evidence.
    """

    fit: Fit

    @property
    def layout(self) -> Layout:
        """The evidence."""
        return self.fit.layout

    @cached_property
    def last(self) -> NDArray[np.int64]:
        """The position of each flow's last window's end; −1 where it has none: (flow,)."""
        end = self.layout.windows.end
        return np.where(end.any(axis=0), len(end) - 1 - end[::-1].argmax(axis=0), -1)

    def span(self, origin: pd.Period, end: pd.Period) -> pd.PeriodIndex:
        """Give the periods of the forecast."""
        periods = self.layout.periods
        seen = self.layout.windows.seen
        last = len(seen) - 1 - seen[::-1].argmax(axis=0)
        earliest = periods[int(last[seen.any(axis=0)].min())]
        first = pd.Period(f"{earliest.year}-01", freq=origin.freqstr)
        if len(self.fit.network.stocks):
            tracked = int(self.layout.levels.tracked.max())
            known = periods[0] + (tracked + 1)
            first = max(first, min(known, origin + 1))
        return pd.period_range(first, end)

    def before(
        self, span: pd.PeriodIndex, draws: FlowDraws, innovations: Innovations, futures: int
    ) -> tuple[Floats, Floats, Given]:
        """Give the counts before a span, the stocks then, and what is known of the span.

        Returns
        -------
        counts : (draw, time, flow)
            Of as many periods before the span as the longest delay looks back; before all evidence
            the mean of the periods since.
        stock : (draw, stock)
            At the end of the period before the span.
        given : Given
            What is known of the span.
        """
        layout, structure = self.layout, self.layout.structure
        periods = layout.periods
        begin = int((periods < span[0]).sum())
        back = structure.longest_lag
        keep_from = max(begin - max(back, 1), 0)
        past = self.fit.replay(keep_from)
        counts = np.repeat(past.counts, futures, axis=0)
        if past.variance is not None and past.noise is not None:
            counts = drawn_around(
                counts,
                past.variance,
                past.noise,
                layout=layout,
                keep_from=keep_from,
                innovations=innovations,
            )
        n_before = begin - keep_from
        whole = self._whole(counts, keep_from, innovations)
        usual = whole.mean(axis=1, keepdims=True)  # of the periods before all evidence
        earlier = np.repeat(usual, max(back - n_before, 0), axis=1)
        n_past = len(periods) - begin
        time = np.arange(len(span))[:, None]
        last = self.last - begin
        shape = (len(whole), len(span), whole.shape[2])
        known = np.zeros(shape)
        known[:, : max(n_past, 0)] = whole[:, n_before:]
        levels = layout.levels
        stock = draws.stock if draws.stock is not None else np.zeros((len(whole), 0))
        if past.stock is not None and n_before:
            stock = np.repeat(past.stock[:, n_before - 1], futures, axis=0)

        def ahead[Kind: np.generic](array: NDArray[Kind]) -> NDArray[Kind]:
            padded = np.zeros((len(span), *array.shape[1:]), dtype=array.dtype)
            padded[: max(n_past, 0)] = array[begin:]
            return padded

        given = Given(
            counts=known,
            fixed=(time <= last) | ahead(~np.isnan(layout.windows.apart)),
            plan=np.zeros(shape[1:], dtype=bool),
            restart=(time == last + 1) & (self.last >= 0),
            end=self._end(past, innovations, futures),
            stock=ahead(levels.value),
            stock_seen=ahead(levels.seen),
            total=ahead(levels.sum_value),
            total_seen=ahead(levels.sum_seen),
            shock=draws.shock[:, begin:],
        )
        return np.concatenate([earlier, whole[:, :n_before]], axis=1), stock, given

    def _end(self, past: Past, innovations: Innovations, futures: int) -> State:
        """Give the levels after the past; what stocks leave unknown of them is drawn."""
        end = State(*(np.repeat(array, futures, axis=0) for array in past.end))
        if past.unsure is None:
            return end
        owners = tuple(f"level of {name}" for name in self.layout.structure.names)
        error = innovations.unseen(owners, self.layout.periods[-1].ordinal)
        error *= np.sqrt(np.repeat(past.unsure, futures, axis=0))
        return end._replace(level=end.level + error)

    def _whole(self, counts: Floats, keep_from: int, innovations: Innovations) -> Floats:
        """Make whole numbers of replayed counts; a longer figure is split at random.

        A part is split among those of its whole, period by period, so that it never exceeds it.
        """
        layout, windows, structure = self.layout, self.layout.windows, self.layout.structure
        whole = np.round(counts)
        for tier in structure.tiers:
            for s in tier:
                for last in np.flatnonzero(windows.end[:, s] & (windows.length[:, s] > 1)):
                    first = int(last - windows.length[last, s] + 1)
                    if first < keep_from:
                        continue
                    at = slice(first - keep_from, int(last) + 1 - keep_from)
                    stream = innovations.splits(
                        structure.names[s], layout.periods[int(last)].ordinal
                    )
                    total = np.round(counts[:, at, s].sum(axis=1)).astype(np.int64)
                    if windows.seen[last, s]:
                        total[:] = int(windows.value[last, s])
                    if np.isnan(windows.room[last, s]):
                        held = self._held(int(s), first, int(last))
                        left = np.maximum(total - held.sum(), 0)
                        whole[:, at, s] = held + _split(left, counts[:, at, s] - held, stream)
                    else:
                        room = whole[:, at] @ structure.room[s]
                        whole[:, at, s] = _split_among(total, room, stream)
                apart = windows.apart[keep_from:, s]
                whole[:, :, s] = np.where(np.isnan(apart), whole[:, :, s], apart)
                self._make_room(whole, int(s), keep_from)
        return whole

    def _held(self, s: int, first: int, last: int) -> NDArray[np.int64]:
        """Give how many of a flow are known by its parts' figures, (period,)."""
        windows = self.layout.windows
        parts = np.where(windows.single, windows.value, 0.0) @ self.layout.structure.within
        return parts[first : last + 1, s].astype(np.int64)

    def _make_room(self, whole: Floats, s: int, keep_from: int) -> None:
        """Let a whole that was not seen hold at least its parts."""
        room = self.layout.structure.room[s]
        if not room.any():
            return
        unseen = ~self.layout.windows.inside[keep_from:]
        short = np.maximum(whole[:, :, s] - whole @ room, 0.0)
        for member in np.flatnonzero(room > 0)[:1]:
            whole[:, :, member] += np.where(unseen[:, member], short, 0.0)


def _split(
    total: NDArray[np.int64], expected: Floats, stream: np.random.Generator
) -> NDArray[np.int64]:
    """Split totals over periods in proportion to what was expected, (draw, period)."""
    chance = np.maximum(expected, 1e-9)
    return np.asarray(stream.multinomial(total, chance / chance.sum(axis=1, keepdims=True)))


def _split_among(total: NDArray[np.int64], room: Floats, stream: np.random.Generator) -> Floats:
    """Split totals over periods as if drawn from those there, (draw, period)."""
    left, split = np.round(np.maximum(room, 0)).astype(np.int64), np.zeros_like(room)
    total = np.minimum(total, left.sum(axis=1))
    for i in range(room.shape[1]):
        later = left[:, i + 1 :].sum(axis=1)
        split[:, i] = stream.hypergeometric(left[:, i], later, total)
        total = total - split[:, i].astype(np.int64)
    return split
