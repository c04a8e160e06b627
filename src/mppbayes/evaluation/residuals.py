"""One-step residuals of the past: standard normal if the model is right, also for counts."""

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.special import betainc, betaincc, ndtri
from scipy.stats import rankdata

from mppbayes import names
from mppbayes.evaluation.cells import Floats
from mppbayes.inference import Fit
from mppbayes.model.counts import negative_binomial_counts
from mppbayes.model.innovations import Innovations
from mppbayes.model.replay import FlowDraws, replay
from mppbayes.panel.evidence import rounding_interval

OTHER_FLOW = "other_flow"
_MOST_DRAWS = 200  # of the posterior, for the mixture
_SMALLEST = 1e-300  # probability, so that residuals are finite


def one_step_residuals(fit: Fit, *, seed: int = 0) -> xr.Dataset:
    """Randomised quantile residuals of the past, each given the periods before it.

    The predictive distribution of a count is a mixture over posterior draws of negative binomials,
    with the flow's dispersion and the mean that the replay gives, under a common shock drawn
    anew: what the posterior knows of a period's own shock it has from the counts of that period.
    A residual is the normal quantile of that distribution at a point drawn at random over the
    integers that the published count may stand for: its rounding interval.

    Parameters
    ----------
    fit : Fit
        The posterior. Its parameters have seen these counts, so the residuals are somewhat small:
        they check adequacy, not forecasts.
    seed : int
        Of the points in the intervals, and of the shocks.

    Returns
    -------
    Dataset
        Over (time, flow): ``residual``; ``zero``, 1 where the count was published as 0 and else 0;
        and ``zero_probability``, the chance that it would be. NaN for a gap, and for a flow's
        first count, which has no past. Over (flow, other_flow): ``correlation_expected``, the
        mean correlation of residuals in the same period, which the common shock brings
        about.

    References
    ----------
    Dunn & Smyth (1996), Journal of Computational and Graphical Statistics 5(3).
    """
    observed = fit.observed.transpose(names.TIME, names.FLOW)
    seen = observed["value"].notnull()
    known = seen.values & (np.cumsum(seen.values, axis=0) > 1)
    mean, dispersion = _one_step(fit, seed)
    of_cell = np.broadcast_to(dispersion[:, None], mean.shape)[:, known]
    value, rounding, lower, upper = (
        observed[name].values[known] for name in ("value", "rounding", "lower", "upper")
    )
    rng = np.random.default_rng(seed)
    uniform = rng.uniform(size=seen.shape)[known]
    _, most = rounding_interval(pd.Series(np.zeros_like(value)), pd.Series(rounding))
    zero_probability, _ = tails(most.to_numpy() + 1, mean[:, known], of_cell)
    columns = {
        "residual": quantile_residuals(lower, upper, mean[:, known], of_cell, uniform),
        "zero": (value == 0).astype(np.float64),
        "zero_probability": zero_probability,
    }
    found = xr.Dataset(coords=seen.coords)
    for name, cells in columns.items():
        whole = np.full(seen.shape, np.nan)
        whole[known] = cells
        found[name] = (seen.dims, whole)
    drawn = negative_binomial_counts(
        mean, dispersion[:, None], *rng.standard_normal((2, *mean.shape))
    )
    expected = _correlation_of_draws(drawn + rng.uniform(size=drawn.shape), known)
    return found.assign(correlation_expected=((names.FLOW, OTHER_FLOW), expected))


def _one_step(fit: Fit, seed: int) -> tuple[Floats, Floats]:
    """Give the mean of every count given its past, (draw, time, flow), and the dispersion."""
    posterior = fit.posterior
    n_draws = posterior.sizes[names.CHAIN] * posterior.sizes[names.DRAW]
    every = max(1, n_draws // _MOST_DRAWS)
    draws = FlowDraws.of(fit.spec, posterior.isel({names.DRAW: slice(None, None, every)}))
    chance = Innovations(seed, len(draws.shock))
    mean = replay(draws, fit.layout).mean
    for period in range(mean.shape[1]):
        moved = chance.shocks(period, fit.spec.shock) - draws.shock[:, period]
        mean[:, period] *= np.exp(draws.constant.shock_loading * moved[:, None])
    return mean, draws.constant.dispersion


def _correlation_of_draws(drawn: Floats, known: NDArray[np.bool_]) -> Floats:
    """Average over draws the correlation between flows of what ranks make normal."""
    z = ndtri((rankdata(drawn, axis=0) - 0.5) / len(drawn))
    z = np.where(known, z, np.nan)
    n_flows = z.shape[2]
    expected = np.full((n_flows, n_flows), np.nan)
    for i, j in zip(*np.tril_indices(n_flows, -1), strict=True):
        both = known[:, i] & known[:, j]
        if both.sum() > 1:
            x, y = (
                each - each.mean(axis=1, keepdims=True) for each in (z[:, both, i], z[:, both, j])
            )
            r = (x * y).sum(axis=1) / np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
            expected[i, j] = expected[j, i] = r.mean()
    return expected


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
