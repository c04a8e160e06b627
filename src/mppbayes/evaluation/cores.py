"""The numerical core of scores, on NumPy arrays without labels."""

from functools import cache
from types import ModuleType
from typing import Final

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import log_ndtr, logsumexp

from mppbayes.evaluation.cells import Floats

_SMALLEST_BANDWIDTH: Final = 0.01  # times size^(−1/5), on the scale of log(1 + y)
_BLOCK: Final = 500  # draws whose distances are held at once


@cache
def library() -> ModuleType:
    """Load the library of scores on first use: it takes seconds to compile its own functions."""
    from importlib import import_module

    return import_module("scoringrules")


def fair_crps(draws: Floats, outcome: Floats) -> Floats:
    """Give the fair CRPS, E|X − y| − ½ E|X − X′|, by moments, which need no pairs.

    Parameters
    ----------
    draws : (cell, sample)
        In any order.
    outcome : (cell,)
        Differences to it leave the score as it is, and keep digits.

    Returns
    -------
    (cell,)
        The score.
    """
    found: Floats = library().crps_ensemble(
        np.zeros_like(outcome), draws - outcome[:, np.newaxis], estimator="pwm", backend="numpy"
    )
    return found


def kernel_log_score(draws: Floats, outcome: Floats) -> Floats:
    """Give −log of the mass that normal kernels on log(1 + x) lay on each outcome's unit interval.

    Parameters
    ----------
    draws : (cell, sample)
        No less than 0.
    outcome : (cell,)
        No less than 0.

    Returns
    -------
    (cell,)
        The score, finite.
    """
    x = np.log1p(draws)
    size = x.shape[-1]
    spread = x.std(axis=-1, ddof=1)
    low, high = np.quantile(x, [0.25, 0.75], axis=-1)
    middle = (high - low) / 1.34
    scale = np.where(middle > 0, np.minimum(spread, middle), spread)
    bandwidth = np.maximum(0.9 * scale, _SMALLEST_BANDWIDTH)[:, np.newaxis] * size**-0.2
    upper = (np.log(outcome + 1.5)[:, np.newaxis] - x) / bandwidth
    bottom = np.where(outcome > 0, np.log(outcome + 0.5), -np.inf)
    lower = (bottom[:, np.newaxis] - x) / bandwidth
    # In the upper half, take the mass from the other side, where it keeps its digits.
    flipped = lower + upper > 0
    lower, upper = np.where(flipped, -upper, lower), np.where(flipped, -lower, upper)
    nearer = log_ndtr(upper)
    log_mass = nearer + np.log(-np.expm1(log_ndtr(lower) - nearer))
    found: Floats = np.log(size) - logsumexp(log_mass, axis=-1)
    return found


def fair_energy(draws: Floats, outcome: Floats) -> float:
    """Give the fair energy score of one vector, over all pairs of different draws.

    Parameters
    ----------
    draws : (sample, across)
        Of the vector.
    outcome : (across,)
        The vector that came.

    Returns
    -------
    float
        The score.
    """
    size = len(draws)
    apart = 0.0
    for first in range(0, size, _BLOCK):
        block = draws[first : first + _BLOCK]
        apart += cdist(block, block).sum() + 2 * cdist(block, draws[first + _BLOCK :]).sum()
    away = float(np.linalg.norm(draws - outcome, axis=-1).mean())
    return away - 0.5 * float(apart) / (size * (size - 1))
