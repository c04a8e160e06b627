"""Negative-binomial counts as a monotone function of their mean and of innovations.

A cell's two innovations are independent standard normals that know nothing of the parameters.
The first becomes the gamma frailty through its quantile function, the second the Poisson count
through its own; the count never falls when the mean rises, so that two futures with the same
innovations are paired. Both quantile functions are approximated closely (the tests say how
closely), since the exact inverse of the negative binomial costs some 25 times as much.
"""

from functools import cache
from math import erfc, exp, floor, log1p, sqrt

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, spline_filter
from scipy.special import betaincinv, gammainccinv, gammaincinv, ndtr

type Floats = NDArray[np.float64]

_SEARCH_BELOW = 32.0  # the mean above which the expansion's error in probability is below 4e-6
_MOST_NORMAL = 8.5  # |z| of an innovation; beyond it lies 2e-17 of the normal
_ROWS, _COLUMNS = 81, 171  # of the table, over 1/√shape in [0, 1] and z


def negative_binomial_counts(
    mean: Floats, dispersion: Floats, frailty: Floats, arrival: Floats
) -> Floats:
    """Give counts with the given mean and variance ``mean + mean² / dispersion``.

    Parameters
    ----------
    mean : array
        Expected counts.
    dispersion : array
        Shape of the gamma frailty, 1 or more; broadcasts against ``mean``.
    frailty, arrival : array
        The cells' standard normal innovations.

    Returns
    -------
    array
        Whole numbers, as floats.
    """
    counts: Floats = poisson_quantile(gamma_quantile(frailty, dispersion) * mean, arrival)
    return counts


def gamma_quantile(z: Floats, shape: Floats) -> Floats:
    """Give the quantile at ``Φ(z)`` of the gamma distribution with this shape and mean 1.

    Interpolated by cubic splines in a table of the exact log quantiles; relative error below
    1e-4 for shapes from 1 up.
    """
    rows = np.broadcast_to((_ROWS - 1) / np.sqrt(shape), z.shape)
    columns = (np.clip(z, -_MOST_NORMAL, _MOST_NORMAL) / _MOST_NORMAL + 1) * (_COLUMNS - 1) / 2
    log_quantile = map_coordinates(_table(), [rows, columns], prefilter=False, mode="mirror")
    return np.asarray(np.exp(log_quantile))


@cache
def _table() -> Floats:
    """Tabulate log gamma quantiles over 1/√shape and z, as spline coefficients."""
    z = np.linspace(-_MOST_NORMAL, _MOST_NORMAL, _COLUMNS)
    inverse_root = np.linspace(0, 1, _ROWS)[1:, None]
    shape = 1 / inverse_root**2
    quantile = np.where(z < 0, gammaincinv(shape, ndtr(z)), gammainccinv(shape, ndtr(-z)))
    log_quantile = np.log(quantile / shape)
    return np.asarray(spline_filter(np.vstack([np.zeros_like(z), log_quantile]), mode="mirror"))


@numba.vectorize(["float64(float64, float64)"], cache=True)  # type: ignore[untyped-decorator, no-untyped-call]
def poisson_quantile(mean: float, z: float) -> float:
    """Give the Poisson quantile at ``Φ(z)``: by search for small means, else by expansion.

    The expansion is the normal one of Giles, Algorithm 955, ACM TOMS 42 (2016), to order 1/mean.
    """
    if mean < _SEARCH_BELOW:
        probability = 0.5 * erfc(-z / sqrt(2.0))
        term = exp(-mean)
        reached = term
        count = 0.0
        while reached < probability and term > 0.0:
            count += 1.0
            term *= mean / count
            reached += term
        return count
    root = sqrt(mean)
    square = z * z
    quantile = (
        mean
        + root * z
        + (2.0 + square) / 6.0
        - z * (2.0 + square) / (72.0 * root)
        + (square * (7.0 / 810.0 + square / 270.0) - 8.0 / 405.0) / mean
    )
    return float(max(0.0, floor(quantile)))


def binomial_quantile(trials: Floats, chance: Floats, z: Floats) -> Floats:
    """Give the binomial quantile at ``Φ(z)``: by search for small means, else by expansion."""
    few = chance <= 0.5
    quantile = _lower_binomial(trials, np.where(few, chance, 1 - chance), np.where(few, z, -z))
    return np.asarray(np.where(few, quantile, trials - quantile))


@numba.vectorize(["float64(float64, float64, float64)"], cache=True)  # type: ignore[untyped-decorator, no-untyped-call]
def _lower_binomial(trials: float, chance: float, z: float) -> float:
    """Give the quantile for a chance of at most ½; the expansion is Cornish and Fisher's."""
    mean = trials * chance
    if mean <= 0.0:
        return 0.0
    if mean < _SEARCH_BELOW:
        probability = 0.5 * erfc(-z / sqrt(2.0))
        odds = chance / (1.0 - chance)
        term = exp(trials * log1p(-chance))
        reached = term
        count = 0.0
        while reached < probability and count < trials and term > 0.0:
            term *= odds * (trials - count) / (count + 1.0)
            count += 1.0
            reached += term
        return count
    variance = mean * (1.0 - chance)
    root = sqrt(variance)
    skew = 1.0 - 2.0 * chance
    square = z * z
    quantile = (
        mean
        + root * z
        + skew * (square - 1.0) / 6.0
        + z * (1.0 - 6.0 * chance * (1.0 - chance)) * (square - 3.0) / (24.0 * root)
        - z * skew * skew * (2.0 * square - 5.0) / (36.0 * root)
        - z / (24.0 * root)
        + 0.5
    )
    return min(trials, max(0.0, floor(quantile)))


def beta_binomial_counts(
    trials: Floats, share: Floats, precision: Floats, frailty: Floats, arrival: Floats
) -> Floats:
    """Give counts among trials, the share beta with this mean and precision.

    Parameters
    ----------
    trials : array
        Whole numbers.
    share : array
        The mean share.
    precision : array
        Of the beta: its variance is ``share (1 − share) / (precision + 1)``.
    frailty, arrival : array
        The cells' standard normal innovations.

    Returns
    -------
    array
        Whole numbers up to ``trials``; they never fall when trials or share rise.
    """
    share = np.clip(share, 1e-9, 1 - 1e-9)
    drawn = betaincinv(share * precision, (1 - share) * precision, ndtr(frailty))
    return binomial_quantile(trials, np.clip(drawn, 0.0, 1.0), arrival)
