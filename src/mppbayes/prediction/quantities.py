"""Quantities: the flows, groups of flows and declared sums that a forecast is summarised by."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mppbayes import names
from mppbayes.network import Flow, Network

SUM: Final = "sum"
KIND: Final = "kind"
LABEL: Final = "label"
BASES: Final = ("prior", "borrowed", "data")  # from the weakest


@dataclass(frozen=True)
class Quantity:
    """Flows that are added up; a single flow is a quantity too.

    Attributes
    ----------
    name : str
        The name of the flow or the declared sum; of a group ``LEVEL=VALUE``.
    aggregate : str
        ``flow``, ``organisation``, ``block``, ``kind``, ``label`` or ``sum``.
    flows : tuple of Flow
        What is added up.
    value : str
        Of a group, the organisation, block, kind or label's value that its flows share.
    """

    name: str
    aggregate: str
    flows: tuple[Flow, ...]
    value: str = ""

    @property
    def flow_names(self) -> list[str]:
        """The names of the flows that are added up."""
        return [flow.name for flow in self.flows]

    @property
    def kind(self) -> str:
        """The kind of the flows, which is one."""
        return self.flows[0].kind

    @property
    def unit(self) -> str:
        """The unit of the flows, which is one."""
        return self.flows[0].unit

    @property
    def organisation(self) -> str | None:
        """The organisation of the flows, if it is one."""
        found = {flow.organisation for flow in self.flows}
        return found.pop() if len(found) == 1 else None

    @property
    def block(self) -> int | None:
        """The block of the flows, if it is one."""
        found = {flow.block for flow in self.flows}
        return found.pop() if len(found) == 1 else None

    @property
    def labels(self) -> dict[str, str]:
        """The labels that all of the flows have."""
        first, *others = self.flows
        return {
            level: value
            for level, value in first.labels.items()
            if all(flow.labels.get(level) == value for flow in others)
        }


def aggregates(network: Network) -> tuple[str, ...]:
    """Give what the flows of a network can be aggregated by."""
    return (names.FLOW, names.ORGANISATION, names.BLOCK, KIND, SUM, *network.label_names)


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
        Each flow; or each declared sum of flows; or each group of flows that share a value, a
        kind and a unit. Groups leave out flows that are a part of something, which would count
        twice, and flows that have no value of a label.
    """
    for level in by:
        match level:
            case names.FLOW:
                yield from (Quantity(flow.name, level, (flow,)) for flow in network.flows)
            case "sum":
                yield from _sums(network)
            case _:
                yield from _groups(network, level)


def bases(network: Network, seen: Iterable[str]) -> dict[str, str]:
    """Say what the forecast of each flow rests on.

    Parameters
    ----------
    network : Network
        The chain.
    seen : iterable of str
        The flows with evidence.

    Returns
    -------
    dict of str to str
        Flow → ``data`` if it has evidence, ``borrowed`` if a flow with evidence has the same
        organisation, block or label, else ``prior``.
    """
    seen = set(seen)
    lenders = {
        level for flow in network.flows if flow.name in seen for level in _levels(flow).items()
    }
    return {
        flow.name: "data"
        if flow.name in seen
        else "prior"
        if lenders.isdisjoint(_levels(flow).items())
        else "borrowed"
        for flow in network.flows
    }


def _sums(network: Network) -> Iterator[Quantity]:
    for name in network.sum_names:
        if name not in network.stock_series:
            flows = tuple(network.flow(member) for member in network.members(name))
            yield Quantity(name, SUM, flows)


def _groups(network: Network, level: str) -> Iterator[Quantity]:
    aggregate = LABEL if level in network.label_names else level
    groups: dict[tuple[str, str, str], list[Flow]] = {}
    for flow in network.flows:
        values = {**_levels(flow), KIND: flow.kind}
        if level in values and flow.part_of is None:
            groups.setdefault((values[level], flow.kind, flow.unit), []).append(flow)
    for (value, _, _), flows in groups.items():
        yield Quantity(f"{level}={value}", aggregate, tuple(flows), value)


def _levels(flow: Flow) -> dict[str, str]:
    return {names.ORGANISATION: flow.organisation, names.BLOCK: str(flow.block), **flow.labels}
