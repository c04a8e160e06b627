"""Proper scores of one cell at a time; lower is better.

Each takes draws ``(sample, …)`` and outcomes ``(…)``, aligned by label, exactly, and gives a score
for every outcome, NaN where the outcome is not known. Nothing is averaged: that is for who knows
which cells belong together. Compare models by the same cells, and by the same number of draws.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from mppbayes.errors import FaultsError
from mppbayes.evaluation.cells import SAMPLE, Cells, Floats, check_levels
from mppbayes.evaluation.cores import fair_crps, kernel_log_score, library
from mppbayes.prediction.scheme import MPP, BandScheme

LEVELS: Final = (0.5, 0.8, 0.9, 0.95, 0.99)
"""Nominal coverage of the central intervals that are scored and checked."""


def crps(draws: xr.DataArray, outcome: xr.DataArray, *, sample: str = SAMPLE) -> xr.DataArray:
    """Continuous ranked probability score, in the unit of the outcome.

    The fair estimate E|X − y| − ½ E|X − X′| over pairs of different draws, which does not favour
    a forecast for its number of draws.

    Parameters
    ----------
    draws : DataArray, (sample, …)
        Draws of each cell.
    outcome : DataArray, (…)
        NaN where not known.
    sample : str
        The dimension of the draws.

    Returns
    -------
    DataArray, (…)
        Over the dimensions of the outcome. A fair estimate may be slightly below 0.

    Raises
    ------
    LabelError
        If the labels differ or stand in another order.
    FaultsError
        If draws of a known outcome are missing.

    References
    ----------
    Gneiting & Raftery (2007), Journal of the American Statistical Association 102(477), eq. 21;
    the fair form: Ferro (2014), Quarterly Journal of the Royal Meteorological Society 140(683).
    """
    cells = Cells.of(draws, outcome, sample)
    return cells.labelled(fair_crps(cells.draws, cells.outcome)).rename("crps")


def log_crps(draws: xr.DataArray, outcome: xr.DataArray, *, sample: str = SAMPLE) -> xr.DataArray:
    """Continuous ranked probability score of log(1 + y): of relative errors, for counts of 0 too.

    Parameters, returns and errors as in :func:`crps`; counts below 0 are an error.

    References
    ----------
    Bosse et al. (2023), PLOS Computational Biology 19(8), e1011393.
    """
    cells = _counts(draws, outcome, sample)
    return cells.labelled(fair_crps(np.log1p(cells.draws), np.log1p(cells.outcome))).rename(
        "log_crps"
    )


def upper_tail_crps(
    draws: xr.DataArray,
    outcome: xr.DataArray,
    threshold: xr.DataArray | float,
    *,
    sample: str = SAMPLE,
) -> xr.DataArray:
    """Threshold-weighted CRPS: the integral of (F(z) − 1{y ≤ z})² over z from the threshold up.

    Both sides are clipped from below at the threshold, and the fair CRPS is taken of that.

    Parameters
    ----------
    draws, outcome, sample
        As in :func:`crps`.
    threshold : DataArray or float
        From where the upper tail is counted; over some or all dimensions of the outcome. It must
        depend on neither the forecast nor the outcome. With a threshold of its own, such as a
        quantile of its draws, each forecast would be judged on a part of the line of its own
        choice, and one that is too high would find nothing to answer for; cells chosen by their
        outcome reward whoever always cries wolf. Take what was known at the origin, the same for
        all models: a quantile of past values, a capacity.

    Returns
    -------
    DataArray, (…)
        Over the dimensions of the outcome. Every cell has a score, also where the outcome stays
        under the threshold.

    References
    ----------
    Gneiting & Ranjan (2011), Journal of Business & Economic Statistics 29(3); the clipped form:
    Allen, Ginsbourger & Ziegel (2023), SIAM/ASA Journal on Uncertainty Quantification 11(3);
    choosing cells by outcome: Lerch et al. (2017), Statistical Science 32(1).
    """
    cells = Cells.of(draws, outcome, sample)
    least = cells.values_of(threshold, "the threshold")
    score = fair_crps(
        np.maximum(cells.draws, least[:, np.newaxis]), np.maximum(cells.outcome, least)
    )
    return cells.labelled(score).rename("upper_tail_crps")


def interval_score(
    draws: xr.DataArray, outcome: xr.DataArray, *, level: float = 0.9, sample: str = SAMPLE
) -> xr.DataArray:
    """Interval score: the width of the central interval, plus 2/α times how far y lies outside.

    Parameters
    ----------
    draws, outcome, sample
        As in :func:`crps`.
    level : float
        Nominal coverage 1 − α of the interval; its bounds follow the rule of the bands.

    Returns
    -------
    DataArray, (…)
        Over the dimensions of the outcome.

    References
    ----------
    Gneiting & Raftery (2007), Journal of the American Statistical Association 102(477), eq. 43.
    """
    check_levels([level])
    cells = Cells.of(draws, outcome, sample)
    return cells.labelled(_interval_scores(cells, [level])[:, 0]).rename("interval_score")


def weighted_interval_score(
    draws: xr.DataArray,
    outcome: xr.DataArray,
    *,
    levels: Sequence[float] = LEVELS,
    sample: str = SAMPLE,
) -> xr.DataArray:
    """Weighted interval score: (½|y − mediaan| + Σ α/2 · interval score) / (K + ½).

    It approaches the CRPS as the K levels become many and evenly spread.

    Parameters
    ----------
    draws, outcome, sample
        As in :func:`crps`.
    levels : sequence of float
        Nominal coverages 1 − α.

    Returns
    -------
    DataArray, (…)
        Over the dimensions of the outcome.

    References
    ----------
    Bracher et al. (2021), PLOS Computational Biology 17(2), e1008618, eq. 1.
    """
    check_levels(levels)
    cells = Cells.of(draws, outcome, sample)
    # The library's own function takes w₀·mediaan for w₀·|y − mediaan| (scoringrules 0.11, NumPy).
    miss = np.abs(cells.outcome - cells.exceeded_with([0.5])[:, 0]) / 2
    alpha = 1 - np.asarray(levels)
    total = miss + _interval_scores(cells, levels) @ (alpha / 2)
    return cells.labelled(total / (len(levels) + 0.5)).rename("weighted_interval_score")


def quantile_score(
    draws: xr.DataArray,
    outcome: xr.DataArray,
    scheme: BandScheme = MPP,
    *,
    sample: str = SAMPLE,
) -> xr.DataArray:
    """Quantile score (pinball loss) of each band; a band exceeded with p is the 1 − p quantile.

    Parameters
    ----------
    draws, outcome, sample
        As in :func:`crps`.
    scheme : BandScheme
        The bands; their values follow the rule of the bands.

    Returns
    -------
    DataArray, (…, band)
        ``(1 − p)(y − q)`` above the band's value q, ``p (q − y)`` below it.

    References
    ----------
    Koenker & Bassett (1978), Econometrica 46(1).
    """
    cells = Cells.of(draws, outcome, sample)
    score = library().quantile_score(
        cells.outcome[:, np.newaxis],
        cells.exceeded_with(scheme.exceedances),
        1 - np.asarray(scheme.exceedances),
        backend="numpy",
    )
    bands = pd.Index(np.array(scheme.names, dtype=np.str_), name="band")
    return cells.labelled(score, bands).rename("quantile_score")


def log_score(draws: xr.DataArray, outcome: xr.DataArray, *, sample: str = SAMPLE) -> xr.DataArray:
    """Logarithmic score of a count: −log of its probability, smoothed from the draws.

    The share of draws that equal the outcome is no use as a probability: for a large count it is
    nearly always 0. So a normal kernel is laid on log(1 + x) of each draw x, and the probability of
    y is its mass between log(y + ½) and log(y + 3/2), from −∞ for y = 0. These add up to 1 over
    the counts, so the score is proper for the smoothed forecast; Silverman's bandwidth shrinks with
    the number of draws, so it approaches the forecast's own score. Beyond the outermost draws the
    probability is the kernel's rather than the forecast's: read a large score as "far outside",
    and compare models by the same number of draws.

    Parameters, returns and errors as in :func:`crps`; counts below 0 are an error.

    References
    ----------
    Krüger, Lerch, Thorarinsdottir & Gneiting (2021), International Statistical Review 89(2), on
    kernel estimates of the score; Silverman (1986), Density Estimation, eq. 3.31.
    """
    cells = _counts(draws, outcome, sample)
    return cells.labelled(kernel_log_score(cells.draws, cells.outcome)).rename("log_score")


def squared_error(
    draws: xr.DataArray, outcome: xr.DataArray, *, sample: str = SAMPLE
) -> xr.DataArray:
    """Squared error of the predictive mean. Parameters, returns and errors as in :func:`crps`."""
    cells = Cells.of(draws, outcome, sample)
    error = cells.outcome - cells.draws.mean(axis=-1)
    return cells.labelled(error**2).rename("squared_error")


def absolute_error(
    draws: xr.DataArray, outcome: xr.DataArray, *, sample: str = SAMPLE
) -> xr.DataArray:
    """Absolute error of the mediaan, by the rule of the bands.

    Parameters, returns and errors as in :func:`crps`.
    """
    cells = Cells.of(draws, outcome, sample)
    error = cells.outcome - cells.exceeded_with([0.5])[:, 0]
    return cells.labelled(np.abs(error)).rename("absolute_error")


def _interval_scores(cells: Cells, levels: Sequence[float]) -> Floats:
    """Give the interval score of each level, (cell, level)."""
    lower, upper = cells.central(levels)
    scores = [
        library().interval_score(cells.outcome, low, high, 1 - level, backend="numpy")
        for low, high, level in zip(lower.T, upper.T, levels, strict=True)
    ]
    # The library drops an axis of length one.
    return np.stack([np.reshape(score, cells.outcome.shape) for score in scores], axis=-1)


def _counts(draws: xr.DataArray, outcome: xr.DataArray, sample: str) -> Cells:
    """Align, and check that nothing is below 0."""
    cells = Cells.of(draws, outcome, sample)
    values = {"outcomes": cells.outcome, "draws": cells.draws}
    if faults := [
        f"{int((each < 0).sum())} {what} are below 0"
        for what, each in values.items()
        if (each < 0).any()
    ]:
        raise FaultsError(
            "a score on the log scale is for counts", faults, "take one on the counts' own scale"
        )
    return cells
