"""How often what was given a chance happened, in four panels."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from mppbayes.evaluation import (
    Backtest,
    calibration_table,
    coverage_table,
    pit_table,
    reliability_table,
)
from mppbayes.evaluation.backtesting import MODEL
from mppbayes.evaluation.tables import ALL_FLOWS
from mppbayes.network.rows import Language
from mppbayes.plotting.backtests import lead_or_nearest
from mppbayes.plotting.captions import chances_sentences, note_sentences
from mppbayes.plotting.style import BAND, MARK, QUIET, panelled, styled
from mppbayes.plotting.words import band_title, listed, number, percent, window_title, word
from mppbayes.prediction.scheme import MPP, BandScheme

_NOMINAL: Final = {  # the chance that was given, in the table of each panel
    "bands": "exceedance",
    "intervals": "level",
    "places": "expected",
    "chances": "predicted",
}
_CONFIDENCE = 0.95  # of the tables' intervals


def plot_calibration(
    backtest: Backtest,
    scheme: BandScheme = MPP,
    *,
    lead: int | None = None,
    model: str = MODEL,
    language: Language = "nl",
) -> Figure:
    """Draw how often what was given a chance happened, over all flows together.

    Parameters
    ----------
    backtest : Backtest
        The draws and the outcomes.
    scheme : BandScheme
        The bands.
    lead : int, optional
        Which window; by default the nearest.
    model : str
        Whose forecast.
    language : {"nl", "en"}
        Of every text.

    Returns
    -------
    matplotlib.figure.Figure
        A panel each for the tables of :func:`~mppbayes.evaluation.calibration_table`,
        :func:`~mppbayes.evaluation.coverage_table`, :func:`~mppbayes.evaluation.pit_table` and
        :func:`~mppbayes.evaluation.reliability_table`. The ``gid`` of the chances given is
        ``nominal``, that of the dots ``observed`` and that of their intervals ``interval``.

    Raises
    ------
    LabelError
        If there is no such lead.
    """
    lead = lead_or_nearest(backtest, lead)
    tables = {
        "bands": calibration_table(backtest, scheme, model=model),
        "intervals": coverage_table(backtest, model=model),
        "places": pit_table(backtest, model=model),
        "chances": reliability_table(backtest, model=model),
    }
    tables = {panel: _pooled(table, lead) for panel, table in tables.items()}
    caption = [
        word("calibration", language, confidence=percent(_CONFIDENCE, language)),
        _counted(backtest, model, lead, language),
        *_held(tables, language),
        word("calibration panels", language),
        *chances_sentences(scheme, ">", language),
        *note_sentences(backtest.panel.note, language),
    ]
    with styled():
        figure, panels = panelled(
            word("calibration title", language),
            window_title(lead, backtest.window, backtest.panel.network, language),
            " ".join(caption),
            rows=2,
            columns=2,
        )
        bands, intervals, places, chances = panels
        named = [
            f"{band_title(scheme[row['band']], language)}\n{percent(row['exceedance'], language)}"
            for _, row in tables["bands"].iterrows()
        ]
        levels = [percent(level, language) for level in tables["intervals"]["level"]]
        _draw_each(bands, tables["bands"], "exceedance", named)
        _draw_each(intervals, tables["intervals"], "level", levels)
        _draw_places(places, tables["places"], language)
        _draw_chances(chances, tables["chances"], language)
        periods = word(f"{backtest.panel.network.period} periods", language)
        for panel, axes in zip(tables, panels, strict=True):
            title = word(f"panel {panel}", language, window=backtest.window, periods=periods)
            axes.set_title(title, loc="left", fontsize=9.5, fontweight="bold", pad=18)
            axes.set_xlabel(word(f"axis {panel}", language))
            axes.set_ylabel(word("axis outcomes", language))
            axes.yaxis.set_major_formatter(lambda p, _: percent(round(p, 4), language))
    return figure


def _pooled(table: pd.DataFrame, lead: int) -> pd.DataFrame:
    """Take the rows of all flows together that rest on outcomes."""
    chosen = (table["quantity"] == ALL_FLOWS) & (table["lead"] == lead) & (table["n"] > 0)
    return table[chosen].reset_index(drop=True)


def _counted(backtest: Backtest, model: str, lead: int, language: Language) -> str:
    """Say how many outcomes are judged, of how many flows at how many origins."""
    flows = list(backtest.panel.network.flow_names)
    origins = backtest.draws(model)["origin"]
    known = backtest.outcome.sel(origin=origins, lead=lead, quantity=flows).notnull()
    return word(
        "calibration counted",
        language,
        n=number(known.sum().item(), language),
        flows=known.any("origin").sum().item(),
        origins=known.any("quantity").sum().item(),
    )


def _held(tables: dict[str, pd.DataFrame], language: Language) -> list[str]:
    """Say how many of the intervals hold the chance that was given, if they can tell."""
    bands = tables["bands"]
    if bands.empty:
        return []
    if (bands["lower"].eq(0) & bands["upper"].eq(1)).all():
        return [word("calibration alone", language, whole=percent(1.0, language))]
    counts = []
    for panel, table in tables.items():
        given = table[_NOMINAL[panel]]
        held = int(given.between(table["lower"], table["upper"]).sum())
        counts.append(word(f"held {panel}", language, held=held, of=len(table)))
    return [word("calibration held", language, counts=listed(counts, language))]


def _draw_each(axes: Axes, table: pd.DataFrame, nominal: str, labels: Sequence[str]) -> None:
    """Draw chances that were chosen beforehand, each in a place of its own."""
    at = np.arange(len(table))
    axes.plot(at, table[nominal], "_", color=BAND, ms=26, mew=2.2, gid="nominal")
    _draw_observed(axes, at, table)
    axes.set_xticks(at, labels)
    axes.set_xlim(-0.6, len(at) - 0.4)
    axes.set_ylim(-0.03, 1.03)


def _draw_places(axes: Axes, table: pd.DataFrame, language: Language) -> None:
    """Draw the histogram of the probability integral transform."""
    low, high = table["bin_lower"], table["bin_upper"]
    axes.bar(low, table["observed"], high - low, align="edge", color=MARK, alpha=0.2)
    axes.hlines(table["expected"], low, high, color=BAND, lw=2.2, gid="nominal")
    _draw_observed(axes, (low + high) / 2, table)
    axes.set_ylim(bottom=0)
    _percent_ticks(axes, language)


def _draw_chances(axes: Axes, table: pd.DataFrame, language: Language) -> None:
    """Draw the reliability diagram, with the number of outcomes above each bin."""
    axes.plot((0, 1), (0, 1), color=BAND, lw=2.2, gid="nominal")
    _draw_observed(axes, table["predicted"], table)
    middles = (table["bin_lower"] + table["bin_upper"]) / 2
    for middle, n in zip(middles, table["n"], strict=True):
        axes.annotate(
            number(n, language),
            xy=(middle, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=7.8,
            color=QUIET,
            gid="n",
        )
    axes.set_ylim(-0.03, 1.03)
    _percent_ticks(axes, language)


def _draw_observed(axes: Axes, at: ArrayLike, table: pd.DataFrame) -> None:
    axes.vlines(at, table["lower"], table["upper"], color=MARK, lw=1.4, gid="interval")
    axes.plot(at, table["observed"], "o", color=MARK, ms=5.5, gid="observed")


def _percent_ticks(axes: Axes, language: Language) -> None:
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.xaxis.set_major_formatter(lambda p, _: percent(round(p, 4), language))
