"""What unseen flows of the past brought, drawn around what the figures of stocks tell of them."""

import numpy as np
from numpy.typing import NDArray

from mppbayes.model.balance import OWN, balanced, grouped
from mppbayes.model.closings import closings
from mppbayes.model.innovations import Innovations
from mppbayes.model.layout import Layout

type Floats = NDArray[np.float64]


def drawn_around(
    counts: Floats,
    variance: Floats,
    noise: Floats,
    *,
    layout: Layout,
    keep_from: int,
    innovations: Innovations,
) -> Floats:
    """Draw the counts of unseen flows around their expectation, as far as no figure tells.

    Draws from before the figures of stocks, less what such figures would tell of them, vary as
    what is left unknown, with what balances between the flows of a stock (Hoffman & Ribak, 1991,
    *The Astrophysical Journal* 380, L5).

    Parameters
    ----------
    counts : (draw, time, flow)
        Of the past, those of unseen flows as expected.
    variance : (posterior draw, time, flow)
        Of an unseen flow over its window, at the window's end, before the figures of stocks. Each
        posterior draw has as many draws of counts, one after the other.
    noise : (posterior draw, time, series)
        The variance of what the figures of a stock, or of a sum of stocks, exceed the flows by,
        beside that of unseen flows.
    layout : Layout
        The evidence.
    keep_from : int
        The first period of ``counts``. A window that begins before it stays as expected.
    innovations : Innovations
        The chance.

    Returns
    -------
    (draw, time, flow)
        The counts; none is negative.
    """
    windows, structure = layout.windows, layout.structure
    learns = closings(layout)
    moves, groups = structure.series_change, grouped(structure)
    futures = len(counts) // len(variance)
    drawn = counts.copy()
    residual, slack = (np.zeros((len(counts), moves.shape[1])) for _ in range(2))
    for t in np.flatnonzero(windows.row.any(axis=1) | learns.closes.any(axis=1)).tolist():
        if t < keep_from:
            continue
        ordinal = layout.periods[t].ordinal
        spread, beside = (
            np.repeat(each[:, t - keep_from], futures, axis=0) for each in (variance, noise)
        )
        before = np.sqrt(spread) * innovations.unseen(structure.names, ordinal)
        figure = np.sqrt(beside + OWN) * innovations.unseen(structure.series_names, ordinal)
        learned, told = balanced(
            residual + before @ moves + figure,
            spread,
            beside + slack,
            learns.tells[t],
            groups,
            np,
        )
        left = before - learned
        residual = np.where(learns.closes[t], 0.0, residual + left @ moves)
        slack = np.where(learns.closes[t], 0.0, slack + (spread * (1 - told)) @ moves**2)
        for s in np.flatnonzero(windows.row[t]):
            first = t - int(windows.length[t, s]) + 1 - keep_from
            if first < 0:
                continue
            window = drawn[:, first : t + 1 - keep_from, s]
            total = np.maximum(window.sum(axis=1, keepdims=True), 1e-9)
            window *= np.maximum(total + left[:, s, None], 0.0) / total
    return drawn
