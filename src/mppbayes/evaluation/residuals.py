"""Adequacy: whether each flow's one-step residuals look like independent standard normals."""

from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats
from scipy.special import betainc, betaincc, ndtri

from mppbayes import names
from mppbayes.evaluation.cells import Floats
from mppbayes.inference import Fit

_MOST_DRAWS = 200  # of the posterior, for the mixture
_FAR: Final = 2.58  # beyond lies 1 % of a standard normal
_SMALLEST = 1e-300  # probability, so that residuals are finite
_FEWEST_PAIRS = 8  # for a correlation


def one_step_residuals(fit: Fit, *, seed: int = 0) -> xr.DataArray:
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
    DataArray, (time, flow)
        NaN for a gap, and for a flow's first count, which has no past.

    References
    ----------
    Dunn & Smyth (1996), Journal of Computational and Graphical Statistics 5(3).
    """
    observed = fit.observed
    dispersion = fit.posterior[names.DISPERSION].transpose(names.CHAIN, names.DRAW, names.FLOW)
    every = max(1, dispersion.sizes[names.CHAIN] * dispersion.sizes[names.DRAW] // _MOST_DRAWS)
    thinned = dispersion.isel({names.DRAW: slice(None, None, every)}).values
    seen = observed["value"].transpose(names.TIME, names.FLOW).notnull()
    known = seen.values & (np.cumsum(seen.values, axis=0) > 1)
    uniform = np.random.default_rng(seed).uniform(size=seen.shape)
    residual = np.full(seen.shape, np.nan)
    residual[known] = quantile_residuals(
        observed["lower"].transpose(names.TIME, names.FLOW).values[known],
        observed["upper"].transpose(names.TIME, names.FLOW).values[known],
        fit.replay(every=every).mean[:, known],
        thinned.reshape(-1, thinned.shape[-1])[:, np.nonzero(known)[1]],
        uniform[known],
    )
    return seen.copy(data=residual).rename("residual")


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
    below, above = np.zeros((2, *lower.shape)), np.zeros((2, *lower.shape))
    # P(Y < k) = 1 − I(μ/(μ+φ); k, φ), which for k = 0 has no meaning but 0.
    bounds = np.stack([lower, upper + 1])
    for mu, phi in zip(mean, dispersion, strict=True):
        share = mu / (mu + phi)
        below += betaincc(np.maximum(bounds, 1), phi, share)
        above += betainc(np.maximum(bounds, 1), phi, share)
    below, above = (
        np.where(bounds > 0, each / len(mean), whole)
        for each, whole in ((below, 0.0), (above, 1.0))
    )
    left = below[0] + uniform * (below[1] - below[0])
    right = above[1] + (1 - uniform) * (above[0] - above[1])
    found: Floats = np.where(
        left < 0.5, ndtri(np.maximum(left, _SMALLEST)), -ndtri(np.maximum(right, _SMALLEST))
    )
    return found


def adequacy(residuals: xr.DataArray, *, season: int = 12, error: float = 0.05) -> pd.DataFrame:
    """Check each flow's residuals against independent standard normals.

    Parameters
    ----------
    residuals : DataArray, (time, flow)
        As :func:`one_step_residuals` gives.
    season : int
        The longer lag, in periods: a year.
    error : float
        The chance that any flow of an adequate model fails any check: p-values are adjusted over
        all flows and checks together by Holm's method, which holds this whatever their dependence.

    Returns
    -------
    DataFrame
        A row a flow, the index: ``n``, counts with a residual; ``mean``, whether the level is
        right; ``sd``; ``lag_1`` and ``lag_season``, autocorrelations; ``largest``, the largest
        absolute residual, and ``largest_p``, the chance of one so large among n; ``beyond``, the
        share beyond 2.58 either way (expected 0.0099); ``correlation``, the mean absolute
        correlation with other flows in the same period, and ``correlation_expected``, what
        independent flows give; ``worst``, the check with the least p-value; ``p_value``, that
        value adjusted; ``passed``, whether it is at least ``error``. NaN where too little is known.

    Notes
    -----
    The p-values, each two-sided unless said otherwise: the mean by a normal of variance 1/n; the
    sd by a χ² of n − 1; autocorrelations by Fisher's transform; the largest by the minimum of n
    uniforms; those beyond by the upper tail of a binomial; correlations by the sum over other flows
    of squared Fisher transforms, χ² with as many degrees. An adequate model whose parameters are
    estimated from the same counts gives somewhat larger p-values than uniform ones.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6(2).
    """
    ordered = residuals.transpose(names.TIME, names.FLOW)
    values = np.asarray(ordered.values, dtype=np.float64)
    flows = pd.Index(ordered[names.FLOW].values.astype(object), name=names.FLOW)
    correlation, expected, correlation_p = _across_flows(values)
    columns = [_statistics(column, season) for column in values.T]
    table = pd.DataFrame([figures for figures, _ in columns], index=flows)
    table["correlation"], table["correlation_expected"] = correlation, expected
    p_values = pd.DataFrame([p for _, p in columns], index=flows)
    p_values["correlation"] = correlation_p
    adjusted = pd.DataFrame(_holm(p_values.to_numpy(dtype=np.float64)), flows, p_values.columns)
    tested = adjusted.notna().any(axis=1)
    table["worst"] = ""
    table.loc[tested, "worst"] = p_values[tested].idxmin(axis=1)
    table["p_value"] = adjusted.min(axis=1)
    table["passed"] = ~(table["p_value"] < error)
    return table


def _statistics(column: Floats, season: int) -> tuple[dict[str, float], dict[str, float]]:
    """Give one flow's figures, and the p-values of its checks."""
    z = column[np.isfinite(column)]
    n = len(z)
    lags = {"lag_1": _correlation(column[1:], column[:-1])}
    lags["lag_season"] = _correlation(column[season:], column[:-season])
    p = {"mean": np.nan, "sd": np.nan, "largest": np.nan, "beyond": np.nan}
    figures: dict[str, float] = {"n": n, "mean": np.nan, "sd": np.nan}
    largest, beyond = np.nan, np.nan
    if n > 1:
        figures |= {"mean": float(z.mean()), "sd": float(z.std(ddof=1))}
        largest, far = float(np.abs(z).max()), int((np.abs(z) > _FAR).sum())
        beyond = far / n
        square = (n - 1) * figures["sd"] ** 2
        tail = min(stats.chi2.sf(square, n - 1), stats.chi2.cdf(square, n - 1))
        p = {
            "mean": 2 * stats.norm.sf(abs(figures["mean"]) * np.sqrt(n)),
            "sd": min(1.0, 2 * tail),
            "largest": -np.expm1(n * np.log1p(-2 * stats.norm.sf(largest))),
            "beyond": stats.binom.sf(far - 1, n, 2 * stats.norm.sf(_FAR)),
        }
    figures |= {name: r for name, (r, _) in lags.items()}
    figures |= {"largest": largest, "largest_p": p["largest"], "beyond": beyond}
    fisher = {name: 2 * stats.norm.sf(abs(_fisher(r, pairs))) for name, (r, pairs) in lags.items()}
    return figures, p | fisher


def _across_flows(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Give each flow's mean absolute correlation, what to expect of it, and its p-value."""
    n_flows = values.shape[1]
    r, pairs = np.full((n_flows, n_flows), np.nan), np.zeros((n_flows, n_flows))
    for i in range(n_flows):
        for j in range(i):
            r[i, j], pairs[i, j] = _correlation(values[:, i], values[:, j])
            r[j, i], pairs[j, i] = r[i, j], pairs[i, j]
    known = np.isfinite(r)
    count = known.sum(axis=1)
    some = np.where(count > 0, count, np.nan)
    found = np.where(known, np.abs(r), 0).sum(axis=1) / some
    by_chance = np.sqrt(2 / (np.pi * np.where(known, pairs, np.inf)))
    square = np.where(known, _fisher(np.where(known, r, 0), pairs) ** 2, 0).sum(axis=1)
    return found, by_chance.sum(axis=1) / some, stats.chi2.sf(square, some)


def _correlation(left: Floats, right: Floats) -> tuple[float, int]:
    """Give the correlation of the pairs that are both known, NaN for too few, and their number."""
    both = np.isfinite(left) & np.isfinite(right)
    pairs = int(both.sum())
    if pairs < _FEWEST_PAIRS:
        return np.nan, pairs
    x, y = left[both] - left[both].mean(), right[both] - right[both].mean()
    scale = np.sqrt((x @ x) * (y @ y))
    return (float(x @ y / scale) if scale > 0 else np.nan), pairs


def _fisher(r: Floats | float, pairs: Floats | float) -> Floats:
    """Give Fisher's transform of correlations, standard normal where there is none."""
    clipped = np.clip(r, -1 + 1e-12, 1 - 1e-12)
    return np.asarray(np.arctanh(clipped) * np.sqrt(np.maximum(np.subtract(pairs, 3), 0)))


def _holm(p: Floats) -> Floats:
    """Adjust p-values over all that are known, by Holm's step-down method."""
    adjusted = np.full(p.shape, np.nan)
    known = np.isfinite(p)
    values = p[known]
    order = np.argsort(values)
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    found = np.empty_like(values)
    found[order] = np.minimum(stepped, 1)
    adjusted[known] = found
    return adjusted
