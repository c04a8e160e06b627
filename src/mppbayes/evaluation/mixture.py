"""Counts under mixtures of negative binomials: tails, and randomised quantile residuals."""

from typing import NamedTuple

import numpy as np
from scipy.special import betainc, betaincc, ndtri

from mppbayes.evaluation.cells import Floats

_SMALLEST = 1e-300  # probability, so that residuals are finite


class Mixture(NamedTuple):
    """Negative binomials, mixed.

    Attributes
    ----------
    mean, dispersion : array, (draw, cell)
        Of each; its variance is ``mean + mean² / dispersion``.
    weight : array, (draw,)
        They add up to 1.
    """

    mean: Floats
    dispersion: Floats
    weight: Floats

    def tails(self, bound: Floats) -> tuple[Floats, Floats]:
        """Give the chances of a count below a bound, and of one at or above it: (cell,) each."""
        below, above = np.zeros(bound.shape), np.zeros(bound.shape)
        # P(Y < k) = 1 − I(μ/(μ+φ); k, φ), which for k = 0 has no meaning but 0.
        positive = np.maximum(bound, 1)
        for mu, phi, weight in zip(*self, strict=True):
            share = mu / (mu + phi)
            below += weight * betaincc(positive, phi, share)
            above += weight * betainc(positive, phi, share)
        some = bound > 0
        return np.where(some, below, 0.0), np.where(some, above, 1.0)


def quantile_residuals(lower: Floats, upper: Floats, mixture: Mixture, uniform: Floats) -> Floats:
    """Give the normal quantiles of counts.

    Parameters
    ----------
    lower, upper : array, (cell,)
        The least and the largest integer that a count may stand for.
    mixture : Mixture
        The distribution of each.
    uniform : array, (cell,)
        Where in each interval, from 0 to 1.

    Returns
    -------
    array, (cell,)
        Standard normal if the mixture is right. Either tail is taken from its own side.
    """
    (below_low, above_low), (below_high, above_high) = (
        mixture.tails(bound) for bound in (lower, upper + 1)
    )
    left = below_low + uniform * (below_high - below_low)
    right = above_high + (1 - uniform) * (above_low - above_high)
    found: Floats = np.where(
        left < 0.5, ndtri(np.maximum(left, _SMALLEST)), -ndtri(np.maximum(right, _SMALLEST))
    )
    return found
