"""Windows of time after an origin, and the quantities that are scored in them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from mppbayes import names
from mppbayes.errors import SpecError
from mppbayes.network import Network
from mppbayes.prediction.quantities import Quantity, quantities


def check_leads(leads: Sequence[int], window: int) -> None:
    """Check that every window lies wholly after its origin.

    Raises
    ------
    SpecError
        With every fault.
    """
    faults = [
        f"a window of {window} periods that ends {lead} after the origin holds observed periods; "
        f"give a lead of {window} or more"
        for lead in leads
        if lead < window
    ]
    if window < 1 or not len(leads):
        faults.append(f"window {window} and leads {list(leads)}; give at least one period and lead")
    if faults:
        raise SpecError("the windows cannot be scored", faults)


def window_sums(
    counts: xr.DataArray, network: Network, origin: pd.Period, leads: Sequence[int], window: int
) -> xr.DataArray:
    """Add up counts over the windows that end some periods after an origin.

    Parameters
    ----------
    counts : DataArray, (time, …)
        Counts per period; ``time`` holds first days.
    network : Network
        Gives the length of a period.
    origin : Period
        The last period known.
    leads : sequence of int
        How many periods after the origin each window ends.
    window : int
        How many periods it holds.

    Returns
    -------
    DataArray of float, (lead, …)
        NaN where a period is missing.
    """
    periods = pd.DatetimeIndex(counts.indexes[names.TIME]).to_period(network.frequency)
    ordinals = [period.ordinal for period in periods]
    by_period = counts.assign_coords({names.TIME: ordinals}).astype(float)
    sums = [
        by_period.reindex(
            {names.TIME: np.arange(lead - window + 1, lead + 1) + origin.ordinal}
        ).sum(names.TIME, skipna=False)
        for lead in leads
    ]
    return xr.concat(sums, pd.Index(list(leads), name="lead"))


def by_quantity(sums: xr.DataArray, network: Network) -> xr.DataArray:
    """Add flows up to the network's quantities: each flow, and each declared sum of flows.

    Parameters
    ----------
    sums : DataArray, (…, flow)
        Draws or outcomes of flows.
    network : Network
        Its flows and sums.

    Returns
    -------
    DataArray, (…, quantity)
        With the coordinate ``aggregate``; NaN where one of the flows is.
    """
    chosen = scored(network)
    flows = sums.transpose(..., names.FLOW)
    values = [
        flows.sel({names.FLOW: quantity.flow_names}).sum(names.FLOW, skipna=False)
        for quantity in chosen
    ]
    labels = pd.Index([quantity.name for quantity in chosen], name="quantity")
    found = xr.concat(values, labels, coords="minimal", compat="override").transpose(
        ..., "quantity"
    )
    aggregates = np.array([quantity.aggregate for quantity in chosen], dtype=np.str_)
    return found.drop_vars([name for name in found.coords if name not in found.dims]).assign_coords(
        quantity=labels.to_numpy(np.str_), aggregate=("quantity", aggregates)
    )


def scored(network: Network) -> list[Quantity]:
    """Give the quantities that are scored: flows, then sums of flows."""
    return [each for each in quantities(network, (names.FLOW, "sum")) if not each.of_stocks]


def overlapping_origins(origins: pd.PeriodIndex, lead: int) -> int:
    """Say how many origins in a row look forward over spans that overlap, at least 1."""
    apart = min(np.diff([period.ordinal for period in origins]), default=lead)
    return max(1, -(-lead // int(apart)))
