"""Aggregated draws: sums over flows and over periods, taken within every draw."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from mppbayes import names
from mppbayes.errors import LabelError
from mppbayes.network import Network
from mppbayes.prediction.draws import Forecast
from mppbayes.prediction.quantities import Quantity

type Per = Literal["period", "year", "horizon"]

PERS: Final[tuple[Per, ...]] = ("period", "year", "horizon")
PERIOD_FORMATS: Final = {"month": "%Y-%m", "quarter": "%Y-Q%q", "year": "%Y"}


def aggregated_draws(forecast: Forecast, quantity: Quantity, per: Per) -> xr.DataArray:
    """Add up the flows of a quantity over the windows of time that are not wholly observed.

    Parameters
    ----------
    forecast : Forecast
        The draws of each flow; an observed cell holds the observation in every draw.
    quantity : Quantity
        The flows.
    per : {"period", "year", "horizon"}
        The windows: each period; each calendar year of which the forecast holds all periods; all
        periods after the origin together.

    Returns
    -------
    DataArray of int64, (chain, draw, period)
        With the coordinates of ``draw``; over ``period`` its first day, ``start``, and
        ``n_observed``: in how many of its ``n_periods`` periods all of the flows were observed.
    """
    flows = forecast.flows
    windows = _windows(forecast, flows, per)
    member = flows[names.FLOW].isin(quantity.flow_names).values
    total = windows.total(flows.values @ member.astype(np.int64))
    observed = windows.total(forecast.is_observed.values[:, member].all(axis=-1))
    unseen = observed < windows.length
    along_draws = (names.CHAIN, names.DRAW, "posterior_draw", "future")
    return xr.DataArray(
        total[..., unseen],
        dims=(names.CHAIN, names.DRAW, "period"),
        coords={
            **{name: flows.coords[name].variable for name in along_draws},
            **windows.coordinates(unseen),
            "n_observed": ("period", observed[unseen]),
            "n_periods": windows.length,
        },
        name=quantity.name,
    )


def aggregated_history(forecast: Forecast, quantity: Quantity, per: Per) -> xr.DataArray:
    """Add up the evidence of a quantity over the windows of time that are wholly observed.

    Parameters
    ----------
    forecast : Forecast
        A forecast, which carries the evidence.
    quantity : Quantity
        The flows.
    per : {"period", "year", "horizon"}
        The windows, as in :func:`aggregated_draws`; a horizon has no history.

    Returns
    -------
    DataArray of int64, (period)
        With the coordinate ``start``.
    """
    evidence = forecast.observed["value"]
    windows = _windows(forecast, evidence, per)
    total = windows.total(evidence.sel(flow=quantity.flow_names).values.sum(axis=-1))
    whole = np.isfinite(total)
    return xr.DataArray(
        total[whole].astype(np.int64),
        dims="period",
        coords=windows.coordinates(whole),
        name=quantity.name,
    )


def check_alignment(forecast: Forecast) -> None:
    """Check that the arrays of a forecast have the flows of its network and whole time axes.

    Parameters
    ----------
    forecast : Forecast
        The draws and the evidence.

    Raises
    ------
    LabelError
        With every fault.
    """
    arrays = {"the draws": forecast.flows, "the evidence": forecast.observed["value"]}
    faults = [
        f"{what} {fault}"
        for what, array in arrays.items()
        for fault in _misaligned(array, forecast.network)
    ]
    if faults:
        raise LabelError(f"the forecast contradicts its network: {'; '.join(faults)}")


@dataclass(frozen=True, eq=False)
class _Windows:
    """Consecutive windows of equal length on a time axis: their texts and first days."""

    first: int
    length: int
    texts: npt.NDArray[np.str_]
    starts: npt.NDArray[np.datetime64]

    def total(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Add up over the periods of each window; time is the last axis."""
        shape = (*values.shape[:-1], len(self.texts), self.length)
        after = self.first + len(self.texts) * self.length
        return values[..., self.first : after].reshape(shape).sum(axis=-1)

    def coordinates(self, kept: npt.NDArray[np.bool_]) -> dict[str, Any]:
        """Give the coordinates of the windows that are kept."""
        return {"period": self.texts[kept], "start": ("period", self.starts[kept])}


def _windows(forecast: Forecast, array: xr.DataArray, per: Per) -> _Windows:
    network, periods = forecast.network, _periods(array, forecast.network)
    texts = periods.strftime(PERIOD_FORMATS[network.period]).to_numpy(dtype=np.str_)
    match per:
        case "period":
            first, length = 0, 1
        case "year":
            length = network.periods_per_year
            years, at, sizes = np.unique(periods.year, return_index=True, return_counts=True)
            first = int(at[sizes == length].min(initial=len(periods)))
            texts = years[sizes == length].astype(np.str_)
        case "horizon":
            first = int((periods <= forecast.origin).sum())
            length = max(len(periods) - first, 1)
            ahead = texts[first:]
            texts = np.array([f"{ahead[0]}/{ahead[-1]}"] if len(ahead) else [], dtype=np.str_)
    starts = array[names.TIME].values[first::length][: len(texts)]
    return _Windows(first, length, texts, starts)


def _periods(array: xr.DataArray, network: Network) -> pd.PeriodIndex:
    return pd.DatetimeIndex(array.indexes[names.TIME]).to_period(network.frequency)


def _misaligned(array: xr.DataArray, network: Network) -> Iterator[str]:
    found, expected = Counter(array.indexes[names.FLOW]), Counter(network.flow_names)
    if missing := expected - found:
        yield f"lack {', '.join(missing)}"
    if strange := found - expected:
        yield f"hold {', '.join(strange)}, which the network doesn't declare, or not so often"
    periods = _periods(array, network)
    if not pd.period_range(periods.min(), periods.max()).equals(periods):
        yield "have periods that do not follow one another; give each period once, in order"
