"""Make a forecast again from its directory, and compare the figures."""

import json
from pathlib import Path

import pandas as pd

from mppbayes.errors import StorageError
from mppbayes.inference import fit as sample
from mppbayes.model import ModelSpec
from mppbayes.panel import read_panel
from mppbayes.prediction import MPP, aggregates, bands, forecast


def reproduce(directory: Path, *, max_minutes: float) -> pd.DataFrame:
    """Fit and forecast again with the inputs and seeds of a forecast directory.

    Parameters
    ----------
    directory : Path
        As ``forecast`` or ``demo`` wrote it.
    max_minutes : float
        The most time for sampling.

    Returns
    -------
    DataFrame
        The figures of ``bands.csv`` with ``again``, the value found now; no rows where all agree.

    Raises
    ------
    StorageError
        If the directory is no forecast.
    """
    try:
        manifest = json.loads((directory / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise StorageError(f"{directory} is no forecast directory: {error}") from error
    inputs = directory / "inputs"
    spec = ModelSpec.from_toml(inputs / "spec.toml")
    panel = read_panel(inputs / manifest["table"], spec.network, layout=manifest["layout"])
    fit = sample(spec, panel, seed=manifest["fit"]["seed"], max_minutes=max_minutes)
    drawn = forecast(
        fit, until=manifest["until"], seed=manifest["seed"], futures=manifest["futures"]
    )
    levels = {name: manifest["scheme"][name] for name in ("minimum", "maximum")}
    found = bands(drawn, MPP.with_levels(**levels), by=aggregates(spec.network), per="year")
    keys = ["quantity", "kind", "unit", "period", "band"]
    before = pd.read_csv(directory / "bands.csv", dtype={"period": str}, keep_default_na=False)
    again = found.to_frame()[[*keys, "value"]].rename(columns={"value": "again"})
    both = before[[*keys, "value"]].merge(again, on=keys, how="outer")
    return both[both["value"] != both["again"]]
