"""Adequacy: whether one-step residuals look like independent standard normals, flow by flow."""

from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from mppbayes import names
from mppbayes.evaluation.cells import Floats
from mppbayes.evaluation.residuals import OTHER_FLOW

_FAR: Final = 2.58  # beyond lies 1 % of a standard normal
_FEWEST = 8  # residuals, or pairs of them, for a check


class Check(NamedTuple):
    """One check of one flow: what was found, what an adequate model gives, and the p-value."""

    found: float = np.nan
    expected: float = np.nan
    p_value: float = np.nan


def adequacy(residuals: xr.Dataset, *, season: int = 12, error: float = 0.05) -> pd.DataFrame:
    """Check each flow's residuals against independent standard normals.

    Parameters
    ----------
    residuals : Dataset
        As :func:`one_step_residuals` gives.
    season : int
        The longer lag, in periods: a year.
    error : float
        The chance that any flow of an adequate model fails any check: p-values are adjusted over
        all flows and checks together by Holm's method, which holds this whatever their dependence.

    Returns
    -------
    DataFrame
        A row a flow and check: ``check``, ``flow``, ``n`` (the flow's residuals), ``found`` and
        ``expected`` (by an adequate model), ``p_value`` (adjusted) and ``passed``, whether that
        is at least ``error``. NaN where too little is known, which is no failure. The checks:

        ``level``
            The mean residual.
        ``variance``
            Their standard deviation.
        ``autocorrelation``, ``seasonal autocorrelation``
            The correlation with one period and with one season earlier.
        ``correlation across flows``
            The mean correlation with other flows in the same period.
        ``zeros``
            How many counts were published as 0.
        ``extremes``
            The largest absolute residual; its median is expected.
        ``tails``
            The share of residuals beyond 2.58 either way.

    Notes
    -----
    The p-values, each two-sided unless said otherwise: the level by a normal of variance 1/n; the
    variance by a χ² of n − 1; autocorrelations by Fisher's transform; correlations by the sum over
    other flows of squared differences of Fisher transforms, found and expected, χ² with as many
    degrees (upper tail); zeros by the
    distribution of a sum of independent Bernoulli variables; the largest by the minimum of n
    uniforms; those beyond by the upper tail of a binomial. An adequate model whose parameters are
    estimated from the same counts gives somewhat larger p-values than uniform ones.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6(2).
    """
    ordered = residuals.transpose(names.TIME, names.FLOW, OTHER_FLOW)
    values, zeros, chances = (
        np.asarray(ordered[name].values, dtype=np.float64)
        for name in ("residual", "zero", "zero_probability")
    )
    across = _across_flows(values, ordered["correlation_expected"].values)
    rows = [
        {"check": check, "flow": flow, "n": int(np.isfinite(column).sum()), **found._asdict()}
        for flow, column, zero, chance, together in zip(
            ordered[names.FLOW].values.tolist(), values.T, zeros.T, chances.T, across, strict=True
        )
        for check, found in {
            "level": _level(column),
            "variance": _variance(column),
            "autocorrelation": _lagged(column, 1),
            "seasonal autocorrelation": _lagged(column, season),
            "correlation across flows": together,
            "zeros": _zeros(zero, chance),
            "extremes": _extremes(column),
            "tails": _tails(column),
        }.items()
    ]
    table = pd.DataFrame(rows)
    table["p_value"] = _holm(table["p_value"].to_numpy(dtype=np.float64))
    table["passed"] = ~(table["p_value"] < error)
    return table


def _level(column: Floats) -> Check:
    z = column[np.isfinite(column)]
    if len(z) < _FEWEST:
        return Check()
    return Check(z.mean(), 0.0, 2 * stats.norm.sf(abs(z.mean()) * np.sqrt(len(z))))


def _variance(column: Floats) -> Check:
    z = column[np.isfinite(column)]
    if len(z) < _FEWEST:
        return Check()
    square, free = z.var(ddof=1) * (len(z) - 1), len(z) - 1
    tail = min(stats.chi2.sf(square, free), stats.chi2.cdf(square, free))
    return Check(z.std(ddof=1), 1.0, min(1.0, 2 * tail))


def _lagged(column: Floats, lag: int) -> Check:
    r, pairs = _correlation(column[lag:], column[:-lag])
    return Check(r, 0.0, 2 * stats.norm.sf(abs(_fisher(r, pairs)))) if np.isfinite(r) else Check()


def _zeros(zero: Floats, chance: Floats) -> Check:
    known = np.isfinite(zero)
    if not known.any():
        return Check()
    found = int(zero[known].sum())
    law = np.ones(1)
    for p in chance[known]:
        law = np.convolve(law, [1 - p, p])
    tail = min(law[: found + 1].sum(), law[found:].sum())
    return Check(found, chance[known].sum(), min(1.0, 2 * tail))


def _extremes(column: Floats) -> Check:
    z = np.abs(column[np.isfinite(column)])
    if len(z) < _FEWEST:
        return Check()
    median = stats.norm.isf((1 - 0.5 ** (1 / len(z))) / 2)
    return Check(z.max(), median, -np.expm1(len(z) * np.log1p(-2 * stats.norm.sf(z.max()))))


def _tails(column: Floats) -> Check:
    z = np.abs(column[np.isfinite(column)])
    if len(z) < _FEWEST:
        return Check()
    far, chance = int((z > _FAR).sum()), 2 * stats.norm.sf(_FAR)
    return Check(far / len(z), chance, stats.binom.sf(far - 1, len(z), chance))


def _across_flows(values: Floats, expected: Floats) -> list[Check]:
    """Compare each flow with all others in the same period."""
    n_flows = values.shape[1]
    r, pairs = np.full((n_flows, n_flows), np.nan), np.zeros((n_flows, n_flows))
    for i, j in zip(*np.tril_indices(n_flows, -1), strict=True):
        r[i, j], pairs[i, j] = r[j, i], pairs[j, i] = _correlation(values[:, i], values[:, j])
    checks = []
    for row, size, by_shock in zip(r, pairs, expected, strict=True):
        known = np.isfinite(row)
        if not known.any():
            checks.append(Check())
            continue
        beyond = _fisher(row[known], size[known]) - _fisher(by_shock[known], size[known])
        p_value = stats.chi2.sf((beyond**2).sum(), known.sum())
        checks.append(Check(row[known].mean(), by_shock[known].mean(), p_value))
    return checks


def _correlation(left: Floats, right: Floats) -> tuple[float, int]:
    """Give the correlation of the pairs that are both known, NaN for too few, and their number."""
    both = np.isfinite(left) & np.isfinite(right)
    pairs = int(both.sum())
    if pairs < _FEWEST:
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
