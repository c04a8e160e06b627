"""Make a forecast again from its directory, and compare the figures."""

from pathlib import Path

import pandas as pd

from mppbayes.cli.earlier import read_manifest, require_files, scheme_of
from mppbayes.inference import fit as sample
from mppbayes.model import ModelSpec
from mppbayes.panel import read_panel
from mppbayes.prediction import Scenario, aggregates, bands, forecast

_KEYS = ("table", "layout", "until", "seed", "futures", "scheme", "fit.seed")


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
        If the directory is no whole forecast.
    """
    manifest = read_manifest(directory, *_KEYS)
    table = f"inputs/{manifest['table']}"
    require_files(directory, "bands.csv", "inputs/spec.toml", table)
    scheme = scheme_of(manifest)
    spec = ModelSpec.from_toml(directory / "inputs" / "spec.toml")
    panel = read_panel(directory / table, spec.network, layout=manifest["layout"])
    fit = sample(spec, panel, seed=manifest["fit"]["seed"], max_minutes=max_minutes)
    measures = directory / "inputs" / "scenario.toml"
    drawn = forecast(
        fit,
        until=manifest["until"],
        seed=manifest["seed"],
        futures=manifest["futures"],
        scenario=Scenario.from_toml(measures) if measures.is_file() else None,
    )
    found = bands(drawn, scheme, by=aggregates(spec.network), per="year")
    keys = ["quantity", "kind", "unit", "period", "band"]
    before = pd.read_csv(directory / "bands.csv", dtype={"period": str}, keep_default_na=False)
    again = found.to_frame()[[*keys, "value"]].rename(columns={"value": "again"})
    both = before[[*keys, "value"]].merge(again, on=keys, how="outer")
    return both[both["value"] != both["again"]]
