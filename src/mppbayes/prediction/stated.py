"""Distributions of which others stated some quantiles: of a measure's effect, of a given future."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

type Floats = NDArray[np.float64]

_FARTHEST: Final = 1e-6  # the probability beyond which nothing is drawn


def at_places(quantiles: Mapping[float, float], place: Floats) -> Floats:
    """Give the values at places of a distribution.

    Straight lines join the quantiles over the normal scale of probability and go on beyond the
    outermost ones: two quantiles are those of a normal distribution, and what was said to be
    exceeded with probability 0.1 is exceeded by a tenth of the draws.

    Parameters
    ----------
    quantiles : mapping of float to float
        Probability of exceedance → value, two or more.
    place : array of float
        Places in the distribution, between 0 and 1.

    Returns
    -------
    array of float
        The values at them.
    """
    exceedance = np.array(sorted(quantiles, reverse=True))
    values = np.array([quantiles[each] for each in exceedance], dtype=float)
    known = ndtri(1 - exceedance)
    at = ndtri(np.clip(place, _FARTHEST, 1 - _FARTHEST))
    slope = np.diff(values) / np.diff(known)
    line = np.clip(np.searchsorted(known, at) - 1, 0, len(slope) - 1)
    return np.asarray(values[line] + slope[line] * (at - known[line]))
