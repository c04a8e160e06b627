"""The tables of a track record: how forecasts went, how often bands were exceeded, scores."""

import pandas as pd

from mppbayes import names
from mppbayes.evaluation.tables import FLOWS
from mppbayes.network import Network
from mppbayes.network.rows import Language
from mppbayes.plotting.words import band_title, number, percent, window_title
from mppbayes.prediction import BandScheme
from mppbayes.prediction.quantities import SUM
from mppbayes.reporting.texts import TEXTS
from mppbayes.reporting.trackrecord import STATUSES, TrackRecord
from mppbayes.reporting.trackwords import (
    UNKNOWN,
    band_of,
    frequency,
    frequency_interval,
    model_title,
    origin_title,
    score,
    title_of,
)

_LARGE = 100  # scores from here on are written without decimals

type Rows = list[tuple[str, ...]]


def status_rows(record: TrackRecord, language: Language) -> Rows:
    """Lay out how many forecasts of each model were final, were drafts, and failed."""
    log = record.log
    return [
        (
            model_title(str(model), language),
            *(number((rows["status"] == status).sum(), language) for status in STATUSES),
        )
        for model, rows in log.groupby("model", sort=False)
    ]


def unsound_rows(record: TrackRecord, network: Network, language: Language) -> Rows:
    """Lay out which forecasts were drafts or failed, and why they failed."""
    return [
        (
            origin_title(row["origin"], network, language),
            model_title(row["model"], language),
            TEXTS[language][f"status {row['status']}"],
            row["remark"],
        )
        for _, row in record.log.iterrows()
        if row["status"] != names.FINAL
    ]


def exceedance_rows(
    record: TrackRecord, lead: int, network: Network, scheme: BandScheme, language: Language
) -> Rows:
    """Lay out how often each band was exceeded, of all flows together and of each declared sum."""
    table = record.calibration
    shown = table[(table["lead"] == lead) & table["aggregate"].isin([FLOWS, SUM])]
    return [
        (
            title_of(row["quantity"], network, language),
            band_title(band_of(row, scheme), language),
            percent(row["exceedance"], language),
            *_observed(row, language),
        )
        for _, row in shown.iterrows()
    ]


def coverage_rows(record: TrackRecord, network: Network, language: Language) -> Rows:
    """Lay out how often central intervals held the outcome, of all flows together."""
    table = record.coverage
    return [
        (
            window_title(row["lead"], row["window"], network, language),
            percent(row["level"], language),
            *_observed(row, language),
        )
        for _, row in table[table["aggregate"] == FLOWS].iterrows()
    ]


def comparison_rows(record: TrackRecord, lead: int, network: Network, language: Language) -> Rows:
    """Lay out the mean scores beside those of other models, with their difference's interval."""
    table = record.comparison
    return [
        (
            title_of(row["quantity"], network, language),
            model_title(row["against"], language),
            *_scores(row, language),
            number(row["n"], language),
        )
        for _, row in table[table["lead"] == lead].iterrows()
    ]


def _scores(row: pd.Series, language: Language) -> tuple[str, ...]:
    """Write a row's scores, their difference and its interval with as many decimals."""
    places = 0 if max(row["mean"], row["other"]) >= _LARGE else 1
    difference, lower, upper = (
        score(row[column], places, language, signed=True)
        for column in ("difference", "lower", "upper")
    )
    between = TEXTS[language]["from to"].format(lower=lower, upper=upper)
    return (
        score(row["mean"], places, language),
        score(row["other"], places, language),
        difference,
        UNKNOWN if UNKNOWN in (lower, upper) else between,
    )


def _observed(row: pd.Series, language: Language) -> tuple[str, str, str]:
    return (
        frequency(row["observed"], language),
        frequency_interval(row, language),
        number(row["n"], language),
    )
