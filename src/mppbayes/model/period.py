"""What a period of the past is given, and what it gives."""

from typing import Any, NamedTuple

import numpy as np

from mppbayes.model.balance import Groups, grouped
from mppbayes.model.step import Links, State
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
    stock : (…, stock), optional
        Who is in each stock.
    came, residual, slack : (…, series), optional
        Of a stock or a sum of stocks: what the flows have brought since its last figure, by how
        much the figure exceeds what they brought before it and unseen flows have not learned of
        yet, and the variance of what they have learned elsewhere since they last did.
    unsure : (…, flow), optional
        The variance of the level, since what a stock tells of an unseen flow is not all of it.
    """

    level: Array
    long_run: Array
    expected: Array = None
    room: Array = None
    stock: Array = None
    came: Array = None
    residual: Array = None
    slack: Array = None
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
    silent : (flow,) bool, optional
        Whether nothing but its parts ever tells of a whole.
    present, present_seen : (stock,), optional
        The level, and whether it is known, by a figure or between two.
    before_seen : (stock,), optional
        Whether there is a figure of the level at the end of the period before.
    total, total_seen : (sum,), optional
        The level of a sum of stocks.
    spread, is_spread : (flow,), optional
        The share in the figure of the window that this period lies in, and whether there is one.
    anew, ended : (series,) bool, optional
        Whether there is a figure of a stock, or of a sum of stocks, from which what comes is
        counted anew, and whether it tells what came since the one before.
    change : (series,), optional
        By how much it exceeds that one.
    closes : (series,) bool, optional
        Whether unseen flows learn from it here, or there is nothing to learn of before.
    tells : (series,), optional
        1 if there was a figure that tells since they last did.
    periods, blur : (series,), optional
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
    silent: Array = None
    present: Array = None
    present_seen: Array = None
    before_seen: Array = None
    total: Array = None
    total_seen: Array = None
    spread: Array = None
    is_spread: Array = None
    anew: Array = None
    ended: Array = None
    change: Array = None
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
    whole : (flow,) int
        For each part a flow of its whole; for others the flow itself.
    driven : (flow, stock)
        1 where a stock drives a flow.
    change : (flow, stock)
        What one event of a flow adds to a stock.
    reference : (stock,)
        The size at which hazards hold.
    members : (sum, stock)
        What sums of stocks add up.
    series : (series, stock)
        What each stock, and each sum of stocks, adds up.
    moves : (flow, series)
        What one event of a flow adds to these.
    groups : Groups
        The series that flows tie together.
    """

    links: Links
    tiers: tuple[Array, ...] = ()
    room: Array = None
    whole: Array = None
    driven: Array = None
    change: Array = None
    reference: Array = None
    members: Array = None
    series: Array = None
    moves: Array = None
    groups: Groups = Groups(())


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
    unsure: Array = None


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
        return Ties(links, tiers, structure.room, structure.whole)
    if structure.leaving.any():
        links = links._replace(leaving=structure.leaving)
    return Ties(
        links,
        tiers,
        structure.room,
        structure.whole,
        structure.drivers,
        structure.change,
        reference,
        members if len(members) else None,
        structure.series,
        structure.series_change,
        grouped(structure),
    )


def beginning(
    structure: Structure, is_coarse: bool, state: State, stock: Array, xp: Namespace
) -> Carried:
    """Give where flows and stocks stand before the first figure."""
    parts, none = structure.driven("part").any(), xp.zeros_like(state.level)
    if stock is None:
        return Carried(
            state.level,
            state.long_run,
            none if is_coarse else None,
            none if is_coarse and parts else None,
        )
    of_series = xp.zeros_like(stock @ structure.series.T)
    return Carried(
        state.level,
        state.long_run,
        none if is_coarse else None,
        none if is_coarse and parts else None,
        stock,
        of_series,
        of_series,
        of_series,
        none,
    )
