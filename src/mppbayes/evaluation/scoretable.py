"""The table of a backtest's scores."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from mppbayes import names
from mppbayes.evaluation.backtesting import Backtest
from mppbayes.evaluation.multivariate import energy_score, variogram_score
from mppbayes.evaluation.scores import (
    absolute_error,
    crps,
    interval_score,
    log_crps,
    log_score,
    quantile_score,
    squared_error,
    upper_tail_crps,
    weighted_interval_score,
)
from mppbayes.evaluation.tables import ALL_FLOWS, FLOWS, SCORE_COLUMNS
from mppbayes.prediction.scheme import MPP, BandScheme

_SCORES: Final[dict[str, Callable[[xr.DataArray, xr.DataArray], xr.DataArray]]] = {
    "crps": crps,
    "log_crps": log_crps,
    "interval_score_80": lambda draws, outcome: interval_score(draws, outcome, level=0.8),
    "weighted_interval_score": weighted_interval_score,
    "log_score": log_score,
    "squared_error": squared_error,
    "absolute_error": absolute_error,
}


def scores_table(backtest: Backtest, scheme: BandScheme = MPP) -> pd.DataFrame:
    """Score every model's windows by every score.

    Parameters
    ----------
    backtest : Backtest
        The draws and the outcomes.
    scheme : BandScheme
        Its levels have a quantile score each.

    Returns
    -------
    DataFrame
        ``SCORE_COLUMNS``; a score of all flows together has the quantity ``all flows`` and the
        aggregate ``flows``. Rows without a known outcome are left out. The threshold of
        ``upper_tail_crps`` is the last window known at the origin: the same for all models.
    """
    found = [table for model in backtest.models for table in _scores_of(backtest, model, scheme)]
    whole = pd.concat(found, ignore_index=True).dropna(subset="value")
    return whole.assign(window=backtest.window)[list(SCORE_COLUMNS)].reset_index(drop=True)


def _scores_of(backtest: Backtest, model: str, scheme: BandScheme) -> Iterator[pd.DataFrame]:
    draws = backtest.draws(model)
    outcome = backtest.outcome.sel(origin=draws["origin"])
    cells = {name: score(draws, outcome) for name, score in _SCORES.items()}
    reference = backtest.reference.sel(origin=draws["origin"])
    known = reference.notnull()
    threshold = reference.fillna(0).transpose("origin", "quantity")
    cells["upper_tail_crps"] = upper_tail_crps(draws, outcome, threshold).where(known)
    banded = quantile_score(draws, outcome, scheme)
    for band in banded["band"].values:
        cells[f"quantile_score_{band}"] = banded.sel(band=band, drop=True)
    for name, values in cells.items():
        yield _long(values, model, name)
    flows = np.asarray(outcome["aggregate"] == names.FLOW)
    joint = (draws.isel(quantity=flows), outcome.isel(quantity=flows))
    for name, values in (
        ("energy_score", energy_score(*joint)),
        ("variogram_score", variogram_score(*joint)),
    ):
        labelled = values.expand_dims(quantity=[ALL_FLOWS]).assign_coords(
            aggregate=("quantity", [FLOWS])
        )
        yield _long(labelled, model, name)


def _long(values: xr.DataArray, model: str, score: str) -> pd.DataFrame:
    table = values.rename("value").to_dataframe().reset_index()
    return table.assign(model=model, score=score)
