"""Whole paths: peaks, first crossings, periods above a threshold, and bands that hold a path.

Pointwise bands say nothing of these: that some month of twelve exceeds its own band is far more
likely than that a given one does.
"""

from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import rankdata

from mppbayes import names
from mppbayes.errors import LabelError, suggest
from mppbayes.prediction.aggregation import (
    PERIOD_FORMATS,
    Per,
    aggregated_draws,
    by_period,
    informed,
)
from mppbayes.prediction.bandtable import rests_on, scope
from mppbayes.prediction.draws import Forecast
from mppbayes.prediction.measures import is_number
from mppbayes.prediction.quantiles import draw_batches, mean_error, seldom_exceeded
from mppbayes.prediction.quantities import Quantity, aggregates, bases, quantities
from mppbayes.prediction.summary import Bands

_DRAWS: Final = (names.CHAIN, names.DRAW)
_ALONG: Final = (*_DRAWS, "period")
_ALL_OF: Final = ("rule", "origin", "scenario", "status")  # the rows of a table of bands
SAID: Final = ("unit", "origin", "scenario", "status")


def paths(
    forecast: Forecast, quantity: str, *, per: Per = "period", observed: bool = False
) -> xr.DataArray:
    """Give the draws of a quantity as whole paths over the periods that were not observed.

    Parameters
    ----------
    forecast : Forecast
        The draws.
    quantity : str
        A flow, a stock, a declared sum, or a group that is one quantity, as ``organisation=COA``.
    per : {"period", "year"}
        The steps of the path.
    observed : bool
        Whether to begin with the periods of the forecast that were observed, which are the same in
        every draw: for the peak of a running year, and for ratios of quantities that were not
        observed equally long, since only periods that both have are divided.

    Returns
    -------
    DataArray of int64, (chain, draw, period)
        As :meth:`Bands.draws`; ``period`` also carries ``basis``, the attributes are ``unit``,
        ``scope`` (as in the table of bands), ``origin``, ``scenario`` and ``status``, which stand
        in every table made of it.

    Raises
    ------
    LabelError
        If there is no such quantity, it stands for several, or there are no such steps.

    Notes
    -----
    A ratio of two paths has another unit: say so, as in ``ratio.assign_attrs(unit="share")``, for
    the unit stands in every table made of it.
    """
    if per not in ("period", "year"):
        raise LabelError(f"there are no steps of {per!r}; {suggest(per, ('period', 'year'))}")
    of = _quantity(forecast, quantity)
    draws = aggregated_draws(forecast, of, per, observed=observed)
    basis = rests_on(draws, of, bases(forecast.network, informed(forecast)))
    return draws.assign_coords(basis=("period", basis)).assign_attrs(
        unit=of.unit,
        scope=scope(draws, of),
        origin=forecast.origin.strftime(PERIOD_FORMATS[forecast.network.period]),
        scenario=forecast.scenario,
        status=forecast.status,
    )


def require_path(path: xr.DataArray) -> xr.DataArray:
    """Give a path with its draws first; refuse one without periods or with what is no number.

    Raises
    ------
    LabelError
        If it is none.
    """
    faults = [f"the dimension {dim!r} is missing" for dim in _ALONG if dim not in path.dims]
    if not faults and not path.sizes["period"]:
        faults.append("it has no period; is the window outside of the forecast?")
    if not faults and (bad := int((~np.isfinite(path)).sum())):
        faults.append(f"{bad} of {path.size} values are no finite numbers; was it divided by 0?")
    if faults:
        raise LabelError(f"this is no path of a forecast, as paths gives: {'; '.join(faults)}")
    return path.transpose(*_ALONG)


def _above(path: xr.DataArray, threshold: float) -> xr.DataArray:
    """Say where a path is above a threshold; refuse what is no path and no number."""
    if not is_number(threshold):
        raise LabelError(f"the threshold is {threshold!r}; give a number")
    return require_path(path) > threshold


def standing(path: xr.DataArray) -> dict[str, Any]:
    """Give the columns that stand in every table of a path, as far as it carries them."""
    basis = {"basis": path["basis"].values} if "basis" in path.coords else {}
    return basis | {key: path.attrs[key] for key in SAID if key in path.attrs}


def chance_errors(events: xr.DataArray) -> NDArray[np.float64]:
    """Give the Monte Carlo standard errors of the chances of events, (chain, draw, period)."""
    laid = events.transpose("period", *_DRAWS)
    return mean_error(laid.values.astype(float), _batches(events))


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
        ``value`` and ``period``, (chain, draw); ``period`` is text. The value carries what the
        path does, and the ``scope`` ``peak``.

    Raises
    ------
    LabelError
        If it is no path: without periods, or with what is no number.
    """
    path = require_path(path)
    at = path.argmax("period")
    return xr.Dataset(
        {
            "value": path.max("period", keep_attrs=True).assign_attrs(scope="peak"),
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
        doing so for the first time; ``ever``, of having done so by then, with its Monte Carlo
        standard error ``mcse``; and what stands with every figure of the path. The last row's
        ``ever`` is the chance that it is ever passed.

    Raises
    ------
    LabelError
        If it is no path, or the threshold no number.
    """
    above = _above(path, threshold)
    so_far = above.cumsum("period") > 0
    first = so_far.astype(int).diff("period", label="upper") > 0
    ever = so_far.mean(_DRAWS).values
    return pd.DataFrame(
        {
            "period": path["period"].values,
            "above": above.mean(_DRAWS).values,
            "first": np.append(ever[0], first.mean(_DRAWS).values),
            "ever": ever,
            "mcse": chance_errors(so_far),
            "scope": "path",
            **standing(path),
        }
    )


def periods_above(path: xr.DataArray, threshold: float) -> xr.DataArray:
    """Count the periods in which a path is above a threshold, (chain, draw).

    Raises
    ------
    LabelError
        If it is no path, or the threshold no number.
    """
    said = {key: value for key, value in path.attrs.items() if key in SAID}
    counted = _above(path, threshold).sum("period").drop_attrs()
    return counted.assign_attrs(said | {"unit": "periods", "scope": "path"})


def exceeded_anywhere(bands: Bands) -> pd.DataFrame:
    """Say how likely each band is exceeded in at least one of its periods.

    That one of five years exceeds its own maximum is likelier than that a given one does.

    Parameters
    ----------
    bands : Bands
        Of several periods.

    Returns
    -------
    DataFrame
        One row a quantity and band: what identifies it in the table of bands; ``periods``, the
        first and the last; ``exceedance``, that of each period alone; ``probability``, that it
        is exceeded in one or more, with its Monte Carlo standard error ``mcse``; ``scope`` is
        ``path``; ``rule``, ``origin``, ``scenario``, ``status``.
    """
    rows = []
    for quantity in bands.quantities:
        where = {"quantity": quantity.name, "kind": quantity.kind, "unit": quantity.unit}
        draws = bands.draws(**where)
        for band, own in bands.select(**where).to_frame().groupby("band", sort=False):
            limit = xr.DataArray(own["value"].to_numpy(), dims="period")
            chosen = draws.sel(period=own["period"].to_numpy())
            above = chosen > limit if set(own["rule"]) == {">"} else chosen >= limit
            somewhere = above.any("period").expand_dims("period")
            rows.append(
                {
                    **where,
                    "aggregate": quantity.aggregate,
                    "periods": f"{own['period'].iloc[0]}/{own['period'].iloc[-1]}",
                    "band": band,
                    "exceedance": own["exceedance"].iloc[0],
                    "probability": float(somewhere.mean()),
                    "mcse": chance_errors(somewhere)[0],
                    "scope": "path",
                    **{column: own[column].iloc[0] for column in _ALL_OF},
                }
            )
    return pd.DataFrame(rows)


def simultaneous(path: xr.DataArray, exceedance: float, *, below: bool = False) -> pd.DataFrame:
    """Give a band that whole paths exceed anywhere with a stated probability.

    Parameters
    ----------
    path : (chain, draw, period)
        As :func:`paths` gives.
    exceedance : float
        The probability that a path is above the band in one period or more.
    below : bool
        Whether it is the probability that it is below the band instead.

    Returns
    -------
    DataFrame
        One row a period: ``value``, the band, with its Monte Carlo standard error ``mcse``, NaN
        for a single posterior draw;
        ``pointwise``, the band that this period alone exceeds with that probability;
        ``exceedance`` as asked, ``achieved`` as the draws have it, and ``anywhere``, the
        probability that a path exceeds the pointwise band somewhere; ``below``, whether
        all these are of being below it; ``scope`` is ``simultaneous``; and what stands with every
        figure of the path.

    Raises
    ------
    LabelError
        If it is no path, or the probability is not between 0 and 1.

    Notes
    -----
    The band is a pointwise quantile at one level for all periods: the lowest at which no more
    than the stated share of the paths is above it anywhere. A path's own level is its largest
    rank over the periods (Besag et al., 1995, Statistical Science 10(1), for the idea). The error
    is the jackknife's that leaves out a twentieth of the posterior draws at a time, with all
    their futures (Shao & Wu, 1989, Annals of Statistics 17(3)).
    """
    if not 0 < exceedance < 1:
        raise LabelError(f"the probability is {exceedance!r}; give a number between 0 and 1")
    path = require_path(path)
    if below:
        turned = simultaneous(-path, exceedance)
        opposite = {name: -turned[name] for name in ("value", "pointwise")}
        return turned.assign(**opposite, below=True, **standing(path))
    draws = by_period(path)
    value = _seldom_anywhere(draws, exceedance)
    pointwise = seldom_exceeded(np.sort(draws, axis=1), exceedance)[:, 0]
    batch = np.tile(_batches(path), path.sizes[names.CHAIN])
    kept = [batch != each for each in np.unique(batch)]
    without = [_seldom_anywhere(draws[:, each], exceedance) for each in kept if each.any()]

    def somewhere(band: NDArray[Any]) -> float:
        return float((draws > band[:, None]).any(axis=0).mean())

    return pd.DataFrame(
        {
            "period": path["period"].values,
            "value": value,
            "mcse": np.std(without, axis=0) * np.sqrt(len(without) - 1) if without else np.nan,
            "pointwise": pointwise,
            "exceedance": exceedance,
            "achieved": somewhere(value),
            "anywhere": somewhere(pointwise),
            "below": False,
            "scope": "simultaneous",
            **standing(path),
        }
    )


def _batches(path: xr.DataArray) -> NDArray[np.int64]:
    """Give the batch of every draw of a chain."""
    own = np.arange(path.sizes[names.DRAW])
    return draw_batches(path["posterior_draw"].values if "posterior_draw" in path.coords else own)


def _seldom_anywhere(draws: NDArray[Any], exceedance: float) -> NDArray[Any]:
    """Give the band that paths, (period, draw), exceed anywhere with at most the probability."""
    ordered = np.sort(draws, axis=1)
    rank = rankdata(draws, "min", axis=1).astype(np.int64) - 1
    level = seldom_exceeded(np.sort(rank.max(axis=0))[np.newaxis], exceedance)
    return ordered[:, int(level[0, 0])]


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
