"""Capacity: how likely, how large and how long a shortage of places is."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import pandas as pd
import xarray as xr

from mppbayes import names
from mppbayes.errors import LabelError, SpecError
from mppbayes.model.innovations import Innovations
from mppbayes.panel.faults import CellError
from mppbayes.panel.periods import EXPECTED, Span
from mppbayes.prediction.aggregation import by_period
from mppbayes.prediction.measures import (
    PLACES,
    Distribution,
    Floats,
    Measure,
    Scenario,
    is_number,
    measure_faults,
)
from mppbayes.prediction.pathwise import chance_errors, require_path, standing
from mppbayes.prediction.quantiles import seldom_exceeded

type Places = float | Distribution

_DRAWS: Final = (names.CHAIN, names.DRAW)
_FREQUENCY: Final = {1: "M", 3: "Q", 12: "Y"}
_FAR: Final = 0.001  # the probability down to which places must be possible
_SEED: Final = 20  # of the places of draws in uncertain capacities


@dataclass(frozen=True)
class Capacity:
    """Places for those in a stock.

    Attributes
    ----------
    places : float, distribution, or mapping of str to either
        Period → places, as ``2026-07``, ``2026-Q3`` or ``2026``, which hold from its first month
        until the next one named; or one for all periods. They are those of a period of the path
        if they hold by its last month, at whose end a stock is counted. A distribution has
        ``ppf``; a draw keeps its place in it in all periods. What is below 0 is 0.
    norm : float
        The share of the places that can be occupied, as 0.95.
    source : str
        Who says so.
    measures : tuple of Measure
        What changes the places, with ``acts_on="places"``: a share of them, from a period on,
        perhaps uncertain and perhaps not at all. Their periods are those of the path that the
        capacity is compared with. :meth:`under` adds those of a scenario.

    Raises
    ------
    SpecError
        With every fault.
    """

    places: Places | Mapping[str, Places]
    norm: float = 1.0
    source: str = ""
    measures: tuple[Measure, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.measures, Measure):
            object.__setattr__(self, "measures", (self.measures,))
        faults = []
        if not (is_number(self.norm) and 0 < self.norm <= 1):
            faults.append(f"the norm is {self.norm!r}; give a share above 0, up to 1")
        given = self.places if isinstance(self.places, Mapping) else {"all": self.places}
        if not given:
            faults.append("no places are named; give a number, or period → number")
        if isinstance(self.places, Mapping):
            faults += _period_faults(self.places)
        faults += [
            f"the places of {period} are {value!r}; give a number of at least 0, or a distribution"
            for period, value in given.items()
            if not (isinstance(value, Distribution) or (is_number(value) and value >= 0))
        ]
        faults += [
            f"the places of {period} reach from {value.ppf(_FAR):,.0f} to "
            f"{value.ppf(1 - _FAR):,.0f}; give a distribution of 0 or more"
            for period, value in given.items()
            if isinstance(value, Distribution) and not _possible(value)
        ]
        faults += measure_faults(self.measures)
        faults += [
            f"measure {measure.name!r} acts on {', '.join(measure.acts_on)}; one of a capacity "
            f"acts on {PLACES!r}, others belong to a scenario of the forecast"
            for measure in self.measures
            if not measure.of_places
        ]
        if faults:
            raise SpecError("the capacity cannot be used", faults)

    def under(self, scenario: Scenario) -> Self:
        """Give the capacity with the measures of a scenario that act on places.

        Raises
        ------
        SpecError
            If it has a measure of one of their names already.
        """
        added = tuple(measure for measure in scenario.measures if measure.of_places)
        return replace(self, measures=(*self.measures, *added))

    def drawn(self, path: xr.DataArray) -> xr.DataArray:
        """Give the places that can be occupied, along the draws and periods of a path.

        Raises
        ------
        LabelError
            If the capacity begins after the path, or a measure starts in a period of another
            length.
        """
        place = np.random.default_rng(_SEED).random((path.sizes[names.CHAIN], path.sizes["draw"]))
        columns = []
        for value in self._places_by(path["period"].values):
            drawn = value.ppf(place) if isinstance(value, Distribution) else value
            there = np.maximum(np.asarray(drawn, dtype=float), 0.0)
            columns.append(np.broadcast_to(there, place.shape))
        changed = np.stack(columns, axis=-1) * self._changes(path)
        return path.astype(float).transpose(*_DRAWS, "period").copy(data=self.norm * changed)

    def _places_by(self, periods: Iterable[str]) -> Iterator[Places]:
        """Give the places that hold by the last month of each period."""
        if not isinstance(self.places, Mapping):
            yield from (self.places for _ in periods)
            return
        given = {Span.parse(period): places for period, places in self.places.items()}
        known = sorted(given, key=lambda span: span.first)
        for period in periods:
            begun = [span for span in known if span.first < Span.parse(period).end]
            if not begun:
                raise LabelError(
                    f"the capacity begins in {known[0]}, the forecast in {period}; name the "
                    f"places from then on"
                )
            yield given[begun[-1]]

    def _changes(self, path: xr.DataArray) -> Floats:
        """Give what the measures multiply the places by, (chain, draw, period)."""
        shape = (path.sizes[names.CHAIN], path.sizes[names.DRAW])
        periods = path["period"].values
        months = Span.parse(periods[0]).months
        for measure in self.measures:
            _require_period(measure, months, str(periods[0]))
        span = pd.PeriodIndex(periods, freq=_FREQUENCY[months])
        factor = np.ones((*shape, len(span)))
        for measure in self.measures:
            place, chance = Innovations(_SEED, shape[0] * shape[1]).measure(measure.name)
            effect = np.where(chance < measure.probability, measure.drawn(place), 0.0)
            factor *= 1 + effect.reshape(shape)[..., None] * measure.working(span)
        return factor


def _possible(places: Distribution) -> bool:
    ends = [float(places.ppf(place)) for place in (_FAR, 1 - _FAR)]
    return all(map(is_number, ends)) and ends[0] >= 0


def _period_faults(periods: Iterable[object]) -> Iterator[str]:
    """Find what is no period, and periods that begin in one month."""
    begun: dict[int, object] = {}
    for period in periods:
        try:
            first = Span.parse(period).first
        except CellError:
            yield f"places are named from {period!r}, which is no period; {EXPECTED}"
            continue
        if first in begun:
            yield (
                f"places are named from {begun[first]!r} and from {period!r}, which begin in one "
                f"month; keep one of them"
            )
        begun.setdefault(first, period)


def _require_period(measure: Measure, months: int, example: str) -> None:
    """Refuse a measure that does not begin in a period like those of the path."""
    try:
        sound = Span.parse(measure.start).months == months
    except CellError:
        sound = False
    if not sound:
        raise LabelError(
            f"measure {measure.name!r} starts at {measure.start!r}, and the path has periods such "
            f"as {example}; give a start of that kind, and phase_in and lasts in such periods, or "
            f"a path with others (per='period' or 'year')"
        )


def shortage(path: xr.DataArray, capacity: Capacity, *, exceedance: float = 0.33) -> pd.DataFrame:
    """Compare who is in a stock with the places there are.

    Parameters
    ----------
    path : (chain, draw, period)
        As :func:`paths` gives for a stock, or a sum of stocks.
    capacity : Capacity
        The places.
    exceedance : float
        With what probability the places needed may turn out too few.

    Returns
    -------
    DataFrame
        One row a period: ``probability`` of a shortage then, with its Monte Carlo standard error
        ``mcse``; ``so_far``, of one by then;
        ``shortage`` and ``surplus``, expected, in places; ``needed``, the places to be there for a
        shortage with the given probability, under the norm. Then two rows: ``peak``, where
        probability and places are those of each path's worst period, and ``all``, where shortage
        and surplus are summed over all periods, in place-periods, which ``unit`` says. And what
        stands with every figure of the path; the last two have no basis of their own.
        ``scenario`` also names the measures of the capacity.

    Raises
    ------
    LabelError
        If it is no path, the probability is not between 0 and 1, or the capacity does not suit the
        path: it begins later, or a measure of it starts in a period of another length.
    """
    if not 0 < exceedance < 1:
        raise LabelError(f"the probability is {exceedance!r}; give a number between 0 and 1")
    if not isinstance(capacity, Capacity):
        raise LabelError(f"the capacity is {capacity!r}; give a Capacity, as in Capacity(28_000)")
    path = require_path(path)
    over = path - capacity.drawn(path)
    short, idle = over.clip(min=0) / capacity.norm, (-over).clip(min=0) / capacity.norm
    ordered = np.sort(by_period(path), axis=1)
    needed = np.ceil(seldom_exceeded(ordered, exceedance)[:, 0] / capacity.norm)
    ever = (over.max("period") > 0).mean().item()
    said = standing(path)
    if capacity.measures:
        named = [said.get("scenario", ""), *(measure.name for measure in capacity.measures)]
        said["scenario"] = " + ".join(dict.fromkeys(filter(None, named)))
    rows = pd.DataFrame(
        {
            "period": path["period"].values,
            "probability": (over > 0).mean(_DRAWS).values,
            "mcse": chance_errors(over > 0),
            "so_far": ((over > 0).cumsum("period") > 0).mean(_DRAWS).values,
            "shortage": short.mean(_DRAWS).values,
            "surplus": idle.mean(_DRAWS).values,
            "needed": needed,
            "scope": path.attrs.get("scope", "pointwise"),
            **said,
        }
    )
    top = seldom_exceeded(np.sort(path.max("period").values.reshape(1, -1)), exceedance).item()
    last = pd.DataFrame(
        {
            "period": ["peak", "all"],
            "probability": ever,
            "mcse": chance_errors((over > 0).any("period").expand_dims("period"))[0],
            "so_far": ever,
            "shortage": [short.max("period").mean().item(), short.sum("period").mean().item()],
            "surplus": [idle.min("period").mean().item(), idle.sum("period").mean().item()],
            "needed": np.ceil(top / capacity.norm),
            "scope": ["peak", "path"],
            **{key: value for key, value in said.items() if key != "basis"},
        }
    )
    if "unit" in said:
        last["unit"] = [said["unit"], f"{said['unit']} x periods"]
    return pd.concat([rows, last], ignore_index=True).assign(exceedance=exceedance)
