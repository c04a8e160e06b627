"""How a track record's quantities, windows, models, frequencies and scores are written."""

from dataclasses import replace
from math import isfinite

import pandas as pd

from mppbayes import names
from mppbayes.network import Network
from mppbayes.network.rows import Language
from mppbayes.plotting.words import (
    decimal,
    month_title,
    precise_percent,
    quantity_title,
    sentence,
)
from mppbayes.prediction import Band, BandScheme
from mppbayes.prediction.quantities import SUM, quantities
from mppbayes.reporting.texts import TEXTS

UNKNOWN = "–"


def title_of(name: str, network: Network, language: Language) -> str:
    """Write a flow or a declared sum; any other name is that of all flows together."""
    for quantity in quantities(network, (names.FLOW, SUM)):
        if quantity.name == name:
            return sentence(quantity_title(network, quantity, language))
    return sentence(TEXTS[language]["all flows"])


def origin_title(origin: str, network: Network, language: Language) -> str:
    """Write the last period known: ``december 2024``."""
    return month_title(pd.Period(origin, freq=network.frequency), language)


def model_title(model: str, language: Language) -> str:
    """Write a model; one from a library by its own name."""
    return TEXTS[language].get(f"by {model}", model)


def band_of(row: pd.Series, scheme: BandScheme) -> Band:
    """Give the band of a row of the calibration, with the row's probability."""
    if row["band"] in scheme.names:
        return replace(scheme[row["band"]], exceedance=row["exceedance"])
    return Band(row["band"], row["exceedance"])


def frequency(share: float, language: Language) -> str:
    """Write an observed frequency: ``57.1 %``."""
    return precise_percent(share, 1, language) if isfinite(share) else UNKNOWN


def frequency_interval(row: pd.Series, language: Language) -> str:
    """Write the interval of an observed frequency: ``40.2–71.9 %``."""
    if not isfinite(row["lower"]):
        return UNKNOWN
    return f"{decimal(100 * row['lower'], 1, language)}–{frequency(row['upper'], language)}"


def score(value: float, places: int, language: Language, *, signed: bool = False) -> str:
    """Write a score, or a difference with its sign; UNKNOWN for NaN."""
    if not isfinite(value):
        return UNKNOWN
    sign = "−" if value < 0 else "+" * signed
    size = decimal(abs(value), places, language)
    return f"{sign * (round(value, places) != 0)}{size}"
