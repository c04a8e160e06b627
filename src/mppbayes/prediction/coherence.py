"""Coherent scenarios: for each band one set of numbers that add up, with an anchor on the band."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mppbayes import names
from mppbayes.errors import LabelError, ScenarioError, suggest
from mppbayes.network import Network
from mppbayes.prediction.aggregation import aggregated_draws
from mppbayes.prediction.draws import Forecast
from mppbayes.prediction.quantities import Quantity, quantities
from mppbayes.prediction.rounding import apportioned, rounded, wholes
from mppbayes.prediction.scheme import MPP, BandScheme
from mppbayes.prediction.summary import bands
from mppbayes.prediction.weighting import Weighting

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]

FEWEST: Final = 100  # posterior draws that a scenario must rest on, in effect
_FIGURE: Final = ["quantity", "aggregate", "kind", "unit", "period", "band"]
_COLUMNS: Final = [
    *("quantity", "aggregate", "organisation", "block", "kind", "unit"),
    *("period", "moment", "band", "value", "exceedance", "mcse"),
    *("rule", "scope", "basis", "origin", "scenario", "status", "effective"),
]


@dataclass(frozen=True, eq=False, repr=False)
class Coherent:
    """The bands as scenarios, each one set of numbers that add up; made by :func:`coherent`.

    Attributes
    ----------
    anchor : str
        The quantity that lies exactly on each band.
    period : str
        The year of which it does.
    effective : dict of str to float
        Band → the effective number of posterior draws that its scenario is a mean of.
    representative : dict of str to (int, int)
        Band → chain and draw of the one path that lies nearest to the scenario, among those whose
        anchor is near its band.
    status : str
        ``final`` or ``draft``, as the forecast.
    scenario : str
        The name of the policy scenario that was forecast; ``""`` for the policy as it is.
    """

    anchor: str
    period: str
    effective: dict[str, float]
    representative: dict[str, tuple[int, int]]
    status: str
    scenario: str
    _leaves: xr.Dataset
    _table: pd.DataFrame

    @property
    def leaves(self) -> xr.Dataset:
        """Whole numbers, over ``band`` and ``period``: ``flows``, ``stocks``, ``unrecorded``.

        Also ``before``: who was in each stock at the end of the year before, so that stocks are
        this, with what the flows of the year changed and what went unrecorded.
        """
        return self._leaves.copy()

    def to_frame(self) -> pd.DataFrame:
        """Give the long table, one row a figure and band.

        Returns
        -------
        DataFrame
            A copy, with columns

            - ``quantity``, ``aggregate``, ``organisation``, ``block``, ``kind``, ``unit``,
              ``period``, ``moment``, ``band``, ``rule``, ``scope``, ``basis``, ``origin``,
              ``scenario`` and ``status``, as :meth:`Bands.to_frame` explains them;
            - ``value``; ``mcse``, its Monte Carlo standard error; and ``exceedance``: the
              probability that the figure itself is exceeded, which is the band's for the anchor
              alone;
            - ``effective``: that of the band.
        """
        return self._table.copy()

    def __repr__(self) -> str:
        least = min(self.effective.values())
        policy = f"with {self.scenario!r}" if self.scenario else "policy as it is"
        return (
            f"<Coherent scenarios on {self.anchor!r} in {self.period} ({self.status}; {policy}): "
            f"{', '.join(self.effective)}; {least:.0f} effective draws or more>"
        )


def coherent(
    forecast: Forecast,
    scheme: BandScheme = MPP,
    *,
    anchor: str,
    band: str | None = None,
    period: str | None = None,
    by: str | Iterable[str] = ("flow", "stock", "organisation", "block", "sum"),
) -> Coherent:
    """Make one set of numbers that add up for each band.

    Draws are weighted so that the weighted mean of an anchor equals its band. Weighted means keep
    every sum and every stock's identity; flows and stocks are then rounded, so that the members of
    the anchor add up to its band and the parts of every whole to that whole, what goes unrecorded
    is what the rounded ones leave, and totals are taken of rounded ones.

    Parameters
    ----------
    forecast : Forecast
        The draws.
    scheme : BandScheme
        The bands.
    anchor : str
        A flow, a stock, or a declared sum.
    band : str, optional
        The one band that is wanted, as ``medio``; by default each has its scenario.
    period : str, optional
        A calendar year of the forecast, as ``2027``; by default the first one that begins after
        the last figure of the anchor, or of a member of it.
    by : str or iterable of str
        What the table shows, as in :func:`bands`; ``stock`` shows nothing where there are none.

    Returns
    -------
    Coherent
        The scenarios.

    Raises
    ------
    LabelError
        If there is no such anchor, band or year.
    ScenarioError
        If a band's scenario rests on fewer than 100 posterior draws in effect.

    Notes
    -----
    The weight of a draw with anchor a is a normal kernel around the band, on a logarithmic scale
    with a quarter of the anchor's standard deviation, times exp(θ a), where θ makes the weighted
    mean equal the band. The effective number of draws is (Σw)² / Σw², where w is the weight of a
    posterior draw: of all its futures together, since these share what it says of the parameters.
    """
    of_anchor = _quantity(forecast, anchor)
    if band is not None:
        scheme = replace(scheme, bands=(scheme[band],))
    shown = (by,) if isinstance(by, str) else tuple(by)
    shown = tuple(each for each in shown if each != names.STOCK or forecast.network.stocks)
    levels = dict.fromkeys((*shown, of_anchor.aggregate))
    table = bands(forecast, scheme, by=levels, per="year").to_frame()
    draws, years = aggregated_draws(forecast, of_anchor, "year"), _whole_years(forecast)
    known = [year for year in years if year in draws["period"].values]
    period = _period(forecast, of_anchor, known, None if period is None else str(period))
    at = (table["quantity"] == anchor) & (table["aggregate"] == of_anchor.aggregate)
    of_band = table[at & (table["period"] == period)].set_index("band")
    targets, errors = (of_band[column].to_dict() for column in ("value", "mcse"))
    weightings = {
        name: Weighting.on(draws.sel(period=period), targets[name], errors[name])
        for name in scheme.names
    }
    effective = {name: each.effective for name, each in weightings.items()}
    if few := [f"{name}: {n:.0f}" for name, n in effective.items() if n < FEWEST]:
        raise ScenarioError(
            f"scenarios on {anchor!r} in {period} rest on too few posterior draws in effect, "
            f"expected {FEWEST}",
            few,
            "fit with more draws, forecast with more futures of each, or take a band nearer to the "
            "middle",
        )
    yearly = _Yearly.of(forecast, years)
    made = xr.concat(
        [
            yearly.rounded(each.weight, of_anchor, period, targets[name])
            for name, each in weightings.items()
        ],
        pd.Index(scheme.names, name="band"),
    )
    own = pd.concat(
        [_rows(forecast, each, made, weightings) for each in quantities(forecast.network, shown)]
    )
    return Coherent(
        anchor,
        period,
        effective,
        {name: yearly.nearest(each.weight) for name, each in weightings.items()},
        forecast.status,
        forecast.scenario,
        made,
        table.drop(columns=["value", "exceedance", "mcse"])
        .merge(own, on=_FIGURE, validate="one_to_one")
        .assign(effective=lambda rows: rows["band"].map(effective))[_COLUMNS],
    )


@dataclass(frozen=True, eq=False)
class _Yearly:
    """Flows by year, and stocks at the end of the year before and of each: (draw, year, leaf)."""

    network: Network
    years: list[str]
    flows: Floats
    stocks: Floats
    shape: tuple[int, int]

    @classmethod
    def of(cls, forecast: Forecast, years: list[str]) -> "_Yearly":
        """Add up whole years."""
        time = forecast.flows.indexes[names.TIME]
        flows = forecast.flows.transpose(names.CHAIN, names.DRAW, names.TIME, names.FLOW).values
        shape = flows.shape[:2]
        at = [np.flatnonzero(time.year == int(year)) for year in years]
        by_year = np.stack([flows[:, :, i].sum(axis=2) for i in at], axis=2)
        n = shape[0] * shape[1]
        stocks = np.zeros((n, len(years) + 1, 0))
        if forecast.network.stocks:
            levels, unrecorded = (
                array.transpose(names.CHAIN, names.DRAW, names.TIME, names.STOCK).values
                for array in (forecast.stocks, forecast.unrecorded)
            )
            first = at[0][0]
            came = flows[:, :, first] @ _touched(forecast.network) + unrecorded[:, :, first]
            before = levels[:, :, first] - came
            ends = levels[:, :, [i[-1] for i in at]]
            stocks = np.concatenate([before[:, :, None], ends], axis=2).reshape(n, len(at) + 1, -1)
        return cls(
            forecast.network,
            years,
            by_year.reshape(n, len(years), -1).astype(float),
            stocks.astype(float),
            (shape[0], shape[1]),
        )

    def rounded(self, weight: Floats, anchor: Quantity, period: str, target: int) -> xr.Dataset:
        """Round the weighted means so that all that adds up still does."""
        network = self.network
        flows = np.einsum("d,dyf->yf", weight, self.flows)
        stocks = np.einsum("d,dyk->yk", weight, self.stocks)
        order = list(network.stock_names if anchor.of_stocks else network.flow_names)
        members = [order.index(name) for name in anchor.member_names]
        t = self.years.index(period)
        own = stocks[t + 1] if anchor.of_stocks else flows[t]
        fixed = apportioned(own[members], target)
        inside, whole_stocks = wholes(network), np.round(stocks)
        whole_flows = np.stack([rounded(year, inside) for year in flows])
        if anchor.of_stocks:
            whole_stocks[t + 1, members] = fixed
        else:
            whole_flows[t] = rounded(flows[t], inside, dict(zip(members, fixed, strict=True)))
        data = {"flows": (("period", names.FLOW), whole_flows.astype(np.int64))}
        if network.stocks:
            before, ends = whole_stocks[:-1], whole_stocks[1:]
            by_stock = {
                "before": before,
                "stocks": ends,
                "unrecorded": ends - before - whole_flows @ _touched(network),
            }
            data |= {
                name: (("period", names.STOCK), each.astype(np.int64))
                for name, each in by_stock.items()
            }
        return xr.Dataset(
            data,
            coords={
                "period": self.years,
                names.FLOW: np.array(network.flow_names, dtype=np.str_),
                names.STOCK: np.array(network.stock_names, dtype=np.str_),
            },
        )

    def nearest(self, weight: Floats) -> tuple[int, int]:
        """Find the chain and draw nearest to the weighted mean, in standard deviations.

        It is one of the twentieth of the draws that weigh most, whose anchor is near its band.
        """
        leaves = np.concatenate([self.flows, self.stocks[:, 1:]], axis=2)
        mean = np.einsum("d,dyf->yf", weight, leaves)
        spread = np.maximum(leaves.std(axis=0), 1.0)
        away = (((leaves - mean) / spread) ** 2).sum(axis=(1, 2))
        at = int(np.where(weight >= np.quantile(weight, 0.95), away, np.inf).argmin())
        chain, draw = np.unravel_index(at, self.shape)
        return int(chain), int(draw)


def _touched(network: Network) -> Floats:
    """Say what one event of a flow adds to a stock, (flow, stock)."""
    return np.array(
        [
            [
                float(flow.enters == name) - float(flow.leaves == name)
                for name in network.stock_names
            ]
            for flow in network.flows
        ]
    )


def _whole_years(forecast: Forecast) -> list[str]:
    """Give the years of which the forecast holds all periods."""
    year, per_year = forecast.flows.indexes[names.TIME].year, forecast.network.periods_per_year
    return [str(each) for each in sorted(set(year)) if (year == each).sum() == per_year]


def _period(forecast: Forecast, anchor: Quantity, known: list[str], period: str | None) -> str:
    """Give the year asked for, or the first of which no figure tells anything of the anchor."""
    if not known or (period is not None and period not in known):
        raise LabelError(
            f"{anchor.name!r} has no forecast of {f'the year {period!r}' if period else 'a year'}; "
            f"known: {', '.join(known) or 'none, since a year needs all its periods'}"
        )
    if period is not None:
        return period
    figures = forecast.figures
    ends = [*figures.loc[figures["series"].isin([anchor.name, *anchor.member_names]), "end"]]
    if not anchor.of_stocks:
        seen = forecast.observed["value"].sel({names.FLOW: anchor.member_names})
        ends += [*pd.DatetimeIndex(seen.dropna(names.TIME, how="all")[names.TIME].values)]
    last = max((end.year for end in ends), default=0)
    return next((year for year in known if int(year) > last), known[0])


def _quantity(forecast: Forecast, name: str) -> Quantity:
    known = {each.name: each for each in quantities(forecast.network, ("flow", "stock", "sum"))}
    if name not in known:
        raise LabelError(f"there is no flow, stock or sum {name!r}; {suggest(name, known)}")
    return known[name]


def _rows(
    forecast: Forecast, quantity: Quantity, leaves: xr.Dataset, weightings: dict[str, Weighting]
) -> pd.DataFrame:
    """Add up the rounded leaves of a quantity; say how often and how surely each is exceeded."""
    leaf = "stocks" if quantity.of_stocks else "flows"
    dim = names.STOCK if quantity.of_stocks else names.FLOW
    values = leaves[leaf].sel({dim: quantity.member_names}).sum(dim)
    draws = aggregated_draws(forecast, quantity, "year")
    shown = [each for each in draws["period"].values if each in values["period"].values]
    values, draws = values.sel(period=shown), draws.sel(period=shown)
    exceedance = (draws > values).mean((names.CHAIN, names.DRAW))
    errors = np.stack([weightings[band].errors(draws) for band in values["band"].values])
    columns = {"value": values, "exceedance": exceedance, "mcse": (("band", "period"), errors)}
    table = xr.Dataset(columns).to_dataframe().reset_index()
    return table.assign(
        quantity=quantity.name,
        aggregate=quantity.aggregate,
        kind=quantity.kind,
        unit=quantity.unit,
    )[[*_FIGURE, "value", "exceedance", "mcse"]]
