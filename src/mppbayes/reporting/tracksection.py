"""The section of the report that sets a track record beside the forecast."""

from typing import Any

from mppbayes.network.rows import Language
from mppbayes.plotting.captions import chances_sentences
from mppbayes.plotting.words import window_title
from mppbayes.prediction import Bands
from mppbayes.reporting.pictures import Picture, png_uri
from mppbayes.reporting.texts import TEXTS
from mppbayes.reporting.trackfindings import (
    bands_judged,
    belonging,
    compared,
    exceeded,
    explained,
    remade,
    windows_judged,
)
from mppbayes.reporting.trackrecord import CALIBRATION_FIGURE, TrackRecord
from mppbayes.reporting.tracktables import (
    comparison_rows,
    coverage_rows,
    exceedance_rows,
    status_rows,
    unsound_rows,
)
from mppbayes.reporting.trackwords import title_of


def track_section(record: TrackRecord, summary: Bands, language: Language) -> dict[str, Any]:
    """Lay out the track record beside a forecast.

    Parameters
    ----------
    record : TrackRecord
        Of the forecast's network.
    summary : Bands
        The forecast's bands.
    language : {"nl", "en"}
        The language.

    Returns
    -------
    dict
        What the template shows: sentences, rows of tables (those of a window under its title), and
        pictures.
    """
    network, scheme = summary.network, summary.scheme
    titles = {
        lead: window_title(lead, window, network, language) for lead, window in record.windows
    }
    return {
        "origins": remade(record, network, language),
        "windows": windows_judged(record, network, language),
        "belonging": belonging(record, network, scheme, language),
        "statuses": status_rows(record, language),
        "unsound": unsound_rows(record, network, language),
        "exceeded": exceeded(record, network, scheme, language),
        "frequencies": {
            title: exceedance_rows(record, lead, network, scheme, language)
            for lead, title in titles.items()
        },
        "coverage": coverage_rows(record, network, language),
        "compared": compared(record, network, language),
        "comparisons": {
            title: rows
            for lead, title in titles.items()
            if (rows := comparison_rows(record, lead, network, language))
        },
        "explained": explained(record, language),
        "figures": _drawn(record, summary, language),
    }


def _drawn(record: TrackRecord, summary: Bands, language: Language) -> list[Picture]:
    """Give the backtest's own figures, under what they show and with what probabilities."""
    text = TEXTS[language]
    chances = " ".join(chances_sentences(bands_judged(record, summary.scheme), ">", language))
    pictures = []
    for name, content in record.figures.items():
        title = title_of(name, summary.network, language)
        if name == CALIBRATION_FIGURE:
            title, said = text["track-record"], text["drawn calibration"]
        else:
            said = text["drawn"].format(title=title)
        pictures.append(Picture(png_uri(content), title, f"{said} {chances}"))
    return pictures
