"""Aggregated draws: sums over flows and periods, and levels of stocks, within every draw."""

from collections import Counter
from collections.abc import Iterable, Iterator
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


def aggregated_draws(
    forecast: Forecast, quantity: Quantity, per: Per, *, observed: bool = False
) -> xr.DataArray:
    """Aggregate the draws of a quantity over the windows of time that are not wholly observed.

    Parameters
    ----------
    forecast : Forecast
        The draws of each flow and stock; an observed cell holds the observation in every draw.
    quantity : Quantity
        The flows, which are added up over a window; or the stocks, whose levels at its end are.
    per : {"period", "year", "horizon"}
        The windows: each period; each calendar year of which the forecast holds all periods, or,
        for stocks, the last; all periods after the origin together.
    observed : bool
        Whether to give those of the forecast that were wholly observed, too.

    Returns
    -------
    DataArray of int64, (chain, draw, period)
        With the coordinates of ``draw``; over ``period`` its first day, ``start``,
        ``is_given``: whether the future of one of the flows was given in one of its periods,
        ``follows_given``: whether one of the flows or stocks follows from what was given, and
        ``n_observed``: in how many of its ``n_periods`` periods all of the flows were observed,
        be it by a figure over several periods that all lie in the window. Of stocks
        ``n_periods`` is 1, the last; over ``period`` also its last day, ``moment``.
    """
    array, dim = (
        (forecast.stocks, names.STOCK) if quantity.of_stocks else (forecast.flows, names.FLOW)
    )
    windows = _windows(forecast, array, per, of_levels=quantity.of_stocks)
    member = array[dim].isin(quantity.member_names).values
    total = windows.figures(array.values @ member.astype(np.int64))
    if quantity.of_stocks:
        seen = np.isfinite(_observed_level(forecast, quantity, windows.periods))
    else:
        longer = _longer_figures(forecast, array[dim].values[member], windows)
        seen = (forecast.is_observed.values[:, member] | np.isfinite(longer)).all(axis=-1)
    follows = forecast.follows_given[quantity.of_stocks][:, member].any(axis=-1)
    given = np.zeros_like(follows)
    if not quantity.of_stocks:
        given = forecast.is_given.values[:, member].any(axis=-1)
    n_observed = windows.figures(seen.astype(np.int64))
    shown = (n_observed < windows.n_periods) | observed
    along_draws = (names.CHAIN, names.DRAW, "posterior_draw", "future")
    return xr.DataArray(
        total[..., shown],
        dims=(names.CHAIN, names.DRAW, "period"),
        coords={
            **{name: array.coords[name].variable for name in along_draws},
            **windows.coordinates(shown),
            "n_observed": ("period", n_observed[shown]),
            "is_given": ("period", windows.figures(given.astype(np.int64))[shown] > 0),
            "follows_given": ("period", windows.figures(follows.astype(np.int64))[shown] > 0),
            "n_periods": windows.n_periods,
        },
        name=quantity.name,
    )


def by_period(draws: xr.DataArray) -> npt.NDArray[np.int64]:
    """Lay aggregated draws out as (period, draw)."""
    laid: npt.NDArray[np.int64] = draws.transpose("period", names.CHAIN, names.DRAW).values
    return laid.reshape(draws.sizes["period"], -1)


def aggregated_history(forecast: Forecast, quantity: Quantity, per: Per) -> xr.DataArray:
    """Aggregate the evidence of a quantity over the windows of time that are wholly observed.

    Parameters
    ----------
    forecast : Forecast
        A forecast, which carries the evidence.
    quantity : Quantity
        The flows or stocks.
    per : {"period", "year", "horizon"}
        The windows, as in :func:`aggregated_draws`; a horizon has no history.

    Returns
    -------
    DataArray of int64, (period)
        With the coordinate ``start``; of stocks also ``moment``.
    """
    evidence = forecast.observed["value"]
    windows = _windows(forecast, evidence, per, of_levels=quantity.of_stocks)
    if quantity.of_stocks:
        values = _observed_level(forecast, quantity, windows.periods)
    else:
        single = evidence.sel(flow=quantity.member_names).values
        longer = _longer_figures(forecast, quantity.member_names, windows)
        values = np.where(np.isfinite(single), single, longer).sum(axis=-1)
    total = windows.figures(values)
    whole = np.isfinite(total)
    return xr.DataArray(
        total[whole].round().astype(np.int64),
        dims="period",
        coords=windows.coordinates(whole),
        name=quantity.name,
    )


def last_seen(forecast: Forecast) -> dict[str, pd.Period]:
    """Give the last period with a figure of each flow, stock and sum that has any, of any span."""
    evidence, network = forecast.observed["value"], forecast.network
    periods = _periods(evidence, network)
    seen = evidence.notnull().transpose(names.TIME, names.FLOW)
    found = {
        str(name): periods[column][-1]
        for name, column in zip(seen[names.FLOW].values, seen.values.T, strict=True)
        if column.any()
    }
    ends = forecast.figures.groupby("series")["end"].max()
    for name, end in ends.dt.to_period(network.frequency).items() if len(ends) else ():
        found[str(name)] = max(end, found.get(str(name), end))
    return found


def informed(forecast: Forecast) -> set[str]:
    """Name the flows, stocks and sums with figures that the model could learn from."""
    return last_seen(forecast).keys() - set(forecast.untold)


def check_alignment(forecast: Forecast) -> None:
    """Check that a forecast has the flows and stocks of its network, and whole time axes.

    Parameters
    ----------
    forecast : Forecast
        The draws and the evidence.

    Raises
    ------
    LabelError
        With every fault.
    """
    network = forecast.network
    flows, evidence = forecast.flows, forecast.observed["value"]
    drawn = forecast.tree[names.PREDICTIONS].to_dataset().indexes
    checks = {
        "the draws": [
            *_misnamed(flows.indexes[names.FLOW], network.flow_names),
            *_misplaced(flows, network),
        ],
        "the evidence": [
            *_misnamed(evidence.indexes[names.FLOW], network.flow_names),
            *_misplaced(evidence, network),
        ],
        "the draws of stocks": _misnamed(drawn.get(names.STOCK, ()), network.stock_names),
    }
    faults = [f"{what} {fault}" for what, found in checks.items() for fault in found]
    if faults:
        raise LabelError(f"the forecast contradicts its network: {'; '.join(faults)}")


@dataclass(frozen=True, eq=False)
class _Windows:
    """Consecutive windows of equal length on a time axis.

    Attributes
    ----------
    periods : PeriodIndex
        The axis.
    first : int
        Where the first window begins; before the axis if negative, which only levels allow.
    length : int
        The periods of a window.
    begins, ends : PeriodIndex, (window)
        The first and the last period of each.
    texts : array of str, (window)
        What each is called.
    of_levels : bool
        Whether a window's figure is the level at its end, instead of a sum over its periods.
    """

    periods: pd.PeriodIndex
    first: int
    length: int
    begins: pd.PeriodIndex
    ends: pd.PeriodIndex
    texts: npt.NDArray[np.str_]
    of_levels: bool

    @property
    def n_periods(self) -> int:
        """How many periods make a window's figure."""
        return 1 if self.of_levels else self.length

    def figures(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Give the figure of each window; time is the last axis."""
        if self.of_levels:
            return values[..., self.first + self.length - 1 :: self.length]
        shape = (*values.shape[:-1], len(self.texts), self.length)
        after = self.first + len(self.texts) * self.length
        return values[..., self.first : after].reshape(shape).sum(axis=-1)

    def at(self, position: int) -> int:
        """Give the window that a position on the axis lies in."""
        return (position - self.first) // self.length

    def coordinates(self, kept: npt.NDArray[np.bool_]) -> dict[str, Any]:
        """Give the coordinates of the windows that are kept."""
        found: dict[str, Any] = {
            "period": self.texts[kept],
            "start": ("period", _days(self.begins[kept].start_time)),
        }
        if self.of_levels:
            found["moment"] = ("period", _days(self.ends[kept].end_time))
        return found


def _windows(forecast: Forecast, array: xr.DataArray, per: Per, *, of_levels: bool) -> _Windows:
    network, periods = forecast.network, _periods(array, forecast.network)
    match per:
        case "period":
            first, length = 0, 1
        case "year":
            length = network.periods_per_year
            january = -((periods[0].month - 1) * length // 12)
            first = january if of_levels else january % length
        case "horizon":
            first = int((periods <= forecast.origin).sum())
            length = max(len(periods) - first, 1)
    axis = pd.period_range(periods[0] + first, periods[-1])
    ends = axis[length - 1 :: length]
    begins = axis[::length][: len(ends)]
    texts = begins.strftime("%Y" if per == "year" else PERIOD_FORMATS[network.period])
    if per == "horizon":
        texts = texts + "/" + ends.strftime(PERIOD_FORMATS[network.period])
    return _Windows(periods, first, length, begins, ends, texts.to_numpy(dtype=np.str_), of_levels)


def _longer_figures(
    forecast: Forecast, flows: Iterable[str], windows: _Windows
) -> npt.NDArray[np.float64]:
    """Spread figures of flows over several periods evenly over these, where one window holds them.

    Returns
    -------
    (time, flow)
        NaN where there is no such figure.
    """
    figures, periods, columns = forecast.figures, windows.periods, list(flows)
    longer = figures[(figures["n_periods"] > 1) & figures["series"].isin(columns)]
    edges = (
        periods.get_indexer(pd.PeriodIndex(longer[edge], freq=periods.freq)).tolist()
        for edge in ("start", "end")
    )
    spread = np.full((len(periods), len(columns)), np.nan)
    for series, value, first, last in zip(longer["series"], longer["value"], *edges, strict=True):
        if 0 <= first <= last and windows.at(first) == windows.at(last):
            spread[first : last + 1, columns.index(series)] = value / (last + 1 - first)
    return spread


def _observed_level(
    forecast: Forecast, quantity: Quantity, periods: pd.PeriodIndex
) -> npt.NDArray[np.float64]:
    """Give the levels of stocks that the figures tell at the ends of periods; else NaN.

    A sum's level is its own figure, else the sum of its members'; a member's is its own, else
    what the others leave of the sum.
    """
    network, figures = forecast.network, forecast.figures
    stocks, of_stocks = list(network.stock_names), network.stock_series
    sums = [name for name in network.sum_names if name in of_stocks]
    own = (
        figures[figures["series"].isin(of_stocks)]
        .assign(end=lambda rows: pd.PeriodIndex(rows["end"], freq=periods.freq))
        .pivot(index="end", columns="series", values="value")
        .reindex(index=periods, columns=[*stocks, *sums])
        .astype(float)
    )
    known = own.copy()
    for total in sums:
        members = list(network.members(total))
        known[total] = own[total].fillna(own[members].sum(axis=1, skipna=False))
        for stock in members:
            others = [name for name in members if name != stock]
            rest = own[total] - own[others].sum(axis=1, skipna=False)
            known[stock] = known[stock].fillna(rest.where(rest > 0))
    return known[quantity.name].to_numpy()


def _periods(array: xr.DataArray, network: Network) -> pd.PeriodIndex:
    return pd.DatetimeIndex(array.indexes[names.TIME]).to_period(network.frequency)


def _days(moments: pd.DatetimeIndex) -> npt.NDArray[np.datetime64]:
    return moments.normalize().to_numpy("datetime64[ns]")


def _misnamed(labels: Iterable[Any], declared: Iterable[str]) -> Iterator[str]:
    found, expected = Counter(labels), Counter(declared)
    if missing := expected - found:
        yield f"lack {', '.join(missing)}"
    if strange := found - expected:
        yield f"hold {', '.join(strange)}, which the network doesn't declare, or not so often"


def _misplaced(array: xr.DataArray, network: Network) -> Iterator[str]:
    periods = _periods(array, network)
    if not pd.period_range(periods.min(), periods.max()).equals(periods):
        yield "have periods that do not follow one another; give each period once, in order"
