"""Whether one model scores better than another: paired differences with an interval."""

import numpy as np
import pandas as pd
from scipy import stats

from mppbayes.errors import LabelError, suggest
from mppbayes.evaluation.backtesting import MODEL
from mppbayes.evaluation.windows import overlapping_origins


def compare(
    scores: pd.DataFrame,
    *,
    model: str = MODEL,
    score: str = "crps",
    frequency: str = "M",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare a model with every other one, origin by origin.

    Parameters
    ----------
    scores : DataFrame
        As :func:`mppbayes.evaluation.scores_table` gives.
    model : str
        Whose scores are compared with the others'.
    score : str
        The score compared.
    frequency : str
        Of the origins, as pandas names it.
    confidence : float
        Of the interval.

    Returns
    -------
    DataFrame
        One row a quantity, lead and other model: ``quantity``, ``lead``, ``against``, ``n`` (the
        origins), ``mean`` and ``other`` (mean scores), ``difference`` (negative where the model
        is better), ``lower`` and ``upper``. The quantity ``flows`` is the sum of the flows'
        scores.

    Raises
    ------
    LabelError
        If there is no such model or score.

    Notes
    -----
    Adding up the flows' scores at an origin keeps their dependence. Origins whose forecasts
    overlap depend on each other: the variance of the mean difference is that of Bartlett's
    weights over so many lags (Newey & West, 1987, Econometrica 55(3)), with the correction and
    Student's t of Harvey, Leybourne & Newbold (1997, International Journal of Forecasting 13(2)).
    """
    for column, value in (("model", model), ("score", score)):
        if value not in set(scores[column]):
            known = scores[column].unique()
            raise LabelError(f"there is no {column} {value!r}; {suggest(value, known)}")
    chosen = scores[scores["score"] == score]
    flows = chosen[chosen["aggregate"] == "flow"]
    summed = flows.groupby(["origin", "lead", "model"], as_index=False)["value"].sum(min_count=1)
    both = pd.concat([summed.assign(quantity="flows"), chosen[chosen["aggregate"] != "flow"]])
    rows = []
    for (quantity, lead), group in both.groupby(["quantity", "lead"], sort=False):
        wide = group.pivot(index="origin", columns="model", values="value").sort_index()
        for other in wide.columns.drop(model):
            pair = wide[[model, other]].dropna()
            difference = pair[model] - pair[other]
            at = pd.PeriodIndex(pair.index, freq=frequency)
            low, high = mean_interval(
                difference.to_numpy(), overlapping_origins(at, int(str(lead))) - 1, confidence
            )
            rows.append(
                {
                    "quantity": quantity,
                    "lead": lead,
                    "against": other,
                    "n": len(pair),
                    "mean": pair[model].mean(),
                    "other": pair[other].mean(),
                    "difference": difference.mean(),
                    "lower": low,
                    "upper": high,
                }
            )
    return pd.DataFrame(rows)


def mean_interval(values: np.ndarray, lags: int, confidence: float = 0.95) -> tuple[float, float]:
    """Give an interval for the mean of a series whose values depend over some lags.

    Parameters
    ----------
    values : array, (time,)
        In order of time.
    lags : int
        Over how many steps they depend.
    confidence : float
        Of the interval.

    Returns
    -------
    (float, float)
        NaN where fewer than two values are given.
    """
    n = len(values)
    if n < 2:
        return float("nan"), float("nan")
    lags = min(lags, n - 1)
    centred = values - values.mean()
    variance = centred @ centred / n
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * (centred[lag:] @ centred[:-lag]) / n
    ahead = lags + 1
    correction = (n + 1 - 2 * ahead + ahead * (ahead - 1) / n) / n
    error = np.sqrt(variance / n / max(correction, 1 / n))
    reach = float(stats.t.ppf((1 + confidence) / 2, n - 1) * error)
    return float(values.mean()) - reach, float(values.mean()) + reach
