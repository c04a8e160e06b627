"""The structure of a chain as arrays: what drives each flow, and what it does to stocks."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mppbayes.errors import SpecError, suggest
from mppbayes.model.delays import longest
from mppbayes.network import Drive, Flow, Network, Route, drive

DRIVES: Final[tuple[Drive, ...]] = ("exogenous", "routed", "stock", "part")
ROUTE: Final = " from "  # between a flow and the source of its route, in the route's name


class Whole(NamedTuple):
    """A flow, or a sum of flows, with its parts; flows as positions.

    Attributes
    ----------
    combination : (flow,)
        The whole as a combination of the flows with a rate.
    members : list of int
        The flows that add to it.
    last : int
        The member that is drawn last.
    parts : list of int
        Its parts with a rate, in the order in which they are drawn.
    """

    combination: NDArray[np.float64]
    members: list[int]
    last: int
    parts: list[int]

    def after(self, part: int) -> list[int]:
        """Give the parts that are drawn after one of them."""
        return self.parts[self.parts.index(part) + 1 :]


@dataclass(frozen=True, eq=False)
class Structure:
    """A network seen by the model.

    The flows with a rate of their own come first in every array: all but the rests, which follow
    from their whole and its other parts.

    Attributes
    ----------
    network : Network
        The chain.
    """

    network: Network

    @cached_property
    def flows(self) -> tuple[Flow, ...]:
        """The flows with a rate of their own, in the order declared."""
        return tuple(flow for flow in self.network.flows if not flow.rest)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(flow.name for flow in self.flows)

    def instead_of(self, name: str) -> str:
        """Say what to name where a flow with a rate is expected and this one has none."""
        if any(flow.rest and flow.name == name for flow in self.network.flows):
            return "it is the rest of its whole: let the measure act on the other parts"
        return suggest(name, self.names)

    @cached_property
    def drives(self) -> tuple[Drive, ...]:
        """The drive of each."""
        return tuple(drive(flow) for flow in self.flows)

    @property
    def present(self) -> tuple[Drive, ...]:
        """The drives that occur, in a fixed order."""
        return tuple(each for each in DRIVES if each in self.drives)

    def driven(self, kind: Drive) -> NDArray[np.bool_]:
        """Say which flows have a drive, (flow,)."""
        return np.array([each == kind for each in self.drives], dtype=bool)

    @cached_property
    def driver(self) -> NDArray[np.int64]:
        """The stock that drives each flow, as a position; −1 if none does: (flow,)."""
        return np.array([self._stock(flow.driver) for flow in self.flows], dtype=np.int64)

    @cached_property
    def drivers(self) -> NDArray[np.float64]:
        """Whether a stock drives a flow, (flow, stock)."""
        stocks = np.arange(len(self.network.stocks))
        return np.asarray(self.driver[:, None] == stocks, dtype=float)

    @cached_property
    def routes(self) -> tuple[tuple[str, Route], ...]:
        """All routes with their names, in the order of the flows."""
        return tuple(
            (self.route_name(flow, route), route) for flow in self.flows for route in flow.routes
        )

    @cached_property
    def longest_lag(self) -> int:
        """The longest lag of any route, in periods."""
        return max((longest(route) for _, route in self.routes), default=0)

    @cached_property
    def routed(self) -> NDArray[np.float64]:
        """Which flow each route feeds, (route, flow)."""
        names = [flow.name for flow in self.flows for _ in flow.routes]
        return np.array([[float(name == fed) for name in self.names] for fed in names])

    @staticmethod
    def route_name(flow: Flow, route: Route) -> str:
        """Name a route."""
        return f"{flow.name}{ROUTE}{route.source}"

    @cached_property
    def leaving(self) -> NDArray[np.float64]:
        """Whether a flow leaves a stock, (flow, stock)."""
        stocks = self.network.stock_names
        return np.array([[float(flow.leaves == name) for name in stocks] for flow in self.flows])

    @cached_property
    def elastic(self) -> NDArray[np.bool_]:
        """Whether a flow leaves a stock without a ``stay`` that makes it a hazard, (flow,)."""
        return np.array([bool(flow.leaves and not flow.stay) for flow in self.flows], dtype=bool)

    @cached_property
    def entering(self) -> NDArray[np.float64]:
        """Whether a flow enters a stock, (flow, stock)."""
        stocks = self.network.stock_names
        return np.array([[float(flow.enters == name) for name in stocks] for flow in self.flows])

    @cached_property
    def change(self) -> NDArray[np.float64]:
        """What one event of a flow adds to a stock, (flow, stock); rests are in their whole."""
        direct = self.entering - self.leaving
        for flow in self.network.flows:
            if flow.rest and (flow.enters or flow.leaves):
                of_rest = np.array(
                    [
                        float(flow.enters == name) - float(flow.leaves == name)
                        for name in self.network.stock_names
                    ]
                )
                direct = direct + self.rest_of(flow)[:, None] * of_rest
        return direct

    @cached_property
    def series_names(self) -> tuple[str, ...]:
        """The stocks, then the sums of stocks: what figures of a period's end are about."""
        network = self.network
        sums = (name for name in network.sum_names if name in network.stock_series)
        return (*network.stock_names, *sums)

    @cached_property
    def series(self) -> NDArray[np.float64]:
        """The stocks that each of these adds up, (series, stock)."""
        of = [self.network.members(name) for name in self.series_names]
        stocks = self.network.stock_names
        members = np.array([[float(name in each) for name in stocks] for each in of])
        return members.reshape(len(of), len(stocks))

    @cached_property
    def series_change(self) -> NDArray[np.float64]:
        """What one event of a flow adds to each of these, (flow, series)."""
        return np.asarray(self.change @ self.series.T)

    def rest_of(self, flow: Flow) -> NDArray[np.float64]:
        """Give a rest as a combination of the flows: its whole less the other parts, (flow,)."""
        combination = self.whole_of(flow)
        for other in self.flows:
            if other.part_of == flow.part_of:
                combination[self.names.index(other.name)] -= 1
        return combination

    def room_of(self, flow: Flow) -> NDArray[np.float64]:
        """Give what a part takes its share of: its whole less the parts before it, (flow,)."""
        combination = self.whole_of(flow)
        for other in self.flows:
            if other.name == flow.name:
                break
            if other.part_of == flow.part_of:
                combination[self.names.index(other.name)] -= 1
        return combination

    def whole_of(self, flow: Flow) -> NDArray[np.float64]:
        """Give the whole of a part as a combination of the flows, (flow,)."""
        return self.combination(str(flow.part_of))

    def combination(self, name: str) -> NDArray[np.float64]:
        """Give a flow, or a sum of flows, as a combination of those with a rate, (flow,)."""
        total = np.zeros(len(self.flows))
        members = self.network.members(name)
        for member in members:
            flow = self.network.flow(member)
            if flow.rest:
                total += self.rest_of(flow)
            else:
                total[self.names.index(member)] += 1
        return total

    @cached_property
    def every(self) -> NDArray[np.float64]:
        """Give all flows of the network as combinations of those with a rate, (all, flow)."""
        rows = [self.combination(name) for name in self.network.flow_names]
        return np.array(rows).reshape(-1, len(self.flows))

    def complete(self, counts: NDArray[Any]) -> NDArray[Any]:
        """Give the counts of all flows of the network from those with a rate: (…, all)."""
        return np.asarray(counts @ self.every.T.astype(counts.dtype))

    @cached_property
    def room(self) -> NDArray[np.float64]:
        """Give what each part takes its share of, (flow, flow); zeros for other flows."""
        return np.array(
            [
                self.room_of(flow) if flow.part_of else np.zeros(len(self.flows))
                for flow in self.flows
            ]
        )

    @cached_property
    def whole(self) -> NDArray[np.int64]:
        """The position of a flow of each part's whole; of other flows, their own: (flow,)."""
        own = np.arange(len(self.flows))
        return np.where(self.room.any(axis=1), self.room.argmax(axis=1), own)

    @cached_property
    def wholes(self) -> tuple[Whole, ...]:
        """The flows and sums that have parts, in the order in which their parts are drawn."""
        turn = {s: i for i, tier in enumerate(self.tiers) for s in tier.tolist()}
        parts: dict[str, list[int]] = {}
        for s in sorted(turn, key=lambda s: (turn[s], s)):
            if of := self.flows[s].part_of:
                parts.setdefault(of, []).append(s)
        found = []
        for name, of_whole in parts.items():
            combination = self.combination(name)
            members = np.flatnonzero(combination > 0).tolist()
            last = max(members, key=lambda s: turn[s])
            found.append(Whole(combination, members, last, of_whole))
        return tuple(found)

    @cached_property
    def tiers(self) -> tuple[NDArray[np.int64], ...]:
        """The flows in turns: each needs, within a period, only flows of the turns before it."""
        position = {name: i for i, name in enumerate(self.names)}
        needs: list[set[int]] = []
        for flow, room in zip(self.flows, self.room, strict=True):
            needed = set(np.flatnonzero(room).tolist())
            for route in flow.routes:
                needed |= set(np.flatnonzero(self.combination(route.source)).tolist())
            needs.append(needed)
        done: set[int] = set()
        tiers = []
        while len(done) < len(position):
            tier = [i for i in range(len(needs)) if i not in done and needs[i] <= done]
            if not tier:
                looped = ", ".join(self.names[i] for i in range(len(needs)) if i not in done)
                raise SpecError(
                    "routes close a loop",
                    [f"each of these flows waits for another: {looped}"],
                    "let a stock lie between them: it drives with who is in it the period before",
                )
            done |= set(tier)
            tiers.append(np.array(tier, dtype=np.int64))
        return tuple(tiers)

    def _stock(self, name: str | None) -> int:
        return -1 if name is None else self.network.stock_names.index(name)
