"""What the measures of a scenario do to rates and to what arrives by routes, draw by draw."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mppbayes.errors import ScenarioError, suggest
from mppbayes.model.innovations import Innovations
from mppbayes.model.structure import ROUTE, Structure
from mppbayes.panel.periods import MONTHS, Span
from mppbayes.prediction.aggregation import PERIOD_FORMATS
from mppbayes.prediction.measures import PLACES, Measure

type Floats = NDArray[np.float64]

_LEAST = 1e-9  # of a rate that is left by a measure that takes all of it, so that its log exists


class Effects:
    """The effects of measures, each drawn once a draw.

    Parameters
    ----------
    measures : sequence of Measure
        The measures; what acts on places is left aside, since it changes no flow.
    structure : Structure
        The network.
    span : PeriodIndex
        The periods of the forecast.
    origin : Period
        The last one with evidence; measures start after it.
    innovations : Innovations
        The chance: a measure's own draws depend on its name alone.
    given : (time, flow) bool
        Where a flow's future is given, which no measure changes.

    Raises
    ------
    ScenarioError
        With every fault.
    """

    def __init__(
        self,
        measures: Sequence[Measure],
        structure: Structure,
        span: pd.PeriodIndex,
        *,
        origin: pd.Period,
        innovations: Innovations,
        given: NDArray[np.bool_],
    ) -> None:
        faults = list(_faults(measures, structure, span, origin))
        if not faults:
            faults = list(_given_faults(measures, structure, span, given))
        if faults:
            raise ScenarioError("the measures cannot be forecast", faults)
        routes = [name for name, _ in structure.routes]
        self._n_draws = innovations.n_draws
        self._n_flows, self._n_routes = len(structure.names), len(routes)
        self._laid = []
        for measure in measures:
            if measure.of_places:
                continue
            place, chance = innovations.measure(measure.name)
            effect = np.where(chance < measure.probability, measure.drawn(place), 0.0)
            acts = [np.isin(names, measure.acts_on) for names in (structure.names, routes)]
            self._laid.append((effect, measure.working(span), *acts))

    def at(self, t: int) -> Floats | float:
        """Give what is added to the log rates in a period of the span: (draw, flow), or 0."""
        working = [each for each in self._laid if each[1][t] and each[2].any()]
        if not working:
            return 0.0
        added = np.zeros((self._n_draws, self._n_flows))
        for effect, share, flows, _ in working:
            added[:, flows] += np.log(np.maximum(1 + effect * share[t], _LEAST))[:, None]
        return added

    def arriving(self, t: int) -> Floats:
        """Give what part of what arrives by each route in a period does so: (route, draw)."""
        part = np.ones((self._n_routes, self._n_draws))
        for effect, share, _, routes in self._laid:
            part[routes] *= 1 + effect * share[t]
        return part


def _faults(
    measures: Sequence[Measure], structure: Structure, span: pd.PeriodIndex, origin: pd.Period
) -> Iterator[str]:
    blocks = [block.number for block in structure.network.blocks]
    for measure in measures:
        place = f"measure {measure.name!r}"
        if measure.block not in blocks:
            yield f"{place} is of block {measure.block!r}; {suggest(measure.block, blocks)}"
        if not measure.of_places:
            yield from _flow_faults(measure, structure)
            yield from _start_faults(measure, span, origin, structure.network.period)
        elif PLACES in structure.network.flow_names:
            yield (
                f"{place} acts on {PLACES!r}, the places of a capacity, and a flow of the network "
                f"has that name too; give the flow another one"
            )


def _flow_faults(measure: Measure, structure: Structure) -> Iterator[str]:
    routes = [name for name, _ in structure.routes]
    for name in measure.acts_on:
        if ROUTE in name and name not in routes:
            instead = suggest(name, routes) if routes else "the network has none"
            yield f"measure {measure.name!r} acts on {name!r}, no route; {instead}"
        elif name not in (*structure.names, *routes):
            yield (
                f"measure {measure.name!r} acts on {name!r}, no flow with a rate; "
                f"{structure.instead_of(name)}"
            )


def _given_faults(
    measures: Sequence[Measure],
    structure: Structure,
    span: pd.PeriodIndex,
    given: NDArray[np.bool_],
) -> Iterator[str]:
    for measure in measures:
        if measure.of_places:
            continue
        works = measure.working(span) > 0
        for name in measure.acts_on:
            flow = name.split(ROUTE)[0]
            if given[works, structure.names.index(flow)].any():
                yield (
                    f"measure {measure.name!r} acts on {name!r}, whose future is given in periods "
                    f"in which it works: nothing changes what is given; give the flow's future "
                    f"with the measure in it, or leave the measure or the given future out"
                )


def _start_faults(
    measure: Measure, span: pd.PeriodIndex, origin: pd.Period, period: str
) -> Iterator[str]:
    place = f"measure {measure.name!r}"
    if Span.parse(measure.start).months != MONTHS[period]:
        example = span[-1].strftime(PERIOD_FORMATS[period])
        yield f"{place} starts at {measure.start!r}, which is no {period}; write it as {example}"
        return
    start = pd.Period(measure.start, freq=origin.freqstr)
    if start <= origin:
        yield (
            f"{place} starts in {start}, and the evidence ends in {origin}: what it does is in "
            f"the figures already; give a later start, or estimate it (past_measures of ModelSpec)"
        )
    elif start > span[-1]:
        yield f"{place} starts in {start}, after the forecast's end in {span[-1]}"
