"""A plan's risks: how far it is expected to fall short, and to be too large, wherever it is set."""

import numpy as np
from matplotlib.figure import Figure

from mppbayes.errors import LabelError, suggest
from mppbayes.network.rows import Language
from mppbayes.plotting.captions import standing_sentences
from mppbayes.plotting.series import Series
from mppbayes.plotting.style import BAND, INK, MARK, QUIET, count_ticks, framed, mark_draft, styled
from mppbayes.plotting.words import band_title, number, percent, period_title, sentence, word
from mppbayes.prediction.aggregation import by_period
from mppbayes.prediction.planning import Plans, expected

_RANGE = (0.02, 0.98)  # of the draws: how far plans are shown
_STEPS = 97


def plot_plans(
    plans: Plans, quantity: str, period: str, *, language: Language = "nl", caption: bool = True
) -> Figure:
    """Draw the expected shortage and surplus of every plan for one figure.

    Parameters
    ----------
    plans : Plans
        As :func:`compare_plans` gives.
    quantity, period : str
        A quantity and a period of its table.
    language : {"nl", "en"}
        Of every text.
    caption : bool
        Whether to print the caption under the figure.

    Returns
    -------
    matplotlib.figure.Figure
        Over the plan, lines whose ``gid`` is ``shortage`` and ``surplus``, and for each basis a
        vertical line whose ``gid`` is its name.

    Raises
    ------
    LabelError
        If there is no such quantity or period.
    """
    series = Series.of(plans.bands, quantity)
    of = series.quantity
    draws = plans.bands.draws(of.name, of.kind, of.unit)
    known = [str(each) for each in draws["period"].values]
    if period not in known:
        raise LabelError(f"there is no plan for {period!r}; {suggest(period, known)}")
    values = by_period(draws.sel(period=[period]))
    low, high = np.quantile(values, _RANGE)
    grid = np.linspace(low, high, _STEPS)[None]
    short, idle = (each[0] for each in expected(values, grid))
    title = f"{series.title(language)}, {period_title(period, language)}"
    text = _caption(plans, series, period, language) if caption else ""
    with styled():
        figure, axes = framed(title, series.unit(language), text, right=1.6)
        for line, colour, gid in ((short, MARK, "shortage"), (idle, BAND, "surplus")):
            axes.plot(grid[0], line, color=colour, lw=2.0, gid=gid)
            axes.annotate(
                word(gid, language),
                xy=(grid[0, -1], line[-1]),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                color=colour,
                annotation_clip=False,
            )
        row = series.values.index.tolist().index(period)
        for band in series.shown:
            if band.name in plans.bases:
                at = float(series.values[band.name].to_numpy(dtype=float)[row])
                axes.axvline(at, color=QUIET, lw=1.0, ls=":", gid=band.name)
                axes.annotate(
                    band_title(band, language),
                    xy=(at, 1),
                    xycoords=("data", "axes fraction"),
                    xytext=(3, 2),
                    textcoords="offset points",
                    ha="left" if band.name == plans.bases[-1] else "right",
                    color=INK,
                )
        axes.set_ylim(bottom=0)
        axes.set_xlabel(word("the plan", language))
        axes.set_ylabel(sentence(word("expected", language)))
        count_ticks(axes, "x", language)
        count_ticks(axes, "y", language)
        mark_draft(axes, plans.bands.status, language)
    return figure


def _caption(plans: Plans, series: Series, period: str, language: Language) -> str:
    figures = series.rows(plans.to_frame(), period).set_index("basis")[
        ["value", "falls_short", "shortage", "surplus"]
    ]
    said = []
    for name in plans.bases:
        value, chance, short, idle = figures.loc[[name]].to_numpy(dtype=float)[0]
        said.append(
            word(
                "plan on",
                language,
                band=sentence(band_title(plans.bands.scheme[name], language)),
                value=number(value, language),
                chance=percent(round(float(chance), 2), language),
                short=number(short, language),
                idle=number(idle, language),
            )
        )
    return " ".join([*said, *standing_sentences(plans.bands, language)])
