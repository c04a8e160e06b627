"""Half-normal unknowns, so that a sampler meets no wall on either side."""

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform
from pytensor.tensor import TensorVariable


class InScales(Transform):  # type: ignore[misc]
    """Sample log(exp(x/σ) − 1): of a small x the logarithm, of a large one x itself, in scales.

    On the logarithm alone a half-normal ends above in exp(−exp(2 log x)/2): where the evidence
    lets x be next to nothing, a long step from there runs into that wall.
    """

    name = "in_scales"
    ndim_supp = 0

    def backward(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        """Give x."""
        return inputs[-1] * pt.softplus(value)

    def forward(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        """Give what is sampled."""
        scaled = value / inputs[-1]
        return scaled + pt.log(-pt.expm1(-scaled))

    def log_jac_det(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        """Give the log of the derivative of x."""
        return pt.log(inputs[-1]) - pt.softplus(-value)


def half_normal(name: str, scale: float | np.ndarray, *, dims: str) -> TensorVariable:
    """Declare a half-normal unknown.

    Parameters
    ----------
    name : str
        Its name.
    scale : float or array
        Its standard deviation before folding.
    dims : str
        The dimension that it lies along.
    """
    return pm.HalfNormal(name, scale, dims=dims, default_transform=InScales())
