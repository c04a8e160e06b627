"""The two layouts of an evidence table: their columns, and the wide one turned long."""

from typing import Literal

import pandas as pd

from mppbayes.errors import suggest
from mppbayes.network import Network
from mppbayes.panel.faults import Faults

type Layout = Literal["long", "wide"]

REQUIRED = ("series", "period", "value")
OPTIONAL = ("rounding", "as_of")
DERIVED = ("start", "end", "n_periods", "lower", "upper", "row")


def long_form(
    frame: pd.DataFrame, network: Network, layout: Layout, faults: Faults
) -> pd.DataFrame:
    """Check a table's columns and give it in the long layout.

    Parameters
    ----------
    frame : DataFrame
        The table, indexed by row.
    network : Network
        Whose series a wide table has as columns.
    layout : {"long", "wide"}
        The layout that it should have.
    faults : Faults
        What the faults of the columns are added to.

    Returns
    -------
    DataFrame
        With a column ``row`` and the columns that are not at fault; the required ones are there
        unless faults were added.
    """
    if frame.empty:
        faults.add_general("it has no rows; give figures below the header")
    if layout == "long":
        frame = _long(frame, network, faults)
    elif layout == "wide":
        frame = _wide(frame, network, faults)
    else:
        faults.add_general(f"layout is {layout!r}; expected 'long' or 'wide'")
        frame = frame[[]]
    return frame.rename_axis("row").reset_index()


def _long(frame: pd.DataFrame, network: Network, faults: Faults) -> pd.DataFrame:
    columns = list(frame.columns)
    missing = [name for name in REQUIRED if name not in columns]
    if missing and any(name in network.series_names for name in columns):
        faults.add_general(
            "its columns are series, one each: that is the wide layout; read it with layout='wide'"
        )
        return frame[[]]
    for name in missing:
        faults.add_general(f"the column '{name}' is missing; {suggest(name, columns)}")
    derived = [name for name in DERIVED if name in columns]
    for name in derived:
        faults.add_general(f"the column '{name}' is computed here; leave it out or rename it")
    return frame.drop(columns=derived)


def _wide(frame: pd.DataFrame, network: Network, faults: Faults) -> pd.DataFrame:
    columns = list(frame.columns)
    if set(REQUIRED) <= set(columns):
        faults.add_general(
            "it has columns series, period and value: that is the long layout; "
            "read it with layout='long'"
        )
        return frame[[]]
    if columns[:1] != ["period"]:
        faults.add_general(f"the first column is {columns[0]!r}; expected 'period'")
    series = [name for name in columns if name in network.series_names]
    for name in columns:
        if name not in (*series, "period"):
            faults.add_general(
                f"the column '{name}' is no series; {suggest(name, network.series_names)}"
            )
    if columns == ["period"]:
        faults.add_general("it has no column of a series; give one column a series")
    if not series or "period" not in columns:
        return frame[[]]
    return pd.concat(
        pd.DataFrame({"series": name, "period": frame["period"], "value": frame[name]})
        for name in series
    )
