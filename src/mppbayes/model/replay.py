"""Posterior draws in NumPy: the flows' parameters, and the past replayed with the same step."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mppbayes import names
from mppbayes.model.arrays import Layout
from mppbayes.model.specification import ModelSpec
from mppbayes.model.step import Known, Parameters, State, step

type Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FlowDraws:
    """Draws of everything that governs the flows; chains and draws are one axis.

    Attributes
    ----------
    constant : Parameters
        Arrays (draw, flow), with an empty season.
    season : (draw, season, flow)
        What the time of year adds to the log rate.
    initial : State
        Arrays (draw, flow): where the flow stood before the first period that was seen.
    shock : (draw, time)
        The common shock, in its own standard deviations.
    gap : (draw, gap)
        The surprises of unseen periods between seen ones, in standard units.
    """

    constant: Parameters
    season: Floats
    initial: State
    shock: Floats
    gap: Floats

    @classmethod
    def of(cls, spec: ModelSpec, posterior: xr.Dataset) -> "FlowDraws":
        """Take the parameters out of a posterior (or prior) by name."""
        stacked = posterior.stack(sample=(names.CHAIN, names.DRAW), create_index=False)

        def draws(name: str, *dims: str) -> Floats:
            return np.asarray(stacked[name].transpose("sample", *dims).values, dtype=float)

        half_life = draws(names.HALF_LIFE, names.FLOW)
        n, n_flows = half_life.shape
        season = np.zeros((n, spec.network.periods_per_year, n_flows))
        if names.SEASONAL_PATTERN in stacked:
            season = draws(names.SEASONAL_PATTERN, names.SEASON, names.FLOW)
        ceiling = np.array([spec.ceilings[flow] for flow in spec.network.flow_names])
        constant = Parameters(
            persistence=0.5 ** (1 / (spec.network.periods_per_year * half_life)),
            permanence=draws(names.PERMANENCE, names.FLOW),
            adaptation=draws(names.ADAPTATION, names.FLOW),
            dispersion=draws(names.DISPERSION, names.FLOW),
            shock_loading=draws(names.SHOCK_LOADING, names.FLOW),
            season=np.zeros(()),
            ceiling=np.broadcast_to(ceiling, (n, n_flows)),
        )
        has_gaps = names.GAP_SURPRISE in stacked
        return cls(
            constant,
            season,
            State(draws(names.INITIAL_LEVEL, names.FLOW), draws(names.MEAN_LEVEL, names.FLOW)),
            draws(names.COMMON_SHOCK, names.TIME),
            draws(names.GAP_SURPRISE, names.GAP) if has_gaps else np.zeros((n, 0)),
        )

    def at(self, season: int) -> Parameters:
        """Give the parameters that hold in a season."""
        return self.constant._replace(season=self.season[:, season])

    def repeat(self, times: int) -> "FlowDraws":
        """Repeat every draw, for several futures of each."""

        def repeated(array: Floats) -> Floats:
            return np.repeat(array, times, axis=0) if array.ndim else array

        return FlowDraws(
            Parameters(*map(repeated, self.constant)),
            repeated(self.season),
            State(*map(repeated, self.initial)),
            repeated(self.shock),
            repeated(self.gap),
        )


class Past(NamedTuple):
    """What a replay gives.

    Attributes
    ----------
    end : State
        Arrays (draw, flow): every flow after its own last observation; as it was at first where
        it has none.
    mean : (draw, time, flow)
        The expected count of each period kept, given the periods before.
    counts : (draw, time, flow)
        The counts of these periods: as observed, else as the gap's surprise implies.
    """

    end: State
    mean: Floats
    counts: Floats


def replay(draws: FlowDraws, layout: Layout, keep_from: int = 0) -> Past:
    """Run the step over the past with known parameters.

    Parameters
    ----------
    draws : FlowDraws
        Of a posterior.
    layout : Layout
        Of the evidence.
    keep_from : int
        The first period whose means and counts are kept.

    Returns
    -------
    Past
        The flows' levels at the end, and the periods kept.
    """
    value = layout.counts["value"].values
    seen = ~np.isnan(value)
    begins = seen & (seen.cumsum(axis=0) == 1)
    gap_time, gap_flow = layout.gaps
    state = end = draws.initial
    means, counts = [], []
    for t, season in enumerate(layout.seasons):
        gap = np.zeros_like(state.level)
        here = gap_time == t
        gap[:, gap_flow[here]] = draws.gap[:, here]
        shock = np.where(begins[t], 0.0, draws.shock[:, t, None])
        state, mean, count = step(
            where(begins[t], draws.initial, state),
            1.0,
            np.nan_to_num(value[t]),
            seen[t],
            0.0,
            Known(shock, gap, np),
            draws.at(int(season)),
            np,
        )
        end = where(seen[t], state, end)
        if t >= keep_from:
            means.append(mean)
            counts.append(count)
    return Past(end, np.stack(means, axis=1), np.stack(counts, axis=1))


def where(chosen: NDArray[np.bool_], one: State, other: State) -> State:
    """Take the one state for the flows chosen, and the other for the rest."""
    return State(*(np.where(chosen, a, b) for a, b in zip(one, other, strict=True)))
