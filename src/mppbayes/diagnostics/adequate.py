"""Verdicts on adequacy: whether the model describes the past from one period to the next."""

from typing import Final

import pandas as pd

from mppbayes.diagnostics.verdicts import Verdict, Verdicts
from mppbayes.evaluation import adequacy, one_step_residuals
from mppbayes.inference import Fit

_REMEDIES: Final = {
    "level": "look for a change in how the flow is counted, or widen the prior of its mean level",
    "variance": "widen the prior of the dispersion, or let it differ more between flows",
    "autocorrelation": "widen the prior of the adaptation, or let it differ more between flows",
    "seasonal autocorrelation": "allow more harmonics, or look for a pattern that has changed",
    "correlation across flows": "widen the prior of the shock's loading, or split what is one flow",
    "zeros": "look for periods in which nothing was counted, and leave those empty",
    "extremes": "look up what happened then; a single event may be a fault of the table",
    "tails": "widen the prior of the dispersion, or raise the chance or the scale of a crisis",
}


def check_adequacy(fit: Fit, *, seed: int = 0, error: float = 0.05) -> Verdicts:
    """Check whether the model describes each flow's past, one period ahead.

    These verdicts do not withhold figures: a forecast's band may be right where a flow's month is
    not, and the other way round. They say where the model is weak.

    Parameters
    ----------
    fit : Fit
        The posterior.
    seed : int
        Of the randomised residuals, see :func:`~mppbayes.evaluation.one_step_residuals`.
    error : float
        The chance that an adequate model fails any verdict.

    Returns
    -------
    Verdicts
        One a check of :func:`~mppbayes.evaluation.adequacy`, over all flows; the table of each
        has a row a flow.
    """
    table = adequacy(
        one_step_residuals(fit, seed=seed), season=fit.network.periods_per_year, error=error
    )
    return Verdicts(
        tuple(_verdict(str(check), flows) for check, flows in table.groupby("check", sort=False))
    )


def _verdict(check: str, flows: pd.DataFrame) -> Verdict:
    judged = flows[flows["p_value"].notna()]
    failed = judged[~judged["passed"]].sort_values("p_value")
    if failed.empty:
        statement = f"none of {len(judged)} flows deviates from what the model expects"
    else:
        described = [
            f"{row.flow} ({row.found:.2f}, expected {row.expected:.2f})"
            for row in failed.itertuples()
        ]
        statement = f"{len(failed)} of {len(judged)} flows deviate: {', '.join(described)}"
    columns = ["flow", "n", "found", "expected", "p_value", "passed"]
    table = flows[columns].set_index("flow")
    return Verdict(f"residuals: {check}", failed.empty, statement, table, _REMEDIES[check])
