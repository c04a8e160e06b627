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
    unsure: Array,
    parameters: Parameters,
    ties: Ties,
    xp: Namespace,
) -> tuple[Array, Array]:
    """Say what the counts of parts tell, each taken as if no other part were seen.

    Relative to itself a whole M varies by ``w = 1/M + 1/φ``, beside the variance of its level,
    and a share p of it by v, as a beta-binomial of M does. Of the surprise of the count, on the
    log scale, ``w / (v + w)`` is that of the whole and the rest that of the share.

    Parameters
    ----------
    windows : Windows
        Of the parts.
    seen : Seen
        The evidence.
    unsure : array, or None
        The variance of the levels.
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
    whole = ties.whole
    of_wholes = parameters._replace(
        adaptation=parameters.adaptation[..., whole], dispersion=parameters.dispersion[..., whole]
    )
    gain, shape = window_law(windows.room, windows.length, of_wholes, xp)
    room, mean = xp.maximum(windows.room, HALF), xp.maximum(windows.expected, HALF)
    varies = 1 / room + 1 / shape + (0.0 if unsure is None else unsure[..., whole])
    left = xp.maximum(1 - mean / room, _LEAST)
    share_varies = left / mean * (windows.shape + room) / (windows.shape + 1)
    frailty = xp.maximum(share_varies + varies - 1 / mean, _LEAST**2)
    told = surprise(windows.count, windows.expected, 1 / frailty, xp) / (share_varies + varies)
    of_share = told * share_varies / left
    if seen.silent is None:
        return of_share, 0.0
    telling = xp.where(seen.seen & ~seen.room_seen, 1.0, 0.0)
    holds = np.where(ties.room > 0, 1.0, 0.0)
    of_whole = (telling * gain * told * varies) @ holds / xp.maximum(telling @ holds, 1.0)
    return of_share, xp.where(seen.silent, of_whole, 0.0)
