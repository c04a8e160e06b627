"""The sentences under figures and tables, computed from the same numbers."""

from collections.abc import Iterable
from typing import Protocol

import pandas as pd

from mppbayes.network.rows import Language
from mppbayes.plotting.series import Series
from mppbayes.plotting.words import (
    band_title,
    listed,
    month_title,
    percent,
    period_title,
    precise_percent,
    sentence,
    word,
)
from mppbayes.prediction.quantiles import Rule
from mppbayes.prediction.scheme import Band


class Result(Protocol):
    """What carries a remark and a status: a forecast, or bands."""

    @property
    def note(self) -> str:
        """A remark that stands wherever the figures are shown."""

    @property
    def scenario(self) -> str:
        """The name of the scenario, if any."""

    @property
    def given(self) -> pd.DataFrame:
        """The futures that others gave."""

    @property
    def status(self) -> str:
        """``final`` or ``draft``."""


def chances_sentences(
    bands: Iterable[Band], rule: Rule, language: Language, *, mark: str = ""
) -> list[str]:
    """Say the probability of each band, and which are an assumption and so marked."""
    bands = list(bands)
    chances = ", ".join(
        f"{band_title(band, language)} {percent(band.exceedance, language)}" for band in bands
    )
    said = [word(f"chances {rule}", language, chances=chances)]
    if assumed := [band_title(band, language) for band in bands if not band.published]:
        key = "one assumption" if len(assumed) == 1 else "assumptions"
        marked = word(mark, language)
        said.append(word(key, language, bands=listed(assumed, language), mark=marked))
    return said


def observed_sentences(series: Series, periods: Iterable[str], language: Language) -> list[str]:
    """Say of each running period how much of it has been observed."""
    return [
        word(
            "part observed",
            language,
            period=period_title(period, language),
            observed=observed,
            whole=series.whole,
            periods=word(f"{series.bands.network.period} periods", language),
        )
        for period in periods
        if (observed := series.n_observed[period])
    ]


def standing_sentences(result: Result, language: Language) -> list[str]:
    """Say what stands wherever a result is shown: remark, scenario, given futures and status."""
    return [
        *note_sentences(result.note, language),
        *policy_sentences(result, language),
        word(result.status, language),
    ]


def policy_sentences(result: Result, language: Language) -> list[str]:
    """Say under what scenario a result is, and whose futures it takes over; nothing without."""
    said = []
    if result.scenario:
        said.append(word("scenario", language, name=result.scenario))
    futures = [
        word(
            "given future less" if less else "given future",
            language,
            flow=flow,
            source=source,
            less=precise_percent(less, 1, language),
        )
        for flow, source, less in result.given.to_records(index=False).tolist()
    ]
    if futures:
        said.append(word("given futures", language, futures="; ".join(futures)))
    return said


def note_sentences(note: str, language: Language) -> list[str]:
    """Say a remark, if there is one."""
    said = sentence(word(note, language)).rstrip(".")
    return [f"{said}."] * bool(said)


def caption(series: Series, language: Language, *, period: str = "", mark: str = "") -> str:
    """Say what a figure rests on: probabilities, assumptions, what is observed, remark, status.

    Parameters
    ----------
    series : Series
        The quantity shown.
    language : {"nl", "en"}
        The language.
    period : str, optional
        The one period shown; by default all of them.
    mark : str, optional
        Which text says how the figure marks an assumption.
    """
    periods = [period] if period else series.values.index.tolist()
    return " ".join(
        [
            *chances_sentences(series.shown, series.rule, language, mark=mark),
            *[word("pointwise", language)] * (len(periods) > 1),
            *observed_sentences(series, periods, language),
            word(f"evidence {series.basis}", language, month=month_title(series.last, language)),
            *standing_sentences(series.bands, language),
        ]
    )
