"""One period of the past: what is expected, what was seen, and what that tells.

The same function makes the likelihood's recursion and replays the past with posterior draws. It
adds to the step what only the past has: figures over longer windows, periods without a figure,
and stocks that are seen now and then.
"""

from typing import Any, NamedTuple

from mppbayes.model.balance import balanced
from mppbayes.model.laws import in_doubt, unsettled, window_law
from mppbayes.model.partsalone import Windows, parts_alone
from mppbayes.model.period import Carried, Chance, Passed, Seen, Ties
from mppbayes.model.positive import HALF, bounded, some
from mppbayes.model.step import (
    Parameters,
    State,
    advance,
    bias,
    expectations,
    lasting,
    share_law,
    share_surprise,
    surprise,
)

Array = Any
Namespace = Any

_MOST = 30.0  # of a logit: where a share is 0 or 1 to 1e-13


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
    reached, mean, room, fill = _expected(state, carried, seen, chance, parameters, ties, xp)
    expected, length = mean, 1.0
    if seen.ends is not None:
        expected = mean + xp.where(seen.begins, 0.0, carried.expected)
        length = seen.length
        if ties.tiers:
            room = room + xp.where(seen.begins, 0.0, carried.room)
    over = xp.where(ties.links.parts, room, expected) if ties.tiers else expected
    gain, shape = window_law(over, length, parameters, xp)
    if seen.doubt is not None:
        gain, shape = in_doubt(gain, shape, expected, seen.doubt, xp)
    unsure, brought = carried.unsure, 0.0
    if ties.driven is not None:
        # Over several periods a figure, since what is expected of them may be far off, and put
        # right at their end it could take more out of a stock than is in it.
        brought = fill if seen.spread is None else xp.where(seen.is_spread, seen.spread, fill)
    count, known, row, left = seen.count, seen.seen, None, unsure
    if seen.row is not None:
        unsure = xp.where(seen.begins, 0.0, unsure)
        came = carried.came + brought @ ties.moves
        residual = carried.residual + xp.where(seen.ended, seen.change - came, 0.0)
        noise = seen.periods * (chance.unrecorded**2 @ ties.series.T) + seen.blur
        account = residual, carried.slack + noise
        row = _row(gain, shape, expected, unsure, account, seen, ties, xp)
        gain, shape = row.gain, row.shape
        count, known = xp.where(seen.row, row.count, count), known | seen.row
        left = xp.where(known & seen.ends, row.left, unsure) * lasting(parameters) ** 2
    news = surprise(count, expected, shape, xp)
    if row is not None:
        news = news - xp.where(seen.row, (1 - row.told) * bias(expected, shape), 0.0)
    if ties.tiers:
        of_share = share_surprise(count, expected, room, shape, xp)
        windows = Windows(count, expected, room, length, shape)
        alone, of_whole = parts_alone(windows, seen, parameters, ties, xp)
        news = xp.where(ties.links.parts, xp.where(seen.room_seen, of_share, alone), news)
    unseen, implied = _gap(expected, length, shape, chance, parameters, xp)
    if ties.tiers:
        of_share = _gap_of_part(expected, room, length, shape, chance, parameters, xp)
        unseen = xp.where(ties.links.parts, of_share[0], unseen)
        implied = xp.where(ties.links.parts, of_share[1], implied)
    lasts = xp.where(known, gain * news, parameters.adaptation * unseen)
    if seen.ends is not None:
        lasts = xp.where(seen.ends, lasts, 0.0)
    if seen.silent is not None:
        lasts = lasts + of_whole
    moved = advance(state, reached, lasts, parameters)
    on = carried._replace(level=moved.level, long_run=moved.long_run, unsure=left)
    if ties.driven is not None:
        learned = brought if row is None else brought + row.shift
        on = on._replace(stock=_as_seen(carried.stock + learned @ ties.change, seen, ties, xp))
    if row is not None:
        came = xp.where(seen.anew, 0.0, came)
        on = on._replace(
            came=came + xp.where(seen.closes, 0.0, row.shift @ ties.moves),
            residual=xp.where(seen.closes, 0.0, residual),
            slack=xp.where(seen.closes, 0.0, carried.slack + row.slack @ ties.moves**2),
        )
    if seen.ends is not None:
        on = on._replace(expected=xp.where(seen.ends, 0.0, expected))
        if ties.tiers:
            on = on._replace(room=xp.where(seen.ends, 0.0, room))
    found = Passed(mean, expected, room, fill, xp.where(known, count, implied), unsure=unsure)
    if row is not None:
        found = found._replace(variance=row.variance)
    return on, found


def _expected(
    state: State,
    carried: Carried,
    seen: Seen,
    chance: Chance,
    parameters: Parameters,
    ties: Ties,
    xp: Namespace,
) -> tuple[Array, Array, Array, Array]:
    """Say what the period brings, as in the step, parts in their turns.

    Returns
    -------
    reached : (…, flow)
        The level with the shock in it.
    mean : (…, flow)
        The expected count.
    room : (…, flow)
        What a part takes its share of; of others, what they are counted over.
    fill : (…, flow)
        The count as far as it is known: as seen, else the mean.
    """
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
        told = xp.where(ties.links.parts, mean, fill)
        left = xp.maximum(told @ ties.room.T, HALF)
        room = xp.where(tier, xp.where(seen.room_seen, seen.room, left), room)
        _, share = expectations(state, room, shock, crowding, parameters, ties.links, xp)
        mean = xp.where(tier, share, mean)
        fill = xp.where(seen.month_seen, seen.month, mean)
    return reached, mean, room, fill


class _Row(NamedTuple):
    """What the stocks say of flows whose windows end here without a figure of their own.

    Attributes
    ----------
    gain, shape : (…, flow)
        With an error of the level.
    count : (…, flow)
        What the figures of the stocks imply.
    shift : (…, flow)
        By how much more came than expected, as far as they tell.
    told : (…, flow)
        The share of the flow's variance that they explain.
    left : (…, flow)
        The variance of the level once all that is told of the flow is known.
    variance, slack : (…, flow)
        Of the count, before and after.
    """

    gain: Array
    shape: Array
    count: Array
    shift: Array
    told: Array
    left: Array
    variance: Array
    slack: Array


def _row(
    gain: Array,
    shape: Array,
    expected: Array,
    unsure: Array,
    account: tuple[Array, Array],
    seen: Seen,
    ties: Ties,
    xp: Namespace,
) -> _Row:
    """Share out what the figures of stocks exceed the flows by among those that are unseen.

    ``account`` is by how much the figures of each series exceed the flows, and the variance of
    that beside those that are unseen.
    """
    residual, noise = account
    gain, shape, moved, settled = unsettled(gain, shape, expected, unsure, xp)
    variance = xp.where(seen.row, expected + expected**2 / shape, 0.0)
    shift, told = balanced(residual, variance, noise, seen.tells, ties.groups, xp)
    count = some(expected + shift, expected, shape, xp)
    left = xp.maximum(moved - xp.where(seen.row, told, 1.0) * settled, 0.0)
    return _Row(gain, shape, count, shift, told, left, variance, variance * (1 - told))


def _gap(
    expected: Array,
    length: Array,
    shape: Array,
    chance: Chance,
    parameters: Parameters,
    xp: Namespace,
) -> tuple[Array, Array]:
    """Give the surprise of a span that nothing tells of, and the count of a period it implies.

    The surprise is the sum of those of its periods, which moves the level; the count of the span
    varies as that of any window does, and is a whole number.
    """
    own = bias(expected / length, parameters.dispersion)
    unseen = chance.gap * xp.sqrt(xp.maximum(2 * own, 1e-12)) * xp.sqrt(length)
    of_span = xp.maximum(bias(expected, shape), 1e-12)
    implied = (expected + 1) * xp.exp(chance.gap * xp.sqrt(2 * of_span) - of_span) - 1
    return unseen, xp.maximum(xp.round(implied), 0.0) / length


def _gap_of_part(
    expected: Array,
    room: Array,
    length: Array,
    shape: Array,
    chance: Chance,
    parameters: Parameters,
    xp: Namespace,
) -> tuple[Array, Array]:
    """Give the same of a part, on the logit scale; its count is at most what it is a part of."""
    own = share_law(expected / length, room / length, parameters.dispersion, xp)[1]
    unseen = chance.gap * xp.sqrt(xp.maximum(own, 1e-12)) * xp.sqrt(length)
    low, variance = share_law(expected, room, shape, xp)
    logit = xp.log((expected + 1) / (xp.maximum(room - expected, 0.0) + 1)) - low
    logit = logit + chance.gap * xp.sqrt(xp.maximum(variance, 1e-12))
    return unseen, xp.round(room / (1 + xp.exp(xp.clip(-logit, -_MOST, _MOST)))) / length


def crowded(inside: Array, elasticity: Array, ties: Ties, xp: Namespace) -> Array:
    """Give what the size of a stock adds to the log hazard of those who leave it."""
    if ties.links.leaving is None:
        return 0.0
    relative = xp.log(xp.maximum(inside, 1.0) / ties.reference)
    return (elasticity - 1) * (relative @ ties.links.leaving.T)


def _as_seen(told: Array, seen: Seen, ties: Ties, xp: Namespace) -> Array:
    """Put stocks right where they are seen, be it in a sum: (…, stock)."""
    stock = xp.where(seen.present_seen, seen.present, told)
    if ties.members is None:
        return stock
    open_ = xp.where(seen.present_seen, 0.0, 1.0)
    left = seen.total - (seen.present * (1 - open_)) @ ties.members.T
    there = xp.maximum(told, 1.0)
    share = xp.maximum(left, 0.0) / xp.maximum((there * open_) @ ties.members.T, 1.0)
    ratio = xp.where(seen.total_seen, share, 1.0) @ ties.members
    in_sum = xp.where(seen.total_seen, 1.0, 0.0) @ ties.members
    return xp.where((in_sum > 0) & (open_ > 0), there * ratio, stock)
