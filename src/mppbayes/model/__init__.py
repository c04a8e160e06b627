"""The model: its specification, its step, pooling, and the PyMC graph.

The graph is loaded on first use, so that a specification can be read without PyMC.
"""

from typing import TYPE_CHECKING, Any

from mppbayes.model.introduced import PastMeasure
from mppbayes.model.priors import CrisisShock, Prior
from mppbayes.model.resolution import resolve
from mppbayes.model.specification import ModelSpec

if TYPE_CHECKING:
    from mppbayes.model.prior_check import prior_predictive
    from mppbayes.model.truth import simulate

__all__ = [
    "CrisisShock",
    "ModelSpec",
    "PastMeasure",
    "Prior",
    "prior_predictive",
    "resolve",
    "simulate",
]

_LATER = {"prior_predictive": "prior_check", "simulate": "truth"}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module(f"mppbayes.model.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
