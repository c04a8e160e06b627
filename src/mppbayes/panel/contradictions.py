"""Whether figures of parts, or of members of a sum, exceed the figure of what holds them.

They may be of other spans than it: months of parts lie inside a quarter of their whole, and months
of the whole add up to a quarter of a part.
"""

from collections.abc import Iterable, Iterator

import pandas as pd

from mppbayes.network import Network
from mppbayes.panel.algebra import Figures, closure, figures_of, over, relations, spans_of
from mppbayes.panel.attribution import totals
from mppbayes.panel.faults import Faults
from mppbayes.panel.periods import Span


def check_contradictions(evidence: pd.DataFrame, network: Network, faults: Faults) -> None:
    """Add the faults of figures that together exceed that of their whole, rounding allowed for.

    Figures inside a span are compared with what their whole is over it, given or adding up from
    shorter spans, from members, or from what the others leave; of a longer span that holds one
    already at fault nothing is said. Levels of stocks are compared at one end.

    Parameters
    ----------
    evidence : DataFrame
        The columns of :attr:`Panel.evidence`.
    network : Network
        Tells the parts and the sums.
    faults : Faults
        What they are added to.
    """
    published = figures_of(evidence, network)
    known = published
    if not published.keys().isdisjoint(totals(network)):
        known = closure(published, relations(network))
    keys = zip(evidence["series"], spans_of(evidence, network), strict=True)
    source = dict(zip(keys, zip(evidence["row"], evidence["period"], strict=True), strict=True))
    told: dict[tuple[str, str], list[Span]] = {}
    for whole, inner, what in _holders(network):
        members = network.members(whole) if what == "parts" else ()
        before = told.setdefault((whole, what), [])
        for span in _spans(known, (whole, *inner, *members)):
            if any(span.first <= each.first and each.end <= span.end for each in before):
                continue
            lines = {name: published[name] for name in inner if name in published}
            held = {name: spans for name, line in lines.items() if (spans := line.within(span))}
            most = _most(known, whole, members, span) if held else None
            least = sum(lines[name].least(span) for name in held)
            if most is not None and most < least:
                before.append(span)
                row, _ = source[next((name, spans[0]) for name, spans in held.items())]
                _, when = source.get((whole, span), (row, str(span)))
                faults.add(
                    f"{what} that exceed '{whole}'",
                    "one of the figures is wrong, or they are not of the same events",
                    row,
                    f"{' and '.join(held)} in {when}: at least {least}, of at most {most}",
                )


def _holders(network: Network) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Give what holds other series, with these."""
    parts: dict[str, list[str]] = {}
    for flow in network.flows:
        if flow.part_of is not None:
            parts.setdefault(flow.part_of, []).append(flow.name)
    for whole, inner in parts.items():
        yield whole, tuple(inner), "parts"
    for total in network.sums:
        members = network.members(total.name)
        yield total.name, members, "members"
        if members != total.of:
            yield total.name, total.of, "members"


def _spans(known: Figures, series: Iterable[str]) -> list[Span]:
    """Give the spans of the figures of series, shorter ones first."""
    found = {span for name in series if name in known for span, _ in known[name].items()}
    return sorted(found, key=lambda span: (span.months, span.first))


def _most(known: Figures, whole: str, members: tuple[str, ...], span: Span) -> int | None:
    """Give the largest count that a whole, or its members together, may have over a span."""
    limits = []
    for together in ((whole,), members):
        each = [figure for name in together if (figure := over(known, name, span)) is not None]
        if each and len(each) == len(together):
            limits.append(sum(figure.upper for figure in each))
    return min((limit for limit in limits if limit >= 0), default=None)  # else at fault elsewhere
