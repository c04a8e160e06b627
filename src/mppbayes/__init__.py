"""Multi-year forecasts for chains of organisations, in exceedance-probability bands.

The stages are frozen, and each verb gives the next one: network → panel → specification → fit →
forecast → bands. Names are loaded on first use, so that importing the package is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "diagnostics": ("Verdict", "Verdicts", "check_adequacy", "diagnose"),
    "errors": (
        "AggregationError",
        "FaultsError",
        "GateError",
        "LabelError",
        "MppbayesError",
        "NetworkError",
        "NotYetError",
        "PanelError",
        "SamplingError",
        "ScenarioError",
        "SpecError",
        "StorageError",
    ),
    "evaluation": (
        "Backtest",
        "adequacy",
        "backtest",
        "calibration_table",
        "compare",
        "coverage_table",
        "one_step_residuals",
        "pit_table",
        "reliability_table",
        "scores_table",
    ),
    "inference": (
        "Fit",
        "Limits",
        "Sampler",
        "compile_model",
        "convergence",
        "fit",
        "load_fit",
        "past_effects",
    ),
    "model": (
        "CrisisShock",
        "ModelSpec",
        "PastMeasure",
        "Prior",
        "prior_predictive",
        "resolve",
        "simulate",
    ),
    "network": (
        "Block",
        "Delay",
        "DelayPrior",
        "Flow",
        "Initial",
        "Network",
        "Organisation",
        "Route",
        "Stay",
        "Stock",
        "Sum",
        "Title",
    ),
    "panel": (
        "Panel",
        "public_figures",
        "published_other",
        "published_outcomes",
        "published_ranges",
        "read_panel",
    ),
    "plotting": (
        "plot_backtest",
        "plot_calibration",
        "plot_coherent",
        "plot_contrast",
        "plot_costs",
        "plot_exceedance",
        "plot_fan",
        "plot_network",
        "plot_plans",
        "plot_stock",
    ),
    "prediction": (
        "MPP",
        "Band",
        "BandScheme",
        "Bands",
        "Capacity",
        "Coherent",
        "Contrast",
        "Forecast",
        "GivenFuture",
        "Measure",
        "Plans",
        "Scenario",
        "attribution",
        "banded",
        "bands",
        "coherent",
        "compare_plans",
        "contrast",
        "crossing",
        "exceeded_anywhere",
        "forecast",
        "paths",
        "peak",
        "periods_above",
        "shortage",
        "simultaneous",
    ),
    "reporting": ("report",),
}
_ROOM_OF = {name: room for room, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_ROOM_OF)]

if TYPE_CHECKING:
    from mppbayes.diagnostics import *
    from mppbayes.errors import *
    from mppbayes.evaluation import *
    from mppbayes.inference import *
    from mppbayes.model import *
    from mppbayes.network import *
    from mppbayes.panel import *
    from mppbayes.plotting import *
    from mppbayes.prediction import *
    from mppbayes.reporting import *


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_ROOM_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
