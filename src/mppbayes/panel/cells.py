"""Single cells of an evidence table: counts, roundings and dates, or why they are none."""

import re
from datetime import UTC, date, datetime
from math import inf
from numbers import Integral, Real

import pandas as pd

from mppbayes.panel.faults import CellError

MOST = 2**53  # whole numbers up to here are exact as floats

_YEARS = (1800, 2199)  # what a timestamp in nanoseconds can hold, and people mean
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_SEPARATED = re.compile(r"[+-]?\d{1,3}([., ' ]\d{3})+([.,]\d+)?", re.ASCII)


def count(cell: object) -> int:
    """Read a count; :class:`CellError` if it is none."""
    number = _number(cell)
    if not abs(number) < inf:
        raise CellError(
            "values that are not finite", "leave the cell empty if the count is unknown"
        )
    if number < 0:
        raise CellError("negative counts", "a count is 0 or more")
    if number % 1:
        raise CellError("fractional counts", "a count is a whole number")
    if number > MOST:
        raise CellError("counts too large to be exact", f"a count is at most {MOST}")
    return int(number)


def rounding(cell: object) -> int:
    """Read what a count was rounded to; :class:`CellError` if it is no positive whole number."""
    try:
        unit = count(cell)
    except CellError:
        unit = 0
    if unit < 1:
        raise CellError(
            "roundings that are not positive whole numbers", "write 5 for a count rounded to fives"
        )
    return unit


def as_of(cell: object) -> pd.Timestamp:
    """Read the date on which a figure was known; :class:`CellError` if it is no date."""
    moment = cell
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            moment = None
    if not isinstance(moment, date) or not _YEARS[0] <= moment.year <= _YEARS[1]:
        raise CellError("unreadable as_of dates", "write a date as 2024-03-31")
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return pd.Timestamp(moment)


def _number(cell: object) -> int | float:
    match cell:
        case bool():
            pass
        case Integral():
            return int(cell)  # of any size
        case Real():
            return float(cell)
        case str() if _SEPARATED.fullmatch(cell):
            raise CellError(
                "numbers with a separator, which may mean thousands or decimals",
                "write digits only, as 1234",
            )
        case str() if _NUMBER.fullmatch(cell):
            return float(cell)
        case str() if cell.lower().lstrip("+-") in ("inf", "infinity"):
            return inf
    raise CellError(
        "values that are not numbers",
        "write digits only, leave a missing value empty, and put remarks in a column of their own",
    )
