"""The tables of the report: bands by year, the precision of a total, convergence."""

from dataclasses import dataclass

import pandas as pd

from mppbayes.inference import Fit, convergence, past_effects
from mppbayes.network.rows import Language
from mppbayes.plotting.words import (
    band_title,
    decimal,
    grouping_title,
    number,
    percent,
    precise_percent,
    quantity_title,
    sentence,
    unit_title,
    word,
)
from mppbayes.prediction import Bands, BandScheme
from mppbayes.prediction.quantities import Quantity
from mppbayes.reporting.texts import TEXTS

_ORDER = ("organisation", "block", "kind", "label", "stock", "flow")


@dataclass(frozen=True)
class BandTable:
    """One quantity's bands, a row a year.

    Attributes
    ----------
    title, unit : str
        The quantity, and its unit per year.
    rows : list of tuple of str
        The year, a value a band, how many periods were observed, and what it rests on, with the
        last period seen.
    """

    title: str
    unit: str
    rows: list[tuple[str, ...]]


def band_heads(bands: Bands, language: Language) -> list[str]:
    """Give the headings of a row's figures: the year, the bands, what was observed, the basis."""
    text, network = TEXTS[language], bands.network
    periods = word(f"{network.period} periods", language)
    return [
        text["year"],
        *scheme_heads(bands.scheme, language),
        text["observed"].format(periods=periods, whole=network.periods_per_year),
        text["rests on"],
    ]


def scheme_heads(scheme: BandScheme, language: Language) -> list[str]:
    """Give each band with its probability: ``mediaan (50 %)``."""
    return [
        f"{band_title(band, language)} ({percent(band.exceedance, language)})" for band in scheme
    ]


def band_table(bands: Bands, quantity: Quantity, language: Language) -> BandTable:
    """Lay out the yearly bands of one quantity."""
    chosen = bands.select(quantity=quantity.name, kind=quantity.kind, unit=quantity.unit)
    return BandTable(
        sentence(quantity_title(bands.network, quantity, language)),
        unit_title(quantity, 12, language),
        _rows(chosen.to_frame(), language),
    )


def breakdown(bands: Bands, language: Language) -> dict[str, list[BandTable]]:
    """Lay out all groups and flows, by what their flows are grouped by; flows last."""
    tables: dict[str, list[BandTable]] = {}
    for aggregate in _ORDER:
        for quantity in bands.quantities:
            if quantity.aggregate == aggregate:
                grouping = sentence(grouping_title(quantity, language))
                tables.setdefault(grouping, []).append(band_table(bands, quantity, language))
    return tables


def precision_rows(figures: pd.DataFrame, bands: Bands, language: Language) -> list[list[str]]:
    """Lay out the requested and the achieved probability and the error of each figure."""
    return [
        [
            row.period,
            band_title(bands.scheme[row.band], language),
            number(row.value, language),
            percent(row.exceedance, language),
            precise_percent(row.achieved, 2, language),
            decimal(row.mcse, 1, language),
        ]
        for _, row in figures.iterrows()
    ]


def convergence_rows(fit: Fit, language: Language) -> list[list[str]]:
    """Lay out the convergence of every variable, the smallest bulk ESS first."""
    return [
        [
            str(name),
            decimal(row.rhat, 4, language),
            number(row.ess_bulk, language),
            number(row.ess_tail, language),
            row.worst,
        ]
        for name, row in convergence(fit.tree).sort_values("ess_bulk").iterrows()
    ]


def past_rows(fit: Fit, language: Language) -> list[list[str]]:
    """Lay out what the evidence says of measures of the past; nothing without them."""
    if not fit.spec.past_measures:
        return []
    return [
        [
            row.measure,
            str(row.start),
            precise_percent(row.prior_effect, 0, language),
            precise_percent(row.effect, 0, language),
            " … ".join(precise_percent(end, 0, language) for end in (row.lower, row.upper)),
            decimal(row.sd_ratio, 2, language),
        ]
        for _, row in past_effects(fit).iterrows()
    ]


def _basis(basis: str, last: str, language: Language) -> str:
    said = TEXTS[language][basis]
    return f"{said} ({TEXTS[language]['last seen'].format(period=last)})" if last else said


def _rows(figures: pd.DataFrame, language: Language) -> list[tuple[str, ...]]:
    return [
        (
            str(period),
            *(number(value, language) for value in rows["value"]),
            number(rows["n_observed"].iloc[0], language),
            _basis(rows["basis"].iloc[0], rows["last_observed"].iloc[0], language),
        )
        for period, rows in figures.groupby("period", sort=False)
    ]
