"""Tables as they come: files and frames to cells, each with its row as a person counts it."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from mppbayes.errors import PanelError

_EXPECTED = "expected a .csv, .parquet or .xlsx file, or a DataFrame"


def read_table(table: str | Path | pd.DataFrame) -> pd.DataFrame:
    """Read a table without interpreting its cells.

    Parameters
    ----------
    table : str, Path or DataFrame
        A ``.csv``, ``.parquet`` or ``.xlsx`` file (its first sheet), or a frame.

    Returns
    -------
    DataFrame
        Cells as objects; an empty cell is None. The index holds the rows: lines of a CSV file and
        rows of a sheet, the header counted; else from 1.

    Raises
    ------
    PanelError
        If the file cannot be read as a table.
    """
    if isinstance(table, pd.DataFrame):
        return _from_frame(table, "the table")
    if not isinstance(table, str | Path):
        raise _unreadable(repr(table), f"it is of type {type(table).__name__}; {_EXPECTED}")
    path = Path(table)
    readers = {".csv": _from_csv, ".parquet": _from_parquet, ".xlsx": _from_excel}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise _unreadable(path, f"its name ends in {path.suffix!r}; {_EXPECTED}")
    if not path.is_file():
        found = "it is a folder" if path.is_dir() else "there is no such file"
        raise _unreadable(path, f"{found}; {_EXPECTED}")
    try:
        return reader(path)
    except OSError as error:
        raise _unreadable(path, str(error.strerror or error)) from error


def _from_frame(frame: pd.DataFrame, what: str) -> pd.DataFrame:
    names = _column_names(list(frame.columns), what)
    columns = (frame.iloc[:, position].astype(object) for position in range(len(names)))
    return pd.DataFrame(
        {
            name: [_cell(cell) for cell in column]
            for name, column in zip(names, columns, strict=True)
        },
        index=pd.RangeIndex(1, len(frame) + 1),
        dtype=object,
    )


def _from_csv(path: Path) -> pd.DataFrame:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _unreadable(path, f"line {line} is not UTF-8; save it as 'CSV UTF-8'") from error
    header = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=header.count)  # a Dutch Excel writes semicolons
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, Sequence[object]]] = []
    line = 1
    try:
        for cells in reader:
            rows.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise _unreadable(path, f"line {line}: {error}") from error
    return _from_rows(rows, path)


def _from_excel(path: Path) -> pd.DataFrame:
    try:
        with closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as book:
            rows = list(book.worksheets[0].iter_rows(values_only=True))
    except Exception as error:  # a broken workbook fails in many ways
        raise _unreadable(path, f"it is no Excel workbook ({error}); {_EXPECTED}") from error
    return _from_rows(enumerate(rows, start=1), path)


def _from_parquet(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path)
    except ValueError as error:
        raise _unreadable(path, f"it is no Parquet file ({error}); {_EXPECTED}") from error
    return _from_frame(frame, str(path))


def _from_rows(rows: Iterable[tuple[int, Sequence[object]]], path: Path) -> pd.DataFrame:
    filled = [
        (row, cells)
        for row, cells in ((row, [_cell(cell) for cell in cells]) for row, cells in rows)
        if any(cell is not None for cell in cells)
    ]
    if not filled:
        raise _unreadable(path, "it is empty; expected a header and rows")
    header = _trimmed(filled[0][1], 0)
    names = _column_names(header, str(path))
    body = [(row, _trimmed(cells, len(names))) for row, cells in filled[1:]]
    ragged = [
        f"row {row} has {len(cells)} cells but the header has {len(names)}; "
        f"is there a separator inside a number or a text?"
        for row, cells in body
        if len(cells) > len(names)
    ]
    if ragged:
        raise PanelError(f"{path} cannot be read as a table", ragged)
    return pd.DataFrame(
        [dict(zip_longest(names, cells)) for _, cells in body],
        columns=names,
        index=pd.Index([row for row, _ in body], dtype="int64"),
        dtype=object,
    )


def _cell(cell: Any) -> object:
    """Strip text, and make None of whatever says that nothing stands there."""
    if isinstance(cell, str):
        return cell.strip() or None
    return None if pd.api.types.is_scalar(cell) and pd.isna(cell) else cell


def _trimmed(cells: list[object], width: int) -> list[object]:
    """Leave out the empty cells that stand beyond a width."""
    while len(cells) > width and cells[-1] is None:
        cells = cells[:-1]
    return cells


def _column_names(header: Sequence[object], what: str) -> list[str]:
    names = ["" if name is None else str(name).strip() for name in header]
    faults = [
        f"{times} columns are called '{name}'; each needs its own name"
        for name, times in Counter(names).items()
        if times > 1
    ]
    if "" in names:
        faults.append(f"column {names.index('') + 1} has no name; name it or leave it out")
    if faults:
        raise PanelError(f"{what} cannot be read as a table", faults)
    return names


def _unreadable(what: str | Path, fault: str) -> PanelError:
    return PanelError(f"{what} cannot be read as a table", [fault])
