"""A scenario against the baseline: differences draw by draw, and what each measure does."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mppbayes import names
from mppbayes.errors import ScenarioError
from mppbayes.inference import Fit
from mppbayes.prediction.aggregation import Per
from mppbayes.prediction.draws import Forecast
from mppbayes.prediction.given import GivenFuture
from mppbayes.prediction.measures import Scenario, require_on_flows
from mppbayes.prediction.quantiles import Rule, draw_batches, mean_error
from mppbayes.prediction.scheme import MPP, BandScheme
from mppbayes.prediction.simulation import forecast
from mppbayes.prediction.summary import Bands, bands

CENTRAL: Final = 0.9  # of the differences lies between ``lower`` and ``upper``

_FIGURE = ["quantity", "aggregate", "kind", "unit", "period"]
_SAID = [
    *("organisation", "block", "labels", "moment", "rule", "scope", "basis", "origin", "status"),
]


@dataclass(frozen=True, eq=False, repr=False)
class Contrast:
    """What a scenario changes; made by :func:`contrast`.

    Attributes
    ----------
    baseline, scenario : Bands
        The two forecasts in bands, which never share a column.
    """

    baseline: Bands
    scenario: Bands
    _table: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Give the long table, one row a figure and band.

        Returns
        -------
        DataFrame
            A copy: what identifies a figure in the table of bands and stands with it, ``band``,
            ``exceedance``; then ``baseline`` and ``scenario``, the band under each, with the Monte
            Carlo errors ``baseline_mcse`` and ``scenario_mcse``; ``difference``, the mean of
            scenario minus baseline over paired draws, with its error ``mcse``; ``lower`` and
            ``upper``, between which the central 90 % of the differences lie; ``name``, the
            scenario's. The difference of two bands is not the band of the difference.
        """
        return self._table.copy()

    @property
    def status(self) -> str:
        """``draft`` if either forecast is one, else ``final``."""
        both = (self.baseline.status, self.scenario.status)
        return names.DRAFT if names.DRAFT in both else names.FINAL

    def draws(
        self, quantity: str, kind: str | None = None, unit: str | None = None
    ) -> xr.DataArray:
        """Give the paired differences of a quantity, (chain, draw, period)."""
        ours, base = (each.draws(quantity, kind, unit) for each in (self.scenario, self.baseline))
        return ours - base

    def __repr__(self) -> str:
        return (
            f"<Contrast of {self.scenario.forecast.scenario!r} with the baseline: "
            f"{len(self._table)} rows>"
        )


def contrast(
    baseline: Forecast,
    scenario: Forecast,
    scheme: BandScheme = MPP,
    *,
    by: str | Iterable[str] = "flow",
    per: Per = "year",
    rule: Rule = ">",
) -> Contrast:
    """Set a scenario beside its baseline, paired draw by draw.

    Parameters
    ----------
    baseline, scenario : Forecast
        Of one fit, with the same seed, end and number of futures.
    scheme, by, per, rule
        As in :func:`bands`.

    Returns
    -------
    Contrast
        Both sets of bands, and the differences.

    Raises
    ------
    ScenarioError
        If the first is under a scenario, the second under none, the two are not paired, or the
        scenario changes places alone.
    """
    require_paired(baseline, scenario)
    require_on_flows(scenario.manifest.get("scenario", {}))
    both = [bands(each, scheme, by=by, per=per, rule=rule) for each in (baseline, scenario)]
    made = Contrast(both[0], both[1], pd.DataFrame())
    differences = pd.concat(
        [
            _summary(made.draws(each.name, each.kind, each.unit)).assign(
                quantity=each.name, kind=each.kind, unit=each.unit
            )
            for each in both[0].quantities
        ]
    )
    tables = [each.to_frame() for each in both]
    keys = [*_FIGURE, "band", "exceedance"]
    table = (
        tables[0][[*keys, *_SAID, "value", "mcse"]]
        .rename(columns={"value": "baseline", "mcse": "baseline_mcse"})
        .merge(
            tables[1][[*keys, "value", "mcse"]].rename(
                columns={"value": "scenario", "mcse": "scenario_mcse"}
            ),
            on=keys,
        )
        .merge(differences, on=["quantity", "kind", "unit", "period"])
        .assign(name=scenario.scenario, status=made.status)
    )
    return Contrast(both[0], both[1], table)


def require_paired(baseline: Forecast, scenario: Forecast) -> None:
    """Refuse two forecasts that are no baseline and scenario, or whose draws are not paired."""

    def of(forecast: Forecast) -> dict[str, Any]:
        manifest = forecast.manifest
        time = forecast.flows.indexes[names.TIME]
        fitted = manifest.get("fit", {})
        return {
            "seed": manifest.get("seed"),
            "futures of each posterior draw": manifest.get("futures"),
            "fit": (fitted.get("digests"), fitted.get("seed")),
            "periods": f"{time[0]:%Y-%m} to {time[-1]:%Y-%m}",
            "draws": dict(forecast.flows.sizes),
            "given futures": [
                f"{row['flow']} by {row['source']} ({row.get('digest', '')[:8]})"
                for row in json.loads(forecast.tree.attrs.get("given", "[]"))
            ],
        }

    faults = [
        f"the {which} is a forecast {under}"
        for which, under, wrong in (
            ("baseline", f"under {baseline.scenario!r}", bool(baseline.scenario)),
            ("scenario", "of policy as it is", not scenario.scenario),
        )
        if wrong
    ]
    if faults:
        raise ScenarioError(
            "a scenario is set beside policy as it is",
            faults,
            "give contrast(baseline, scenario), in this order",
        )
    ours, base = of(scenario), of(baseline)
    faults = [
        f"{what}: {base[what]} in the baseline, {ours[what]} in the scenario"
        for what in base
        if base[what] != ours[what]
    ]
    if faults:
        raise ScenarioError(
            "the two forecasts are not paired",
            faults,
            "make both from one fit with the same seed, until and futures",
        )


def attribution(
    fit: Fit,
    scenario: Scenario,
    quantity: str,
    *,
    until: str,
    seed: int,
    by: str | Iterable[str] = ("flow", "sum"),
    per: Per = "year",
    futures: int | None = None,
    given: GivenFuture | Iterable[GivenFuture] = (),
    kind: str | None = None,
    unit: str | None = None,
) -> pd.DataFrame:
    """Share what a scenario changes in a quantity out over its measures, by Shapley values.

    A measure's share is its mean effect over all orders in which the measures may be taken
    (Shapley, 1953); the shares add up to the whole. It takes a forecast of every set of measures.

    Parameters
    ----------
    fit : Fit
        The posterior.
    scenario : Scenario
        At most six measures; those of places change no flow and are left aside.
    quantity : str
        As in the table of bands.
    until, seed, futures, given
        As in :func:`forecast`.
    by, per
        As in :func:`bands`; what the quantity is among.
    kind, unit : str, optional
        Which quantity, where a group is split by them.

    Returns
    -------
    DataFrame
        One row a period and measure: ``shapley``, its mean share of the difference, with its Monte
        Carlo standard error ``mcse``; ``alone``, the mean difference if it is the only one. The
        last row of a period, ``interaction``, holds under ``alone`` what the measures do together
        beyond that, so that both columns add up to ``total``. ``quantity``, ``unit``, ``origin``,
        ``scenario`` and ``status`` stand in every row.

    Raises
    ------
    ScenarioError
        If there is no measure, or there are more than six.
    LabelError
        If there is no such quantity, or it stands for several.
    """
    futures_given = (given,) if isinstance(given, GivenFuture) else tuple(given)
    measures = [measure.name for measure in scenario.measures if not measure.of_places]
    if not 1 <= len(measures) <= _MOST:
        raise ScenarioError(
            f"the scenario {scenario.name!r} has {len(measures)} measures of flows",
            [f"expected 1 to {_MOST}: each set of them is a forecast"],
            "take some of them together in one scenario",
        )
    worth: dict[frozenset[str], NDArray[np.float64]] = {}
    for size in range(len(measures) + 1):
        for chosen in combinations(measures, size):
            kept = scenario.without(*(set(measures) - set(chosen)))
            drawn = forecast(
                fit, until=until, seed=seed, futures=futures, given=futures_given, scenario=kept
            )
            made = bands(drawn, by=by, per=per)
            draws = made.draws(quantity, kind, unit)
            laid = draws.transpose("period", names.CHAIN, names.DRAW)
            worth[frozenset(chosen)] = laid.values.astype(float)
    periods, batches = laid["period"].values, draw_batches(laid["posterior_draw"].values)
    nothing, everything = worth[frozenset()], worth[frozenset(measures)]
    total = (everything - nothing).mean(axis=(1, 2))
    rows = []
    for name in measures:
        share, alone = _shapley(name, measures, worth), worth[frozenset([name])] - nothing
        rows.append(
            pd.DataFrame(
                {
                    "period": periods,
                    "measure": name,
                    "shapley": share.mean(axis=(1, 2)),
                    "mcse": mean_error(share, batches),
                    "alone": alone.mean(axis=(1, 2)),
                    "total": total,
                }
            )
        )
    together = total - sum(each["alone"].to_numpy() for each in rows)
    rest = {"measure": "interaction", "shapley": 0.0, "mcse": 0.0, "alone": together}
    rows.append(pd.DataFrame({"period": periods, **rest, "total": total}))
    (of,) = (
        each
        for each in made.quantities
        if each.name == quantity and kind in (None, each.kind) and unit in (None, each.unit)
    )
    said = {"quantity": quantity, "unit": of.unit, "origin": made.to_frame()["origin"].iloc[0]}
    said |= {"scenario": scenario.name, "status": drawn.status}
    table = pd.concat(rows).sort_values("period", kind="stable")
    return table.assign(**said).reset_index(drop=True)


_MOST = 6


def _shapley(
    name: str, measures: list[str], worth: dict[frozenset[str], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Give a measure's share in every draw, (period, chain, draw)."""
    n, others = len(measures), [each for each in measures if each != name]
    share = np.zeros_like(worth[frozenset()])
    for size in range(n):
        weight = factorial(size) * factorial(n - size - 1) / factorial(n)
        for chosen in map(frozenset, combinations(others, size)):
            share += weight * (worth[chosen | {name}] - worth[chosen])
    return share


def _summary(difference: xr.DataArray) -> pd.DataFrame:
    """Summarise paired differences: mean and its error, and where the central ones lie."""
    drawn = difference.transpose("period", names.CHAIN, names.DRAW).values
    tail = (1 - CENTRAL) / 2
    lower, upper = np.quantile(drawn.reshape(len(drawn), -1), [tail, 1 - tail], axis=1)
    return pd.DataFrame(
        {
            "period": difference["period"].values,
            "difference": drawn.mean(axis=(1, 2)),
            "mcse": mean_error(drawn, draw_batches(difference["posterior_draw"].values)),
            "lower": lower,
            "upper": upper,
        }
    )
