"""What the model has no dynamics for yet: refused by name, so that nothing is ignored."""

from mppbayes.errors import NotYetError
from mppbayes.network import Network
from mppbayes.panel import Panel


def require_dynamics(network: Network, panel: Panel) -> None:
    """Refuse what the model cannot use.

    Parameters
    ----------
    network : Network
        Its flows must be exogenous.
    panel : Panel
        Its evidence must be of flows, over single periods.

    Raises
    ------
    NotYetError
        With everything that was declared or given and would be left unused.
    """
    relations = ("driven_by", "enters", "leaves", "part_of", "routes")
    faults = [
        f"flow {flow.name!r} has {'route' if relation == 'routes' else relation}"
        for flow in network.flows
        for relation in relations
        if getattr(flow, relation)
    ]
    faults += [
        f"{series!r} has evidence {what} ({len(rows)} figures)"
        for what, table in (
            (f"over more than one {network.period}", panel.coarse()),
            ("of a stock", panel.stock_evidence()),
            ("of a sum", panel.sum_evidence()),
        )
        for series, rows in table.groupby("series", sort=False)
    ]
    if faults:
        raise NotYetError(
            "the model has no dynamics for this yet",
            faults,
            f"fit exogenous flows with one count per {network.period}; "
            "leave the rest out of the network and the table",
        )
