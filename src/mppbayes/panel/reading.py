"""From a table to a panel: every cell is read, and all faults are reported together."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from mppbayes.errors import PanelError, suggest
from mppbayes.network import Network
from mppbayes.network.rows import Period
from mppbayes.panel import cells
from mppbayes.panel.attribution import attributed
from mppbayes.panel.columns import OPTIONAL, REQUIRED, Layout, long_form
from mppbayes.panel.contradictions import check_contradictions
from mppbayes.panel.evidence import evidence_of
from mppbayes.panel.faults import CellError, Faults
from mppbayes.panel.panel import Panel
from mppbayes.panel.periods import MONTHS, Span
from mppbayes.panel.repeats import check_repeats
from mppbayes.panel.tables import read_table

_READERS: dict[str, Callable[[object], object]] = {
    "value": cells.count,
    "rounding": cells.rounding,
    "as_of": cells.as_of,
}
_END: dict[Period, tuple[str, str]] = {
    "month": ("2024-03", "2024-03-31"),
    "quarter": ("2024-Q1", "2024-03-31"),
    "year": ("2024", "2024-12-31"),
}


def read_panel(
    table: str | Path | pd.DataFrame,
    network: Network,
    *,
    layout: Layout = "long",
    rounding: int | None = None,
) -> Panel:
    """Read evidence about the series of a network.

    Parameters
    ----------
    table : str, Path or DataFrame
        A ``.csv``, ``.parquet`` or ``.xlsx`` file (its first sheet), or a frame. A CSV file is
        UTF-8, separated by commas, semicolons or tabs.
    network : Network
        The network whose flows, stocks and sums are the series.
    layout : {"long", "wide"}
        Long: columns ``series``, ``period``, ``value``, optionally ``rounding`` and ``as_of``,
        and further ones, which are carried along. Wide: a column ``period`` and one column a
        series. The period of a stock's level, at whose end it holds, may be given as the date of
        its last day.
    rounding : int, optional
        What the counts without a rounding of their own were rounded to.

    Returns
    -------
    Panel
        The evidence; empty values are gaps.

    Raises
    ------
    PanelError
        With every fault and its rows: lines of a CSV file and rows of a sheet, the header
        counted; else counted from 1.
    """
    if not isinstance(network, Network):
        raise PanelError(
            "evidence cannot be read without its network",
            [f"the network is {network!r}; expected a Network"],
            "Network.from_toml reads one from a file",
        )
    frame = read_table(table)
    what = "the table" if isinstance(table, pd.DataFrame) else str(table)
    return read_cells(frame, network, what=what, layout=layout, rounding=rounding)


def read_cells(
    frame: pd.DataFrame,
    network: Network,
    *,
    what: str,
    layout: Layout = "long",
    rounding: int | None = None,
) -> Panel:
    """Read evidence from cells that are indexed by their rows; see :func:`read_panel`."""
    faults = Faults()
    default = _default_rounding(rounding, faults)
    table = long_form(frame, network, layout, faults)
    if not set(REQUIRED).issubset(table.columns):
        raise _refusal(what, faults)
    figures = _figures(table, network, faults)
    check_repeats(figures, network, faults)
    if len(table) and table["value"].isna().all():
        faults.add_general("it holds no value at all; fill in the column of values")
    if faults:
        raise _refusal(what, faults)
    carried = table.drop(columns=[*REQUIRED, *OPTIONAL, "row"], errors="ignore")
    evidence = evidence_of(figures, carried, network=network, rounding=default)
    check_contradictions(evidence, network, faults)
    if faults:
        raise _refusal(what, faults)
    attributed(evidence, network)  # refuses totals that are not what their flows add up to
    return Panel(network, evidence)


def _default_rounding(rounding: int | None, faults: Faults) -> int:
    if rounding is None:
        return 1
    try:
        return cells.rounding(rounding)
    except CellError:
        faults.add_general(f"rounding is {rounding!r}; expected a positive whole number")
        return 1


def _refusal(what: str, faults: Faults) -> PanelError:
    count = "1 fault" if faults.count == 1 else f"{faults.count} faults"
    return PanelError(f"{what} cannot be read as evidence: {count}", faults)


def _figures(table: pd.DataFrame, network: Network, faults: Faults) -> pd.DataFrame:
    """Read a long table; give the rows with a value, a known series and a readable period."""

    def series(cell: object) -> object:
        if not isinstance(cell, str) or cell not in known:
            raise CellError("unknown series", suggest(cell, network.series_names))
        return cell

    known = frozenset(network.series_names)
    nothing = pd.Series("", table.index, dtype=object)
    places = zip(table["series"], table["period"], strict=True)
    about = pd.Series([f" of {name} in {when}" for name, when in places], table.index, dtype=object)
    figures = table[["row"]].assign(
        series=_read(table["series"], series, table["row"], nothing, faults)
    )
    levels = figures["series"].isin(network.stock_series)
    figures["span"] = pd.concat(
        _read(table.loc[of_them, "period"], reader, table["row"], nothing, faults)
        for of_them, reader in (
            (~levels, partial(_span, network.period)),
            (levels, partial(_level, network.period)),
        )
    )
    for name, reader in _READERS.items():
        if name in table:
            figures[name] = _read(table[name].dropna(), reader, table["row"], about, faults)
        else:
            figures[name] = None
    given = table["value"].notna() & figures["series"].notna() & figures["span"].notna()
    return figures[given]


def _span(period: Period, cell: object) -> Span:
    """Read the period of a count."""
    return _long_enough(Span.parse(cell), period, "periods", "add the figures up")


def _level(period: Period, cell: object) -> Span:
    """Read the period at whose end a level holds, which may be given by its last day."""
    as_period, as_day = _END[period]
    try:
        read = Span.ending(cell, MONTHS[period])
    except CellError as error:
        remedy = f"{error.remedy}; or the last day of a {period}, as {as_day}"
        raise CellError(error.what, remedy) from error
    remedy = f"give the level at the end of a {period}, as {as_period}"
    return _long_enough(read, period, "levels dated by periods", remedy)


def _long_enough(span: Span, period: Period, what: str, remedy: str) -> Span:
    if span.months < MONTHS[period]:
        raise CellError(f"{what} shorter than the network's, which is a {period}", remedy)
    return span


def _read(
    column: pd.Series,
    reader: Callable[[object], object],
    rows: pd.Series,
    about: pd.Series,
    faults: Faults,
) -> pd.Series:
    """Read the cells of a column; None where one is at fault."""
    read = []
    for cell, row, what in zip(column, rows[column.index], about[column.index], strict=True):
        try:
            read.append(reader(cell))
        except CellError as error:
            found = "empty" if cell is None else repr(cell)
            faults.add(error.what, error.remedy, row, found + what)
            read.append(None)
    return pd.Series(read, column.index, dtype=object)
