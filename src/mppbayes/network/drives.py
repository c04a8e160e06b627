"""What drives each flow."""

from typing import Literal

from mppbayes.network.rows import Flow

type Drive = Literal["exogenous", "routed", "stock", "part"]


def drive(flow: Flow) -> Drive:
    """Say what drives a flow.

    Parameters
    ----------
    flow : Flow
        The flow.

    Returns
    -------
    {"part", "routed", "stock", "exogenous"}
        A part of a whole; fed by other flows; driven by a stock, which it may leave; or none.
    """
    if flow.part_of:
        return "part"
    if flow.routes:
        return "routed"
    return "stock" if flow.driver else "exogenous"
