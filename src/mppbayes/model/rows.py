"""The figures of stocks as evidence: each tells how much came in and went out since the one before.

A row is two figures of a stock, or of a sum of stocks, that follow each other. Their difference,
less what the figures of flows tell, is what the unseen flows brought and what went unrecorded.
"""

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.tensor import TensorVariable

from mppbayes.model.balance import OWN
from mppbayes.model.layout import Layout
from mppbayes.model.passage import window_law
from mppbayes.model.step import Parameters

type Arrays = dict[str, NDArray[np.generic]]
type _Row = tuple[int, int, float, float, NDArray[np.float64]]


def row_arrays(known: Layout, layout: Layout) -> Arrays:
    """Lay out the rows, filled up with rows of weight 0 to those of the longest panel.

    Returns
    -------
    dict of str to array
        ``row_first``, ``row_last`` (positions of the two figures), ``row_change`` (their
        difference), ``row_stocks`` (row, stock), ``row_rounding`` (the variance that rounding
        adds), ``row_weight``; and ``row_start_at``, ``row_end_at`` and ``row_inside``, the seen
        window of every period. Where several rows lie between the same two dates besides
        ``row_beside`` (row, other), those before it, and ``row_joined``, 1 where there is one.
    """
    if not (longest := _rows(layout)):
        return {}
    rows = _rows(known)
    first, last, change, rounding = (
        np.array([row[at] for row in rows], dtype=kind)
        for at, kind in ((0, np.int64), (1, np.int64), (2, float), (3, float))
    )
    stocks = np.array([row[4] for row in rows]).reshape(len(rows), -1)
    short = len(longest) - len(rows)
    windows = known.windows
    found: Arrays = {
        "row_first": np.pad(first, (0, short)),
        "row_last": np.pad(last, (0, short)),
        "row_change": np.pad(change, (0, short)),
        "row_rounding": np.pad(rounding, (0, short), constant_values=1.0),
        "row_stocks": np.pad(stocks, ((0, short), (0, 0)))
        if rows
        else np.zeros((len(longest), len(layout.network.stocks))),
        "row_weight": np.pad(np.ones(len(rows)), (0, short)),
        "row_start_at": windows.start_at,
        "row_end_at": windows.end_at,
        "row_inside": windows.counted,
    }
    if others := max(map(len, _earlier(longest))):
        beside, joined = _beside(rows, others)
        found["row_beside"] = np.pad(beside, ((0, short), (0, 0)))
        found["row_joined"] = np.pad(joined, ((0, short), (0, 0)))
    return found


def _earlier(rows: list[_Row]) -> list[list[int]]:
    """Give for each row those before it between the same two dates, as positions."""
    between: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    found = []
    for i, (first, last, *_) in enumerate(rows):
        found.append(list(between[first, last]))
        between[first, last].append(i)
    return found


def _beside(rows: list[_Row], most: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Lay out the rows between the same two dates, and where there are such: (row, other)."""
    beside, joined = np.zeros((len(rows), most), dtype=np.int64), np.zeros((len(rows), most))
    for i, others in enumerate(_earlier(rows)):
        beside[i, : len(others)], joined[i, : len(others)] = others, 1.0
    return beside, joined


def _rows(known: Layout) -> list[_Row]:
    """Give first and last position, change, rounding variance and stocks of every row.

    A sum makes no row between two dates at which all of its members have figures, which tell it.
    """
    network, table = known.network, known.table
    found = []
    for name in (*network.stock_names, *network.sum_names):
        if name not in network.stock_series:
            continue
        members = network.members(name)
        stocks = np.array([float(stock in members) for stock in network.stock_names])
        at = known.dates(name)
        figures = table[table["series"] == name].sort_values("end")[at >= 0]
        at = at[at >= 0]
        told = known.told_by_members(name)
        tracked = known.levels.tracked[stocks > 0].max()
        value, unit = figures["value"].to_numpy(), figures["rounding"].to_numpy(dtype=float)
        variance = np.where(unit > 1, unit**2 / 12, 0.0)
        found += [
            (int(at[i]), int(at[i + 1]), value[i + 1] - value[i], variance[i : i + 2].sum(), stocks)
            for i in range(len(at) - 1)
            if at[i] >= tracked and not {at[i], at[i + 1]} <= told
        ]
    return found


class Rows(NamedTuple):
    """The rows as :func:`row_arrays` gives them, and the window of every period."""

    first: Any
    last: Any
    change: Any
    rounding: Any
    stocks: Any
    weight: Any
    start_at: Any
    end_at: Any
    inside: Any
    beside: Any = None
    joined: Any = None


def row_law(
    mean: TensorVariable,
    count: TensorVariable,
    rows: Rows,
    *,
    change: NDArray[np.float64],
    parameters: Parameters,
    unrecorded: TensorVariable,
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
    change : (flow, stock)
        What one event of a flow adds to a stock.
    parameters : Parameters
        Of the flows.
    unrecorded : (stock,)
        Standard deviation of what changes a stock unrecorded, per period.

    Returns
    -------
    mean, variance : (row,)
        A flow with a figure enters as its share of the window, with the variance of a split by
        gamma frailties; an unseen one with its expected count and variance.
    shared : (row, other), or None
        The covariance with each of the rows before it between the same two dates, by the flows
        and the unrecorded that change both. Rows between other dates are taken as independent.
    """
    flows = np.arange(change.shape[0])
    first, last, start, end = rows.first, rows.last, rows.start_at, rows.end_at
    through = pt.cumsum(mean, axis=0)
    total = (through - mean)[start, flows]
    total = through[end, flows] - total
    figure = count[end, flows]
    share = pt.where(rows.inside, mean * figure / pt.maximum(total, 1e-9), mean)
    shared = pt.cumsum(share, axis=0)
    moved = shared[last] - shared[first]
    within = pt.where(rows.inside, shared - (shared - share)[start, flows], 0.0)
    strength = (end - start + 1) * parameters.dispersion

    def split(part: TensorVariable, at: TensorVariable) -> TensorVariable:
        whole, precision = pt.maximum(figure[at], 1e-9), strength[at]
        left = pt.clip(1 - part / whole, 0.0, 1.0)
        return part * left * (whole + precision) / (1 + precision)

    together = pt.eq(end[first], end[last]) & rows.inside[first] & rows.inside[last]
    cut = pt.where(
        together,
        split(within[last] - within[first], last),
        split(within[first], first) + split(within[last], last),
    )
    unseen = pt.where(rows.inside, 0.0, mean).cumsum(axis=0)
    gone = unseen[last] - unseen[first]
    periods = (1 - pt.cast(rows.inside, "float64")).cumsum(axis=0)
    length = pt.maximum(periods[last] - periods[first], 1.0)
    _, shape = window_law(gone, length, parameters, pt)
    variance = gone + gone**2 / shape + cut
    signed = rows.stocks @ change.T
    spread = (variance * pt.abs(signed)).sum(axis=1)
    spread = spread + (last - first) * (rows.stocks @ unrecorded**2)
    expected, spread = (moved * signed).sum(axis=1), spread + rows.rounding + OWN
    if rows.beside is None:
        return expected, spread, None
    other = rows.beside
    shared = (variance[:, None] * signed[:, None] * signed[other]).sum(axis=2)
    missed = (rows.stocks[:, None] * rows.stocks[other]) @ unrecorded**2
    return expected, spread, rows.joined * (shared + (last - first)[:, None] * missed)


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
