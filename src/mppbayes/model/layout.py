"""The longest span of evidence that a graph is built for, and what is seen in it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mppbayes import names
from mppbayes.model.accounts import Accounts, accounts
from mppbayes.model.levels import Levels, stock_levels
from mppbayes.model.structure import Structure
from mppbayes.model.windows import Windows, cut
from mppbayes.network import Network
from mppbayes.panel import Panel
from mppbayes.panel.attribution import totals

_INTERVAL_BELOW = 20  # times the rounding
_FIGURE = "figure"
_COLUMNS = ("series", "start", "end", "n_periods", "value", "lower", "upper", "rounding")


@dataclass(frozen=True, eq=False)
class Layout:
    """Evidence laid out over the periods that it spans.

    Evidence of the same series that ends earlier fits the same layout: its missing cells are
    masked, and unknowns of periods after its end keep their prior.

    Attributes
    ----------
    network : Network
        Whose flows, stocks and sums the evidence is about.
    figures : Dataset
        The evidence, over ``figure``: ``series``, ``start``, ``end``, ``n_periods``, ``value``,
        ``lower``, ``upper`` and ``rounding``.
    counts : Dataset
        Of flows over single periods, (time, flow): :meth:`mppbayes.Panel.counts` over all periods
        that the evidence spans.
    """

    network: Network
    figures: xr.Dataset
    counts: xr.Dataset

    @classmethod
    def of(cls, panel: Panel) -> "Layout":
        """Lay out a panel."""
        panel = panel.attributed()
        evidence = panel.evidence
        figures = xr.Dataset({column: (_FIGURE, _plain(evidence[column])) for column in _COLUMNS})
        span = panel.span.to_timestamp().to_numpy("datetime64[ns]")
        return cls(panel.network, figures, _over(panel, span))

    @property
    def time(self) -> pd.DatetimeIndex:
        """First days of the periods."""
        return pd.DatetimeIndex(self.counts["time"].values)

    @property
    def periods(self) -> pd.PeriodIndex:
        """The periods."""
        return self.time.to_period(self.network.frequency)

    @property
    def seasons(self) -> NDArray[np.int64]:
        """The season of each period, from 0."""
        return seasons(self.time, self.network.periods_per_year)

    @cached_property
    def structure(self) -> Structure:
        """The network as the model sees it."""
        return Structure(self.network)

    @cached_property
    def levels(self) -> Levels:
        """What is known of stocks."""
        return stock_levels(self.structure, self.table, self.periods)

    @cached_property
    def accounts(self) -> Accounts:
        """Between which figures of stocks the flows account for what changed."""
        return accounts(self.structure, self.table, self.periods, self.levels)

    @cached_property
    def windows(self) -> Windows:
        """The flows' periods cut into windows."""
        return cut(self.structure, self.table, self.periods, self.levels, self.accounts)

    @cached_property
    def unused(self) -> tuple[str, ...]:
        """The figures that the model cannot use, with the reason."""
        found = list(self.windows.unused)
        found += [
            f"{stock.name} initial: the stock is known from its first figure on"
            for stock in self.network.stocks
            if stock.initial and self.dates(stock.name).size
        ]
        of_total = self.table[self.table["series"].isin(totals(self.network))]
        for series, start, end in zip(
            of_total["series"], of_total["start"], of_total["end"], strict=True
        ):
            span = sorted({str(pd.Period(day, self.network.frequency)) for day in (start, end)})
            found.append(f"{series} {' to '.join(span)}: it does not tell of a single flow")
        return (*found, *self._unused_of_sums())

    def _unused_of_sums(self) -> list[str]:
        structure, found = self.structure, []
        used = self.accounts.begin | self.accounts.tell
        for q in range(len(structure.network.stocks), len(structure.series)):
            name, stocks = structure.series_names[q], np.flatnonzero(structure.series[q])
            tracked = self.levels.tracked[stocks].max()
            own = [set(self.dates(structure.series_names[k]).tolist()) for k in stocks]
            for at in self.dates(name).tolist():
                if 0 <= at < tracked:
                    reason = "not all of its members are known then"
                elif at in set.intersection(*own) and not used[at, q]:
                    reason = "its members' own figures tell it"
                else:
                    continue
                found.append(f"{name} {self.periods[at]}: {reason}")
        return found

    @property
    def informed(self) -> NDArray[np.bool_]:
        """Whether a figure tells of a flow's rate, (flow,)."""
        return np.asarray(self.windows.seen.any(axis=0))

    def dates(self, series: str) -> NDArray[np.int64]:
        """Give the positions of a series' figures by the periods that they end in, in order."""
        ends = self.table["end"][self.table["series"] == series].sort_values()
        at: NDArray[np.int64] = self.periods.get_indexer(ends.dt.to_period(self.network.frequency))
        return at

    @cached_property
    def cells(self) -> xr.Dataset:
        """The counts of the flows with a rate that the model uses, (time, flow)."""
        own = self.counts.sel({names.FLOW: list(self.structure.names)})
        return own.assign(value=own["value"].where(self.windows.single))

    @cached_property
    def gaps(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Last period and flow of the spans between two figures of a flow without one."""
        time, flow = np.nonzero(self.windows.gap)
        return time, flow

    @cached_property
    def roundings(self) -> dict[int, int]:
        """How many cells can be intervals, in this or in a shorter panel, by rounding."""
        rounding = self._own("rounding")[self._small & self._of_kind("exact")].astype(int)
        found, cells = np.unique(rounding, return_counts=True)
        return dict(zip(found.tolist(), cells.tolist(), strict=True))

    def _own(self, column: str) -> NDArray[np.float64]:
        """Give a column of the counts of single periods of the flows with a rate, (time, flow)."""
        own = self.counts[column].sel({names.FLOW: list(self.structure.names)})
        return np.asarray(own.values, dtype=float)

    @cached_property
    def _small(self) -> NDArray[np.bool_]:
        """The counts small for their rounding: below 20 times it they are intervals."""
        value, rounding = self._own("value"), self._own("rounding")
        return np.asarray((rounding > 1) & (value < _INTERVAL_BELOW * rounding))

    def _of_kind(self, kind: str) -> NDArray[np.bool_]:
        """Say which figures can be of a kind, in this or in a shorter panel, (time, flow).

        In a shorter panel a stock may be known from another period on, and so other figures used.
        """
        length, parts = self.windows.figure, self.structure.driven("part")
        found = {
            "exact": (length == 1) & ~parts,
            "coarse": length > np.where(parts, 0, 1),
            "part": (length > 0) & parts,
        }
        return np.asarray(found[kind])

    def most(self, kind: str) -> int:
        """Count the cells of a kind that there can be, in this or in a shorter panel."""
        found = self._of_kind(kind)
        return int((found & ~self._small if kind == "exact" else found).sum())

    @property
    def most_accounts(self) -> int:
        """Count the accounts that there can be, in this or in a shorter panel."""
        figures = (self.dates(name) for name in self.structure.series_names)
        return sum(max(int((at >= 0).sum()) - 1, 0) for at in figures)

    @cached_property
    def interval_cells(self) -> NDArray[np.bool_]:
        """The cells that are intervals, since their count is small for its rounding."""
        return self._small & self.windows.single & ~self.structure.driven("part")

    @cached_property
    def exact_cells(self) -> NDArray[np.bool_]:
        """The counts taken as published, with the rounding in their variance."""
        counted = self.windows.single & ~self.structure.driven("part")
        return np.asarray(counted & ~self.interval_cells)

    @cached_property
    def coarse_cells(self) -> NDArray[np.bool_]:
        """The ends of figures over more than one period, or of parts whose whole is not known."""
        windows = self.windows
        unknown_room = self.structure.driven("part") & np.isnan(windows.room)
        long = (windows.length > 1) & ~self.structure.driven("part")
        return windows.seen & (long | unknown_room)

    @cached_property
    def part_cells(self) -> NDArray[np.bool_]:
        """The ends of figures of parts whose whole is known."""
        windows = self.windows
        return windows.seen & self.structure.driven("part") & ~np.isnan(windows.room)

    @cached_property
    def part_intervals(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The least count that rounds to each figure of a part, and how many do: (time, flow) each.

        One that is large for its rounding is taken as published.
        """
        value, unit = self.windows.value, self.windows.rounding
        small = self.windows.seen & (unit > 1) & (value < _INTERVAL_BELOW * unit)
        below = np.where(small, value - unit // 2, value)
        lower = np.maximum(below, 0.0)
        return lower, np.where(small, below + unit - lower, 1.0)

    @cached_property
    def widest_part(self) -> int:
        """The most counts that round to a figure of a part, in this or in a shorter panel."""
        _, width = self.part_intervals
        return int(width[:, self.structure.driven("part")].max(initial=1.0))

    @cached_property
    def silent(self) -> NDArray[np.bool_]:
        """Flows that have parts, of which nothing else ever tells: (flow,)."""
        told = (self.windows.covered | self.windows.counted).any(axis=0)
        return np.asarray((self.structure.room > 0).any(axis=0) & ~told)

    @cached_property
    def told(self) -> NDArray[np.bool_]:
        """At the end of which periods something tells of a flow: (time, flow)."""
        by_part = self.windows.seen @ (self.structure.room > 0)
        return np.asarray(self.windows.end | (by_part & self.silent))

    @cached_property
    def may_learn_from_stocks(self) -> bool:
        """Whether flows without figures can learn from a stock, in this or in a shorter panel."""
        structure = self.structure
        changed = structure.series_change[~structure.driven("part")].any(axis=0)
        figures = np.array([len(self.dates(name)) for name in structure.series_names])
        return bool((changed & (figures > 1)).any())

    @cached_property
    def is_coarse(self) -> bool:
        """Whether a window can be longer than a period, in this or in a shorter panel."""
        longest = max(self.windows.length.max(), self.windows.figure.max())
        return bool(longest > 1) or self.may_learn_from_stocks

    @cached_property
    def gap_names(self) -> list[str]:
        """Flow and last period of each gap."""
        time, flow = self.gaps
        days, flows = self.time.strftime("%Y-%m-%d"), self.structure.names
        return [f"{flows[s]} {days[t]}" for t, s in zip(time, flow, strict=True)]

    @cached_property
    def table(self) -> pd.DataFrame:
        """The figures as a table."""
        return self.figures.to_dataframe()

    def restricted_to(self, panel: Panel) -> "Layout":
        """Lay out a shorter panel over the same periods."""
        counts = _over(panel.attributed(), self.counts[names.TIME].values)
        return Layout(self.network, Layout.of(panel).figures, counts)


def seasons(time: pd.DatetimeIndex, periods_per_year: int) -> NDArray[np.int64]:
    """Number the periods within their year, from 0."""
    return np.array([season_of(period, periods_per_year) for period in time], dtype=np.int64)


def season_of(period: pd.Period | pd.Timestamp, periods_per_year: int) -> int:
    """Number a period, or the one that begins then, within its year, from 0."""
    return int((period.month - 1) * periods_per_year // 12)


def _over(panel: Panel, time: NDArray[np.datetime64]) -> xr.Dataset:
    """Lay the counts of single periods over other periods."""
    counts = panel.counts().reindex({names.TIME: time})
    return counts.assign(rounding=counts["rounding"].fillna(1))


def _plain(column: pd.Series) -> NDArray[np.generic]:
    """Give a column as NumPy's, text too."""
    array = column.to_numpy()
    return array.astype(np.str_) if array.dtype.kind in "OT" else array
