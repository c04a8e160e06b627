"""The fan: a quantity's history, and its bands over the years ahead."""

from collections.abc import Sequence
from itertools import pairwise
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from mppbayes.network.rows import Language
from mppbayes.plotting.captions import caption as caption_of
from mppbayes.plotting.labels import height, spread
from mppbayes.plotting.series import Series
from mppbayes.plotting.style import (
    BAND,
    INK,
    LEADER,
    QUIET,
    count_ticks,
    framed,
    mark_draft,
    styled,
)
from mppbayes.plotting.words import band_chance, band_title, month_title, word
from mppbayes.prediction import Bands
from mppbayes.prediction.scheme import Band

type Floats = NDArray[np.float64]

_LABEL = 0.19  # inches from one label to the next
_LEADERS, _CHARACTER = 0.3, 0.079  # inches: before a label, and for each of its characters
_CHARACTERS = 44  # of a title above one of several fans


def plot_fan(
    bands: Bands, quantity: str, *, language: Language = "nl", caption: bool = True
) -> Figure:
    """Draw a quantity's history and its bands as a fan.

    Parameters
    ----------
    bands : Bands
        Per year or per period.
    quantity : str
        A name in the table's column ``quantity``.
    language : {"nl", "en"}
        Of every text.
    caption : bool
        Whether to print the caption under the figure; without it, print :func:`describe_fan`
        where the figure is shown.

    Returns
    -------
    matplotlib.figure.Figure
        With the bands as lines whose ``gid`` is the band's name, drawn through the values in the
        table; solid where the probability is published, dashed where it is our assumption.

    Raises
    ------
    LabelError
        If there is no such quantity, or several of different kinds or units.
    AggregationError
        If the bands are over the whole horizon.
    """
    series = Series.of(bands, quantity)
    text = caption_of(series, language, mark="dashed") if caption else ""
    with styled():
        right = room_for_bands(series, language)
        figure, axes = framed(series.title(language), series.unit(language), text, right=right)
        draw_fan(axes, series, language)
        label_bands(axes, series, language)
        label_origin(axes, series, language)
        mark_draft(axes, bands.status, language)
    return figure


def plot_fans(
    bands: Bands, quantities: Sequence[str], *, columns: int = 3, language: Language = "nl"
) -> Figure:
    """Draw the fans of several quantities as small multiples, each on its own scale.

    Parameters
    ----------
    bands : Bands
        Per year or per period.
    quantities : sequence of str
        Names in the table's column ``quantity``.
    columns : int
        Fans beside each other.
    language : {"nl", "en"}
        Of every text.

    Returns
    -------
    matplotlib.figure.Figure
        One pair of axes a quantity, in the order given. It has no caption: print
        :func:`describe_fan` where it is shown.
    """
    rows = -(-len(quantities) // columns)
    with styled():
        figure = Figure(figsize=(3.9 * columns, 2.6 * rows), layout="constrained")
        for axes, quantity in zip(
            figure.subplots(rows, columns, squeeze=False).flat, quantities, strict=False
        ):
            series = Series.of(bands, quantity)
            draw_fan(axes, series, language)
            title = fill(series.title(language), _CHARACTERS)
            axes.set_title(title, loc="left", fontsize=9.5, fontweight="bold")
            _label_ends(axes, [band_title(band, language) for band in series.shown], series)
            mark_draft(axes, bands.status, language)
        for axes in figure.axes[len(quantities) :]:
            axes.remove()
    return figure


def describe_fan(bands: Bands, quantity: str, *, language: Language = "nl") -> str:
    """Give the caption of :func:`plot_fan`, for where a figure is shown without it."""
    return caption_of(Series.of(bands, quantity), language, mark="dashed")


def draw_fan(axes: Axes, series: Series, language: Language) -> None:
    """Draw a fan without labels in axes."""
    time = series.positions(series.values.index)
    values = series.values.to_numpy(float)
    past = series.positions(series.history["period"].values)
    history = series.history.values.astype(float)
    _shade(axes, series.shown, *_joined(past, history, time, values))
    for band, column in zip(series.shown, values.T, strict=True):
        axes.plot(
            time,
            column,
            color=BAND,
            lw=2.2 if band.exceedance == 0.5 else 1.2,
            ls="-" if band.published else (0, (4, 2)),
            marker="o" if len(time) == 1 else "",
            gid=band.name,
        )
    yearly = series.months == 12
    axes.plot(
        past,
        history,
        color=INK,
        lw=1.6 if yearly else 1.0,
        marker="o" if yearly else "",
        ms=3.5,
        gid="history",
    )
    axes.set_ylim(bottom=0)
    axes.margins(x=0.02)
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.xaxis.set_major_formatter(lambda year, _: f"{year:.0f}")
    count_ticks(axes, "y", language)
    axes.axvline(series.origin, color=QUIET, lw=0.9, ls=":", gid="origin")


def _joined(past: Floats, history: Floats, time: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Let the bands start from the last figure observed, if it is the one before them."""
    before = np.flatnonzero(past < time[0])
    if not before.size:
        return time, values
    last = before[-1]
    joint = np.full((1, values.shape[1]), history[last])
    return np.append(past[last], time), np.vstack([joint, values])


def _shade(axes: Axes, shown: Sequence[Band], time: Floats, values: Floats) -> None:
    """Fill between neighbouring bands, the darker the nearer to the middle."""
    for (low, high), (below, above) in zip(pairwise(shown), pairwise(values.T), strict=True):
        depth = 1 - abs(low.exceedance + high.exceedance - 1)
        axes.fill_between(time, below, above, color=BAND, alpha=0.12 + 0.33 * depth, lw=0)


def _label_ends(axes: Axes, labels: Sequence[str], series: Series) -> None:
    """Write a label to the right of every band's end, apart from each other."""
    ends = series.values.iloc[-1].to_numpy(float)
    last = series.positions(series.values.index[-1:])[0]
    places = spread(ends, height(axes, _LABEL))
    for label, end, at in zip(labels, ends, places, strict=True):
        axes.annotate(
            label,
            xy=(last, end),
            xytext=(1.03, at),
            textcoords=axes.get_yaxis_transform(),
            va="center",
            color=INK,
            arrowprops=dict(LEADER, shrinkA=0, shrinkB=1),
            annotation_clip=False,
        )


def room_for_bands(series: Series, language: Language) -> float:
    """Say how much room the labels of :func:`label_bands` need beside the axes, in inches."""
    longest = max(len(_label(band, series, language)) for band in series.shown)
    return _LEADERS + _CHARACTER * longest


def label_bands(axes: Axes, series: Series, language: Language) -> None:
    """Write every band's name and chance to the right of its end."""
    _label_ends(axes, [_label(band, series, language) for band in series.shown], series)


def label_origin(axes: Axes, series: Series, language: Language) -> None:
    """Write above the axes where the evidence ends."""
    month = month_title(series.last, language)
    key = "observed to" if series.basis in ("data", "given") else "evidence to"
    axes.annotate(
        word(key, language, month=month),
        xy=(series.origin, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4, 3),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=7.8,
        color=QUIET,
    )


def _label(band: Band, series: Series, language: Language) -> str:
    return f"{band_title(band, language)}: {band_chance(band, series.rule, language)}"
