"""The law of a period's shocks as a PyMC variable: correlated, all calm or all in crisis."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from mppbayes.model.priors import CrisisShock


def shock_law(
    name: str,
    law: CrisisShock,
    n_groups: int,
    unit: TensorVariable,
    correlation: TensorVariable,
    dims: tuple[str, str],
) -> TensorVariable:
    """Declare the shocks of every period; those of one period are calm or in crisis together.

    Parameters
    ----------
    name : str
        Of the variable.
    law : CrisisShock
        The chance of a crisis, and the two standard deviations.
    n_groups : int
        How many shocks a period has.
    unit : scalar
        The shocks' own standard deviation, in the units in which they are sampled.
    correlation : scalar
        Between any two of a period, given its state.
    dims : (str, str)
        Of time and of the groups.

    Returns
    -------
    TensorVariable, (time, group)

    Notes
    -----
    With n groups the correlation matrix is ``(1 − ρ) I + ρ J``, whose determinant is
    ``(1 − ρ)ⁿ⁻¹ (1 + (n − 1) ρ)`` and whose inverse is
    ``(I − ρ J / (1 + (n − 1) ρ)) / (1 − ρ)``.
    """
    weights, scales = np.array(law.weights), np.array(law.scales)

    def logp(
        value: TensorVariable, centre: TensorVariable, unit: TensorVariable, rho: TensorVariable
    ) -> TensorVariable:
        x = (value - centre) / unit
        together = 1 + (n_groups - 1) * rho
        square = pt.square(x).sum(axis=-1) - rho / together * pt.square(x.sum(axis=-1))
        log_determinant = (n_groups - 1) * pt.log1p(-rho) + pt.log(together)
        quadratic = (square / (1 - rho))[..., None]
        of_state = np.log(weights) - n_groups * np.log(scales) - quadratic / (2 * scales**2)
        constant = n_groups * (pt.log(unit) + np.log(2 * np.pi) / 2) + log_determinant / 2
        return pt.logsumexp(of_state, axis=-1) - constant

    def dist(
        centre: TensorVariable, unit: TensorVariable, rho: TensorVariable, size: TensorVariable
    ) -> TensorVariable:
        crisis = pm.Bernoulli.dist(weights[1], size=size)[..., None]
        chain = pm.Normal.dist(pt.zeros_like(crisis))
        apart = pm.Normal.dist(pt.zeros_like(crisis) + centre)
        mixed: TensorVariable = pt.sqrt(rho) * chain + pt.sqrt(1 - rho) * apart
        return centre + unit * pt.where(crisis, scales[1], scales[0]) * mixed

    return pm.CustomDist(
        name,
        np.zeros(n_groups),
        unit,
        correlation,
        logp=logp,
        dist=dist,
        signature="(group),(),()->(group)",
        dims=dims,
    )
