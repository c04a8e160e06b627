"""Posterior draws in NumPy: the parameters, and the past replayed with the same passage."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mppbayes import names
from mppbayes.model.arrays import evidence_arrays
from mppbayes.model.closings import of_cuts
from mppbayes.model.delays import nominal_shares, nominal_weights, renormalised
from mppbayes.model.introduced import Introduced, acted
from mppbayes.model.layout import Layout, season_of
from mppbayes.model.passage import passage
from mppbayes.model.period import Chance, Seen, beginning, ties
from mppbayes.model.positive import HALF
from mppbayes.model.routing import doubted, doubted_weights, shares_known
from mppbayes.model.specification import ModelSpec
from mppbayes.model.step import Parameters, State
from mppbayes.model.structure import Structure
from mppbayes.model.timing import Behind, Timing, doubt, timing_arrays
from mppbayes.model.windows import lagged, source_of

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
    size : (stock,)
        The size of each stock at which hazards hold.
    shock : (draw, time)
        The common shock, in its own standard deviations.
    gap : (draw, gap)
        The surprises of spans without figures, in standard units.
    weights : dict of str to (draw, lag)
        How each route spreads its source, its share in it.
    elasticity : (draw, flow), optional
        Of hazards to the size of the stock that is left.
    unrecorded, stock : (draw, stock), optional
        Standard deviation of what goes unrecorded, and who is there before the first figure.
    introduced : Introduced, optional
        Measures of the past, and their effects.
    """

    constant: Parameters
    season: Floats
    initial: State
    size: Floats
    shock: Floats
    gap: Floats
    weights: dict[str, Floats]
    elasticity: Floats | None = None
    unrecorded: Floats | None = None
    stock: Floats | None = None
    introduced: Introduced | None = None

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
        ceiling = np.array([spec.ceilings[flow] for flow in spec.structure.names])
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
        chain: dict[str, Any] = {}
        if spec.network.stocks:
            elasticity = np.ones((n, n_flows))
            if names.ELASTICITY in stacked:
                elasticity[:, spec.structure.elastic] = draws(names.ELASTICITY, names.LEAVING)
            chain |= {
                "elasticity": elasticity,
                "unrecorded": draws(names.UNRECORDED, names.STOCK),
                "stock": draws(names.INITIAL_STOCK, names.STOCK),
            }
        begun = _begun(spec, posterior)
        if begun.any():
            measures = tuple(np.array(spec.past_measures, dtype=object)[begun])
            effects = draws(names.LOG_FACTOR, names.MEASURE)[:, begun]
            acts = acted(measures, spec.structure.names)
            chain["introduced"] = Introduced(measures, acts, effects)
        return cls(
            constant,
            season,
            State(draws(names.INITIAL_LEVEL, names.FLOW), draws(names.MEAN_LEVEL, names.FLOW)),
            spec.sizes,
            draws(names.COMMON_SHOCK, names.TIME),
            draws(names.GAP_SURPRISE, names.GAP) if has_gaps else np.zeros((n, 0)),
            _route_draws(spec.structure, draws) if spec.structure.routes else {},
            **chain,
        )

    def at(self, period: pd.Period) -> Parameters:
        """Give the parameters that hold in a period."""
        season = self.season[:, season_of(period, self.season.shape[1])]
        if self.introduced is not None:
            season = season + self.introduced.at(period)
        return self.constant._replace(season=season)

    def repeat(self, times: int) -> "FlowDraws":
        """Repeat every draw, for several futures of each."""

        def repeated(value: Any) -> Any:
            match value:
                case dict():
                    return {name: repeated(each) for name, each in value.items()}
                case tuple():
                    return type(value)(*map(repeated, value))
                case Introduced():
                    return value.repeat(times)
                case np.ndarray() if value.ndim:
                    return np.repeat(value, times, axis=0)
                case _:
                    return value

        values = {each.name: repeated(getattr(self, each.name)) for each in fields(self)}
        return FlowDraws(**values | {"size": self.size})


def _begun(spec: ModelSpec, posterior: xr.Dataset) -> NDArray[np.bool_]:
    """Say which past measures began within the span of the evidence, (measure,).

    Of others nothing is known at its end, and a forecast must not know them either.
    """
    if not spec.past_measures:
        return np.zeros(0, dtype=bool)
    frequency = spec.network.frequency
    last = pd.Period(str(posterior[names.TIME].values[-1])[:10], freq=frequency)
    return np.array([pd.Period(m.start, freq=frequency) <= last for m in spec.past_measures])


def _route_draws(structure: Structure, draws: Callable[..., Floats]) -> dict[str, Floats]:
    """Give how each route spreads its source, its share in it: (draw, lag) each."""
    unsure = doubted(structure)
    n = len(draws(names.HALF_LIFE, names.FLOW))
    moments = (
        [draws(name, names.ROUTE) for name in (names.DELAY_MEAN, names.DELAY_SD)] if unsure else []
    )
    found = {}
    for flow in structure.flows:
        shares = np.tile(nominal_shares(flow.routes), (n, 1)) if flow.routes else np.zeros((n, 0))
        if flow.routes and not shares_known(flow):
            shares = draws(f"{flow.name}_{names.ROUTE_SHARE}", f"{flow.name}_{names.ROUTE}")
        for i, route in enumerate(flow.routes):
            name = structure.route_name(flow, route)
            weights = nominal_weights(route)[None]
            if name in unsure:
                mean, sd = (each[:, unsure.index(name), None] for each in moments)
                weights = doubted_weights(mean, sd, [route], structure.longest_lag, np)
            found[name] = shares[:, i, None] * weights
    return found


class Past(NamedTuple):
    """What a replay gives.

    Attributes
    ----------
    end : State
        Arrays (draw, flow): every flow after the last period that tells of it; as it was at first
        where none does.
    mean : (draw, time, flow)
        The expected count of each period kept, given the periods before.
    counts : (draw, time, flow)
        The counts of these periods: as observed; of a longer window its share; else as the
        surprise of the span without a figure implies, or the mean.
    stock : (draw, time, stock), optional
        Who was in each stock at the end of these periods, as far as it is known.
    variance : (draw, time, flow), optional
        Of the count of a flow without a figure, at the end of its window, before the figures of
        stocks.
    unsure : (draw, flow), optional
        The variance of the level at the end.
    """

    end: State
    mean: Floats
    counts: Floats
    stock: Floats | None
    variance: Floats | None
    unsure: Floats | None


def replay(draws: FlowDraws, layout: Layout, keep_from: int = 0) -> Past:
    """Run the passage over the past with known parameters.

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
    structure, told = layout.structure, layout.told
    tied = ties(structure, draws.size, layout.levels.members)
    data = evidence_arrays(layout, layout)
    if structure.routes:
        exposure = _exposures(draws, layout)
    in_doubt = doubts(draws, layout)
    gap_time, gap_flow = layout.gaps
    first = beginning(structure, layout.is_coarse, draws.initial, draws.stock, np)
    carried, end, unsure = first, draws.initial, first.unsure
    means, counts, stocks, variances = [], [], [], []
    cut = of_cuts(data, layout, draws.constant.dispersion) if "row" in data else None
    for t, now in enumerate(layout.periods):
        gap = np.zeros_like(draws.initial.level)
        here = gap_time == t
        gap[:, gap_flow[here]] = draws.gap[:, here]
        seen = Seen(**{name: data[name][t] for name in Seen._fields if name in data})
        if structure.routes:
            seen = seen._replace(exposure=exposure[:, t])
        if in_doubt is not None:
            seen = seen._replace(doubt=in_doubt[:, t])
        if cut is not None:
            seen = seen._replace(blur=data["blur"][t] + cut[:, t])
        chance = Chance(draws.shock[:, t, None], gap, draws.elasticity, draws.unrecorded)
        carried, passed = passage(carried, first, seen, chance, draws.at(now), tied, np)
        end = where(told[t], State(carried.level, carried.long_run), end)
        if unsure is not None:
            unsure = np.where(told[t], carried.unsure, unsure)
        means.append(passed.mean)
        counts.append(passed.count)
        stocks.append(carried.stock)
        variances.append(passed.variance)
    mean = np.stack(means, axis=1)
    count = _by_period(mean, np.stack(counts, axis=1), layout)[:, keep_from:]
    stock, variance = (
        None if values[-1] is None else np.stack(values[keep_from:], axis=1)
        for values in (stocks, variances)
    )
    return Past(end, mean[:, keep_from:], count, stock, variance, unsure)


def doubts(draws: FlowDraws, layout: Layout) -> Floats | None:
    """Give the doubt about what routed flows were counted over, (draw, time, flow), if any."""
    if (behind := Behind.of(layout)) is None:
        return None
    arrays = timing_arrays(layout, layout)
    timing = Timing(arrays["timing_frailty"], arrays["timing_arrival"])
    return np.asarray(doubt(timing, behind, draws.constant, np))


def _exposures(draws: FlowDraws, layout: Layout) -> Floats:
    """Give what routed flows were counted over, (draw, time, flow); 1 for others."""
    structure = layout.structure
    total = np.ones((len(draws.shock), len(layout.time), len(structure.flows)))
    total[..., structure.driven("routed")] = HALF
    position = {flow.name: s for s, flow in enumerate(structure.flows)}
    for flow in structure.flows:
        for route in flow.routes:
            weights = draws.weights[structure.route_name(flow, route)]
            share = weights.sum(axis=1, keepdims=True)
            most = weights.shape[1] - 1
            history = source_of(layout.windows.history, structure.combination(route.source))
            known = weights @ lagged(~np.isnan(history), most).T / share
            delayed = weights @ lagged(np.nan_to_num(history), most).T
            total[..., position[flow.name]] += renormalised(delayed, known, np)
    return total


def _by_period(mean: Floats, count: Floats, layout: Layout) -> Floats:
    """Give the count of every period: a longer figure in proportion to what was expected."""
    windows = layout.windows
    counts = np.where(windows.seen | windows.gap | windows.row, count, np.round(mean))
    long = windows.end & (windows.length > 1)
    for last, s in zip(*np.nonzero(long), strict=True):
        first = last - windows.length[last, s] + 1
        expected = mean[:, first : last + 1, s]
        total = count[:, last, s, None]
        if windows.gap[last, s]:
            total = total * windows.length[last, s]
        part = np.maximum(expected, 1e-9)
        counts[:, first : last + 1, s] = total * part / part.sum(axis=1, keepdims=True)
    return np.where(np.isnan(windows.apart), counts, windows.apart)


def where(chosen: NDArray[np.bool_], one: State, other: State) -> State:
    """Take the one state for the flows chosen, and the other for the rest."""
    return State(*(np.where(chosen, a, b) for a, b in zip(one, other, strict=True)))
