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
from mppbayes.prediction.pastcounts import PastCounts
from mppbayes.prediction.unseen import Unseen

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
        """The position of the last period that tells of each flow; −1 where none: (flow,)."""
        end = self.layout.told
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
        layout = self.layout
        periods = layout.periods
        begin = int((periods < span[0]).sum())
        back = layout.structure.longest_lag
        keep_from = self._whole_from(max(begin - max(back, 1), 0))
        past = self.fit.replay(keep_from)
        if past.variance is None or draws.unrecorded is None:
            counts = np.repeat(past.counts, futures, axis=0)
        else:
            of_past = draws.constant.dispersion[::futures], draws.unrecorded[::futures]
            counts = Unseen(layout, past, keep_from, *of_past).drawn(innovations, futures)
        n_before = begin - keep_from
        mean = np.repeat(past.mean, futures, axis=0)
        whole = PastCounts(layout, keep_from, mean, draws.constant.dispersion, innovations).whole(
            counts
        )
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

    def _whole_from(self, at: int) -> int:
        """Give the last period, up to one, before which no window or account reaches beyond it."""
        spans = [(each.first + 1, each.last) for each in self.layout.accounts.accounts]
        for s in range(len(self.layout.structure.flows)):
            several = self.layout.windows.of_several(s)
            spans += [(int(each[0]), int(each[-1])) for each, _ in several if len(each)]
        while (earlier := min([at, *(first for first, last in spans if first < at <= last)])) < at:
            at = earlier
        return at

    def _end(self, past: Past, innovations: Innovations, futures: int) -> State:
        """Give the levels after the past; what stocks leave unknown of them is drawn."""
        end = State(*(np.repeat(array, futures, axis=0) for array in past.end))
        if past.unsure is None:
            return end
        owners = tuple(f"level of {name}" for name in self.layout.structure.names)
        error = innovations.unseen(owners, self.layout.periods[-1].ordinal)
        error *= np.sqrt(np.repeat(past.unsure, futures, axis=0))
        return end._replace(level=end.level + error)
