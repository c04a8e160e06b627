"""The figures of stocks as evidence: each tells how much came in and went out since the one before.

A row is two figures of a stock, or of a sum of stocks, that follow each other. Their difference,
less what the figures of flows tell, is what the unseen flows brought and what went unrecorded.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.tensor import TensorVariable

from mppbayes.model.balance import OWN
from mppbayes.model.blocks import Blocks, Row, blocked, flows_share, members, signed_of
from mppbayes.model.layout import Layout
from mppbayes.model.levels import of_rounding
from mppbayes.model.passage import window_law
from mppbayes.model.step import Parameters

type Arrays = dict[str, NDArray[np.generic]]


def row_arrays(known: Layout, layout: Layout) -> Arrays:
    """Lay out the rows, filled up with rows of weight 0 to those of the longest panel.

    Returns
    -------
    dict of str to array
        ``row_first``, ``row_last`` (positions of the two figures), ``row_change`` (their
        difference), ``row_stocks`` (row, stock), ``row_rounding`` (the variance that rounding
        adds); ``row_flows`` (row, member), the flows that change these stocks, and
        ``row_signs``, what one event of each adds to them; ``row_start_at``, ``row_end_at`` and
        ``row_inside``, the seen window of every period; and the fields of :class:`Blocks`.
    """
    if not (longest := _rows(layout)):
        return {}
    rows = _rows(known)
    first, last, change, rounding = (
        np.array([row[at] for row in rows], dtype=kind)
        for at, kind in ((0, np.int64), (1, np.int64), (2, float), (3, float))
    )
    n_stocks = len(layout.network.stocks)
    stocks = np.array([row[4] for row in rows]).reshape(len(rows), n_stocks)
    signed = signed_of(rows, known)
    flows, signs = members(signed, signed_of(longest, layout))
    short = len(longest) - len(rows)
    windows = known.windows
    found: Arrays = {
        "row_first": np.pad(first, (0, short)),
        "row_last": np.pad(last, (0, short)),
        "row_change": np.pad(change, (0, short)),
        "row_rounding": np.pad(rounding, (0, short), constant_values=1.0),
        "row_stocks": np.pad(stocks, ((0, short), (0, 0))),
        "row_flows": np.pad(flows, ((0, short), (0, 0))),
        "row_signs": np.pad(signs, ((0, short), (0, 0))),
        "row_start_at": windows.start_at,
        "row_end_at": windows.end_at,
        "row_inside": windows.counted,
    }
    blocks = blocked(known, layout, rows, longest)
    return found | {f"row_{name}": each for name, each in blocks._asdict().items()}


def _rows(known: Layout) -> list[Row]:
    """Give first and last position, change, rounding variance and stocks of every row.

    A sum makes no row between two dates at which all of its members have figures, which tell it.
    """
    network, table, windows = known.network, known.table, known.windows
    through = of_rounding(windows.rounding).cumsum(axis=0)
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
        value, own = figures["value"].to_numpy(), of_rounding(figures["rounding"].to_numpy(float))
        of_flows = through @ np.abs(known.structure.change @ stocks)
        found += [
            (
                int(at[i]),
                int(at[i + 1]),
                value[i + 1] - value[i],
                own[i] + own[i + 1] + of_flows[at[i + 1]] - of_flows[at[i]],
                stocks,
            )
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
    flows: Any
    signs: Any
    start_at: Any
    end_at: Any
    inside: Any
    block: Any
    filled: Any
    same: Any
    theirs: Any
    member: Any
    sign: Any
    frailty: Any
    arrival: Any
    usual: Any

    @property
    def blocks(self) -> Blocks:
        """How they hang together."""
        return Blocks(*self[-len(Blocks._fields) :])


def row_law(
    mean: TensorVariable,
    count: TensorVariable,
    rows: Rows,
    cut: NDArray[np.int64],
    *,
    parameters: Parameters,
    unrecorded: TensorVariable,
) -> tuple[TensorVariable, TensorVariable]:
    """Give the mean of each row's change, and the covariance of those of each block.

    Parameters
    ----------
    mean : (time, flow)
        The expected count of each period, or the count where it is taken as known.
    count : (time, flow)
        The figure of the window that ends at a period.
    rows : Rows
        The evidence.
    cut : (cut,) int
        The flows whose longer figures rows cut, as :func:`cut_flows` gives.
    parameters : Parameters
        Of the flows; the dispersion that of every period, (time, flow).
    unrecorded : (stock,)
        Standard deviation of what changes a stock unrecorded, per period.

    Returns
    -------
    mean : (row,)
        A flow with a figure enters as its share of the window; an unseen one with its expected
        count.
    covariance : (block, slot, slot)
        With the variance of a split by gamma frailties, of which those before it in the window
        partly stay; of unseen flows, of what goes unrecorded, and of rounding. 1 where there is no
        row.
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
        whole, precision = pt.maximum(at(figure), 1e-9), at(strength)
        left = pt.clip(1 - part / whole, 0.0, 1.0)
        return part * left * (whole + precision) / (1 + precision)

    together = pt.eq(at_first(end), at_last(end)) & at_first(rows.inside) & at_last(rows.inside)
    parts = pt.where(
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
    expected = ((at_last(shared) - at_first(shared)) * rows.signs).sum(axis=1)
    seldom = (gone + gone**2 / shape) * rows.signs
    blocks, stocks = rows.blocks, rows.stocks[rows.block]
    missed = (stocks * unrecorded**2) @ pt.swapaxes(stocks, 1, 2)
    length = (rows.last - rows.first)[rows.block][:, :, None]
    covariance = flows_share(blocks, cut, parts, seldom, parameters)
    covariance = covariance + blocks.same * length * missed
    own = blocks.filled * (rows.rounding[rows.block] + OWN) + 1 - blocks.filled
    return expected, covariance + own[:, :, None] * np.eye(own.type.shape[1])


def summed(
    values: TensorVariable, first: TensorVariable, last: TensorVariable, flow: TensorVariable
) -> TensorVariable:
    """Add up values, (time, flow), from the first to the last period, both included."""
    through = pt.cumsum(values, axis=0)
    return through[last, flow] - (through - values)[first, flow]


def log_density(error: TensorVariable, covariance: TensorVariable, rows: Rows) -> TensorVariable:
    """Give the log density of the rows, normal within each block.

    Parameters
    ----------
    error : (row,)
        What the change exceeds its mean by.
    covariance : (block, slot, slot)
        As :func:`row_law` gives it.
    rows : Rows
        The evidence.
    """
    error = error[rows.block] * rows.filled
    if covariance.type.shape[1] == 1:
        variance = covariance[:, 0]
        each = error**2 / variance + pt.log(variance)
    else:
        root = pt.linalg.cholesky(covariance, lower=True)
        apart = pt.linalg.solve_triangular(root, error, lower=True, b_ndim=1)
        each = apart**2 + 2 * pt.log(pt.diagonal(root, axis1=1, axis2=2))
    return -0.5 * (rows.filled * (each + np.log(2 * np.pi))).sum()
