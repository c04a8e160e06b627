"""Inference: from a specification and a panel to a posterior."""

from mppbayes.inference.convergence import PUBLICATION, Limits, converged, convergence, divergences
from mppbayes.inference.fitting import Compiled, compile_model, fit
from mppbayes.inference.past_effects import past_effects
from mppbayes.inference.progress import following
from mppbayes.inference.result import Fit, load_fit
from mppbayes.inference.samplers import Sampler

__all__ = [
    "PUBLICATION",
    "Compiled",
    "Fit",
    "Limits",
    "Sampler",
    "compile_model",
    "converged",
    "convergence",
    "divergences",
    "fit",
    "following",
    "load_fit",
    "past_effects",
]
