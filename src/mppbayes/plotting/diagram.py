"""The diagram of a network: organisations as lanes, stocks as boxes, flows as rounded nodes."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, takewhile
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Polygon, Rectangle
from matplotlib.path import Path
from matplotlib.textpath import text_to_path

from mppbayes.network import Flow, Network, Stock
from mppbayes.network.rows import Language
from mppbayes.plotting.arrangement import Arrangement, Arrow, Node, arrange
from mppbayes.plotting.captions import note_sentences
from mppbayes.plotting.placement import NAMES, POINT, WIDTH, Box, Point, Sheet, lay_out
from mppbayes.plotting.style import FAINT, INK, QUIET, STYLE, framed, styled
from mppbayes.plotting.words import block_title, listed, sentence, word

_BLOCKS: Final = (  # Okabe and Ito's colours without black; a block's number stands beside it
    *("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442"),
)
_NAME, _SMALL, _SMALLER = 9.0, 7.4, 6.8  # points
_LINE = 0.128  # inches from one line of text to the next
_BADGE, _MARGIN = 0.17, 0.06  # of a block's number in its node, around a node's text
_LEFT = -0.65  # where the names of organisations begin, and the legend
_KEY, _KEY_LINE = 0.42, 0.26  # of a sample in the legend, from one of its lines to the next
_LEAST = 6.0  # width of a drawing with its legend


@dataclass(frozen=True)
class Pen:
    """How an arrow is drawn."""

    width: float
    colour: str
    dots: bool = False
    point: bool = True


_PENS: Final[dict[str, Pen]] = {  # in the order drawn: who comes later crosses over a gap
    "part": Pen(0.8, QUIET, point=False),
    "feeds": Pen(0.9, QUIET),
    "drives": Pen(1.4, INK, dots=True),
    "moves": Pen(1.7, INK),
}
_PEN_OF: Final[Mapping[str, str]] = {  # by tie
    "part": "part",
    "rest": "part",
    "feeds": "feeds",
    "drives": "drives",
    "enters": "moves",
    "leaves": "moves",
}


@dataclass(frozen=True)
class Writing:
    """Lines of a text, and below them lines of what is said more quietly."""

    lines: Sequence[str]
    aside: Sequence[str]

    @property
    def height(self) -> float:
        """In inches."""
        return _LINE * (len(self.lines) + len(self.aside))


def plot_network(network: Network, *, language: Language = "nl") -> Figure:
    """Draw a network as a diagram.

    Parameters
    ----------
    network : Network
        The network.
    language : {"nl", "en"}
        Of every text.

    Returns
    -------
    matplotlib.figure.Figure
        With a lane for each organisation that has a flow or a stock; flows that differ in their
        labels only are one node. The ``gid`` of a node is its stock or the first of its flows,
        that of an arrow ``TIE SOURCE TARGET``, where the tie is ``enters``, ``leaves``,
        ``drives``, ``feeds``, ``part`` or ``rest``. The caption says what shapes, lines and
        colours mean.
    """
    arrangement = arrange(network)
    usual = _usual_unit(arrangement)
    writings = {name: _writing(node, usual, language) for name, node in arrangement.nodes.items()}
    labels = {arrow: _label(arrow, network, language) for arrow in arrangement.arrows}
    names = [_name(network, name, language) for name in arrangement.lanes]
    sheet = lay_out(
        arrangement,
        {name: writing.height + 2 * _MARGIN for name, writing in writings.items()},
        {arrow: _long(label, _SMALLER) for arrow, label in labels.items()},
        [name.height + 0.1 for name in names],
    )
    key = list(_key(network, arrangement, language))
    width = max(sheet.width, _LEAST)
    places = _in_lines([_sample(what) + 0.3 + _long(text, _SMALL) for what, text in key], width)
    low = sheet.height + 0.15
    colour = {block.number: _BLOCKS[at % len(_BLOCKS)] for at, block in enumerate(network.blocks)}
    with styled():
        figure, axes = framed(
            sentence(_title(network, language)),
            _subtitle(network, arrangement, language),
            " ".join(_caption(network, arrangement, usual, language)),
            size=(width, low + _KEY_LINE * (places[-1][1] + 1)),
            right=0.2,
            bottom=0.1,
        )
        _measure_in_inches(axes)
        _draw_lanes(axes, sheet, names, width)
        _draw_arrows(axes, sheet, labels)
        for name, node in arrangement.nodes.items():
            box, row = sheet.boxes[name], node[0]
            stock = isinstance(row, Stock)
            _draw_box(axes, box, colour[row.block], stock=stock, number=f"{row.block}", gid=name)
            at = (box.left + _BADGE + _MARGIN, box.middle)
            _write_lines(axes, writings[name], at, size=_SMALL, gid="text")
        for (what, text), (left, line) in zip(key, places, strict=True):
            middle = low + _KEY_LINE * (line + 0.5)
            _draw_sample(axes, what, (left, middle), colour)
            left += _sample(what) + 0.08
            axes.text(left, middle, text, size=_SMALL, va="center_baseline", gid="key")
    return figure


def _usual_unit(arrangement: Arrangement) -> str:
    """Give the unit of most flows and stocks; only other units are named in nodes."""
    units = Counter(row.unit for node in arrangement.nodes.values() for row in node)
    return units.most_common(1)[0][0]


def _writing(node: Node, usual: str, language: Language) -> Writing:
    """Write a node: its title; of merged flows their number, and what tells them apart."""
    titles = [_title(row, language) for row in node]
    title, aside = titles[0], []
    if len(titles) > 1 and isinstance(node[0], Flow):
        title = f"{len(titles)} × {_shared(titles) or word(node[0].kind, language)}"
        aside.append(listed([_by(level, language) for level in node[0].labels], language))
    if node[0].unit != usual:
        aside.append(word(node[0].unit, language))
    room = WIDTH - _BADGE - 2 * _MARGIN
    quiet = [line for text in aside for line in _wrapped(text, room, _SMALLER)]
    return Writing(_wrapped(title, room, _SMALL), quiet)


def _title(row: Flow | Stock | Network, language: Language) -> str:
    return row.title.in_language(language) or row.name.replace("_", " ")


def _shared(titles: Iterable[str]) -> str:
    """Give the words with which all titles begin, else those with which they end."""
    words = [title.split() for title in titles]
    ends = _same(words), _same([each[::-1] for each in words])[::-1]
    texts = (" ".join(end).strip(" ,;:–-(") for end in ends)
    return next(filter(None, texts), "")


def _same(texts: Iterable[Sequence[str]]) -> list[str]:
    abreast = zip(*texts, strict=False)
    return [words[0] for words in takewhile(lambda words: len(set(words)) == 1, abreast)]


def _by(level: str, language: Language) -> str:
    key = f"by {level}"
    known = word(key, language)
    return (
        known if known != key else word("by another label", language, level=level.replace("_", " "))
    )


def _name(network: Network, name: str, language: Language) -> Writing:
    """Write an organisation: its name, and below it what the name stands for."""
    titles = (row.title.in_language(language) for row in network.organisations if row.name == name)
    aside = " ".join(title for title in titles if title.lower() != name.lower())
    room = NAMES - _LEFT
    return Writing(_wrapped(name, room, _NAME, "bold"), _wrapped(aside, room, _SMALLER))


def _label(arrow: Arrow, network: Network, language: Language) -> str:
    """Write what stands at an arrow's end: a delay, or that the flow is a part or the rest."""
    if not arrow.delays:
        return word(f"tie {arrow.tie}", language) if arrow.tie in ("part", "rest") else ""
    mean = _range([delay.mean for delay in arrow.delays], language)
    sd = _range([delay.sd for delay in arrow.delays], language)
    length = mean if sd == "0" else f"{mean} ± {sd}"
    key = f"one {network.period}" if length == "1" else f"{network.period} periods"
    return f"{length} {word(key, language)}"


def _range(values: Sequence[float], language: Language) -> str:
    """Write the least and the greatest of values, once if they are one."""
    ends = dict.fromkeys(f"{end:.3g}" for end in (min(values), max(values)))
    return "–".join(ends).replace(".", word("decimal", language))


def _subtitle(network: Network, arrangement: Arrangement, language: Language) -> str:
    counts = {"flows": len(network.flows), "stocks": len(network.stocks)}
    return word("diagram subtitle", language, organisations=len(arrangement.lanes), **counts)


def _caption(
    network: Network, arrangement: Arrangement, usual: str, language: Language
) -> Iterator[str]:
    """Say what shapes, colours, units and lines mean, as far as they occur."""
    nodes = arrangement.nodes.values()
    units = {node[0].unit for node in nodes}
    pens = {_PEN_OF[arrow.tie] for arrow in arrangement.arrows}
    period = word(f"the {network.period}", language)
    delays = [arrow.delays for arrow in arrangement.arrows if arrow.delays]
    yield word("diagram", language)
    often = word(f"in {12 // network.periods_per_year}", language)
    yield word("diagram flows", language, often=often)
    if network.stocks:
        yield word("diagram stocks", language, period=period)
    kept = "diagram unit" if len(units) == 1 else "diagram units"
    yield word(kept, language, unit=word(usual, language))
    if any(len(node) > 1 for node in nodes):
        yield word("diagram merged", language)
    for pen in reversed(_PENS):
        if pen in pens:
            key = "delays" if pen == "feeds" and delays else pen
            yield word(f"diagram {key}", language, period=period)
    if any(len(each) > 1 for each in delays):
        yield word("diagram ranges", language)
    yield from note_sentences(network.note, language)


def _key(
    network: Network, arrangement: Arrangement, language: Language
) -> Iterator[tuple[int | str, str]]:
    """Give what the legend shows: blocks by number, shapes and lines by name, each with a text."""
    present = {node[0].block for node in arrangement.nodes.values()}
    for block in network.blocks:
        if block.number in present:
            yield block.number, block_title(network, block.number, language)
    pens = {_PEN_OF[arrow.tie] for arrow in arrangement.arrows}
    shapes = ["flow", "stock"] if network.stocks else ["flow"]
    for what in (*shapes, *(pen for pen in reversed(_PENS) if pen in pens)):
        yield what, word(f"key {what}", language)


def _long(text: str, size: float, weight: str = "normal") -> float:
    """Measure a text, in inches."""
    font = FontProperties(family=STYLE["font.family"], size=size, weight=weight)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / 72


def _wrapped(text: str, room: float, size: float, weight: str = "normal") -> list[str]:
    """Cut a text into lines, between words or, where one is too long, inside it."""
    lines: list[str] = []
    for piece in text.split():
        if lines and _long(f"{lines[-1]} {piece}", size, weight) <= room:
            lines[-1] += f" {piece}"
            continue
        rest = piece
        while _long(rest, size, weight) > room and len(rest) > 1:
            cuts = range(len(rest) - 1, 1, -1)
            cut = next((at for at in cuts if _long(f"{rest[:at]}-", size, weight) <= room), 1)
            lines.append(f"{rest[:cut]}-")
            rest = rest[cut:]
        lines.append(rest)
    return lines


def _in_lines(widths: Sequence[float], room: float) -> list[tuple[float, int]]:
    """Put pieces beside each other in lines: where each begins, and in which line."""
    places = []
    left, line = _LEFT, 0
    for width in widths:
        if left > _LEFT and left + width > room:
            left, line = _LEFT, line + 1
        places.append((left, line))
        left += width
    return places


def _measure_in_inches(axes: Axes) -> None:
    """Let a unit of the axes be an inch, from the top left."""
    dpi = axes.figure.dpi
    axes.set(xlim=(0, axes.bbox.width / dpi), ylim=(axes.bbox.height / dpi, 0))
    axes.set_axis_off()


def _draw_lanes(axes: Axes, sheet: Sheet, names: Sequence[Writing], width: float) -> None:
    for edge in dict.fromkeys(edge for lane in sheet.lanes for edge in lane):
        axes.plot((_LEFT, width), (edge, edge), color=FAINT, lw=1.2, clip_on=False, zorder=0)
    for (top, bottom), name in zip(sheet.lanes, names, strict=True):
        _write_lines(axes, name, (_LEFT, (top + bottom) / 2), size=_NAME, weight="bold", gid="lane")


def _write_lines(axes: Axes, text: Writing, at: Point, **style: Any) -> None:
    """Write lines around a height, each in its place whatever its letters."""
    left, middle = at
    quiet = {**style, "size": _SMALLER, "color": QUIET, "weight": "normal"}
    looks = [style] * len(text.lines) + [quiet] * len(text.aside)
    for number, (line, look) in enumerate(zip((*text.lines, *text.aside), looks, strict=True)):
        y = middle - text.height / 2 + _LINE * (number + 0.5)
        axes.text(left, y, line, va="center_baseline", zorder=5, **look)


def _draw_box(
    axes: Axes, box: Box, colour: str, *, stock: bool, number: str = "", gid: str = "key"
) -> None:
    """Draw a node's shape, along its left a block's number on the block's colour."""
    corner = (box.left, box.middle - box.height / 2)
    shape = FancyBboxPatch(
        corner,
        box.width,
        box.height,
        boxstyle="square,pad=0" if stock else "round,pad=0,rounding_size=0.09",
        facecolor=_mixed(colour, 0.16 if stock else 0.0),
        edgecolor=colour,
        lw=1.8 if stock else 1.0,
        zorder=3,
        clip_on=False,
        gid=gid,
    )
    axes.add_patch(shape)
    if number:
        badge = Rectangle(corner, _BADGE, box.height, color=colour, lw=0, zorder=4)
        axes.add_patch(badge)
        badge.set_clip_path(shape)
        badge.set_clip_box(None)
        axes.text(
            box.left + _BADGE / 2,
            box.middle,
            number,
            size=_SMALL,
            weight="bold",
            color=INK if _lightness(colour) > 0.5 else "white",
            ha="center",
            va="center_baseline",
            zorder=5,
            gid=gid if gid == "key" else "block",
        )


def _mixed(colour: str, share: float) -> tuple[float, float, float]:
    """Mix a share of a colour with white."""
    red, green, blue = (1 - share * (1 - each) for each in to_rgb(colour))
    return red, green, blue


def _lightness(colour: str) -> float:
    red, green, blue = to_rgb(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _draw_arrows(axes: Axes, sheet: Sheet, labels: Mapping[Arrow, str]) -> None:
    """Draw the lines bundle by bundle, each over a gap in what it crosses."""
    bundles: dict[tuple[str, str], list[Arrow]] = {}
    for arrow in sheet.ways:
        bundles.setdefault((_PEN_OF[arrow.tie], arrow.bundle), []).append(arrow)
    for name, pen in _PENS.items():
        for arrows in (arrows for (used, _), arrows in bundles.items() if used == name):
            for arrow in arrows:
                _draw_line(
                    axes, sheet.ways[arrow], replace(pen, width=pen.width + 3, colour="white")
                )
            for arrow in arrows:
                gid = f"{arrow.tie} {arrow.source} {arrow.target}"
                _draw_line(axes, sheet.ways[arrow], pen, gid)
                _draw_end(axes, sheet.ways[arrow], pen)
    ends = {sheet.ways[arrow][-1]: label for arrow, label in labels.items() if label}
    for (x, y), label in ends.items():
        at = (x - POINT - 0.03, y - 0.025)
        axes.text(*at, label, size=_SMALLER, ha="right", va="bottom", zorder=5, gid="label")


def _draw_line(axes: Axes, way: Sequence[Point], pen: Pen, gid: str = "") -> None:
    """Draw a line from corner to corner; it ends where its point begins."""
    x, y = way[-1]
    line = PathPatch(
        _rounded([*way[:-1], (x - POINT * pen.point, y)]),
        fill=False,
        edgecolor=pen.colour,
        lw=pen.width,
        ls=(0, (0.1, 1.9)) if pen.dots else "-",
        capstyle="round" if pen.dots else "butt",
        zorder=1,
        clip_on=False,
        gid=gid,
    )
    axes.add_patch(line)


def _draw_end(axes: Axes, way: Sequence[Point], pen: Pen) -> None:
    """Draw a point at a line's end or, if it has none, a dot at its beginning."""
    look: dict[str, Any] = {"color": pen.colour, "lw": 0, "zorder": 2, "clip_on": False}
    if pen.point:
        (x, y), back, half = way[-1], POINT + 0.01, 0.03 + 0.008 * pen.width
        axes.add_patch(Polygon([(x, y), (x - back, y - half), (x - back, y + half)], **look))
    else:
        x, y = way[0]
        axes.add_patch(Circle((x + 0.03, y), 0.03, **look))


def _rounded(way: Sequence[Point]) -> Path:
    """Give a path from corner to corner that rounds them."""
    points = [at for at, _ in groupby(way)]
    vertices, codes = [points[0]], [Path.MOVETO]
    for before, at, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(0.07, math.dist(before, at) / 2, math.dist(at, after) / 2)
        vertices += [_towards(at, before, radius), at, _towards(at, after, radius)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path([*vertices, points[-1]], [*codes, Path.LINETO])


def _towards(start: Point, end: Point, length: float) -> Point:
    share = length / math.dist(start, end)
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])


def _sample(what: int | str) -> float:
    """Give the width of a sample in the legend."""
    return _BADGE if isinstance(what, int) else _KEY


def _draw_sample(axes: Axes, what: int | str, at: Point, colour: Mapping[int, str]) -> None:
    """Draw a block by number, or a shape or a line by name."""
    left, middle = at
    box = Box(left, middle, _sample(what), 0.17)
    match what:
        case int():
            _draw_box(axes, box, colour[what], stock=True, number=f"{what}")
        case "flow" | "stock":
            _draw_box(axes, box, QUIET, stock=what == "stock")
        case _:
            way = [(left, middle), (left + box.width, middle)]
            _draw_line(axes, way, _PENS[what])
            _draw_end(axes, way, _PENS[what])
