"""The hierarchy: every flow's parameters, pooled among the flows of one drive."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from mppbayes import names
from mppbayes.model.halfnormal import half_normal
from mppbayes.model.pooling import PoolingDesign
from mppbayes.model.priors import prior_key
from mppbayes.model.specification import ModelSpec
from mppbayes.network import Drive

_CONCENTRATION = 2.0  # of the variance shares: no level is expected to carry nothing


def prefix(drive: Drive) -> str:
    """Give what the names of a drive's own variables begin with; nothing for exogenous flows."""
    return "" if drive == "exogenous" else f"{drive}_"


def hierarchy(spec: ModelSpec, given: dict[str, TensorVariable]) -> dict[str, TensorVariable]:
    """Declare means, scales, variance shares and effects of all parameters at once.

    Returns
    -------
    dict of str to (flow,)
        Every parameter on its unbounded scale.
    """
    n_parameters, n_flows = len(names.PARAMETERS), len(spec.structure.flows)
    location = pt.zeros((n_parameters, n_flows))
    spread = pt.ones((n_parameters, n_flows))
    own = np.zeros((n_parameters, n_flows))
    origin = spec.prior_values("centre")
    for drive, plan in spec.designs.items():
        at = np.flatnonzero(spec.structure.driven(drive))
        centre, sd = _drive(spec, drive, plan)
        kept = plan.kept[:, :, -1]
        location = location[:, at].set(centre) if len(at) < n_flows else centre
        spread = (
            spread[:, at].set(pt.where(kept, sd, 1.0))
            if len(at) < n_flows
            else pt.where(kept, sd, 1.0)
        )
        own[:, at] = kept
    value = origin + partly_centred(
        f"{names.FLOW}_{names.EFFECT}",
        location - origin,
        spread,
        given["sharpness"] * own,
        dims=(names.PARAMETER, names.FLOW),
    )
    value = pt.where(own > 0, value, location)
    return {parameter: value[i] for i, parameter in enumerate(names.PARAMETERS)}


def _drive(
    spec: ModelSpec, drive: Drive, plan: PoolingDesign
) -> tuple[TensorVariable, TensorVariable]:
    """Declare the hierarchy of one drive: location and own spread, (parameter, flow) each."""
    before = prefix(drive)
    priors = [spec.priors[prior_key(drive, parameter)] for parameter in plan.parameters]
    centre, doubt, spread = (
        np.array([getattr(prior, name) for prior in priors])
        for name in ("centre", "doubt", "spread")
    )
    mean = pm.Normal(f"{before}{names.MEAN}", centre, doubt, dims=names.PARAMETER)
    scale = half_normal(f"{before}{names.SCALE}", spread, dims=names.PARAMETER)
    pooled = np.array([bool(spec.pooling[parameter]) for parameter in plan.parameters])
    scale = pt.where(pooled, scale, np.hypot(doubt, spread))[:, None]
    size = _effect_sizes(plan, before)
    centre = pt.where(pooled, mean, centre)[:, None]
    location = centre + scale * _group_deviation(plan, size, before)
    return location, scale * size[:, :, -1]


def partly_centred(
    name: str,
    location: TensorVariable | float,
    spread: TensorVariable,
    sharpness: TensorVariable | float,
    *,
    dims: tuple[str, ...],
) -> TensorVariable:
    """Give normal unknowns by way of others, which mix whatever the spread and the data say.

    Data that tell the value x with precision ``sharpness²`` leave its deviation z from the
    location, in units of the spread, with variance ``1/g²``, ``g² = 1 + (spread · sharpness)²``.
    What is sampled is ``g z + (spread · sharpness² / g) location``: in the posterior it has
    variance 1 and hangs neither on the spread nor on the location. It is z where the spread is
    small or the data are few, and x where both are not; x is normal with this location and spread
    in any case.
    """
    told = spread * sharpness
    stretch = pt.sqrt(1 + told**2)
    raw = pm.Normal(name, told * sharpness / stretch * location, stretch, dims=dims)
    return location / stretch**2 + spread / stretch * raw


def _effect_sizes(plan: PoolingDesign, before: str) -> TensorVariable:
    """Share the variance 1 out over the levels: each effect's sd, (parameter, flow, level)."""
    share = pm.Dirichlet(
        f"{before}{names.SHARE}",
        np.full((len(plan.parameters), len(plan.levels)), _CONCENTRATION),
        dims=(names.PARAMETER, names.LEVEL),
    )
    enters = plan.routes.any(axis=2)
    variance = (plan.routes * share[:, None, :, None]).sum(axis=2)
    return pt.sqrt(pt.where(enters, variance, 1.0)) * enters


def _group_deviation(plan: PoolingDesign, size: TensorVariable, before: str) -> TensorVariable:
    """Sum the effects of the groups that a flow belongs to: (parameter, flow)."""
    total = pt.zeros(plan.kept.shape[:2])
    for position, level in enumerate(plan.levels[:-1]):
        if level not in plan.by_level:
            continue
        groups = plan.by_level[level]
        n = len(groups.groups)
        effect = pm.ZeroSumNormal(
            f"{before}{level}_{names.EFFECT}",
            sigma=np.sqrt(n / (n - 1)),
            dims=(names.PARAMETER, f"{before}{level}_group"),
        )
        total = total + size[:, :, position] * effect[:, groups.index]
    return total
