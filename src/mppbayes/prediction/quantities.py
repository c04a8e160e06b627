"""Quantities: the flows, stocks, groups and declared sums that a forecast is summarised by."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mppbayes import names
from mppbayes.errors import AggregationError
from mppbayes.network import Flow, Network, Stock

SUM: Final = "sum"
KIND: Final = "kind"
LABEL: Final = "label"
BASES: Final = ("prior", "borrowed", "data")  # from the weakest
GIVEN: Final = "given"  # the basis of a figure that holds a future given by others


@dataclass(frozen=True)
class Quantity:
    """Flows or stocks that are added up, never both; a single one is a quantity too.

    Attributes
    ----------
    name : str
        The name of the flow, the stock or the declared sum; of a group ``LEVEL=VALUE``.
    aggregate : str
        ``flow``, ``stock``, ``organisation``, ``block``, ``kind``, ``label`` or ``sum``.
    members : tuple of Flow or tuple of Stock
        What is added up.
    value : str
        Of a group, the organisation, block, kind or label's value that its flows share.
    """

    name: str
    aggregate: str
    members: tuple[Flow, ...] | tuple[Stock, ...]
    value: str = ""

    @property
    def of_stocks(self) -> bool:
        """Whether stocks are added up: levels at one moment, not counts over time."""
        return isinstance(self.members[0], Stock)

    @property
    def member_names(self) -> list[str]:
        """The names of the flows or stocks that are added up."""
        return [member.name for member in self.members]

    @property
    def flow_names(self) -> list[str]:
        """The names of the flows that are added up; :class:`AggregationError` for stocks."""
        if self.of_stocks:
            raise AggregationError(
                f"{self.name!r} is of stocks, expected flows: a level is not added up over time; "
                f"leave it out, or take its draws from Forecast.stocks"
            )
        return self.member_names

    @property
    def kind(self) -> str:
        """The kind of the flows, which is one; ``""`` for stocks."""
        first = self.members[0]
        return first.kind if isinstance(first, Flow) else ""

    @property
    def unit(self) -> str:
        """The unit of the members, which is one."""
        return self.members[0].unit

    @property
    def organisation(self) -> str | None:
        """The organisation of the members, if it is one."""
        found = {member.organisation for member in self.members}
        return found.pop() if len(found) == 1 else None

    @property
    def block(self) -> int | None:
        """The block of the members, if it is one."""
        found = {member.block for member in self.members}
        return found.pop() if len(found) == 1 else None

    @property
    def labels(self) -> dict[str, str]:
        """The labels that all of the flows have; stocks have none."""
        first, *others = (
            member.labels if isinstance(member, Flow) else {} for member in self.members
        )
        return {
            level: value
            for level, value in first.items()
            if all(labels.get(level) == value for labels in others)
        }


def aggregates(network: Network) -> tuple[str, ...]:
    """Give what the flows and stocks of a network can be aggregated by."""
    stock = (names.STOCK,) if network.stocks else ()
    return (
        names.FLOW,
        *stock,
        *(names.ORGANISATION, names.BLOCK, KIND, SUM),
        *network.label_names,
    )


def quantities(network: Network, by: Iterable[str]) -> Iterator[Quantity]:
    """Give the quantities of a network, in the order declared.

    Parameters
    ----------
    network : Network
        The chain.
    by : iterable of str
        Of :func:`aggregates`, in the order wanted.

    Yields
    ------
    Quantity
        Each flow; or each stock; or each declared sum, of flows or of stocks; or each group of
        flows that share a value, a kind and a unit. Groups leave out stocks, flows that have no
        value of a label, and what would count twice: flows that are a part of something, and
        those that recount another flow of the group.
    """
    for level in by:
        match level:
            case names.FLOW:
                yield from (Quantity(flow.name, level, (flow,)) for flow in network.flows)
            case names.STOCK:
                yield from (Quantity(stock.name, level, (stock,)) for stock in network.stocks)
            case "sum":
                yield from _sums(network)
            case _:
                yield from _groups(network, level)


def bases(network: Network, seen: Iterable[str]) -> dict[str, str]:
    """Say what the forecast of each flow and stock rests on.

    Parameters
    ----------
    network : Network
        The chain.
    seen : iterable of str
        The flows, stocks and sums with evidence that tells of them.

    Returns
    -------
    dict of str to str
        Flow → ``data`` if it has evidence, ``borrowed`` if a flow with evidence has the same
        organisation, block or label, else ``prior``. Stock → ``data`` if it, or a sum that it is
        a member of, has evidence, ``borrowed`` if every flow that enters it has, else ``prior``.
    """
    seen = set(seen)
    lenders = {
        level for flow in network.flows if flow.name in seen for level in _levels(flow).items()
    }
    summed = {
        name for total in network.sum_names if total in seen for name in network.members(total)
    }
    found = {}
    for flow in network.flows:
        lent = not lenders.isdisjoint(_levels(flow).items())
        found[flow.name] = _basis(data=flow.name in seen, lent=lent)
    for stock in network.stocks:
        entering = {flow.name for flow in network.flows if flow.enters == stock.name}
        data = stock.name in seen or stock.name in summed
        found[stock.name] = _basis(data=data, lent=entering <= seen)
    return found


def _basis(*, data: bool, lent: bool) -> str:
    return "data" if data else "borrowed" if lent else "prior"


def _sums(network: Network) -> Iterator[Quantity]:
    for name in network.sum_names:
        members = network.members(name)
        if name in network.stock_series:
            yield Quantity(name, SUM, tuple(map(network.stock, members)))
        else:
            yield Quantity(name, SUM, tuple(map(network.flow, members)))


def _groups(network: Network, level: str) -> Iterator[Quantity]:
    aggregate = LABEL if level in network.label_names else level
    groups: dict[tuple[str, str, str], list[Flow]] = {}
    for flow in network.flows:
        values = {**_levels(flow), KIND: flow.kind}
        if level in values and flow.part_of is None:
            groups.setdefault((values[level], flow.kind, flow.unit), []).append(flow)
    for (value, _, _), flows in groups.items():
        yield Quantity(f"{level}={value}", aggregate, _counted_once(flows, network), value)


def _counted_once(flows: list[Flow], network: Network) -> tuple[Flow, ...]:
    """Leave out the flows that count once more what another one of them has counted."""
    counted = {flow.name for flow in flows}
    return tuple(
        flow
        for flow in flows
        if counted.isdisjoint(member for name in flow.recounts for member in network.members(name))
    )


def _levels(flow: Flow) -> dict[str, str]:
    return {names.ORGANISATION: flow.organisation, names.BLOCK: str(flow.block), **flow.labels}
