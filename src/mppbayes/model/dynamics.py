"""What the model has no use for: refused by name, so that nothing is ignored."""

from mppbayes.errors import NotYetError
from mppbayes.network import Network
from mppbayes.panel import Panel
from mppbayes.panel.attribution import totals


def require_dynamics(network: Network, panel: Panel) -> None:
    """Refuse evidence that the model cannot use.

    Parameters
    ----------
    network : Network
        The chain.
    panel : Panel
        Its evidence must be of flows, of stocks or of sums of stocks; of a sum of flows, or of a
        rest, at least one figure must tell of a single flow.

    Raises
    ------
    NotYetError
        With everything that was given and would be left unused.
    """
    published, left = (
        each.evidence["series"].value_counts() for each in (panel, panel.attributed())
    )
    faults = [
        f"{series!r} has figures ({published[series]}) none of which tells of a single flow"
        for series in totals(network)
        if series in left and left[series] == published[series]
    ]
    if faults:
        raise NotYetError(
            "the model has no use for this evidence yet",
            faults,
            "give figures of the same periods of all flows in it but one: of a sum its members, "
            "of a rest the whole and the other parts",
        )
