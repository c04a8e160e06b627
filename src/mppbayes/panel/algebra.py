"""Algebra on figures: what they add up to, over time and over series, with the limits that hold.

A sum is its members, and a whole is its parts where one of them is the rest. The figure of a series
over a span follows from its own figures of shorter spans, or from those of the others.
"""

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import reduce
from operator import attrgetter
from typing import NamedTuple

import pandas as pd
from pandas.api.typing import NaTType

from mppbayes.network import Network
from mppbayes.panel.periods import MONTHS, Span

type Relation = tuple[str, tuple[str, ...]]
type Figures = dict[str, Line]

_first = attrgetter("first")


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


class Line:
    """The figures of one series in the order of time, of which no two overlap.

    Parameters
    ----------
    figures : mapping of Span to Figure
        The figures.
    """

    def __init__(self, figures: Mapping[Span, Figure]) -> None:
        self._figures = dict(figures)
        self._spans = sorted(figures, key=_first)

    def __contains__(self, span: Span) -> bool:
        return span in self._figures

    def items(self) -> Iterator[tuple[Span, Figure]]:
        """Give the spans with their figures."""
        return ((span, self._figures[span]) for span in self._spans)

    def copy(self) -> "Line":
        """Give another of the same figures."""
        return Line(self._figures)

    def within(self, span: Span) -> list[Span]:
        """Give the spans of the figures that lie inside a span."""
        begin = end = bisect_left(self._spans, span.first, key=_first)
        while end < len(self._spans) and self._spans[end].end <= span.end:
            end += 1
        return self._spans[begin:end]

    def least(self, span: Span) -> int:
        """Give what the figures inside a span add up to at least."""
        return sum(self._figures[each].lower for each in self.within(span))

    def over(self, span: Span) -> Figure | None:
        """Give the figure over a span, added up from shorter ones if need be; None if unknown."""
        if span in self._figures:
            return self._figures[span]
        inside = self.within(span)
        begins, ends = [each.first for each in inside], [each.end for each in inside]
        if not inside or [*begins, span.end] != [span.first, *ends]:
            return None
        return reduce(Figure.plus, (self._figures[each] for each in inside))

    def add(self, span: Span, figure: Figure) -> bool:
        """Add a figure unless its span overlaps another one; say whether it was added."""
        at = bisect_left(self._spans, span.first, key=_first)
        before, after = self._spans[max(at - 1, 0) : at], self._spans[at : at + 1]
        if any(span.first < each.end for each in before) or any(
            each.first < span.end for each in after
        ):
            return False
        insort(self._spans, span, key=_first)
        self._figures[span] = figure
        return True


def figures_of(
    evidence: pd.DataFrame, network: Network, *, totals: Collection[str] = ()
) -> Figures:
    """Give the figures of evidence by series.

    Parameters
    ----------
    evidence : DataFrame
        The columns of :attr:`Panel.evidence`.
    network : Network
        The network.
    totals : collection of str
        The series whose rows are kept as those of totals.

    Returns
    -------
    dict of str to Line
        By series; see :func:`spans_of`.
    """
    found: dict[str, dict[Span, Figure]] = {}
    squares = evidence["rounding"].where(evidence["rounding"] > 1, 0) ** 2
    columns = (evidence[column] for column in ("series", "value", "lower", "upper"))
    spans = spans_of(evidence, network)
    rows = zip(evidence.index, spans, *columns, squares, evidence["as_of"], strict=True)
    for index, span, series, value, lower, upper, square, as_of in rows:
        behind = frozenset([int(index)]) if series in totals else frozenset()
        figure = Figure(value, int(lower), int(upper), int(square), as_of, behind)
        found.setdefault(series, {})[span] = figure
    return {series: Line(figures) for series, figures in found.items()}


def spans_of(evidence: pd.DataFrame, network: Network) -> list[Span]:
    """Give what each figure is about; a level's is the month at whose end it holds."""
    start, levels = evidence["start"].dt, evidence["series"].isin(network.stock_series)
    first = 12 * start.year + start.month - 1
    months = MONTHS[network.period] * evidence["n_periods"]
    first, months = first.where(~levels, first + months - 1), months.where(~levels, 1)
    return [Span(*each) for each in zip(first.tolist(), months.tolist(), strict=True)]


def relations(network: Network) -> Iterator[Relation]:
    """Give which flows add up to what."""
    for name in network.sum_names:
        if name not in network.stock_series:
            yield name, network.members(name)
    for rest in network.flows:
        if rest.rest:
            parts = tuple(flow.name for flow in network.flows if flow.part_of == rest.part_of)
            yield str(rest.part_of), parts


def closure(figures: Figures, related: Iterable[Relation]) -> Figures:
    """Add the figures that follow, until nothing more does; shorter spans first.

    Parameters
    ----------
    figures : dict of str to Line
        What is known; not changed.
    related : iterable of Relation
        What adds up to what.

    Returns
    -------
    dict of str to Line
        A figure follows where its series has none that overlaps it.
    """
    known, related = {series: line.copy() for series, line in figures.items()}, tuple(related)
    spans = {span for line in known.values() for span, _ in line.items()}
    ordered = sorted(spans, key=lambda span: (span.months, span.first))
    while any(_derive(known, *relation, ordered) for relation in related):
        pass
    return known


def over(figures: Figures, series: str, span: Span) -> Figure | None:
    """Give the figure of a series over a span; None if unknown."""
    return figures[series].over(span) if series in figures else None


def _derive(known: Figures, whole: str, inner: tuple[str, ...], spans: list[Span]) -> bool:
    """Add what follows from one relation; say whether anything did."""
    found = False
    for span in spans:
        holder = over(known, whole, span)
        given: list[Figure] = []
        missing: list[str] = []
        for name in inner:
            figure = over(known, name, span)
            if figure is not None:
                given.append(figure)
            else:
                missing.append(name)
                if holder is None or len(missing) > 1:
                    break
        if holder is None and not missing:
            found |= _line(known, whole).add(span, reduce(Figure.plus, given))
        elif holder is not None and len(missing) == 1:
            found |= _line(known, missing[0]).add(span, reduce(Figure.less, given, holder))
    return found


def _line(known: Figures, series: str) -> Line:
    return known.setdefault(series, Line({}))
