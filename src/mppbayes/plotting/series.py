"""One quantity of a table of bands, as figures show it: its band rows and its history over time."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mppbayes.errors import AggregationError
from mppbayes.network.rows import Language
from mppbayes.panel.periods import Span
from mppbayes.plotting.words import quantity_title, sentence, unit_title
from mppbayes.prediction import Bands
from mppbayes.prediction.quantiles import Rule
from mppbayes.prediction.quantities import Quantity
from mppbayes.prediction.scheme import Band


@dataclass(frozen=True, eq=False)
class Series:
    """One quantity over time.

    Attributes
    ----------
    bands : Bands
        What it is taken from.
    quantity : Quantity
        The quantity.
    values : DataFrame
        Values, a row a period and a column a band, lowest band first.
    n_observed : Series of int
        How many periods of the network are observed in each row's period.
    history : DataArray, (period)
        What was observed, in the periods that are over.
    rule : {">", ">="}
        What exceeding means.
    basis : {"data", "borrowed", "prior", "given"}
        What it rests on.
    last : Period
        The last period by which it was observed; of one that was not, the last with evidence.
    """

    bands: Bands
    quantity: Quantity
    values: pd.DataFrame
    n_observed: pd.Series
    history: xr.DataArray
    rule: Rule
    basis: str
    last: pd.Period

    @classmethod
    def of(cls, bands: Bands, name: str) -> "Series":
        """Take a quantity out of a table of bands.

        Raises
        ------
        LabelError
            If there is no such quantity, or several of different kinds or units.
        AggregationError
            If the table is over the whole horizon, which has no course.
        """
        if bands.per == "horizon":
            raise AggregationError(
                "a band over the whole horizon is one figure, without a course over time; "
                "make the bands with per='year' or per='period'"
            )
        history = bands.history(name)  # which says whether there is one such quantity
        chosen = bands.select(quantity=name)
        rows = chosen.to_frame()
        values = rows.pivot(index="period", columns="band", values="value")
        origin, observed = bands.forecast.origin, rows["last_observed"].iloc[0]
        return cls(
            bands,
            chosen.quantities[0],
            values[[band.name for band in bands.scheme if band.name in values]],
            rows.groupby("period")["n_observed"].first(),
            history,
            rows["rule"].iloc[0],
            rows["basis"].iloc[0],
            pd.Period(observed, freq=origin.freqstr) if observed else origin,
        )

    @property
    def shown(self) -> list[Band]:
        """The bands, lowest first."""
        return [self.bands.scheme[str(name)] for name in self.values]

    @property
    def months(self) -> int:
        """How many months a period of the table lasts."""
        return Span.parse(self.values.index[0]).months

    @property
    def whole(self) -> int:
        """How many periods of the network make a period of the table."""
        return max(1, self.months * self.bands.network.periods_per_year // 12)

    def positions(self, periods: Iterable[str]) -> NDArray[np.float64]:
        """Give where periods stand on an axis of time: a year at its number, others within."""
        spans = [Span.parse(str(period)) for period in periods]
        middles = np.array([(span.first + span.months / 2) / 12 for span in spans])
        return middles - self._shift

    @property
    def origin(self) -> float:
        """Where the last period by which it was observed ends on that axis."""
        month = self.last.asfreq("M")
        return float(month.year + month.month / 12) - self._shift

    @property
    def _shift(self) -> float:
        return 0.5 if self.months == 12 else 0.0

    def rows(self, table: pd.DataFrame, period: str) -> pd.DataFrame:
        """Take the rows of the quantity in a period out of a table with its columns."""
        of = self.quantity
        return table[
            (table["quantity"] == of.name)
            & (table["kind"] == of.kind)
            & (table["unit"] == of.unit)
            & (table["period"] == period)
        ]

    def title(self, language: Language) -> str:
        """The title of the quantity."""
        return sentence(quantity_title(self.bands.network, self.quantity, language))

    def unit(self, language: Language) -> str:
        """The unit, with the period over which it is counted."""
        return unit_title(self.quantity, self.months, language)
