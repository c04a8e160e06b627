"""The model's specification: a network with its priors and options. Data, not a graph."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
import tomli_w
import xarray as xr
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
from mppbayes.model.pooling import PoolingDesign, design, levels
from mppbayes.model.priors import DEFAULT_PRIORS, MEANINGS, CrisisShock, Positive, Prior, Real
from mppbayes.network import Network
from mppbayes.network.reading import fault, read_toml
from mppbayes.panel import Panel
from mppbayes.storage import digest, whole_file

_CEILING = 20  # times the largest count, where no ceiling is given
_HARMONICS = 2

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


_ADAPTER = TypeAdapter(_Settings)
_HOLDERS = {"priors": Prior, "shock": CrisisShock}


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
        from the evidence by :func:`resolve`.
    ceilings : mapping of str to float
        Flow → the mean at which it saturates, counts per period. Likewise.

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
    def design(self) -> PoolingDesign:
        """Which effects make the deviation of every parameter and flow."""
        return design(self.network, self.pooling)

    def describe(self) -> str:
        """Tell what is pooled with what and why, in words and numbers."""
        flows = self.network.flow_names
        lines = [f"{self.network.name}: {len(flows)} flows per {self.network.period}."]
        plan = self.design
        for row, parameter in enumerate(plan.parameters):
            prior = self.priors[parameter]
            lines += [
                "",
                f"{parameter}: {MEANINGS[parameter]}",
                f"  mean ~ Normal({prior.centre:g}, {prior.doubt:g}); "
                + (
                    f"scale ~ HalfNormal({prior.spread:g}), shared out over:"
                    if self.pooling[parameter]
                    else "not pooled: each flow apart, "
                    f"sd {np.hypot(prior.doubt, prior.spread):.2f}"
                ),
                *(
                    f"  - {level}: {_entrance(self, plan, row, position)}"
                    for position, level in enumerate(plan.levels)
                ),
            ]
        low, high = self.half_life_range
        lines += [
            "",
            f"Deviations from the mean level halve in {low:g} to {high:g} years.",
            f"A common shock is a crisis in {self.shock.probability:.0%} of the periods, "
            f"then {self.shock.scale:g} times its usual size.",
        ]
        return "\n".join(lines)


def resolve(spec: ModelSpec, panel: Panel) -> ModelSpec:
    """Fill in the mean levels and ceilings that are not given, from the evidence.

    A mean level is centred at the log of the mean count (half a count at least), a ceiling at 20
    times the largest count. A flow without evidence takes the mean of the others.

    Parameters
    ----------
    spec : ModelSpec
        The specification.
    panel : Panel
        The evidence.

    Returns
    -------
    ModelSpec
        The same, with a mean level and a ceiling for every flow.

    Raises
    ------
    SpecError
        If no flow has a count in a single period, or the panel is of another network.
    """
    if spec.network != panel.network:
        raise SpecError(
            "the specification and the panel are of different networks",
            [
                f"the {what} is of {network!r} (digest {network.digest[:12]})"
                for what, network in (("specification", spec.network), ("panel", panel.network))
            ],
            "read the panel with the network of the specification",
        )
    counts = panel.counts()
    if not counts["value"].notnull().any():
        raise SpecError(
            "nothing can be learned from the panel",
            ["no flow has a count over a single period"],
            f"give counts per {spec.network.period}",
        )
    centre = xr.ufuncs.log(counts["value"].mean("time").clip(min=0.5))
    ceiling = xr.ufuncs.log(_CEILING * counts["upper"].max("time").clip(min=1))
    centre = centre.fillna(centre.mean())
    ceiling = ceiling.fillna(ceiling.mean())
    return replace(
        spec,
        mean_levels=_by_flow(centre) | dict(spec.mean_levels),
        ceilings=_by_flow(np.exp(ceiling)) | dict(spec.ceilings),
    )


def _by_flow(array: Any) -> dict[str, float]:
    return dict(zip(array["flow"].values.tolist(), array.values.tolist(), strict=True))


def _entrance(spec: ModelSpec, plan: PoolingDesign, row: int, position: int) -> str:
    """Say of one level whether its effect enters, and for which flows it does not."""
    level, kept = plan.levels[position], plan.kept[row, :, position]
    if level not in (*spec.pooling[plan.parameters[row]], names.FLOW):
        return "not asked for"
    if not kept.any():
        return "drops out, since it adds no rank to the levels before it"
    groups = len({plan.by_level[level].index[i] for i in np.flatnonzero(kept)})
    without = [
        name for name, enters in zip(spec.network.flow_names, kept, strict=True) if not enters
    ]
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
        "priors": FrozenMapping(DEFAULT_PRIORS | dict(settings.priors)),
        "harmonics": harmonics,
        "mean_levels": FrozenMapping(settings.mean_levels),
        "ceilings": FrozenMapping(settings.ceilings),
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
    known_levels, flows = levels(network), network.flow_names
    faults = [
        f"{what} of {name!r}: no such {noun}; {suggest(name, known)}"
        for what, noun, items, known in (
            ("pooling", "parameter", settings.pooling, names.PARAMETERS),
            ("prior", "parameter", settings.priors, names.PARAMETERS),
            ("mean level", "flow", settings.mean_levels, flows),
            ("ceiling", "flow", settings.ceilings, flows),
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
