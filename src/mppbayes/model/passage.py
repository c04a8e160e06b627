"""One period of the past: what is expected, what was seen, and what that tells.

The same function makes the likelihood's recursion and replays the past with posterior draws. It
adds to the step what only the past has: figures over longer windows, periods without a figure,
and stocks that are seen now and then.
"""

from typing import Any, NamedTuple

import numpy as np

from mppbayes.model.balance import Groups, balanced, grouped
from mppbayes.model.laws import in_doubt, unsettled, window_law
from mppbayes.model.positive import HALF, bounded, some
from mppbayes.model.step import (
    Links,
    Parameters,
    State,
    advance,
    bias,
    expectations,
    lasting,
    share_surprise,
    surprise,
)
from mppbayes.model.structure import Structure

Array = Any
Namespace = Any


class Carried(NamedTuple):
    """What one period hands to the next; None where a network has no use for it.

    Attributes
    ----------
    level, long_run : (…, flow)
        As in :class:`~mppbayes.model.step.State`.
    expected, room : (…, flow), optional
        The expected count, and what a part takes its share of, since the window began.
    stock, residual : (…, stock), optional
        Who is in each stock, and by how much the figures of a stock exceed what the flows tell,
        since the last time that unseen flows learned from it.
    unsure : (…, flow), optional
        The variance of the level, since what a stock tells of an unseen flow is not all of it.
    """

    level: Array
    long_run: Array
    expected: Array = None
    room: Array = None
    stock: Array = None
    residual: Array = None
    unsure: Array = None


class Seen(NamedTuple):
    """The evidence of a period, (flow) and (stock) arrays; None where a network has no use for it.

    Attributes
    ----------
    count, seen : (flow,)
        The figure of the window that ends here, and whether there is one.
    begins : (flow,) bool
        Whether the flow's first window begins here.
    ends, length : (flow,), optional
        Whether a window ends here, and its periods; without them every window is one period.
    row : (flow,) bool, optional
        Whether a window ends here with the figure of a stock.
    exposure : (flow,), optional
        What flows are counted over that no stock drives and that are no parts.
    doubt : (…, flow), optional
        The relative variance of what a routed flow is counted over.
    month, month_seen : (flow,), optional
        The count of this period alone, and whether it is known.
    room, room_seen : (flow,), optional
        What a part takes its share of, and whether the figures tell.
    present, present_seen : (stock,), optional
        The level, and whether it is known, by a figure or between two.
    before_seen : (stock,), optional
        Whether there is a figure of the level at the end of the period before.
    total, total_seen : (sum,), optional
        The level of a sum of stocks.
    spread, is_spread : (flow,), optional
        The share in the figure of the window that this period lies in, and whether there is one.
    closes : (stock,), optional
        Whether unseen flows learn from the stock here.
    tells : (stock,), optional
        1 if there was a figure of the stock, or of a sum that it is in, since they last did.
    periods, blur : (stock,), optional
        Since they last did; and the variance that the rounding of figures adds, and that of
        longer ones of which not all periods are since then.
    """

    count: Array
    seen: Array
    begins: Array
    exposure: Array = 1.0
    doubt: Array = None
    month: Array = None
    month_seen: Array = None
    ends: Array = None
    length: Array = None
    row: Array = None
    room: Array = None
    room_seen: Array = None
    present: Array = None
    present_seen: Array = None
    before_seen: Array = None
    total: Array = None
    total_seen: Array = None
    spread: Array = None
    is_spread: Array = None
    closes: Array = None
    tells: Array = None
    periods: Array = None
    blur: Array = None


class Ties(NamedTuple):
    """The constants of a network that a passage needs beside the links.

    Attributes
    ----------
    links : Links
        As in the step.
    tiers : tuple of (flow,) bool
        The parts, in turns.
    room : (flow, flow)
        What each part takes its share of, as a combination of flows.
    driven : (flow, stock)
        1 where a stock drives a flow.
    change : (flow, stock)
        What one event of a flow adds to a stock.
    reference : (stock,)
        The size at which hazards hold.
    members : (sum, stock)
        What sums of stocks add up.
    groups : Groups
        The stocks that flows tie together.
    """

    links: Links
    tiers: tuple[Array, ...] = ()
    room: Array = None
    driven: Array = None
    change: Array = None
    reference: Array = None
    members: Array = None
    groups: Groups = Groups(np.zeros((0, 0)), ())


class Chance(NamedTuple):
    """The unknowns of a period, and of the chain as a whole.

    Attributes
    ----------
    shock : (…, 1)
        The common shock, in its own standard deviations.
    gap : (…, flow)
        The surprise of a span without figures, in standard units; 0 elsewhere.
    elasticity : (…, flow), optional
        0 for a flow that leaves a stock at a rate of its own, 1 for one with a hazard.
    unrecorded : (…, stock), optional
        The standard deviation of what changes a stock unrecorded, per period.
    """

    shock: Array
    gap: Array
    elasticity: Array = None
    unrecorded: Array = None


class Passed(NamedTuple):
    """What a period gives.

    Attributes
    ----------
    mean : (…, flow)
        The expected count of the period.
    expected, room : (…, flow)
        The expected count of the window that ends here, and what a part takes its share of.
    fill : (…, flow)
        The count as far as it is known: as seen, else the mean.
    count : (…, flow)
        The count of the window that ends here: as seen, else what the surprise implies.
    inside : (…, stock), optional
        Who was in each stock at the end of the period before, kept away from 0.
    variance : (…, flow), optional
        Of the count of a flow whose window ends here without a figure, before the figures of
        stocks.
    noise : (…, stock), optional
        The variance of what the figures of a stock exceed the flows by, beside that of such flows.
    unsure : (…, flow), optional
        The variance of the level before the period.
    """

    mean: Array
    expected: Array
    room: Array
    fill: Array
    count: Array
    inside: Array = None
    variance: Array = None
    noise: Array = None
    unsure: Array = None


def passage(
    carried: Carried,
    first: Carried,
    seen: Seen,
    chance: Chance,
    parameters: Parameters,
    ties: Ties,
    xp: Namespace,
) -> tuple[Carried, Passed]:
    """Let one period of the past go by.

    Parameters
    ----------
    carried : Carried
        From the period before.
    first : Carried
        Where every flow and stock stands before its first figure.
    seen : Seen
        The evidence of the period.
    chance : Chance
        The unknowns.
    parameters : Parameters
        The flows' parameters in this period.
    ties : Ties
        The constants of the network.
    xp : namespace
        ``numpy`` or ``pytensor.tensor``.

    Returns
    -------
    Carried
        To the next period.
    Passed
        What was expected and what came.
    """
    state = State(
        xp.where(seen.begins, first.level, carried.level),
        xp.where(seen.begins, first.long_run, carried.long_run),
    )
    shock = xp.where(seen.begins, 0.0, chance.shock)
    exposure, crowding = seen.exposure, 0.0
    if ties.driven is not None:
        inside = bounded(carried.stock, seen.before_seen, ties.reference, xp)
        exposure = xp.where(ties.driven.any(axis=1), inside @ ties.driven.T, exposure)
        crowding = crowded(inside, chance.elasticity, ties, xp)
    reached, mean = expectations(state, exposure, shock, crowding, parameters, ties.links, xp)
    fill, room = mean, exposure
    if seen.month is not None:
        fill = xp.where(seen.month_seen, seen.month, mean)
    for tier in ties.tiers:
        left = xp.maximum(fill @ ties.room.T, HALF)
        now = xp.where(seen.room_seen, seen.room, left)
        room = xp.where(tier, now, room)
        _, share = expectations(state, room, shock, crowding, parameters, ties.links, xp)
        mean = xp.where(tier, share, mean)
        fill = xp.where(seen.month_seen, seen.month, mean)
    expected, rooms, length = mean, room, 1.0
    if seen.ends is not None:
        expected = mean + xp.where(seen.begins, 0.0, carried.expected)
        length = seen.length
        if ties.tiers:
            rooms = room + xp.where(seen.begins, 0.0, carried.room)
    over = xp.where(ties.links.parts, rooms, expected) if ties.tiers else expected
    gain, shape = window_law(over, length, parameters, xp)
    if seen.doubt is not None:
        gain, shape = in_doubt(gain, shape, expected, seen.doubt, xp)
    stock, residual, count = carried.stock, carried.residual, seen.count
    known, variance, noise, unsure = seen.seen, None, None, carried.unsure
    if ties.driven is not None:
        stock, residual = _stocks(carried, seen, fill, ties, xp)
    if seen.row is not None:
        unsure = xp.where(seen.begins, 0.0, carried.unsure)
        gain, shape, unsettled_by, settled_by = unsettled(gain, shape, expected, unsure, xp)
        variance = xp.where(seen.row, expected + expected**2 / shape, 0.0)
        noise = seen.periods * chance.unrecorded**2 + seen.blur
        shift, told_by_stocks = balanced(residual, variance, noise, seen.tells, ties.groups, xp)
        told_count = some(expected + shift, expected, shape, xp)
        count = xp.where(seen.row, told_count, count)
        known, residual = known | seen.row, xp.where(seen.closes, 0.0, residual)
        left = unsettled_by - xp.where(seen.row, told_by_stocks, 1.0) * settled_by
        left = xp.where(known & seen.ends, xp.maximum(left, 0.0), unsure)
    news = surprise(count, expected, shape, xp)
    if seen.row is not None:
        news = news - xp.where(seen.row, (1 - told_by_stocks) * bias(expected, shape), 0.0)
    if ties.tiers:
        of_share = share_surprise(count, expected, rooms, shape, xp)
        news = xp.where(ties.links.parts, xp.where(seen.room_seen, of_share, 0.0), news)
    a_period = expected / length
    spread = xp.sqrt(xp.maximum(2 * bias(a_period, parameters.dispersion), 1e-12))
    unseen = chance.gap * spread * xp.sqrt(length)
    told = xp.where(known, gain * news, parameters.adaptation * unseen)
    if seen.ends is not None:
        told = xp.where(seen.ends, told, 0.0)
    moved = advance(state, reached, told, parameters)
    implied = (a_period + 1) * xp.exp(unseen - bias(a_period, parameters.dispersion)) - 1
    implied = xp.maximum(xp.round(implied), 0.0)
    on = moved._asdict()
    if seen.ends is not None:
        on["expected"] = xp.where(seen.ends, 0.0, expected)
        if ties.tiers:
            on["room"] = xp.where(seen.ends, 0.0, rooms)
    if ties.driven is not None:
        on |= {"stock": stock, "residual": residual, "unsure": unsure}
    if seen.row is not None:
        on["unsure"] = left * lasting(parameters) ** 2
    counted = xp.where(known, count, implied)
    found = Passed(mean, expected, rooms, fill, counted, None, variance, noise, unsure)
    return Carried(**on), found


def ties(structure: Structure, reference: Array, members: Array) -> Ties:
    """Give the constants of a network.

    Parameters
    ----------
    structure : Structure
        The network.
    reference : (stock,)
        The size of each stock at which its hazards hold.
    members : (sum, stock)
        What sums of stocks add up.
    """
    parts = structure.driven("part")
    tiers = tuple(
        np.isin(np.arange(len(parts)), tier) & parts
        for tier in structure.tiers
        if parts[tier].any()
    )
    links = Links(parts if tiers else None)
    if not structure.network.stocks:
        return Ties(links, tiers, structure.room)
    if structure.leaving.any():
        links = links._replace(leaving=structure.leaving)
    return Ties(
        links,
        tiers,
        structure.room,
        structure.drivers,
        structure.change,
        reference,
        members if len(members) else None,
        grouped(structure),
    )


def beginning(
    structure: Structure, is_coarse: bool, state: State, stock: Array, xp: Namespace
) -> Carried:
    """Give where flows and stocks stand before the first figure."""
    parts = structure.driven("part").any()
    return Carried(
        state.level,
        state.long_run,
        xp.zeros_like(state.level) if is_coarse else None,
        xp.zeros_like(state.level) if is_coarse and parts else None,
        stock,
        None if stock is None else xp.zeros_like(stock),
        None if stock is None else xp.zeros_like(state.level),
    )


def crowded(inside: Array, elasticity: Array, ties: Ties, xp: Namespace) -> Array:
    """Give what the size of a stock adds to the log hazard of those who leave it."""
    if ties.links.leaving is None:
        return 0.0
    relative = xp.log(xp.maximum(inside, 1.0) / ties.reference)
    return (elasticity - 1) * (relative @ ties.links.leaving.T)


def _stocks(
    carried: Carried, seen: Seen, fill: Array, ties: Ties, xp: Namespace
) -> tuple[Array, Array]:
    """Move the stocks on, and keep account of what their figures exceed the flows by.

    A figure over several periods moves a stock over all of them: what is expected of them may be
    far off, and put right at the end of the window it could take more out than is in it.

    Returns
    -------
    stock, residual : (…, stock)
        At the end of the period.
    """
    came = fill if seen.spread is None else xp.where(seen.is_spread, seen.spread, fill)
    told = carried.stock + came @ ties.change
    stock = xp.where(seen.present_seen, seen.present, told)
    if ties.members is not None:
        open_ = xp.where(seen.present_seen, 0.0, 1.0)
        left = seen.total - (seen.present * (1 - open_)) @ ties.members.T
        share = xp.maximum(left, 0.0) / xp.maximum((told * open_) @ ties.members.T, 1.0)
        ratio = xp.where(seen.total_seen, share, 1.0) @ ties.members
        in_sum = xp.where(seen.total_seen, 1.0, 0.0) @ ties.members
        stock = xp.where((in_sum > 0) & (open_ > 0), told * ratio, stock)
    return stock, carried.residual + stock - told
