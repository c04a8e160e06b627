"""The model: its specification, its step, pooling, and the PyMC graph.

The graph is loaded on first use, so that a specification can be read without PyMC.
"""

from typing import TYPE_CHECKING, Any

from mppbayes.model.priors import CrisisShock, Prior
from mppbayes.model.specification import ModelSpec, resolve

if TYPE_CHECKING:
    from mppbayes.model.prior_check import prior_predictive

__all__ = ["CrisisShock", "ModelSpec", "Prior", "prior_predictive", "resolve"]


def __getattr__(name: str) -> Any:
    if name == "prior_predictive":
        from importlib import import_module

        return import_module("mppbayes.model.prior_check").prior_predictive
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
