"""Simulate counts from known parameters with the model's own step."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mppbayes.model.arrays import seasons
from mppbayes.model.innovations import Drawn, Innovations
from mppbayes.model.replay import FlowDraws
from mppbayes.model.specification import ModelSpec
from mppbayes.model.step import step


def simulate(
    spec: ModelSpec, draws: FlowDraws, time: pd.DatetimeIndex, *, seed: int
) -> NDArray[np.int64]:
    """Simulate counts from known parameters, from each flow's initial level on.

    Parameters
    ----------
    spec : ModelSpec
        Resolved.
    draws : FlowDraws
        Parameters; their shocks are used, one a period.
    time : DatetimeIndex
        First days of the periods.
    seed : int
        Of the innovations.

    Returns
    -------
    (draw, time, flow) int64
        Counts.
    """
    network = spec.network
    n_draws = len(draws.shock)
    innovations = Innovations(seed, n_draws)
    periods = time.to_period(network.frequency)
    season = seasons(time, network.periods_per_year)
    unseen = np.zeros(len(network.flows), dtype=bool)
    state, counts = draws.initial, []
    for t, period in enumerate(periods):
        shock = draws.shock[:, t, None] * (t > 0)
        noise = Drawn(shock, *innovations.cells(network.flow_names, period.ordinal))
        state, _, count = step(state, 1.0, 0.0, unseen, 0.0, noise, draws.at(int(season[t])), np)
        counts.append(count)
    return np.stack(counts, axis=1).astype(np.int64)
