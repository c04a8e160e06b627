"""The model's specification: a network with its priors and options. Data, not a graph."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
import pandas as pd
import tomli_w
from numpy.typing import NDArray
from pydantic import (
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    TypeAdapter,
    ValidationError,
)

from mppbayes import names
from mppbayes.errors import FaultsError, SpecError, suggest
from mppbayes.frozen import FrozenMapping
from mppbayes.model.introduced import PastMeasure
from mppbayes.model.pooling import PoolingDesign, design, levels
from mppbayes.model.priors import (
    MEANINGS,
    CrisisShock,
    Positive,
    Prior,
    Real,
    default_priors,
    prior_key,
)
from mppbayes.model.structure import Structure
from mppbayes.network import Drive, Network
from mppbayes.network.reading import fault, read_toml
from mppbayes.storage import digest, whole_file

_HARMONICS = 2


def _said(measures: tuple[PastMeasure, ...]) -> list[dict[str, Any]]:
    """Give measures as plain data, what is not given left out, as TOML needs."""
    rows = (asdict(measure) | {"acts_on": list(measure.acts_on)} for measure in measures)
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


type _Measures = Annotated[tuple[PastMeasure, ...], PlainSerializer(_said)]
type _Map[V] = Annotated[Mapping[str, V], PlainSerializer(dict)]


@dataclass(frozen=True)
class _Settings:
    """The attributes of a specification, as pydantic reads them."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    network: Annotated[
        Network,
        PlainValidator(lambda data: data if isinstance(data, Network) else Network.from_dict(data)),
        PlainSerializer(Network.to_dict),
    ]
    pooling: _Map[tuple[str, ...]] = field(default_factory=FrozenMapping)
    priors: _Map[Prior] = field(default_factory=FrozenMapping)
    shock: CrisisShock = field(default_factory=CrisisShock)
    half_life_range: tuple[Positive, Positive] = (2.0, 20.0)
    harmonics: Annotated[int, Field(ge=0)] = _HARMONICS
    initial_sd: Positive = 0.7
    mean_levels: _Map[Real] = field(default_factory=FrozenMapping)
    ceilings: _Map[Positive] = field(default_factory=FrozenMapping)
    stock_sizes: _Map[Positive] = field(default_factory=FrozenMapping)
    past_measures: _Measures = ()


_ADAPTER = TypeAdapter(_Settings)
_HOLDERS = {"priors": Prior, "shock": CrisisShock, "past_measures": PastMeasure}


@dataclass(frozen=True)
class ModelSpec(_Settings):
    """A network with the priors and options of its model.

    Attributes
    ----------
    network : Network
        The chain.
    pooling : mapping of str to tuple of str
        Parameter → the levels over which flows share information about it, the flow itself
        understood. By default every level of the network. ``()`` does not pool: each flow has
        the prior to itself, as wide as the mean's and the scale's together.
    priors : mapping of str to Prior
        Parameter → prior; those left out keep their default.
    shock : CrisisShock
        The shock common to the chain.
    half_life_range : (float, float)
        Years; a deviation from a flow's mean level halves within them.
    harmonics : int
        How many sine waves make the seasonal pattern: two, or none where the period is a year.
    initial_sd : float
        Standard deviation of a flow's first level about its mean level, log rate.
    mean_levels : mapping of str to float
        Flow → prior centre of its mean level, log count per period. Those left out are taken
        from the evidence by :func:`resolve`. Of a routed or stock-driven flow it is the log of
        its rate, of a part the logit of its share.
    ceilings : mapping of str to float
        Flow → the mean at which it saturates, counts per period. Likewise.
    stock_sizes : mapping of str to float
        Stock → the size at which the hazards of those who leave it hold. Likewise.
    past_measures : tuple of PastMeasure
        Measures since known periods, whose effects are estimated.

    Raises
    ------
    SpecError
        With every fault.
    """

    def __post_init__(self) -> None:
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        for attribute, value in _checked(given, "the model's specification").items():
            object.__setattr__(self, attribute, value)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make a specification from plain data, as :meth:`to_dict` gives.

        Raises
        ------
        SpecError
            With every fault, those of the network too.
        """
        return cls(**_checked(data, "the model's specification"))

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a specification from a TOML file.

        Raises
        ------
        SpecError
            With every fault, and the file's name.
        """
        return cls(**_checked(read_toml(Path(path), "specification", SpecError), str(path)))

    def to_dict(self) -> dict[str, Any]:
        """Give the specification as plain data: text, numbers, lists and dicts."""
        plain: dict[str, Any] = _ADAPTER.dump_python(self, mode="json")
        return plain

    def to_toml(self, path: str | Path | None = None) -> str:
        """Give the specification as TOML text, and write it to ``path`` if one is given."""
        text = tomli_w.dumps(self.to_dict())
        if path is not None:
            with whole_file(path) as partial:
                partial.write_text(text, encoding="utf-8", newline="\n")
        return text

    def unpooled(self) -> Self:
        """Give the same model with every flow apart."""
        return replace(self, pooling=FrozenMapping(dict.fromkeys(names.PARAMETERS, ())))

    @property
    def digest(self) -> str:
        """SHA-256 of the specification's content."""
        return digest(self.to_dict())

    @property
    def sizes(self) -> NDArray[np.float64]:
        """The stocks' sizes, (stock,); of a resolved specification."""
        return np.array([self.stock_sizes[name] for name in self.network.stock_names])

    @cached_property
    def structure(self) -> Structure:
        """The network as the model sees it."""
        return Structure(self.network)

    @cached_property
    def designs(self) -> Mapping[Drive, PoolingDesign]:
        """Which effects make the deviation of every parameter, for the flows of each drive."""
        flows, drives = self.structure.flows, self.structure.drives
        return {
            kind: design(
                self.network,
                [flow for flow, own in zip(flows, drives, strict=True) if own == kind],
                self.pooling,
            )
            for kind in self.structure.present
        }

    def prior_values(self, attribute: Literal["centre", "doubt", "spread"]) -> NDArray[np.float64]:
        """Give a number of the priors by parameter and flow with a rate, (parameter, flow)."""
        return np.array(
            [
                [
                    getattr(self.priors[prior_key(drive, parameter)], attribute)
                    for drive in self.structure.drives
                ]
                for parameter in names.PARAMETERS
            ]
        )

    def describe(self) -> str:
        """Tell what is pooled with what and why, in words and numbers."""
        flows = self.network.flow_names
        lines = [f"{self.network.name}: {len(flows)} flows per {self.network.period}."]
        for kind, plan in self.designs.items():
            if len(self.designs) > 1:
                lines += ["", f"{kind} flows: {', '.join(plan.flows)}"]
            for row, parameter in enumerate(plan.parameters):
                lines += ["", *_parameter_lines(self, kind, plan, row, parameter)]
        low, high = self.half_life_range
        lines += [
            "",
            f"Deviations from the mean level halve in {low:g} to {high:g} years.",
            f"A common shock is a crisis in {self.shock.probability:.0%} of the periods, "
            f"then {self.shock.scale:g} times its usual size.",
        ]
        return "\n".join(lines)


def _parameter_lines(
    spec: ModelSpec, kind: Drive, plan: PoolingDesign, row: int, parameter: str
) -> list[str]:
    """Tell the prior of a parameter and what is pooled."""
    key = prior_key(kind, parameter)
    prior = spec.priors[key]
    return [
        f"{key}: {MEANINGS[parameter]}",
        f"  mean ~ Normal({prior.centre:g}, {prior.doubt:g}); "
        + (
            f"scale ~ HalfNormal({prior.spread:g}), shared out over:"
            if spec.pooling[parameter]
            else f"not pooled: each flow apart, sd {np.hypot(prior.doubt, prior.spread):.2f}"
        ),
        *(
            f"  - {level}: {_entrance(spec, plan, row, position)}"
            for position, level in enumerate(plan.levels)
        ),
    ]


def _entrance(spec: ModelSpec, plan: PoolingDesign, row: int, position: int) -> str:
    """Say of one level whether its effect enters, and for which flows it does not."""
    level, kept = plan.levels[position], plan.kept[row, :, position]
    if level not in (*spec.pooling[plan.parameters[row]], names.FLOW):
        return "not asked for"
    if not kept.any():
        return "drops out, since it adds no rank to the levels before it"
    groups = len({plan.by_level[level].index[i] for i in np.flatnonzero(kept)})
    without = [name for name, enters in zip(plan.flows, kept, strict=True) if not enters]
    rest = f"; without {', '.join(without)}, whose share goes to the last level kept"
    return f"{groups} groups" + rest * bool(without)


def _checked(data: Any, what: str) -> dict[str, Any]:
    """Read the attributes and complete them with the defaults; every fault is reported."""
    settings, faults = _read(data)
    if settings:
        faults += _contradictions(settings)
    if faults or not settings:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise SpecError(f"{what} cannot be used: {count}", faults)
    network, harmonics = settings.network, settings.harmonics
    pooling = {name: levels(network)[:-1] for name in names.PARAMETERS} | dict(settings.pooling)
    if harmonics == _HARMONICS:
        harmonics = min(harmonics, network.periods_per_year // 2)
    return {each.name: getattr(settings, each.name) for each in fields(settings)} | {
        "pooling": FrozenMapping(pooling),
        "priors": FrozenMapping(default_priors(Structure(network).present) | dict(settings.priors)),
        "harmonics": harmonics,
        "mean_levels": FrozenMapping(settings.mean_levels),
        "ceilings": FrozenMapping(settings.ceilings),
        "stock_sizes": FrozenMapping(settings.stock_sizes),
    }


def _read(data: Any) -> tuple[_Settings | None, list[str]]:
    """Read what is sound, None if no network is, and say what is not."""
    if not isinstance(data, Mapping):
        found = f"the specification is {data!r}; expected a mapping, as to_dict gives"
        return None, [f"{found} (ModelSpec.from_toml reads a file)"]
    try:
        return _ADAPTER.validate_python(data), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    faults: list[str] = []
    for detail in details:
        cause = detail.get("ctx", {}).get("error")
        faults += (
            cause.faults
            if isinstance(cause, FaultsError)
            else (fault(detail, _Settings, "the specification", holders=_HOLDERS),)
        )
    unsound = {detail["loc"][0] for detail in details}
    if "network" in unsound:
        return None, faults
    return _read({key: data[key] for key in data if key not in unsound})[0], faults


def _contradictions(settings: _Settings) -> list[str]:
    network = settings.network
    structure = Structure(network)
    known_levels, flows = levels(network), structure.names
    faults = [
        f"{what} of {name!r}: no such {noun}; {suggest(name, known)}"
        for what, noun, items, known in (
            ("pooling", "parameter", settings.pooling, names.PARAMETERS),
            ("prior", "parameter", settings.priors, tuple(default_priors(structure.present))),
            ("mean level", "flow", settings.mean_levels, flows),
            ("ceiling", "flow", settings.ceilings, flows),
            ("size", "stock", settings.stock_sizes, network.stock_names),
        )
        for name in items
        if name not in known
    ]
    faults += [
        f"pooling of {parameter!r} over {level!r}: no such level; {suggest(level, known_levels)}"
        for parameter, chosen in settings.pooling.items()
        for level in chosen
        if level not in known_levels
    ]
    faults += _measure_faults(settings, structure)
    low, high = settings.half_life_range
    if not low < high:
        faults.append(f"half_life_range runs from {low:g} to {high:g}; give years, shortest first")
    shock = settings.shock
    if not shock.scales[0] > 0:
        faults.append(
            f"a shock with probability {shock.probability:g} and scale {shock.scale:g} "
            "leaves no variance for calm periods; probability · scale² must be below 1"
        )
    most = network.periods_per_year // 2
    if settings.harmonics > most and settings.harmonics != _HARMONICS:
        faults.append(
            f"harmonics is {settings.harmonics}; expected at most {most}, "
            f"half the number of periods in a year"
        )
    return faults


def _measure_faults(settings: _Settings, structure: Structure) -> list[str]:
    called = [measure.name for measure in settings.past_measures]
    faults = [
        f"two past measures are called {name!r}; give each its own name"
        for name in sorted(set(called))
        if called.count(name) > 1
    ]
    for measure in settings.past_measures:
        faults += [
            f"past measure {measure.name!r} acts on {flow!r}, no flow with a rate; "
            f"{structure.instead_of(flow)}"
            for flow in measure.acts_on
            if flow not in structure.names
        ]
        try:
            pd.Period(measure.start, settings.network.frequency)
        except ValueError:
            faults.append(
                f"past measure {measure.name!r} starts at {measure.start!r}, which is no period; "
                "write it as 2024-03, 2024-Q1 or 2024"
            )
    return faults
