"""Weights that put the mean of draws on a target, and how well a weighted mean is known."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import brentq

from mppbayes import names
from mppbayes.prediction.quantiles import draw_batches, mean_error

type Floats = NDArray[np.float64]

_DRAWS: Final = (names.CHAIN, names.DRAW)
_BANDWIDTH = 0.25  # of the kernel, in standard deviations of the anchor's logarithm


@dataclass(frozen=True, eq=False)
class Weighting:
    """Weights of the draws of an anchor, whose weighted mean is a target.

    Attributes
    ----------
    anchor : DataArray
        Its draws, over chain and draw, with ``posterior_draw`` by draw.
    weight : (draw,)
        Over all chains; the sum is 1.
    target_error : float
        The Monte Carlo standard error of the target.
    """

    anchor: xr.DataArray
    weight: Floats
    target_error: float

    @classmethod
    def on(cls, anchor: xr.DataArray, target: float, target_error: float) -> "Weighting":
        """Weigh the draws of an anchor."""
        anchor = anchor.transpose(*_DRAWS)
        weight = weighted_on(anchor.values.ravel().astype(float), target)
        return cls(anchor, weight, target_error)

    @property
    def effective(self) -> float:
        """The posterior draws that a weighted mean rests on; futures of one go together."""
        within = self.anchor["posterior_draw"].values
        chains = np.arange(self.anchor.sizes[names.CHAIN])
        posterior_draw = (chains[:, None] * (within.max() + 1) + within).ravel()
        each = np.bincount(posterior_draw, self.weight)
        return float(each.sum() ** 2 / (each**2).sum())

    def errors(self, draws: xr.DataArray) -> Floats:
        """Give the Monte Carlo standard errors of the weighted means of draws, (period,).

        With b the weighted regression of the draws on the anchor, that of what they exceed it by,
        and b times that of the target: the anchor has the target's own.

        Parameters
        ----------
        draws : DataArray
            Over chain, draw and ``period``.
        """
        laid = draws.transpose("period", *_DRAWS).values.astype(float)
        weight = self.weight.reshape(laid.shape[1:])
        anchor = self.anchor.values - (weight * self.anchor.values).sum()
        beyond = laid - (weight * laid).sum(axis=(1, 2), keepdims=True)
        variance = (weight * anchor**2).sum()
        slope = (weight * anchor * beyond).sum(axis=(1, 2)) / max(variance, 1e-12)
        influence = weight * weight.size * (beyond - slope[:, None, None] * anchor)
        own = mean_error(influence, draw_batches(self.anchor["posterior_draw"].values))
        return np.asarray(np.hypot(own, slope * self.target_error))


def weighted_on(values: Floats, target: float) -> Floats:
    """Weigh draws so that their mean is the target, those near it most; the sum is 1."""
    log = np.log1p(values)
    width = _BANDWIDTH * max(float(log.std()), 1e-9)
    kernel = -0.5 * ((log - np.log1p(target)) / width) ** 2
    centred = (values - target) / max(float(values.std()), 1e-9)

    def tilted(tilt: float) -> Floats:
        exponent = kernel + tilt * centred
        weight = np.exp(exponent - exponent.max())
        return np.asarray(weight / weight.sum())

    def off(tilt: float) -> float:
        return float(tilted(tilt) @ centred)

    if not values.min() < target < values.max():
        weight = np.where(values == target, 1.0, 0.0)
        return np.asarray(weight / weight.sum())
    reach = 1.0
    while off(-reach) > 0 or off(reach) < 0:  # far out where tails are heavy
        reach *= 2
    return tilted(brentq(off, -reach, reach, xtol=1e-12, maxiter=1000))
