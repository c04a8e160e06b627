"""What a track record says, in sentences computed from the same numbers."""

from math import isfinite

import pandas as pd

from mppbayes.evaluation.tables import FLOWS
from mppbayes.network import Network
from mppbayes.network.rows import Language
from mppbayes.plotting.words import band_title, listed, number, percent, sentence, window_title
from mppbayes.prediction import Band, BandScheme
from mppbayes.prediction.quantities import quantities
from mppbayes.reporting.texts import TEXTS
from mppbayes.reporting.trackrecord import TrackRecord
from mppbayes.reporting.trackwords import (
    band_of,
    frequency,
    frequency_interval,
    model_title,
    origin_title,
    title_of,
)

_VERDICTS = ("better", "unclear", "alone", "worse")


def remade(record: TrackRecord, network: Network, language: Language) -> str:
    """Say from which origins the forecast was made again."""
    origins = [origin_title(origin, network, language) for origin in record.origins]
    return TEXTS[language]["remade"].format(origins=listed(origins, language))


def windows_judged(record: TrackRecord, network: Network, language: Language) -> list[str]:
    """Say of each window at how many origins it can be judged."""
    return [
        sentence(
            TEXTS[language]["judged at"].format(
                window=window_title(lead, window, network, language),
                known=number(record.known_origins(lead), language),
                origins=number(len(record.origins), language),
            )
        )
        for lead, window in record.windows
    ]


def belonging(record: TrackRecord, network: Network, scheme: BandScheme, language: Language) -> str:
    """Say whether the track record is of this forecast, as far as its folder tells."""
    text = TEXTS[language]
    scored = set(record.calibration["quantity"])
    absent = [
        title_of(each.name, network, language)
        for each in quantities(network, ("flow", "sum"))
        if each.name not in scored
    ]
    levels = [
        text["other level"].format(
            band=band_title(band, language),
            own=percent(scheme[band.name].exceedance, language),
            other=percent(band.exceedance, language),
        )
        for band in bands_judged(record, scheme)
        if band.name in scheme.names and band.exceedance != scheme[band.name].exceedance
    ]
    return " ".join(
        [
            text["belongs"],
            *([text["not judged"].format(names=listed(absent, language))] if absent else []),
            *levels,
        ]
    )


def bands_judged(record: TrackRecord, scheme: BandScheme) -> list[Band]:
    """Give the bands that were judged, with their own probabilities."""
    rows = record.calibration.drop_duplicates(["band", "exceedance"])
    return [band_of(row, scheme) for _, row in rows.iterrows()]


def exceeded(
    record: TrackRecord, network: Network, scheme: BandScheme, language: Language
) -> list[str]:
    """Say of each window how often the published bands were exceeded, of all flows together.

    Parameters
    ----------
    record : TrackRecord
        The track record.
    network : Network
        That of the forecast.
    scheme : BandScheme
        The forecast's bands; they tell which have a published probability. If none of those was
        judged, all bands are told.
    language : {"nl", "en"}
        The language.

    Returns
    -------
    list of str
        A sentence a window: whether the interval of the observed frequency holds the nominal
        probability, lies above it or below it, or says nothing because it runs from 0 to 1.
    """
    text, table = TEXTS[language], record.calibration
    said = []
    for lead, window in record.windows:
        rows = table[(table["lead"] == lead) & (table["aggregate"] == FLOWS)]
        bands = [(band_of(row, scheme), row) for _, row in rows.iterrows()]
        told = [(band, row) for band, row in bands if band.published] or bands
        clauses = [_frequency(band, row, language) for band, row in told if row["n"]]
        title = sentence(window_title(lead, window, network, language))
        said.append(
            text["track finding"].format(window=title, said="; ".join(clauses))
            if clauses
            else text["no outcome"].format(window=title)
        )
    return said


def compared(record: TrackRecord, network: Network, language: Language) -> list[str]:
    """Say of each window which other models this one beats, over all flows together."""
    text, table = TEXTS[language], record.comparison
    said = []
    for lead, window in record.windows:
        rows = table[(table["lead"] == lead) & (table["quantity"] == FLOWS)]
        verdicts = [(_verdict(row), _other(row, language)) for _, row in rows.iterrows()]
        clauses = [
            text[f"scored {verdict}"].format(others=listed(others, language))
            for verdict in _VERDICTS
            if (others := [other for found, other in verdicts if found == verdict])
        ]
        if clauses:
            title = sentence(window_title(lead, window, network, language))
            said.append(text["track finding"].format(window=title, said="; ".join(clauses)))
    return said


def explained(record: TrackRecord, language: Language) -> str:
    """Say what the scores mean, and what models are that have no name of a library."""
    text, others = TEXTS[language], record.comparison["against"].unique()
    if not len(others):
        return text["not compared"]
    known = [text[key] for other in others if (key := f"explained {other}") in text]
    return " ".join([text["score explained"], *known])


def _frequency(band: Band, row: pd.Series, language: Language) -> str:
    text = TEXTS[language]
    nominal = row["exceedance"]
    if row["lower"] <= 0 and row["upper"] >= 1:
        verdict = "says nothing"
    elif row["lower"] > nominal:
        verdict = "too often"
    elif row["upper"] < nominal:
        verdict = "too seldom"
    else:
        verdict = "agrees"
    return text["band exceeded"].format(
        band=band_title(band, language),
        observed=frequency(row["observed"], language),
        n=number(row["n"], language),
        interval=frequency_interval(row, language),
        verdict=text[verdict].format(nominal=percent(nominal, language)),
    )


def _verdict(row: pd.Series) -> str:
    """Say whether the interval of the difference lies below 0, above it, or holds it."""
    if not (isfinite(row["lower"]) and isfinite(row["upper"])):
        return "alone"
    if row["upper"] < 0:
        return "better"
    return "worse" if row["lower"] > 0 else "unclear"


def _other(row: pd.Series, language: Language) -> str:
    title = model_title(row["against"], language)
    if not row["other"] > 0:
        return title
    share = row["mean"] / row["other"] - 1
    key = "score lower" if share < 0 else "score higher"
    size = frequency(abs(share), language)
    return f"{title} ({TEXTS[language][key].format(share=size)})"
