"""The panel: validated evidence about the series of a network."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd
import xarray as xr

from mppbayes.errors import LabelError, PanelError, suggest
from mppbayes.names import FLOW, TIME
from mppbayes.network import Network
from mppbayes.panel.attribution import attributed
from mppbayes.panel.cells import as_of
from mppbayes.panel.faults import CellError
from mppbayes.panel.periods import Span, first_days
from mppbayes.storage import digest


@dataclass(frozen=True, eq=False, repr=False)
class Panel:
    """Evidence about the series of a network: counts over periods, and levels of stocks.

    Made by :func:`read_panel`. A frame that it gives is a copy.

    Attributes
    ----------
    network : Network
        The network whose flows, stocks and sums the evidence is about.
    note : str
        A remark that stands wherever the figures are shown.
    """

    network: Network
    _evidence: pd.DataFrame
    _sources: pd.DataFrame = field(default_factory=pd.DataFrame)
    note: str = ""

    @property
    def evidence(self) -> pd.DataFrame:
        """The evidence, one row a figure, in the order of the network and of time.

        Columns: ``series``; ``period`` (text); ``start`` and ``end`` (first and last day; a
        stock's figure is of the end); ``n_periods`` (in periods of the network); ``value``;
        ``lower`` and ``upper`` (the whole numbers that round to the value); ``rounding`` (1 where
        unrounded); ``as_of`` (NaT where not given); ``row`` (in the table it came from); further
        columns of that table.
        """
        return self._evidence.copy()

    @property
    def sources(self) -> pd.DataFrame:
        """What is known of where a series comes from, by series; may be empty."""
        return self._sources.copy()

    @property
    def series(self) -> tuple[str, ...]:
        """The series that have evidence, in the order of the network."""
        return tuple(self._evidence["series"].unique())

    @property
    def digest(self) -> str:
        """SHA-256 of the figures: series, period, value, rounding and as_of."""
        figures = self._evidence[["series", "period", "value", "rounding", "as_of"]]
        known = figures["as_of"].dt.strftime("%Y-%m-%dT%H:%M:%S").fillna("")
        return digest(figures.assign(as_of=known).to_dict("list"))

    def first(self, series: str) -> pd.Period:
        """Give the period in which the evidence of a series begins."""
        return pd.Period(self._of(series)["start"].min(), freq=self.network.frequency)

    def last(self, series: str) -> pd.Period:
        """Give the period in which the evidence of a series ends."""
        return pd.Period(self._of(series)["end"].max(), freq=self.network.frequency)

    def until(self, period: str | pd.Period) -> Self:
        """Give the panel without the evidence that ends after a period.

        Parameters
        ----------
        period : str or pandas.Period
            The last period kept, as ``2024-03``, ``2024-Q1``, ``2024-H1`` or ``2024``.

        Returns
        -------
        Panel
            The evidence that ends in the period or before.

        Raises
        ------
        PanelError
            If the period is unreadable.
        """
        try:
            after = first_days(Span.parse(period).end)
        except CellError as error:
            raise PanelError(f"a panel has no end at {period!r}", [error.remedy]) from error
        return self._where(self._evidence["end"] < after)

    def known_at(self, date: str | pd.Timestamp) -> Self:
        """Give the panel as it was known at the end of a day.

        Parameters
        ----------
        date : str or Timestamp
            The day.

        Returns
        -------
        Panel
            The evidence whose ``as_of`` is the day or before; without ``as_of``, whose last day
            is.

        Raises
        ------
        PanelError
            If the date is unreadable.
        """
        try:
            day = as_of(date).normalize()
        except CellError as error:
            raise PanelError(f"nothing is known at {date!r}", [error.remedy]) from error
        known = self._evidence["as_of"].fillna(self._evidence["end"])
        return self._where(known.dt.normalize() <= day)

    @property
    def span(self) -> pd.PeriodIndex:
        """The periods from the first to the last figure; a stock's figure is of a period's end."""
        table, frequency = self._evidence, self.network.frequency
        if table.empty:
            return pd.PeriodIndex([], freq=frequency)
        of_stock = table["series"].isin(self.network.stock_series)
        first = table["start"].where(~of_stock, table["end"]).min()
        return pd.period_range(
            pd.Period(first, freq=frequency), pd.Period(table["end"].max(), freq=frequency)
        )

    def since(self, period: str | pd.Period) -> Self:
        """Give the panel without the evidence that begins before a period.

        Parameters
        ----------
        period : str or pandas.Period
            The first period kept, as ``2015-01``; a stock's figure of the end of the period
            before is kept too, since what follows begins with it.

        Returns
        -------
        Panel
            The evidence that begins in the period or after.

        Raises
        ------
        PanelError
            If the period is unreadable.
        """
        try:
            first = first_days(Span.parse(period).first)
        except CellError as error:
            raise PanelError(f"a panel has no beginning at {period!r}", [error.remedy]) from error
        of_stock = self._evidence["series"].isin(self.network.stock_series)
        begins = self._evidence["start"].where(
            ~of_stock, self._evidence["end"] + pd.Timedelta(days=1)
        )
        return self._where(begins >= first)

    def attributed(self) -> Self:
        """Give the panel as the model takes it: totals told by their flows, wherever they tell.

        A figure of a sum of flows, or of a rest, has no rate of its own. Where all but one of the
        flows that make it up have figures of the same periods, the last one's follows and takes
        its place; where all have, it is left out.

        Returns
        -------
        Panel
            A derived figure has the ``row`` of the total, and the ``rounding`` whose variance is
            that of the figures behind it together. A total that does not tell of a single flow
            stays: :func:`fit` refuses a series of which none does, and names the others as unused.

        Raises
        ------
        PanelError
            If totals are not what their flows add up to, rounding allowed for.
        """
        return replace(self, _evidence=attributed(self._evidence, self.network))

    def coarse(self) -> pd.DataFrame:
        """Give the evidence of flows over more than one period of the network."""
        flows = self._about(self.network.flow_names)
        return flows[flows["n_periods"] > 1]

    def stock_evidence(self) -> pd.DataFrame:
        """Give the evidence of stocks."""
        return self._about(self.network.stock_names)

    def sum_evidence(self) -> pd.DataFrame:
        """Give the evidence of declared sums."""
        return self._about(self.network.sum_names)

    def counts(self) -> xr.Dataset:
        """Lay out the evidence of flows over single periods.

        Returns
        -------
        Dataset
            Over ``time`` (the first day of each period from the earliest to the latest such
            evidence) and ``flow`` (all flows of the network): ``value``, ``lower`` and ``upper``,
            NaN in a gap, and ``rounding``, 1 where unrounded.
        """
        names = pd.Index(self.network.flow_names)
        flows = self._about(self.network.flow_names)
        cells = flows[flows["n_periods"] == 1]
        periods = pd.PeriodIndex(cells["start"], freq=self.network.frequency)
        span = pd.period_range(periods.min(), periods.max()) if len(cells) else periods
        at = span.get_indexer(periods), names.get_indexer(pd.Index(cells["series"]))
        arrays = {}
        for name, gap in (("value", np.nan), ("lower", np.nan), ("upper", np.nan), ("rounding", 1)):
            arrays[name] = np.full((len(span), len(names)), gap, dtype=float)
            arrays[name][at] = cells[name]
        return xr.Dataset(
            {name: ((TIME, FLOW), array) for name, array in arrays.items()},
            coords={
                TIME: span.to_timestamp().to_numpy("datetime64[ns]"),
                FLOW: names.to_numpy(np.str_),
            },
        )

    def _about(self, series: tuple[str, ...]) -> pd.DataFrame:
        return self._evidence[self._evidence["series"].isin(series)].copy()

    def _of(self, series: str) -> pd.DataFrame:
        rows = self._evidence[self._evidence["series"] == series]
        if rows.empty:
            raise LabelError(f"there is no evidence of {series!r}; {suggest(series, self.series)}")
        return rows

    def _where(self, kept: Any) -> Self:
        return replace(self, _evidence=self._evidence[kept].reset_index(drop=True))

    def __repr__(self) -> str:
        table = self._evidence
        if table.empty:
            return f"<Panel of {self.network.name!r}: no evidence>"
        first, last = table["start"].min(), table["end"].max()
        lines = [
            f"<Panel of {self.network.name!r}: {len(table)} figures of {len(self.series)} series, "
            f"{first:%Y-%m} to {last:%Y-%m}>"
        ]
        return "\n".join(lines + [self.note] * bool(self.note))
