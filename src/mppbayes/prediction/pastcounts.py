"""The counts of the past in whole numbers: figures split over their periods, the unseen drawn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mppbayes.model.counts import beta_binomial_counts, negative_binomial_counts
from mppbayes.model.innovations import Innovations
from mppbayes.model.layout import Layout
from mppbayes.model.positive import HALF

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class PastCounts:
    """What the replay of the past expects, to be made whole.

    Attributes
    ----------
    layout : Layout
        The evidence.
    keep_from : int
        The first period of the arrays.
    mean : (draw, time, flow)
        The expected count of each period.
    dispersion : (draw, flow)
        Of the flows.
    innovations : Innovations
        The chance.
    """

    layout: Layout
    keep_from: int
    mean: Floats
    dispersion: Floats
    innovations: Innovations

    def whole(self, counts: Floats) -> Floats:
        """Make whole numbers of replayed counts, (draw, time, flow).

        A figure of several periods is split at random: a part among those of its whole, period by
        period, so that it never exceeds it. Periods of no window are drawn around their mean. A
        whole that was not seen holds its parts.
        """
        drawn = np.round(counts)
        for tier in self.layout.structure.tiers:
            for s in tier.tolist():
                self._draw(drawn, s)
                self._split(drawn, counts, s)
                self._fit(drawn, s)
        return drawn

    def _here[Kind: np.generic](self, array: NDArray[Kind]) -> NDArray[Kind]:
        return array[self.keep_from :]

    def _draw(self, drawn: Floats, s: int) -> None:
        """Draw the periods in which nothing tells of a flow."""
        name, room = self.layout.structure.names[s], self._room(s)
        windows = self.layout.windows
        for t in np.flatnonzero(self._here(~(windows.covered | windows.counted))[:, s]):
            ordinal = self.layout.periods[int(t) + self.keep_from].ordinal
            noise = (each[:, 0] for each in self.innovations.cells((name,), ordinal))
            mean, dispersion = self.mean[:, t, s], self.dispersion[:, s]
            if room is None:
                drawn[:, t, s] = negative_binomial_counts(mean, dispersion, *noise)
            else:
                trials = np.maximum(drawn[:, t] @ self.layout.structure.room[s], 0.0)
                share = mean / np.maximum(room[:, t], HALF)
                drawn[:, t, s] = beta_binomial_counts(trials, share, dispersion, *noise)

    def _room(self, s: int) -> Floats | None:
        """Give what the replay took a part's share of, (draw, time); None for other flows."""
        combination = self.layout.structure.room[s]
        if not combination.any():
            return None
        windows = self.layout.windows
        known = windows.single | ~np.isnan(windows.apart)
        month = np.where(windows.single, windows.value, np.nan_to_num(windows.apart))
        known = known & ~self.layout.structure.driven("part")
        fill = np.where(self._here(known), self._here(month), self.mean)
        seen = self._here(windows.room)[:, s]
        return np.where(np.isnan(seen), np.maximum(fill @ combination, HALF), seen)

    def _split(self, drawn: Floats, counts: Floats, s: int) -> None:
        """Split the windows of several periods."""
        windows, structure = self.layout.windows, self.layout.structure
        for periods, figure in windows.of_several(s):
            if len(periods) < 2 or periods[0] < self.keep_from:
                continue
            at, last = periods - self.keep_from, int(periods[-1])
            ordinal = self.layout.periods[last].ordinal
            stream = self.innovations.splits(structure.names[s], ordinal)
            total = np.round(counts[:, at, s].sum(axis=1)).astype(np.int64)
            if figure is not None:
                total[:] = int(figure)
            if structure.room[s].any():
                drawn[:, at, s] = _split_among(total, self._left(drawn, s, at, total), stream)
            else:
                held = self._held(drawn, s)[:, at]
                over = total / np.maximum(held.sum(axis=1), 1)
                held = np.floor(held * np.minimum(over, 1.0)[:, None]).astype(np.int64)
                left = total - held.sum(axis=1)
                drawn[:, at, s] = held + _split(left, counts[:, at, s] - held, stream)

    def _left(
        self, drawn: Floats, s: int, at: NDArray[np.int64], total: NDArray[np.int64]
    ) -> Floats:
        """Give what a part is a part of, (draw, period), so that it holds the total.

        Without those whom the figures of the parts after it hold; it is raised where not seen.
        """
        structure, windows = self.layout.structure, self.layout.windows
        combination = structure.room[s]
        single = self._here(np.where(windows.single, windows.value, 0.0))
        later = next(whole.after(s) for whole in structure.wholes if s in whole.parts)
        beside = single[at][:, later].sum(axis=1)
        left: Floats = np.maximum(drawn[:, at] @ combination - beside, 0.0)
        members = np.flatnonzero(combination > 0)
        open_ = ~self._here(windows.counted)[at][:, members].all(axis=1)
        if open_.any():
            short = np.maximum(total - left.sum(axis=1), 0.0)
            left[:, open_] += np.ceil(short / open_.sum())[:, None]
        return left

    def _held(self, drawn: Floats, s: int) -> NDArray[np.int64]:
        """Give how many of a flow the figures of its parts hold, beside its sum: (draw, time)."""
        windows = self.layout.windows
        single = self._here(np.where(windows.single, windows.value, 0.0))
        held = np.zeros(drawn.shape[:2])
        for whole in self.layout.structure.wholes:
            if s in whole.members:
                others = drawn @ whole.combination - drawn[:, :, s]
                held = np.maximum(held, single[:, whole.parts].sum(axis=1) - others)
        return held.astype(np.int64)

    def _fit(self, drawn: Floats, s: int) -> None:
        """Let what a part is a part of hold it where it was not seen; else it holds no more."""
        combination = self.layout.structure.room[s]
        if not combination.any():
            return
        counted = self._here(self.layout.windows.counted)
        short = np.maximum(drawn[:, :, s] - drawn @ combination, 0.0)
        for member in np.flatnonzero(combination > 0).tolist():
            drawn[:, :, member] += np.where(counted[:, member], 0.0, short)
            short = np.where(counted[:, member], short, 0.0)
            self._fit(drawn, member)
        for beside in np.flatnonzero(combination < 0).tolist():
            less = np.where(counted[:, beside], 0.0, np.minimum(short, drawn[:, :, beside]))
            drawn[:, :, beside] -= less
            short = short - less
        drawn[:, :, s] -= np.where(counted[:, s], 0.0, short)


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
