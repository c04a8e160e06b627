"""What the bands of a total say, in sentences computed from the same numbers."""

from mppbayes import names
from mppbayes.network.rows import Language
from mppbayes.plotting.captions import observed_sentences
from mppbayes.plotting.series import Series
from mppbayes.plotting.words import band_title, chance, listed, number, percent, word
from mppbayes.prediction import Bands
from mppbayes.reporting.texts import TEXTS

_NOTICEABLE = 0.01  # share of the draws
_NAMED = 3  # flows


def finding(bands: Bands, name: str, language: Language) -> str:
    """Say what a total will be, in its first and last year, and how that compares with the past.

    Parameters
    ----------
    bands : Bands
        Per year.
    name : str
        A declared sum.
    language : {"nl", "en"}
        The language.

    Returns
    -------
    str
        The chances of exceeding the bands whose probability is published (of all bands, if none
        is); what part of the first year was observed; the chance of exceeding the last year that
        was observed in full. Of a total that rests on the prior alone, only that it does.
    """
    series = Series.of(bands, name)
    if "prior" in set(bands.select(quantity=name).to_frame()["basis"]):
        return TEXTS[language]["prior finding"].format(title=series.title(language))
    first, last = series.values.index[[0, -1]]
    sentences = [
        _chances(series, first, language),
        *observed_sentences(series, [first], language),
        *_comparison(series, first, language),
        *[_chances(series, last, language)] * (last != first),
    ]
    return " ".join(sentences)


def ceiling_sentence(bands: Bands, language: Language) -> str:
    """Say of how many flows the mean is bent by its ceiling, and of which most often."""
    text = TEXTS[language]
    near = bands.forecast.tree[names.PREDICTIONS]["near_ceiling"].to_series()
    often = near[near > _NOTICEABLE].sort_values(ascending=False)
    if not len(often):
        return text["ceiling"].format(where=text["no ceiling"])
    most = [
        text["ceiling at"].format(
            title=Series.of(bands, str(flow)).title(language), share=chance(share, language)
        )
        for flow, share in often.iloc[:_NAMED].items()
    ]
    where = text["often at ceiling"].format(
        number=len(often), whole=len(near), most=listed(most, language)
    )
    return text["ceiling"].format(where=where)


def _chances(series: Series, period: str, language: Language) -> str:
    text, unit = TEXTS[language], word(series.quantity.unit, language)
    stated = [band for band in series.shown if band.published] or series.shown
    figures = series.values.T[period]
    values = [number(figures[band.name], language) for band in stated]
    chances = [
        text["chance"].format(
            chance=percent(band.exceedance, language), value=value, band=band_title(band, language)
        )
        for band, value in zip(stated, [f"{values[0]} {unit}", *values[1:]], strict=True)
    ]
    return text["finding"].format(
        title=series.title(language), period=period, chances=listed(chances, language)
    )


def _comparison(series: Series, period: str, language: Language) -> list[str]:
    """Compare with the last year that was observed in full, if there is one."""
    if not series.history.size:
        return []
    last = series.history[-1]
    draws = series.bands.draws(series.quantity.name).sel(period=period)
    sentence = TEXTS[language]["comparison"].format(
        last=last["period"].item(),
        value=number(last.item(), language),
        unit=word(series.quantity.unit, language),
        period=period,
        chance=chance(float((draws > last.item()).mean()), language),
    )
    return [sentence]
