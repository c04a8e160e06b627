"""Tables of a backtest's calibration, by quantity and by group of flows, each with intervals."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pandas as pd
import xarray as xr

from mppbayes import names
from mppbayes.evaluation.backtesting import MODEL, Backtest
from mppbayes.evaluation.calibration import (
    band_events,
    exceedances,
    interval_events,
    reliability_of,
)
from mppbayes.evaluation.cells import Cells
from mppbayes.evaluation.frequencies import frequency_table
from mppbayes.evaluation.pit import pit_events, randomised_pit
from mppbayes.evaluation.tables import (
    ALL_FLOWS,
    CALIBRATION_COLUMNS,
    COVERAGE_COLUMNS,
    FLOWS,
    PIT_COLUMNS,
    RELIABILITY_COLUMNS,
)
from mppbayes.evaluation.windows import overlapping_origins, scored
from mppbayes.prediction.quantities import quantities
from mppbayes.prediction.scheme import MPP, BandScheme


def calibration_table(
    backtest: Backtest, scheme: BandScheme = MPP, *, model: str = MODEL
) -> pd.DataFrame:
    """Say how often each band was exceeded, by quantity and by group of flows, with intervals.

    Parameters
    ----------
    backtest : Backtest
        The draws and the outcomes.
    scheme : BandScheme
        The bands.
    model : str
        Whose bands.

    Returns
    -------
    DataFrame
        ``CALIBRATION_COLUMNS``. The quantity is a flow, a declared sum, all flows taken together
        or ``LEVEL=VALUE``: then the cells of its flows are pooled, not added up.
    """
    events = band_events(Cells.of(*_forecasts(backtest, model)), scheme)
    return _by_pool(backtest, events, frequency_table, CALIBRATION_COLUMNS)


def coverage_table(backtest: Backtest, *, model: str = MODEL) -> pd.DataFrame:
    """Say how often the central intervals held the outcome, as :func:`calibration_table`."""
    events = interval_events(Cells.of(*_forecasts(backtest, model)))
    return _by_pool(backtest, events, frequency_table, COVERAGE_COLUMNS)


def pit_table(backtest: Backtest, *, model: str = MODEL) -> pd.DataFrame:
    """Say how the randomised probability integral transform is spread over ten bins.

    Parameters
    ----------
    backtest : Backtest
        The draws and the outcomes.
    model : str
        Whose draws.

    Returns
    -------
    DataFrame
        ``PIT_COLUMNS``: those of :func:`~mppbayes.evaluation.pit_histogram`, for each quantity
        and group of :func:`calibration_table`. An outcome has the same transform in all of them.
    """
    events = pit_events(randomised_pit(*_forecasts(backtest, model)))
    return _by_pool(backtest, events, frequency_table, PIT_COLUMNS)


def reliability_table(backtest: Backtest, *, model: str = MODEL) -> pd.DataFrame:
    """Compare the probability of exceeding the last window known with its frequency.

    Parameters
    ----------
    backtest : Backtest
        The draws and the outcomes; an origin whose last window is not known is left out.
    model : str
        Whose draws.

    Returns
    -------
    DataFrame
        ``RELIABILITY_COLUMNS``: those of :func:`~mppbayes.evaluation.reliability`, in ten bins,
        for each quantity and group of :func:`calibration_table`.
    """
    draws, outcome = _forecasts(backtest, model)
    last = backtest.reference.sel(origin=draws["origin"])
    judged = exceedances(Cells.of(draws, outcome.where(last.notnull())), last)
    return _by_pool(backtest, judged, reliability_of, RELIABILITY_COLUMNS)


def _forecasts(backtest: Backtest, model: str) -> tuple[xr.DataArray, xr.DataArray]:
    """Give a model's draws, and the outcomes at their origins."""
    draws = backtest.draws(model)
    return draws, backtest.outcome.sel(origin=draws["origin"])


def _by_pool[Judged: (xr.DataArray, xr.Dataset)](
    backtest: Backtest,
    judged: Judged,
    tabulate: Callable[..., pd.DataFrame],
    columns: Iterable[str],
) -> pd.DataFrame:
    """Tabulate the cells that are judged together, for every lead."""
    origins = pd.PeriodIndex(judged["origin"].values, freq=backtest.panel.network.frequency)
    tables = []
    for lead in judged["lead"].values.tolist():
        block = overlapping_origins(origins, lead)
        for members, about in _pools(backtest):
            cells = judged.sel(lead=[lead], quantity=members)
            about |= {"lead": lead, "window": backtest.window}
            tables.append(tabulate(cells, block=block).assign(**about))
    return pd.concat(tables, ignore_index=True)[list(columns)]


def _pools(backtest: Backtest) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Give the quantities whose cells are judged together, and what they are together."""
    network = backtest.panel.network
    yield list(network.flow_names), {"quantity": ALL_FLOWS, "aggregate": FLOWS}
    for level in (names.ORGANISATION, names.BLOCK, *network.label_names):
        for group in quantities(network, [level]):
            yield list(group.flow_names), {"quantity": group.name, "aggregate": group.aggregate}
    for single in scored(network):
        yield [single.name], {"quantity": single.name, "aggregate": single.aggregate}
