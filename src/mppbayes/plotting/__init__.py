"""Figures of networks, and of bands with the numbers' own probabilities beside them."""

from mppbayes.plotting.backtests import plot_backtest
from mppbayes.plotting.calibration import plot_calibration
from mppbayes.plotting.contrasts import plot_contrast
from mppbayes.plotting.costs import plot_costs
from mppbayes.plotting.diagram import plot_network
from mppbayes.plotting.exceedance import describe_exceedance, plot_exceedance
from mppbayes.plotting.fan import describe_fan, plot_fan, plot_fans
from mppbayes.plotting.plans import plot_plans
from mppbayes.plotting.scenarios import plot_coherent
from mppbayes.plotting.stock import describe_stock, plot_stock

__all__ = [
    "describe_exceedance",
    "describe_fan",
    "describe_stock",
    "plot_backtest",
    "plot_calibration",
    "plot_coherent",
    "plot_contrast",
    "plot_costs",
    "plot_exceedance",
    "plot_fan",
    "plot_fans",
    "plot_network",
    "plot_plans",
    "plot_stock",
]
