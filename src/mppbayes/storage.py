"""Files that are written whole or not at all, netCDF, digests and the manifest."""

import hashlib
import json
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import numpy as np
import xarray as xr

from mppbayes.errors import StorageError

_ENGINE: Final = "h5netcdf"
_COMPRESSED_FROM = 2**16  # bytes; below that a chunk's overhead outweighs the gain
_PACKAGES = (
    "mppbayes",
    "pymc",
    "pytensor",
    "nutpie",
    "numpyro",
    "jax",
    "arviz",
    "numpy",
    "scipy",
    "pandas",
    "xarray",
    "h5netcdf",
    "pydantic",
)


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Write a file whole or not at all.

    Parameters
    ----------
    path : str or Path
        Where the file shall stand; its folder must exist.

    Yields
    ------
    Path
        A path in the same folder, with the same suffix, to write to. It takes the file's place
        when the block ends, and is removed when the block fails.

    Raises
    ------
    StorageError
        If the folder does not exist or the block wrote nothing.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise StorageError(f"cannot write {path}: there is no folder {path.parent}; make it first")
    partial = path.with_name(f".{uuid4().hex}-{path.name}")
    try:
        yield partial
        if not partial.exists():
            raise StorageError(f"nothing was written for {path}")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_netcdf(tree: xr.DataTree, path: str | Path) -> None:
    """Write a tree to one netCDF file, whole or not at all; large arrays are compressed.

    Parameters
    ----------
    tree : xarray.DataTree
        Groups of labelled arrays; text as NumPy strings.
    path : str or Path
        The file.

    Raises
    ------
    StorageError
        If the folder does not exist.
    """
    encoding = {
        node.path: {
            str(name): {"zlib": True, "complevel": 1, "shuffle": True}
            for name, array in node.dataset.variables.items()
            if array.nbytes >= _COMPRESSED_FROM and np.issubdtype(array.dtype, np.number)
        }
        for node in tree.subtree
    }
    with whole_file(path) as partial:
        tree.to_netcdf(
            partial,
            engine=_ENGINE,
            encoding={group: variables for group, variables in encoding.items() if variables},
        )


def read_netcdf(path: str | Path) -> xr.DataTree:
    """Read a netCDF file into memory.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    xarray.DataTree
        The tree, loaded; the file is closed again.

    Raises
    ------
    StorageError
        If the file is not there or is not netCDF.
    """
    path = Path(path)
    if not path.is_file():
        raise StorageError(f"there is no file {path}")
    try:
        with xr.open_datatree(path, engine=_ENGINE) as tree:
            return tree.load()
    except (OSError, ValueError) as error:
        raise StorageError(
            f"{path} cannot be read as netCDF ({error}); is it whole, and written by mppbayes?"
        ) from error


def digest(data: Any) -> str:
    """Hash data by value.

    Parameters
    ----------
    data : JSON-like
        Dicts, lists, text, finite numbers, booleans and None; the order of keys does not matter.

    Returns
    -------
    str
        SHA-256 of the canonical JSON text, in hexadecimals.
    """
    text = json.dumps(
        data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def source_digest(*parts: str) -> str:
    """Hash source files of the package, so that what older code made is not taken for new.

    Parameters
    ----------
    *parts : str
        Rooms, or files in them, as ``model`` or ``prediction/simulation.py``.

    Returns
    -------
    str
        As :func:`digest`.
    """
    root = Path(__file__).parent
    found = [root / part for part in parts]
    files = [file for part in found for file in (part.rglob("*.py") if part.is_dir() else [part])]
    return digest({str(file.relative_to(root)): file.read_text("utf-8") for file in files})


def manifest() -> dict[str, Any]:
    """Say by what a result was made.

    Returns
    -------
    dict
        ``created`` (UTC, ISO 8601), ``python``, ``platform`` and ``packages`` (name to version,
        of those that are installed).
    """
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": dict(_installed()),
    }


def _installed() -> Iterator[tuple[str, str]]:
    for name in _PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
