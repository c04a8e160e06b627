"""Partial pooling: which levels a flow shares information over, and with whom.

A parameter's deviation from its mean is shared out over levels (organisation, block, labels,
flow). An effect enters only where it adds rank to those before it: the effect of an organisation
with a single flow and that of the flow itself cannot be told apart. The variance share of an
effect that does not enter goes to the last level kept, so that every flow has the same prior
variance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mppbayes.names import BLOCK, FLOW, ORGANISATION
from mppbayes.network import Flow, Network


def levels(network: Network) -> tuple[str, ...]:
    """Name the levels of a network from the widest to the flow itself."""
    return (ORGANISATION, BLOCK, *network.label_names, FLOW)


def membership(flows: Sequence[Flow], level: str) -> tuple[str, ...]:
    """Give the group of every flow at a level; ``""`` where a flow bears no such label."""
    match level:
        case "organisation":
            return tuple(flow.organisation for flow in flows)
        case "block":
            return tuple(str(flow.block) for flow in flows)
        case "flow":
            return tuple(flow.name for flow in flows)
        case _:
            return tuple(flow.labels.get(level, "") for flow in flows)


@dataclass(frozen=True, eq=False)
class LevelDesign:
    """The groups of one level whose effects enter, for at least one parameter.

    Attributes
    ----------
    groups : tuple of str
        The groups with an effect of their own.
    index : (flow,) int
        The group of every flow, as a position in ``groups``; 0 where it has none.
    """

    groups: tuple[str, ...]
    index: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PoolingDesign:
    """How the deviation of every parameter and flow is made of effects.

    Attributes
    ----------
    levels : tuple of str
        All levels of the network, widest first.
    flows : tuple of str
        The flows, all of one drive.
    parameters : tuple of str
        The parameters that are pooled.
    kept : (parameter, flow, level) bool
        Whether the level's effect enters the flow's deviation.
    by_level : mapping of str to LevelDesign
        The groups of every level that enters at all.
    """

    levels: tuple[str, ...]
    flows: tuple[str, ...]
    parameters: tuple[str, ...]
    kept: NDArray[np.bool_]
    by_level: Mapping[str, LevelDesign]

    @cached_property
    def routes(self) -> NDArray[np.float64]:
        """Where the share of each level goes: (parameter, flow, from level, to level), 0 or 1."""
        n = len(self.levels)
        last = np.where(self.kept.any(-1), n - 1 - self.kept[..., ::-1].argmax(-1), -1)
        target = np.where(self.kept, np.arange(n), last[..., None])
        return np.asarray(target[..., None] == np.arange(n), dtype=float)


def design(
    network: Network, flows: Sequence[Flow], pooling: Mapping[str, tuple[str, ...]]
) -> PoolingDesign:
    """Work out which effects enter.

    Parameters
    ----------
    network : Network
        Whose levels they are.
    flows : sequence of Flow
        Those that share information: all of one drive.
    pooling : mapping of str to tuple of str
        Parameter → levels; the flow itself is always the last one.

    Returns
    -------
    PoolingDesign
        The effects that add rank.
    """
    every = levels(network)
    groups = {level: np.array(membership(flows, level)) for level in every}
    kept = np.stack([_kept(groups, {*chosen, FLOW}) for chosen in pooling.values()])
    by_level = {}
    for position, level in enumerate(every):
        enters = kept[..., position].any(0)
        names = tuple(dict.fromkeys(groups[level][enters].tolist()))
        if names:
            index = np.array([names.index(g) if g in names else 0 for g in groups[level]])
            by_level[level] = LevelDesign(names, index)
    return PoolingDesign(every, membership(flows, FLOW), tuple(pooling), kept, by_level)


def _kept(groups: Mapping[str, NDArray[np.str_]], chosen: set[str]) -> NDArray[np.bool_]:
    """Say for each flow and level whether the effect adds rank to the constant and those before."""
    n_flows = len(next(iter(groups.values())))
    basis = np.ones((n_flows, 1))
    kept = np.zeros((n_flows, len(groups)), dtype=bool)
    for position, (level, of_flow) in enumerate(groups.items()):
        if level not in chosen:
            continue
        names = [name for name in dict.fromkeys(of_flow.tolist()) if name]
        new = [name for name in names if _adds_rank(basis, of_flow == name)]
        if len(new) < 2:  # the effects of a level sum to zero, so that one alone is none
            continue
        kept[:, position] = np.isin(of_flow, new)
        columns = np.stack([of_flow == name for name in new], axis=1).astype(float)
        basis = np.hstack([basis, columns - columns.mean(axis=1, keepdims=True)])
    return kept


def _adds_rank(basis: NDArray[np.float64], column: NDArray[np.bool_]) -> bool:
    explained = basis @ np.linalg.lstsq(basis, column, rcond=None)[0]
    return not np.allclose(explained, column, atol=1e-8)
