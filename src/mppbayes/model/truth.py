"""A synthetic chain of known truth: evidence drawn from known parameters, in any pattern."""

from collections.abc import Mapping
from dataclasses import replace
from numbers import Integral
from typing import Literal, get_args

import numpy as np
import pandas as pd
import xarray as xr

from mppbayes.errors import SpecError, suggest
from mppbayes.model.innovations import Innovations
from mppbayes.model.replay import FlowDraws
from mppbayes.model.simulation import simulate_draws
from mppbayes.model.specification import ModelSpec
from mppbayes.panel import Panel, read_panel
from mppbayes.panel.periods import MONTHS, Span

type Frequency = Literal["month", "quarter", "half-year", "year", "never"]

_MONTHS = {**MONTHS, "half-year": 6}


def simulate(
    spec: ModelSpec,
    parameters: xr.Dataset,
    periods: pd.PeriodIndex,
    *,
    seed: int,
    evidence: Mapping[str, Frequency] | None = None,
    rounding: Mapping[str, int] | None = None,
) -> Panel:
    """Simulate a chain from known parameters, and publish it as evidence.

    The step is that of the likelihood and of forecasts.

    Parameters
    ----------
    spec : ModelSpec
        With a mean level and a ceiling for every flow and a size for every stock, as
        :func:`mppbayes.resolve` gives.
    parameters : Dataset
        One draw of a posterior or of :func:`mppbayes.prior_predictive`, with or without the dims
        ``chain`` and ``draw``. Its common shock is drawn anew.
    periods : PeriodIndex
        The periods, of the network's frequency.
    seed : int
        Of the chance.
    evidence : mapping of str to str, optional
        Series → how often it is published: ``month``, ``quarter``, ``half-year``, ``year`` or
        ``never``. A stock's figure is of the end. Flows and stocks left out are published every
        period, sums and rests never.
    rounding : mapping of str to int, optional
        Series → what its figures are rounded to; by default 1.

    Returns
    -------
    Panel
        What is published. For gaps and ragged ends, leave out rows of its ``evidence`` and read
        the rest again.

    Raises
    ------
    SpecError
        If the specification is not resolved, or the pattern cannot be published.
    """
    published, units = dict(evidence or {}), dict(rounding or {})
    _check(spec, published, units)
    missing = [dim for dim in ("chain", "draw") if dim not in parameters.dims]
    draws = FlowDraws.of(spec, parameters.expand_dims(missing) if missing else parameters)
    if len(draws.shock) != 1:
        raise SpecError(
            "a chain is simulated from one draw",
            [f"the parameters hold {len(draws.shock)} draws"],
            "choose one, as isel(chain=0, draw=0)",
        )
    chance = Innovations(seed, 1)
    shock = np.stack([chance.shocks(period.ordinal, spec.shock) for period in periods], axis=1)
    drawn = simulate_draws(spec, replace(draws, shock=shock), periods.to_timestamp(), seed=seed)
    network, own = spec.network, MONTHS[spec.network.period]
    counts = spec.structure.complete(drawn.counts[0])
    values = pd.DataFrame(
        np.column_stack([counts, drawn.stocks[0]]),
        periods,
        columns=[*network.flow_names, *network.stock_names],
    )
    unasked = dict.fromkeys((*spec.structure.names, *network.stock_names), network.period)
    tables = []
    for name, frequency in (unasked | published).items():
        if frequency != "never":
            figures = _published(
                values[list(network.members(name))].sum(axis=1).rename(name),
                _MONTHS[frequency] // own,
                own,
                total=name not in network.stock_series,
            )
            unit = units.get(name, 1)
            tables.append(
                figures.assign(value=unit * (figures["value"] / unit).round(), rounding=unit)
            )
    return read_panel(pd.concat(tables), network)


def _published(values: pd.Series, step: int, months: int, *, total: bool) -> pd.DataFrame:
    """Publish a series every so many periods, in whole calendar windows."""
    periods = pd.PeriodIndex(values.index)
    of_year = (periods.start_time.month - 1) // months
    window = periods.year * (12 // months // step) + of_year // step
    groups = values.groupby(np.asarray(window))
    whole = groups.size() == step
    figures = groups.sum() if total else groups.last()
    first = pd.Series(periods.start_time, values.index).groupby(np.asarray(window)).first()
    rows = pd.DataFrame({"value": figures[whole], "start": first[whole]})
    rows["period"] = [
        str(Span(12 * start.year + start.month - 1, step * months)) for start in rows["start"]
    ]
    return rows.assign(series=str(values.name))[["series", "period", "value"]]


def _check(spec: ModelSpec, published: Mapping[str, str], units: Mapping[str, int]) -> None:
    known = spec.network.series_names
    choices = get_args(Frequency.__value__)
    own = MONTHS[spec.network.period]
    faults = [
        f"the mean level or the ceiling of {name!r} is not given"
        for name in spec.structure.names
        if name not in spec.mean_levels or name not in spec.ceilings
    ]
    faults += [
        f"the size of stock {name!r} is not given"
        for name in spec.network.stock_names
        if name not in spec.stock_sizes
    ]
    for series, frequency in published.items():
        if series not in known:
            faults.append(f"{series!r} is no flow, stock or sum; {suggest(series, known)}")
        if frequency not in choices:
            faults.append(f"{series!r} is published {frequency!r}; {suggest(frequency, choices)}")
        elif _MONTHS.get(frequency, own) < own:
            faults.append(f"{series!r} cannot be published by {frequency}: periods are longer")
    for series, unit in units.items():
        if series not in known:
            faults.append(f"{series!r} is no flow, stock or sum; {suggest(series, known)}")
        if not (isinstance(unit, Integral) and unit >= 1):
            faults.append(f"{series!r} is rounded to {unit!r}; give a whole number of at least 1")
    if faults:
        raise SpecError("this cannot be simulated", faults)
