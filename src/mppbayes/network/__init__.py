"""The network: organisations, policy blocks, flows, stocks, routes and sums."""

from mppbayes.network.network import Network
from mppbayes.network.rows import (
    Block,
    Delay,
    DelayPrior,
    Flow,
    Organisation,
    Route,
    Stock,
    Sum,
    Title,
)

__all__ = [
    "Block",
    "Delay",
    "DelayPrior",
    "Flow",
    "Network",
    "Organisation",
    "Route",
    "Stock",
    "Sum",
    "Title",
]
