"""When a delayed source came: what figures over longer windows leave in doubt about it.

A yearly figure says how many came together, not when. Spread evenly, the source of a routed flow
is off in single periods, and its counts vary by that beside their own chance.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mppbayes.model.delays import nominal_shares, nominal_weights
from mppbayes.model.layout import Layout
from mppbayes.model.positive import HALF
from mppbayes.model.step import Parameters
from mppbayes.model.structure import Structure
from mppbayes.model.windows import source_of

type Floats = NDArray[np.float64]
Array = Any
Namespace = Any


class Timing(NamedTuple):
    """How the chance of sources reaches routed flows, by powers of the sources' adaptation.

    Attributes
    ----------
    frailty, arrival : (power, pair, time)
        What the relative variance of a source's periods, by its frailty and by its arrivals, adds
        to the squared doubt about what the routed flow is counted over, relative to it. 0 where
        the routed flow has no figure of the period alone.
    """

    frailty: Array
    arrival: Array


class Behind(NamedTuple):
    """The sources of routed flows that have figures of longer windows, one pair after the other.

    Attributes
    ----------
    source : (pair,) int
        The flow behind.
    fed : (pair, flow)
        1 for the routed flow.
    """

    source: NDArray[np.int64]
    fed: Floats

    @classmethod
    def of(cls, layout: Layout) -> "Behind | None":
        """Find them: flows that the source is made of, and what these are parts of."""
        structure, windows = layout.structure, layout.windows
        coarse = (windows.counted & (windows.start_at != windows.end_at)).any(axis=0)
        behind = np.zeros((len(structure.flows), len(structure.flows)), dtype=bool)
        for s, flow in enumerate(structure.flows):
            for route in flow.routes:
                behind[s] |= structure.combination(route.source) != 0
            for tier in reversed(structure.tiers):
                behind[s] |= (structure.room[tier[behind[s, tier]]] != 0).any(axis=0)
        fed, source = np.nonzero(behind & coarse)
        return cls(source, np.eye(len(coarse))[fed]) if len(fed) else None


def timing_arrays(known: Layout, layout: Layout) -> dict[str, Floats]:
    """Give the fields of :class:`Timing`, as ``timing_…``; nothing where no source is coarse."""
    if (behind := Behind.of(layout)) is None:
        return {}
    structure, windows = known.structure, known.windows
    history = np.nan_to_num(windows.history)
    moves = _moves(known)
    n_time = len(history)
    frailty, arrival = (np.zeros((3, len(behind.source), n_time)) for _ in range(2))
    for at, (s, j) in enumerate(zip(behind.fed.argmax(axis=1), behind.source, strict=True)):
        flow = structure.flows[s]
        reach, source = np.zeros((n_time, n_time)), np.zeros(n_time)
        for route, share in zip(flow.routes, nominal_shares(flow.routes), strict=True):
            combination = structure.combination(route.source)
            later = share * _later(nominal_weights(route), n_time)
            reach += later * (moves[:, :, j] @ combination)
            source += later @ source_of(history, combination)
        reach /= np.maximum(source, HALF)[:, None]
        own, after = _within(known, j)
        chance = _chance(structure, history, j)
        still, moved = reach @ own, reach @ after
        for power, squares in enumerate((still**2, 2 * still * moved, moved**2)):
            frailty[power, at] = squares @ chance[0] * windows.single[:, s]
            arrival[power, at] = squares @ chance[1] * windows.single[:, s]
    return {"timing_frailty": frailty, "timing_arrival": arrival}


def doubt(timing: Timing, behind: Behind, parameters: Parameters, xp: Namespace) -> Array:
    """Give the relative variance of what flows are counted over, (…, time, flow).

    Within a window whose total is known, a source exceeds its share by its surprise and by what
    stays of those before it in the window, less the mean of these, as :func:`window_law` has it.
    Delays and shares of routes are as declared.

    Parameters
    ----------
    timing : Timing
        Of the evidence.
    behind : Behind
        Of its layout.
    parameters : Parameters
        Of the flows, (…, flow).
    xp : namespace
        ``numpy`` or ``pytensor.tensor``.
    """
    stays = parameters.adaptation[..., behind.source, None]
    relative = 1 / parameters.dispersion[..., behind.source, None]
    total = sum(
        stays**power * (timing.frailty[power] * relative + timing.arrival[power])
        for power in range(3)
    )
    return xp.swapaxes(total, -1, -2) @ behind.fed


def _moves(known: Layout) -> Floats:
    """Give how a flow moves with the relative surprise of another: (time, flow, by flow).

    A part moves with its room. What has a figure of the period alone does not move.
    """
    structure, history = known.structure, np.nan_to_num(known.windows.history)
    moves = history[:, :, None] * np.eye(history.shape[1])
    room = np.maximum(history @ structure.room.T, HALF)
    for tier in structure.tiers:
        for part in tier[structure.driven("part")[tier]]:
            share = history[:, part] / room[:, part]
            moves[:, part] += share[:, None] * (structure.room[part] @ moves)
        moves[:, tier] *= ~known.windows.single[:, tier, None]
    return moves


def _chance(structure: Structure, history: Floats, flow: int) -> tuple[Floats, Floats]:
    """Give by what a flow's frailty and arrivals vary relative to its count: (time,) each."""
    count = np.maximum(history[:, flow], HALF)
    if structure.drives[flow] != "part":
        return np.ones(len(count)), 1 / count
    room = np.maximum(history @ structure.room[flow], count)
    return room / count - 1, (1 - count / room) / count


def _within(known: Layout, flow: int) -> tuple[Floats, Floats]:
    """Give what a period exceeds its share by, of its own surprise and of those before it.

    Returns
    -------
    own, after : (time, time)
        By the surprise of a period, and by the share of it that stays; 0 outside of windows of
        several periods.
    """
    windows = known.windows
    start, end, there, history = (
        array[:, flow]
        for array in (windows.start_at, windows.end_at, windows.counted, windows.history)
    )
    count = np.nan_to_num(history)
    together = (start[:, None] == start) & (there & (start != end)) & there[:, None]
    weight = together * np.maximum(count, 1e-9)
    mean = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
    own = together * np.eye(len(start)) - mean
    felt = count / (count + 1)
    return own, own @ (together * np.tri(len(start), k=-1) * felt)


def _later(weights: Floats, n_time: int) -> Floats:
    """Give the share of a period's events that come in a later one: (time, source's time)."""
    lag = np.arange(n_time)[:, None] - np.arange(n_time)
    there = (lag >= 0) & (lag < len(weights))
    return np.where(there, weights[np.where(there, lag, 0)], 0.0)
