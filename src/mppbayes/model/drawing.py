"""One period drawn: counts in the order of the network, then the levels and the stocks.

Counts are whole, parts never exceed their whole, and those who leave a stock are among those who
were in it, so that every stock's identity holds exactly.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mppbayes.model.counts import (
    beta_binomial_counts,
    binomial_quantile,
    gamma_quantile,
    negative_binomial_counts,
)
from mppbayes.model.held import held, make_room
from mppbayes.model.passage import crowded
from mppbayes.model.period import Ties
from mppbayes.model.step import (
    Links,
    Parameters,
    State,
    advance,
    chances,
    expectations,
    share_surprise,
    surprise,
)
from mppbayes.model.structure import Structure

type Floats = NDArray[np.float64]


class Period(NamedTuple):
    """What a period starts from and what chance does in it.

    Attributes
    ----------
    state : State
        Arrays (draw, flow), at the end of the period before.
    stock : (draw, stock)
        Who is in each stock then.
    delayed : (draw, flow)
        What the periods before bring a routed flow.
    fixed : (draw, flow)
        The counts that are given.
    is_fixed : (flow,) bool
        Whether they are; nothing is learned from them here.
    is_plan : (flow,) bool
        Whether they are what is to be: no more can leave a stock than are in it.
    shock : (draw, 1)
        The common shock.
    measures : (draw, flow) or 0
        What is added to the log rate.
    frailty, arrival : (draw, flow)
        The cells' innovations.
    """

    state: State
    stock: Floats
    delayed: Floats
    fixed: Floats
    is_fixed: NDArray[np.bool_]
    is_plan: NDArray[np.bool_]
    shock: Floats
    measures: Floats | float
    frailty: Floats
    arrival: Floats


class Drawn(NamedTuple):
    """What a period brings.

    Attributes
    ----------
    state : State
        At its end.
    counts : (draw, flow)
        Whole numbers.
    mean : (draw, flow)
        What was expected.
    """

    state: State
    counts: Floats
    mean: Floats


def draw_period(
    period: Period,
    parameters: Parameters,
    structure: Structure,
    ties: Ties,
    *,
    at_once: dict[int, list[tuple[Floats, Floats]]],
    elasticity: Floats | None,
) -> Drawn:
    """Draw the counts of a period and move the levels on.

    Parameters
    ----------
    period : Period
        The start, and the innovations.
    parameters : Parameters
        The flows' parameters in this period.
    structure : Structure
        The network.
    ties : Ties
        Its constants.
    at_once : dict of int to list
        For each routed flow its sources as combinations of flows, (flow,), with their weight at
        lag 0, (draw, 1).
    elasticity : (draw, flow), optional
        In a network with stocks.

    Returns
    -------
    Drawn
        The counts, and the levels after them.
    """
    counts = np.zeros_like(period.frailty)
    mean, room = np.zeros_like(counts), np.zeros_like(counts)
    reached = np.zeros_like(counts)
    exposure, crowding = np.ones_like(counts), 0.0
    if ties.driven is not None:
        inside = np.maximum(period.stock, 0.0)
        exposure = np.where(ties.driven.any(axis=1), inside @ ties.driven.T, exposure)
        crowding = crowded(inside, elasticity, ties, np)
    parts = structure.driven("part")
    ask = held(period.fixed, period.is_fixed, structure)
    free = ~period.is_fixed & ~parts & ~(period.is_plan.any() & structure.leaving.any(axis=1))
    for tier in structure.tiers:
        for s in tier:
            if parts[s]:
                room[:, s] = exposure[:, s] = counts @ ties.room[s]
            for source, weight in at_once.get(int(s), ()):
                period.delayed[:, s] += weight[:, 0] * (counts @ source)
            if int(s) in at_once:
                exposure[:, s] = period.delayed[:, s]
        adding = np.broadcast_to(period.measures + crowding, counts.shape)[:, tier]
        chosen = Parameters(
            *(None if each is None else np.asarray(each)[..., tier] for each in parameters)
        )
        links = Links(
            parts[tier] if parts[tier].any() else None,
            None if ties.links.leaving is None else ties.links.leaving[tier],
        )
        state = State(*(array[:, tier] for array in period.state))
        reached[:, tier], mean[:, tier] = expectations(
            state, exposure[:, tier], period.shock, adding, chosen, links, np
        )
        noise = period.frailty[:, tier], period.arrival[:, tier]
        drawn = negative_binomial_counts(mean[:, tier], chosen.dispersion, *noise)
        if links.parts is not None:
            drawn[:, links.parts] = _shares(period, parameters, mean, exposure, tier[links.parts])
            left = exposure[:, tier] - ask.later[:, tier]
            drawn = np.where(links.parts, np.minimum(drawn, left), drawn)
        fixed = np.broadcast_to(period.is_fixed[tier], drawn.shape)
        least = ask.least[:, tier]
        drawn = np.where(fixed, period.fixed[:, tier], np.maximum(drawn, least))
        if links.parts is not None:
            drawn = np.where(links.parts, np.minimum(drawn, exposure[:, tier]), drawn)
        if links.leaving is not None and links.leaving.any():
            hazard = np.exp(reached[:, tier] + chosen.season + adding)
            if period.is_plan.any():
                drawn, least = _there(drawn, least, period, tier, links.leaving)
            asked = fixed, least
            drawn = _leavers(drawn, asked, hazard, period.stock, chosen, links.leaving, noise)
        counts[:, tier] = drawn
        make_room(counts, ask, free, structure, tier)
    news = surprise(counts, mean, parameters.dispersion, np)
    if parts.any():
        of_share = share_surprise(counts, mean, room, parameters.dispersion, np)
        news = np.where(parts, of_share, news)
    told = np.where(period.is_fixed, 0.0, parameters.adaptation * news)
    moved = advance(period.state, reached, told, parameters)
    return Drawn(moved, counts, mean)


def _shares(
    period: Period,
    parameters: Parameters,
    mean: Floats,
    room: Floats,
    parts: NDArray[np.int64],
) -> Floats:
    whole = np.maximum(room[:, parts], 0.0)
    share = mean[:, parts] / np.maximum(whole, 1e-9)
    precision = np.broadcast_to(parameters.dispersion, mean.shape)[:, parts]
    noise = period.frailty[:, parts], period.arrival[:, parts]
    return beta_binomial_counts(whole, share, precision, *noise)


def _there(
    drawn: Floats, least: Floats, period: Period, tier: NDArray[np.int64], leaving: Floats
) -> tuple[Floats, Floats]:
    """Let no more leave a stock by plan than are in it, once those who were seen to have left.

    Nor do more leave by a flow because of what is planned of its parts.
    """
    drawn, least = drawn.copy(), least.copy()
    for k in range(leaving.shape[1]):
        left = np.maximum(period.stock[:, k], 0.0)
        flows = np.flatnonzero(leaving[:, k] * period.is_fixed[tier])
        for s in sorted(flows, key=lambda s: period.is_plan[tier[s]]):
            if period.is_plan[tier[s]]:
                drawn[:, s] = np.minimum(drawn[:, s], left)
            left = np.maximum(left - drawn[:, s], 0.0)
        for s in np.flatnonzero(leaving[:, k] * ~period.is_fixed[tier]):
            least[:, s] = np.minimum(least[:, s], left)
            left = left - least[:, s]
    return drawn, least


def _leavers(
    drawn: Floats,
    asked: tuple[NDArray[np.bool_], Floats],
    hazard: Floats,
    stock: Floats,
    parameters: Parameters,
    leaving: Floats,
    noise: tuple[Floats, Floats],
) -> Floats:
    """Draw who leaves each stock: one flow after another, among those who are left.

    ``asked`` is whether the count of a flow is given, and how many leave by it at least.
    """
    fixed, least = asked
    frailty, arrival = noise
    hazard = hazard * gamma_quantile(frailty, parameters.dispersion) * leaving.any(axis=1)
    chance = chances(hazard, leaving, np)
    drawn = drawn.copy()
    for k in range(leaving.shape[1]):
        flows = np.flatnonzero(leaving[:, k])
        given = [s for s in flows if fixed[0, s]]
        left = stock[:, k] - drawn[:, given].sum(axis=1)
        remaining = 1.0 - chance[:, given].sum(axis=1)
        free = [s for s in flows if s not in given]
        for i, s in enumerate(free):
            now = np.clip(chance[:, s] / np.maximum(remaining, 1e-12), 0.0, 1.0)
            leave = binomial_quantile(np.maximum(left, 0.0), now, arrival[:, s])
            others = left - least[:, free[i + 1 :]].sum(axis=1)
            drawn[:, s] = np.maximum(np.minimum(leave, np.maximum(others, 0.0)), least[:, s])
            left = left - drawn[:, s]
            remaining = remaining - chance[:, s]
    return drawn
