"""Whether figures of parts, or of members of a sum, exceed the figure of what holds them."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from mppbayes.network import Network
from mppbayes.panel.faults import Faults


class _Figure(NamedTuple):
    lower: int
    upper: int
    row: int
    period: str


type _Place = tuple[pd.Timestamp, pd.Timestamp]
type _Figures = dict[tuple[str, _Place], _Figure]


def check_contradictions(evidence: pd.DataFrame, network: Network, faults: Faults) -> None:
    """Add the faults of figures that together exceed that of their whole, rounding allowed for.

    Parameters
    ----------
    evidence : DataFrame
        The columns of :attr:`Panel.evidence`.
    network : Network
        Tells the parts and the sums.
    faults : Faults
        What they are added to.
    """
    figures = _figures(evidence, network)
    places = dict.fromkeys(place for _, place in figures)
    for whole, inner, what in _holders(network):
        for place in places:
            held = {name: figures[name, place] for name in inner if (name, place) in figures}
            holder = _of(whole, place, figures, network)
            least = sum(figure.lower for figure in held.values())
            if held and holder is not None and least > holder.upper:
                first = next(iter(held.values()))
                faults.add(
                    f"{what} that exceed '{whole}'",
                    "one of the figures is wrong, or they are not of the same events",
                    first.row,
                    f"{' and '.join(held)} in {first.period}: at least {least}, "
                    f"of at most {holder.upper}",
                )


def _holders(network: Network) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Give what holds other series, with these."""
    parts: dict[str, list[str]] = {}
    for flow in network.flows:
        if flow.part_of is not None:
            parts.setdefault(flow.part_of, []).append(flow.name)
    for whole, inner in parts.items():
        yield whole, tuple(inner), "parts"
    for name in network.sum_names:
        yield name, network.members(name), "members"


def _figures(evidence: pd.DataFrame, network: Network) -> _Figures:
    """Give the figures by series and span; a stock's by its end alone."""
    levels = network.stock_series
    columns = ("series", "start", "end", "lower", "upper", "row", "period")
    return {
        (series, (end if series in levels else start, end)): _Figure(lower, upper, row, period)
        for series, start, end, lower, upper, row, period in zip(
            *(evidence[column] for column in columns), strict=True
        )
    }


def _of(whole: str, place: _Place, figures: _Figures, network: Network) -> _Figure | None:
    """Give the figure of a flow or a sum; of a sum without one, that of all its members."""
    if (whole, place) in figures or whole not in network.sum_names:
        return figures.get((whole, place))
    members = [figures.get((name, place)) for name in network.members(whole)]
    known = [figure for figure in members if figure is not None]
    if len(known) < len(members):
        return None
    lower, upper = sum(figure.lower for figure in known), sum(figure.upper for figure in known)
    return _Figure(lower, upper, known[0].row, known[0].period)
