"""The report: a forecast's bands, figures, checks and making, in one HTML file."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from mppbayes.diagnostics import diagnose
from mppbayes.errors import GateError
from mppbayes.inference import Fit, convergence
from mppbayes.names import DRAFT
from mppbayes.network.rows import Language
from mppbayes.plotting import plot_exceedance, plot_fan
from mppbayes.plotting.words import band_title, number, percent, word
from mppbayes.prediction import MPP, Bands, BandScheme, Forecast, aggregates, bands
from mppbayes.reporting.pictures import bfmi, embedded, energy_plot, rank_plot
from mppbayes.reporting.predictive import one_step_coverage
from mppbayes.reporting.texts import TEXTS
from mppbayes.storage import whole_file


def report(
    forecast: Forecast,
    path: str | Path,
    *,
    fit: Fit | None = None,
    scheme: BandScheme = MPP,
    language: Language = "nl",
    draft: bool = False,
) -> None:
    """Write a report as one HTML file that needs nothing else.

    Parameters
    ----------
    forecast : Forecast
        The draws.
    path : str or Path
        The file; it appears whole or not at all.
    fit : Fit, optional
        Adds the checks, the posterior's diagnostics and what is pooled.
    scheme : BandScheme
        The bands and their probabilities.
    language : {"nl", "en"}
        Of all texts and numbers.
    draft : bool
        Whether a draft may be written; it is marked on top and on every figure.

    Raises
    ------
    GateError
        If the forecast is a draft and ``draft`` is false.
    """
    if forecast.status == DRAFT and not draft:
        raise GateError("the forecast is a draft; write it with draft=True, and it is marked so")
    summary = bands(forecast, scheme, by=aggregates(forecast.network), per="year")
    environment = Environment(
        loader=PackageLoader("mppbayes.reporting"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("report.html").render(
        language=language,
        text=TEXTS[language],
        is_draft=forecast.status == DRAFT,
        note=word(forecast.note, language) if forecast.note else "",
        network=forecast.network.title.in_language(language) or forecast.network.name,
        **_dates(forecast, language),
        reading=_reading(scheme, language),
        tables=_tables(summary, language),
        figures=_figures(summary, language),
        posterior=_posterior(fit, summary, language) if fit else None,
        manifest=_manifest(forecast),
    )
    with whole_file(path) as partial:
        partial.write_text(html, encoding="utf-8", newline="\n")


def _dates(forecast: Forecast, language: Language) -> dict[str, str]:
    end = forecast.flows.indexes["time"][-1].strftime("%Y-%m")
    subtitle = TEXTS[language]["subtitle"].format(origin=forecast.origin, end=end)
    return {"subtitle": subtitle}


def _reading(scheme: BandScheme, language: Language) -> str:
    text = TEXTS[language]
    chances = "; ".join(
        text["chance"].format(
            band=band_title(band, language), chance=percent(band.exceedance, language)
        )
        for band in scheme.bands
    )
    return text["reading"].format(chances=chances)


def _tables(summary: Bands, language: Language) -> list[dict[str, Any]]:
    """Lay out a row a quantity and year: sums first, then groups, then flows."""
    figures = summary.to_frame()
    order = {"sum": 0, "organisation": 1, "block": 2, "kind": 3, "label": 4, "flow": 5}
    tables = []
    for aggregate in sorted(figures["aggregate"].unique(), key=lambda name: order[name]):
        rows = []
        chosen = figures[figures["aggregate"] == aggregate]
        keys = ["quantity", "kind", "unit", "period"]
        for (quantity, _, unit, period), group in chosen.groupby(keys, sort=False):
            values = group.set_index("band")["value"]
            rows.append(
                {
                    "quantity": quantity,
                    "unit": word(str(unit), language),
                    "period": period,
                    "values": [number(values[b.name], language) for b in summary.scheme.bands],
                    "n_observed": int(group["n_observed"].iloc[0]),
                }
            )
        tables.append({"aggregate": aggregate, "rows": rows, "open": order[aggregate] < 2})
    heads = [
        f"{band_title(band, language)} ({percent(band.exceedance, language)})"
        for band in summary.scheme.bands
    ]
    return [{**table, "heads": heads} for table in tables]


def _figures(summary: Bands, language: Language) -> list[dict[str, str]]:
    network = summary.network
    figures = summary.to_frame()
    pictures = []
    for name in network.sum_names:
        first = str(figures.loc[figures["quantity"] == name, "period"].iloc[0])
        pictures += [
            {"name": name, "uri": embedded(plot_fan(summary, name, language=language))},
            {
                "name": f"{name} {first}",
                "uri": embedded(plot_exceedance(summary, name, first, language=language)),
            },
        ]
    return pictures + [
        {"name": name, "uri": embedded(plot_fan(summary, name, language=language))}
        for name in network.flow_names
    ]


def _posterior(fit: Fit, summary: Bands, language: Language) -> dict[str, Any]:
    text = TEXTS[language]
    inside, wide = (percent(one_step_coverage(fit, coverage), language) for coverage in (0.8, 0.95))
    return {
        "verdicts": list(diagnose(fit, summary)),
        "convergence": _rows(convergence(fit.tree)),
        "rank": rank_plot(fit),
        "energy": energy_plot(fit),
        "energy_text": text["energy"].format(bfmi=f"{bfmi(fit):.2f}"),
        "predictive_text": text["predictive"].format(inside=inside, wide=wide),
        "description": fit.spec.describe(),
    }


def _rows(table: pd.DataFrame) -> list[tuple[str, str, str, str, str]]:
    return [
        (str(name), f"{row.rhat:.4f}", f"{row.ess_bulk:.0f}", f"{row.ess_tail:.0f}", row.worst)
        for name, row in table.sort_values("ess_bulk").iterrows()
    ]


def _manifest(forecast: Forecast) -> str:
    return json.dumps(json.loads(forecast.tree.attrs["manifest"]), indent=2, ensure_ascii=False)
