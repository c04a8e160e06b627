"""Whether the rows of a network agree with each other: every check yields its faults."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mppbayes import names
from mppbayes.errors import suggest
from mppbayes.network.relations import members
from mppbayes.network.rows import (
    PERIODS_PER_YEAR,
    Block,
    Delay,
    Flow,
    Organisation,
    Period,
    Route,
    Stock,
    Sum,
)

LONGEST_DELAY = 20  # years, at mean + 4 sd

# Dims, coordinates and columns of results: a label of that name would stand in their place.
RESERVED_LABELS = frozenset(
    {
        *(names.CHAIN, names.DRAW, names.TIME, names.FLOW, names.STOCK, names.PARAMETER),
        *(names.LEVEL, names.SEASON, names.HARMONIC, names.GAP, names.ORGANISATION, names.BLOCK),
        *("kind", "sum", "unit", "label", "labels", "title", "series", "quantity", "aggregate"),
        *("period", "moment", "band", "posterior_draw", "future", "is_observed"),
    }
)


@dataclass(frozen=True)
class Tables:
    """The sound rows of a network, and beside them the rows that could not be read.

    A reference to the name of an unsound row is no fault of its own. ``period`` is None where
    the header could not be read.
    """

    organisations: tuple[Organisation, ...]
    blocks: tuple[Block, ...]
    stocks: tuple[Stock, ...]
    flows: tuple[Flow, ...]
    sums: tuple[Sum, ...]
    unsound: Mapping[str, tuple[object, ...]]
    period: Period | None

    def all(self, table: str) -> list[object]:
        """Rows of a table, sound ones first."""
        return [*getattr(self, table), *self.unsound.get(table, ())]

    def values[Value: (str, int)](self, table: str, key: str, kind: type[Value]) -> list[Value]:
        """Values of a key in all rows of a table, where they have the type."""
        found = (peek(row, key, kind) for row in self.all(table))
        return [value for value in found if value is not None]

    def names(self, table: str) -> list[str]:
        """Names of all rows of a table."""
        return self.values(table, "name", str)

    def members(self, name: str) -> tuple[str, ...]:
        """Open a sum into its flows or stocks; any other name stands for itself."""
        return members(name, {total.name: total for total in self.sums})


def peek[Value: (str, int)](row: object, key: str, kind: type[Value]) -> Value | None:
    """Read a key of a row that may be of any type; None unless the value has the type."""
    value = row.get(key) if isinstance(row, Mapping) else getattr(row, key, None)
    return value if isinstance(value, kind) and not isinstance(value, bool) else None


def check(tables: Tables) -> Iterator[str]:
    """Yield every fault in how rows refer to each other.

    Parameters
    ----------
    tables : Tables
        The rows.

    Yields
    ------
    str
        One fault: what was found, what was expected, what to do.
    """
    yield from _duplicates(tables)
    yield from _references(tables)
    for flow in tables.flows:
        yield from _labels(flow)
        yield from _drive(flow)
        yield from _stocks_touched(flow, tables)
        yield from _routes(flow, tables.period)
    yield from _unfilled(tables)


def _duplicates(tables: Tables) -> Iterator[str]:
    spaces: tuple[tuple[str, Sequence[str | int]], ...] = (
        ("organisation", tables.names("organisations")),
        ("block", tables.values("blocks", "number", int)),
        (
            "flow, stock or sum",
            [*tables.names("flows"), *tables.names("stocks"), *tables.names("sums")],
        ),
    )
    for what, taken in spaces:
        for name, times in Counter(taken).items():
            if times > 1:
                yield f"{times} rows are called {name!r}; each {what} needs its own name"


def _references(tables: Tables) -> Iterator[str]:
    organisations, blocks = tables.names("organisations"), tables.values("blocks", "number", int)
    flows, stocks, sums = (tables.names(table) for table in ("flows", "stocks", "sums"))
    for what, table in (("stock", "stocks"), ("flow", "flows")):
        for row in tables.all(table):
            place = f"{what} {peek(row, 'name', str)!r}"
            organisation, block = peek(row, "organisation", str), peek(row, "block", int)
            yield from _unknown(f"{place}: organisation", organisation, organisations, "declared")
            yield from _unknown(f"{place}: block", block, blocks, "declared")
            for key in ("driven_by", "enters", "leaves"):
                yield from _stock(f"{place}: {key}", peek(row, key, str), stocks, tables)
            whole = peek(row, "part_of", str)
            yield from _unknown(f"{place}: part_of", whole, flows + sums, "a flow or a sum")
    for flow in tables.flows:
        for route in flow.routes:
            place = f"flow '{flow.name}': the source of a route"
            yield from _unknown(place, route.source, flows + sums, "a flow or a sum")
        for name in flow.recounts:
            place = f"flow '{flow.name}': what it recounts"
            yield from _unknown(place, name, flows + sums, "a flow or a sum")
    for total in tables.sums:
        for name in total.of:
            place = f"sum '{total.name}': a member"
            yield from _unknown(place, name, flows + stocks + sums, "a flow, a stock or a sum")


def _stock(place: str, name: str | None, stocks: Sequence[str], tables: Tables) -> Iterator[str]:
    summed = [member for member in tables.members(name) if member in stocks] if name else []
    if summed and name not in stocks:
        yield (
            f"{place} is '{name}', a sum of stocks; a sum drives nothing, and nobody enters or "
            f"leaves it: name one of its members: {_list(summed)}"
        )
    else:
        yield from _unknown(place, name, stocks, "a stock")


def _unknown(
    place: str, name: str | int | None, known: Sequence[object], what: str
) -> Iterator[str]:
    if name is not None and name not in known:
        yield f"{place} is {name!r}, which is not {what}; {suggest(name, known)}"


def _labels(flow: Flow) -> Iterator[str]:
    for level in flow.labels:
        if level in RESERVED_LABELS:
            yield (
                f"flow '{flow.name}': the label '{level}' has the name of a built-in level, "
                f"dim or column; give it another name, such as 'own_{level}'"
            )


def _drive(flow: Flow) -> Iterator[str]:
    place = f"flow '{flow.name}'"
    drives = {
        "routes": bool(flow.routes),
        "driven_by": flow.driven_by is not None,
        "part_of": flow.part_of is not None,
    }
    given = [key for key, present in drives.items() if present]
    if len(given) > 1:
        yield f"{place} has {' and '.join(given)}; a flow has one drive: keep one of them"
    if flow.routes and flow.leaves and not flow.driven_by:
        yield f"{place} has routes and leaves '{flow.leaves}', which drives it; keep one of them"
    if flow.part_of and flow.leaves and not flow.driven_by:
        yield (
            f"{place} is part of '{flow.part_of}' and leaves '{flow.leaves}', which drives it; "
            f"keep one of them (where all that is counted in '{flow.part_of}' leaves the stock, "
            f"say so there)"
        )
    if flow.driven_by and flow.leaves and flow.driven_by != flow.leaves:
        yield (
            f"{place} is driven by '{flow.driven_by}' but leaves '{flow.leaves}'; a flow that "
            f"leaves a stock is driven by it: set driven_by = '{flow.leaves}'"
        )
    if flow.stay and not flow.leaves:
        yield f"{place} has a stay but leaves no stock; say which with leaves, or leave out stay"
    if flow.rest and flow.part_of is None:
        yield f"{place} is a rest of nothing; say of what with part_of, or leave out rest"


def _stocks_touched(flow: Flow, tables: Tables) -> Iterator[str]:
    place = f"flow '{flow.name}'"
    if flow.enters and flow.enters == flow.leaves:
        yield f"{place} both enters and leaves '{flow.enters}', which changes nothing; keep one"
    units = {stock.name: stock.unit for stock in tables.stocks}
    for key in ("enters", "leaves"):
        stock = getattr(flow, key)
        if units.get(stock, flow.unit) != flow.unit:
            yield (
                f"{place} counts {flow.unit} but {key} '{stock}', which counts {units[stock]}; "
                f"what enters or leaves a stock has its unit"
            )


def _routes(flow: Flow, period: Period | None) -> Iterator[str]:
    place = f"flow '{flow.name}'"
    for source, times in Counter(route.source for route in flow.routes).items():
        if times > 1:
            yield f"{place} has {times} routes from '{source}'; give one route for each source"
        if source == flow.name:
            yield f"{place} has a route from itself; its source must be another flow"
    weighted = [route.source for route in flow.routes if route.weight is not None]
    if weighted and len(weighted) < len(flow.routes):
        yield f"{place} gives a weight to some routes only ({_list(weighted)}); to all or to none"
    for route in flow.routes:
        at = f"{place}, route from '{route.source}'"
        if route.delay is not None:
            yield from _delay(at, route.delay, period)
        yield from _delay_prior(at, route)


def _delay(place: str, delay: Delay, period: Period | None) -> Iterator[str]:
    if delay.mean == 0 and delay.sd > 0:
        yield (
            f"{place}: a delay with mean 0 has sd {delay.sd:g}; a waiting time that varies "
            f"has a mean above 0"
        )
    reach = delay.mean + 4 * delay.sd
    if period is not None and reach > LONGEST_DELAY * PERIODS_PER_YEAR[period]:
        yield (
            f"{place}: a delay with mean {delay.mean:g} and sd {delay.sd:g} reaches {reach:g} "
            f"periods (mean + 4 sd); expected at most {LONGEST_DELAY} years, which is "
            f"{LONGEST_DELAY * PERIODS_PER_YEAR[period]}; give both in periods of the network "
            f"(period = '{period}'), or a smaller sd"
        )


def _delay_prior(place: str, route: Route) -> Iterator[str]:
    if route.delay_prior is None:
        return
    if route.delay is None:
        yield f"{place}: there is a delay_prior but no delay; give the delay that it doubts"
        return
    doubts = (
        ("mean", route.delay.mean, route.delay_prior.mean_sd),
        ("sd", route.delay.sd, route.delay_prior.sd_sd),
    )
    for what, value, doubt in doubts:
        if value == 0 and doubt > 0:
            yield (
                f"{place}: the delay's {what} is 0, but delay_prior doubts it by {what}_sd = "
                f"{doubt:g}; give a {what} above 0, or {what}_sd = 0"
            )
    fixed = route.delay.mean > 0 and route.delay.sd == route.delay_prior.sd_sd == 0
    if fixed and route.delay_prior.mean_sd > 0:
        yield (
            f"{place}: the delay does not vary (sd 0) but delay_prior doubts its mean by mean_sd = "
            f"{route.delay_prior.mean_sd:g}; give the delay an sd above 0, or leave the doubt out"
        )


def _unfilled(tables: Tables) -> Iterator[str]:
    filled = {m for name in tables.values("flows", "enters", str) for m in tables.members(name)}
    for stock in tables.stocks:
        if stock.name not in filled:
            yield (
                f"stock '{stock.name}': nobody fills it; give a flow enters = '{stock.name}' "
                f"(that flow needs no evidence), or leave the stock out"
            )


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
