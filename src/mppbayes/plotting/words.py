"""How numbers, chances, periods and quantities are written, in Dutch and in English."""

from collections.abc import Sequence

import pandas as pd

from mppbayes.errors import LabelError, suggest
from mppbayes.network import Network
from mppbayes.network.rows import Language
from mppbayes.panel.periods import Span
from mppbayes.plotting.texts import TEXTS
from mppbayes.prediction.quantiles import Rule
from mppbayes.prediction.quantities import LABEL, Quantity
from mppbayes.prediction.scheme import Band

_SPACE = "\N{NO-BREAK SPACE}"
_CERTAIN = 0.995


def word(key: str, language: Language, **values: object) -> str:
    """Give a text of the figures; a key without a text is given as it is.

    Parameters
    ----------
    key : str
        A key of ``TEXTS``.
    language : {"nl", "en"}
        The language.
    **values : object
        What the text's fields are filled with.

    Raises
    ------
    LabelError
        If there are no texts in the language.
    """
    if language not in TEXTS:
        raise LabelError(f"there are no texts in {language!r}; {suggest(language, TEXTS)}")
    text = TEXTS[language].get(key)
    return key if text is None else text.format(**values)


def number(value: float, language: Language) -> str:
    """Write a whole number with separators of thousands: ``45.640`` in Dutch."""
    return f"{value:,.0f}".replace(",", word("thousands", language))


def decimal(value: float, places: int, language: Language) -> str:
    """Write a number with decimals: ``0,33`` in Dutch."""
    marks = str.maketrans(",.", word("thousands", language) + word("decimal", language))
    return f"{value:,.{places}f}".translate(marks)


def percent(probability: float, language: Language) -> str:
    """Write a probability that was chosen, exactly: ``33 %``."""
    return f"{100 * probability:.6g}".replace(".", word("decimal", language)) + f"{_SPACE}%"


def precise_percent(probability: float, places: int, language: Language) -> str:
    """Write a probability with decimals: ``32,99 %``."""
    return f"{decimal(100 * probability, places, language)}{_SPACE}%"


def chance(probability: float, language: Language) -> str:
    """Write a probability that was estimated, in whole per cents, never as 0 or 100."""
    if probability < 1 - _CERTAIN:
        return f"<{_SPACE}{percent(0.01, language)}"
    if probability > _CERTAIN:
        return f">{_SPACE}{percent(0.99, language)}"
    return percent(round(probability, 2), language)


def listed(items: Sequence[str], language: Language) -> str:
    """Write a list in words: ``a, b and c``."""
    *first, last = items
    return f"{', '.join(first)} {word('and', language)} {last}" if first else last


def sentence(text: str) -> str:
    """Write a text with a capital first letter."""
    return text[:1].upper() + text[1:]


def period_title(text: str, language: Language) -> str:
    """Write a period of a table: ``2026``, or ``2026-03`` as ``maart 2026``."""
    span = Span.parse(text)
    year, month = divmod(span.first, 12)
    match span.months:
        case 1:
            name = word("months", language).split()[month]
            return word("month", language, name=name, year=year)
        case 3:
            return word("quarter", language, number=month // 3 + 1, year=year)
        case _:
            return str(span)


def month_title(period: pd.Period, language: Language) -> str:
    """Write the last month of a period: ``december 2025``."""
    return period_title(period.asfreq("M").strftime("%Y-%m"), language)


def quantity_title(network: Network, quantity: Quantity, language: Language) -> str:
    """Write a quantity: the title of its flow or sum; for a group its value and kind."""
    match quantity.aggregate:
        case "flow":
            return network.flow(quantity.name).title.in_language(language) or quantity.name
        case "stock":
            return network.stock(quantity.name).title.in_language(language) or quantity.name
        case "sum":
            return network.sum(quantity.name).title.in_language(language) or quantity.name
    _, _, value = quantity.name.partition("=")
    kind = word(quantity.kind, language)
    match quantity.aggregate:
        case "kind":
            return kind
        case "block":
            value = block_title(network, int(value), language)
        case "label":
            value = TEXTS[language].get(quantity.name, value)
    return f"{value}: {kind}"


def grouping_title(quantity: Quantity, language: Language) -> str:
    """Write by what a quantity's flows are grouped: ``per organisatie``, ``per nationaliteit``."""
    level = quantity.aggregate
    if level == LABEL:
        level, _, _ = quantity.name.partition("=")
    known = TEXTS[language].get(f"by {level}")
    return known or word("by another label", language, level=level)


def block_title(network: Network, number: int, language: Language) -> str:
    """Write a block: ``blok 1, instroom verminderen``."""
    name = word("block", language, number=number)
    titles = (row.title.in_language(language) for row in network.blocks if row.number == number)
    return ", ".join(text for text in (name, *titles) if text)


def unit_title(quantity: Quantity, months: int, language: Language) -> str:
    """Write the unit of a quantity over so many months: ``personen per jaar``.

    A stock's is of the end: ``personen aan het einde``.
    """
    when = "at the end" if quantity.of_stocks else f"in {months}"
    return f"{word(quantity.unit, language)} {word(when, language)}"


def band_title(band: Band, language: Language) -> str:
    """Write a band."""
    return band.title.in_language(language) or band.name


def band_chance(band: Band, rule: Rule, language: Language) -> str:
    """Write the probability of a band: ``kans op meer 10 %``."""
    return word(f"chance {rule}", language, chance=percent(band.exceedance, language))


def window_title(lead: int, window: int, network: Network, language: Language) -> str:
    """Write a window: ``sum of 12 months, to 24 months ahead``."""
    periods = word(f"{network.period} periods", language)
    return word("backtest subtitle", language, window=window, lead=lead, periods=periods)
