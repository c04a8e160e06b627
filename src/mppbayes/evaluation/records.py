"""Records: one model's draws at one origin, kept in a file each."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from mppbayes.errors import StorageError
from mppbayes.storage import read_netcdf, write_netcdf


@dataclass(frozen=True, eq=False)
class Record:
    """What a model forecast at an origin.

    Attributes
    ----------
    model, origin : str
        Whose, and when.
    status : str
        ``final``, ``draft`` if the chains did not converge, or ``failed``.
    remark : str
        Why it failed, or how far the chains of a draft came.
    seconds : float
        What it took.
    inputs : str
        Digest of everything that the draws depend on.
    draws : DataArray or None
        Over (sample, lead, quantity); None if it failed.
    """

    model: str
    origin: str
    status: str
    remark: str
    seconds: float
    inputs: str
    draws: xr.DataArray | None


def write_record(record: Record, path: Path) -> None:
    """Write a record that has draws to a netCDF file, whole or not at all."""
    if record.draws is None:
        raise StorageError(f"the record of {record.model} at {record.origin} has no draws")
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = record.draws.astype(np.int64).to_dataset(name="draws")
    tree = xr.DataTree(dataset)
    tree.attrs = {
        "model": record.model,
        "origin": record.origin,
        "status": record.status,
        "remark": record.remark,
        "seconds": record.seconds,
        "inputs": record.inputs,
    }
    write_netcdf(tree, path)


def read_record(path: Path) -> Record | None:
    """Read a record; None if there is none or it is no record."""
    if not path.is_file():
        return None
    try:
        tree = read_netcdf(path)
        attributes = tree.attrs
        return Record(
            model=str(attributes["model"]),
            origin=str(attributes["origin"]),
            status=str(attributes["status"]),
            remark=str(attributes.get("remark", "")),
            seconds=float(attributes["seconds"]),
            inputs=str(attributes["inputs"]),
            draws=tree.to_dataset()["draws"].astype(float),
        )
    except (StorageError, KeyError):
        return None
