"""What parts tell whose whole is not seen: their count surprises by the whole and by the share."""

from typing import Any, NamedTuple

import numpy as np

from mppbayes.model.laws import window_law
from mppbayes.model.period import Seen, Ties
from mppbayes.model.positive import HALF
from mppbayes.model.step import Parameters, surprise

Array = Any
Namespace = Any

_LEAST = 1e-3  # of a whole: what is left beside a part


class Windows(NamedTuple):
    """The windows that end in a period, of parts: (…, flow) arrays.

    Attributes
    ----------
    count, expected, room : array
        The figure, what was expected of it, and of the whole.
    length : array, or float
        Its periods.
    shape : array
        The precision of the share's beta frailty.
    """

    count: Array
    expected: Array
    room: Array
    length: Array
    shape: Array


def parts_alone(
    windows: Windows,
    seen: Seen,
    parameters: Parameters,
    ties: Ties,
    xp: Namespace,
) -> tuple[Array, Array]:
    """Say what the counts of parts tell, each taken as if no other part were seen.

    Relative to itself a whole M varies by ``w = 1/M + 1/φ``, and a share p of it by v, as a
    beta-binomial of M does. Of the surprise of the count, on the log scale, ``w / (v + w)`` is that
    of the whole and the rest that of the share.

    Parameters
    ----------
    windows : Windows
        Of the parts.
    seen : Seen
        The evidence.
    parameters : Parameters
        Of the flows.
    ties : Ties
        The constants of the network.
    xp : namespace
        ``numpy`` or ``pytensor.tensor``.

    Returns
    -------
    of_share : (…, flow)
        What is told of the share of each part, logit scale.
    of_whole : (…, flow), or 0.0
        What stays of it in the level of a whole of which nothing else ever tells: the mean over
        its parts.
    """
    if parameters.adaptation_of_whole is None:
        parameters = with_wholes(parameters, ties.whole)
    wholes = parameters._replace(
        adaptation=parameters.adaptation_of_whole, dispersion=parameters.dispersion_of_whole
    )
    gain, shape = window_law(windows.room, windows.length, wholes, xp)
    room, mean = xp.maximum(windows.room, HALF), xp.maximum(windows.expected, HALF)
    varies = 1 / room + 1 / shape
    left = xp.maximum(1 - mean / room, _LEAST)
    share_varies = left / mean * (windows.shape + room) / (windows.shape + 1)
    total = share_varies + varies
    frailty = xp.maximum(total - 1 / mean, _LEAST**2)
    told = surprise(windows.count, windows.expected, 1 / frailty, xp) / total
    of_share = told * share_varies / left
    if seen.silent is None:
        return of_share, 0.0
    telling = xp.where(seen.seen & ~seen.room_seen, 1.0, 0.0)
    holds = np.where(ties.room > 0, 1.0, 0.0)
    stays = (telling * gain * told * varies) @ holds / xp.maximum(telling @ holds, 1.0)
    return of_share, xp.where(seen.silent, stays, 0.0)


def with_wholes(parameters: Parameters, whole: Array) -> Parameters:
    """Lay out beforehand the parameters of the wholes: in a recursion a selection is slow.

    ``whole``, (flow,), is the position of a flow of each part's whole.
    """
    return parameters._replace(
        adaptation_of_whole=parameters.adaptation[..., whole],
        dispersion_of_whole=parameters.dispersion[..., whole],
    )


def others_vary(mean: Array, room: Array, precision: Array, rooms: Array, xp: Namespace) -> Array:
    """Say how what the parts before one leave of their whole varies, relative to itself.

    A part of share p takes of M by a beta-binomial, so that what it leaves varies by
    ``p / (1 − p) / M · (φ + M) / (φ + 1)``.

    Parameters
    ----------
    mean, room, precision : (…, flow)
        p M, M and φ.
    rooms : (flow, flow)
        What each part takes its share of: −1 for the parts before it.
    xp : namespace
        ``numpy`` or ``pytensor.tensor``.

    Returns
    -------
    (…, flow)
        0 for first parts, and other flows.
    """
    room, mean = xp.maximum(room, HALF), xp.maximum(mean, HALF)
    left = xp.maximum(1 - mean / room, _LEAST)
    of_one = mean / room / left / room * (precision + room) / (precision + 1)
    return of_one @ np.where(rooms < 0, 1.0, 0.0).T
