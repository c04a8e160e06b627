"""What follows from a future that was given: which flows and stocks, and from when on."""

import numpy as np
from numpy.typing import NDArray

from mppbayes.network import Network

type Flags = NDArray[np.bool_]


def consequences(network: Network, given: Flags) -> tuple[Flags, Flags]:
    """Say which flows and stocks rest on a given future, be it through others.

    Parameters
    ----------
    network : Network
        The chain.
    given : (time, flow) bool
        The cells that were given.

    Returns
    -------
    flows : (time, flow) bool
        Those cells; and, from the first period given of a flow on, its parts, what its events
        feed, and all that is driven by a stock that it changes.
    stocks : (time, stock) bool
        From then on the stocks that it, or what follows from it, changes.
    """
    flows, stocks = given.copy(), np.zeros((len(given), len(network.stocks)), dtype=bool)
    follow = _follow(network)
    for at in np.flatnonzero(given.any(axis=0)).tolist():
        reached = _reached(network.flow_names[at], follow)
        since = np.arange(len(given)) >= given[:, at].argmax()
        flows |= since[:, None] & np.isin(network.flow_names, reached)
        stocks |= since[:, None] & np.isin(network.stock_names, reached)
    return flows, stocks


def _follow(network: Network) -> dict[str, set[str]]:
    """Give what follows at once from each flow and stock."""
    follow: dict[str, set[str]] = {name: set() for name in network.series_names}
    for flow in network.flows:
        follow[flow.name] |= {stock for stock in (flow.enters, flow.leaves) if stock}
        if flow.driver:
            follow[flow.driver].add(flow.name)
        sources = [route.source for route in flow.routes]
        for source in sources + [flow.part_of] * bool(flow.part_of):
            for member in network.members(str(source)):
                follow[member].add(flow.name)
        if flow.rest:
            for other in network.flows:
                if other.part_of == flow.part_of and other is not flow:
                    follow[other.name].add(flow.name)
    return follow


def _reached(name: str, follow: dict[str, set[str]]) -> list[str]:
    """Give all that follows from a flow, itself only where it does so from what it changes."""
    reached: set[str] = set()
    waiting = set(follow[name])
    while waiting:
        reached |= waiting
        waiting = {each for one in waiting for each in follow[one]} - reached
    return sorted(reached)
