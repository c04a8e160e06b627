"""How every figure looks: type, colours, the frame with title, caption and mark of a draft."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import Any, Final

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mppbayes import names
from mppbayes.network.rows import Language
from mppbayes.plotting.words import number, word
from mppbayes.storage import whole_file

INK: Final = "#22262b"
QUIET: Final = "#666d75"
FAINT: Final = "#e3e6e9"
BAND: Final = "#0072b2"  # Okabe and Ito's blue: one hue, told apart by lightness and by labels
MARK: Final = "#d55e00"  # their vermilion
LEADER: Final[Mapping[str, Any]] = {"arrowstyle": "-", "color": QUIET, "lw": 0.6}

STYLE: Final[Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "text.color": INK,
    "text.parse_math": False,  # a title is text, also where it holds dollars
    "axes.edgecolor": QUIET,
    "axes.labelcolor": QUIET,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "ytick.left": False,
    "svg.hashsalt": "mppbayes",
    "lines.solid_capstyle": "round",
}

_LEFT, _TOP, _BOTTOM = 0.85, 0.85, 0.5  # inches around the axes
_PANEL = (4.2, 3.2)  # inches a panel, with the room between panels
_LINE = 0.165  # inches a line of the caption
_CHARACTERS = 15.4  # of the caption, an inch


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the project's style, and leave no trace of it."""
    with rc_context(STYLE):
        yield


def framed(
    title: str,
    subtitle: str,
    caption: str,
    *,
    size: tuple[float, float] = (6.0, 3.7),
    right: float = 2.35,
    bottom: float = _BOTTOM,
) -> tuple[Figure, Axes]:
    """Make a figure with a title above and a caption below its axes.

    Parameters
    ----------
    title, subtitle, caption : str
        The texts; an empty one takes no room.
    size : (float, float)
        Width and height of the axes, in inches.
    right, bottom : float
        Room to the right of the axes and below them, in inches.

    Returns
    -------
    Figure, Axes
        To draw in.
    """
    figure, box = sheet((title, subtitle, caption), size, right, bottom=bottom)
    return figure, figure.add_axes(box, label="main")


def panelled(
    title: str, subtitle: str, caption: str, *, rows: int, columns: int
) -> tuple[Figure, list[Axes]]:
    """Make a figure with a title above and a caption below panels, row by row."""
    size = (_PANEL[0] * columns, _PANEL[1] * rows)
    figure, (left, bottom, width, height) = sheet(
        (title, subtitle, caption), size, 0.25, top=_TOP + 0.35
    )
    grid = figure.add_gridspec(
        rows,
        columns,
        left=left,
        bottom=bottom,
        right=left + width,
        top=bottom + height,
        wspace=0.27,
        hspace=0.6,
    )
    return figure, [figure.add_subplot(grid[at]) for at in range(rows * columns)]


def sheet(
    texts: tuple[str, str, str],
    size: tuple[float, float],
    right: float,
    *,
    bottom: float = _BOTTOM,
    top: float = _TOP,
) -> tuple[Figure, tuple[float, float, float, float]]:
    """Make a figure with its texts, and give the box that they leave, in shares of the figure."""
    title, subtitle, caption = texts
    width = _LEFT + size[0] + right
    lines = fill(caption, int((width - 0.4) * _CHARACTERS))
    below = bottom + (_LINE * (lines.count("\n") + 1) + 0.25 if caption else 0)
    height = top + size[1] + below
    figure = Figure(figsize=(width, height))
    figure.text(0.2 / width, 1 - 0.32 / height, title, fontsize=13, fontweight="bold", gid="title")
    figure.text(0.2 / width, 1 - 0.56 / height, subtitle, color=QUIET, gid="subtitle")
    figure.text(
        0.2 / width,
        0.15 / height,
        lines,
        fontsize=7.8,
        color=QUIET,
        va="bottom",
        linespacing=1.45,
        gid="caption",
    )
    return figure, (_LEFT / width, below / height, size[0] / width, size[1] / height)


def mark_draft(axes: Axes, status: str, language: Language) -> None:
    """Print that it is a draft across axes, if it is one."""
    if status == names.DRAFT:
        room = min(axes.bbox.width, 1.6 * axes.bbox.height)
        axes.text(
            0.5,
            0.5,
            word("DRAFT", language),
            transform=axes.transAxes,
            fontsize=11 * room / axes.figure.dpi,
            fontweight="bold",
            color=MARK,
            alpha=0.18,
            rotation=24,
            ha="center",
            va="center",
            zorder=10,
            gid="draft",
        )


def count_ticks(axes: Axes, axis: str, language: Language) -> None:
    """Write the counts along an axis with the language's separators."""
    getattr(axes, f"{axis}axis").set_major_formatter(lambda value, _: number(value, language))


def write_png(figure: Figure, path: Path) -> None:
    """Write a figure to a PNG file, whole or not at all."""
    with whole_file(path) as partial:
        figure.savefig(partial, dpi=150, format="png")
