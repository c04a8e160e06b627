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


def unknown(
    first: NDArray[np.int64], last: NDArray[np.int64], windows: Windows, structure: Structure
) -> Floats:
    """Say how much of each flow that competes a row does not know: (row, flow), from 0 to 1.

    All of one that is unseen; of a figure that the row cuts the share outside of the row, which
    is what the split leaves unknown; nothing of one that lies within it.

    Parameters
    ----------
    first, last : (row,) int
        The positions of its two figures.
    windows : Windows
        The evidence.
    structure : Structure
        The network.
    """
    found = np.zeros((len(first), len(structure.flows)))
    flows = np.unique(pairs(structure)[:, :2])
    for row, (a, b) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        for flow in flows:
            found[row, flow] = np.mean(
                [_outside(windows, flow, t, a + 1, b) for t in range(a + 1, b + 1)]
            )
    return found


def felt(share: Floats, signs: Floats, others: Floats, structure: Structure) -> Floats:
    """Say how often the covariance of each pair is in that of two rows: (…, pair).

    Parameters
    ----------
    share : (…, flow)
        What the rows, of the same dates, do not know.
    signs, others : (…, flow)
        What one event of a flow adds to the stocks of the one row, and of the other.
    structure : Structure
        The network.
    """
    one, other, _ = pairs(structure).T
    both = signs[..., one] * others[..., other] + signs[..., other] * others[..., one]
    return np.asarray(np.sqrt(share[..., one] * share[..., other]) * both)


def _outside(windows: Windows, flow: int, t: int, first: int, last: int) -> float:
    """Give the share of the figure that a period lies in outside of a span; 1 without one."""
    if not windows.counted[t, flow]:
        return 1.0
    inside, figure = windows.within(flow, t, first, last)
    return 1 - inside / figure if figure > 0 else 0.0
