"""The curve of exceedance: for every value, the chance that the outcome is higher."""

from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mppbayes.errors import LabelError
from mppbayes.network.rows import Language
from mppbayes.plotting.captions import caption as caption_of
from mppbayes.plotting.labels import height, spread, width
from mppbayes.plotting.series import Series
from mppbayes.plotting.style import (
    BAND,
    INK,
    LEADER,
    MARK,
    count_ticks,
    framed,
    mark_draft,
    styled,
)
from mppbayes.plotting.words import (
    band_chance,
    band_title,
    chance,
    number,
    percent,
    period_title,
    word,
)
from mppbayes.prediction import Bands
from mppbayes.prediction.quantiles import Rule

type Floats = NDArray[np.float64]

_TAIL = 0.01  # of the draws, on either side, are left out of view
_LABEL = 0.36  # inches from one label to the next
_YEAR = 0.14  # inches between the years of past outcomes


def plot_exceedance(
    bands: Bands,
    quantity: str,
    period: str,
    *,
    thresholds: Iterable[float] = (),
    outcomes: Mapping[str, float] | None = None,
    language: Language = "nl",
    caption: bool = True,
) -> Figure:
    """Draw the chance that one figure is exceeded, for every value, by the rule of the bands.

    Parameters
    ----------
    bands : Bands
        Per year or per period.
    quantity, period : str
        A quantity and a period of the table.
    thresholds : iterable of float
        Values whose chance of being exceeded is drawn and printed.
    outcomes : mapping of str to float, optional
        Past outcomes by period, to compare with; by default the quantity's history.
    language : {"nl", "en"}
        Of every text.
    caption : bool
        Whether to print the caption under the figure; without it, print
        :func:`describe_exceedance` where the figure is shown.

    Returns
    -------
    matplotlib.figure.Figure
        With the curve as a line whose ``gid`` is ``exceedance``, and the bands as points on it
        whose ``gid`` is the band's name.

    Raises
    ------
    LabelError
        If there is no such quantity or period.
    AggregationError
        If the bands are over the whole horizon.
    """
    series = Series.of(bands, quantity)
    draws = _draws(series, period)
    past = _history(series) if outcomes is None else outcomes
    chances = _chances(draws, thresholds, series.rule)
    text = _caption(series, period, chances, past, language)
    title = f"{series.title(language)}, {period_title(period, language)}"
    with styled():
        figure, axes = framed(title, word(f"exceedance {series.rule}", language), text * caption)
        _draw_curve(axes, draws, past, series.rule)
        _draw_outcomes(axes, past)
        _draw_bands(axes, series, series.values.T[period], draws, language)
        _draw_thresholds(axes, chances, language)
        axes.set_xlabel(series.unit(language))
        axes.set_yticks(np.linspace(0, 1, 6))
        axes.yaxis.set_major_formatter(lambda p, _: percent(round(p, 4), language))
        count_ticks(axes, "x", language)
        mark_draft(axes, bands.status, language)
    return figure


def describe_exceedance(
    bands: Bands,
    quantity: str,
    period: str,
    *,
    thresholds: Iterable[float] = (),
    language: Language = "nl",
) -> str:
    """Give the caption of :func:`plot_exceedance`, for where a figure is shown without it."""
    series = Series.of(bands, quantity)
    chances = _chances(_draws(series, period), thresholds, series.rule)
    return _caption(series, period, chances, _history(series), language)


def _caption(
    series: Series,
    period: str,
    chances: Mapping[float, float],
    outcomes: Mapping[str, float],
    language: Language,
) -> str:
    unit = word(series.quantity.unit, language)
    look_up = [
        word(
            f"threshold {series.rule}",
            language,
            value=f"{number(value, language)} {unit}",
            chance=chance(probability, language),
        )
        for value, probability in chances.items()
    ]
    ticks = [word("outcomes", language)] if outcomes else []
    return " ".join(
        [*look_up, *ticks, caption_of(series, language, period=period, mark="open points")]
    )


def _chances(draws: Floats, values: Iterable[float], rule: Rule) -> dict[float, float]:
    exceeds = np.greater if rule == ">" else np.greater_equal
    return {float(value): float(exceeds(draws, value).mean()) for value in values}


def _draws(series: Series, period: str) -> Floats:
    known = series.values.index
    if period not in known:
        raise LabelError(
            f"there are no bands of {period!r}; take one from {known[0]} to {known[-1]}"
        )
    draws = series.bands.draws(series.quantity.name).sel(period=period)
    return draws.values.ravel().astype(float)


def _history(series: Series) -> dict[str, float]:
    past = series.history
    return dict(zip(past["period"].values.tolist(), past.values.tolist(), strict=True))


def _draw_curve(axes: Axes, draws: Floats, outcomes: Mapping[str, float], rule: Rule) -> None:
    values, counts = np.unique(draws, return_counts=True)
    below = counts.cumsum() - (0 if rule == ">" else counts)
    where: Literal["post", "pre"] = "post" if rule == ">" else "pre"
    axes.step(values, 1 - below / len(draws), where=where, color=BAND, lw=1.8, gid="exceedance")
    seen = [*np.quantile(draws, [_TAIL, 1 - _TAIL]), *outcomes.values()]
    axes.set_xlim(min(seen), max(seen))
    axes.margins(x=0.02)
    axes.set_ylim(-0.16, 1.02)


def _draw_bands(
    axes: Axes, series: Series, values: pd.Series, draws: Floats, language: Language
) -> None:
    """Mark each band on the curve, with its value and probability beside the axes."""
    wanted = [-band.exceedance for band in series.shown]
    places = -spread(wanted, height(axes, _LABEL))
    chances = _chances(draws, (values[band.name] for band in series.shown), series.rule)
    for band, place in zip(series.shown, places, strict=True):
        value = float(values[band.name])
        point = value, chances[value]
        face = BAND if band.published else "white"
        axes.plot(*point, "o", color=BAND, mfc=face, ms=6, gid=band.name)
        axes.annotate(
            f"{band_title(band, language)}: {number(value, language)}\n"
            + band_chance(band, series.rule, language),
            xy=point,
            xytext=(1.03, place),
            textcoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=8.5,
            arrowprops=dict(LEADER, ls=":", shrinkB=4),
            annotation_clip=False,
        )


def _draw_thresholds(axes: Axes, chances: Mapping[float, float], language: Language) -> None:
    for value, probability in chances.items():
        left = axes.get_xlim()[0]
        axes.plot(
            [value, value, left], [0, probability, probability], color=MARK, lw=1, gid="threshold"
        )
        axes.annotate(
            f"{number(value, language)}: {chance(probability, language)}",
            xy=(value, probability),
            xytext=(5, 4),
            textcoords="offset points",
            color=MARK,
            fontweight="bold",
            bbox={"fc": "white", "ec": "none", "pad": 1},
        )


def _draw_outcomes(axes: Axes, outcomes: Mapping[str, float]) -> None:
    """Mark past outcomes as ticks under the curve, with their years where there is room."""
    if not outcomes:
        return
    when, values = zip(*sorted(outcomes.items(), key=lambda item: item[1]), strict=True)
    left, right = axes.get_xlim()
    axes.vlines(values, -0.03, -0.005, color=INK, lw=1.2, gid="outcomes")
    gap = width(axes, _YEAR)
    if gap * len(values) < right - left:
        for text, value, at in zip(when, values, spread(values, gap), strict=True):
            axes.annotate(
                text,
                xy=(value, -0.03),
                xytext=(at, -0.05),
                rotation=90,
                ha="center",
                va="top",
                fontsize=7,
                color=INK,
                arrowprops=dict(LEADER, shrinkA=0, shrinkB=0),
            )
