"""Coherent scenarios: for each band one set of numbers that add up, with an anchor on the band."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import brentq

from mppbayes import names
from mppbayes.errors import LabelError, ScenarioError, suggest
from mppbayes.model.structure import Structure
from mppbayes.prediction.aggregation import aggregated_draws
from mppbayes.prediction.draws import Forecast
from mppbayes.prediction.quantities import Quantity, quantities
from mppbayes.prediction.scheme import MPP, BandScheme
from mppbayes.prediction.summary import bands

type Floats = NDArray[np.float64]

FEWEST: Final = 100  # draws that a scenario must rest on, in effect
_COLUMNS: Final = (
    *("quantity", "aggregate", "organisation", "block", "kind", "unit"),
    *("period", "band", "value", "exceedance"),
)
_BANDWIDTH = 0.25  # of the kernel, in standard deviations of the anchor's logarithm


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
        Band → the effective number of draws that its scenario is a mean of.
    representative : dict of str to (int, int)
        Band → chain and draw of the one path that lies nearest to the scenario.
    """

    anchor: str
    period: str
    effective: dict[str, float]
    representative: dict[str, tuple[int, int]]
    _leaves: xr.Dataset
    _table: pd.DataFrame

    @property
    def leaves(self) -> xr.Dataset:
        """Whole numbers, over ``band`` and ``period``: ``flows``, ``stocks``, ``unrecorded``.

        The last is NaN in the first year, at whose beginning the stocks are not in the forecast.
        """
        return self._leaves.copy()

    def to_frame(self) -> pd.DataFrame:
        """Give the long table, one row a figure and band.

        Returns
        -------
        DataFrame
            A copy: ``quantity``, ``aggregate``, ``organisation``, ``block``, ``kind``, ``unit``,
            ``period``, ``band``, ``value`` and ``exceedance``: the probability that the figure
            itself is exceeded, which is the band's for the anchor alone.
        """
        return self._table.copy()

    def __repr__(self) -> str:
        least = min(self.effective.values())
        return (
            f"<Coherent scenarios on {self.anchor!r} in {self.period}: "
            f"{', '.join(self.effective)}; {least:.0f} effective draws or more>"
        )


def coherent(
    forecast: Forecast,
    scheme: BandScheme = MPP,
    *,
    anchor: str,
    period: str,
    by: Iterable[str] = ("flow", "stock", "organisation", "block", "sum"),
) -> Coherent:
    """Make one set of numbers that add up for each band.

    Draws are weighted so that the weighted mean of an anchor equals its band. Weighted means keep
    every sum and every stock's identity; flows and stocks are then rounded, what goes unrecorded
    is what the rounded ones leave, and totals are taken of rounded ones.

    Parameters
    ----------
    forecast : Forecast
        The draws.
    scheme : BandScheme
        The bands.
    anchor : str
        A flow, a stock, or a declared sum.
    period : str
        A calendar year of the forecast, as ``2027``.
    by : iterable of str
        What the table shows, as in :func:`bands`.

    Returns
    -------
    Coherent
        The scenarios.

    Raises
    ------
    LabelError
        If there is no such anchor or year.
    ScenarioError
        If a band's scenario rests on fewer than 100 draws in effect.

    Notes
    -----
    The weight of a draw with anchor a is a normal kernel around the band, on a logarithmic scale
    with a quarter of the anchor's standard deviation, times exp(θ a), where θ makes the weighted
    mean equal the band. The effective number of draws is (Σw)² / Σw².
    """
    of_anchor = _quantity(forecast, anchor)
    draws = aggregated_draws(forecast, of_anchor, "year")
    if period not in draws["period"].values:
        known = ", ".join(map(str, draws["period"].values))
        raise LabelError(f"{anchor!r} has no forecast for {period!r}; known: {known}")
    values = draws.sel(period=period).values.ravel().astype(float)
    summary = bands(forecast, scheme, by=of_anchor.aggregate, per="year").to_frame()
    at = (summary["quantity"] == anchor) & (summary["period"] == period)
    targets = summary[at].set_index("band")["value"]
    weights = np.stack([_weights(values, float(targets[name])) for name in scheme.names])
    effective = dict(zip(scheme.names, 1 / (weights**2).sum(axis=1), strict=True))
    if few := [f"{name}: {n:.0f}" for name, n in effective.items() if n < FEWEST]:
        raise ScenarioError(
            f"scenarios on {anchor!r} in {period} rest on too few draws in effect, "
            f"expected {FEWEST}",
            few,
            "forecast with more futures, or take a band nearer to the middle",
        )
    yearly = _Yearly.of(forecast)
    leaves, representative = {}, {}
    for name, weight in zip(scheme.names, weights, strict=True):
        leaves[name] = yearly.rounded(weight, of_anchor, period, int(targets[name]))
        at_draw = yearly.nearest(weight)
        representative[name] = np.unravel_index(at_draw, yearly.shape)
    made = xr.concat(list(leaves.values()), pd.Index(scheme.names, name="band"))
    table = pd.concat(
        [_rows(forecast, quantity, made) for quantity in quantities(forecast.network, by)]
    ).reset_index(drop=True)
    return Coherent(
        anchor,
        period,
        {name: float(n) for name, n in effective.items()},
        {name: (int(chain), int(draw)) for name, (chain, draw) in representative.items()},
        made,
        table,
    )


@dataclass(frozen=True, eq=False)
class _Yearly:
    """Flows by year, and stocks at its end, as draws: (draw, year, leaf)."""

    structure: Structure
    years: list[str]
    flows: Floats
    stocks: Floats
    shape: tuple[int, int]

    @classmethod
    def of(cls, forecast: Forecast) -> "_Yearly":
        """Take the years of which the forecast holds all periods."""
        time = forecast.flows.indexes[names.TIME]
        per_year = forecast.network.periods_per_year
        whole = [str(y) for y in sorted(set(time.year)) if (time.year == y).sum() == per_year]
        flows = forecast.flows.transpose(names.CHAIN, names.DRAW, names.TIME, names.FLOW).values
        shape = flows.shape[:2]
        at = [np.flatnonzero(time.year == int(year)) for year in whole]
        by_year = np.stack([flows[:, :, i].sum(axis=2) for i in at], axis=2)
        n = shape[0] * shape[1]
        stocks = np.zeros((n, len(whole), 0))
        if forecast.network.stocks:
            levels = forecast.stocks.transpose(names.CHAIN, names.DRAW, names.TIME, names.STOCK)
            stocks = levels.values[:, :, [i[-1] for i in at]].reshape(n, len(whole), -1)
        return cls(
            Structure(forecast.network),
            whole,
            by_year.reshape(n, len(whole), -1).astype(float),
            stocks.astype(float),
            (shape[0], shape[1]),
        )

    def rounded(self, weight: Floats, anchor: Quantity, period: str, target: int) -> xr.Dataset:
        """Round the weighted means so that all that adds up still does."""
        network, structure = self.structure.network, self.structure
        flows = np.einsum("d,dyf->yf", weight, self.flows)
        stocks = np.einsum("d,dyk->yk", weight, self.stocks)
        whole_flows, whole_stocks = np.round(flows), np.round(stocks)
        order = list(network.flow_names if not anchor.of_stocks else network.stock_names)
        members = [order.index(name) for name in anchor.member_names]
        t = self.years.index(period)
        chosen, ideal = (whole_stocks, stocks) if anchor.of_stocks else (whole_flows, flows)
        chosen[t, members] = apportioned(ideal[t, members], target)
        rated = [list(network.flow_names).index(name) for name in structure.names]
        counts, ideal = whole_flows[:, rated], flows[:, rated]
        self._round_parts(counts, ideal, kept=set(anchor.member_names))
        whole_flows = structure.complete(counts)
        data = {"flows": (("period", names.FLOW), whole_flows.astype(np.int64))}
        if network.stocks:
            change = counts @ structure.change
            before = np.vstack([np.full((1, len(network.stocks)), np.nan), whole_stocks[:-1]])
            unrecorded = whole_stocks - before - change
            data |= {
                "stocks": (("period", names.STOCK), whole_stocks.astype(np.int64)),
                "unrecorded": (("period", names.STOCK), unrecorded),
            }
        return xr.Dataset(
            data,
            coords={
                "period": self.years,
                names.FLOW: np.array(network.flow_names, dtype=np.str_),
                names.STOCK: np.array(network.stock_names, dtype=np.str_),
            },
        )

    def _round_parts(self, counts: Floats, ideal: Floats, kept: set[str]) -> None:
        """Round parts within their rounded whole, which they never exceed together."""
        structure = self.structure
        ordered = (structure.flows[s] for tier in structure.tiers for s in tier)
        for whole in dict.fromkeys(flow.part_of for flow in ordered if flow.part_of):
            parts = [s for s, flow in enumerate(structure.flows) if flow.part_of == whole]
            if kept.intersection(structure.names[s] for s in parts):
                continue
            holder = structure.combination(whole)
            for t in range(len(counts)):
                left = max(ideal[t] @ holder - ideal[t, parts].sum(), 0.0)
                shares = np.append(ideal[t, parts], left)
                counts[t, parts] = apportioned(shares, int(counts[t] @ holder))[:-1]

    def nearest(self, weight: Floats) -> int:
        """Find the draw that lies nearest to the weighted mean, in standard deviations."""
        leaves = np.concatenate([self.flows, self.stocks], axis=2)
        mean = np.einsum("d,dyf->yf", weight, leaves)
        spread = np.maximum(leaves.std(axis=0), 1.0)
        return int((((leaves - mean) / spread) ** 2).sum(axis=(1, 2)).argmin())


def apportioned(ideal: Floats, total: int) -> Floats:
    """Round numbers so that they have a given sum: largest remainders first."""
    whole = np.floor(ideal)
    short = total - int(whole.sum())
    rank = np.argsort(np.argsort(-(ideal - whole)))
    each, extra = divmod(short, len(ideal))
    return np.asarray(whole + each + (rank < extra))


def _weights(values: Floats, target: float) -> Floats:
    """Weigh draws so that their mean is the target, those near it most; the sum is 1."""
    log = np.log1p(values)
    width = _BANDWIDTH * max(float(log.std()), 1e-9)
    kernel = -0.5 * ((log - np.log1p(target)) / width) ** 2
    centred = (values - target) / max(float(values.std()), 1e-9)

    def tilted(tilt: float) -> Floats:
        exponent = kernel + tilt * centred
        weight = np.exp(exponent - exponent.max())
        return np.asarray(weight / weight.sum())

    if not values.min() < target < values.max():
        weight = np.where(values == target, 1.0, 0.0)
        return np.asarray(weight / weight.sum())
    tilt = brentq(lambda each: float(tilted(each) @ centred), -50.0, 50.0, xtol=1e-12)
    return tilted(tilt)


def _quantity(forecast: Forecast, name: str) -> Quantity:
    known = {each.name: each for each in quantities(forecast.network, ("flow", "stock", "sum"))}
    if name not in known:
        raise LabelError(f"there is no flow, stock or sum {name!r}; {suggest(name, known)}")
    return known[name]


def _rows(forecast: Forecast, quantity: Quantity, leaves: xr.Dataset) -> pd.DataFrame:
    """Add up the rounded leaves of a quantity, and say how often each figure is exceeded."""
    leaf = "stocks" if quantity.of_stocks else "flows"
    dim = names.STOCK if quantity.of_stocks else names.FLOW
    values = leaves[leaf].sel({dim: quantity.member_names}).sum(dim)
    draws = aggregated_draws(forecast, quantity, "year")
    shown = [each for each in draws["period"].values if each in values["period"].values]
    values, draws = values.sel(period=shown), draws.sel(period=shown)
    exceedance = (draws > values).mean((names.CHAIN, names.DRAW))
    table = xr.Dataset({"value": values, "exceedance": exceedance}).to_dataframe().reset_index()
    return table.assign(
        quantity=quantity.name,
        aggregate=quantity.aggregate,
        organisation=quantity.organisation or "",
        block=pd.array([quantity.block] * len(table), dtype="Int64"),
        kind=quantity.kind,
        unit=quantity.unit,
    )[list(_COLUMNS)]
