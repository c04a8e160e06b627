"""Whole paths: peaks, first crossings, periods above a threshold, and bands that hold a path.

Pointwise bands say nothing of these: that some month of twelve exceeds its own band is far more
likely than that a given one does.
"""

from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from mppbayes import names
from mppbayes.errors import LabelError, suggest
from mppbayes.prediction.aggregation import Per, aggregated_draws, by_period
from mppbayes.prediction.draws import Forecast
from mppbayes.prediction.quantiles import seldom_exceeded
from mppbayes.prediction.quantities import Quantity, aggregates, quantities

_DRAWS: Final = (names.CHAIN, names.DRAW)


def paths(forecast: Forecast, quantity: str, *, per: Per = "period") -> xr.DataArray:
    """Give the draws of a quantity as whole paths over the periods that were not observed.

    Parameters
    ----------
    forecast : Forecast
        The draws.
    quantity : str
        A flow, a stock, a declared sum, or a group that is one quantity, as ``organisation=COA``.
    per : {"period", "year"}
        The steps of the path.

    Returns
    -------
    DataArray of int64, (chain, draw, period)
        As :meth:`Bands.draws`.

    Raises
    ------
    LabelError
        If there is no such quantity, or it stands for several.
    """
    return aggregated_draws(forecast, _quantity(forecast, quantity), per)


def peak(path: xr.DataArray) -> xr.Dataset:
    """Find the highest value of every path, and when it is first reached.

    Parameters
    ----------
    path : (chain, draw, period)
        As :func:`paths` gives; a part of it for a shorter window, as in
        ``path.sel(period=slice("2027-01", "2027-12"))``.

    Returns
    -------
    Dataset
        ``value`` and ``period``, (chain, draw); ``period`` is text.
    """
    at = path.argmax("period")
    return xr.Dataset(
        {
            "value": path.max("period"),
            "period": (_DRAWS, path["period"].values[at.transpose(*_DRAWS).values]),
        }
    )


def crossing(path: xr.DataArray, threshold: float) -> pd.DataFrame:
    """Say when a threshold is first exceeded.

    Parameters
    ----------
    path : (chain, draw, period)
        As :func:`paths` gives.
    threshold : float
        In the quantity's unit.

    Returns
    -------
    DataFrame
        One row a period: ``above``, the probability of exceeding the threshold then; ``first``, of
        doing so for the first time; ``ever``, of having done so by then. The last row's ``ever``
        is the chance that it is ever passed.
    """
    above = path > threshold
    so_far = above.cumsum("period") > 0
    first = so_far.astype(int).diff("period", label="upper") > 0
    ever = so_far.mean(_DRAWS).values
    return pd.DataFrame(
        {
            "period": path["period"].values,
            "above": above.mean(_DRAWS).values,
            "first": np.append(ever[0], first.mean(_DRAWS).values),
            "ever": ever,
            "scope": "path",
        }
    )


def periods_above(path: xr.DataArray, threshold: float) -> xr.DataArray:
    """Count the periods in which a path is above a threshold, (chain, draw)."""
    return (path > threshold).sum("period")


def simultaneous(path: xr.DataArray, exceedance: float) -> pd.DataFrame:
    """Give a band that whole paths exceed anywhere with a stated probability.

    Parameters
    ----------
    path : (chain, draw, period)
        As :func:`paths` gives.
    exceedance : float
        The probability that a path is above the band in one period or more.

    Returns
    -------
    DataFrame
        One row a period: ``value``, the band; ``pointwise``, the band that this period alone
        exceeds with that probability; ``exceedance`` as asked, ``achieved`` as the draws have it,
        and ``anywhere``, the probability that a path exceeds the pointwise band somewhere;
        ``scope`` is ``simultaneous``.

    Raises
    ------
    LabelError
        If the probability is not between 0 and 1.

    Notes
    -----
    The band is a pointwise quantile at one level for all periods: the lowest at which no more
    than the stated share of the paths is above it anywhere. A path's own level is its largest
    rank over the periods (Besag et al., 1995, Statistical Science 10(1), for the idea).
    """
    if not 0 < exceedance < 1:
        raise LabelError(f"the probability is {exceedance!r}; give a number between 0 and 1")
    draws = by_period(path)
    ordered = np.sort(draws, axis=1)
    rank = np.stack(
        [np.searchsorted(row, own, "left") for row, own in zip(ordered, draws, strict=True)]
    )
    level = int(seldom_exceeded(np.sort(rank.max(axis=0))[None], exceedance)[0, 0])
    value = ordered[:, level]
    pointwise = seldom_exceeded(ordered, exceedance)[:, 0]

    def anywhere(band: np.ndarray) -> float:
        return float((draws > band[:, None]).any(axis=0).mean())

    return pd.DataFrame(
        {
            "period": path["period"].values,
            "value": value,
            "pointwise": pointwise,
            "exceedance": exceedance,
            "achieved": anywhere(value),
            "anywhere": anywhere(pointwise),
            "scope": "simultaneous",
        }
    )


def _quantity(forecast: Forecast, name: str) -> Quantity:
    network = forecast.network
    known = [each for each in quantities(network, aggregates(network)) if each.name == name]
    if not known:
        every = [each.name for each in quantities(network, aggregates(network))]
        raise LabelError(f"there is no quantity {name!r}; {suggest(name, every)}")
    if len(known) > 1:
        which = " or ".join(f"{each.kind or 'stock'} in {each.unit}" for each in known)
        raise LabelError(
            f"{name!r} stands for {len(known)} quantities: {which}; take their draws from "
            f"Bands.draws(quantity, kind, unit)"
        )
    return known[0]
