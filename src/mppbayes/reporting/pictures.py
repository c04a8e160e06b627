"""Figures as text for a page: of bands, and the posterior's diagnostic ones through ArviZ."""

from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO
from math import ceil

import arviz as az
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from mppbayes.inference import Fit
from mppbayes.names import MEAN, SAMPLE_STATS
from mppbayes.network.rows import Language
from mppbayes.plotting import (
    describe_exceedance,
    describe_fan,
    describe_stock,
    plot_exceedance,
    plot_fan,
    plot_fans,
    plot_stock,
)
from mppbayes.plotting.series import Series
from mppbayes.plotting.style import mark_draft
from mppbayes.prediction import Bands

_COLUMNS = 3  # of rank plots


@dataclass(frozen=True)
class Picture:
    """A figure on a page.

    Attributes
    ----------
    uri : str
        The picture itself, PNG, as a data URI.
    title : str
        What it shows.
    caption : str
        What its numbers mean, with their probabilities.
    """

    uri: str
    title: str
    caption: str


def fan(bands: Bands, name: str, language: Language) -> Picture:
    """Show a total as a fan."""
    figure = plot_fan(bands, name, language=language, caption=False)
    return _picture(figure, bands, name, describe_fan(bands, name, language=language), language)


def small_fan(bands: Bands, name: str, language: Language) -> Picture:
    """Show one flow of many as a fan."""
    figure = plot_fans(bands, [name], columns=1, language=language)
    return _picture(figure, bands, name, describe_fan(bands, name, language=language), language)


def stock_fans(bands: Bands, name: str, language: Language) -> Picture:
    """Show a stock as a fan, and under it what enters and what leaves it."""
    figure = plot_stock(bands, name, language=language, caption=False)
    return _picture(figure, bands, name, describe_stock(bands, name, language=language), language)


def exceedance(bands: Bands, name: str, language: Language) -> Picture:
    """Show the curve of exceedance of a total in its first year."""
    period = str(Series.of(bands, name).values.index[0])
    figure = plot_exceedance(bands, name, period, language=language, caption=False)
    caption = describe_exceedance(bands, name, period, language=language)
    return _picture(figure, bands, name, caption, language)


def rank_plot(fit: Fit, bands: Bands, language: Language, caption: str) -> Picture:
    """Plot the ranks of the parameters' means by chain."""
    rows = ceil(fit.posterior[MEAN][0, 0].size / _COLUMNS)
    collection = az.plot_rank(
        fit.tree,
        var_names=[MEAN],
        backend="matplotlib",
        col_wrap=_COLUMNS,
        figure_kwargs={"figsize": (10, 2.2 * rows), "layout": "constrained"},
    )
    return _diagnostic(collection, bands, language, caption)


def energy_plot(fit: Fit, bands: Bands, language: Language, caption: str) -> Picture:
    """Plot the marginal and the transition energy."""
    collection = az.plot_energy(fit.tree, backend="matplotlib", figure_kwargs={"figsize": (10, 3)})
    return _diagnostic(collection, bands, language, caption)


def bfmi(fit: Fit) -> float:
    """Give the smallest Bayesian fraction of missing information over the chains."""
    energy = fit.tree[SAMPLE_STATS].to_dataset()["energy"].values
    return float(((np.diff(energy, axis=1) ** 2).mean(axis=1) / energy.var(axis=1)).min())


def png_uri(content: bytes) -> str:
    """Give a PNG file as a data URI."""
    return f"data:image/png;base64,{b64encode(content).decode('ascii')}"


def _picture(figure: Figure, bands: Bands, name: str, caption: str, language: Language) -> Picture:
    return Picture(_embedded(figure), Series.of(bands, name).title(language), caption)


def _diagnostic(collection: object, bands: Bands, language: Language, caption: str) -> Picture:
    """Mark ArviZ's figure if it is of a draft, and take it out of pyplot's hands."""
    with mpl.rc_context({"figure.dpi": 100}):
        figure: Figure = collection.viz["figure"].item()  # type: ignore[attr-defined]
        for axes in (each for each in figure.axes if each.axison):
            mark_draft(axes, bands.status, language)
        uri = _embedded(figure)
        plt.close(figure)
    title, _, _ = caption.partition(":")
    return Picture(uri, title, caption)


def _embedded(figure: Figure) -> str:
    """Give a figure as a data URI, PNG."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return png_uri(buffer.getvalue())
