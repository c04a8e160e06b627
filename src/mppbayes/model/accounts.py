"""Between which figures of stocks the flows account for what changed.

A series is a stock or a sum of stocks. Each of its figures, but for the first, tells how much came
in and went out since the one before.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mppbayes.model.levels import Levels, figures_of, of_rounding
from mppbayes.model.structure import Structure

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]


class Account(NamedTuple):
    """Two figures of a series that follow each other.

    Attributes
    ----------
    series : int
        Of the structure's series.
    first, last : int
        The positions of the periods at whose ends they hold.
    change : float
        By how much the second exceeds the first.
    blur : float
        The variance that rounding adds to it.
    """

    series: int
    first: int
    last: int
    change: float
    blur: float


@dataclass(frozen=True, eq=False)
class Accounts:
    """All accounts that a panel has, series after series, in the order of time.

    Attributes
    ----------
    accounts : tuple of Account
        Of each series.
    shape : (int, int)
        How many periods and series there are.
    """

    accounts: tuple[Account, ...]
    shape: tuple[int, int]

    @cached_property
    def begin(self) -> Flags:
        """Whether an account begins after a period, (time, series)."""
        return self._flags("first")

    @cached_property
    def tell(self) -> Flags:
        """Whether an account ends with a period, (time, series)."""
        return self._flags("last")

    @cached_property
    def change(self) -> Floats:
        """What the account that ends with a period changes, (time, series); 0 where none does."""
        return self._values("change")

    @cached_property
    def blur(self) -> Floats:
        """The variance that rounding adds to the account that ends with a period."""
        return self._values("blur")

    def _values(self, which: str) -> Floats:
        found = np.zeros(self.shape)
        for account in self.accounts:
            found[account.last, account.series] = getattr(account, which)
        return found

    def _flags(self, which: str) -> Flags:
        found = np.zeros(self.shape, dtype=bool)
        for account in self.accounts:
            found[getattr(account, which), account.series] = True
        return found


def accounts(
    structure: Structure, figures: pd.DataFrame, time: pd.PeriodIndex, levels: Levels
) -> Accounts:
    """Find the accounts of a panel.

    They begin where all stocks of a series are known. A sum has none between two dates at which
    all of its members have figures of their own, which tell it.
    """
    names, stocks = structure.series_names, structure.series
    value, unit = (figures_of(names, figures, time, column) for column in ("value", "rounding"))
    published, n_stocks = ~np.isnan(value), len(structure.network.stocks)
    blur = of_rounding(np.nan_to_num(unit))
    found = []
    for q, of in enumerate(stocks > 0):
        tracked = levels.tracked[of].max()
        told = published[:, :n_stocks][:, of].all(axis=1) & (q >= n_stocks)
        at = np.flatnonzero(published[:, q])
        at = at[at >= tracked]
        found += [
            Account(q, a, b, value[b, q] - value[a, q], blur[a, q] + blur[b, q])
            for a, b in pairwise(at.tolist())
            if not (told[a] and told[b])
        ]
    return Accounts(tuple(found), (len(time), len(names)))
