"""Flows that leave the same stock: the more by one, the fewer by another, which a row sees."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mppbayes.model.leaving import competition
from mppbayes.model.structure import Structure
from mppbayes.model.windows import Windows

type Floats = NDArray[np.float64]
Array = Any
Namespace = Any


def pairs(structure: Structure) -> NDArray[np.int64]:
    """Give every two flows that leave the same stock, and the stock: (pair, 3)."""
    found = [
        (i, j, k)
        for k in range(structure.leaving.shape[1])
        for i in np.flatnonzero(structure.leaving[:, k])
        for j in np.flatnonzero(structure.leaving[:, k])
        if i < j
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 3)


def covariances(
    mean: Array, inside: Array, dispersion: Array, structure: Structure, xp: Namespace
) -> Array:
    """Give the covariance of every pair within a period: (time, pair).

    Parameters
    ----------
    mean : (time, flow)
        Expected counts at frailties of 1.
    inside : (time, stock)
        Who is in each stock at the end of the period before.
    dispersion : (…, flow)
        Of a flow or of each of its periods.
    structure : Structure
        The network.
    xp : namespace
        ``numpy`` or ``pytensor.tensor``.
    """
    one, other, stock = pairs(structure).T
    alone, both = competition(mean, inside, dispersion, structure.leaving, xp)
    relative = alone[:, one] + alone[:, other] + both[:, stock]
    return mean[:, one] * mean[:, other] * relative


def felt(
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    signs: Floats,
    windows: Windows,
    structure: Structure,
) -> Floats:
    """Say how much of the covariance of each pair a row feels: (row, pair).

    All of it where both are unseen; of a figure that the row cuts only what the split leaves
    unknown, the root of the share outside of the row; nothing of one that lies within it.

    Parameters
    ----------
    first, last : (row,) int
        The positions of its two figures.
    signs : (row, flow)
        What one event of a flow adds to its stocks.
    windows : Windows
        The evidence.
    structure : Structure
        The network.
    """
    one, other, _ = pairs(structure).T
    unknown = np.zeros(signs.shape)
    for row, (a, b) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        for flow in np.unique([one, other]):
            unknown[row, flow] = np.mean(
                [_outside(windows, flow, t, a + 1, b) for t in range(a + 1, b + 1)]
            )
    root = np.sqrt(unknown) * signs
    return np.asarray(root[:, one] * root[:, other])


def _outside(windows: Windows, flow: int, t: int, first: int, last: int) -> float:
    """Give the share of the figure that a period lies in outside of a span; 1 without one."""
    if not windows.counted[t, flow]:
        return 1.0
    start, end = windows.start_at[t, flow], windows.end_at[t, flow]
    if first <= start and end <= last:
        return 0.0
    figure = windows.spread[start : end + 1, flow]
    within = figure[max(first - start, 0) : last - start + 1].sum()
    return float(1 - within / figure.sum()) if figure.sum() > 0 else 0.0
