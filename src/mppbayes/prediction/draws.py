"""The forecast: labelled posterior predictive draws, frozen."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mppbayes import names
from mppbayes.errors import StorageError
from mppbayes.network import Network
from mppbayes.prediction.consequences import consequences
from mppbayes.storage import read_netcdf, write_netcdf

SCHEMA: Final = 1

_FIGURE_COLUMNS: Final = [
    *("series", "start", "end", "n_periods"),
    *("value", "lower", "upper", "rounding"),
]


@dataclass(frozen=True, eq=False, repr=False)
class Forecast:
    """Posterior predictive draws of every flow and stock.

    Attributes
    ----------
    tree : DataTree
        ``predictions`` holds ``flows`` (chain, draw, time, flow) int64, and, over ``time`` and
        ``flow``, ``is_observed``; ``flow`` carries ``organisation``, ``block``, ``kind``, ``unit``
        and the labels as coordinates, ``draw`` carries ``posterior_draw`` and ``future``. In a
        network with stocks it also holds ``stocks`` and ``unrecorded`` (chain, draw, time, stock)
        int64; ``stock`` carries ``stock_organisation``, ``stock_block`` and ``stock_unit``,
        ``time`` carries ``moment``, a period's last day. ``observed_data`` is the evidence of
        flows per period, over its own ``time``; ``figures`` is all evidence. Attributes of the
        root: ``schema``, ``network`` (JSON), ``status``, ``origin``, ``scenario``, ``note``,
        ``given`` (JSON), ``manifest`` (JSON).
    """

    tree: xr.DataTree

    @property
    def flows(self) -> xr.DataArray:
        """Draws of counts per period, (chain, draw, time, flow); observed cells as observed."""
        return self._predictions["flows"]

    @property
    def stocks(self) -> xr.DataArray:
        """Draws of who is in each stock at a period's end, (chain, draw, time, stock)."""
        return self._predictions["stocks"]

    @property
    def unrecorded(self) -> xr.DataArray:
        """Draws of what changed a stock beside its flows, (chain, draw, time, stock)."""
        return self._predictions["unrecorded"]

    @property
    def is_observed(self) -> xr.DataArray:
        """Whether a cell holds an observation instead of draws, (time, flow)."""
        return self._predictions["is_observed"]

    @property
    def is_given(self) -> xr.DataArray:
        """Whether a cell is of a future that others gave, (time, flow)."""
        observed = self.is_observed
        found = self._predictions.get("is_given")
        return xr.zeros_like(observed, dtype=bool) if found is None else found

    @cached_property
    def follows_given(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether a cell was given or follows from what was: (time, flow) and (time, stock)."""
        return consequences(self.network, self.is_given.values)

    @property
    def observed(self) -> xr.Dataset:
        """The evidence per period: ``value`` over all of history (time, flow), NaN for a gap."""
        return self.tree[names.OBSERVED].to_dataset()

    @property
    def figures(self) -> pd.DataFrame:
        """All evidence, one row a figure, also of stocks, sums and longer spans.

        Columns: ``series``; ``start`` and ``end`` (first and last day; a stock's figure is of the
        end); ``n_periods``; ``value``; ``lower`` and ``upper`` (the whole numbers that round to
        it); ``rounding``. Without rows where the tree lacks the group.
        """
        if names.FIGURES not in self.tree.children:
            return pd.DataFrame(columns=_FIGURE_COLUMNS)
        return self.tree[names.FIGURES].to_dataset().to_dataframe()[_FIGURE_COLUMNS]

    @cached_property
    def network(self) -> Network:
        """The network whose flows and stocks these are."""
        return Network.from_dict(json.loads(self.tree.attrs["network"]))

    @property
    def origin(self) -> pd.Period:
        """The last period with evidence."""
        return pd.Period(self.tree.attrs["origin"], freq=self.network.frequency)

    @property
    def status(self) -> str:
        """``final`` if the fit converged, else ``draft``."""
        return str(self.tree.attrs["status"])

    @property
    def scenario(self) -> str:
        """The name of the scenario; ``""`` for the policy as it is in the data."""
        return str(self.tree.attrs["scenario"])

    @property
    def given(self) -> pd.DataFrame:
        """The futures that others gave, one row a flow.

        Columns: ``flow``; ``source``, who says so; ``less``, the share of draws in which fewer came
        in some period than given, since no more were in the stock that they leave.
        """
        rows = json.loads(self.tree.attrs.get("given", "[]"))
        return pd.DataFrame(rows, columns=["flow", "source", "less"])

    @property
    def note(self) -> str:
        """A remark that stands wherever the figures are shown."""
        return str(self.tree.attrs["note"])

    @property
    def untold(self) -> tuple[str, ...]:
        """The flows with figures of which none tells of their rate."""
        return tuple(json.loads(self.tree.attrs.get("untold", "[]")))

    @property
    def manifest(self) -> dict[str, Any]:
        """How the forecast was made: seed, futures, measures, versions, the fit's own manifest."""
        manifest: dict[str, Any] = json.loads(self.tree.attrs["manifest"])
        return manifest

    @cached_property
    def _predictions(self) -> xr.Dataset:
        return self.tree[names.PREDICTIONS].to_dataset()

    def as_draft(self) -> Self:
        """Give the same draws marked as a draft, for figures that failed a check."""
        tree = self.tree.copy()
        tree.attrs = {**self.tree.attrs, "status": names.DRAFT}
        return type(self)(tree)

    def save(self, path: str | Path) -> None:
        """Write the draws to one netCDF file, whole or not at all."""
        write_netcdf(self.tree, path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read the draws from the file that :meth:`save` wrote.

        Raises
        ------
        StorageError
            If the file is missing, unreadable or no forecast.
        """
        tree = read_netcdf(path)
        needed = {names.PREDICTIONS, names.OBSERVED}
        if tree.attrs.get("schema") != SCHEMA or not needed <= set(tree.children):
            raise StorageError(
                f"{path} is no forecast of schema {SCHEMA}: it holds "
                f"{sorted(map(str, tree.children))}; give a file that Forecast.save wrote"
            )
        return cls(tree)

    def __repr__(self) -> str:
        sizes, n_stocks = self.flows.sizes, len(self.network.stocks)
        stocks = f"{n_stocks} stock{'s' * (n_stocks > 1)}, " if n_stocks else ""
        return (
            f"<Forecast of {self.network.name!r} ({self.status}): {sizes['flow']} flows, {stocks}"
            f"{self.origin} to {self.flows.indexes['time'][-1]:%Y-%m}, "
            f"{sizes['chain'] * sizes['draw']} draws>"
        )
