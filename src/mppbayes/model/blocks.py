"""Rows of stocks that are not independent of each other, in blocks.

Two rows share chance if they lie between the same two dates and a flow or a figure ties their
stocks; and if both lie within one figure of a flow that is about a longer window, of which each
has a part.
"""

from typing import Any, NamedTuple

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.tensor import TensorVariable
from scipy.sparse.csgraph import connected_components

from mppbayes.model.layout import Layout
from mppbayes.model.step import Parameters
from mppbayes.model.timing import chance, within

type Floats = NDArray[np.float64]
type Row = tuple[int, int, float, float, Floats]  # first, last, change, rounding variance, stocks


class Blocks(NamedTuple):
    """The rows in blocks, and what those of a block share.

    Attributes
    ----------
    block : (block, slot) int
        The row.
    filled : (block, slot)
        1 where there is one.
    same : (block, slot, slot)
        1 where two rows lie between the same two dates.
    theirs : (block, slot, slot, member)
        What an event of the one row's own flows adds to the stocks of the other.
    member, sign : (cut, row)
        Which of a row's flows one is whose longer figures rows cut, and what it adds.
    frailty, arrival : (power, cut, block, slot, slot)
        What the relative variance of the flow's periods, by frailty and by arrivals, adds to what
        two rows share of it, by powers of its adaptation.
    usual : (time, cut)
        The weight of each period in the flow's dispersion.
    """

    block: Any
    filled: Any
    same: Any
    theirs: Any
    member: Any
    sign: Any
    frailty: Any
    arrival: Any
    usual: Any


def cut_flows(layout: Layout) -> NDArray[np.int64]:
    """Give the flows with figures of longer windows that change stocks, as positions."""
    windows = layout.windows
    coarse = (windows.counted & (windows.start_at != windows.end_at)).any(axis=0)
    return np.flatnonzero(coarse & (layout.structure.change != 0).any(axis=1))


def signed_of(rows: list[Row], layout: Layout) -> Floats:
    """Give what one event of each flow adds to the stocks of each row, (row, flow)."""
    stocks = np.array([row[4] for row in rows]).reshape(len(rows), len(layout.network.stocks))
    return stocks @ layout.structure.change.T


def blocked(known: Layout, layout: Layout, rows: list[Row], longest: list[Row]) -> Blocks:
    """Lay the rows of a panel out in the blocks of the longest panel.

    Parameters
    ----------
    known, layout : Layout
        Of the panel, and of the longest one.
    rows, longest : list of tuple
        Their rows.
    """
    slots, shape = _slots(longest, layout)
    place = np.array([slots[row[1], *row[4]] for row in rows], dtype=np.int64).reshape(-1, 2)
    block, filled = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    block[tuple(place.T)], filled[tuple(place.T)] = np.arange(len(rows)), 1.0
    both = filled[:, :, None] * filled[:, None]
    dates = np.array([row[:2] for row in rows], dtype=np.int64).reshape(-1, 2)
    dates = np.pad(dates, ((0, max(1 - len(rows), 0)), (0, 0)))[block]
    same = (dates[:, :, None] == dates[:, None]).all(axis=-1) * both
    signed = np.pad(signed_of(rows, known), ((0, len(longest) - len(rows)), (0, 0)))
    flows = members(signed_of(rows, known), signed_of(longest, layout))[0]
    flows = np.pad(flows, ((0, len(longest) - len(rows)), (0, 0)))
    theirs = signed[block[:, None, :, None], flows[block][:, :, None, :]]
    cut = cut_flows(layout)
    member = (flows == cut[:, None, None]).argmax(axis=2)
    frailty, arrival = np.zeros((2, 3, len(cut), *same.shape))
    coarse = known.windows.counted & (known.windows.start_at != known.windows.end_at)
    usual = np.where(coarse.any(axis=0), coarse, True)[:, cut].astype(float)
    covered = _covered(rows, len(longest), len(known.time))
    history = np.nan_to_num(known.windows.history)
    for k, flow in enumerate(cut):
        own, after = within(known, int(flow))
        counts = covered * history[:, flow]
        still, moved = (counts @ own)[block], (counts @ after)[block]
        for found, varies in zip(
            (frailty, arrival), chance(known.structure, history, int(flow)), strict=True
        ):
            crossed = np.einsum("bit,t,bjt->bij", still, varies, moved, optimize=True)
            found[0, k] = np.einsum("bit,t,bjt->bij", still, varies, still, optimize=True) * both
            found[1, k] = (crossed + np.swapaxes(crossed, 1, 2)) * both
            found[2, k] = np.einsum("bit,t,bjt->bij", moved, varies, moved, optimize=True) * both
    usual /= usual.sum(axis=0)
    sign = signed[:, cut].T
    return Blocks(block, filled, same, theirs, member, sign, frailty, arrival, usual)


def members(signed: Floats, longest: Floats) -> tuple[NDArray[np.int64], Floats]:
    """List the flows that change each row's stocks, and by how much: (row, member) each."""
    most = max(int((longest != 0).sum(axis=1).max()), 1)
    flows, signs = np.zeros((len(signed), most), dtype=np.int64), np.zeros((len(signed), most))
    for i, of_row in enumerate(signed):
        changing = np.flatnonzero(of_row)
        flows[i, : len(changing)], signs[i, : len(changing)] = changing, of_row[changing]
    return flows, signs


def _slots(
    rows: list[Row], layout: Layout
) -> tuple[dict[tuple[float, ...], tuple[int, int]], tuple[int, int]]:
    """Give each row of the longest panel, by last date and stocks, a block and a slot in it."""
    group, windows, cut = _groups(layout), layout.windows, cut_flows(layout)
    signed = signed_of(rows, layout)
    ties: dict[tuple[int, ...], list[int]] = {}
    for r, (first, last, _, _, stocks) in enumerate(rows):
        ties.setdefault((first, last, -1 - int(group[stocks.argmax()])), []).append(r)
        for flow in cut[signed[r, cut] != 0]:
            start, end = windows.start_at[:, flow], windows.end_at[:, flow]
            for t in (first + 1, last):
                if start[t] != end[t] and (start[t] <= first or end[t] > last):
                    ties.setdefault((int(start[t]), int(end[t]), int(flow)), []).append(r)
    tied = np.zeros((len(rows), len(ties)))
    for column, each in enumerate(ties.values()):
        tied[each, column] = 1.0
    n_blocks, label = connected_components(tied @ tied.T, directed=False)
    slots, size = {}, np.zeros(n_blocks, dtype=np.int64)
    for r, row in enumerate(rows):
        slots[row[1], *row[4]] = int(label[r]), int(size[label[r]])
        size[label[r]] += 1
    return slots, (n_blocks, int(size.max()))


def _groups(layout: Layout) -> NDArray[np.int64]:
    """Give the group of every stock; those of two groups share no flow and no figure."""
    network, touching = layout.network, np.abs(layout.structure.change)
    figured = set(layout.table["series"])
    series = [
        network.members(name)
        for name in (*network.stock_names, *network.sum_names)
        if name in network.stock_series and name in figured
    ]
    stocks = np.array([[float(s in m) for s in network.stock_names] for m in series])
    _, group = connected_components(touching.T @ touching + stocks.T @ stocks, directed=False)
    return np.asarray(group)


def _covered(rows: list[Row], n_rows: int, n_time: int) -> Floats:
    """Say which periods lie between the two figures of each row, (row, time)."""
    covered = np.zeros((n_rows, n_time))
    for r, (first, last, *_) in enumerate(rows):
        covered[r, first + 1 : last + 1] = 1.0
    return covered


def flows_share(
    blocks: Blocks,
    cut: NDArray[np.int64],
    split: TensorVariable,
    seldom: TensorVariable,
    parameters: Parameters,
) -> TensorVariable:
    """Give the covariance that flows make between the rows of each block, (block, slot, slot).

    Parameters
    ----------
    blocks : Blocks
        The rows.
    cut : (cut,) int
        As :func:`cut_flows` gives.
    split : (row, member)
        The variance of a flow's part in a longer figure, without adaptation.
    seldom : (row, member)
        That of what no figure is about, times what one event adds to the row's stocks.
    parameters : Parameters
        The dispersion that of every period, (time, flow).
    """
    total = blocks.same * (seldom[blocks.block][:, :, None] * blocks.theirs).sum(axis=-1)
    every = pt.arange(split.shape[0])
    for k, flow in enumerate(cut):
        relative = blocks.usual[:, k] @ (1 / parameters.dispersion[:, flow])
        stays = parameters.adaptation[flow]
        powers = [blocks.frailty[p, k] * relative + blocks.arrival[p, k] for p in range(3)]
        still = pt.sqrt(pt.maximum(pt.diagonal(powers[0], axis1=1, axis2=2), 1e-9))
        spread = pt.sqrt(pt.maximum(split[every, blocks.member[k]], 1e-9)) * blocks.sign[k]
        scale = spread[blocks.block] / still
        moves = powers[0] + stays * powers[1] + stays**2 * powers[2]
        total = total + scale[:, :, None] * scale[:, None] * moves
    return total
