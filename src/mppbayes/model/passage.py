"""One period of the past: what is expected, what was seen, and what that tells.

The same function makes the likelihood's recursion and replays the past with posterior draws. It
adds to the step what only the past has: figures over longer windows, periods without a figure,
and stocks that are seen now and then.
"""

from typing import Any, NamedTuple

import numpy as np

from mppbayes.model.balance import Groups, balanced, grouped
from mppbayes.model.step import (
    Links,
    Parameters,
    State,
    advance,
    bias,
    expectations,
    share_surprise,
    surprise,
)
from mppbayes.model.structure import Structure

Array = Any
Namespace = Any

HALF = 0.5  # the least that a driven flow is counted over, so that its mean is never nothing
# Of a stock's reference size: below it, its size is kept away from 0.
_FEWEST = 0.1
_FEWEST_SEEN = 0.001  # where a figure tells it
_PLAUSIBLE = 2.0  # standard deviations: what a stock tells of a flow counts in full down to here


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
    """

    level: Array
    long_run: Array
    expected: Array = None
    room: Array = None
    stock: Array = None
    residual: Array = None


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
        Since they last did; and the variance that the rounding of figures adds.
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
    """

    mean: Array
    expected: Array
    room: Array
    fill: Array
    count: Array
    inside: Array = None
    variance: Array = None


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
    known, variance = seen.seen, None
    if ties.driven is not None:
        stock, residual = _stocks(carried, seen, fill, ties, xp)
    if seen.row is not None:
        variance = xp.where(seen.row, expected + expected**2 / shape, 0.0)
        left = seen.periods * chance.unrecorded**2 + seen.blur
        shift, told_by_stocks = balanced(residual, variance, left, seen.tells, ties.groups, xp)
        told_count = some(expected + shift, expected, shape, xp)
        count = xp.where(seen.row, told_count, count)
        known, residual = known | seen.row, xp.where(seen.closes, 0.0, residual)
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
        on |= {"stock": stock, "residual": residual}
    counted = xp.where(known, count, implied)
    return Carried(**on), Passed(mean, expected, rooms, fill, counted, variance=variance)


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
    )


def bounded(stock: Array, seen: Array, reference: Array, xp: Namespace) -> Array:
    """Keep the size of a stock positive; it is exact above a tenth of its reference size.

    What is expected of a stock may be negative where no later figure leads it. Cut there, the mean
    of a flow that was seen to leave it would fall to nothing at once, and the density with it. A
    figure is not: it is exact above a thousandth of the reference size.
    """
    return lifted(stock, xp.where(seen, _FEWEST_SEEN, _FEWEST) * reference, xp)


def some(count: Array, expected: Array, shape: Array, xp: Namespace) -> Array:
    """Keep what a stock tells of a flow positive; it is exact as far as it is plausible.

    That is down to two standard deviations of its log below what was expected, and down to half
    of it in any case. It may be negative. Cut near none, a flow that was expected in thousands
    would fall to nothing within a hundred persons, its level with it, and the density by thousands.
    """
    spread = xp.sqrt(1 / (expected + 1) + 1 / shape)
    return lifted(count, (expected + 1) * xp.minimum(xp.exp(-_PLAUSIBLE * spread), 0.5), xp)


def lifted(value: Array, least: Array, xp: Namespace) -> Array:
    """Keep a value positive: exact from ``least`` on, below it ``least² / (2 least − value)``.

    Its log falls as that of ``−1 / value``, with the slope ``1 / least`` at most.
    """
    return xp.maximum(value, least) / (1 + xp.maximum(least - value, 0.0) / least)


def crowded(inside: Array, elasticity: Array, ties: Ties, xp: Namespace) -> Array:
    """Give what the size of a stock adds to the log hazard of those who leave it."""
    if ties.links.leaving is None:
        return 0.0
    relative = xp.log(xp.maximum(inside, 1.0) / ties.reference)
    return (elasticity - 1) * (relative @ ties.links.leaving.T)


def window_law(
    over: Array, length: Array, parameters: Parameters, xp: Namespace
) -> tuple[Array, Array]:
    """Say how a window's count varies, and how much of its surprise stays in the level.

    Within a window of n periods each period's surprise moves the periods after it, by the share α
    that stays. With μ expected of a period, the surprise is ``r = μ / (μ + 1)`` times what the
    count exceeds it by, relative to μ, which has the variance ``1/μ + 1/φ``. To first order the
    window's total exceeds what was expected by the mean of ``(1 + α r j)`` times these, j the
    periods that still follow, and the level at its end by ``α r`` times their sum: the variance
    of the total, and the regression of the level on it, follow. The log of a gamma frailty varies
    by ``1/(2 φ²)`` more than the frailty (its trigamma function, to second order), and so do the
    surprises that stay. What the total leaves unknown of the level is added to the variance of the
    next one. One period gives α and the dispersion.

    Parameters
    ----------
    over : array
        The expected count of the window; of a part, what it takes its share of.
    length : array, or float
        Its periods.
    parameters : Parameters
        Of the flows.
    xp : namespace
        ``numpy`` or ``pytensor.tensor``.

    Returns
    -------
    gain : array
        The share of the surprise that stays in the level.
    shape : array
        The shape of the window's gamma frailty; of a part, the precision of its beta.
    """
    if isinstance(length, float):
        return parameters.adaptation, parameters.dispersion
    n, a_period = length, over / length
    felt = a_period / (a_period + 1)
    stays = parameters.adaptation * felt
    first = n + stays * n * (n - 1) / 2
    second = n + stays * n * (n - 1) + stays**2 * (n - 1) * n * (2 * n - 1) / 6
    moved = parameters.adaptation * (n - 1) * n * (1 + stays * (2 * n - 1) / 6) / (a_period + 1)
    left = parameters.adaptation**2 * (n - first**2 / second)
    bent = felt**2 / (2 * parameters.dispersion**2)
    news = 2 * bias(a_period, parameters.dispersion) + bent
    kept = parameters.adaptation**2 * (n - 1) * n * (2 * n - 1) / 6 * bent
    relative = (second / parameters.dispersion + moved + kept) / n**2 + left * news
    gain = parameters.adaptation * n * first / second * (over + 1) / (over + n)
    return gain, 1 / relative


def in_doubt(
    gain: Array, shape: Array, mean: Array, doubt: Array, xp: Namespace
) -> tuple[Array, Array]:
    """Say how a count varies, and what it teaches, if what it is counted over is in doubt.

    Of its surprise only the flow's own part moves the level. What is learned is then the steady
    gain of a Kalman filter: with the variances q of the flow's own surprise and v of the doubt,
    that of the level stays at ``P = α q / 2 · (√((2 − α)² + 4 v / q) − (2 − α))``, and the gain is
    ``(α q + P) / (q + v + P)``. The errors of what it is counted over are taken as independent.

    Parameters
    ----------
    gain, shape : array
        Without a doubt.
    mean : array
        The expected count.
    doubt : array
        v, relative.
    xp : namespace
        ``numpy`` or ``pytensor.tensor``.

    Returns
    -------
    gain, shape : array
        With it.
    """
    own = 1 / xp.maximum(mean, HALF) + 1 / shape
    felt = mean / (mean + 1)
    rest = 2 - gain * felt
    rise = own / 2 * (xp.sqrt(rest**2 + 4 * doubt / own) - rest)
    variance = doubt + gain * felt * rise
    return gain * (own + rise) / (own + variance), 1 / (1 / shape + variance)


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
