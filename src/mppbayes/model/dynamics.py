"""What the model has no use for: refused by name, so that nothing is ignored."""

from mppbayes.errors import NotYetError
from mppbayes.network import Network
from mppbayes.panel import Panel


def require_dynamics(network: Network, panel: Panel) -> None:
    """Refuse evidence that the model cannot use.

    Parameters
    ----------
    network : Network
        The chain.
    panel : Panel
        Its evidence must be of flows, of stocks or of sums of stocks.

    Raises
    ------
    NotYetError
        With everything that was given and would be left unused.
    """
    rests = [flow.name for flow in network.flows if flow.rest]
    sums = [name for name in network.sum_names if name not in network.stock_series]
    found = panel.evidence["series"].value_counts()
    faults = [
        f"{series!r} has evidence of {what} ({found[series]} figures)"
        for what, several in (("a sum of flows", sums), ("a rest", rests))
        for series in several
        if series in found
    ]
    if faults:
        raise NotYetError(
            "the model has no use for this evidence yet",
            faults,
            "give the figures of the flows themselves: of a sum its members, "
            "of a rest the other parts",
        )
