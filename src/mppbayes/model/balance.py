"""What the figures of stocks tell of the flows that are not seen: the best linear guess."""

from typing import Any, Final, NamedTuple

import numpy as np
from scipy.sparse.csgraph import connected_components

from mppbayes.model.structure import Structure

Array = Any
Namespace = Any

OWN: Final = 1.0  # the variance of a figure's own rounding, in whole persons


class Groups(NamedTuple):
    """Series, the stocks and their sums, in groups that no flow joins; those of one take turns.

    Attributes
    ----------
    turns : tuple of ((flow,), (flow, series))
        For each turn what a flow changes of the series of its group whose turn it is, and 1 for
        that series.
    """

    turns: tuple[tuple[Array, Array], ...]


def grouped(structure: Structure) -> Groups:
    """Group the series of a network."""
    change = structure.series_change
    touching = np.abs(change)
    tied = touching.T @ touching + structure.series @ structure.series.T
    n_groups, group = connected_components(tied, directed=False)
    belongs = np.asarray(group[:, None] == np.arange(n_groups), dtype=float)
    turn = belongs.cumsum(axis=0)[np.arange(len(group)), group]
    home, turns = np.minimum(touching @ belongs, 1.0), []
    for now in range(1, int(turn.max()) + 1):
        chosen = belongs * (turn == now)[:, None]
        turns.append((change @ chosen.sum(axis=1), home @ chosen.T))
    return Groups(tuple(turns))


def balanced(
    residual: Array,
    variance: Array,
    unrecorded: Array,
    tells: Array,
    groups: Groups,
    xp: Namespace,
) -> tuple[Array, Array]:
    """Lay what the figures of stocks exceed the flows by upon the flows that were not seen.

    Each is taken to vary on its own, with what goes unrecorded beside it. The series of a group
    are worked off one after the other, so that a flow from one stock to another is told of once by
    both: Kalman's update with one figure at a time.

    Parameters
    ----------
    residual : (…, series)
        What the figures exceed the flows by.
    variance : (…, flow)
        Of the flows that are not seen; 0 for the others.
    unrecorded : (…, series)
        The variance of what else changes a series since the last time.
    tells : (series,)
        1 for a series with a figure, 0 for one without.
    groups : Groups
        The series that flows tie together.
    xp : namespace
        ``numpy`` or ``pytensor.tensor``.

    Returns
    -------
    shift : (…, flow)
        What is expected of the flows beyond what was.
    told : (…, flow)
        The share of its variance that is known by it.
    """
    shift, told = xp.zeros_like(variance), xp.zeros_like(variance)
    before: list[tuple[Array, Array, Array, Array]] = []
    for effect, home in groups.turns:
        weight, left = effect, residual
        for gain, earlier, precision, there in before:
            weight = weight - earlier * ((((gain * effect) @ there) * precision) @ there.T)
        if before:
            left = left - (shift * effect) @ home
        gain = variance * weight
        precision = tells / ((gain * effect) @ home + unrecorded + OWN)
        shift = shift + gain * ((left * precision) @ home.T)
        told = told + gain * weight * (precision @ home.T)
        before.append((gain, weight, precision, home))
    return shift, told
