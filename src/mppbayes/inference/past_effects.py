"""What the evidence says of measures that were introduced in the past."""

import numpy as np
import pandas as pd

from mppbayes import names
from mppbayes.errors import SpecError
from mppbayes.inference.result import Fit


def past_effects(fit: Fit, *, probability: float = 0.9) -> pd.DataFrame:
    """Summarise the effects of the past measures of a specification.

    Parameters
    ----------
    fit : Fit
        Of a specification with ``past_measures``.
    probability : float
        Of the central interval.

    Returns
    -------
    DataFrame
        One row a measure. ``prior_effect`` and ``effect`` are medians of the share by which rates
        change, ``lower`` and ``upper`` the ends of its central posterior interval. ``prior_sd``
        and ``posterior_sd`` are of the log of the factor; where ``sd_ratio``, the second over the
        first, is near 1 the evidence says next to nothing, and the effect is the prior's.

    Raises
    ------
    SpecError
        If the specification has no past measure, or the probability is none.
    """
    measures = fit.spec.past_measures
    if not measures:
        raise SpecError(
            "there is no effect to summarise",
            ["the specification has no past measures"],
            "fit a ModelSpec with past_measures = (PastMeasure(...),)",
        )
    if not 0 < probability < 1:
        raise SpecError(
            "there is no such interval",
            [f"probability is {probability!r}"],
            "give a number between 0 and 1, such as 0.9",
        )
    draws = fit.posterior[names.LOG_FACTOR].stack(sample=(names.CHAIN, names.DRAW)).values
    tails = [0.5, (1 - probability) / 2, (1 + probability) / 2]
    median, lower, upper = np.expm1(np.quantile(draws, tails, axis=1))
    prior_sd = np.array([measure.doubt for measure in measures])
    posterior_sd = draws.std(axis=1, ddof=1)
    return pd.DataFrame(
        {
            "measure": [measure.name for measure in measures],
            "start": [measure.start for measure in measures],
            "prior_effect": [measure.effect for measure in measures],
            "effect": median,
            "lower": lower,
            "upper": upper,
            "prior_sd": prior_sd,
            "posterior_sd": posterior_sd,
            "sd_ratio": posterior_sd / prior_sd,
        }
    )
