"""The figures of stocks as evidence: each tells how much came in and went out since the one before.

A row is two figures of a stock, or of a sum of stocks, that follow each other. Their difference,
less what the figures of flows tell, is what the unseen flows brought and what went unrecorded.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.tensor import TensorVariable
from scipy.sparse.csgraph import connected_components

from mppbayes.model.accounts import Account
from mppbayes.model.balance import OWN
from mppbayes.model.closings import each_account
from mppbayes.model.competing import felt, pairs, unknown
from mppbayes.model.laws import split_variance, window_law
from mppbayes.model.layout import Layout
from mppbayes.model.step import Parameters

type Arrays = dict[str, NDArray[np.generic]]
_LEAST = 0.1  # of a row's variance: what the competition of those who leave may leave of it


def row_arrays(known: Layout, layout: Layout) -> Arrays:
    """Lay out the rows, filled up with rows of weight 0 to those of the longest panel.

    Returns
    -------
    dict of str to array
        ``row_first``, ``row_last`` (positions of the two figures), ``row_change`` (their
        difference), ``row_stocks`` (row, stock), ``row_rounding`` (the variance that rounding
        adds), ``row_weight``; ``row_flows`` (row, member), the flows that change these stocks, and
        ``row_signs``, what one event of each adds to them; and ``row_start_at``, ``row_end_at``
        and ``row_inside``, the seen window of every period. Where flows leave the same stock,
        ``row_pairs`` (row, pair), as :func:`~mppbayes.model.competing.felt` has it. Where several
        rows lie between the same two dates, of stocks that flows or figures tie together, besides
        ``row_beside`` (row, other), those before it, ``row_joined``, 1 where there is one, and
        ``row_beside_signs`` (row, other, member), what an event of the row's own flows adds to
        their stocks, and ``row_beside_pairs`` (row, other, pair).
    """
    if not layout.most_accounts:
        return {}
    windows, structure, rows = known.windows, known.structure, known.accounts.accounts
    series, first, last = (
        np.array([getattr(row, of) for row in rows], dtype=np.int64)
        for of in ("series", "first", "last")
    )
    change, rounding = known.accounts.change[last, series], each_account(known).blur[last, series]
    stocks, signed = structure.series[series], structure.series_change.T[series]
    shape = _RowShape.of(layout)
    flows, signs = _changing(signed, shape.members)
    short = layout.most_accounts - len(rows)
    found: Arrays = {
        "row_first": np.pad(first, (0, short)),
        "row_last": np.pad(last, (0, short)),
        "row_change": np.pad(change, (0, short)),
        "row_rounding": np.pad(rounding, (0, short), constant_values=1.0),
        "row_stocks": np.pad(stocks, ((0, short), (0, 0))),
        "row_flows": np.pad(flows, ((0, short), (0, 0))),
        "row_signs": np.pad(signs, ((0, short), (0, 0))),
        "row_weight": np.pad(np.ones(len(rows)), (0, short)),
        "row_start_at": windows.start_at,
        "row_end_at": windows.end_at,
        "row_inside": windows.counted,
    }
    if len(pairs(structure)):
        share = unknown(first, last, windows, structure)
        competing = felt(share, signed, signed, structure)
        found["row_pairs"] = np.pad(competing, ((0, short), (0, 0)))
    if shape.others:
        beside, joined = _beside(rows, shape)
        found["row_beside"] = np.pad(beside, ((0, short), (0, 0)))
        found["row_joined"] = np.pad(joined, ((0, short), (0, 0)))
        theirs = signed[beside[:, :, None], flows[:, None]]
        found["row_beside_signs"] = np.pad(theirs, ((0, short), (0, 0), (0, 0)))
        if len(pairs(structure)):
            competing = felt(share[:, None], signed[:, None], signed[beside], structure)
            found["row_beside_pairs"] = np.pad(competing, ((0, short), (0, 0), (0, 0)))
    return found


class _RowShape(NamedTuple):
    """What the rows of a panel, and of any shorter one, can be.

    Attributes
    ----------
    members : int
        The most flows that change the stocks of one row.
    others : int
        The most rows before one between the same two dates that it may not be apart from.
    group : (series,) int
        The group of every stock and sum; those of two groups share no flow and no figure.
    """

    members: int
    others: int
    group: NDArray[np.int64]

    @classmethod
    def of(cls, layout: Layout) -> "_RowShape":
        """Take it from the series of stocks that have figures."""
        structure = layout.structure
        touching = np.abs(structure.change)
        stocks = structure.series[np.isin(structure.series_names, layout.table["series"])]
        _, group = connected_components(touching.T @ touching + stocks.T @ stocks, directed=False)
        members = int((stocks @ touching.T > 0).sum(axis=1).max())
        in_group = np.bincount(group[stocks.argmax(axis=1)])
        return cls(max(members, 1), int(in_group.max()) - 1, group[structure.series.argmax(axis=1)])


def _changing(
    signed: NDArray[np.float64], most: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """List the flows that change each row's stocks, and by how much: (row, member) each."""
    flows, signs = np.zeros((len(signed), most), dtype=np.int64), np.zeros((len(signed), most))
    for i, of_row in enumerate(signed):
        changing = np.flatnonzero(of_row)
        flows[i, : len(changing)], signs[i, : len(changing)] = changing, of_row[changing]
    return flows, signs


def _earlier(rows: tuple[Account, ...], group: NDArray[np.int64]) -> list[list[int]]:
    """Give for each row those of its group before it between the same two dates, as positions."""
    between: defaultdict[tuple[int, int, int], list[int]] = defaultdict(list)
    found = []
    for i, row in enumerate(rows):
        together = between[row.first, row.last, int(group[row.series])]
        found.append(list(together))
        together.append(i)
    return found


def _beside(
    rows: tuple[Account, ...], shape: _RowShape
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Lay out the rows between the same two dates, and where there are such: (row, other)."""
    beside = np.zeros((len(rows), shape.others), dtype=np.int64)
    joined = np.zeros(beside.shape)
    for i, others in enumerate(_earlier(rows, shape.group)):
        beside[i, : len(others)], joined[i, : len(others)] = others, 1.0
    return beside, joined


class Rows(NamedTuple):
    """The rows as :func:`row_arrays` gives them, and the window of every period."""

    first: Any
    last: Any
    change: Any
    rounding: Any
    stocks: Any
    flows: Any
    signs: Any
    weight: Any
    start_at: Any
    end_at: Any
    inside: Any
    beside: Any = None
    joined: Any = None
    beside_signs: Any = None
    pairs: Any = None
    beside_pairs: Any = None


def row_law(
    mean: TensorVariable,
    count: TensorVariable,
    rows: Rows,
    *,
    parameters: Parameters,
    unrecorded: TensorVariable,
    unsure: TensorVariable,
    competing: TensorVariable | None = None,
) -> tuple[TensorVariable, TensorVariable, TensorVariable | None]:
    """Give the mean and the variance of each row's change, and what it shares with others.

    Parameters
    ----------
    mean : (time, flow)
        The expected count of each period, or the count where it is taken as known.
    count : (time, flow)
        The figure of the window that ends at a period.
    rows : Rows
        The evidence.
    parameters : Parameters
        Of the flows; the dispersion that of every period, (time, flow).
    unrecorded : (stock,)
        Standard deviation of what changes a stock unrecorded, per period.
    unsure : (time, flow)
        The variance of the level before each period.
    competing : (time, pair), optional
        The covariance of those who leave the same stock.

    Returns
    -------
    mean, variance : (row,)
        A flow with a figure enters as its share of the window, with the variance of a split by
        gamma frailties; an unseen one with its expected count and variance.
    shared : (row, other), or None
        The covariance with each of the rows before it between the same two dates, by the flows
        and the unrecorded that change both. Rows between other dates are taken as independent.
    """
    every = pt.arange(mean.shape[1])
    start, end, flows = rows.start_at, rows.end_at, rows.flows
    total = summed(mean, start, end, every)
    figure = count[end, every]
    share = pt.where(rows.inside, mean * figure / pt.maximum(total, 1e-9), mean)
    shared = pt.cumsum(share, axis=0)
    within = pt.where(rows.inside, shared - (shared - share)[start, every], 0.0)
    relative = 1 / parameters.dispersion
    strength = (end - start + 1) ** 2 / summed(relative, start, end, every)
    unseen = pt.where(rows.inside, 0.0, mean).cumsum(axis=0)
    periods = (1 - pt.cast(rows.inside, "float64")).cumsum(axis=0)

    def at_first(values: TensorVariable) -> TensorVariable:
        return values[rows.first[:, None], flows]

    def at_last(values: TensorVariable) -> TensorVariable:
        return values[rows.last[:, None], flows]

    def split(
        part: TensorVariable, at: Callable[[TensorVariable], TensorVariable]
    ) -> TensorVariable:
        return split_variance(pt.minimum(part, at(figure)), at(figure), at(strength))

    together = pt.eq(at_first(end), at_last(end)) & at_first(rows.inside) & at_last(rows.inside)
    cut = pt.where(
        together,
        split(at_last(within) - at_first(within), at_last),
        split(at_first(within), at_first) + split(at_last(within), at_last),
    )
    gone = at_last(unseen) - at_first(unseen)
    length = pt.maximum(at_last(periods) - at_first(periods), 1.0)
    first, last = rows.first[:, None], rows.last[:, None]
    usual = summed(relative, pt.minimum(first + 1, last), last, flows)
    usual = usual / pt.maximum(last - first, 1)
    of_flows = parameters._replace(adaptation=parameters.adaptation[flows], dispersion=1 / usual)
    _, shape = window_law(gone, length, of_flows, pt)
    variance = gone + gone**2 * (1 / shape + at_last(unsure)) + cut
    n_periods = rows.last - rows.first
    expected = ((at_last(shared) - at_first(shared)) * rows.signs).sum(axis=1)
    spread = (variance * pt.abs(rows.signs)).sum(axis=1)
    spread = spread + n_periods * (rows.stocks @ unrecorded**2) + rows.rounding + OWN
    if competing is not None:
        through = competing.cumsum(axis=0)
        competed = through[rows.last] - through[rows.first]
        less = spread + (competed * rows.pairs).sum(axis=1)
        spread = pt.maximum(less, _LEAST * spread)
    if rows.beside is None:
        return expected, spread, None
    both = ((variance * rows.signs)[:, None] * rows.beside_signs).sum(axis=2)
    if competing is not None:
        both = both + (competed[:, None] * rows.beside_pairs).sum(axis=2)
    missed = (rows.stocks[:, None] * rows.stocks[rows.beside]) @ unrecorded**2
    return expected, spread, rows.joined * (both + n_periods[:, None] * missed)


def summed(
    values: TensorVariable, first: TensorVariable, last: TensorVariable, flow: TensorVariable
) -> TensorVariable:
    """Add up values, (time, flow), from the first to the last period, both included."""
    through = pt.cumsum(values, axis=0)
    return through[last, flow] - (through - values)[first, flow]


def apart(
    error: TensorVariable, variance: TensorVariable, shared: TensorVariable, rows: Rows
) -> tuple[TensorVariable, TensorVariable]:
    """Take off each row's error what the rows before it between the same dates tell of it.

    The result is independent, and has the density of the rows together (a decomposition LDLᵀ of
    their covariance, one row of every pair of dates at a time).

    Parameters
    ----------
    error, variance : (row,)
        What the change exceeds its mean by.
    shared : (row, other)
        As :func:`row_law` gives it.
    rows : Rows
        The evidence.

    Returns
    -------
    error, variance : (row,)
        Given those rows.
    """
    share: list[TensorVariable] = []
    for i in range(shared.type.shape[1]):
        other, left = rows.beside[:, i], shared[:, i]
        for k in range(i):
            left = left - share[k] * variance[rows.beside[:, k]] * share[k][other]
        told = rows.joined[:, i] * left / variance[other]
        error = error - told * error[other]
        variance = variance - told**2 * variance[other]
        share.append(told)
    return error, variance
