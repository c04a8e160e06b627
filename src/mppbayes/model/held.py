"""What the counts of parts that stand ask of the flows that are drawn around them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mppbayes.model.structure import Structure

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]


class Held(NamedTuple):
    """What is asked of the flows of a period, (draw, flow) each.

    Attributes
    ----------
    least : array
        No fewer come by a flow.
    later : array
        How many of those that a part takes its share of are held by the parts after it.
    """

    least: Floats
    later: Floats


def held(fixed: Floats, is_fixed: Flags, structure: Structure) -> Held:
    """Say what the counts that stand ask of wholes and of the parts beside them.

    Parameters
    ----------
    fixed : (draw, flow)
        The counts; or (time, flow).
    is_fixed : (flow,) bool
        Whether they stand; or one for each count.
    structure : Structure
        The network.
    """
    least = np.where(is_fixed, fixed, 0.0)
    later = np.zeros_like(least)
    for whole in reversed(structure.wholes):
        for part in whole.parts:
            later[:, part] += least[:, whole.after(part)].sum(axis=1)
        asked = least[:, whole.parts].sum(axis=1)
        beside = np.flatnonzero(whole.combination < 0)  # of a rest: the other parts of its whole
        later[:, beside] += asked[:, None]
        if len(whole.members) == 1:
            member = whole.members[0]
            asked = np.maximum(least[:, member], asked + least[:, beside].sum(axis=1))
            least[:, member] = np.where(is_fixed[..., member], least[:, member], asked)
    return Held(least, later)


def make_room(
    counts: Floats, ask: Held, free: Flags, structure: Structure, tier: NDArray[np.int64]
) -> None:
    """Let the sums whose last members are of a tier hold what their parts ask, in place.

    Parameters
    ----------
    counts : (draw, flow)
        Those of the tier and of the tiers before.
    ask : Held
        What is asked.
    free : (flow,) bool
        The flows that may be raised.
    structure : Structure
        The network.
    tier : (flow,)
        The positions of the flows that were drawn last.
    """
    for whole in structure.wholes:
        may = [s for s in whole.members if free[s]]
        if may and len(whole.members) > 1 and whole.last in tier:
            asked = ask.least[:, whole.parts].sum(axis=1)
            counts[:, may[0]] += np.maximum(asked - counts @ whole.combination, 0.0)
