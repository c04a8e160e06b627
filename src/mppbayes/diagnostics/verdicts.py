"""Verdicts: the outcome of checks, and the gate that withholds what fails one."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from mppbayes.errors import GateError


@dataclass(frozen=True, eq=False, repr=False)
class Verdict:
    """One check's outcome.

    Attributes
    ----------
    check : str
        What was checked.
    passed : bool
        Whether the limit holds.
    statement : str
        The outcome in a sentence, with the figure and the limit.
    table : DataFrame
        The figures behind it.
    remedy : str
        What to try if it failed.
    """

    check: str
    passed: bool
    statement: str
    table: pd.DataFrame
    remedy: str

    def __repr__(self) -> str:
        return f"{'passed' if self.passed else 'FAILED'}: {self.check}: {self.statement}"


@dataclass(frozen=True, eq=False, repr=False)
class Verdicts:
    """The outcomes of all checks of a fit, and of the bands made of it.

    Attributes
    ----------
    verdicts : tuple of Verdict
        One a check.
    """

    verdicts: tuple[Verdict, ...]

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(verdict.passed for verdict in self)

    def require(self) -> None:
        """Raise unless every check passed.

        Raises
        ------
        GateError
            With every reason, and what to try.
        """
        failed = [verdict for verdict in self if not verdict.passed]
        if failed:
            reasons = [f"  - {v.check}: {v.statement}; {v.remedy}" for v in failed]
            raise GateError("\n".join(["the figures are withheld", *reasons]))

    def to_frame(self) -> pd.DataFrame:
        """Give a row a check: ``check``, ``passed``, ``statement`` and ``remedy``."""
        columns = ["check", "passed", "statement", "remedy"]
        return pd.DataFrame([[getattr(v, c) for c in columns] for v in self], columns=columns)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self))
