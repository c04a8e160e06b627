"""The rows of a network: plain frozen data, one class a table of the file format."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, log1p, sqrt
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, PlainSerializer, StrictBool, StrictInt, TypeAdapter

from mppbayes.frozen import FrozenMapping

type Kind = Literal["inflow", "throughflow", "outflow"]
type Period = Literal["month", "quarter", "year"]
type Language = Literal["nl", "en"]

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1)]
Amount = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]

PERIODS_PER_YEAR: dict[Period, int] = {"month": 12, "quarter": 4, "year": 1}

_CONFIG = ConfigDict(extra="forbid", revalidate_instances="always")


@dataclass(frozen=True)
class Title:
    """A title in Dutch and English."""

    __pydantic_config__ = _CONFIG

    nl: str = ""
    en: str = ""

    def in_language(self, language: Language) -> str:
        """Give the title in a language, else in the other one, else ``""``."""
        return (self.nl or self.en) if language == "nl" else (self.en or self.nl)


@dataclass(frozen=True)
class Organisation:
    """An organisation of the chain; its name is free text, as in ``DT&V``."""

    __pydantic_config__ = _CONFIG

    name: Text
    title: Title = Title()


@dataclass(frozen=True)
class Block:
    """A block of the policy, by number."""

    __pydantic_config__ = _CONFIG

    number: StrictInt
    title: Title = Title()


@dataclass(frozen=True)
class Belief:
    """What is believed of a positive number: a log-normal of this mean and standard deviation."""

    __pydantic_config__ = _CONFIG

    mean: Positive
    sd: Positive

    @property
    def log_mean(self) -> float:
        """The mean of its logarithm."""
        return log(self.mean) - self.log_sd**2 / 2

    @property
    def log_sd(self) -> float:
        """The standard deviation of its logarithm."""
        return sqrt(log1p((self.sd / self.mean) ** 2))


@dataclass(frozen=True)
class Initial(Belief):
    """What is believed of a stock at the beginning of the evidence."""


@dataclass(frozen=True)
class Stay(Belief):
    """What is believed of the time in a stock that ends by a flow, in periods."""


@dataclass(frozen=True)
class Stock:
    """Persons or cases present at a period's end.

    Attributes
    ----------
    initial : Initial, optional
        The belief about its level at the beginning of the evidence, for a stock without figures;
        one with figures is known from the first of them on.
    note : str
        The assumption that was made, and its reason.
    """

    __pydantic_config__ = _CONFIG

    name: Key
    organisation: Text
    block: StrictInt
    unit: Text
    title: Title = Title()
    initial: Initial | None = None
    note: str = ""


@dataclass(frozen=True)
class Delay:
    """A waiting time, in periods of the network."""

    __pydantic_config__ = _CONFIG

    mean: Amount
    sd: Amount


@dataclass(frozen=True)
class DelayPrior:
    """The doubt about a delay: standard deviations of its mean and of its sd."""

    __pydantic_config__ = _CONFIG

    mean_sd: Amount
    sd_sd: Amount


@dataclass(frozen=True)
class Route:
    """What feeds a flow after a delay: another flow, or a sum of flows.

    Without a delay it does so within the same period.

    Attributes
    ----------
    source : str
        The flow, or the sum of flows, of which one event counts like another.
    delay : Delay, optional
        The waiting time.
    delay_prior : DelayPrior, optional
        The doubt about it.
    weight : float, optional
        The share of this route among those of the flow, on any common scale.
    note : str
        The assumption that was made, and its reason.
    """

    __pydantic_config__ = _CONFIG

    source: Key
    delay: Delay | None = None
    delay_prior: DelayPrior | None = None
    weight: Positive | None = None
    note: str = ""

    @property
    def at_once(self) -> bool:
        """Whether the source's events of a period feed the flow within that period."""
        return self.delay is None or self.delay.mean == 0


@dataclass(frozen=True)
class Flow:
    """Counted events per period.

    Attributes
    ----------
    labels : mapping of str to str
        Further levels to pool over, such as a nationality.
    driven_by : str, optional
        The stock that drives the flow.
    enters, leaves : str, optional
        The stock that the counted persons or cases enter or leave.
    stay : Stay, optional
        For a flow that leaves a stock: how long one would stay if this were the only way out. It
        says that each leaves at a hazard of its own, however many are there.
    part_of : str, optional
        The flow, or sum of flows, inside which this flow is counted.
    rest : bool
        Whether the flow is what the other parts of its whole leave.
    routes : tuple of Route
        The flows that feed this one; ``route`` in files.
    recounts : tuple of str
        The flows, or sums of flows, whose persons or cases this flow counts once more, at another
        place: a group that holds one of them leaves this flow out, and it enters and leaves other
        stocks than they do.
    note : str
        The assumption that was made, and its reason.
    """

    __pydantic_config__ = _CONFIG

    name: Key
    organisation: Text
    block: StrictInt
    kind: Kind
    unit: Text
    title: Title = Title()
    labels: Annotated[Mapping[Key, Text], PlainSerializer(dict)] = FrozenMapping()
    driven_by: Key | None = None
    enters: Key | None = None
    leaves: Key | None = None
    stay: Stay | None = None
    part_of: Key | None = None
    rest: StrictBool = False
    routes: Annotated[tuple[Route, ...], Field(alias="route")] = ()
    recounts: tuple[Key, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if type(self.labels) is dict:
            object.__setattr__(self, "labels", FrozenMapping(self.labels))

    @property
    def driver(self) -> str | None:
        """The stock that drives the flow: the declared one, else the stock that it leaves."""
        return self.driven_by or self.leaves


@dataclass(frozen=True)
class Sum:
    """A declared total of disjoint flows, or of disjoint stocks; ``note`` says on what ground."""

    __pydantic_config__ = _CONFIG

    name: Key
    of: Annotated[tuple[Key, ...], Field(min_length=1)]
    title: Title = Title()
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a network says of itself as a whole."""

    __pydantic_config__ = _CONFIG

    schema: Literal[1] = 1
    name: Text
    title: Title = Title()
    period: Period = "month"
    note: str = ""


ADAPTERS: dict[type, TypeAdapter[Any]] = {
    row: TypeAdapter(row) for row in (Header, Organisation, Block, Stock, Flow, Sum)
}


def dump(row: object) -> dict[str, Any]:
    """Give a row in the keys of the file format, defaults left out."""
    plain: dict[str, Any] = ADAPTERS[type(row)].dump_python(
        row, mode="json", by_alias=True, exclude_defaults=True
    )
    return plain
