"""What stands in the diagram of a network, and where: pure functions, without drawing."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import Literal

import numpy as np
from scipy.optimize import linear_sum_assignment

from mppbayes.network import Delay, Flow, Network, Stock
from mppbayes.network.relations import loops

type Tie = Literal["enters", "leaves", "drives", "feeds", "part", "rest"]
type Side = Literal["left", "right"]  # of a gap between columns
type Stop = tuple[str, int]  # what an arrow passes, or ends at, in a column
type End = tuple[Stop, Side]
type Node = tuple[Flow, ...] | tuple[Stock]  # a stock, or flows that are merged
type Ties = Mapping[tuple[str, str, Tie], tuple[Delay, ...]]

_THIN, _BEND, _ABROAD = 0.3, 0.4, 0.4  # height of such a row, and costs, where a node's row is 1
_CONVEX = 1.05  # of ways alike in length, those that do not cross are cheaper
_DECLARED = 0.01  # and then those in the order declared
_SWEEPS = 8


@dataclass(frozen=True)
class Link:
    """A bundle's way from one stop to the next, through the gap between two columns.

    The stops stand on the two sides of the gap; where an arrow turns back, on one side.
    """

    bundle: str
    ends: tuple[End, End]

    @property
    def gap(self) -> int:
        """The column before the gap."""
        (_, column), side = self.ends[0]
        return column - (side == "right")


@dataclass(frozen=True)
class Arrow:
    """How one node bears on another, and past what the arrow goes.

    Attributes
    ----------
    source, target : str
        Nodes.
    tie : str
        What the flow does to the stock (``enters``, ``leaves``), the stock (``drives``, without
        being left) or another flow (``feeds``) to the flow, or how the flow is counted inside
        another (``part``, ``rest``).
    delays : tuple of Delay
        Of the routes that have one, each once.
    bundle : str
        Arrows of one bundle share a line.
    stops : tuple of (str, int)
        The source, what the arrow passes and the target, each with its column.
    """

    source: str
    target: str
    tie: Tie
    delays: tuple[Delay, ...]
    bundle: str
    stops: tuple[Stop, ...]

    @property
    def links(self) -> Iterator[Link]:
        """The ways from stop to stop."""
        back = self.stops[0][1] >= self.stops[-1][1]
        for start, end in pairwise(self.stops):
            leaves: Side = "right" if back and start != self.stops[0] else "left"
            arrives: Side = "left" if back and end != self.stops[-1] else "right"
            yield Link(self.bundle, ((start, leaves), (end, arrives)))


@dataclass(frozen=True)
class Row:
    """A row across the diagram, in a lane; a thin one has room for arrows only."""

    lane: int
    thin: bool


@dataclass(frozen=True)
class Arrangement:
    """What stands in a diagram, and in which column and row.

    Attributes
    ----------
    lanes : tuple of str
        The organisations that have a flow or a stock.
    nodes : mapping of str to tuple
        The stock, or the flows that are merged, by the name of the first.
    arrows : tuple of Arrow
        Between nodes.
    rows : tuple of Row
        From the top.
    place : mapping of (str, int) to int
        The row of each stop; a node is a stop in its column.
    """

    lanes: tuple[str, ...]
    nodes: Mapping[str, Node]
    arrows: tuple[Arrow, ...]
    rows: tuple[Row, ...]
    place: Mapping[Stop, int]

    @cached_property
    def column(self) -> Mapping[str, int]:
        """The column of each node."""
        return {name: column for name, column in self.place if name in self.nodes}

    @cached_property
    def links(self) -> Sequence[Link]:
        """All ways from stop to stop, each once."""
        return _links(self.arrows)


def arrange(network: Network) -> Arrangement:
    """Say what stands in the diagram of a network, in which column and row.

    Flows are merged by :func:`merged`. A node stands one column after the last of those that
    bear on it; in a loop, the arrow back to where it is first entered does not count. A node that
    bears on more than bears on it moves up to what it bears on. Rows are chosen column by column,
    to and fro, so that arrows are short and straight.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    Arrangement
        The same for equal networks.
    """
    nodes: dict[str, Node] = {flows[0].name: flows for flows in merged(network)}
    ties = _ties(network, {flow.name: name for name, flows in nodes.items() for flow in flows})
    nodes |= {stock.name: (stock,) for stock in network.stocks}
    column = _columns(nodes, ties)
    arrows = tuple(_arrows(ties, column))
    present = {node[0].organisation for node in nodes.values()}
    lanes = tuple(row.name for row in network.organisations if row.name in present)
    lane = {(name, column[name]): lanes.index(node[0].organisation) for name, node in nodes.items()}
    rows, place = _rows(lane, arrows)
    return Arrangement(lanes, nodes, arrows, rows, place)


def merged(network: Network) -> list[tuple[Flow, ...]]:
    """Put flows together that differ in their labels only.

    They have labels of the same names, the same organisation, block, kind and unit, the same
    stocks to enter, to leave and to be driven by, and are fed by, feed, are parts of and have as
    parts flows that are together too. Where labels do not tell them apart, their names do, the
    labels' values left out.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    list of tuple of Flow
        Every flow once, in the order declared.
    """
    around = _around(network)
    group = {flow.name: _likeness(flow) for flow in network.flows}
    labelled = Counter((group[flow.name], *flow.labels.items()) for flow in network.flows)
    unclear = {likeness for (likeness, *_), times in labelled.items() if times > 1}
    for flow in network.flows:
        if group[flow.name] in unclear:
            group[flow.name] = (*group[flow.name], _stem(flow))
    groups = 0
    while len(set(group.values())) > groups:  # the last round has parted some
        groups = len(set(group.values()))
        number = {likeness: at for at, likeness in enumerate(dict.fromkeys(group.values()))}
        known = {name: number[likeness] for name, likeness in group.items()}
        group = {
            name: (at, *sorted({(tie, known[other]) for tie, other in around[name]}))
            for name, at in known.items()
        }
    together: dict[object, list[Flow]] = defaultdict(list)
    for flow in network.flows:
        together[group[flow.name]].append(flow)
    return [tuple(flows) for flows in together.values()]


def _likeness(flow: Flow) -> tuple[object, ...]:
    """Give what merged flows share, apart from the flows around them."""
    if not flow.labels:
        return (flow.name,)
    place = (flow.organisation, flow.block, flow.kind, flow.unit, flow.rest)
    return (tuple(sorted(flow.labels)), *place, flow.enters, flow.leaves, flow.driver)


def _stem(flow: Flow) -> str:
    values = {part for value in flow.labels.values() for part in value.lower().split()}
    return "_".join(part for part in flow.name.split("_") if part not in values)


def _around(network: Network) -> Mapping[str, set[tuple[str, str]]]:
    """Give the flows around each flow: which feed it or are its whole, and the other way."""
    around: dict[str, set[tuple[str, str]]] = {flow.name: set() for flow in network.flows}
    for flow in network.flows:
        for source, delay in _sources(flow, network):
            how = "after a delay" if delay else "at once"
            around[flow.name].add((f"fed {how} by", source))
            around[source].add((f"feeds {how}", flow.name))
        for whole in _wholes(flow, network):
            around[flow.name].add(("part of", whole))
            around[whole].add(("has as part", flow.name))
    return around


def _sources(flow: Flow, network: Network) -> Iterator[tuple[str, Delay | None]]:
    """Give the flows that feed a flow, with the delay unless it is none."""
    for route in flow.routes:
        for source in network.members(route.source):
            yield source, route.delay if route.delay and route.delay.mean else None


def _wholes(flow: Flow, network: Network) -> tuple[str, ...]:
    """Give the flows in which a flow is counted: one, or the members of a sum."""
    return network.members(flow.part_of) if flow.part_of else ()


def _ties(network: Network, home: Mapping[str, str]) -> Ties:
    """Give the ties between nodes, with the delays of those that have them."""
    ties: dict[tuple[str, str, Tie], dict[Delay, None]] = defaultdict(dict)
    for flow in network.flows:
        node = home[flow.name]
        if flow.driver:
            ties[flow.driver, node, "leaves" if flow.leaves else "drives"] = {}
        if flow.enters:
            ties[node, flow.enters, "enters"] = {}
        for source, delay in _sources(flow, network):
            ties[home[source], node, "feeds"] |= {delay: None} if delay else {}
        for whole in _wholes(flow, network):
            ties[home[whole], node, "rest" if flow.rest else "part"] = {}
    return {tie: tuple(delays) for tie, delays in ties.items()}


def _columns(nodes: Iterable[str], ties: Ties) -> Mapping[str, int]:
    """Put each node one column after the last of those before it."""
    after: dict[str, dict[str, None]] = {name: {} for name in nodes}
    for source, target, _ in ties:
        after[source][target] = None
    onward = {name: list(after[name]) for name in _onward(after)}
    while loop := next(loops(onward), None):
        onward[loop[-1]].remove(loop[0])
    before: dict[str, list[str]] = {name: [] for name in onward}
    for source, targets in onward.items():
        for target in targets:
            before[target].append(source)
    column: dict[str, int] = {}
    order = list(TopologicalSorter(before).static_order())
    for name in order:
        column[name] = 1 + max((column[other] for other in before[name]), default=-1)
    for name in reversed(order):
        if len(onward[name]) > len(before[name]):
            column[name] = min(column[other] for other in onward[name]) - 1
    return column


def _onward(after: Mapping[str, Iterable[str]]) -> Iterable[str]:
    """Give the nodes in the order in which one comes by them, from those where nothing ends."""
    reached = {target for targets in after.values() for target in targets}
    order: dict[str, None] = {}
    for start in (*(name for name in after if name not in reached), *after):
        queue = [start]
        for name in queue:
            if name not in order:
                order[name] = None
                queue += after[name]
    return order


def _arrows(ties: Ties, column: Mapping[str, int]) -> Iterator[Arrow]:
    """Gather what enters a stock, or is counted in one part, into one line; else what leaves."""
    wholes = Counter(target for _, target, tie in ties if tie in ("part", "rest"))
    for (source, target, tie), delays in ties.items():
        start, end = column[source], column[target]
        line = "part" if tie == "rest" else tie
        gathers = line == "enters" or (line == "part" and wholes[target] > 1)
        bundle = f"{line} to {target}" if gathers else f"{line} from {source}"
        passed = range(start + 1, end)
        if start >= end:
            bundle, passed = f"{bundle}, back", range(start, end - 1, -1)
        stops = ((source, start), *((bundle, at) for at in passed), (target, end))
        yield Arrow(source, target, tie, delays, bundle, stops)


def _links(arrows: Iterable[Arrow]) -> Sequence[Link]:
    return list(dict.fromkeys(link for arrow in arrows for link in arrow.links))


def _rows(
    lane: Mapping[Stop, int], arrows: Sequence[Arrow]
) -> tuple[tuple[Row, ...], Mapping[Stop, int]]:
    """Give the rows that are used, and the row of each stop.

    Column by column, stops are assigned to rows of their own at the least cost, given the rows of
    the stops linked with them; at first only of those already passed in the sweep.
    """
    home: dict[Stop, set[int]] = defaultdict(set)
    for arrow in arrows:
        for stop in arrow.stops[1:-1]:
            home[stop] |= {lane[arrow.stops[0]], lane[arrow.stops[-1]]}
    near: dict[Stop, list[Stop]] = {stop: [] for stop in (*lane, *home)}
    for (start, _), (end, _) in (link.ends for link in _links(arrows)):
        near[start].append(end)
        near[end].append(start)
    rows = _blank_rows(lane, home)
    lanes = np.array([row.lane for row in rows])
    thin = np.array([row.thin for row in rows], dtype=bool)
    tall = np.where(thin, _THIN, 1.0)
    height = np.cumsum(tall) - tall / 2
    fixed = {stop: np.where((lanes == at) & ~thin, 0.0, 1e6) for stop, at in lane.items()}
    fixed |= {stop: _ABROAD * ~np.isin(lanes, list(at)) for stop, at in home.items()}
    columns = sorted({column for _, column in near})
    place: dict[Stop, int] = {}
    for sweep in range(_SWEEPS):
        step = 1 if sweep % 2 == 0 else -1
        for column in columns[::step]:
            stops = [stop for stop in near if stop[1] == column]
            costs = []
            for at, stop in enumerate(stops):
                cost = fixed[stop] - _DECLARED * at / len(stops) * height / height[-1]
                for other in near[stop]:
                    if other in place and (sweep > 1 or (column - other[1]) * step >= 0):
                        far = np.abs(height - height[place[other]])
                        cost += far**_CONVEX + _BEND * (far > 0)
                costs.append(cost)
            place |= dict(zip(stops, linear_sum_assignment(costs)[1].tolist(), strict=True))
    used = sorted(set(place.values()))
    return tuple(rows[row] for row in used), {stop: used.index(row) for stop, row in place.items()}


def _blank_rows(lane: Mapping[Stop, int], passed: Iterable[Stop]) -> list[Row]:
    """Make as many rows for nodes as each lane needs, with thin rows around them."""
    most: dict[int, int] = defaultdict(int)
    for (at, _), count in Counter((at, column) for (_, column), at in lane.items()).items():
        most[at] = max(most[at], count)
    passing = max(Counter(column for _, column in passed).values(), default=0)
    places = len(most) + sum(most.values())  # above and below the rows for nodes
    between = max(2, -(-passing // places)) if passing else 0
    rows = []
    for at, count in sorted(most.items()):
        rows += [Row(at, thin=True)] * between
        rows += [Row(at, thin=False), *[Row(at, thin=True)] * between] * count
    return rows
