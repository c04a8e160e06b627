"""Whether Markov chains have converged: R-hat, effective sample size, divergences."""

from dataclasses import dataclass

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr

from mppbayes.names import CHAIN, DRAW, POSTERIOR, SAMPLE_STATS


@dataclass(frozen=True)
class Limits:
    """What every parameter must satisfy.

    Attributes
    ----------
    rhat : float
        Rank-normalised split R-hat must be below.
    ess : float
        Bulk and tail effective sample size must be at least.
    divergences : int
        At most so many transitions may diverge.
    """

    rhat: float = 1.01
    ess: float = 400
    divergences: int = 0


PUBLICATION = Limits()


def convergence(tree: xr.DataTree) -> pd.DataFrame:
    """Summarise every variable of a posterior by its worst element.

    Parameters
    ----------
    tree : DataTree
        With a group ``posterior`` over (chain, draw, …).

    Returns
    -------
    DataFrame
        By variable: ``rhat``, ``ess_bulk``, ``ess_tail`` and the ``worst`` element's label.
    """
    posterior = tree[POSTERIOR].to_dataset()
    rhat = az.rhat(posterior)
    bulk = az.ess(posterior, method="bulk")
    tail = az.ess(posterior, method="tail")
    rows = {
        str(name): {
            "rhat": float(rhat[name].max()),
            "ess_bulk": float(bulk[name].min()),
            "ess_tail": float(tail[name].min()),
            "worst": _label(bulk[name]),
        }
        for name in posterior.data_vars
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("variable")


def divergences(tree: xr.DataTree) -> int:
    """Count the transitions that diverged."""
    return int(tree[SAMPLE_STATS]["diverging"].sum())


def converged(tree: xr.DataTree, limits: Limits) -> bool:
    """Say whether every limit holds."""
    if min(tree[POSTERIOR].sizes[dim] for dim in (CHAIN, DRAW)) < 2:
        return False
    table = convergence(tree)
    return bool(
        divergences(tree) <= limits.divergences
        and (table["rhat"] < limits.rhat).all()
        and (table[["ess_bulk", "ess_tail"]] >= limits.ess).all(axis=None)
    )


def _label(array: xr.DataArray) -> str:
    if not array.ndim:
        return ""
    at = np.unravel_index(int(np.argmin(array.values)), array.shape)
    return ", ".join(str(array[dim].values[i]) for dim, i in zip(array.dims, at, strict=True))
