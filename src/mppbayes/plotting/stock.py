"""A stock's fan, and under it the fans of what enters and of what leaves it."""

from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mppbayes.network.rows import Language
from mppbayes.plotting.captions import caption as caption_of
from mppbayes.plotting.fan import draw_fan, label_bands, label_origin, room_for_bands
from mppbayes.plotting.series import Series
from mppbayes.plotting.style import mark_draft, sheet, styled
from mppbayes.plotting.words import word
from mppbayes.prediction import Bands

_COLUMNS = 3
_STOCK, _FLOW = 3.3, 1.75  # inches of height of the fans
_WIDTH, _GAP = 9.0, 0.75  # inches across, and above each row of flows
_CHARACTERS = 40  # of a title above the fan of a flow


def plot_stock(
    bands: Bands, stock: str, *, language: Language = "nl", caption: bool = True
) -> Figure:
    """Draw a stock's fan, and under it those of the flows that enter (+) and leave it (−).

    Parameters
    ----------
    bands : Bands
        Per year or per period, of stocks and of flows: ``by=("stock", "flow")``.
    stock : str
        The stock's name.
    language : {"nl", "en"}
        Of every text.
    caption : bool
        Whether to print the caption under the figure.

    Returns
    -------
    matplotlib.figure.Figure
        The first axes hold the stock, at the end of each period; the others a flow each, over a
        period, on scales of their own. Their lines are those of :func:`plot_fan`.

    Raises
    ------
    LabelError
        If the network has no such stock, or the table lacks it or one of its flows.
    AggregationError
        If the bands are over the whole horizon.
    """
    network = bands.network
    name = network.stock(stock).name
    series = Series.of(bands, name)
    flows = network.flows
    entering = [("+", flow.name) for flow in flows if flow.enters == name]
    leaving = [("\N{MINUS SIGN}", flow.name) for flow in flows if flow.leaves == name]
    moving = [(sign, Series.of(bands, flow)) for sign, flow in (*entering, *leaving)]
    rows = -(-len(moving) // _COLUMNS)
    size = (_WIDTH, _STOCK + rows * (_GAP + _FLOW))
    with styled():
        text = describe_stock(bands, name, language=language) if caption else ""
        right = room_for_bands(series, language)
        figure, box = sheet((series.title(language), series.unit(language), text), size, right)
        tall, across = size[1] / box[3], size[0] / box[2]
        top = figure.add_axes((box[0], box[1] + box[3] - _STOCK / tall, box[2], _STOCK / tall))
        draw_fan(top, series, language)
        label_bands(top, series, language)
        label_origin(top, series, language)
        mark_draft(top, bands.status, language)
        wide = (_WIDTH + right) / _COLUMNS
        for at, (sign, flow) in enumerate(moving):
            row, column = divmod(at, _COLUMNS)
            bottom = box[1] + (rows - 1 - row) * (_GAP + _FLOW) / tall
            left = box[0] + column * wide / across
            axes = figure.add_axes((left, bottom, (wide - _GAP) / across, _FLOW / tall))
            _draw_flow(axes, flow, sign, language)
    return figure


def _draw_flow(axes: Axes, series: Series, sign: str, language: Language) -> None:
    draw_fan(axes, series, language)
    title = fill(f"{sign} {series.title(language)}", _CHARACTERS)
    axes.set_title(title, loc="left", fontsize=8.8, fontweight="bold")
    axes.set_ylabel(series.unit(language), fontsize=7.5)
    axes.tick_params(labelsize=7.5)
    mark_draft(axes, series.bands.status, language)


def describe_stock(bands: Bands, stock: str, *, language: Language = "nl") -> str:
    """Give the caption of :func:`plot_stock`."""
    said = caption_of(Series.of(bands, stock), language, mark="dashed")
    return f"{said} {word('stock and flows', language)}"
