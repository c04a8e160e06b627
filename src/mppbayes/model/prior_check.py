"""What the prior says of counts, before any is seen."""

import pymc as pm
import xarray as xr

from mppbayes import names
from mppbayes.model.arrays import arrays
from mppbayes.model.dynamics import require_dynamics
from mppbayes.model.graph import build, stored
from mppbayes.model.layout import Layout
from mppbayes.model.replay import FlowDraws
from mppbayes.model.resolution import resolve
from mppbayes.model.simulation import simulate_draws
from mppbayes.model.specification import ModelSpec
from mppbayes.panel import Panel


def prior_predictive(
    spec: ModelSpec, panel: Panel, *, draws: int = 1000, seed: int = 0
) -> xr.Dataset:
    """Draw counts from the prior over the span of the evidence.

    Parameters
    ----------
    spec : ModelSpec
        The specification; what it leaves to the evidence is resolved from ``panel``.
    panel : Panel
        Gives the span, and the history to compare with.
    draws : int
        How many.
    seed : int
        Of the draws.

    Returns
    -------
    Dataset
        ``flows`` (chain, draw, time, flow), one chain, and the parameters they were drawn with;
        ``time`` holds first days.

    Raises
    ------
    NotYetError
        If the network or the evidence needs dynamics that the model does not have.
    SpecError
        If no flow has evidence, or the panel is of another network.
    """
    require_dynamics(spec.network, panel)
    resolved, layout = resolve(spec, panel), Layout.of(panel)
    model = build(resolved, layout, arrays(resolved, layout, panel))
    variables = stored(model)
    drawn = pm.draw([model[name] for name in variables], draws=draws, random_seed=seed)
    values = [value[None] if draws == 1 else value for value in drawn]
    prior = xr.Dataset(
        {
            name: ((names.CHAIN, names.DRAW, *model.named_vars_to_dims[name]), value[None])
            for name, value in zip(variables, values, strict=True)
        },
        coords={dim: list(labels) for dim, labels in model.coords.items() if labels is not None},
    )
    counts = simulate_draws(resolved, FlowDraws.of(resolved, prior), layout.time, seed=seed).counts
    flows = ((names.CHAIN, names.DRAW, names.TIME, names.FLOW), counts[None])
    return prior.assign(flows=flows).assign_coords({names.TIME: layout.time})
