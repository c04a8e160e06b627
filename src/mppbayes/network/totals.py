"""Whether the parts and sums of a network count every event once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from mppbayes.network.checks import Tables
from mppbayes.network.relations import lineage, loops, members, overlap
from mppbayes.network.rows import Flow, Stock, Sum


@dataclass(frozen=True)
class _Rows:
    """Sound rows by name."""

    flows: dict[str, Flow]
    stocks: dict[str, Stock]
    sums: dict[str, Sum]

    def inside(self) -> dict[str, tuple[str, ...]]:
        """What is counted together with a name: the whole of a part, the members of a sum."""
        wholes = {name: (flow.part_of,) for name, flow in self.flows.items() if flow.part_of}
        return wholes | {name: total.of for name, total in self.sums.items()}


def check_totals(tables: Tables) -> Iterator[str]:
    """Yield every fault of parts, of sums, and of routes that close a loop.

    Parameters
    ----------
    tables : Tables
        The rows.

    Yields
    ------
    str
        One fault: what was found, what was expected, what to do.
    """
    rows = _Rows(
        {flow.name: flow for flow in tables.flows},
        {stock.name: stock for stock in tables.stocks},
        {total.name: total for total in tables.sums},
    )
    yield from _inner_loops(rows)
    yield from _route_loops(rows)
    yield from _rests(rows)
    yield from _lone_rests(tables)
    for flow in rows.flows.values():
        yield from _part(flow, rows)
        yield from _sources(flow, rows)
        if flow.name in (name for whole in flow.recounts for name in members(whole, rows.sums)):
            yield f"flow '{flow.name}' recounts itself; name what was counted before"
    for total in rows.sums.values():
        yield from _sum(total, rows)


def _inner_loops(rows: _Rows) -> Iterator[str]:
    for loop in loops(rows.inside()):
        part = next((name for name in loop if name in rows.flows), None)
        fault = f"flow '{part}' is a part of itself" if part else f"sum '{loop[0]}' holds itself"
        yield f"{fault} ({_way(loop)}); break the loop"


def _route_loops(rows: _Rows) -> Iterator[str]:
    inside = rows.inside()
    at_once = {
        name: tuple(route.source for route in flow.routes if route.source != name and route.at_once)
        for name, flow in rows.flows.items()
    }
    edges = {
        name: (*at_once.get(name, ()), *inside.get(name, ())) for name in (*rows.flows, *rows.sums)
    }
    for loop in loops(edges):
        steps = pairwise((*loop, loop[0]))
        if any(source in at_once.get(name, ()) for name, source in steps):
            yield (
                f"routes without delay close a loop ({_way(loop)}); "
                f"give one of them a delay with a mean above 0"
            )


def _sources(flow: Flow, rows: _Rows) -> Iterator[str]:
    for route in flow.routes:
        place = f"flow '{flow.name}' has a route from '{route.source}'"
        counted = members(route.source, rows.sums) if route.source in rows.sums else ()
        if any(name in rows.stocks for name in counted):
            yield f"{place}, a sum of stocks; its source must be flows"
        if flow.name in counted:
            yield f"{place}, which holds it; its source must be other flows"


def _way(loop: tuple[str, ...]) -> str:
    return " → ".join((*loop, loop[0]))


def _rests(rows: _Rows) -> Iterator[str]:
    rests: dict[str, list[str]] = {}
    for flow in rows.flows.values():
        if flow.rest and flow.part_of:
            rests.setdefault(flow.part_of, []).append(f"'{flow.name}'")
    for whole, names in rests.items():
        if len(names) > 1:
            yield f"{' and '.join(names)} are each the rest of '{whole}'; a whole has one rest"


def _lone_rests(tables: Tables) -> Iterator[str]:
    wholes = tables.values("flows", "part_of", str)
    known = {*tables.names("flows"), *tables.names("sums")}
    if tables.unsound.get("flows") or not known.issuperset(wholes):
        return  # the other part may be a flow with a fault of its own
    for flow in tables.flows:
        if flow.rest and flow.part_of and wholes.count(flow.part_of) == 1:
            yield (
                f"flow '{flow.name}' is the rest of '{flow.part_of}', which has no other part: it "
                f"would be the whole itself; declare another part of '{flow.part_of}', or leave "
                f"out rest = true"
            )


def _part(flow: Flow, rows: _Rows) -> Iterator[str]:
    for whole in lineage(flow.name, rows.flows):
        counted = members(whole, rows.sums)
        if whole in rows.sums and any(name in rows.stocks for name in counted):
            yield f"flow '{flow.name}' is part of '{whole}', a sum of stocks; name a flow"
        for name in counted:
            if name in rows.flows and name != flow.name:
                yield from _part_against(flow, rows.flows[name], whole)


def _part_against(flow: Flow, other: Flow, whole: str) -> Iterator[str]:
    if whole == flow.part_of and other.unit != flow.unit:
        yield (
            f"flow '{flow.name}' counts {flow.unit} but is part of '{whole}', which counts "
            f"{other.unit}; a part has its whole's unit"
        )
    if flow.enters is not None and flow.enters == other.enters:
        yield (
            f"flow '{flow.name}' enters '{flow.enters}', and so does '{other.name}', in which it "
            f"is counted: that counts it twice; leave out one of them"
        )


def _sum(total: Sum, rows: _Rows) -> Iterator[str]:
    place = f"sum '{total.name}'"
    names = members(total.name, rows.sums)
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield f"{place} counts '{name}' {names.count(name)} times; a sum counts a member once"
    flows = [rows.flows[name] for name in dict.fromkeys(names) if name in rows.flows]
    stocks = [rows.stocks[name] for name in dict.fromkeys(names) if name in rows.stocks]
    if flows and stocks:
        yield (
            f"{place} mixes flows ('{flows[0].name}') and stocks ('{stocks[0].name}'); "
            f"sum them apart"
        )
    yield from _mixed(place, "units", _units(flows) | _units(stocks))
    yield from _mixed(place, "kinds", {flow.name: flow.kind for flow in flows})
    yield from _overlaps(place, flows, rows)
    yield from _recounts(place, flows, rows)


def _recounts(place: str, flows: Sequence[Flow], rows: _Rows) -> Iterator[str]:
    names = {flow.name for flow in flows}
    for flow in flows:
        again = [n for whole in flow.recounts for n in members(whole, rows.sums) if n in names]
        for name in again:
            yield (
                f"{place} counts '{name}' twice: '{flow.name}' recounts it, at another place; keep "
                f"one of them"
            )


def _overlaps(place: str, flows: Sequence[Flow], rows: _Rows) -> Iterator[str]:
    looped = {name for loop in loops(rows.inside()) for name in loop}
    sound = [flow for flow in flows if flow.name not in looped]
    for first, second in combinations(sound, 2):
        if (first.part_of or second.part_of) and overlap(
            first.name, second.name, rows.flows, rows.sums
        ):
            yield (
                f"{place} counts events twice: '{first.name}' and '{second.name}' overlap, one "
                f"being counted in the other or in a whole that holds it; keep one of them"
            )


def _units(rows: Sequence[Flow | Stock]) -> dict[str, str]:
    return {row.name: row.unit for row in rows}


def _mixed(place: str, what: str, values: dict[str, str]) -> Iterator[str]:
    examples = {value: name for name, value in reversed(values.items())}
    if len(examples) > 1:
        listed = ", ".join(f"{value} (as '{name}')" for value, name in examples.items())
        yield f"{place} mixes {what}: {listed}; sum each apart"
