"""The report: a forecast's bands, figures, checks and making, in one HTML file."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from mppbayes import names
from mppbayes.diagnostics import Verdicts, check_adequacy, diagnose
from mppbayes.errors import GateError
from mppbayes.inference import Fit
from mppbayes.network.rows import Language
from mppbayes.plotting.captions import chances_sentences
from mppbayes.plotting.words import decimal, month_title, number, sentence, word
from mppbayes.prediction import MPP, Bands, BandScheme, Forecast, aggregates, bands
from mppbayes.prediction.quantities import SUM
from mppbayes.reporting.findings import ceiling_sentence, finding
from mppbayes.reporting.pictures import (
    bfmi,
    energy_plot,
    exceedance,
    fan,
    rank_plot,
    small_fan,
    stock_fans,
)
from mppbayes.reporting.tables import (
    band_heads,
    band_table,
    breakdown,
    convergence_rows,
    past_rows,
    precision_rows,
)
from mppbayes.reporting.texts import TEXTS
from mppbayes.reporting.trackrecord import read_track_record, require_network
from mppbayes.reporting.tracksection import track_section
from mppbayes.storage import whole_file


def report(
    forecast: Forecast,
    path: str | Path,
    *,
    fit: Fit | None = None,
    scheme: BandScheme = MPP,
    language: Language = "nl",
    backtest: str | Path | None = None,
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
    backtest : str or Path, optional
        A folder that ``mppbayes backtest`` wrote, of the same network. Adds the track record: how
        forecasts made again at past origins went, how often each band was exceeded, how often
        intervals held the outcome, the scores beside those of other models, and the figures.
    draft : bool
        Whether a draft may be written; it is marked on top, on every table and on every figure.

    Raises
    ------
    GateError
        If the forecast is a draft, or fails a check of ``fit``, and ``draft`` is false.
    StorageError
        If ``backtest`` is no whole backtest directory; with every fault.
    SpecError
        If the backtest has quantities or origins that the forecast's network does not know.
    """
    if forecast.status == names.DRAFT and not draft:
        raise GateError(
            "the report is withheld: the forecast is a draft; draft=True (--draft on the command "
            "line) writes it, marked as one"
        )
    record = read_track_record(backtest) if backtest is not None else None
    if record:
        require_network(record, forecast.network)
    summary = _yearly(forecast, scheme)
    verdicts = diagnose(fit, summary) if fit else Verdicts(())
    if forecast.status == names.FINAL and not verdicts.passed:
        if not draft:
            verdicts.require()
        summary = _yearly(forecast.as_draft(), scheme)
    html = _render(
        summary,
        language,
        track=track_section(record, summary, language) if record else None,
        posterior=_posterior(fit, summary, verdicts, language) if fit else None,
    )
    with whole_file(path) as partial:
        partial.write_text(html, encoding="utf-8", newline="\n")


def _yearly(forecast: Forecast, scheme: BandScheme) -> Bands:
    made = bands(forecast, scheme, by=aggregates(forecast.network), per="year")
    return made.select(status=made.status)  # leaves out what has no row


def _render(
    summary: Bands,
    language: Language,
    *,
    track: dict[str, Any] | None,
    posterior: dict[str, Any] | None,
) -> str:
    forecast, network, text = summary.forecast, summary.network, TEXTS[language]
    environment = Environment(
        loader=PackageLoader("mppbayes.reporting"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    totals = _totals(summary, language)
    flows, stocks = (
        [each.name for each in summary.quantities if each.aggregate == aggregate]
        for aggregate in (names.FLOW, names.STOCK)
    )
    sections = [
        "how-to-read",
        *["totals"] * bool(totals),
        *["track-record"] * bool(track),
        "breakdown",
        "figures",
        *["checks", "diagnostics", "model"] * bool(posterior),
        "made",
    ]
    return environment.get_template("report.html").render(
        language=language,
        text=text,
        mark=word("DRAFT", language) if summary.status == names.DRAFT else "",
        note=sentence(word(summary.note, language)),
        network=network.title.in_language(language) or network.name,
        sections=sections,
        subtitle=_subtitle(forecast, language),
        reading=_reading(summary, language),
        heads=band_heads(summary, language),
        totals=totals,
        groups=breakdown(summary, language),
        stocks=[stock_fans(summary, name, language) for name in stocks],
        flows=[small_fan(summary, name, language) for name in flows],
        track=track,
        posterior=posterior,
        draws=_draws(forecast, language),
        manifest=_manifest(forecast),
    )


def _subtitle(forecast: Forecast, language: Language) -> str:
    end = pd.Period(forecast.flows.indexes[names.TIME][-1], freq=forecast.network.frequency)
    return TEXTS[language]["subtitle"].format(
        origin=month_title(forecast.origin, language), end=month_title(end, language)
    )


def _reading(summary: Bands, language: Language) -> str:
    return TEXTS[language]["reading"].format(
        chances=" ".join(chances_sentences(summary.scheme, ">", language)),
        periods=word(f"{summary.network.period} periods", language),
    )


def _totals(summary: Bands, language: Language) -> list[dict[str, Any]]:
    """Give each declared sum its finding, table, figures and precision."""
    totals = []
    for quantity in summary.quantities:
        if quantity.aggregate == SUM:
            rows = summary.select(quantity=quantity.name).to_frame()
            totals.append(
                {
                    "table": band_table(summary, quantity, language),
                    "finding": finding(summary, quantity.name, language),
                    "figures": [
                        fan(summary, quantity.name, language),
                        exceedance(summary, quantity.name, language),
                    ],
                    "precision": precision_rows(rows, summary, language),
                }
            )
    return totals


def _posterior(fit: Fit, summary: Bands, verdicts: Verdicts, language: Language) -> dict[str, Any]:
    text = TEXTS[language]
    energy = text["energy"].format(bfmi=decimal(bfmi(fit), 2, language))
    return {
        "verdicts": list(verdicts),
        "convergence": convergence_rows(fit, language),
        "adequacy": list(check_adequacy(fit)),
        "ceiling": ceiling_sentence(summary, language),
        "unused": list(fit.layout.unused),
        "figures": [
            energy_plot(fit, summary, language, energy),
            rank_plot(fit, summary, language, text["rank"]),
        ],
        "past": past_rows(fit, language),
        "description": fit.spec.describe(),
    }


def _draws(forecast: Forecast, language: Language) -> str:
    chains, each = (forecast.flows.sizes[dim] for dim in (names.CHAIN, names.DRAW))
    return TEXTS[language]["draws"].format(
        draws=number(chains * each, language), chains=chains, each=number(each, language)
    )


def _manifest(forecast: Forecast) -> str:
    return json.dumps(json.loads(forecast.tree.attrs["manifest"]), indent=2, ensure_ascii=False)
