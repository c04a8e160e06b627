"""How often events happened, as a table with intervals.

Events are ``(origin, …, event)``: 1 where one happened, 0 where not, NaN in a cell that does not
count. Coordinates along ``event`` become columns; ``quantity`` may be absent, and any further
dimension is pooled.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from mppbayes.errors import LabelError, SpecError
from mppbayes.evaluation.cells import Cells, Floats
from mppbayes.evaluation.twoway import two_way_frequencies

type Flags = npt.NDArray[np.bool_]

ORIGIN: Final = "origin"
QUANTITY: Final = "quantity"
EVENT: Final = "event"
BINS: Final = 10


def cell_events(cells: Cells, happened: Flags, **columns: Iterable[object]) -> xr.DataArray:
    """Label what happened, (cell, event), and name the events in columns."""
    labels = pd.RangeIndex(happened.shape[1], name=EVENT)
    return named_events(cells.labelled(happened, labels), **columns)


def named_events(events: xr.DataArray, **columns: Iterable[object]) -> xr.DataArray:
    """Name events in columns, a value an event."""
    return events.assign_coords({name: (EVENT, list(each)) for name, each in columns.items()})


def frequency_table(events: xr.DataArray, *, block: int = 1) -> pd.DataFrame:
    """Tabulate how often events happened, with 95 % two-way intervals.

    Parameters
    ----------
    events : DataArray, (origin, …, event)
        A cell counts for every event or for none.
    block : int
        So many consecutive origins count as one.

    Returns
    -------
    DataFrame
        A row an event: the coordinates along ``event``, ``observed``, ``lower``, ``upper``, ``n``.

    Raises
    ------
    LabelError
        If there are no origins.
    SpecError
        If the block is none.
    """
    if ORIGIN not in events.dims:
        raise LabelError(
            f"the outcomes have no dimension {ORIGIN!r}, they have "
            f"{[dim for dim in events.dims if dim != EVENT]}; name the dimension of forecast "
            f"origins so"
        )
    if block < 1:
        raise SpecError("calibration cannot be measured", [f"block={block}; give one or more"])
    happened = _laid_out(events)
    seen = np.isfinite(happened[0]).astype(np.float64)
    found = two_way_frequencies(np.nan_to_num(happened), seen, block=block)
    columns = {
        str(name): each.values.tolist()
        for name, each in events.coords.items()
        if each.dims == (EVENT,) and name != EVENT
    }
    return pd.DataFrame({**columns, **found._asdict()})


def bin_edges(bins: int) -> Floats:
    """Give the edges of bins of equal width from 0 to 1; :class:`SpecError` if there are none."""
    if bins < 1:
        raise SpecError("a table of bins cannot be made", [f"{bins} bins; give one or more"])
    return np.arange(bins + 1) / bins


def bin_members(values: xr.DataArray, edges: Floats) -> xr.DataArray:
    """Give 1 in the bin that a value lies in, 0 in the others, (…, event); NaN where it is NaN."""
    member = np.searchsorted(edges[1:-1], values.values, "right")[..., np.newaxis]
    inside = member == np.arange(len(edges) - 1)
    return xr.DataArray(inside, values.coords, (*values.dims, EVENT)).where(values.notnull())


def _laid_out(events: xr.DataArray) -> Floats:
    """Give events as (event, time, other, quantity)."""
    if QUANTITY not in events.dims:
        events = events.expand_dims(QUANTITY)
    ordered = events.transpose(EVENT, ORIGIN, ..., QUANTITY)
    shape = (ordered.sizes[EVENT], ordered.sizes[ORIGIN], -1, ordered.sizes[QUANTITY])
    return np.asarray(ordered.values, dtype=np.float64).reshape(shape)
