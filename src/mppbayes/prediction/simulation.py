"""Simulate every posterior draw forward, each flow from its own last figure."""

import json
from collections.abc import Iterable
from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mppbayes import names
from mppbayes.errors import PanelError, ScenarioError
from mppbayes.inference import Fit
from mppbayes.model.innovations import Innovations
from mppbayes.model.period import ties
from mppbayes.model.replay import FlowDraws
from mppbayes.model.simulation import Simulated, Simulator
from mppbayes.model.structure import Structure
from mppbayes.network import Network
from mppbayes.prediction.aggregation import PERIOD_FORMATS
from mppbayes.prediction.draws import SCHEMA, Forecast
from mppbayes.prediction.effects import Effects
from mppbayes.prediction.given import GivenFuture, lay_out
from mppbayes.prediction.history import History
from mppbayes.prediction.measures import Scenario
from mppbayes.storage import manifest

_DRAWS = 8000  # in all, where the number of futures is not given


def forecast(
    fit: Fit,
    *,
    until: str,
    seed: int,
    futures: int | None = None,
    given: GivenFuture | Iterable[GivenFuture] = (),
    scenario: Scenario | None = None,
) -> Forecast:
    """Draw the posterior predictive of every flow and stock.

    Parameters
    ----------
    fit : Fit
        The posterior, with its evidence.
    until : str
        The last period, as ``2030-12``, ``2030-Q4`` or ``2030``.
    seed : int
        Of the innovations. Two forecasts with one seed are paired cell by cell.
    futures : int, optional
        How many futures of each posterior draw; by default enough for 8,000 draws in all.
    given : GivenFuture or iterable of GivenFuture
        Futures of flows that come from elsewhere: a partner's forecast, a decided capacity. They
        are marked in every table, and nothing is learned from them. Where more are to leave a
        stock than are in it, all of these do; ``Forecast.given`` says how often.
    scenario : Scenario, optional
        Policy measures. Posterior draws and innovations are those of the forecast without it that
        has the same seed and number of futures, so that the two are paired draw by draw; without
        measures they are equal.

    Returns
    -------
    Forecast
        From January of the year in which the earliest flow's evidence ends, or from the first
        period after which every stock is known, if that is later. Observed cells hold the
        observation; a figure over a longer window is split over its periods; other cells before
        the origin are drawn.

    Raises
    ------
    PanelError
        If ``until`` is unreadable or not after the origin, or a given future cannot be used.
    ScenarioError
        If a measure cannot be used.
    """
    if not isinstance(scenario, Scenario | None):
        raise ScenarioError(
            "the forecast cannot be made",
            [f"the scenario is {scenario!r}; give a Scenario (Scenario.from_toml reads a file)"],
        )
    frequency = fit.network.frequency
    origin = fit.observed.indexes[names.TIME][-1].to_period(frequency)
    history = History(fit)
    span = history.span(origin, _end(origin, until))
    n_posterior = fit.posterior.sizes[names.CHAIN] * fit.posterior.sizes[names.DRAW]
    futures = futures or ceil(_DRAWS / n_posterior)
    innovations = Innovations(seed, n_posterior * futures)
    from_elsewhere = (given,) if isinstance(given, GivenFuture) else tuple(given)
    counts, fixed = lay_out(
        from_elsewhere,
        fit.layout.structure,
        span,
        origin=origin,
        place=innovations.places(fit.layout.structure.names),
    )
    effects = Effects(
        scenario.measures if scenario else (),
        fit.layout.structure,
        span,
        origin=origin,
        innovations=innovations,
        given=fixed,
    )
    simulated = _simulate(fit, history, span, futures, innovations, counts, fixed, effects)
    made = _assemble(
        fit, simulated, span=span, origin=origin, futures=futures, seed=seed, scenario=scenario
    )
    return _marked(made, fit.layout.structure, counts, fixed, from_elsewhere)


def _end(origin: pd.Period, until: str) -> pd.Period:
    try:
        end = pd.Period(pd.Period(until).end_time, freq=origin.freqstr)
    except (ValueError, TypeError, AttributeError) as error:  # pandas reads "" as no time
        raise PanelError(
            f"a forecast has no end at {until!r}", ["write a period as 2030-12, 2030-Q4 or 2030"]
        ) from error
    if end <= origin:
        raise PanelError(
            f"a forecast until {end} has nothing to forecast",
            [f"the evidence ends in {origin}"],
            "give a later period",
        )
    return end


def _marked(
    made: Forecast,
    structure: Structure,
    counts: NDArray[np.float64],
    fixed: NDArray[np.bool_],
    given: tuple[GivenFuture, ...],
) -> Forecast:
    """Mark what was given, by whom, and in what share of the draws less came."""
    predictions = made.tree[names.PREDICTIONS].to_dataset()
    every = (np.abs(structure.every) @ fixed.T).T > 0
    made.tree[names.PREDICTIONS] = xr.DataTree(
        predictions.assign(is_given=((names.TIME, names.FLOW), every))
    )
    said = []
    for future in given:
        s = structure.names.index(future.flow)
        came = made.flows.sel({names.FLOW: future.flow}).values.reshape(len(counts), -1)
        less = (came < counts[:, :, s]).any(axis=1, where=fixed[:, s]).mean()
        said.append(
            {
                "flow": future.flow,
                "source": future.source,
                "less": float(less),
                "digest": future.digest,
            }
        )
    made.tree.attrs["given"] = json.dumps(said, ensure_ascii=False)
    return made


def _simulate(
    fit: Fit,
    history: History,
    span: pd.PeriodIndex,
    futures: int,
    innovations: Innovations,
    counts: NDArray[np.float64],
    fixed: NDArray[np.bool_],
    effects: Effects,
) -> Simulated:
    layout, structure = fit.layout, fit.layout.structure
    draws = FlowDraws.of(fit.spec, fit.posterior).repeat(futures)
    simulator = Simulator(
        structure,
        ties(structure, draws.size, layout.levels.members),
        draws,
        innovations,
        lambda ordinal: innovations.shocks(ordinal, fit.spec.shock),
        effects.at,
        effects.arriving,
    )
    before, stock, past = history.before(span, draws, innovations, futures)
    known = replace(
        past,
        counts=np.where(fixed, counts, past.counts),
        fixed=past.fixed | fixed,
        plan=fixed,
    )
    return simulator.run(span, before, known.end, stock, known)


def _assemble(
    fit: Fit,
    simulated: Simulated,
    *,
    span: pd.PeriodIndex,
    origin: pd.Period,
    futures: int,
    seed: int,
    scenario: Scenario | None = None,
) -> Forecast:
    """Label the draws."""
    sizes = fit.posterior.sizes
    structure, network = fit.spec.structure, fit.network
    n_draws = sizes[names.DRAW] * futures
    time = span.to_timestamp().to_numpy("datetime64[ns]")
    observed = fit.observed["value"].reindex({names.TIME: time})
    draw = np.arange(n_draws)
    counts = structure.complete(simulated.counts)
    along = (names.CHAIN, names.DRAW, names.TIME)
    shape = (sizes[names.CHAIN], n_draws, len(span), -1)
    near = np.zeros(len(network.flows))
    near[[network.flow_names.index(name) for name in structure.names]] = simulated.near
    variables: dict[str, Any] = {
        "flows": ((*along, names.FLOW), counts.reshape(shape)),
        "is_observed": ((names.TIME, names.FLOW), observed.notnull().values),
        "near_ceiling": ((names.FLOW,), near),
    }
    coordinates: dict[str, Any] = {}
    if network.stocks:
        stocks = simulated.stocks.reshape(shape)
        variables |= {
            "stocks": ((*along, names.STOCK), stocks),
            "unrecorded": ((*along, names.STOCK), simulated.unrecorded.reshape(shape)),
        }
        coordinates = stock_coordinates(network) | {
            "moment": (names.TIME, span.end_time.normalize().to_numpy("datetime64[ns]"))
        }
    predictions = xr.Dataset(
        variables,
        coords={
            names.CHAIN: np.arange(sizes[names.CHAIN]),
            names.DRAW: draw,
            "posterior_draw": (names.DRAW, draw // futures),
            "future": (names.DRAW, draw % futures),
            names.TIME: time,
            **flow_coordinates(network),
            **coordinates,
        },
    )
    tree = xr.DataTree.from_dict(
        {
            f"/{names.PREDICTIONS}": predictions,
            f"/{names.OBSERVED}": fit.observed,
            f"/{names.FIGURES}": fit.tree[names.FIGURES].to_dataset(),
        }
    )
    tree.attrs = {
        "schema": SCHEMA,
        "network": json.dumps(network.to_dict(), ensure_ascii=False),
        "status": fit.status,
        "origin": origin.strftime(PERIOD_FORMATS[network.period]),
        "scenario": scenario.name if scenario else "",
        "note": fit.note,
        "untold": json.dumps(_untold(fit)),
        "manifest": json.dumps(
            {
                **manifest(),
                "seed": seed,
                "futures": futures,
                "scenario": scenario.to_dict() if scenario else {},
                "fit": fit.manifest,
            },
            ensure_ascii=False,
        ),
    }
    return Forecast(tree)


def _untold(fit: Fit) -> list[str]:
    """Name the flows with figures of which none tells of their rate."""
    names, informed = fit.layout.structure.names, fit.layout.informed
    figured = set(fit.layout.table["series"])
    return [
        name for name, told in zip(names, informed, strict=True) if name in figured and not told
    ]


def flow_coordinates(network: Network) -> dict[str, Any]:
    """Give the flows' names, and along them their organisation, block, kind, unit and labels.

    Text is NumPy's; a missing label is ``""``.
    """
    flows = network.flows
    return {
        names.FLOW: np.array(network.flow_names, dtype=np.str_),
        names.ORGANISATION: _text(names.FLOW, [flow.organisation for flow in flows]),
        names.BLOCK: (names.FLOW, np.array([flow.block for flow in flows])),
        "kind": _text(names.FLOW, [flow.kind for flow in flows]),
        "unit": _text(names.FLOW, [flow.unit for flow in flows]),
        **{
            label: _text(names.FLOW, [flow.labels.get(label, "") for flow in flows])
            for label in network.label_names
        },
    }


def stock_coordinates(network: Network) -> dict[str, Any]:
    """Give the stocks' names, and along them their organisation, block and unit."""
    stocks = network.stocks
    return {
        names.STOCK: np.array(network.stock_names, dtype=np.str_),
        "stock_organisation": _text(names.STOCK, [stock.organisation for stock in stocks]),
        "stock_block": (names.STOCK, np.array([stock.block for stock in stocks])),
        "stock_unit": _text(names.STOCK, [stock.unit for stock in stocks]),
    }


def _text(dim: str, values: list[str]) -> tuple[str, NDArray[np.str_]]:
    return dim, np.array(values, dtype=np.str_)
