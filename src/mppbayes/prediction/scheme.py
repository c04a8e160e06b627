"""Band schemes: names for probabilities of exceedance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from numbers import Real
from typing import Final, Self

from mppbayes.errors import LabelError, SpecError, suggest
from mppbayes.network import Title


@dataclass(frozen=True)
class Band:
    """A name for a probability of exceedance.

    Attributes
    ----------
    name : str
        The key in tables and files.
    exceedance : float
        The probability that the outcome exceeds the band, between 0 and 1.
    published : bool
        Whether the forecast's owner publishes that probability; otherwise it is our assumption,
        and printed as such.
    title : Title
        What to call it in Dutch and English; its name where left out.
    """

    name: str
    exceedance: float
    published: bool = False
    title: Title = field(default_factory=Title)

    @property
    def description(self) -> str:
        """The band with its probability, and whether that is an assumption."""
        assumed = "" if self.published else " (our assumption)"
        return f"{self.name}: exceeded with probability {self.exceedance:g}{assumed}"


@dataclass(frozen=True)
class BandScheme:
    """Bands from the lowest value to the highest, so with ever lower probabilities of exceedance.

    Attributes
    ----------
    name : str
        What the scheme is called.
    bands : tuple of Band
        At least one.

    Raises
    ------
    SpecError
        With every fault, when names repeat or probabilities are not in order between 1 and 0.
    """

    name: str
    bands: tuple[Band, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "bands", tuple(self.bands))
        if faults := list(_faults(self.bands)):
            raise SpecError(f"the band scheme {self.name!r} cannot be used", faults)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the bands, lowest first."""
        return tuple(band.name for band in self.bands)

    @property
    def exceedances(self) -> tuple[float, ...]:
        """The probabilities of exceedance, in the order of the bands."""
        return tuple(band.exceedance for band in self.bands)

    def with_levels(self, **exceedances: float) -> Self:
        """Give the scheme with other probabilities for bands whose own are an assumption.

        Parameters
        ----------
        **exceedances : float
            Band → probability of exceedance, as in ``MPP.with_levels(minimum=0.95)``.

        Returns
        -------
        BandScheme
            A new scheme.

        Raises
        ------
        SpecError
            With every fault; also for a band whose probability is published.
        """
        faults = [
            f"there is no band {name!r}; {suggest(name, self.names)}"
            for name in exceedances
            if name not in self.names
        ]
        faults += [
            f"{band.name!r} cannot be {exceedances[band.name]!r}: its probability is published as "
            f"{band.exceedance:g}; for another one, make a BandScheme with bands of your own"
            for band in self.bands
            if band.published and exceedances.get(band.name, band.exceedance) != band.exceedance
        ]
        bands = tuple(
            replace(band, exceedance=exceedances.get(band.name, band.exceedance))
            for band in self.bands
        )
        if faults := [*faults, *_faults(bands)]:
            raise SpecError(f"the band scheme {self.name!r} cannot take these levels", faults)
        return replace(self, bands=bands)

    def __getitem__(self, name: str) -> Band:
        for band in self.bands:
            if band.name == name:
                return band
        raise LabelError(f"there is no band {name!r}; {suggest(name, self.names)}")

    def __iter__(self) -> Iterator[Band]:
        return iter(self.bands)

    def __len__(self) -> int:
        return len(self.bands)


def _faults(bands: Sequence[Band]) -> Iterator[str]:
    if not bands:
        yield "it has no bands; give at least one Band(name, exceedance)"
    names = [band.name for band in bands]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield f"{names.count(name)} bands are called {name!r}; each needs its own name"
    unsound = [band for band in bands if not _is_probability(band.exceedance)]
    for band in unsound:
        yield (
            f"the probability of {band.name!r} is {band.exceedance!r}; "
            f"expected a number between 0 and 1, such as 0.1"
        )
    for lower, higher in pairwise(band for band in bands if band not in unsound):
        if lower.exceedance <= higher.exceedance:
            yield (
                f"{higher.name!r} ({higher.exceedance:g}) comes after {lower.name!r} "
                f"({lower.exceedance:g}); a higher band is exceeded with a lower probability"
            )


def _is_probability(value: object) -> bool:
    return isinstance(value, Real) and 0 < float(value) < 1


MPP: Final = BandScheme(
    "MPP",
    (
        Band("minimum", 0.90, title=Title("minimum", "minimum")),
        Band("mediaan", 0.50, published=True, title=Title("mediaan", "median")),
        Band("medio", 0.33, published=True, title=Title("medio", "medio")),
        Band("maximum", 0.10, title=Title("maximum", "maximum")),
    ),
)
"""The scheme of the Meerjaren Productie Prognose. Medio is 0.33, not the middle."""
