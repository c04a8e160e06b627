"""Simulate every posterior draw forward, each flow from its own last observation."""

import json
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mppbayes import names
from mppbayes.errors import PanelError
from mppbayes.inference import Fit
from mppbayes.model.arrays import seasons
from mppbayes.model.innovations import Drawn, Innovations
from mppbayes.model.replay import FlowDraws, where
from mppbayes.model.step import State, step
from mppbayes.network import Network
from mppbayes.prediction.aggregation import PERIOD_FORMATS
from mppbayes.prediction.draws import SCHEMA, Forecast
from mppbayes.storage import manifest

_DRAWS = 8000  # in all, where the number of futures is not given
_NEAR_CEILING = 0.5  # of the ceiling; a mean above this is bent noticeably

type Floats = NDArray[np.float64]


def forecast(fit: Fit, *, until: str, seed: int, futures: int | None = None) -> Forecast:
    """Draw the posterior predictive of every flow.

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

    Returns
    -------
    Forecast
        From January of the year in which the earliest flow's evidence ends. Observed cells hold
        the observation; cells before the origin that were not observed are drawn.

    Raises
    ------
    PanelError
        If ``until`` is unreadable or not after the origin.
    """
    frequency = fit.network.frequency
    observed = fit.observed
    origin = observed.indexes[names.TIME][-1].to_period(frequency)
    span = _span(observed, origin, until)
    n_posterior = fit.posterior.sizes[names.CHAIN] * fit.posterior.sizes[names.DRAW]
    futures = futures or ceil(_DRAWS / n_posterior)
    past = _Past.of(fit, span, futures)
    counts, reached = _simulate(fit, past, span, Innovations(seed, n_posterior * futures))
    return _assemble(fit, counts, reached, span=span, origin=origin, futures=futures, seed=seed)


@dataclass(frozen=True, eq=False)
class _Past:
    """What a simulation takes from before its flows' last observations.

    ``counts`` are the replayed counts of the span's past periods, (draw, period, flow);
    ``last`` is the position in the span of each flow's last observation, −1 if before it.
    """

    draws: FlowDraws
    end: State
    counts: Floats
    last: NDArray[np.int64]
    shock: Floats

    @classmethod
    def of(cls, fit: Fit, span: pd.PeriodIndex, futures: int) -> "_Past":
        history = pd.PeriodIndex(fit.layout.time, freq=fit.network.frequency)
        begin = int((history < span[0]).sum())
        n_past = len(history) - begin
        end = fit.end_state
        shape = (len(end.level), 0, len(fit.network.flows))
        counts = fit.replay(begin).counts if n_past else np.zeros(shape)
        seen = fit.observed["value"].notnull().values
        last = np.where(seen.any(0), len(history) - 1 - seen[::-1].argmax(0), len(history) - 1)
        draws = FlowDraws.of(fit.spec, fit.posterior).repeat(futures)
        return cls(
            draws,
            State(*(np.repeat(array, futures, axis=0) for array in end)),
            np.repeat(counts, futures, axis=0),
            last - begin,
            draws.shock[:, begin:],
        )


def _span(observed: xr.Dataset, origin: pd.Period, until: str) -> pd.PeriodIndex:
    """Give the periods from January of the year in which the earliest evidence ends."""
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
    seen = observed["value"].notnull().values
    before_the_end = seen[::-1].argmax(axis=0)[seen.any(axis=0)]
    first = observed.indexes[names.TIME][-1 - int(before_the_end.max())].year
    return pd.period_range(pd.Period(f"{first}-01", freq=origin.freqstr), end)


def _simulate(
    fit: Fit, past: _Past, span: pd.PeriodIndex, innovations: Innovations
) -> tuple[NDArray[np.int64], Floats]:
    """Run the step; give counts (draw, time, flow), and how often a flow came near its ceiling."""
    flows = fit.network.flow_names
    n_past = past.counts.shape[1]
    season = seasons(span.to_timestamp(), fit.network.periods_per_year)
    counts = np.zeros((innovations.n_draws, len(span), len(flows)), dtype=np.int64)
    counts[:, :n_past] = past.counts
    near = np.zeros((innovations.n_draws, len(flows)), dtype=bool)
    state = past.end
    for t in range(int(past.last.min()) + 1, len(span)):
        period = span[t].ordinal
        shock = past.shock[:, t] if t < n_past else innovations.shocks(period, fit.spec.shock)
        seen = t <= past.last
        state, mean, drawn = step(
            where(np.asarray(t == past.last + 1), past.end, state),
            1.0,
            counts[:, t],
            seen,
            0.0,
            Drawn(shock[:, None], *innovations.cells(flows, period)),
            past.draws.at(int(season[t])),
            np,
        )
        counts[:, t] = drawn
        near |= ~seen & (mean > _NEAR_CEILING * past.draws.constant.ceiling)
    return counts, near.mean(axis=0)


def _assemble(
    fit: Fit,
    counts: NDArray[np.int64],
    near_ceiling: Floats,
    *,
    span: pd.PeriodIndex,
    origin: pd.Period,
    futures: int,
    seed: int,
) -> Forecast:
    """Label the draws."""
    sizes = fit.posterior.sizes
    n_draws = sizes[names.DRAW] * futures
    time = span.to_timestamp().to_numpy("datetime64[ns]")
    observed = fit.observed["value"].reindex({names.TIME: time})
    draw = np.arange(n_draws)
    predictions = xr.Dataset(
        {
            "flows": (
                (names.CHAIN, names.DRAW, names.TIME, names.FLOW),
                counts.reshape(sizes[names.CHAIN], n_draws, len(span), -1),
            ),
            "is_observed": ((names.TIME, names.FLOW), observed.notnull().values),
            "near_ceiling": ((names.FLOW,), near_ceiling),
        },
        coords={
            names.CHAIN: np.arange(sizes[names.CHAIN]),
            names.DRAW: draw,
            "posterior_draw": (names.DRAW, draw // futures),
            "future": (names.DRAW, draw % futures),
            names.TIME: time,
            **flow_coordinates(fit.network),
        },
    )
    tree = xr.DataTree.from_dict(
        {f"/{names.PREDICTIONS}": predictions, f"/{names.OBSERVED}": fit.observed}
    )
    tree.attrs = {
        "schema": SCHEMA,
        "network": json.dumps(fit.network.to_dict(), ensure_ascii=False),
        "status": fit.status,
        "origin": origin.strftime(PERIOD_FORMATS[fit.network.period]),
        "scenario": "",
        "note": fit.note,
        "manifest": json.dumps(
            {**manifest(), "seed": seed, "futures": futures, "fit": fit.manifest},
            ensure_ascii=False,
        ),
    }
    return Forecast(tree)


def flow_coordinates(network: Network) -> dict[str, Any]:
    """Give the flows' names, and along them their organisation, block, kind, unit and labels.

    Text is NumPy's; a missing label is ``""``.
    """
    flows = network.flows
    return {
        names.FLOW: np.array(network.flow_names, dtype=np.str_),
        names.ORGANISATION: _text([flow.organisation for flow in flows]),
        names.BLOCK: (names.FLOW, np.array([flow.block for flow in flows])),
        "kind": _text([flow.kind for flow in flows]),
        "unit": _text([flow.unit for flow in flows]),
        **{
            label: _text([flow.labels.get(label, "") for flow in flows])
            for label in network.label_names
        },
    }


def _text(values: list[str]) -> tuple[str, NDArray[np.str_]]:
    return names.FLOW, np.array(values, dtype=np.str_)
