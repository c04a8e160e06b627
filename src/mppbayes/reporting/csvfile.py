"""Tables that a command wrote earlier: read with the columns expected, all faults collected."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Final
from warnings import catch_warnings, simplefilter

import numpy as np
import pandas as pd
from pandas.errors import ParserWarning

from mppbayes.panel.faults import Faults

_HEADER = 1  # rows above the first


@dataclass(frozen=True)
class Column:
    """What a column holds.

    Attributes
    ----------
    expected : str
        In words.
    least, greatest : float
        Of its numbers.
    whole : bool
        Whether its numbers are whole.
    words : tuple of str
        The only words it may hold; none for a column of numbers, or of any text.
    text : bool
        Whether it holds text.
    optional : bool
        Whether a cell may be empty.
    """

    expected: str
    least: float = -inf
    greatest: float = inf
    whole: bool = False
    words: tuple[str, ...] = ()
    text: bool = False
    optional: bool = False


TEXT: Final = Column("text", text=True)
REMARK: Final = Column("text", text=True, optional=True)
NUMBER: Final = Column("a number")
WHOLE: Final = Column("a whole number of 0 or more", least=0, whole=True)
SHARE: Final = Column("a number between 0 and 1", least=0, greatest=1)
NUMBER_IF_KNOWN: Final = Column("a number, or nothing", optional=True)
SHARE_IF_KNOWN: Final = Column(
    "a number between 0 and 1, or nothing", least=0, greatest=1, optional=True
)


def one_of(*words: str) -> Column:
    """Give a column that holds one of some words."""
    return Column(f"one of {', '.join(words)}", words=words, text=True)


def read_csv(path: Path, columns: Mapping[str, Column]) -> tuple[pd.DataFrame, list[str]]:
    """Read a CSV file.

    Parameters
    ----------
    path : Path
        The file.
    columns : mapping of str to Column
        What it must hold; further columns are left out.

    Returns
    -------
    table : DataFrame
        These columns, text as ``str``, whole numbers as int64, other numbers as float64; an empty
        number is NaN, an empty text ``""``. It can be used when there are no faults.
    faults : list of str
        Every fault, with the rows at fault; the header is row 1.
    """
    try:
        cells = _cells(path)
    except FileNotFoundError:
        return pd.DataFrame(), ["it is missing"]
    except (OSError, ValueError, ParserWarning) as error:  # pandas' own errors are ValueErrors
        return pd.DataFrame(), [f"it cannot be read as CSV ({str(error).strip()})"]
    faults = Faults()
    if missing := [name for name in columns if name not in cells]:
        faults.add_general(f"it lacks the columns {', '.join(missing)}")
    table = pd.DataFrame(
        {
            name: _read(cells[name], column, faults)
            for name, column in columns.items()
            if name in cells
        }
    )
    return table, list(faults)


def _cells(path: Path) -> pd.DataFrame:
    """Read all cells as text; rows longer than the header are an error."""
    with catch_warnings():
        simplefilter("error", ParserWarning)
        cells = pd.read_csv(
            path, dtype=str, keep_default_na=False, index_col=False, encoding="utf-8-sig"
        )
    return cells.fillna("")  # where a row is shorter


def _read(cells: pd.Series, column: Column, faults: Faults) -> pd.Series:
    """Read the cells of a column, and collect those at fault."""
    empty = cells == ""
    if column.text:
        values = cells
        wrong = ~empty & ~cells.isin(column.words) if column.words else empty & False
    else:
        values = pd.to_numeric(cells.where(~empty), errors="coerce").astype(np.float64)
        inside = np.isfinite(values) & values.between(column.least, column.greatest)
        wrong = ~empty & ~(inside & (values % 1 == 0) if column.whole else inside)
    if not column.optional:
        wrong |= empty
    for row, cell in cells[wrong].items():
        faults.add(
            f"unreadable cells of '{cells.name}'",
            f"expected {column.expected}",
            int(str(row)) + 1 + _HEADER,
            cell or "nothing",
        )
    return values.astype(np.int64) if column.whole and not wrong.any() else values
