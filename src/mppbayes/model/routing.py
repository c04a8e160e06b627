"""What routed flows are counted over: their sources, delayed, as far as the figures tell."""

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from mppbayes import names
from mppbayes.model.delays import delay_weights, longest, nominal_weights
from mppbayes.model.passage import HALF
from mppbayes.model.resolution import nominal_shares
from mppbayes.model.specification import ModelSpec
from mppbayes.model.structure import Structure
from mppbayes.network import Flow, Route


def doubted(structure: Structure) -> list[str]:
    """Name the routes whose delay is in doubt."""
    return [name for name, route in structure.routes if route.delay_prior is not None]


def exposures(spec: ModelSpec, given: dict[str, TensorVariable]) -> TensorVariable | None:
    """Declare delays and shares of routes; give what each flow is counted over.

    Returns
    -------
    (time, flow), or None
        1 for a flow that is not routed; None if all are exogenous. Sources are renormalised
        over the periods in which they are known.
    """
    structure = spec.structure
    if not structure.routes:
        return given.get("exposure")
    weights = _all_weights(structure)[:, None, :]
    known = pt.maximum((given["known_source"] * weights).sum(axis=-1), 1e-6)
    share = _shares(structure)[:, None]
    delayed = share * (given["lagged_source"] * weights).sum(axis=-1) / known
    floor = np.where(structure.driven("routed"), HALF, 1.0)
    return given["exposure"] * floor + delayed.T @ structure.routed


def _all_weights(structure: Structure) -> TensorVariable:
    """Give the weights of all routes, (route, lag); the delays in doubt are declared."""
    most = structure.longest_lag
    weights = np.stack(
        [
            np.pad(nominal_weights(route), (0, most - longest(route)))
            for _, route in structure.routes
        ]
    )
    at = [i for i, (_, route) in enumerate(structure.routes) if route.delay_prior is not None]
    if not at:
        return pt.as_tensor(weights)
    unsure = [structure.routes[i][1] for i in at]
    mean, sd = _delays(unsure)
    found = doubted_weights(mean[:, None], sd[:, None], unsure, most, pt)
    return pt.as_tensor(weights)[np.array(at)].set(found)


def doubted_weights(mean: Any, sd: Any, routes: list[Route], most: int, xp: Any) -> Any:
    """Give the weights of delays in doubt, each cut at its own longest lag: (…, lag)."""
    cut = np.array([np.arange(most + 1) <= longest(route) for route in routes], dtype=float)
    spread = delay_weights(mean, sd, most, xp) * cut
    return spread / spread.sum(axis=-1, keepdims=True)


def _delays(routes: list[Route]) -> tuple[TensorVariable, TensorVariable]:
    """Declare the mean and the sd of delays that are in doubt: log-normal, (route,) each."""
    declared = np.array([(r.delay.mean, r.delay.sd) for r in routes if r.delay]).T
    doubt = np.array(
        [(r.delay_prior.mean_sd, r.delay_prior.sd_sd) for r in routes if r.delay_prior]
    ).T
    spread = np.sqrt(np.log1p((doubt / declared) ** 2))
    deviation = pm.Normal("delay_deviation", 0, 1, dims=("delay_moment", names.ROUTE))
    moments = declared * pt.exp(spread * deviation - spread**2 / 2)
    return (
        pm.Deterministic(names.DELAY_MEAN, moments[0], dims=names.ROUTE),
        pm.Deterministic(names.DELAY_SD, moments[1], dims=names.ROUTE),
    )


def _shares(structure: Structure) -> TensorVariable:
    """Give the share of each route among those of its flow: as declared, else unknown."""
    shares = []
    for flow in structure.flows:
        if not flow.routes:
            continue
        if shares_known(flow):
            shares.append(pt.as_tensor(nominal_shares(flow.routes)))
        else:
            shares.append(
                pm.Dirichlet(
                    f"{flow.name}_{names.ROUTE_SHARE}",
                    np.ones(len(flow.routes)),
                    dims=f"{flow.name}_{names.ROUTE}",
                )
            )
    return pt.concatenate(shares)


def shares_known(flow: Flow) -> bool:
    """Say whether the shares of a flow's routes need not be estimated."""
    return len(flow.routes) == 1 or flow.routes[0].weight is not None
