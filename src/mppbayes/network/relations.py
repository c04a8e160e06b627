"""What contains what: the members of sums, the wholes of parts, and loops."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from mppbayes.network.rows import Flow, Sum


def members(name: str, sums: Mapping[str, Sum]) -> tuple[str, ...]:
    """Open a sum, and the sums inside it, into its flows or stocks.

    Parameters
    ----------
    name : str
        A sum, or a flow or stock, which stands for itself.
    sums : mapping of str to Sum
        The declared sums.

    Returns
    -------
    tuple of str
        In the order declared, with repetitions; a sum inside itself is opened once.
    """
    if name not in sums:
        return (name,)
    others = {key: value for key, value in sums.items() if key != name}
    return tuple(
        member for part in sums[name].of if part != name for member in members(part, others)
    )


def lineage(name: str, flows: Mapping[str, Flow]) -> dict[str, str]:
    """Follow a flow up through its wholes: whole to the part of it that is passed through."""
    passed: dict[str, str] = {}
    while (flow := flows.get(name)) and flow.part_of and flow.part_of not in passed:
        passed[flow.part_of] = name
        name = flow.part_of
    return passed


def overlap(first: str, second: str, flows: Mapping[str, Flow], sums: Mapping[str, Sum]) -> bool:
    """Tell whether two flows may count the same event.

    Flows of different wholes are disjoint, and so are different parts of one whole. Parts of
    wholes that share a flow may overlap.
    """
    if _roots(first, flows, sums).isdisjoint(_roots(second, flows, sums)):
        return False
    passed = lineage(second, flows)
    return not any(passed.get(whole, part) != part for whole, part in lineage(first, flows).items())


def loops(edges: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, ...]]:
    """Find a shortest loop through each name that lies on one, each loop once."""
    found: set[frozenset[str]] = set()
    for start in edges:
        loop = _way_back(start, edges)
        if loop and frozenset(loop) not in found:
            found.add(frozenset(loop))
            yield loop


def _roots(
    name: str,
    flows: Mapping[str, Flow],
    sums: Mapping[str, Sum],
    below: frozenset[str] = frozenset(),
) -> frozenset[str]:
    """Follow a flow up to the flows that are no parts; ``below`` was passed on the way."""
    flow = flows.get(name)
    if flow is None or flow.part_of is None or name in below:
        return frozenset({name})
    wholes = members(flow.part_of, sums)
    return frozenset().union(*(_roots(whole, flows, sums, below | {name}) for whole in wholes))


def _way_back(start: str, edges: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    ways: deque[tuple[str, ...]] = deque([(start,)])
    seen: set[str] = set()
    while ways:
        way = ways.popleft()
        for name in edges.get(way[-1], ()):
            if name == start:
                return way
            if name not in seen:
                seen.add(name)
                ways.append((*way, name))
    return ()
