"""A scenario against the baseline: both in bands, and under them the difference."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mppbayes import names
from mppbayes.network.rows import Language
from mppbayes.plotting.captions import caption as caption_of
from mppbayes.plotting.fan import draw_fan
from mppbayes.plotting.series import Series
from mppbayes.plotting.style import INK, MARK, count_ticks, mark_draft, panelled, styled
from mppbayes.plotting.words import percent, sentence, word
from mppbayes.prediction.contrasts import CENTRAL, Contrast

_DRAWS = (names.CHAIN, names.DRAW)


def plot_contrast(
    contrast: Contrast, quantity: str, *, language: Language = "nl", caption: bool = True
) -> Figure:
    """Draw a quantity as policy is and under a scenario, and the difference.

    Parameters
    ----------
    contrast : Contrast
        Per year or per period.
    quantity : str
        A name in the table's column ``quantity``.
    language : {"nl", "en"}
        Of every text.
    caption : bool
        Whether to print the caption under the figure.

    Returns
    -------
    matplotlib.figure.Figure
        Three panels beside each other: the fan as policy is, that under the scenario on the same
        scale, and the difference, whose mean is a line with ``gid`` ``difference``.

    Raises
    ------
    LabelError
        If there is no such quantity, or several of different kinds or units.
    AggregationError
        If the bands are over the whole horizon.
    """
    both = [Series.of(each, quantity) for each in (contrast.baseline, contrast.scenario)]
    neutral, scenario = both
    name = contrast.scenario.forecast.scenario
    with styled():
        figure, axes = panelled(
            neutral.title(language),
            neutral.unit(language),
            _caption(neutral, name, language) if caption else "",
            rows=1,
            columns=3,
        )
        for panel, series, title in zip(
            axes, both, (word("policy as it is", language), name), strict=False
        ):
            draw_fan(panel, series, language)
            mark_draft(panel, series.bands.status, language)
            panel.set_title(sentence(title), loc="left", fontsize=9.5, fontweight="bold")
        top = max(panel.get_ylim()[1] for panel in axes[:2])
        for panel in axes[:2]:
            panel.set_ylim(0, top)
        _draw_difference(axes[2], contrast, scenario, language)
        mark_draft(axes[2], contrast.status, language)
    return figure


def _draw_difference(axes: Axes, contrast: Contrast, series: Series, language: Language) -> None:
    of = series.quantity
    draws = contrast.draws(of.name, of.kind, of.unit)
    time = series.positions(draws["period"].values)
    tail = (1 - CENTRAL) / 2
    low, high = draws.quantile([tail, 1 - tail], _DRAWS).values
    axes.fill_between(time, low, high, color=MARK, alpha=0.25, lw=0, gid="central")
    axes.plot(time, draws.mean(_DRAWS), color=MARK, lw=2.0, gid="difference")
    axes.axhline(0, color=INK, lw=0.8)
    axes.set_title(sentence(word("difference", language)), loc="left", fontsize=9.5, weight="bold")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.xaxis.set_major_formatter(lambda year, _: f"{year:.0f}")
    count_ticks(axes, "y", language)


def _caption(series: Series, name: str, language: Language) -> str:
    said = caption_of(series, language, mark="dashed")
    central = percent(CENTRAL, language)
    return f"{word('contrast', language, name=name, central=central)} {said}"
