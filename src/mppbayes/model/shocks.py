"""The shocks that flows share: each group of flows has one, and these are correlated.

The correlation is what is common to the chain. A crisis is one of the whole chain: all shocks of
its period are large.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mppbayes.model.pooling import membership
from mppbayes.network import Network

type Floats = NDArray[np.float64]

CHAIN = "chain"
REST = "other flows"


@dataclass(frozen=True, eq=False)
class ShockGroups:
    """Which flows feel the same shock.

    Attributes
    ----------
    names : tuple of str
        As ``organisation IND``; ``chain`` where all flows feel the same.
    index : (flow,) int
        The group of every flow, as a position in ``names``.
    """

    names: tuple[str, ...]
    index: NDArray[np.int64]

    def mixed(self, chance: Floats, correlation: Floats) -> Floats:
        """Give correlated shocks of independent innovations.

        Parameters
        ----------
        chance : array, (draw, 1 + group)
            The chain's innovation, then the groups'.
        correlation : array, (draw,)
            Between the shocks of any two groups.

        Returns
        -------
        array, (draw, group)
            ``√correlation · chain + √(1 − correlation) · group``, of the innovations' variance.
        """
        share = correlation[:, None]
        return np.asarray(np.sqrt(share) * chance[:, :1] + np.sqrt(1 - share) * chance[:, 1:])


def shock_groups(network: Network, level: str) -> ShockGroups:
    """Give the groups of flows that feel the same shock.

    Parameters
    ----------
    network : Network
        Its flows.
    level : str
        As ``organisation``; ``""`` for one shock to the whole chain.

    Returns
    -------
    ShockGroups
        The groups of two flows or more; all further flows are one group, since the shock of a
        single flow could not be told from its own surprises.
    """
    of_flow = membership(network, level) if level else ("",) * len(network.flows)
    titled = {name: f"{level} {name}" for name in of_flow if name and of_flow.count(name) > 1}
    groups = [titled.get(name, REST) for name in of_flow]
    names = tuple(dict.fromkeys(groups))
    index = np.array([names.index(group) for group in groups], dtype=np.int64)
    return ShockGroups(names if len(names) > 1 else (CHAIN,), index)
