"""Draw counts and stocks period after period: the future, or a past of known truth."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mppbayes.model.delays import renormalised
from mppbayes.model.drawing import Drawn, Period, draw_period
from mppbayes.model.innovations import Innovations
from mppbayes.model.period import Ties, ties
from mppbayes.model.positive import HALF
from mppbayes.model.replay import FlowDraws, where
from mppbayes.model.specification import ModelSpec
from mppbayes.model.step import State
from mppbayes.model.structure import Structure

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Given:
    """What is known of the periods that are drawn.

    Attributes
    ----------
    counts : (draw, time, flow)
        Counts that stand, whole numbers.
    fixed : (time, flow) bool
        Whether they do.
    plan : (time, flow) bool
        Whether they are what is to be: no more can leave a stock than are in it.
    restart : (time, flow) bool
        Where a flow goes on from its end state.
    end : State
        That state, (draw, flow).
    stock : (time, stock)
        Levels that were seen.
    stock_seen : (time, stock) bool
        Whether they were.
    total, total_seen : (time, sum)
        Levels of sums of stocks, likewise.
    shock : (draw, time)
        The common shock of the periods in which it is known; the others are drawn.
    """

    counts: Floats
    fixed: Flags
    plan: Flags
    restart: Flags
    end: State
    stock: Floats
    stock_seen: Flags
    total: Floats
    total_seen: Flags
    shock: Floats


@dataclass(frozen=True, eq=False)
class Simulated:
    """What was drawn: counts of flows with a rate, (draw, time, flow), and of stocks at the ends.

    ``unrecorded`` (draw, time, stock) is what changed a stock beside its flows; ``near`` (flow,)
    is the share of draws in which a mean came near its ceiling.
    """

    counts: NDArray[np.int64]
    stocks: NDArray[np.int64]
    unrecorded: NDArray[np.int64]
    near: Floats


def _nothing(_: int) -> float:
    return 0.0


@dataclass(frozen=True, eq=False)
class Simulator:
    """Draws periods of a network one after another.

    Attributes
    ----------
    structure : Structure
        The network.
    ties : Ties
        Its constants.
    draws : FlowDraws
        The parameters.
    innovations : Innovations
        The chance.
    shock_law : callable
        Period ordinal → the common shock, (draw,).
    measures : callable
        Position in the span → what measures add to the log rates, (draw, flow); by default
        nothing.
    arriving : callable, optional
        Position in the span → what part of what arrives by each route does so under measures,
        (route, draw); by default all.
    """

    structure: Structure
    ties: Ties
    draws: FlowDraws
    innovations: Innovations
    shock_law: Callable[[int], Floats]
    measures: Callable[[int], Floats | float] = _nothing
    arriving: Callable[[int], Floats] | None = None

    def run(
        self, span: pd.PeriodIndex, before: Floats, state: State, stock: Floats, given: Given
    ) -> Simulated:
        """Draw the periods of a span.

        Parameters
        ----------
        span : PeriodIndex
            The periods.
        before : (draw, time, flow)
            Counts of the periods before it, as many as the longest delay looks back. With fewer
            a route is counted over those that there are, as the likelihood counts it.
        state : State
            Of every flow before the span.
        stock : (draw, stock)
            Who is in each stock before it.
        given : Given
            What is known of the span.

        Returns
        -------
        Simulated
            The counts and stocks.
        """
        network, n_draws = self.structure.network, self.innovations.n_draws
        back = before.shape[1]
        counts = np.zeros((n_draws, back + len(span), len(self.structure.flows)))
        counts[:, :back] = before
        sources = np.zeros((len(self._routes), back + len(span), n_draws))
        sources[:, :back] = np.einsum("dtf,rf->rtd", before, self._combinations, optimize=True)
        stocks = np.zeros((n_draws, len(span), len(network.stocks)), dtype=np.int64)
        unrecorded = np.zeros_like(stocks)
        near = np.zeros((n_draws, len(self.structure.flows)), dtype=bool)
        stock = np.round(stock)
        for t, period in enumerate(span):
            state = where(given.restart[t], given.end, state)
            drawn = self._period(t, period, state, stock, sources[:, : back + t], given)
            state, counts[:, back + t] = drawn.state, drawn.counts
            sources[:, back + t] = self._combinations @ drawn.counts.T
            near |= ~given.fixed[t] & (drawn.mean > _NEAR_CEILING * self.draws.constant.ceiling)
            if len(network.stocks):
                told = stock + drawn.counts @ self.ties.change
                stock = self._stock(t, period.ordinal, told, given)
                stocks[:, t], unrecorded[:, t] = stock, stock - told
        return Simulated(counts[:, back:].astype(np.int64), stocks, unrecorded, near.mean(axis=0))

    def _period(
        self,
        t: int,
        period: pd.Period,
        state: State,
        stock: Floats,
        sources: Floats,
        given: Given,
    ) -> Drawn:
        part = self.arriving(t) if self.arriving else np.ones((len(self._routes), 1))
        if sources.shape[1] < self.structure.longest_lag:
            part = renormalised(part, self._known(sources.shape[1]), np)
        known = given.shock[:, t] if t < given.shock.shape[1] else self.shock_law(period.ordinal)
        frailty, arrival = self.innovations.cells(self.structure.names, period.ordinal)
        return draw_period(
            Period(
                state,
                stock,
                self._delayed(sources, part),
                given.counts[:, t],
                given.fixed[t],
                given.plan[t],
                known[:, None],
                self.measures(t),
                frailty,
                arrival,
            ),
            self.draws.at(period),
            self.structure,
            self.ties,
            at_once=self._at_once(part),
            elasticity=self.draws.elasticity,
        )

    def _known(self, n_before: int) -> Floats:
        """Give the share of each route's weights on the periods that there are, (route, draw)."""
        known = np.ones((len(self._routes), self.innovations.n_draws))
        for r, (_, _, weights) in enumerate(self._routes):
            known[r] = weights[:, : n_before + 1].sum(axis=1) / weights.sum(axis=1)
        return known

    def _delayed(self, sources: Floats, part: Floats) -> Floats:
        """Give what the sources, (route, time, draw), bring the routed flows: (draw, flow).

        ``part``, (route, draw), is that of what arrives that does so.
        """
        n_time, n_draws = sources.shape[1:]
        total = np.full((n_draws, len(self.structure.flows)), HALF)
        for r, ((s, _, _), later) in enumerate(zip(self._routes, self._later, strict=True)):
            most = min(len(later), n_time)
            recent = sources[r, n_time - most :][::-1]
            total[:, s] += part[r] * np.einsum("ld,ld->d", later[:most], recent)
        return total

    @cached_property
    def _combinations(self) -> Floats:
        """The source of each route as a combination of flows, (route, flow)."""
        sources = [source for _, source, _ in self._routes]
        return np.array(sources).reshape(-1, len(self.structure.flows))

    @cached_property
    def _later(self) -> list[Floats]:
        """Give each route's weights from lag 1 on, (lag, draw)."""
        n_draws = self.innovations.n_draws
        return [
            np.ascontiguousarray(np.broadcast_to(weights[:, 1:].T, (weights.shape[1] - 1, n_draws)))
            for _, _, weights in self._routes
        ]

    @cached_property
    def _routes(self) -> list[tuple[int, Floats, Floats]]:
        position = {flow.name: s for s, flow in enumerate(self.structure.flows)}
        return [
            (
                position[flow.name],
                self.structure.combination(route.source),
                self.draws.weights[self.structure.route_name(flow, route)],
            )
            for flow in self.structure.flows
            for route in flow.routes
        ]

    def _at_once(self, part: Floats) -> dict[int, list[tuple[Floats, Floats]]]:
        found: dict[int, list[tuple[Floats, Floats]]] = {}
        for r, (s, source, weights) in enumerate(self._routes):
            found.setdefault(s, []).append((source, weights[:, :1] * part[r][:, None]))
        return found

    def _stock(self, t: int, ordinal: int, told: Floats, given: Given) -> Floats:
        """Give who is in each stock: as seen, else what flows and chance make of it."""
        names = self.structure.network.stock_names
        noise = self.innovations.unrecorded(names, ordinal)
        if self.draws.unrecorded is not None:
            noise = noise * self.draws.unrecorded
        stock = np.maximum(told + np.round(noise), 0.0)
        for q in np.flatnonzero(given.total_seen[t]) if given.total.shape[1] else ():
            members = self.ties.members[q] > 0
            seen = members & given.stock_seen[t]
            unseen = members & ~given.stock_seen[t]
            if unseen.any():
                left = max(given.total[t, q] - given.stock[t, seen].sum(), 0.0)
                stock[:, unseen] = _apportioned(stock[:, unseen], left)
        return np.where(given.stock_seen[t], given.stock[t], stock)


_NEAR_CEILING = 0.5  # of the ceiling; a mean above this is bent noticeably


def _apportioned(members: Floats, total: float) -> Floats:
    """Scale whole numbers to a total, the largest remainders first."""
    there = members.sum(axis=1, keepdims=True)
    ideal = total * np.where(there > 0, members / np.maximum(there, 1.0), 1 / members.shape[1])
    whole = np.floor(ideal)
    short = np.round(total - whole.sum(axis=1)).astype(int)
    rank = np.argsort(np.argsort(-(ideal - whole), axis=1), axis=1)
    return np.asarray(whole + (rank < short[:, None]))


def simulate_draws(
    spec: ModelSpec, draws: FlowDraws, time: pd.DatetimeIndex, *, seed: int
) -> Simulated:
    """Simulate from known parameters, from each flow's and stock's beginning on.

    Parameters
    ----------
    spec : ModelSpec
        Resolved.
    draws : FlowDraws
        Parameters; their shocks are used, one a period.
    time : DatetimeIndex
        First days of the periods.
    seed : int
        Of the innovations.

    Returns
    -------
    Simulated
        Counts of the flows with a rate, and stocks. Routed flows are counted over the periods
        that there are.
    """
    structure = spec.structure
    n_draws, n_flows = draws.initial.level.shape
    n_stocks, n_time = len(spec.network.stocks), len(time)
    initial = np.zeros((n_draws, n_stocks)) if draws.stock is None else draws.stock
    shock = draws.shock.copy()
    shock[:, 0] = 0.0
    nothing = np.zeros((n_time, n_flows), dtype=bool)
    given = Given(
        counts=np.zeros((1, n_time, n_flows)),
        fixed=nothing,
        plan=nothing,
        restart=nothing,
        end=draws.initial,
        stock=np.zeros((n_time, n_stocks)),
        stock_seen=np.zeros((n_time, n_stocks), dtype=bool),
        total=np.zeros((n_time, 0)),
        total_seen=np.zeros((n_time, 0), dtype=bool),
        shock=shock,
    )
    innovations = Innovations(seed, n_draws)
    simulator = Simulator(
        structure,
        ties(structure, draws.size, np.zeros((0, n_stocks))),
        draws,
        innovations,
        lambda ordinal: innovations.shocks(ordinal, spec.shock),
    )
    span = time.to_period(spec.network.frequency)
    before = np.zeros((n_draws, 0, n_flows))
    return simulator.run(span, before, draws.initial, initial, given)
