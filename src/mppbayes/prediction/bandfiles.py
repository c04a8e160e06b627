"""Files of bands: CSV for machines, Excel for people."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from mppbayes.storage import whole_file

DRAFT_MARK: Final = "CONCEPT (draft)"
_FORMATS: Final = {"exceedance": "0.00", "achieved": "0.000", "value": "#,##0", "mcse": "#,##0.0"}
_AS_TEXT: Final = {"strings_to_formulas": False, "strings_to_urls": False}


def write_csv(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table of bands, and nothing else, to a CSV file; whole or not at all."""
    with whole_file(path) as partial:
        table.to_csv(partial, index=False, lineterminator="\n", encoding="utf-8")


def write_excel(
    table: pd.DataFrame, path: str | Path, *, caption: Sequence[str], draft: bool
) -> None:
    """Write a table of bands to an Excel file, whole or not at all.

    Parameters
    ----------
    table : DataFrame
        The bands.
    path : str or Path
        The file.
    caption : sequence of str
        Lines to stand above the table; empty ones are left out.
    draft : bool
        Whether to mark it as a draft: the sheet's name, the first line and the printed header.
    """
    lines = [line for line in (DRAFT_MARK * draft, *caption) if line]
    sheet = DRAFT_MARK if draft else "bands"
    with (
        whole_file(path) as partial,
        pd.ExcelWriter(partial, engine="xlsxwriter", engine_kwargs={"options": _AS_TEXT}) as writer,
    ):
        header = len(lines) + 1
        table.to_excel(writer, sheet_name=sheet, index=False, startrow=header)
        book, page = writer.book, writer.sheets[sheet]
        page.autofit(300)
        for column, number in _FORMATS.items():
            at = table.columns.get_loc(column)
            page.set_column(at, at, 12, book.add_format({"num_format": number}))
        for row, line in enumerate(lines):
            page.write_string(row, 0, line, book.add_format({"bold": row == 0}))
        page.freeze_panes(header + 1, 1)
        page.autofilter(header, 0, header + len(table), len(table.columns) - 1)
        if draft:
            page.set_header(f"&C&B{DRAFT_MARK}")
