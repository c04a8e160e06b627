"""Check a fit and its bands against the limits that publication needs."""

from typing import Final

import numpy as np
import pandas as pd

from mppbayes.diagnostics.verdicts import Verdict, Verdicts
from mppbayes.inference import PUBLICATION, Fit, Limits, convergence, divergences
from mppbayes.prediction import Bands

MONTE_CARLO: Final = "Monte Carlo error"
_MCSE_PER_SD = 0.05
_LONGER = "sample longer (max_minutes), or simplify what is pooled"


def diagnose(fit: Fit, bands: Bands | None = None, *, limits: Limits = PUBLICATION) -> Verdicts:
    """Check whether the chains converged and whether the bands are precise.

    Parameters
    ----------
    fit : Fit
        The posterior.
    bands : Bands, optional
        The figures to be published.
    limits : Limits
        What every parameter must satisfy.

    Returns
    -------
    Verdicts
        One verdict a check; :meth:`Verdicts.require` raises if one failed.
    """
    table = convergence(fit.tree)
    verdicts = [
        _below("R-hat", table["rhat"], limits.rhat, _LONGER),
        _at_least("bulk effective sample size", table["ess_bulk"], limits.ess, _LONGER),
        _at_least("tail effective sample size", table["ess_tail"], limits.ess, _LONGER),
        _divergences(divergences(fit.tree), limits.divergences),
    ]
    if bands is not None:
        verdicts.append(_precision(bands))
    return Verdicts(tuple(verdicts))


def _below(check: str, values: pd.Series, limit: float, remedy: str) -> Verdict:
    worst = str(values.fillna(np.inf).idxmax())
    statement = f"the largest is {values[worst]:.4f} ({worst}); it must be below {limit:g}"
    return Verdict(check, bool((values < limit).all()), statement, values.to_frame(), remedy)


def _at_least(check: str, values: pd.Series, limit: float, remedy: str) -> Verdict:
    worst = str(values.fillna(-np.inf).idxmin())
    statement = f"the smallest is {values[worst]:.0f} ({worst}); it must be {limit:g} or more"
    return Verdict(check, bool((values >= limit).all()), statement, values.to_frame(), remedy)


def _divergences(found: int, limit: int) -> Verdict:
    return Verdict(
        "divergences",
        found <= limit,
        f"{found} transitions diverged; at most {limit} may",
        pd.DataFrame({"divergences": [found]}),
        "raise target_accept, or look at the prior of the parameters that they cluster in",
    )


def _precision(bands: Bands) -> Verdict:
    """Compare every figure's Monte Carlo error with its predictive standard deviation."""
    figures = bands.to_frame()
    keys = ["quantity", "kind", "unit"]
    ratio = pd.Series(0.0, index=figures.index, name="mcse_per_sd")
    for key, rows in figures.groupby(keys, sort=False):
        quantity, kind, unit = map(str, key)
        draws = bands.draws(quantity, kind=kind, unit=unit)
        spread = draws.std(("chain", "draw")).to_series()[rows["period"]].to_numpy()
        ratio[rows.index] = rows["mcse"] / np.where(spread > 0, spread, 1.0)
    table = figures[["quantity", "period", "band", "value", "mcse"]].assign(mcse_per_sd=ratio)
    at = int(ratio.argmax())
    worst = table.iloc[at]
    return Verdict(
        MONTE_CARLO,
        bool(ratio.max() <= _MCSE_PER_SD),
        f"the largest is {worst['mcse_per_sd']:.3f} predictive sd ({worst['quantity']}, "
        f"{worst['period']}, {worst['band']}); at most {_MCSE_PER_SD:g} may be",
        table,
        "draw more futures (forecast(..., futures=...)), or sample longer",
    )
