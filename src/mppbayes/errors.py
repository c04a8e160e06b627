"""One family of errors: each says what was found, what was expected and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches

_MOST_LISTED = 8


class MppbayesError(Exception):
    """Base of every error that mppbayes raises on purpose."""


class FaultsError(MppbayesError, ValueError):
    """An input with one or more faults, all reported together.

    Parameters
    ----------
    what : str
        What could not be used, in one sentence.
    faults : iterable of str
        One line a fault.
    remedy : str, optional
        What to do about it, in one sentence.
    """

    def __init__(self, what: str, faults: Iterable[str], remedy: str = "") -> None:
        self.what = what
        self.faults = tuple(faults)
        self.remedy = remedy
        super().__init__(what, self.faults, remedy)

    def __str__(self) -> str:
        lines = [self.what, *(f"  - {fault}" for fault in self.faults), self.remedy]
        return "\n".join(line for line in lines if line)


class NetworkError(FaultsError):
    """A network that contradicts itself or its file format."""


class PanelError(FaultsError):
    """A table of evidence that cannot be read as counts of a network's series."""


class SpecError(FaultsError):
    """A model specification that contradicts itself, its network or its evidence."""


class ScenarioError(FaultsError):
    """A scenario, or what is asked of one, that cannot be used."""


class NotYetError(FaultsError, NotImplementedError):
    """A valid input for which there are no dynamics yet."""


class LabelError(MppbayesError, LookupError):
    """A label that is unknown, or labels that do not align."""


class AggregationError(MppbayesError, TypeError):
    """An operation on summaries that only draws allow, such as adding bands."""


class SamplingError(MppbayesError, RuntimeError):
    """A sampler that failed."""


class GateError(MppbayesError, RuntimeError):
    """A result that its checks withhold."""


class StorageError(MppbayesError, OSError):
    """A file that cannot be read or written."""


def suggest(name: object, known: Iterable[object]) -> str:
    """Name what may have been meant: the nearest known name, or the first known ones.

    Parameters
    ----------
    name : object
        The name that was found.
    known : iterable of object
        The names that exist, most useful first.

    Returns
    -------
    str
        A clause without a full stop.
    """
    names = [str(each) for each in known]
    if near := get_close_matches(str(name), names, n=1):
        return f"did you mean '{near[0]}'?"
    if not names:
        return "none is known"
    listed = ", ".join(f"'{each}'" for each in names[:_MOST_LISTED])
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return f"known: {listed}{more}"
