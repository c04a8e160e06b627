"""Proper scores of several quantities together: whether they vary together as they should."""

import numpy as np
import xarray as xr

from mppbayes.errors import LabelError
from mppbayes.evaluation.cells import SAMPLE, Cells, Floats
from mppbayes.evaluation.cores import fair_energy, library


def energy_score(
    draws: xr.DataArray,
    outcome: xr.DataArray,
    *,
    across: str = "quantity",
    sample: str = SAMPLE,
) -> xr.DataArray:
    """Energy score: E‖X − y‖ − ½ E‖X − X′‖, the CRPS of a vector.

    All pairs of different draws are taken (the fair estimate), in blocks. The largest quantities
    decide a Euclidean distance, so give quantities of one size, or of log(1 + y).

    Parameters
    ----------
    draws : DataArray, (sample, …, across)
        Draws of each cell.
    outcome : DataArray, (…, across)
        NaN where not known.
    across : str
        The dimension of the vectors.
    sample : str
        The dimension of the draws.

    Returns
    -------
    DataArray, (…)
        Over the other dimensions of the outcome; NaN where any part of the vector is not known.

    Raises
    ------
    LabelError
        If the labels differ or stand in another order.
    FaultsError
        If draws of a known outcome are missing.

    References
    ----------
    Gneiting & Raftery (2007), Journal of the American Statistical Association 102(477), eq. 22.
    """
    vectors, seen = _vectors(draws, outcome, across, sample)
    return _labelled([fair_energy(*each) for each in vectors], seen).rename("energy_score")


def variogram_score(
    draws: xr.DataArray,
    outcome: xr.DataArray,
    *,
    across: str = "quantity",
    order: float = 0.5,
    sample: str = SAMPLE,
) -> xr.DataArray:
    """Variogram score: Σ over i, j of (|yᵢ − yⱼ|ᵖ − E|Xᵢ − Xⱼ|ᵖ)²; it sees dependence well.

    Each pair counts twice, with weight one. The mean over draws stands for the expectation, which
    adds the variance of that mean: small for thousands of draws, and alike for models with as many.

    Parameters
    ----------
    draws, outcome, across, sample
        As in :func:`energy_score`.
    order : float
        The power p.

    Returns
    -------
    DataArray, (…)
        Over the other dimensions of the outcome; NaN where any part of the vector is not known.

    References
    ----------
    Scheuerer & Hamill (2015), Monthly Weather Review 143(4), eq. 12.
    """
    vectors, seen = _vectors(draws, outcome, across, sample)
    found = [
        float(np.squeeze(library().vs_ensemble(y, x, p=order, backend="numba"))) for x, y in vectors
    ]
    return _labelled(found, seen).rename("variogram_score")


def _vectors(
    draws: xr.DataArray, outcome: xr.DataArray, across: str, sample: str
) -> tuple[list[tuple[Floats, Floats]], xr.DataArray]:
    """Give draws (sample, across) and outcome (across,) of each vector that is wholly known."""
    if across not in outcome.dims:
        raise LabelError(
            f"the outcomes have no dimension {across!r}, they have {list(outcome.dims)}; "
            f"say across which one the vectors run"
        )
    last = outcome.transpose(..., across)
    whole = last.notnull().all(across)
    cells = Cells.of(draws, last.where(whole), sample)
    shape = (-1, last.sizes[across])
    x = cells.draws.reshape(*shape, draws.sizes[sample]).swapaxes(1, 2)
    return list(zip(x, cells.outcome.reshape(shape), strict=True)), whole


def _labelled(scores: list[float], seen: xr.DataArray) -> xr.DataArray:
    whole = np.full(seen.shape, np.nan)
    whole[seen.values] = scores
    return seen.copy(data=whole)
