"""What figures of sums of flows, and of rests, tell of a single flow.

Where all but one of the flows of a total have figures of the same periods, the last one's follows,
and takes the place of the total's.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from mppbayes.errors import PanelError
from mppbayes.network import Network
from mppbayes.panel.algebra import Figure, Figures, Line, closure, figures_of, over, relations
from mppbayes.panel.evidence import in_order, rounding_interval
from mppbayes.panel.periods import MONTHS, Span, first_days

_DAY = np.timedelta64(1, "D")


def totals(network: Network) -> tuple[str, ...]:
    """Name the series without a rate of their own: sums of flows, and rests."""
    rests = tuple(flow.name for flow in network.flows if flow.rest)
    return rests + tuple(name for name in network.sum_names if name not in network.stock_series)


def attributed(evidence: pd.DataFrame, network: Network) -> pd.DataFrame:
    """Put the figure of one flow in the place of that of a total, wherever it follows.

    Parameters
    ----------
    evidence : DataFrame
        The columns of :attr:`Panel.evidence`.
    network : Network
        Tells the sums and the parts.

    Returns
    -------
    DataFrame
        The same columns. A derived figure has the ``row`` of the total and the ``rounding`` whose
        variance is that of the figures behind it together. A total whose flows all have figures is
        left out; one that does not tell of a single flow stays.

    Raises
    ------
    PanelError
        If a total is not what its flows add up to, rounding allowed for.
    """
    without_rate = totals(network)
    if not evidence["series"].isin(without_rate).any():
        return evidence
    related = tuple(relations(network))
    published = figures_of(evidence, network, totals=without_rate)
    known, rated = closure(published, related), _only(published, without_rate, keep=False)
    derived = [
        (series, span, figure)
        for series, line in _only(known, without_rate, keep=False).items()
        for span, figure in line.items()
        if series not in rated or span not in rated[series]
    ]
    for series, span, figure in derived:
        rated.setdefault(series, Line({})).add(span, figure)
    told = closure(rated, related)
    faults, spent = [], set[int]().union(*(figure.totals for _, _, figure in derived))
    for series, line in _only(published, without_rate, keep=True).items():
        for span, figure in line.items():
            of_flows = over(told, series, span)
            if of_flows is None:
                continue
            spent |= figure.totals
            if of_flows.upper < figure.lower or figure.upper < of_flows.lower:
                faults.append(
                    f"{series!r} in {span} is {figure.value:,.0f}, "
                    f"its flows give {of_flows.value:,.0f}"
                )
    faults += [
        f"{series!r} in {span} would be {figure.value:,.0f}"
        for series, span, figure in derived
        if figure.upper < 0
    ]
    if faults:
        raise PanelError(
            "totals are not what their flows add up to",
            faults,
            "one of the figures is wrong, or they are not of the same events",
        )
    left = evidence.drop(index=sorted(spent))
    if not derived:
        return left
    rows = [_row(*each, evidence, network) for each in derived]
    both = pd.DataFrame([*left.to_dict("records"), *rows], columns=evidence.columns)
    return in_order(both.astype(evidence.dtypes[list(rows[0])]), network)


def _only(figures: Figures, series: Iterable[str], *, keep: bool) -> Figures:
    return {name: line.copy() for name, line in figures.items() if (name in series) == keep}


def _row(
    series: str, span: Span, figure: Figure, evidence: pd.DataFrame, network: Network
) -> dict[str, object]:
    """Give a derived figure as a row of evidence."""
    value, unit = max(figure.value, 0.0), max(round(figure.squares**0.5), 1)
    lower, upper = rounding_interval(pd.Series([int(value)]), pd.Series([unit]))
    return {
        "series": series,
        "period": str(span),
        "start": first_days(span.first),
        "end": first_days(span.end) - _DAY,
        "n_periods": span.months // MONTHS[network.period],
        "value": value,
        "lower": int(lower[0]),
        "upper": int(upper[0]),
        "rounding": unit,
        "as_of": figure.as_of,
        "row": evidence.loc[min(figure.totals), "row"],
    }
