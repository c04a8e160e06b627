"""One-step residuals of the past: standard normal if the model is right, also for counts."""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import betainc, betaincc, ndtri

from mppbayes import names
from mppbayes.evaluation.cells import Floats
from mppbayes.inference import Fit
from mppbayes.panel.evidence import rounding_interval

_MOST_DRAWS = 200  # of the posterior, for the mixture
_SMALLEST = 1e-300  # probability, so that residuals are finite


def one_step_residuals(fit: Fit, *, seed: int = 0) -> xr.Dataset:
    """Randomised quantile residuals of the past, each given the periods before it.

    The predictive distribution of a count is a mixture over posterior draws of negative binomials,
    with the mean that the replay gives and the flow's dispersion. A residual is the normal
    quantile of that distribution at a point drawn at random over the integers that the published
    count may stand for: its rounding interval.

    Parameters
    ----------
    fit : Fit
        The posterior. It has seen these counts, and the shocks of their periods, so the residuals
        are somewhat small: they check adequacy, not forecasts.
    seed : int
        Of the points in the intervals.

    Returns
    -------
    Dataset, (time, flow)
        ``residual``; ``zero``, 1 where the count was published as 0 and else 0; and
        ``zero_probability``, the chance that it would be. NaN for a gap, and for a flow's first
        count, which has no past.

    References
    ----------
    Dunn & Smyth (1996), Journal of Computational and Graphical Statistics 5(3).
    """
    observed = fit.observed.transpose(names.TIME, names.FLOW)
    dispersion = fit.posterior[names.DISPERSION].transpose(names.CHAIN, names.DRAW, names.FLOW)
    every = max(1, dispersion.sizes[names.CHAIN] * dispersion.sizes[names.DRAW] // _MOST_DRAWS)
    thinned = dispersion.isel({names.DRAW: slice(None, None, every)}).values
    seen = observed["value"].notnull()
    known = seen.values & (np.cumsum(seen.values, axis=0) > 1)
    mean = fit.replay(every=every).mean[:, known]
    of_cell = thinned.reshape(-1, thinned.shape[-1])[:, np.nonzero(known)[1]]
    value, rounding, lower, upper = (
        observed[name].values[known] for name in ("value", "rounding", "lower", "upper")
    )
    uniform = np.random.default_rng(seed).uniform(size=seen.shape)[known]
    _, most = rounding_interval(pd.Series(np.zeros_like(value)), pd.Series(rounding))
    zero_probability, _ = tails(most.to_numpy() + 1, mean, of_cell)
    columns = {
        "residual": quantile_residuals(lower, upper, mean, of_cell, uniform),
        "zero": (value == 0).astype(np.float64),
        "zero_probability": zero_probability,
    }
    found = xr.Dataset(coords=seen.coords)
    for name, cells in columns.items():
        whole = np.full(seen.shape, np.nan)
        whole[known] = cells
        found[name] = (seen.dims, whole)
    return found


def quantile_residuals(
    lower: Floats, upper: Floats, mean: Floats, dispersion: Floats, uniform: Floats
) -> Floats:
    """Give the normal quantiles of counts under mixtures of negative binomials.

    Parameters
    ----------
    lower, upper : array, (cell,)
        The least and the largest integer that a count may stand for.
    mean, dispersion : array, (draw, cell)
        Of each negative binomial in the mixture, whose draws have equal weight; its variance is
        ``mean + mean² / dispersion``.
    uniform : array, (cell,)
        Where in each interval, from 0 to 1.

    Returns
    -------
    array, (cell,)
        Standard normal if the mixture is right. Either tail is taken from its own side.
    """
    (below_low, above_low), (below_high, above_high) = (
        tails(bound, mean, dispersion) for bound in (lower, upper + 1)
    )
    left = below_low + uniform * (below_high - below_low)
    right = above_high + (1 - uniform) * (above_low - above_high)
    found: Floats = np.where(
        left < 0.5, ndtri(np.maximum(left, _SMALLEST)), -ndtri(np.maximum(right, _SMALLEST))
    )
    return found


def tails(bound: Floats, mean: Floats, dispersion: Floats) -> tuple[Floats, Floats]:
    """Give the chances of a count below a bound, and of one at or above it: (cell,) each.

    ``bound`` is (cell,), ``mean`` and ``dispersion`` are those of :func:`quantile_residuals`.
    """
    below, above = np.zeros(bound.shape), np.zeros(bound.shape)
    # P(Y < k) = 1 − I(μ/(μ+φ); k, φ), which for k = 0 has no meaning but 0.
    positive = np.maximum(bound, 1)
    for mu, phi in zip(mean, dispersion, strict=True):
        share = mu / (mu + phi)
        below += betaincc(positive, phi, share)
        above += betainc(positive, phi, share)
    some = bound > 0
    return np.where(some, below / len(mean), 0.0), np.where(some, above / len(mean), 1.0)
