"""The network: organisations, policy blocks, flows, stocks, routes and sums."""

from mppbayes.network.drives import Drive, drive
from mppbayes.network.network import Network
from mppbayes.network.rows import (
    Block,
    Delay,
    DelayPrior,
    Flow,
    Initial,
    Organisation,
    Route,
    Stay,
    Stock,
    Sum,
    Title,
)

__all__ = [
    "Block",
    "Delay",
    "DelayPrior",
    "Drive",
    "Flow",
    "Initial",
    "Network",
    "Organisation",
    "Route",
    "Stay",
    "Stock",
    "Sum",
    "Title",
    "drive",
]
