"""How far unknowns are sampled centred: this steers the sampler, and not the posterior.

An unknown that the evidence tells much about is sampled as it is (a centring of 1), one of which
it tells little as a deviation in units of its prior's spread (0), others as a blend of the two.
The constants were found by trial.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mppbayes import names
from mppbayes.model.layout import Layout

type Floats = NDArray[np.float64]

_HALF_CENTRED_AT: Final = {  # so many figures; what is left out is informed little by one flow's
    names.ADAPTATION: 24,
    names.DISPERSION: 24,
    names.SEASONAL_WAVE: 60,
    names.SHOCK_LOADING: 200,
}
_CALM_SHOCK = 0.3  # the centring of the shock of a period without a common movement
_HALF_CRISIS_AT = 3.0  # standard deviations of the common movement
_FEW = 12  # movements of a flow whose size is not known
_MOST = 4.0  # standard deviations of a flow's movement that count


def flow_centring(known: Layout, unknown: str) -> Floats:
    """Say by flow how far its figures outweigh the prior of an unknown, (flow,)."""
    n_seen = known.windows.seen.sum(axis=0)
    return np.asarray(n_seen / (n_seen + _HALF_CENTRED_AT.get(unknown, np.inf)))


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
