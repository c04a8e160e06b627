"""What plans cost: the expected cost over the chance that a plan is exceeded, and its least."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mppbayes.errors import LabelError, suggest
from mppbayes.network.rows import Language
from mppbayes.plotting.captions import standing_sentences
from mppbayes.plotting.series import Series
from mppbayes.plotting.style import BAND, INK, LEADER, MARK, count_ticks, framed, mark_draft, styled
from mppbayes.plotting.words import band_title, decimal, number, percent, period_title, word
from mppbayes.prediction.planning import Plans

_ABOVE, _BELOW = 20, -20  # points, of a label from its point


def plot_costs(
    plans: Plans, quantity: str, period: str, *, language: Language = "nl", caption: bool = True
) -> Figure:
    """Draw what every plan for one figure is expected to cost.

    Parameters
    ----------
    plans : Plans
        As :func:`compare_plans` gives with costs.
    quantity, period : str
        A quantity and a period of its table.
    language : {"nl", "en"}
        Of every text.
    caption : bool
        Whether to print the caption under the figure.

    Returns
    -------
    matplotlib.figure.Figure
        Over the chance that the outcome exceeds the plan, high plans at the right, a line whose
        ``gid`` is ``cost`` and is :meth:`Plans.curve`; a point whose ``gid`` is ``optimum``, and
        one for each basis whose ``gid`` is its name.

    Raises
    ------
    LabelError
        If there is no such quantity or period.
    SpecError
        If the plans were compared without costs.
    """
    series = Series.of(plans.bands, quantity)
    known = series.values.index.tolist()
    if period not in known:
        raise LabelError(f"there is no plan for {period!r}; {suggest(period, known)}")
    tables = (plans.curve(), plans.optimum(), plans.to_frame())
    curve, best, own = (series.rows(table, period) for table in tables)
    title = f"{series.title(language)}, {period_title(period, language)}"
    text = _caption(plans, best, own, language) if caption else ""
    with styled():
        figure, axes = framed(title, word("expected cost", language), text, right=0.6)
        axes.plot(100 * curve["exceedance"], curve["cost"], color=BAND, lw=2.0, gid="cost")
        _mark(axes, "optimum", best.iloc[0], word("least", language), MARK, _BELOW)
        for above, (_, row) in enumerate(own.iterrows(), start=1):
            label = band_title(plans.bands.scheme[row["basis"]], language)
            _mark(axes, row["basis"], row, label, INK, _ABOVE * above)
        axes.invert_xaxis()
        axes.set_ylim(bottom=0)
        axes.set_xlabel(word("plan exceeded", language))
        axes.xaxis.set_major_formatter(lambda value, _: percent(value / 100, language))
        count_ticks(axes, "y", language)
        mark_draft(axes, plans.bands.status, language)
    return figure


def _mark(axes: Axes, gid: str, plan: pd.Series, label: str, colour: str, away: float) -> None:
    """Set a point on the curve, with a label so many points away from it."""
    at = (100 * plan["exceedance"], plan["cost"])
    axes.plot(*at, "o", color=colour, ms=6, gid=gid)
    axes.annotate(
        label,
        xy=at,
        xytext=(0, away),
        textcoords="offset points",
        ha="center",
        va="center",
        color=colour,
        arrowprops=dict(LEADER),
    )


def _caption(plans: Plans, best: pd.DataFrame, own: pd.DataFrame, language: Language) -> str:
    few, many = plans.costs or (0.0, 0.0)
    least = best.iloc[0]
    said = [
        word(
            "costs",
            language,
            few=decimal(few, 2, language),
            many=decimal(many, 2, language),
            value=number(least["value"], language),
            chance=percent(round(float(least["exceedance"]), 3), language),
            cost=number(least["cost"], language),
        )
    ]
    for _, row in own.iterrows():
        band = band_title(plans.bands.scheme[row["basis"]], language)
        more = number(row["cost"] - least["cost"], language)
        said.append(word("costs more", language, band=band, more=more))
    return " ".join([*said, *standing_sentences(plans.bands, language)])
