"""Whole numbers that add up: to a given sum, and the parts of every whole to that whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mppbayes.network import Network

type Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Whole:
    """A flow, or a sum of flows, that other flows are parts of; all as positions in a network.

    Attributes
    ----------
    members : array of int
        The flows that make it up.
    parts : array of int
        The flows that are counted inside it, a rest among them.
    has_rest : bool
        Whether the parts make up all of it.
    """

    members: NDArray[np.int64]
    parts: NDArray[np.int64]
    has_rest: bool


def wholes(network: Network) -> list[Whole]:
    """Give the wholes of a network, those that are inside others before these."""
    position = {name: i for i, name in enumerate(network.flow_names)}

    def depth(whole: str) -> int:
        outer = (network.flow(name).part_of for name in network.members(whole))
        return 1 + max((depth(each) for each in outer if each), default=0)

    found = dict.fromkeys(flow.part_of for flow in network.flows if flow.part_of)
    made = []
    for whole in sorted(found, key=depth, reverse=True):
        parts = [flow for flow in network.flows if flow.part_of == whole]
        made.append(
            Whole(
                np.array([position[name] for name in network.members(whole)]),
                np.array([position[flow.name] for flow in parts]),
                any(flow.rest for flow in parts),
            )
        )
    return made


def rounded(
    ideal: Floats, inside: Sequence[Whole], given: Mapping[int, float] | None = None
) -> Floats:
    """Round flows so that the parts of each whole still add up.

    Parameters
    ----------
    ideal : array of float, (flow,)
        All flows of a network, rests too; what holds of them before rounding holds after it.
    inside : sequence of Whole
        As :func:`wholes` gives.
    given : mapping of int to float, optional
        Flow → a whole number that it has already. No two of these count the same event.

    Returns
    -------
    array of float, (flow,)
        Whole numbers, none negative: a whole is the sum of its parts if one is its rest, and at
        least that sum if none is.

    Notes
    -----
    From the inside out each whole is found room for what of its parts is given: it is given itself
    if all of its parts are, else it has a least. Then, from the outside in, the other parts are
    apportioned within what these leave of their whole.
    """
    least, fixed = np.zeros(len(ideal)), np.zeros(len(ideal), dtype=bool)
    for flow, value in (given or {}).items():
        least[flow], fixed[flow] = value, True
    for whole in inside:
        free, held = _split(whole.members, fixed)
        needed = least[whole.parts].sum() - least[held].sum()
        settled = whole.has_rest and fixed[whole.parts].all()
        if free.size and (settled or needed > least[free].sum()):
            scale = needed / max(ideal[free].sum(), 1e-9)
            least[free] = apportioned(scale * ideal[free], needed, least[free])
        fixed[free] |= settled
    counts = np.where(fixed, least, np.maximum(np.round(ideal), least))
    for whole in reversed(inside):
        free, held = _split(whole.parts, fixed)
        left = counts[whole.members].sum() - counts[held].sum()
        shares, lowest = ideal[free], least[free]
        if not whole.has_rest:
            in_no_part = max(ideal[whole.members].sum() - ideal[whole.parts].sum(), 0.0)
            shares, lowest = np.append(shares, in_no_part), np.append(lowest, 0.0)
        counts[free] = apportioned(shares, left, lowest)[: len(free)]
    return counts


def _split(
    flows: NDArray[np.int64], fixed: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tell the flows that are free from those that are fixed."""
    return flows[~fixed[flows]], flows[fixed[flows]]


def apportioned(ideal: Floats, total: float, least: ArrayLike = 0.0) -> Floats:
    """Round numbers so that they have a given sum, none below its least.

    From their floors on, one is added to (or taken off) the one that is farthest below (or above)
    its ideal, until the sum is right.
    """
    least = np.broadcast_to(least, ideal.shape)
    whole: Floats = np.maximum(np.floor(ideal), least)
    step = np.sign(total - whole.sum())
    while whole.sum() != total:
        short = np.where(whole + step < least, -np.inf, step * (ideal - whole))
        whole[short.argmax()] += step
    return whole
