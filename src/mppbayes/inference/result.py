"""The fit: a posterior with everything that a forecast needs, frozen, in one file."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mppbayes import names
from mppbayes.errors import StorageError
from mppbayes.model.layout import Layout
from mppbayes.model.replay import FlowDraws, Past, replay
from mppbayes.model.specification import ModelSpec
from mppbayes.model.step import State
from mppbayes.network import Network
from mppbayes.storage import read_netcdf, write_netcdf

_SCHEMA = 1


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """The posterior of a specification given a panel.

    Attributes
    ----------
    tree : DataTree
        ``posterior`` (chain, draw, …) and ``sample_stats`` as ArviZ reads them;
        ``observed_data`` (time, flow) with ``value``, ``lower``, ``upper`` and ``rounding``, NaN
        for a gap; ``figures`` with all evidence, of stocks and longer periods too; ``end_state``
        with every flow's ``level`` and ``long_run`` level after its own
        last observation (chain, draw, flow). Attributes of the root: ``schema``, ``spec`` (JSON,
        resolved), ``manifest`` (JSON), ``note`` and ``status``.
    """

    tree: xr.DataTree

    @cached_property
    def spec(self) -> ModelSpec:
        """The specification, with every mean level and ceiling resolved."""
        return ModelSpec.from_dict(json.loads(self.tree.attrs["spec"]))

    @property
    def network(self) -> Network:
        """The network."""
        return self.spec.network

    @property
    def status(self) -> str:
        """``final`` if the chains converged, else ``draft``."""
        return str(self.tree.attrs["status"])

    @property
    def note(self) -> str:
        """A remark that stands wherever the figures are shown."""
        return str(self.tree.attrs["note"])

    @property
    def manifest(self) -> dict[str, Any]:
        """How the fit was made: seed, sampler, seconds, digests and versions."""
        manifest: dict[str, Any] = json.loads(self.tree.attrs["manifest"])
        return manifest

    @property
    def posterior(self) -> xr.Dataset:
        """Draws of the parameters."""
        return self.tree[names.POSTERIOR].to_dataset()

    @property
    def observed(self) -> xr.Dataset:
        """The evidence, (time, flow)."""
        return self.tree[names.OBSERVED].to_dataset()

    @cached_property
    def layout(self) -> Layout:
        """The evidence, laid out as the model takes it."""
        figures = self.tree[names.FIGURES].to_dataset()
        return Layout(self.network, figures, self.observed)

    @property
    def end_state(self) -> State:
        """Every flow's levels after its own last observation, (chain · draw, flow) each."""
        end = self.tree[names.END_STATE].to_dataset()
        return State(
            *(end[name].values.reshape(-1, end.sizes[names.FLOW]) for name in State._fields)
        )

    def replay(self, keep_from: int = 0, *, every: int = 1) -> Past:
        """Replay the past with the posterior's draws.

        Parameters
        ----------
        keep_from : int
            The first period whose means and counts are kept.
        every : int
            Take every so many draws of each chain.

        Returns
        -------
        Past
            The flows' end levels, and the periods kept.
        """
        posterior = self.posterior.isel({names.DRAW: slice(None, None, every)})
        return replay(FlowDraws.of(self.spec, posterior), self.layout, keep_from)

    def save(self, path: str | Path) -> None:
        """Write the fit to one netCDF file, whole or not at all."""
        write_netcdf(self.tree, path)

    def __repr__(self) -> str:
        sizes = self.tree[names.POSTERIOR].sizes
        return (
            f"<Fit of {self.network.name!r} ({self.status}): {sizes[names.CHAIN]} chains of "
            f"{sizes[names.DRAW]} draws>"
        )


def load_fit(path: str | Path) -> Fit:
    """Read a fit from the file that :meth:`Fit.save` wrote.

    Raises
    ------
    StorageError
        If the file is missing, unreadable or no fit.
    """
    tree = read_netcdf(path)
    needed = {
        names.POSTERIOR,
        names.SAMPLE_STATS,
        names.OBSERVED,
        names.FIGURES,
        names.END_STATE,
    }
    if tree.attrs.get("schema") != _SCHEMA or not needed <= set(tree.children):
        raise StorageError(
            f"{path} is no fit of schema {_SCHEMA}: it holds {sorted(map(str, tree.children))}; "
            "give a file that Fit.save wrote"
        )
    return Fit(tree)


def assemble(
    spec: ModelSpec, layout: Layout, sampled: xr.DataTree, attributes: dict[str, Any]
) -> Fit:
    """Make a fit of what was sampled: the end state is replayed, text becomes NumPy's.

    Parameters
    ----------
    spec : ModelSpec
        Resolved.
    layout : Layout
        The evidence.
    sampled : DataTree
        With ``posterior`` and ``sample_stats``.
    attributes : dict
        ``note``, ``status`` and ``manifest``.

    Returns
    -------
    Fit
        Ready to forecast from.
    """
    n_periods = len(layout.time)
    posterior = sampled[names.POSTERIOR].to_dataset().isel({names.TIME: slice(n_periods)})
    if names.GAP in posterior.dims:  # of a longer panel, maybe
        posterior = posterior.reindex({names.GAP: layout.gap_names}, fill_value=0.0)
    past = replay(FlowDraws.of(spec, posterior), layout, n_periods - 1)
    dims = (names.CHAIN, names.DRAW, names.FLOW)
    shape = [posterior.sizes[dim] for dim in dims]
    end = xr.Dataset(
        {name: (dims, array.reshape(shape)) for name, array in past.end._asdict().items()},
        coords={name: posterior[name] for name in (names.CHAIN, names.DRAW, names.FLOW)},
    )
    tree = xr.DataTree.from_dict(
        {
            f"/{names.POSTERIOR}": _storable(posterior),
            f"/{names.SAMPLE_STATS}": _storable(_numbers(sampled[names.SAMPLE_STATS].to_dataset())),
            f"/{names.OBSERVED}": _storable(layout.counts),
            f"/{names.FIGURES}": _storable(layout.figures),
            f"/{names.END_STATE}": _storable(end),
        }
    )
    tree.attrs = {
        "schema": _SCHEMA,
        "spec": json.dumps(spec.to_dict(), ensure_ascii=False),
        **attributes,
        "manifest": json.dumps(attributes["manifest"], ensure_ascii=False),
    }
    return Fit(tree)


def _numbers(statistics: xr.Dataset) -> xr.Dataset:
    """Keep what is a number; the sampler's messages do not save."""
    return statistics[[name for name, array in statistics.items() if array.dtype.kind in "biuf"]]


def _storable(dataset: xr.Dataset) -> xr.Dataset:
    """Give text coordinates as NumPy strings, and drop attributes that do not save."""
    text = {
        name: (coord.dims, coord.values.astype(np.str_))
        for name, coord in dataset.coords.items()
        if coord.dtype.kind in "OUT"
    }
    return dataset.assign_coords(text).drop_attrs()
