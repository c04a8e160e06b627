"""What an earlier run left: a saved fit, or a forecast directory."""

import json
from collections.abc import Iterator, Mapping
from math import isclose
from pathlib import Path
from typing import Any

from mppbayes.errors import SpecError, StorageError
from mppbayes.inference import Fit
from mppbayes.model import ModelSpec, resolve
from mppbayes.panel import Panel
from mppbayes.prediction import MPP, BandScheme

MANIFEST = "manifest.json"


def require_files(directory: Path, *names: str) -> None:
    """Refuse a folder that lacks one of the files of a forecast directory.

    Raises
    ------
    StorageError
        With every file that is missing.
    """
    if missing := [name for name in names if not (directory / name).is_file()]:
        raise StorageError(
            f"{directory} is no whole forecast directory: it lacks {', '.join(missing)}; "
            "give a folder that 'mppbayes forecast' or 'mppbayes demo' wrote"
        )


def read_manifest(directory: Path, *keys: str) -> dict[str, Any]:
    """Read the manifest of a forecast directory.

    Parameters
    ----------
    directory : Path
        As ``forecast`` or ``demo`` wrote it.
    *keys : str
        What it must hold; ``fit.seed`` is ``seed`` inside ``fit``.

    Returns
    -------
    dict
        The whole manifest.

    Raises
    ------
    StorageError
        If it is missing or unreadable, or with every key that it lacks.
    """
    require_files(directory, MANIFEST)
    path = directory / MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise StorageError(f"{path} is no JSON ({error}); make the forecast again") from error
    known = dict(_flat(manifest))
    missing = [key for key in keys if not any(f"{name}.".startswith(f"{key}.") for name in known)]
    if missing:
        raise StorageError(
            f"{path} lacks {', '.join(missing)}: another version wrote it, or it was edited; "
            "make the forecast again"
        )
    return dict(manifest)


def scheme_of(manifest: Mapping[str, Any]) -> BandScheme:
    """Give the bands of a forecast directory, with its own levels.

    Raises
    ------
    StorageError
        If they are not the bands of the MPP.
    SpecError
        If the levels contradict each other, or what the MPP publishes.
    """
    levels = dict(_flat(manifest["scheme"]))
    if levels.keys() != set(MPP.names):
        raise StorageError(
            f"the manifest has the bands {', '.join(levels)}; expected {', '.join(MPP.names)}, "
            "which are all that the command line makes"
        )
    return MPP.with_levels(**levels)


def require_network(spec: ModelSpec, panel: Panel) -> None:
    """Refuse a specification of another network than the evidence is about.

    Raises
    ------
    SpecError
        With both digests.
    """
    if spec.network.digest != panel.network.digest:
        raise SpecError(
            "the specification is not of the network given",
            [_two("network", spec.network.digest, panel.network.digest, whose="specification")],
            "give the network that the specification holds, or write it into the specification",
        )


def require_same(fit: Fit, panel: Panel, spec: ModelSpec | None) -> None:
    """Refuse a saved fit of another network, other evidence or another specification.

    Parameters
    ----------
    fit : Fit
        The saved fit.
    panel : Panel
        The evidence given, with its network.
    spec : ModelSpec, optional
        The specification given; if none is, the fit's own stands.

    Raises
    ------
    SpecError
        With every difference.
    """
    made_with = fit.manifest.get("digests", {})
    given = {"network": panel.network.digest, "panel": panel.digest}
    faults = [
        _two({"panel": "counts"}.get(key, key), made_with.get(key, "none"), digest)
        for key, digest in given.items()
        if made_with.get(key) != digest
    ]
    if spec is not None and not faults:
        own, other = (dict(_flat(each.to_dict())) for each in (fit.spec, resolve(spec, panel)))
        faults = [
            f"{option}: the fit has {own.get(option)!r}, the specification {other.get(option)!r}"
            for option in {**own, **other}
            if not _equal(own.get(option), other.get(option))
        ]
    if faults:
        raise SpecError(
            "the saved fit is of something else than what was given",
            faults,
            "give the table, network and specification that it was made with, "
            "or leave --fit out to sample again",
        )


def _two(what: str, own: str, given: str, whose: str = "fit") -> str:
    return f"{what}: the {whose} has digest {own[:12]}, what was given {given[:12]}"


def _flat(data: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give the leaves of nested mappings, their keys joined by dots."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _flat(value, f"{prefix}.{key}" if prefix else key)
    else:
        yield prefix, data


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=1e-9)
    return bool(one == other)
