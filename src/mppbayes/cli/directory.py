"""The forecast directory: every result of a run, written whole or not at all."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import uuid4

import tomli_w

from mppbayes.cli.earlier import MANIFEST
from mppbayes.errors import StorageError
from mppbayes.inference import Fit
from mppbayes.panel import Panel
from mppbayes.plotting import plot_contrast, plot_exceedance, plot_fan, plot_network, plot_stock
from mppbayes.prediction import Bands, Forecast, aggregates, contrast
from mppbayes.reporting import report

_DIAGRAM = "the-network.png"  # a name that no flow, stock or sum can have


@dataclass(frozen=True, eq=False)
class Results:
    """What a run made, and of what.

    Attributes
    ----------
    fit : Fit
        The posterior.
    forecast : Forecast
        The draws.
    bands : Bands
        Their summary.
    panel : Panel
        The evidence.
    table : Path, optional
        The file that the evidence was read from.
    layout : {"long", "wide"}
        Of that file.
    neutral : Forecast, optional
        Of a scenario, the forecast without its measures.
    """

    fit: Fit
    forecast: Forecast
    bands: Bands
    panel: Panel
    table: Path | None = None
    layout: Literal["long", "wide"] = "long"
    neutral: Forecast | None = None


def require_free(directory: Path) -> None:
    """Refuse a folder that holds something else than an earlier forecast.

    Raises
    ------
    StorageError
        If it does, or if its parent is not there.
    """
    if not directory.parent.is_dir():
        raise StorageError(f"cannot write {directory}: there is no folder {directory.parent}")
    earlier = (directory / MANIFEST).is_file()
    empty = directory.is_dir() and not any(directory.iterdir())
    if directory.exists() and not earlier and not empty:
        raise StorageError(
            f"{directory} holds something else than a forecast; give a new folder with --out"
        )


def write_directory(
    directory: Path, results: Results, *, language: Literal["nl", "en"], draft: bool
) -> None:
    """Write all files beside the folder, then let them take its place.

    Parameters
    ----------
    directory : Path
        Where the files shall stand; an earlier forecast there is replaced.
    results : Results
        What to write.
    language : {"nl", "en"}
        Of the figures and the report.
    draft : bool
        Whether results that failed a check may be written, marked.
    """
    require_free(directory)
    partial = directory.with_name(f".{uuid4().hex}-{directory.name}")
    partial.mkdir()
    try:
        _write(partial, results, language=language, draft=draft)
        if directory.exists():
            earlier = directory.rename(partial.with_name(f"{partial.name}-earlier"))
            partial.rename(directory)
            shutil.rmtree(earlier)
        else:
            partial.rename(directory)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write(
    directory: Path, results: Results, *, language: Literal["nl", "en"], draft: bool
) -> None:
    bands, forecast = results.bands, results.forecast
    bands.to_csv(directory / "bands.csv", draft=draft)
    bands.to_excel(directory / "bands.xlsx", draft=draft)
    results.fit.save(directory / "fit.nc")
    forecast.save(directory / "forecast.nc")
    report(
        forecast,
        directory / "report.html",
        fit=results.fit,
        scheme=bands.scheme,
        language=language,
        draft=draft,
    )
    _write_figures(directory / "figures", bands, language)
    if results.neutral is not None:
        _write_contrast(directory, results.neutral, bands, language)
    _write_inputs(directory / "inputs", results)
    summary = {
        **forecast.manifest,
        "note": forecast.note,
        "status": forecast.status,
        "origin": str(forecast.origin),
        "until": forecast.flows.indexes["time"][-1].strftime("%Y-%m"),
        "table": results.table.name if results.table else "counts.csv",
        "layout": results.layout,
        "scheme": {band.name: band.exceedance for band in bands.scheme.bands},
    }
    (directory / MANIFEST).write_text(json.dumps(summary, indent=2, ensure_ascii=False), "utf-8")


def _write_contrast(
    directory: Path, neutral: Forecast, bands: Bands, language: Literal["nl", "en"]
) -> None:
    """Set the scenario beside policy as it is, in a table of its own and in figures."""
    by = aggregates(bands.network)
    made = contrast(neutral, bands.forecast, bands.scheme, by=by, per=bands.per)
    made.to_frame().to_csv(directory / "contrast.csv", index=False)
    for aggregate, quantity in _shown(bands):
        if aggregate in ("sum", "stock"):
            figure = plot_contrast(made, quantity, language=language)
            figure.savefig(directory / "figures" / f"{quantity}_contrast.png", dpi=150)


def _write_figures(folder: Path, bands: Bands, language: Literal["nl", "en"]) -> None:
    folder.mkdir()
    for aggregate, quantity in _shown(bands):
        plot_fan(bands, quantity, language=language).savefig(folder / f"{quantity}.png", dpi=150)
        if aggregate == "sum":
            first = _first_year(bands, quantity)
            figure = plot_exceedance(bands, quantity, first, language=language)
            figure.savefig(folder / f"{quantity}_exceedance.png", dpi=150)
        elif aggregate == "stock":
            figure = plot_stock(bands, quantity, language=language)
            figure.savefig(folder / f"{quantity}_and_flows.png", dpi=150)
    figure = plot_network(bands.network, language=language)
    figure.savefig(folder / _DIAGRAM, dpi=150)


def _shown(bands: Bands) -> list[tuple[str, str]]:
    """Give the sums, flows and stocks that have a row, each with which of them it is."""
    rows = bands.to_frame()[["aggregate", "quantity"]].drop_duplicates()
    chosen = rows[rows["aggregate"].isin(["sum", "flow", "stock"])]
    return list(chosen.itertuples(index=False, name=None))


def _first_year(bands: Bands, quantity: str) -> str:
    figures = bands.to_frame()
    return str(figures.loc[figures["quantity"] == quantity, "period"].iloc[0])


def _write_inputs(folder: Path, results: Results) -> None:
    folder.mkdir()
    if results.table is not None:
        shutil.copy2(results.table, folder / results.table.name)
    else:
        columns = ["series", "period", "value", "rounding", "as_of"]
        results.panel.evidence[columns].to_csv(folder / "counts.csv", index=False)
    if not results.panel.sources.empty:
        results.panel.sources.to_csv(folder / "sources.csv")
    if scenario := results.forecast.manifest.get("scenario"):
        (folder / "scenario.toml").write_text(tomli_w.dumps(scenario), encoding="utf-8")
    results.panel.network.to_toml(folder / "network.toml")
    results.fit.spec.to_toml(folder / "spec.toml")
