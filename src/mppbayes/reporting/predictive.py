"""A posterior predictive check: one period ahead, over all of the past."""

import numpy as np

from mppbayes.inference import Fit
from mppbayes.model.counts import negative_binomial_counts
from mppbayes.names import DISPERSION

_EVERY = 10  # draws are taken


def one_step_coverage(fit: Fit, coverage: float, *, seed: int = 0) -> float:
    """Give the share of counts inside the central interval of their one-step predictive.

    Parameters
    ----------
    fit : Fit
        The posterior; it has seen these counts, so that this checks adequacy, not forecasts.
    coverage : float
        Nominal, between 0 and 1.
    seed : int
        Of the predictive draws.

    Returns
    -------
    float
        The share. A rounded count is inside if its interval touches the predictive's.
    """
    mean = fit.replay(every=_EVERY).mean
    rng = np.random.default_rng(seed)
    thin = fit.posterior[DISPERSION].values[:, ::_EVERY]
    dispersion = thin.reshape(-1, 1, thin.shape[-1])
    drawn = negative_binomial_counts(mean, dispersion, *rng.standard_normal((2, *mean.shape)))
    low, high = np.quantile(drawn, [(1 - coverage) / 2, (1 + coverage) / 2], axis=0)
    observed = fit.observed
    seen = observed["value"].notnull().values
    inside = (observed["upper"].values >= low) & (observed["lower"].values <= high)
    return float(inside[seen].mean())
