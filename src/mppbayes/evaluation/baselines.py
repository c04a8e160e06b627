"""Simple forecasts to beat, each with simulated futures, so that sums are fair.

A baseline takes the evidence known at an origin and gives draws of its windows.
"""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mppbayes import names
from mppbayes.errors import SamplingError
from mppbayes.evaluation.windows import window_sums
from mppbayes.panel import Panel

type Floats = NDArray[np.float64]

RATIO: Final = "ratio"
BASELINES: Final = (
    RATIO,
    "statsforecast.SeasonalNaive",
    "statsforecast.AutoETS",
    "statsforecast.AutoARIMA",
    "statsforecast.AutoTheta",
)
_OFFSET = 20.0  # added to a year's count before a ratio is taken
_STRIDE = 3  # past dates are this many periods apart
_COMMON = 0.3  # the chance that all flows take their ratio from one date


def baseline_windows(
    name: str,
    known: Panel,
    origin: pd.Period,
    leads: Sequence[int],
    window: int,
    *,
    samples: int,
    seed: int,
) -> xr.DataArray:
    """Draw the windows after an origin from a baseline.

    Parameters
    ----------
    name : str
        One of ``BASELINES``.
    known : Panel
        The evidence known at the origin.
    origin : Period
        The last period known.
    leads : sequence of int
        How many periods after the origin each window ends.
    window : int
        How many periods it holds.
    samples : int
        How many draws.
    seed : int
        Of the draws.

    Returns
    -------
    DataArray of float, (sample, lead, flow)
        Counts, 0 or more.

    Raises
    ------
    SamplingError
        If statsforecast is needed and not installed.
    """
    if name == RATIO:
        return ratio_windows(known, origin, leads, window, samples=samples, seed=seed)
    paths = _paths(name, known, origin, max(leads), samples=samples, seed=seed)
    return window_sums(paths, known.network, origin, leads, window).transpose(
        "sample", "lead", names.FLOW
    )


def ratio_windows(
    known: Panel,
    origin: pd.Period,
    leads: Sequence[int],
    window: int,
    *,
    samples: int,
    seed: int,
) -> xr.DataArray:
    """Draw from the ratio model: the last window's sum, times a past ratio of two such sums.

    The log ratio of the sums ``lead`` periods apart is taken at a random past date of a random
    flow; with a chance of 0.3 every flow takes its own at one common date. Parameters and result
    are those of :func:`baseline_windows`.
    """
    counts = known.counts()["value"].values
    flows = known.network.flow_names
    rng = np.random.default_rng(seed)
    sums = np.stack(
        [counts[end - window : end].sum(axis=0) for end in range(window, len(counts) + 1)]
    )
    last = np.array([column[~np.isnan(column)][-1] for column in sums.T])
    drawn = [
        (last + _OFFSET) * np.exp(_choose(_log_ratios(sums, lead), samples, rng)) - _OFFSET
        for lead in leads
    ]
    return xr.DataArray(
        np.round(np.maximum(np.stack(drawn, axis=1), 0.0)),
        dims=("sample", "lead", names.FLOW),
        coords={"lead": list(leads), names.FLOW: np.array(flows, dtype=np.str_)},
    )


def _log_ratios(sums: Floats, lead: int) -> Floats:
    """Give the log ratios at every third date, latest first: (date, flow); NaN if unknown."""
    dates = np.arange(len(sums) - 1, lead - 1, -_STRIDE)
    if not len(dates):  # too short a history: no change
        return np.zeros((1, sums.shape[1]))
    return np.asarray(np.log((sums[dates] + _OFFSET) / (sums[dates - lead] + _OFFSET)))


def _choose(ratios: Floats, samples: int, rng: np.random.Generator) -> Floats:
    """Draw a log ratio for every sample and flow."""
    n_flows = ratios.shape[1]
    known = ratios[np.isfinite(ratios)]
    apart = rng.choice(known, (samples, n_flows))
    common = ratios[rng.integers(len(ratios), size=samples)]
    common = np.where(np.isfinite(common), common, apart)
    return np.where(rng.random((samples, 1)) < _COMMON, common, apart)


def _paths(
    name: str, known: Panel, origin: pd.Period, ahead: int, *, samples: int, seed: int
) -> xr.DataArray:
    """Simulate paths with statsforecast, each flow apart: (sample, time, flow)."""
    if not find_spec("statsforecast"):
        raise SamplingError(
            f"the baseline {name!r} needs statsforecast, which is not installed; "
            "install mppbayes[baselines]"
        )
    from statsforecast import StatsForecast

    network = known.network
    counts = known.counts()["value"]
    table = pd.DataFrame(
        counts.values,
        index=pd.DatetimeIndex(counts.indexes[names.TIME]).to_period(network.frequency),
        columns=list(network.flow_names),
    )
    table = table.reindex(pd.period_range(table.index[0], origin)).interpolate(limit_area="inside")
    long = (
        table.rename_axis("ds")
        .reset_index()
        .melt("ds", var_name="unique_id", value_name="y")
        .dropna()
    )
    long["ds"] = long["ds"].dt.to_timestamp()
    engine = StatsForecast(
        models=[_model(name, network.periods_per_year)],
        freq={"M": "MS", "Q": "QS", "Y": "YS"}[network.frequency],
    )
    simulated = engine.simulate(h=ahead, df=long, n_paths=samples, seed=seed)
    column = name.partition(".")[2]
    paths = np.stack(
        [
            simulated.loc[simulated["unique_id"] == flow, column]
            .to_numpy(float)
            .reshape(samples, ahead)
            for flow in network.flow_names
        ],
        axis=-1,
    )
    time = pd.period_range(origin + 1, periods=ahead).to_timestamp()
    return xr.DataArray(
        np.maximum(np.round(paths), 0.0),
        dims=("sample", names.TIME, names.FLOW),
        coords={names.TIME: time, names.FLOW: np.array(network.flow_names, dtype=np.str_)},
    )


def _model(name: str, season_length: int) -> object:
    from statsforecast import models

    make: Callable[..., object] = getattr(models, name.partition(".")[2])
    return make(season_length=season_length)
