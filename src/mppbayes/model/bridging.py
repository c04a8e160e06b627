"""Who was in a stock between two of its figures, as far as the evidence tells."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mppbayes.model.layout import Layout

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]


def bridged(known: Layout) -> tuple[Floats, Flags]:
    """Lead each stock from figure to figure.

    In between it moves with the figures of its flows, a longer one spread, and evenly with what
    these leave of the difference, which is what unseen flows brought and what went unrecorded. A
    figure of a sum of stocks scales members that have none then.

    Parameters
    ----------
    known : Layout
        The evidence.

    Returns
    -------
    value : (time, stock)
        The level at a period's end; 0 where it is not known.
    seen : (time, stock) bool
        Whether it is: from a stock's first figure to its last.
    """
    levels, moved = known.levels, known.windows.spread @ known.structure.change
    value, seen = _joined(levels.value, levels.seen, moved)
    scaled, fixed = value.copy(), levels.seen.copy()
    for q, t in np.argwhere(levels.sum_seen.T):
        members = levels.members[q] > 0
        free = members & ~levels.seen[t]
        if seen[t, members].all() and free.any():
            left = max(levels.sum_value[t, q] - value[t, members & ~free].sum(), 0.0)
            scaled[t, free] = value[t, free] * left / max(value[t, free].sum(), 1.0)
            fixed[t, free] = True
    return _joined(scaled, fixed, moved)


def _joined(value: Floats, seen: Flags, moved: Floats) -> tuple[Floats, Flags]:
    """Join the levels that are seen, (time, stock)."""
    value, seen = np.where(seen, value, 0.0), seen.copy()
    for k in range(value.shape[1]):
        for a, b in pairwise(np.flatnonzero(seen[:, k]).tolist()):
            through = moved[a + 1 : b + 1, k].cumsum()
            rest = value[b, k] - value[a, k] - through[-1]
            path = value[a, k] + through + rest * np.arange(1, b - a + 1) / (b - a)
            value[a + 1 : b, k] = np.maximum(path[:-1], 0.0)
            seen[a + 1 : b, k] = True
    return value, seen
