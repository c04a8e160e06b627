"""Policy measures with uncertain effects, and scenarios: sets of them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from math import isfinite
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Final, Protocol, Self, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mppbayes.errors import ScenarioError, suggest
from mppbayes.model.introduced import working
from mppbayes.network.reading import read_toml
from mppbayes.panel.faults import CellError
from mppbayes.panel.periods import EXPECTED, Span
from mppbayes.prediction.stated import at_places

type Floats = NDArray[np.float64]

_BOLD: Final = re.compile(r"\x1b\[\d*m")  # PreliZ prints names so
_FAR: Final = 1e-6  # the chance of an effect that must still be a number
PLACES: Final = "places"  # what a measure of a capacity acts on


@runtime_checkable
class Distribution(Protocol):
    """Anything with quantiles: a frozen SciPy distribution, a PreliZ object."""

    def ppf(self, q: Any) -> Any:
        """Give the value that is not exceeded with probability q."""
        ...


type Effect = float | Mapping[float, float] | Distribution


@dataclass(frozen=True)
class Measure:
    """One policy action, with an uncertain effect on the rates of some flows, or on places.

    Attributes
    ----------
    name : str
        What it is called.
    block : int
        The policy block that it belongs to.
    acts_on : tuple of str
        Flows. What changes is a count's mean, of a routed flow its rate per source event, of one
        that leaves a stock its hazard, of a part the odds of its share. Or routes, as
        ``appeals from rejections``: what arrives by that one. Or ``places`` alone: the places of a
        :class:`Capacity`, of which a forecast takes no notice.
    start : str
        The first period in which it works, as ``2027-01``.
    effect : float, mapping of float to float, or distribution
        The share by which these change: 0.2 for a fifth more, -1 for none left. A mapping goes
        from exceedance probability to value, at least two, joined by straight lines over the
        normal scale of probability, which go on beyond the outermost; a distribution has ``ppf``.
        What is below -1 is -1. One draw keeps its place in all periods and flows.
    phase_in : int
        Periods until it works in full, in equal steps; 0 for at once.
    lasts : int, optional
        Periods after which it works no longer; by default it stays.
    probability : float
        That it takes effect at all.
    note : str
        Who says so, and why.
    """

    name: str
    block: int
    acts_on: tuple[str, ...]
    start: str
    effect: Effect
    phase_in: int = 0
    lasts: int | None = None
    probability: float = 1.0
    note: str = ""

    def __post_init__(self) -> None:
        named: Any = self.acts_on
        flows = tuple(named) if isinstance(named, Iterable) and not isinstance(named, str) else ()
        object.__setattr__(self, "acts_on", flows or ((named,) if named else ()))
        if isinstance(self.effect, Mapping):
            effect = {_number(key): value for key, value in self.effect.items()}
            object.__setattr__(self, "effect", effect)

    @property
    def of_places(self) -> bool:
        """Whether it acts on the places of a capacity, and on no flow."""
        return self.acts_on == (PLACES,)

    def drawn(self, place: Floats) -> Floats:
        """Give the effect at places between 0 and 1 of its distribution; none takes over all."""
        if isinstance(self.effect, Mapping):
            effect = at_places(self.effect, place)
        elif isinstance(self.effect, Distribution):
            effect = np.asarray(self.effect.ppf(place), dtype=float)
        else:
            effect = np.full(place.shape, float(self.effect))
        return np.maximum(effect, -1.0)

    def working(self, span: pd.PeriodIndex) -> Floats:
        """Say how much of it works in each period, between 0 and 1: (time,)."""
        return working(self.start, self.phase_in, self.lasts, span)


@dataclass(frozen=True)
class Scenario:
    """A named set of measures.

    It may hold those of all policy blocks: a forecast takes what acts on flows, and
    :meth:`Capacity.under` what acts on places.

    Attributes
    ----------
    name : str
        What it is called; it stands in every table.
    measures : tuple of Measure
        None of them for the policy as it is.

    Raises
    ------
    ScenarioError
        With every fault that shows without a network.
    """

    name: str
    measures: tuple[Measure, ...] = ()

    def __post_init__(self) -> None:
        measures: Any = self.measures
        several = (measures,) if isinstance(measures, Measure) else tuple(measures)
        object.__setattr__(self, "measures", several)
        faults = [] if self.name else ["it has no name; tables show it"]
        faults += measure_faults(self.measures)
        if faults:
            raise ScenarioError(f"the scenario {self.name!r} cannot be used", faults)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make a scenario from plain data: ``name`` and a list of tables, ``measure``.

        Raises
        ------
        ScenarioError
            With every fault.
        """
        rows = data.get("measure", [])
        if isinstance(rows, Mapping) or not all(isinstance(row, Mapping) for row in rows):
            raise ScenarioError(
                f"the scenario {data.get('name', '')!r} cannot be used",
                ["'measure' is no list of tables; write [[measure]] above each of them"],
            )
        faults = list(_unknown("the scenario", data, ("name", "measure")))
        known = [each.name for each in fields(Measure)]
        needed = known[: known.index("phase_in")]
        for position, row in enumerate(rows, start=1):
            place = f"measure {row.get('name', position)!r}"
            faults += _unknown(place, row, known)
            faults += [f"{place}: '{key}' is missing; add it" for key in needed if key not in row]
        if faults:
            raise ScenarioError(f"the scenario {data.get('name', '')!r} cannot be used", faults)
        return cls(data.get("name", ""), tuple(Measure(**row) for row in rows))

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a scenario from a TOML file.

        Raises
        ------
        ScenarioError
            With every fault.
        """
        return cls.from_dict(read_toml(Path(path), "scenario", ScenarioError))

    def without(self, *names: str) -> Self:
        """Give the scenario without some measures.

        Raises
        ------
        ScenarioError
            If it has no measure of a name.
        """
        known = [measure.name for measure in self.measures]
        if faults := [
            f"no {each!r}; {suggest(each, known)}" for each in names if each not in known
        ]:
            raise ScenarioError(f"the scenario {self.name!r} has no such measure", faults)
        return type(self)(self.name, tuple(m for m in self.measures if m.name not in names))

    def to_dict(self) -> dict[str, Any]:
        """Give the scenario as plain data; of a distribution its text, as ``norm(0.1, 0.2)``."""
        rows = [
            {key: value for key, value in asdict(measure).items() if value is not None}
            for measure in self.measures
        ]
        for row in rows:
            row["acts_on"] = list(row["acts_on"])
            if isinstance(row["effect"], Mapping):
                row["effect"] = {str(key): value for key, value in row["effect"].items()}
            elif not isinstance(row["effect"], Real):
                row["effect"] = _text(row["effect"])
        return {"name": self.name, "measure": rows}


def require_on_flows(scenario: Mapping[str, Any]) -> None:
    """Refuse a scenario, as :meth:`Scenario.to_dict` gives it, that changes places and no flow."""
    rows = scenario.get("measure", [])
    if rows and all(list(row["acts_on"]) == [PLACES] for row in rows):
        raise ScenarioError(
            f"the scenario {scenario.get('name', '')!r} changes places alone, so that no flow and "
            "no stock differs from policy as it is",
            [f"{row['name']} acts on places" for row in rows],
            "give it to Capacity.under, and compare the shortage before and after",
        )


def measure_faults(measures: tuple[Measure, ...]) -> list[str]:
    """Give every fault of a set of measures that shows without a network."""
    names = [measure.name for measure in measures]
    doubled = sorted({name for name in names if names.count(name) > 1})
    return [
        *(f"two measures are called {name!r}" for name in doubled),
        *(fault for measure in measures for fault in _faults(measure)),
    ]


def _text(distribution: Any) -> str:
    """Say what a distribution is: a frozen SciPy one by its name and parameters."""
    law: Any = getattr(distribution, "dist", None)
    if hasattr(law, "name") and hasattr(distribution, "args") and hasattr(distribution, "kwds"):
        named = (f"{name}={value}" for name, value in distribution.kwds.items())
        return f"{law.name}({', '.join([*map(str, distribution.args), *named])})"
    text = _BOLD.sub("", repr(distribution))
    return type(distribution).__name__ if " at 0x" in text else text


def is_number(value: object) -> bool:
    """Whether something is a finite number; a truth value is none."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    return isfinite(float(value))


def _number(key: object) -> Any:
    try:
        return float(str(key))
    except ValueError:
        return key


def _unknown(place: str, row: Mapping[str, Any], known: Iterable[str]) -> Iterator[str]:
    known = list(known)
    for key in row:
        if key not in known:
            yield f"{place}: unknown key '{key}'; {suggest(key, known)}"


def _faults(measure: Measure) -> Iterator[str]:
    place = f"measure {measure.name!r}"
    if not measure.acts_on:
        yield f"{place} acts on nothing; name flows, routes, or {PLACES!r}"
    elif strange := _not_text(measure.acts_on):
        yield f"{place} acts on {strange[0]!r}, no name; name flows, routes, or {PLACES!r}"
        return
    if PLACES in measure.acts_on and not measure.of_places:
        others = ", ".join(name for name in measure.acts_on if name != PLACES)
        yield (
            f"{place} acts on {PLACES!r} and on {others or 'them once more'}; name {PLACES!r} "
            f"once and alone, and make another measure of what acts on flows"
        )
    if not (isinstance(measure.phase_in, Integral) and measure.phase_in >= 0):
        yield f"{place}: phase_in is {measure.phase_in!r}; give periods, 0 or more"
    if measure.lasts is not None and not (
        isinstance(measure.lasts, Integral) and measure.lasts > 0
    ):
        yield f"{place}: lasts is {measure.lasts!r}; give periods, 1 or more, or leave it out"
    if _not_text([measure.start]) or not _is_period(measure.start):
        yield f"{place} starts at {measure.start!r}, which is no period; {EXPECTED}"
    if not (is_number(measure.probability) and 0 <= measure.probability <= 1):
        yield f"{place}: probability is {measure.probability!r}; give a number from 0 to 1"
    yield from (f"{place}: {fault}" for fault in _effect_faults(measure))


def _not_text(values: Iterable[object]) -> list[object]:
    return [value for value in values if not isinstance(value, str)]


def _is_period(text: str) -> bool:
    try:
        Span.parse(text)
    except CellError:
        return False
    return True


def _effect_faults(measure: Measure) -> Iterator[str]:
    effect: Any = measure.effect
    if isinstance(effect, Mapping):
        sound = len(effect) > 1 and all(is_number(p) and 0 < p < 1 for p in effect)
        sound = sound and all(is_number(value) for value in effect.values())
        values = [effect[each] for each in sorted(effect, reverse=True)] if sound else []
        if not sound or values != sorted(values):
            yield (
                f"the effect has quantiles {effect}; give two or more, between 0 and 1, whose "
                "values are numbers that rise as the chance to exceed them falls"
            )
            return
    elif isinstance(effect, Distribution):
        values = [float(effect.ppf(place)) for place in (_FAR, 1 - _FAR)]
        if not all(map(is_number, values)):
            yield f"the effect lies between {values[0]} and {values[1]}; give one that is finite"
            return
    elif is_number(effect):
        values = [effect]
    else:
        yield f"the effect is {effect!r}; give a number, quantiles, or a distribution with ppf"
        return
    if (least := min(values)) < -1:
        yield f"the effect can be {least:.3g}; a rate cannot fall by more than all of it, -1"
