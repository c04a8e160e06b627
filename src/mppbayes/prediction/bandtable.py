"""The table of bands: one row a figure, each with its probability."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from mppbayes import names
from mppbayes.errors import LabelError
from mppbayes.network import Network
from mppbayes.prediction.aggregation import (
    PERIOD_FORMATS,
    Per,
    aggregated_draws,
    informed,
    last_seen,
)
from mppbayes.prediction.draws import Forecast
from mppbayes.prediction.quantiles import (
    ExceedanceQuantiles,
    Rule,
    draw_batches,
    exceedance_quantiles,
)
from mppbayes.prediction.quantities import BASES, GIVEN, Quantity, bases
from mppbayes.prediction.scheme import BandScheme

COLUMNS: Final = (
    "quantity",
    "aggregate",
    "organisation",
    "block",
    "kind",
    "labels",
    "unit",
    "period",
    "moment",
    "band",
    "exceedance",
    "achieved",
    "value",
    "mcse",
    "rule",
    "scope",
    "basis",
    "last_observed",
    "n_observed",
    "origin",
    "scenario",
    "status",
)


def band_table(
    forecast: Forecast, scheme: BandScheme, quantities: Iterable[Quantity], *, per: Per, rule: Rule
) -> pd.DataFrame:
    """Summarise quantities of a forecast, one row a quantity, period and band.

    Parameters
    ----------
    forecast : Forecast
        The draws.
    scheme : BandScheme
        The bands and their probabilities.
    quantities : iterable of Quantity
        What to summarise.
    per : {"period", "year", "horizon"}
        Over what time to add the draws up.
    rule : {">", ">="}
        What exceeding means.

    Returns
    -------
    DataFrame
        ``COLUMNS``, as :meth:`Bands.to_frame` explains them; without rows for what was wholly
        observed.

    Raises
    ------
    LabelError
        If that leaves nothing.
    """
    last = last_seen(forecast)
    basis = bases(forecast.network, informed(forecast))
    tables = []
    for quantity in quantities:
        draws = aggregated_draws(forecast, quantity, per)
        if draws.sizes["period"]:
            columns = {
                **_identity(quantity),
                **_figures(draws, scheme, rule),
                "scope": scope(draws, quantity),
                "basis": np.repeat(rests_on(draws, quantity, basis), len(scheme)),
                "last_observed": _last_observed(quantity, last, forecast.network),
            }
            tables.append(pd.DataFrame(columns))
    if not tables:
        raise LabelError(
            f"there is nothing to summarise per {per} in {forecast!r}: a year needs all its "
            f"periods, a horizon periods after {forecast.origin}, by='sum' a declared sum"
        )
    return (
        pd.concat(tables, ignore_index=True)
        .assign(
            rule=rule,
            origin=forecast.origin.strftime(PERIOD_FORMATS[forecast.network.period]),
            scenario=forecast.scenario,
            status=forecast.status,
        )
        .astype({"block": "Int64"})[list(COLUMNS)]
    )


def _identity(quantity: Quantity) -> dict[str, Any]:
    return {
        "quantity": quantity.name,
        "aggregate": quantity.aggregate,
        "organisation": quantity.organisation or "",
        "block": pd.NA if quantity.block is None else quantity.block,
        "kind": quantity.kind,
        "labels": json.dumps(quantity.labels, ensure_ascii=False),
        "unit": quantity.unit,
    }


def _figures(draws: xr.DataArray, scheme: BandScheme, rule: Rule) -> dict[str, Any]:
    figures = exceedance_quantiles(
        draws.transpose("period", names.CHAIN, names.DRAW).values,
        scheme.exceedances,
        rule=rule,
        batches=draw_batches(draws["posterior_draw"].values),
    )
    n_bands = len(scheme)
    return {
        "period": np.repeat(draws["period"].values, n_bands),
        "moment": np.repeat(_moments(draws), n_bands),
        **figure_columns(figures, scheme),
        "n_observed": np.repeat(draws["n_observed"].values, n_bands),
    }


def figure_columns(figures: ExceedanceQuantiles, scheme: BandScheme) -> dict[str, Any]:
    """Lay out the bands of cells, a row a cell and band."""
    n_cells = len(figures.value)
    return {
        "band": np.tile(scheme.names, n_cells),
        "exceedance": np.tile(scheme.exceedances, n_cells),
        **{column: array.ravel() for column, array in figures._asdict().items()},
    }


def scope(draws: xr.DataArray, quantity: Quantity) -> str:
    """Say whether figures are of one flow or stock in one period, or added up."""
    is_one = len(quantity.members) == 1 and int(draws["n_periods"]) == 1
    return "pointwise" if is_one else "sum"


def rests_on(
    draws: xr.DataArray, quantity: Quantity, basis: Mapping[str, str]
) -> npt.NDArray[np.str_]:
    """Say of every period what a figure rests on.

    It is ``given`` where a future in it was, and where it follows from one; but what rests on
    the prior alone does so whatever it follows from.

    Parameters
    ----------
    draws : (chain, draw, period)
        As :func:`aggregated_draws` gives.
    quantity : Quantity
        Of which they are.
    basis : mapping of str to str
        What each flow and stock rests on, as :func:`bases` gives.
    """
    weakest = min((basis[each] for each in quantity.member_names), key=BASES.index)
    given = draws["is_given"].values
    if weakest != BASES[0]:
        given = given | draws["follows_given"].values
    return np.where(given, GIVEN, weakest).astype(np.str_)


def _last_observed(quantity: Quantity, last: Mapping[str, pd.Period], network: Network) -> str:
    """Give the last period by which all flows or stocks had a figure, of a stock also of a sum."""
    found = []
    for name in quantity.member_names:
        sums = [each for each in network.sum_names if name in network.members(each)]
        telling = [name, *sums] if name in network.stock_names else [name]
        found.append(max((last[each] for each in telling if each in last), default=None))
    known = [each for each in found if each is not None]
    if len(known) < len(found):
        return ""
    return min(known).strftime(PERIOD_FORMATS[network.period])


def _moments(draws: xr.DataArray) -> npt.NDArray[np.str_]:
    if "moment" not in draws.coords:
        return np.full(draws.sizes["period"], "")
    return np.datetime_as_string(draws["moment"].values, unit="D")
