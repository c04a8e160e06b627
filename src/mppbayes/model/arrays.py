"""Evidence as arrays: what the graph is given, so that other evidence needs no other graph."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from mppbayes.errors import SpecError
from mppbayes.model.bridging import bridged
from mppbayes.model.centring import season_sharpness, sharpness, shock_centring, shock_weights
from mppbayes.model.closings import closings, cut_arrays
from mppbayes.model.layout import Layout
from mppbayes.model.levels import of_rounding
from mppbayes.model.routing import route_arrays
from mppbayes.model.rows import row_arrays
from mppbayes.model.specification import ModelSpec
from mppbayes.model.timing import timing_arrays
from mppbayes.panel import Panel

type Arrays = dict[str, NDArray[np.generic]]

_WIDE = 2.5  # times the prior's spread: the level of a flow without figures


def arrays(spec: ModelSpec, layout: Layout, panel: Panel) -> Arrays:
    """Give everything that the graph takes from evidence.

    Parameters
    ----------
    spec : ModelSpec
        Resolved with this panel.
    layout : Layout
        Of this or a longer panel.
    panel : Panel
        The evidence.

    Returns
    -------
    dict of str to array
        By the names of the graph's data.

    Raises
    ------
    SpecError
        If nothing but its parts tells of a flow in a shorter panel, and of none in the longer one.
    """
    known = layout.restricted_to(panel)
    flows = layout.structure.names
    _require_no_other_silence(known, layout)
    informed = known.informed
    data: Arrays = {
        "mean_level_centre": np.array([spec.mean_levels[flow] for flow in flows]),
        "mean_level_width": np.where(informed, 1.0, _WIDE),
        "ceiling": np.array([spec.ceilings[flow] for flow in flows]),
        "sharpness": sharpness(known, spec),
        "shock_centring": shock_centring(known),
        "shock_weight": shock_weights(known),
        **evidence_arrays(known, layout),
    }
    if spec.harmonics:
        data["season_sharpness"] = season_sharpness(known, spec)
    if layout.network.stocks:
        data["stock_size"] = spec.sizes
    data |= _cell_arrays(known, layout)
    return data | route_arrays(known) | timing_arrays(known, layout) | row_arrays(known, layout)


def _require_no_other_silence(known: Layout, layout: Layout) -> None:
    """Refuse flows of which only here their parts alone tell: the graph would not move them."""
    alone = known.silent & known.told.any(axis=0)
    if alone.any() and not layout.silent.any():
        raise SpecError(
            "the compiled model is of other evidence",
            [
                f"{name!r} has no figures in this panel, only its parts have"
                for name in np.array(layout.structure.names)[alone].tolist()
            ],
            "compile a model for this panel: compile_model(spec, panel)",
        )


def evidence_arrays(known: Layout, layout: Layout) -> Arrays:
    """Give the evidence period by period, in the names of :class:`~mppbayes.model.period.Seen`.

    Parameters
    ----------
    known : Layout
        What is seen.
    layout : Layout
        Of the longest panel, which says what arrays there are.
    """
    windows, levels, structure = known.windows, known.levels, layout.structure
    data: Arrays = {
        "count": windows.value,
        "seen": windows.seen,
        "begins": windows.begins,
    }
    if len(structure.present) > 1 or structure.routes or structure.network.stocks:
        data |= {
            "exposure": np.ones(windows.value.shape),
            "month": np.where(windows.single, windows.value, np.nan_to_num(windows.apart)),
            "month_seen": windows.single | ~np.isnan(windows.apart),
        }
    if layout.is_coarse:
        data |= {"ends": windows.end | ~windows.covered, "length": windows.length.astype(float)}
    if structure.driven("part").any():
        data |= {"room": np.nan_to_num(windows.room), "room_seen": ~np.isnan(windows.room)}
        if layout.silent.any():
            data["silent"] = np.tile(known.silent, (len(windows.value), 1))
    if structure.network.stocks:
        present, present_seen = bridged(known)
        data |= {
            "present": present,
            "present_seen": present_seen,
            "before_seen": levels.seen_before,
        }
        if len(levels.members):
            data |= {"total": levels.sum_value, "total_seen": levels.sum_seen}
        if layout.is_coarse:
            data |= {"spread": windows.spread, "is_spread": windows.counted}
        if layout.may_learn_from_stocks:
            closed = closings(known)
            accounts = known.accounts
            data |= {
                "row": windows.row,
                "anew": accounts.begin | accounts.tell,
                "ended": accounts.tell,
                "change": accounts.change,
                **closed.of_period,
                **cut_arrays(closed, known, layout),
            }
    return data


def _cell_arrays(known: Layout, layout: Layout) -> Arrays:
    data: Arrays = {}
    windows = known.windows
    for kind, chosen in (
        ("exact", known.exact_cells),
        ("coarse", known.coarse_cells),
        ("part", known.part_cells),
    ):
        if not (length := layout.most(kind)):
            continue
        time, flow = np.nonzero(chosen)
        value, rounding = windows.value[time, flow], windows.rounding[time, flow]
        cells: Arrays = {
            f"{kind}_time": time,
            f"{kind}_flow": flow,
            f"{kind}_count": value,
            f"{kind}_weight": np.ones(len(time)),
        }
        if kind == "part":
            lower, width = (each[time, flow] for each in known.part_intervals)
            cells["part_room"] = np.maximum(_rooms(known)[time, flow], value)
            cells["part_count"] = lower
            if layout.widest_part > 1:
                cells["part_width"] = width
        else:
            cells |= {
                f"{kind}_log_factorial": gammaln(value + 1),
                f"{kind}_rounding_variance": of_rounding(rounding),
            }
        data |= _padded(cells, length)
    cells_seen = known.cells
    for unit, most_cells in layout.roundings.items():
        at = known.interval_cells & (cells_seen["rounding"].values == unit)
        time, flow = np.nonzero(at)
        lower = cells_seen["lower"].values[time, flow]
        cells = {
            f"interval_{unit}_time": time,
            f"interval_{unit}_flow": flow,
            f"interval_{unit}_lower": lower,
            f"interval_{unit}_log_factorial": gammaln(lower + 1),
            f"interval_{unit}_width": cells_seen["upper"].values[time, flow] - lower + 1,
            f"interval_{unit}_weight": np.ones(len(time)),
        }
        data |= _padded(cells, most_cells)
    return data


def _rooms(known: Layout) -> NDArray[np.float64]:
    """Give at a window's end what a part took its share of, over the window."""
    windows = known.windows
    total = np.nan_to_num(windows.room).copy()
    for last, flow in zip(*np.nonzero(windows.seen & (windows.length > 1)), strict=True):
        first = last - windows.length[last, flow] + 1
        total[last, flow] = np.nan_to_num(windows.room[first : last + 1, flow]).sum()
    return np.round(total)


def _padded(cells: Arrays, length: int) -> Arrays:
    """Fill up with cells of weight 0, so that shorter evidence has arrays of the same length."""
    return {name: np.pad(array, (0, length - len(array))) for name, array in cells.items()}
