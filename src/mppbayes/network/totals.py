"""Whether the parts and sums of a network count every event once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise, product

from mppbayes.network.checks import Tables
from mppbayes.network.relations import loops, members, overlap
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

    @cached_property
    def looped(self) -> frozenset[str]:
        """What is counted in itself: a fault of its own."""
        return frozenset(name for loop in loops(self.inside()) for name in loop)

    def overlap(self, first: str, second: str) -> bool:
        """Tell whether two flows, or sums of flows, may count the same event."""
        pairs = product(members(first, self.sums), members(second, self.sums))
        return any(
            overlap(*pair, self.flows, self.sums)
            for pair in pairs
            if self.flows.keys() >= {*pair} and self.looped.isdisjoint(pair)
        )


def check_totals(tables: Tables) -> Iterator[str]:
    """Yield every fault of parts and sums, of loops, and of events that count twice.

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
    yield from _stocks(rows)
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
                f"let a stock lie between them, which drives with who was in it the period before"
            )


def _sources(flow: Flow, rows: _Rows) -> Iterator[str]:
    for route in flow.routes:
        place = f"flow '{flow.name}' has a route from '{route.source}'"
        counted = members(route.source, rows.sums) if route.source in rows.sums else ()
        if any(name in rows.stocks for name in counted):
            yield f"{place}, a sum of stocks; its source must be flows"
        if flow.name in counted:
            yield f"{place}, which holds it; its source must be other flows"
    for first, second in combinations(dict.fromkeys(route.source for route in flow.routes), 2):
        if rows.overlap(first, second):
            yield (
                f"flow '{flow.name}' has routes from '{first}' and '{second}', which overlap: what "
                f"is counted in both feeds it twice; keep one of them, or name disjoint flows"
            )


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
    if flow.part_of is None:
        return
    counted = members(flow.part_of, rows.sums)
    if flow.part_of in rows.sums and any(name in rows.stocks for name in counted):
        yield f"flow '{flow.name}' is part of '{flow.part_of}', a sum of stocks; name a flow"
    for other in (rows.flows[name] for name in counted if name in rows.flows):
        if other.unit != flow.unit:
            yield (
                f"flow '{flow.name}' counts {flow.unit} but is part of '{flow.part_of}', which "
                f"counts {other.unit}; a part has its whole's unit"
            )


def _stocks(rows: _Rows) -> Iterator[str]:
    inner = [flow for flow in rows.flows.values() if flow.part_of or flow.recounts]
    others = [flow for flow in rows.flows.values() if not (flow.part_of or flow.recounts)]
    for first, second in (*combinations(inner, 2), *product(inner, others)):
        for key in ("enters", "leaves"):
            stock = getattr(first, key)
            same = stock is not None and stock == getattr(second, key)
            if same and (why := _twice(first, second, key, rows)):
                yield (
                    f"flows '{first.name}' and '{second.name}' both {key.removesuffix('s')} "
                    f"'{stock}' and {why}: that counts events twice; leave out {key} of one of them"
                )


def _twice(first: Flow, second: Flow, key: str, rows: _Rows) -> str | None:
    """Say why two flows may count the same event, if they may."""
    # A part that leaves a stock is a fault of its own.
    if key == "enters" and rows.overlap(first.name, second.name):
        return "overlap, one being counted in the other or in a whole that holds it"
    for flow, other in ((first, second), (second, first)):
        for name in flow.recounts:
            if rows.overlap(name, other.name):
                held = "" if name == other.name else f", which overlaps '{other.name}'"
                return f"'{flow.name}' recounts '{name}'{held}"
    return None


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
    for first, second in combinations(flows, 2):
        if (first.part_of or second.part_of) and rows.overlap(first.name, second.name):
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
