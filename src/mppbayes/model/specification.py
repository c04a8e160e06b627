"""The model's specification: a network with its priors and options. Data, not a graph."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
from mppbayes.errors import SpecError, suggest
from mppbayes.frozen import FrozenMapping
from mppbayes.model.pooling import PoolingDesign, design, levels
from mppbayes.model.priors import DEFAULT_PRIORS, MEANINGS, CrisisShock, Positive, Prior, Real
from mppbayes.network import Network
from mppbayes.panel import Panel
from mppbayes.storage import digest, whole_file

_CEILING = 20  # times the largest count, where no ceiling is given

type _Map[V] = Annotated[Mapping[str, V], PlainSerializer(dict)]


@dataclass(frozen=True)
class ModelSpec:
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
        How many sine waves make the seasonal pattern.
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
    harmonics: Annotated[int, Field(ge=0)] = 2
    initial_sd: Positive = 1.0
    mean_levels: _Map[Real] = field(default_factory=FrozenMapping)
    ceilings: _Map[Positive] = field(default_factory=FrozenMapping)

    def __post_init__(self) -> None:
        pooled = {name: levels(self.network)[:-1] for name in names.PARAMETERS} | {
            name: tuple(chosen) for name, chosen in self.pooling.items()
        }
        whole: dict[str, Mapping[str, Any]] = {
            "pooling": pooled,
            "priors": DEFAULT_PRIORS | dict(self.priors),
            "mean_levels": self.mean_levels,
            "ceilings": self.ceilings,
        }
        for attribute, items in whole.items():
            object.__setattr__(self, attribute, FrozenMapping(items))
        if faults := _faults(self):
            raise SpecError("the model's specification contradicts itself", faults)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make a specification from plain data, as :meth:`to_dict` gives.

        Raises
        ------
        SpecError, NetworkError
            With every fault.
        """
        try:
            spec: Self = TypeAdapter(cls).validate_python(dict(data))
        except ValidationError as error:
            faults = [
                f"{'.'.join(map(str, fault['loc'])) or 'the whole'}: {fault['msg']}, "
                f"found {fault['input']!r}"
                for fault in error.errors()
            ]
            raise SpecError("the model's specification cannot be read", faults) from error
        return spec

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a specification from a TOML file.

        Raises
        ------
        SpecError, NetworkError
            With every fault.
        """
        try:
            data = tomllib.loads(Path(path).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise SpecError(
                f"{path} cannot be read as a specification", [str(error)], "write TOML in UTF-8"
            ) from error
        return cls.from_dict(data)

    def to_dict(self) -> dict[str, Any]:
        """Give the specification as plain data: text, numbers, lists and dicts."""
        plain: dict[str, Any] = TypeAdapter(ModelSpec).dump_python(self, mode="json")
        return plain

    def to_toml(self, path: str | Path | None = None) -> str:
        """Give the specification as TOML text, and write it to ``path`` if one is given."""
        text = tomli_w.dumps(self.to_dict())
        if path is not None:
            with whole_file(path) as partial:
                partial.write_text(text, encoding="utf-8", newline="\n")
        return text

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
        If no flow has a count in a single period.
    """
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


def _faults(spec: ModelSpec) -> list[str]:
    known_levels, flows = levels(spec.network), spec.network.flow_names
    faults = [
        f"{what} of {name!r}: no such {noun}; {suggest(name, known)}"
        for what, noun, items, known in (
            ("pooling", "parameter", spec.pooling, names.PARAMETERS),
            ("prior", "parameter", spec.priors, names.PARAMETERS),
            ("mean level", "flow", spec.mean_levels, flows),
            ("ceiling", "flow", spec.ceilings, flows),
        )
        for name in items
        if name not in known
    ]
    faults += [
        f"pooling of {parameter!r} over {level!r}: no such level; {suggest(level, known_levels)}"
        for parameter, chosen in spec.pooling.items()
        for level in chosen
        if level not in known_levels
    ]
    low, high = spec.half_life_range
    if not 0 < low < high:
        faults.append(f"half_life_range runs from {low:g} to {high:g}; give years, shortest first")
    if not spec.shock.scales[0] > 0:
        faults.append(
            f"a shock with probability {spec.shock.probability:g} and scale {spec.shock.scale:g} "
            "leaves no variance for calm periods; probability · scale² must be below 1"
        )
    most = spec.network.periods_per_year // 2
    if spec.harmonics > most:
        object.__setattr__(spec, "harmonics", most)
    return faults
