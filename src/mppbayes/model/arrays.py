"""Evidence as arrays: what the graph is given, so that other evidence needs no other graph."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.special import gammaln

from mppbayes import names
from mppbayes.model.specification import ModelSpec
from mppbayes.panel import Panel

type Arrays = dict[str, NDArray[np.generic]]

_INTERVAL_BELOW = 20  # times the rounding
_HALF_CENTRED_AT = {  # so many counts; what is left out is informed little by one flow's counts
    names.ADAPTATION: 24,
    names.DISPERSION: 24,
    names.SEASONAL_WAVE: 60,
    names.SHOCK_LOADING: 200,
}


@dataclass(frozen=True, eq=False)
class Layout:
    """The longest span of evidence that a graph is built for, and its cells.

    Evidence of the same series that ends earlier fits the same layout: its missing cells are
    masked, and unknowns of periods after its end keep their prior.

    Attributes
    ----------
    counts : Dataset
        Of the longest panel, over ``time`` and ``flow``.
    periods_per_year : int
        Of the network.
    """

    counts: xr.Dataset
    periods_per_year: int

    @classmethod
    def of(cls, panel: Panel) -> "Layout":
        """Lay out a panel."""
        return cls(panel.counts(), panel.network.periods_per_year)

    @property
    def time(self) -> pd.DatetimeIndex:
        """First days of the periods."""
        return pd.DatetimeIndex(self.counts["time"].values)

    @property
    def seasons(self) -> NDArray[np.int64]:
        """The season of each period, from 0."""
        return seasons(self.time, self.periods_per_year)

    @cached_property
    def gaps(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Period and flow of the cells between a flow's first and last count without one."""
        seen = self.counts["value"].notnull().values
        within = np.logical_or.accumulate(seen) & np.logical_or.accumulate(seen[::-1])[::-1]
        time, flow = np.nonzero(within & ~seen)
        return time, flow

    @cached_property
    def roundings(self) -> dict[int, int]:
        """How many cells are intervals, by rounding."""
        rounding = self.counts["rounding"].values[interval_cells(self.counts)].astype(int)
        found, cells = np.unique(rounding, return_counts=True)
        return dict(zip(found.tolist(), cells.tolist(), strict=True))

    @cached_property
    def n_exact(self) -> int:
        """How many cells are taken as they were published."""
        return int(exact_cells(self.counts).sum())


def seasons(time: pd.DatetimeIndex, periods_per_year: int) -> NDArray[np.int64]:
    """Number the periods within their year, from 0."""
    return np.asarray((time.month - 1) * periods_per_year // 12, dtype=np.int64)


def interval_cells(counts: xr.Dataset) -> NDArray[np.bool_]:
    """Say which counts are small for their rounding: below 20 times it they are intervals."""
    rounded = counts["rounding"] > 1
    below = counts["value"] < _INTERVAL_BELOW * counts["rounding"]
    return np.asarray(rounded & below)


def exact_cells(counts: xr.Dataset) -> NDArray[np.bool_]:
    """Say which counts are taken as published, with the rounding in their variance."""
    return np.asarray(counts["value"].notnull()) & ~interval_cells(counts)


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
    """
    counts = panel.counts().reindex(time=layout.counts["time"])
    counts["rounding"] = counts["rounding"].fillna(1)
    value = counts["value"].values
    seen = ~np.isnan(value)
    begins = seen & (seen.cumsum(axis=0) == 1)
    flows = spec.network.flow_names
    data: Arrays = {
        "counts": np.where(seen, value, 0.0),
        "seen": seen,
        "begins": begins,
        "mean_level_centre": np.array([spec.mean_levels[flow] for flow in flows]),
        "ceiling": np.array([spec.ceilings[flow] for flow in flows]),
        "centring": np.stack([_centring(seen, parameter) for parameter in spec.design.parameters]),
        "season_centring": _centring(seen, names.SEASONAL_WAVE),
    }
    time, flow = np.nonzero(exact_cells(counts))
    exact = value[time, flow]
    rounding = counts["rounding"].values[time, flow]
    cells = {
        "exact_time": time,
        "exact_flow": flow,
        "exact_count": exact,
        "exact_log_factorial": gammaln(exact + 1),
        "exact_rounding_variance": np.where(rounding > 1, rounding**2 / 12, 0.0),
        "exact_weight": np.ones(len(time)),
    }
    data |= _padded(cells, layout.n_exact)
    intervals = interval_cells(counts)
    for unit, most in layout.roundings.items():
        time, flow = np.nonzero(intervals & (counts["rounding"].values == unit))
        lower = counts["lower"].values[time, flow]
        cells = {
            f"interval_{unit}_time": time,
            f"interval_{unit}_flow": flow,
            f"interval_{unit}_lower": lower,
            f"interval_{unit}_log_factorial": gammaln(lower + 1),
            f"interval_{unit}_width": counts["upper"].values[time, flow] - lower + 1,
            f"interval_{unit}_weight": np.ones(len(time)),
        }
        data |= _padded(cells, most)
    return data


def _centring(seen: NDArray[np.bool_], unknown: str) -> NDArray[np.float64]:
    """Say by flow how far its counts outweigh the prior of an unknown, from 0 to 1.

    This steers the sampler and not the posterior; the constants were found by trial.
    """
    n_seen = seen.sum(axis=0)
    return np.asarray(n_seen / (n_seen + _HALF_CENTRED_AT.get(unknown, np.inf)))


def _padded(cells: Arrays, length: int) -> Arrays:
    """Fill up with cells of weight 0, so that shorter evidence has arrays of the same length."""
    return {name: np.pad(array, (0, length - len(array))) for name, array in cells.items()}
