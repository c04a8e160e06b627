"""How far unknowns are sampled centred: this steers the sampler, and not the posterior.

An unknown that the evidence tells much about is sampled as it is, one of which it tells little as
a deviation in units of its prior's spread, others as a blend of the two. The constants were found
by trial.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mppbayes import names
from mppbayes.model.layout import Layout
from mppbayes.model.specification import ModelSpec

type Floats = NDArray[np.float64]

_WORTH: Final = {  # so many figures are worth the prior; what is left out, one flow tells little of
    names.ADAPTATION: 24,
    names.DISPERSION: 24,
    names.SHOCK_LOADING: 200,
}
_YEARS_WORTH = 20.0  # years of evidence worth the prior of the long-run level, which they move
_YEARS_WORTH_DRIVEN = 6.0  # of a flow that something drives: it moves less
_SEASON_WORTH = 60
_CALM_SHOCK = 0.3  # the centring of the shock of a period without a common movement
_HALF_CRISIS_AT = 3.0  # standard deviations of the common movement
_FEW = 12  # movements of a flow whose size is not known
_MOST = 4.0  # standard deviations of a flow's movement that count


def sharpness(known: Layout, spec: ModelSpec) -> Floats:
    """Say how sharply a flow's figures tell its parameters, (parameter, flow).

    It is the inverse of the standard deviation that the figures alone would leave.
    """
    worth = np.array([_WORTH.get(parameter, np.inf) for parameter in names.PARAMETERS])
    prior_worths = _figures(known, longest=np.inf) / worth[:, None]
    exogenous = known.structure.driven("exogenous")
    prior_worths[names.PARAMETERS.index(names.MEAN_LEVEL)] = _years(known) / np.where(
        exogenous, _YEARS_WORTH, _YEARS_WORTH_DRIVEN
    )
    return np.asarray(np.sqrt(prior_worths) / spec.prior_values("spread"))


def season_sharpness(known: Layout, spec: ModelSpec) -> Floats:
    """Say how sharply a flow's figures tell its seasonal waves, (flow,)."""
    typical = spec.prior_values("centre")[names.PARAMETERS.index(names.SEASONAL_AMPLITUDE)]
    figures = _figures(known, longest=spec.network.periods_per_year / 2)
    return np.asarray(np.sqrt(figures / _SEASON_WORTH) / np.exp(typical))


def _years(known: Layout) -> Floats:
    """Count the years of which figures of a flow, or of a stock that it changes, tell: (flow,)."""
    told = known.windows.seen | known.windows.row
    n_periods = np.where(told, known.windows.length, 0).sum(axis=0)
    return np.asarray(n_periods / known.network.periods_per_year)


def _figures(known: Layout, *, longest: float) -> Floats:
    """Count the figures of flows; one over n periods counts for 1/n, (flow,)."""
    windows = known.windows
    counted = windows.seen & (windows.length <= longest)
    return np.asarray(np.where(counted, 1 / windows.length, 0.0).sum(axis=0))


def shock_weights(known: Layout) -> Floats:
    """Say by flow how much its figures tell of the common shock; they sum to 1: (flow,)."""
    told = known.windows.single.sum(axis=0).astype(float)
    if not told.any():
        told = np.ones_like(told)
    return np.asarray(told / told.sum())


def shock_centring(known: Layout) -> Floats:
    """Say by period how far the figures outweigh the prior of the common shock, (time,).

    In a crisis they tell what the flows feel, which is the shock times its loadings; in a calm
    period the prior of the shock weighs more, and where nothing was seen it is all there is.
    """
    movement = _common_movement(known) ** 2
    crisis = movement / (movement + _HALF_CRISIS_AT**2)
    seen = known.windows.inside.any(axis=1)
    return np.where(seen, _CALM_SHOCK + (1 - _CALM_SHOCK) * crisis, 0.0)


def _common_movement(known: Layout) -> Floats:
    """Measure how far the flows moved together since the period before, in standard deviations."""
    seen = known.windows.single
    counts = np.where(seen, np.log1p(known.windows.value), np.nan)
    moved = np.diff(counts, axis=0, prepend=np.nan)
    moved = moved[:, np.isfinite(moved).sum(axis=0) >= _FEW]
    size = 1.4826 * np.nanmedian(np.abs(moved), axis=0) if moved.size else np.ones(0)
    moved = np.clip(moved[:, size > 0] / size[size > 0], -_MOST, _MOST)
    flows = np.maximum(np.isfinite(moved).sum(axis=1), 1)
    return np.asarray(np.nansum(moved, axis=1) / np.sqrt(flows))
