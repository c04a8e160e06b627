"""Spans of months: reading ``2024-03``, ``2024-Q1``, ``2024-H1`` and ``2024``."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time
from numbers import Integral
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from mppbayes.panel.faults import CellError

EXPECTED = "write 2024-03, 2024-Q1, 2024-H1 or 2024, in the years 1800 to 2199"
MONTHS = {"month": 1, "quarter": 3, "year": 12}

_TEXT = re.compile(
    r"(?P<year>1[89]\d\d|2[01]\d\d)"
    r"(?:-(?:(?P<month>0[1-9]|1[0-2])|Q(?P<quarter>[1-4])|H(?P<half>[12])))?",
    re.ASCII,
)
_DAY = re.compile(r"(1[89]|2[01])\d\d-\d\d-\d\d", re.ASCII)
_PART = {"month": 1, "quarter": 3, "half": 6}
_LENGTHS = (1, 3, 6, 12)


@dataclass(frozen=True)
class Span:
    """A month, quarter, half-year or year.

    Attributes
    ----------
    first : int
        The first month, counted from January of year 0.
    months : int
        How many months it lasts: 1, 3, 6 or 12.
    """

    first: int
    months: int

    @classmethod
    def parse(cls, cell: object) -> Self:
        """Read a period.

        Parameters
        ----------
        cell : object
            Text; a whole number for a year; a pandas Period; or a date that is the first of a
            month, for that month, which is what a spreadsheet makes of ``2024-03``.

        Returns
        -------
        Span
            The span.

        Raises
        ------
        CellError
            If it is none of these.
        """
        found = _TEXT.fullmatch(_as_text(cell))
        if found is None:
            raise CellError("unreadable periods", EXPECTED)
        year = 12 * int(found["year"])
        for part, months in _PART.items():
            if found[part]:
                return cls(year + months * (int(found[part]) - 1), months)
        return cls(year, 12)

    @classmethod
    def ending(cls, cell: object, months: int) -> Self:
        """Read the period at whose end a level holds.

        Parameters
        ----------
        cell : object
            As for :meth:`parse`; or a full date, the last day of a period.
        months : int
            How many months a period lasts, for a date.

        Returns
        -------
        Span
            The span.

        Raises
        ------
        CellError
            If it is none of these.
        """
        day = _as_day(cell)
        if day is not None and day.day == monthrange(day.year, day.month)[1]:
            end = 12 * day.year + day.month
            if end % months == 0:
                return cls.parse(str(cls(end - months, months)))
        return cls.parse(cell)

    @property
    def end(self) -> int:
        """The month after the last."""
        return self.first + self.months

    def __str__(self) -> str:
        year, month = divmod(self.first, 12)
        match self.months:
            case 1:
                return f"{year}-{month + 1:02}"
            case 3:
                return f"{year}-Q{month // 3 + 1}"
            case 6:
                return f"{year}-H{month // 6 + 1}"
            case _:
                return f"{year}"


def first_days(months: npt.ArrayLike) -> npt.NDArray[np.datetime64]:
    """Give the first days of months that are counted from January of year 0."""
    since_1970 = np.asarray(months, dtype=np.int64) - 12 * 1970
    return since_1970.astype("datetime64[M]").astype("datetime64[ns]")


def _as_text(cell: object) -> str:
    match cell:
        case str():
            return cell.strip()
        case bool():
            return ""
        case Integral():
            return f"{cell}"
        case float() if cell.is_integer():
            return f"{cell:.0f}"
        case pd.Period():
            return _period_text(cell)
        case datetime() if (cell.day, cell.hour, cell.minute, cell.second) == (1, 0, 0, 0):
            return f"{cell:%Y-%m}"
        case date() if not isinstance(cell, datetime) and cell.day == 1:
            return f"{cell:%Y-%m}"
        case _:
            return ""


def _as_day(cell: object) -> date | None:
    """Give the day that a cell holds; None where it holds none, or a time of day."""
    match cell:
        case str() if _DAY.fullmatch(cell.strip()):
            try:
                return date.fromisoformat(cell.strip())
            except ValueError:
                return None
        case datetime() if cell.time() == time.min:
            return cell.date()
        case date() if not isinstance(cell, datetime):
            return cell
        case _:
            return None


def _period_text(period: pd.Period) -> str:
    start, after = period.start_time, (period + 1).start_time
    first = 12 * start.year + start.month - 1
    months = 12 * after.year + after.month - 1 - first
    whole = start.day == after.day == 1 and months in _LENGTHS and first % months == 0
    return str(Span(first, months)) if whole else ""
