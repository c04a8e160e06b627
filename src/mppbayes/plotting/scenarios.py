"""Scenarios that add up, as paths over the fan of the bands."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mppbayes.errors import AggregationError, LabelError
from mppbayes.network.rows import Language
from mppbayes.plotting.captions import caption as caption_of
from mppbayes.plotting.fan import draw_fan, label_bands, label_origin, room_for_bands
from mppbayes.plotting.series import Series
from mppbayes.plotting.style import MARK, framed, mark_draft, styled
from mppbayes.plotting.words import band_title, chance, listed, quantity_title, word
from mppbayes.prediction import Bands
from mppbayes.prediction.coherence import Coherent
from mppbayes.prediction.quantities import quantities


def plot_coherent(
    scenarios: Coherent,
    bands: Bands,
    quantity: str,
    *,
    language: Language = "nl",
    caption: bool = True,
) -> Figure:
    """Draw the scenarios of a quantity as paths over the fan of its bands.

    Parameters
    ----------
    scenarios : Coherent
        As :func:`coherent` gives.
    bands : Bands
        Of the same forecast, per year.
    quantity : str
        A name in the column ``quantity`` of both tables.
    language : {"nl", "en"}
        Of every text.
    caption : bool
        Whether to print the caption under the figure.

    Returns
    -------
    matplotlib.figure.Figure
        The fan, and over it each scenario, a line with points whose ``gid`` is
        ``scenario`` and the band's name. The caption says how likely each scenario is exceeded
        in the last year.

    Raises
    ------
    LabelError
        If there is no such quantity in both, or several of different kinds or units.
    AggregationError
        If the bands are not per year.
    """
    if bands.per != "year":
        raise AggregationError(
            f"scenarios are per year, and the bands per {bands.per}; make the bands with per='year'"
        )
    series = Series.of(bands, quantity)
    of = series.quantity
    table = scenarios.to_frame()
    chosen = (table["quantity"] == of.name) & (table["aggregate"] == of.aggregate)
    rows = table[chosen & (table["kind"] == of.kind) & (table["unit"] == of.unit)]
    if rows.empty:
        raise LabelError(
            f"the scenarios do not hold {quantity!r} as the bands do (by {of.aggregate}); make "
            f"them with that in by"
        )
    of_bands = bands.to_frame()
    for what in ("origin", "scenario"):
        ours, theirs = rows[what].iloc[0], of_bands[what].iloc[0]
        if ours != theirs:
            raise LabelError(
                f"the scenarios are not of the forecast of the bands: {what} {ours!r}, and "
                f"{theirs!r} of the bands; make both from one forecast"
            )
    values = rows.pivot(index="period", columns="band", values="value")
    drawn = [band for band in series.shown if band.name in values]
    if missing := sorted(map(str, set(values) - {band.name for band in drawn})):
        raise LabelError(
            f"the bands do not hold the scenarios {', '.join(missing)}; make both with one scheme"
        )
    years = [str(year) for year in values.index]
    text = _caption(scenarios, series, rows, years[-1], language) if caption else ""
    with styled():
        right = room_for_bands(series, language)
        figure, axes = framed(series.title(language), series.unit(language), text, right=right)
        draw_fan(axes, series, language)
        for band in drawn:
            axes.plot(
                series.positions(years),
                values[band.name].to_numpy(float),
                color=MARK,
                lw=1.0,
                marker="o",
                ms=3.5,
                gid=f"scenario {band.name}",
            )
        label_bands(axes, series, language)
        label_origin(axes, series, language)
        axes.set_ylim(0, max(axes.get_ylim()[1], 1.05 * float(np.nanmax(values.to_numpy(float)))))
        mark_draft(axes, bands.status, language)
    return figure


def _caption(
    scenarios: Coherent, series: Series, rows: pd.DataFrame, year: str, language: Language
) -> str:
    last = rows[rows["period"] == year].set_index("band")["exceedance"]
    said = [
        f"{band_title(band, language)} {chance(float(last[band.name]), language)}"
        for band in series.shown
        if band.name in last
    ]
    network = series.bands.network
    named = {each.name: each for each in quantities(network, ("flow", "stock", "sum"))}
    own = word(
        "coherent",
        language,
        anchor=quantity_title(network, named[scenarios.anchor], language),
        period=scenarios.period,
        year=year,
        chances=listed(said, language),
    )
    return f"{own} {caption_of(series, language, mark='dashed')}"
