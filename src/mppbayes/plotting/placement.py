"""Where the nodes and arrows of a diagram are drawn, in inches: pure functions, without drawing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Final

from mppbayes.plotting.arrangement import Arrangement, Arrow, End

type Point = tuple[float, float]  # inches from the left and the top of the drawing

WIDTH: Final = 1.42  # inches a node
NAMES: Final = 0.72  # where the names of lanes end
POINT: Final = 0.09  # of an arrow
_LABELLED, _BARE = 0.17, 0.12  # between arrows that reach a node, and that begin there
_TRACK = 0.11  # between vertical lines
_BETWEEN, _NARROW = 0.2, 0.16  # room between nodes above each other; a row for arrows only


@dataclass(frozen=True)
class Box:
    """A node on the sheet: its left edge, its middle from above, its width and its height."""

    left: float
    middle: float
    width: float
    height: float


@dataclass(frozen=True)
class Sheet:
    """Where everything stands, in inches from the left and the top of the drawing.

    Attributes
    ----------
    width, height : float
        Of the drawing.
    lanes : sequence of (float, float)
        Top and bottom of each.
    boxes : mapping of str to Box
        The nodes.
    ways : mapping of Arrow to sequence of (float, float)
        From corner to corner.
    """

    width: float
    height: float
    lanes: Sequence[tuple[float, float]]
    boxes: Mapping[str, Box]
    ways: Mapping[Arrow, Sequence[Point]]


def lay_out(
    arrangement: Arrangement,
    heights: Mapping[str, float],
    labels: Mapping[Arrow, float],
    lanes: Sequence[float],
) -> Sheet:
    """Give rows, columns and lines their places, as near to each other as texts allow.

    Parameters
    ----------
    arrangement : Arrangement
        What stands where.
    heights : mapping of str to float
        What the text of each node needs, in inches.
    labels : mapping of Arrow to float
        The width of the label at each arrow's end, in inches.
    lanes : sequence of float
        What the name of each lane needs, in inches.

    Returns
    -------
    Sheet
        The places.
    """
    ports = _ports(arrangement)
    tall = dict(heights)
    for (_, (stop, _)), offset in ports.items():
        tall[stop[0]] = max(tall[stop[0]], 2 * abs(offset) + _LABELLED)
    middles, edges = _stacked(arrangement, tall, lanes)
    level = {stop: middles[row] for stop, row in arrangement.place.items()}

    def at(bundle: str, end: End) -> float:
        return level[end[0]] + ports.get((bundle, end), 0.0)

    pieces: dict[int, dict[str, Piece]] = defaultdict(lambda: defaultdict(Piece))
    for link in arrangement.links:
        for end in link.ends:
            piece = pieces[link.gap][link.bundle]
            (piece.left if end[1] == "left" else piece.right).append(at(link.bundle, end))
    words: dict[int, float] = defaultdict(float)  # by gap, the widest label
    for arrow, width in labels.items():
        words[arrow.stops[-1][1] - 1] = max(words[arrow.stops[-1][1] - 1], width)
    track: dict[tuple[int, str], float] = {}
    left: dict[int, float] = {}
    x = NAMES + 0.1 - _BETWEEN
    for gap in range(-1, 1 + max(column for _, column in level)):
        x += 0.06
        for bundle, place in (places := _tracks(pieces[gap])).items():
            track[gap, bundle] = x + _TRACK * (place + 0.5)
        x += _TRACK * (1 + max(places.values(), default=-1))
        x += max(words[gap] + POINT + 0.1 if pieces[gap] else 0.0, _BETWEEN - 0.06)
        left[gap + 1] = x
        x += WIDTH
    boxes = {
        name: Box(left[column], level[name, column], WIDTH, tall[name])
        for name, column in arrangement.column.items()
    }
    ways = {}
    for arrow in arrangement.arrows:
        first, last = arrow.stops[0], arrow.stops[-1]
        ways[arrow] = [
            (left[first[1]] + WIDTH, at(arrow.bundle, (first, "left"))),
            *(
                (track[link.gap, link.bundle], at(link.bundle, end))
                for link in arrow.links
                if (link.gap, link.bundle) in track
                for end in link.ends
            ),
            (left[last[1]], at(arrow.bundle, (last, "right"))),
        ]
    return Sheet(x - WIDTH, edges[-1][1], edges, boxes, ways)


def _ports(arrangement: Arrangement) -> Mapping[tuple[str, End], float]:
    """Set the arrows at a node's side apart, the one that goes straight on in the middle.

    If none does, and something else stands straight across the gap, none is in the middle.
    """
    far: dict[End, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for link in arrangement.links:
        for end, (other, _) in (link.ends, link.ends[::-1]):
            if end[0][0] in arrangement.nodes:
                far[end][link.bundle].append(arrangement.place[other])
    filled = {(column, row) for (_, column), row in arrangement.place.items()}
    ports = {}
    for end, bundles in far.items():
        (name, column), side = end
        begins = side == "left"
        order = sorted(bundles, key=lambda bundle: fmean(bundles[bundle]))
        row = arrangement.place[name, column]
        straight = [at for at, bundle in enumerate(order) if row in bundles[bundle]]
        middle = straight[len(straight) // 2] if straight else (len(order) - 1) / 2
        if not straight and len(order) % 2 and (column + (1 if begins else -1), row) in filled:
            middle += 0.5 if begins else -0.5
        for at, bundle in enumerate(order):
            ports[bundle, end] = (at - middle) * (_BARE if begins else _LABELLED)
    return ports


def _stacked(
    arrangement: Arrangement, tall: Mapping[str, float], lanes: Sequence[float]
) -> tuple[Sequence[float], Sequence[tuple[float, float]]]:
    """Give the middle of each row, and the top and bottom of each lane."""
    room = [_NARROW if row.thin else 0.0 for row in arrangement.rows]
    for name, column in arrangement.column.items():
        row = arrangement.place[name, column]
        room[row] = max(room[row], tall[name] + _BETWEEN)
    middles, edges, top = [], [], 0.0
    for lane, needed in enumerate(lanes):
        inside = [
            high for high, row in zip(room, arrangement.rows, strict=True) if row.lane == lane
        ]
        bottom = top + max(sum(inside), needed)
        y = (top + bottom - sum(inside)) / 2
        for high in inside:
            middles.append(y + high / 2)
            y += high
        edges.append((top, bottom))
        top = bottom
    return middles, edges


@dataclass(frozen=True)
class Piece:
    """The heights at which a bundle reaches a gap on either side."""

    left: list[float] = field(default_factory=list)
    right: list[float] = field(default_factory=list)

    @property
    def span(self) -> tuple[float, float]:
        """The highest and the lowest."""
        return min(*self.left, *self.right), max(*self.left, *self.right)

    def crossings(self, other: "Piece") -> float:
        """Count crossings if it stands left of another; to run on one line is far worse."""
        (high, low), (top, bottom) = self.span, other.span
        count = sum(top < y < bottom for y in self.right) + sum(high < y < low for y in other.left)
        shared = sum(abs(a - b) < _TRACK / 2 for a in self.right for b in other.left)
        return count + 100 * shared


def _tracks(pieces: Mapping[str, Piece]) -> Mapping[str, int]:
    """Put the vertical lines in a gap beside each other, so that few lines cross.

    A bundle that only goes straight on has none; lines above each other share a track.
    """
    order: list[str] = []
    for bundle, piece in pieces.items():
        if piece.span[0] < piece.span[1]:
            costs = [
                sum(pieces[before].crossings(piece) for before in order[:at])
                + sum(piece.crossings(pieces[after]) for after in order[at:])
                for at in range(len(order) + 1)
            ]
            order.insert(costs.index(min(costs)), bundle)
    track: dict[str, int] = {}
    for at, bundle in enumerate(order):
        high, low = pieces[bundle].span
        beside = [
            track[before]
            for before in order[:at]
            if pieces[before].span[0] - _LABELLED < low
            and high < pieces[before].span[1] + _LABELLED
        ]
        track[bundle] = 1 + max(beside, default=-1)
    return track
