"""Bands: a forecast summarised by exceedance probabilities."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Never, Self

import numpy as np
import pandas as pd
import xarray as xr

from mppbayes import names
from mppbayes.errors import AggregationError, GateError, LabelError, suggest
from mppbayes.network import Network
from mppbayes.prediction.aggregation import (
    PERS,
    Per,
    aggregated_draws,
    aggregated_history,
    check_alignment,
)
from mppbayes.prediction.bandfiles import write_csv, write_excel
from mppbayes.prediction.bandtable import COLUMNS, band_table
from mppbayes.prediction.draws import Forecast
from mppbayes.prediction.quantiles import RULES, Rule
from mppbayes.prediction.quantities import Quantity, aggregates, quantities
from mppbayes.prediction.scheme import MPP, BandScheme


@dataclass(frozen=True, eq=False, repr=False)
class Bands:
    """A forecast summarised by a band scheme; made by :func:`bands`.

    Bands are quantiles, so they refuse arithmetic: aggregate draws instead.

    Attributes
    ----------
    forecast : Forecast
        What is summarised.
    scheme : BandScheme
        The bands and their probabilities.
    per : {"period", "year", "horizon"}
        Over what time the draws of flows are added up, or at whose end stocks are taken.
    quantities : tuple of Quantity
        Over what flows or stocks the draws are added up.
    """

    forecast: Forecast
    scheme: BandScheme
    per: Per
    quantities: tuple[Quantity, ...]
    _table: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Give the long table, one row a figure.

        Returns
        -------
        DataFrame
            A copy, with columns

            - ``quantity``: a flow, a stock, a declared sum, or ``LEVEL=VALUE``; ``aggregate``:
              which of these (``flow``, ``stock``, ``organisation``, ``block``, ``kind``,
              ``label``, ``sum``);
            - ``organisation``, ``block``, ``kind``, ``labels`` (a JSON object), ``unit``: what all
              flows or stocks in it have in common, empty where they differ; stocks have no kind
              and no labels;
            - ``period``: a period (``2026-01``, ``2026-Q1``), a year, or a horizon
              (``2026-01/2030-12``); ``moment``: for stocks and sums of stocks its last day
              (``2026-12-31``), when those counted are there; empty for flows;
            - ``band``; ``exceedance``: its probability; ``achieved``: that of ``value`` in the
              draws; ``value``; ``mcse``: its Monte Carlo standard error; ``rule``: whether
              exceeding is ``>`` or ``>=``;
            - ``scope``: ``pointwise`` for one flow in one period and for one stock, else ``sum``;
            - ``basis``: ``data`` if each flow or stock in it has evidence, be it over longer
              spans, or, for a stock, of a sum that it is in; ``borrowed`` if the weakest has none,
              but a flow of the same organisation, block or label has, or every flow that enters
              the stock; else ``prior``. ``given`` where the future of a flow in it was given;
            - ``last_observed``: the last period by which each flow or stock in it had a figure, a
              stock also by that of a sum that it is in; empty if one never had;
            - ``n_observed``: in how many of the periods all flows in it were observed; 0 for
              stocks, since a level that was observed has no row;
            - ``origin``: the last period with evidence; ``scenario``; ``status``.
        """
        return self._table.copy()

    @property
    def network(self) -> Network:
        """The network that the quantities are of."""
        return self.forecast.network

    @property
    def status(self) -> str:
        """``final`` if the fit converged, else ``draft``."""
        return self.forecast.status

    @property
    def scenario(self) -> str:
        """The name of the scenario; ``""`` for the policy as it is in the data."""
        return self.forecast.scenario

    @property
    def given(self) -> pd.DataFrame:
        """The futures that others gave, as :attr:`Forecast.given`."""
        return self.forecast.given

    @property
    def note(self) -> str:
        """A remark that stands wherever the figures are shown."""
        return self.forecast.note

    def draws(
        self, quantity: str, kind: str | None = None, unit: str | None = None
    ) -> xr.DataArray:
        """Give the aggregated draws of a quantity, of which its bands are the quantiles.

        Parameters
        ----------
        quantity : str
            As in the table.
        kind, unit : str, optional
            Which one, where a group is split by them.

        Returns
        -------
        DataArray of int64, (chain, draw, period)
            ``draw`` carries ``posterior_draw`` and ``future``; ``period`` carries ``start``, its
            first day, and ``n_observed``; ``n_periods`` is the length of each. For stocks
            ``period`` also carries ``moment``, its last day, and ``n_periods`` is 1.

        Raises
        ------
        LabelError
            If there is no such quantity, or more than one.
        """
        return aggregated_draws(self.forecast, self._quantity(quantity, kind, unit), self.per)

    def history(
        self, quantity: str, kind: str | None = None, unit: str | None = None
    ) -> xr.DataArray:
        """Give the past values of a quantity, where all of it was observed.

        A level of stocks is observed if it has a figure at that moment, or if the figures of sums
        and of their other members tell it.

        Parameters
        ----------
        quantity, kind, unit : str
            As in :meth:`draws`.

        Returns
        -------
        DataArray of int64, (period,)
            ``period`` carries ``start``, its first day, and for stocks ``moment``, its last.
            Empty per horizon.

        Raises
        ------
        LabelError
            If there is no such quantity, or more than one.
        """
        return aggregated_history(self.forecast, self._quantity(quantity, kind, unit), self.per)

    def select(self, **where: Any) -> Self:
        """Keep the rows with given values, as in ``select(aggregate="flow", period="2026")``.

        Parameters
        ----------
        **where : scalar or list of scalars
            Column → the value wanted, or the values. A ``moment`` such as 2027-01-01 means the
            end of the day before, where a year or another period ends then.

        Returns
        -------
        Bands
            With fewer rows and quantities; the draws and history of each stay whole.

        Raises
        ------
        LabelError
            If there is no such column, or no row with such a value.
        """
        rows = self._table
        for column, values in where.items():
            if column not in COLUMNS:
                raise LabelError(f"bands have no column {column!r}; {suggest(column, COLUMNS)}")
            wanted = list(values) if pd.api.types.is_list_like(values) else [values]
            known = rows[column].unique().tolist()
            if column == "moment":
                wanted = [_end_of_day(value, known) for value in wanted]
            for value in wanted:
                if value not in known:
                    raise LabelError(f"no row has {column} {value!r}; {suggest(value, known)}")
            rows = rows[rows[column].isin(wanted)]
        kept = set(zip(rows["quantity"], rows["kind"], rows["unit"], strict=True))
        quantities = tuple(
            each for each in self.quantities if (each.name, each.kind, each.unit) in kept
        )
        return replace(self, quantities=quantities, _table=rows.reset_index(drop=True))

    def to_csv(self, path: str | Path, *, draft: bool = False) -> None:
        """Write the table to a CSV file, whole or not at all.

        The file holds the table and nothing else: its ``status`` tells a draft, and the note
        belongs in the manifest beside it.

        Parameters
        ----------
        path : str or Path
            The file, in UTF-8.
        draft : bool
            Whether a draft may be written.

        Raises
        ------
        GateError
            If the bands are a draft and ``draft`` is false.
        StorageError
            If the folder does not exist.
        """
        self._withhold(draft)
        write_csv(self._table, path)

    def to_excel(self, path: str | Path, *, draft: bool = False) -> None:
        """Write the table to an Excel file, whole or not at all, under a caption with the note.

        Parameters
        ----------
        path : str or Path
            The file, ``.xlsx``.
        draft : bool
            Whether a draft may be written; its sheet, caption and printed header say so.

        Raises
        ------
        GateError, StorageError
            As in :meth:`to_csv`.
        """
        self._withhold(draft)
        caption = [
            f"{self.network.title.in_language('en') or self.network.name}: bands per {self.per}",
            *(band.description for band in self.scheme),
            self.note,
        ]
        write_excel(self._table, path, caption=caption, draft=self.status != names.FINAL)

    def _withhold(self, draft: bool) -> None:
        if self.status != names.FINAL and not draft:
            raise GateError(
                f"these bands are withheld: their status is {self.status}, expected {names.FINAL}; "
                f"diagnose(fit, bands) says why and what to try, and draft=True writes them marked "
                f"as a draft"
            )

    def _quantity(self, name: str, kind: str | None, unit: str | None) -> Quantity:
        where = {"quantity": name, "kind": kind, "unit": unit}
        given = {column: value for column, value in where.items() if value is not None}
        first, *others = self.select(**given).quantities
        if others:
            which = " or ".join(f"kind={q.kind!r}, unit={q.unit!r}" for q in (first, *others))
            raise LabelError(f"{name!r} stands for {1 + len(others)} quantities; give {which}")
        return first

    def _refuse(self, *_: object) -> Never:
        raise AggregationError(
            "bands are quantiles, which do not add up: the sum of maxima overstates the maximum of "
            "the sum. Aggregate the draws: bands(forecast, scheme, by='organisation'), by='sum' "
            "for a sum that the network declares, or per='year' for sums over time"
        )

    __add__ = __radd__ = __sub__ = __rsub__ = _refuse
    __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _refuse
    __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _refuse
    __neg__ = __pos__ = __abs__ = _refuse

    def __repr__(self) -> str:
        periods = self._table["period"]
        levels = ", ".join(f"{band.name} {band.exceedance:g}" for band in self.scheme)
        return (
            f"<Bands of {self.network.name!r} ({self.status}): {len(self._table)} figures per "
            f"{self.per}, {periods.min()} to {periods.max()}; exceeded with probability {levels}>"
        )


def bands(
    forecast: Forecast,
    scheme: BandScheme = MPP,
    *,
    by: str | Iterable[str] = "flow",
    per: Per = "year",
    rule: Rule = ">",
) -> Bands:
    """Summarise a forecast in exceedance-probability bands: aggregate its draws, then take bands.

    Parameters
    ----------
    forecast : Forecast
        The draws.
    scheme : BandScheme
        Names with probabilities of exceedance.
    by : str or iterable of str
        ``flow``, ``stock`` (in a network that has stocks), ``organisation``, ``block``, ``kind``,
        ``sum`` (those that the network declares, of flows and of stocks) or a label such as
        ``nationality``, or several of these. Groups are split by kind and unit, and leave out
        stocks, flows that are a part of something and those that recount another of the group.
    per : {"year", "period", "horizon"}
        Calendar years, observed periods and drawn ones together; or single periods; or all periods
        after the origin together. A year of which the forecast lacks a period is left out, and so
        is what was wholly observed. Stocks are never added up over time: theirs is the level at
        the end of the year, the period or the horizon.
    rule : {">", ">="}
        A band is the smallest integer that the outcome exceeds (``>``), or reaches (``>=``), with
        at most the band's probability.

    Returns
    -------
    Bands
        The bands, with the status of the forecast.

    Raises
    ------
    LabelError
        If ``scheme`` is none, if ``by``, ``per`` or ``rule`` is unknown, if the draws do not have
        the flows and stocks of the network, or if there is nothing to summarise.
    AggregationError
        If ``forecast`` is no forecast.
    """
    if not isinstance(forecast, Forecast):
        raise AggregationError(
            f"bands are taken of the draws of a Forecast, found {type(forecast).__name__}; "
            f"make one with forecast(fit, until=..., seed=...)"
        )
    levels = _levels(by)
    _check_options(forecast.network, scheme, levels, per, rule)
    check_alignment(forecast)
    chosen = tuple(quantities(forecast.network, tuple(dict.fromkeys(levels))))
    table = band_table(forecast, scheme, chosen, per=per, rule=rule)
    return Bands(forecast, scheme, per, chosen, table)


def _levels(by: object) -> tuple[Any, ...]:
    return tuple(by) if isinstance(by, Iterable) and not isinstance(by, str) else (by,)


def _check_options(
    network: Network, scheme: BandScheme, levels: tuple[Any, ...], per: str, rule: str
) -> None:
    given = [
        *(("by", level, aggregates(network)) for level in levels),
        ("per", per, PERS),
        ("rule", rule, RULES),
    ]
    faults = [
        f"{option}={value!r} is unknown, {suggest(value, known)}"
        for option, value, known in given
        if value not in known
    ]
    if not levels:
        faults.append(f"by=() names nothing, {suggest('', aggregates(network))}")
    if not isinstance(scheme, BandScheme):
        faults.append(f"scheme={scheme!r} is no BandScheme, give MPP or one of your own")
    if faults:
        raise LabelError(f"bands cannot be made: {'; '.join(faults)}")


def _end_of_day(day: Any, known: Sequence[str]) -> Any:
    """Give the day at whose end a moment is: the day before the first one of a period."""
    before = pd.to_datetime(day, errors="coerce", format="%Y-%m-%d") - np.timedelta64(1, "D")
    evening = str(before)[:10]
    return evening if day not in known and evening in known else day
