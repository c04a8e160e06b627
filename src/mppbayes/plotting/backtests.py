"""Ranges forecast in the past, against what came."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mppbayes.errors import LabelError, suggest
from mppbayes.evaluation import Backtest
from mppbayes.evaluation.backtesting import MODEL
from mppbayes.evaluation.cells import Cells
from mppbayes.evaluation.windows import scored
from mppbayes.network.rows import Language
from mppbayes.plotting.captions import chances_sentences, note_sentences
from mppbayes.plotting.style import BAND, INK, MARK, count_ticks, framed, styled
from mppbayes.plotting.words import (
    band_title,
    listed,
    quantity_title,
    sentence,
    window_title,
    word,
)
from mppbayes.prediction.scheme import MPP, BandScheme


def plot_backtest(
    backtest: Backtest,
    quantity: str,
    scheme: BandScheme = MPP,
    *,
    lead: int | None = None,
    model: str = MODEL,
    language: Language = "nl",
) -> Figure:
    """Draw the bands that were forecast at every origin, and the outcomes.

    Parameters
    ----------
    backtest : Backtest
        The draws and the outcomes.
    quantity : str
        A flow or a declared sum.
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
        With a vertical range an origin, its inner bands as ticks and the outcome as a point; the
        caption says how often each band was exceeded.

    Raises
    ------
    LabelError
        If there is no such quantity or lead.
    """
    lead = lead_or_nearest(backtest, lead)
    _require(backtest, "quantity", quantity)
    draws = backtest.draws(model).sel(quantity=quantity, lead=lead)
    came = backtest.outcome.sel(quantity=quantity, lead=lead, origin=draws["origin"])
    levels = Cells.of(draws, came.fillna(0.0)).exceeded_with(scheme.exceedances)
    network = backtest.panel.network
    at = np.arange(len(levels))
    origins = [pd.Period(text, freq=network.frequency) for text in draws["origin"].values]
    chosen = next(each for each in scored(network) if each.name == quantity)
    title = sentence(quantity_title(network, chosen, language))
    subtitle = window_title(lead, backtest.window, backtest.panel.network, language)
    caption = [
        word("backtest", language),
        *_exceeded(levels, came.values, scheme, language),
        *chances_sentences(scheme, ">", language),
        *note_sentences(backtest.panel.note, language),
    ]
    with styled():
        figure, axes = framed(title, subtitle, " ".join(caption), bottom=0.9)
        axes.vlines(at, levels[:, 0], levels[:, -1], color=BAND, lw=7, alpha=0.3, gid="range")
        for band, values in zip(scheme, levels.T, strict=True):
            axes.plot(at, values, "_", color=BAND, ms=11, mew=1.6, gid=band.name)
            axes.annotate(
                band_title(band, language),
                xy=(at[-1], values[-1]),
                xytext=(12, 0),
                textcoords="offset points",
                va="center",
                color=INK,
                fontsize=8.5,
                annotation_clip=False,
            )
        axes.plot(at, came.values, "o", color=MARK, ms=5.5, gid="outcome", zorder=5)
        axes.set_xticks(at, [f"{origin.year}-{origin.month:02}" for origin in origins], rotation=45)
        axes.set_xlabel(word("backtest axis", language))
        axes.set_xlim(-0.6, len(at) - 0.3)
        axes.set_ylim(bottom=0)
        count_ticks(axes, "y", language)
    return figure


def lead_or_nearest(backtest: Backtest, lead: int | None) -> int:
    """Give the lead, or the nearest; :class:`LabelError` if the backtest does not have it."""
    lead = int(backtest.outcome["lead"].values[0]) if lead is None else lead
    _require(backtest, "lead", lead)
    return lead


def _require(backtest: Backtest, dim: str, value: str | int) -> None:
    known = backtest.outcome[dim].values.tolist()
    if value not in known:
        raise LabelError(f"the backtest has no {dim} {value!r}; {suggest(value, known)}")


def _exceeded(
    levels: np.ndarray, came: np.ndarray, scheme: BandScheme, language: Language
) -> list[str]:
    """Say how often each band was exceeded."""
    known = np.isfinite(came)
    if not known.any():
        return []
    shares = [
        f"{band_title(band, language)} {int((came[known] > values[known]).sum())}"
        for band, values in zip(scheme, levels.T, strict=True)
    ]
    return [
        word(
            "backtest exceeded",
            language,
            n=int(known.sum()),
            bands=listed(shares, language),
        )
    ]
