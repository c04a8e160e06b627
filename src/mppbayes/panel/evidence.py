"""The columns of evidence: spans of time, and the whole numbers that round to a figure."""

import numpy as np
import pandas as pd

from mppbayes.network import Network
from mppbayes.panel.periods import MONTHS, first_days


def evidence_of(
    figures: pd.DataFrame, carried: pd.DataFrame, *, network: Network, rounding: int
) -> pd.DataFrame:
    """Give the evidence that figures are.

    Parameters
    ----------
    figures : DataFrame
        ``series``, ``span``, ``value``, ``rounding``, ``as_of`` and ``row``.
    carried : DataFrame
        Further columns, with the same index.
    network : Network
        Whose order the rows take.
    rounding : int
        What a figure without a rounding was rounded to.

    Returns
    -------
    DataFrame
        The columns of :attr:`Panel.evidence`.
    """
    first = np.array([span.first for span in figures["span"]], dtype=np.int64)
    months = np.array([span.months for span in figures["span"]], dtype=np.int64)
    unit = pd.to_numeric(figures["rounding"]).fillna(rounding).astype("int64")
    value = figures["value"].astype("int64")
    lower, upper = rounding_interval(value, unit)
    evidence = pd.DataFrame(
        {
            "series": figures["series"],
            "period": figures["span"].map(str),
            "start": first_days(first),
            "end": first_days(first + months) - np.timedelta64(1, "D"),
            "n_periods": months // MONTHS[network.period],
            "value": value.astype(float),
            "lower": lower,
            "upper": upper,
            "rounding": unit,
            "as_of": pd.to_datetime(figures["as_of"]).astype("datetime64[ns]"),
            "row": figures["row"].astype("int64"),
        },
        index=figures.index,
    )
    return in_order(evidence.join(carried), network)


def in_order(evidence: pd.DataFrame, network: Network) -> pd.DataFrame:
    """Put rows in the order of the network and of time."""
    order = {name: position for position, name in enumerate(network.series_names)}
    return evidence.sort_values(
        ["series", "start", "n_periods"],
        key=lambda column: column.map(order) if column.name == "series" else column,
        kind="stable",
        ignore_index=True,
    )


def rounding_interval(value: pd.Series, unit: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Give the smallest and the largest count that round, half up, to each value."""
    lower = value - unit // 2
    return lower.clip(lower=0), lower + unit - 1
