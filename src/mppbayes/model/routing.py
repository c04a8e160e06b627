"""What routed flows are counted over: their sources, delayed, as far as the figures tell."""

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.tensor import TensorVariable

from mppbayes import names
from mppbayes.model.delays import (
    delay_weights,
    longest,
    nominal_shares,
    nominal_weights,
    renormalised,
)
from mppbayes.model.layout import Layout
from mppbayes.model.positive import HALF
from mppbayes.model.specification import ModelSpec
from mppbayes.model.structure import Structure
from mppbayes.model.windows import delayed, lagged, source_of
from mppbayes.network import Flow, Route


def doubted(structure: Structure) -> list[str]:
    """Name the routes whose delay is in doubt."""
    return [structure.routes[i][0] for i in _doubted_at(structure)]


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
    arriving = given["delayed_source"]
    if at := _doubted_at(structure):
        arriving = arriving[np.array(at)].set(_delayed_in_doubt(structure, given))
    arriving = _shares(structure)[:, None] * arriving
    floor = np.where(structure.driven("routed"), HALF, 1.0)
    return given["exposure"] * floor + arriving.T @ structure.routed


def route_arrays(known: Layout) -> dict[str, NDArray[np.float64]]:
    """Give the sources of routes: delayed as declared, and what a doubt about it needs.

    Returns
    -------
    dict of str to array
        ``delayed_source`` (route, time); of the routes whose delay is in doubt, ``lagged_source``
        (route, time, lag) and ``known_source`` of the same shape, 1 where the source is known.
    """
    structure = known.structure
    if not structure.routes:
        return {}
    sources = [
        source_of(known.windows.history, structure.combination(route.source))
        for _, route in structure.routes
    ]
    spread = [
        delayed(source, nominal_weights(route))
        for source, (_, route) in zip(sources, structure.routes, strict=True)
    ]
    found = {"delayed_source": np.stack([renormalised(came, of, np) for came, of in spread])}
    if at := _doubted_at(structure):
        most = structure.longest_lag
        found["lagged_source"] = np.stack([lagged(np.nan_to_num(sources[i]), most) for i in at])
        found["known_source"] = np.stack([lagged(~np.isnan(sources[i]), most) for i in at])
    return found


def _doubted_at(structure: Structure) -> list[int]:
    return [i for i, (_, route) in enumerate(structure.routes) if route.delay_prior is not None]


def _delayed_in_doubt(structure: Structure, given: dict[str, TensorVariable]) -> TensorVariable:
    """Declare the delays that are in doubt, and delay their sources: (route, time)."""
    unsure = [structure.routes[i][1] for i in _doubted_at(structure)]
    mean, sd = _delays(unsure)
    weights = doubted_weights(mean[:, None], sd[:, None], unsure, structure.longest_lag, pt)
    before, seen = (
        pt.matmul(given[name], weights[..., None])[..., 0]
        for name in ("lagged_source", "known_source")
    )
    return renormalised(before, seen, pt)


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
