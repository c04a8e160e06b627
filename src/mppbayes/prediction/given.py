"""Futures that are given: a partner's own forecast or a decision, from which nothing is learned."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mppbayes.errors import PanelError, suggest
from mppbayes.model.structure import Structure
from mppbayes.panel.faults import CellError
from mppbayes.panel.periods import MONTHS, Span
from mppbayes.prediction.stated import at_places
from mppbayes.storage import digest

type Level = int | Mapping[float, float]


@dataclass(frozen=True)
class GivenFuture:
    """The future of one flow, from elsewhere.

    Attributes
    ----------
    flow : str
        The flow.
    counts : mapping of str to int, or to mapping of float to float
        Period of the network → the count; or → exceedance probability → value, at least two,
        joined by straight lines over the normal scale of probability, which go on beyond the
        outermost, down to 0 (one draw keeps its place in every period). Where more are to leave a
        stock than are in it, all of these do.
    source : str
        Who says so.
    """

    flow: str
    counts: Mapping[str, Level]
    source: str

    @property
    def digest(self) -> str:
        """SHA-256 of what is given."""
        return digest(
            {
                str(period): {str(chance): float(value) for chance, value in level.items()}
                if isinstance(level, Mapping)
                else int(level)
                for period, level in self.counts.items()
            }
        )


def lay_out(
    given: Iterable[GivenFuture],
    structure: Structure,
    span: pd.PeriodIndex,
    *,
    origin: pd.Period,
    place: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Lay given futures out over the periods of a forecast.

    Parameters
    ----------
    given : iterable of GivenFuture
        The futures.
    structure : Structure
        The network.
    span : PeriodIndex
        The periods.
    origin : Period
        The last one with evidence; only later ones can be given.
    place : (draw, flow)
        Where each draw stands among the quantiles of a flow, between 0 and 1.

    Returns
    -------
    counts : (draw, time, flow)
        Whole numbers, 0 where not given.
    fixed : (time, flow) bool
        Where given.

    Raises
    ------
    PanelError
        With every fault.
    """
    futures = list(given)
    faults = [fault for future in futures for fault in _faults(future, structure, span, origin)]
    named = [future.flow for future in futures]
    faults += [f"{name!r} is given twice" for name in sorted(set(named)) if named.count(name) > 1]
    if faults:
        raise PanelError("the given futures cannot be used", faults)
    counts = np.zeros((len(place), len(span), len(structure.flows)))
    fixed = np.zeros(counts.shape[1:], dtype=bool)
    for future in futures:
        s = structure.names.index(future.flow)
        for text, level in future.counts.items():
            t = span.get_loc(_period(text, origin))
            counts[:, t, s] = _drawn(level, place[:, s])
            fixed[t, s] = True
    if faults := list(_overfull(counts, fixed, structure, span)):
        raise PanelError("the given futures contradict each other", faults)
    return counts, fixed


def _period(text: object, origin: pd.Period) -> pd.Period:
    return pd.Period(str(Span.parse(text)), freq=origin.freqstr)


def _drawn(level: Level, place: NDArray[np.float64]) -> NDArray[np.float64]:
    if not isinstance(level, Mapping):
        return np.full(len(place), float(level))
    return np.maximum(np.round(at_places(level, place)), 0.0)


def _overfull(
    counts: NDArray[np.float64],
    fixed: NDArray[np.bool_],
    structure: Structure,
    span: pd.PeriodIndex,
) -> Iterator[str]:
    """Say where the given parts of a given whole exceed it."""
    parts: dict[str, list[int]] = {}
    for s, flow in enumerate(structure.flows):
        if flow.part_of:
            parts.setdefault(flow.part_of, []).append(s)
    for whole, inner in parts.items():
        holder = structure.combination(whole)
        for t in np.flatnonzero(fixed[:, holder != 0].all(axis=1)).tolist():
            given = [s for s in inner if fixed[t, s]]
            over = (counts[:, t, given].sum(axis=1) - counts[:, t] @ holder).max()
            if over > 0:
                names = " and ".join(structure.names[s] for s in given)
                yield f"{names} of {span[t]} exceed {whole!r}, whose part they are, by {over:,.0f}"


def _faults(
    future: GivenFuture, structure: Structure, span: pd.PeriodIndex, origin: pd.Period
) -> Iterator[str]:
    network = structure.network
    if future.flow in (*network.stock_names, *network.sum_names):
        yield f"{future.flow!r} is no flow; only the futures of flows can be given"
    elif future.flow not in structure.names:
        yield f"{future.flow!r} is no flow with a rate; {suggest(future.flow, structure.names)}"
    if not future.source:
        yield f"the future of {future.flow!r} has no source; say who gave it"
    if not isinstance(future.counts, Mapping):
        yield f"the counts of {future.flow!r} are {future.counts!r}; give period → count"
        return
    for text, level in future.counts.items():
        try:
            months = Span.parse(text).months
        except CellError:
            yield f"{text!r} of {future.flow!r} is no period; write it as {span[-1]}"
            continue
        if months != MONTHS[network.period]:
            yield (
                f"{text} of {future.flow!r} is no {network.period}, by which this network steps; "
                f"share it out and write the periods as {span[-1]}"
            )
            continue
        period = _period(text, origin)
        if period <= origin or period not in span:
            yield f"{text} of {future.flow!r} is not after {origin} and up to {span[-1]}"
        if isinstance(level, Mapping):
            sound = len(level) > 1 and all(
                isinstance(each, Real) and 0 < each < 1 and isinstance(value, Real) and value >= 0
                for each, value in level.items()
            )
            values = [level[each] for each in sorted(level, reverse=True)] if sound else []
            if not sound or values != sorted(values):
                yield (
                    f"{text} of {future.flow!r} has quantiles {dict(level)}; give two or more, "
                    "between 0 and 1, whose values rise as the chance to exceed them falls"
                )
        elif not isinstance(level, Integral) or level < 0:
            yield f"{text} of {future.flow!r} is {level!r}; give a whole number of at least 0"
