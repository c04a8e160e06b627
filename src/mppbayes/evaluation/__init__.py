"""Evaluation: scores, calibration and residuals against what came."""

from mppbayes.evaluation.backtesting import Backtest, backtest
from mppbayes.evaluation.baselines import BASELINES
from mppbayes.evaluation.calibration import coverage, exceedance_calibration, reliability
from mppbayes.evaluation.calibrationtables import (
    calibration_table,
    coverage_table,
    pit_table,
    reliability_table,
)
from mppbayes.evaluation.cells import n_missing
from mppbayes.evaluation.checks import adequacy
from mppbayes.evaluation.comparison import compare
from mppbayes.evaluation.multivariate import energy_score, variogram_score
from mppbayes.evaluation.pit import pit_histogram, randomised_pit
from mppbayes.evaluation.residuals import one_step_residuals
from mppbayes.evaluation.scores import (
    absolute_error,
    crps,
    interval_score,
    log_crps,
    log_score,
    quantile_score,
    squared_error,
    upper_tail_crps,
    weighted_interval_score,
)
from mppbayes.evaluation.scoretable import scores_table

__all__ = [
    "BASELINES",
    "Backtest",
    "absolute_error",
    "adequacy",
    "backtest",
    "calibration_table",
    "compare",
    "coverage",
    "coverage_table",
    "crps",
    "energy_score",
    "exceedance_calibration",
    "interval_score",
    "log_crps",
    "log_score",
    "n_missing",
    "one_step_residuals",
    "pit_histogram",
    "pit_table",
    "quantile_score",
    "randomised_pit",
    "reliability",
    "reliability_table",
    "scores_table",
    "squared_error",
    "upper_tail_crps",
    "variogram_score",
    "weighted_interval_score",
]
