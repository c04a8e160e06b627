"""What figures of sums of flows, and of rests, tell of a single flow: algebra on evidence.

A sum is its members, and a whole is its parts where one of them is the rest. Where all but one of
these have figures of the same periods, the last one's follows, and takes the place of the total's.
"""

from collections.abc import Iterable, Iterator
from functools import reduce
from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas.api.typing import NaTType

from mppbayes.errors import PanelError
from mppbayes.network import Network
from mppbayes.panel.evidence import in_order, rounding_interval

type Place = tuple[pd.Timestamp, pd.Timestamp]
type Relation = tuple[str, tuple[str, ...]]
type Figures = dict[str, dict[Place, Figure]]

_DAY = np.timedelta64(1, "D")


class Figure(NamedTuple):
    """A figure, published or derived, with the limits that are certain.

    Attributes
    ----------
    value : float
        As published, or as follows.
    lower, upper : int
        The smallest and the largest count that it may be.
    squares : int
        What the figures behind it were rounded to, squared and added up; 0 for those that were not.
    as_of : Timestamp
        When the last of the figures behind it was known; NaT where none says.
    totals : frozenset of int
        The rows of the figures of totals behind it.
    """

    value: float
    lower: int
    upper: int
    squares: int
    as_of: pd.Timestamp | NaTType
    totals: frozenset[int]

    def plus(self, other: "Figure") -> "Figure":
        """Add another figure."""
        return self._joined(other, other.value, other.lower, other.upper)

    def less(self, other: "Figure") -> "Figure":
        """Take another figure off."""
        return self._joined(other, -other.value, -other.upper, -other.lower)

    def _joined(self, other: "Figure", value: float, lower: int, upper: int) -> "Figure":
        dates = [date for date in (self.as_of, other.as_of) if isinstance(date, pd.Timestamp)]
        return Figure(
            self.value + value,
            self.lower + lower,
            self.upper + upper,
            self.squares + other.squares,
            max(dates, default=pd.NaT),
            self.totals | other.totals,
        )


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
    of_total = evidence["series"].isin(without_rate)
    if not of_total.any():
        return evidence
    relations = list(_relations(network))
    published = _figures(evidence, of_total)
    known, rated = _closure(published, relations), _only(published, without_rate, keep=False)
    derived = [
        (series, place, figure)
        for series, places in _only(known, without_rate, keep=False).items()
        for place, figure in places.items()
        if place not in rated.get(series, {})
    ]
    for series, place, figure in derived:
        rated.setdefault(series, {})[place] = figure
    told = _closure(rated, relations)
    faults, spent = [], set[int]().union(*(figure.totals for _, _, figure in derived))
    for series, places in _only(published, without_rate, keep=True).items():
        for place, figure in places.items():
            of_flows = _at(told, series, place)
            if of_flows is None:
                continue
            spent |= figure.totals
            if of_flows.upper < figure.lower or figure.upper < of_flows.lower:
                faults.append(
                    f"{series!r} from {place[0]:%Y-%m} to {place[1]:%Y-%m} is {figure.value:,.0f}, "
                    f"its flows give {of_flows.value:,.0f}"
                )
    faults += [
        f"{series!r} from {place[0]:%Y-%m} to {place[1]:%Y-%m} would be {figure.value:,.0f}"
        for series, place, figure in derived
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
    rows = [_row(*each, evidence) for each in derived]
    both = pd.DataFrame([*left.to_dict("records"), *rows], columns=evidence.columns)
    return in_order(both.astype(evidence.dtypes[list(rows[0])]), network)


def _relations(network: Network) -> Iterator[Relation]:
    """Give what is the sum of what."""
    for name in network.sum_names:
        if name not in network.stock_series:
            yield name, network.members(name)
    for rest in network.flows:
        if rest.rest:
            parts = tuple(flow.name for flow in network.flows if flow.part_of == rest.part_of)
            yield str(rest.part_of), parts


def _figures(evidence: pd.DataFrame, of_total: pd.Series) -> Figures:
    found: Figures = {}
    squares = evidence["rounding"].where(evidence["rounding"] > 1, 0) ** 2
    columns = ("series", "start", "end", "value", "lower", "upper")
    each = (evidence[column] for column in columns)
    rows = zip(evidence.index, of_total, *each, squares, evidence["as_of"], strict=True)
    for index, is_total, series, start, end, value, lower, upper, square, as_of in rows:
        behind = frozenset([int(index)]) if is_total else frozenset()
        figure = Figure(value, int(lower), int(upper), int(square), as_of, behind)
        found.setdefault(series, {})[start, end] = figure
    return found


def _only(figures: Figures, series: Iterable[str], *, keep: bool) -> Figures:
    return {name: dict(each) for name, each in figures.items() if (name in series) == keep}


def _closure(figures: Figures, relations: list[Relation]) -> Figures:
    """Add what follows, until nothing more does; shorter periods first."""
    known = _only(figures, (), keep=False)
    places = {place for each in figures.values() for place in each}
    ordered = sorted(places, key=lambda place: (place[1] - place[0], place[0]))
    while any(_derive(known, *relation, ordered) for relation in relations):
        pass
    return known


def _derive(known: Figures, whole: str, inner: tuple[str, ...], places: list[Place]) -> bool:
    """Add what follows from one relation; say whether anything did."""
    found = False
    for place in places:
        held = {name: _at(known, name, place) for name in inner}
        holder = _at(known, whole, place)
        given = [figure for figure in held.values() if figure is not None]
        missing = [name for name, figure in held.items() if figure is None]
        if holder is None and not missing:
            series, figure = whole, reduce(Figure.plus, given)
        elif holder is not None and len(missing) == 1:
            series, figure = missing[0], reduce(Figure.less, given, holder)
        else:
            continue
        own = known.setdefault(series, {})
        if not any(start <= place[1] and place[0] <= end for start, end in own):
            own[place] = figure
            found = True
    return found


def _at(known: Figures, series: str, place: Place) -> Figure | None:
    """Give the figure of a series over a span, added up from shorter ones if need be."""
    own = known.get(series, {})
    if place in own:
        return own[place]
    within = sorted(each for each in own if place[0] <= each[0] and each[1] <= place[1])
    begins, ends = [start for start, _ in within], [end + _DAY for _, end in within]
    if not within or [*begins, place[1] + _DAY] != [place[0], *ends]:
        return None
    return reduce(Figure.plus, [own[each] for each in within])


def _row(series: str, place: Place, figure: Figure, evidence: pd.DataFrame) -> dict[str, object]:
    """Give a derived figure as a row of evidence."""
    alike = evidence[(evidence["start"] == place[0]) & (evidence["end"] == place[1])].iloc[0]
    value, unit = max(figure.value, 0.0), max(round(figure.squares**0.5), 1)
    lower, upper = rounding_interval(pd.Series([int(value)]), pd.Series([unit]))
    return {
        "series": series,
        "period": alike["period"],
        "start": place[0],
        "end": place[1],
        "n_periods": alike["n_periods"],
        "value": value,
        "lower": int(lower[0]),
        "upper": int(upper[0]),
        "rounding": unit,
        "as_of": figure.as_of,
        "row": evidence.loc[min(figure.totals), "row"],
    }
