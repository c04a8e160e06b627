"""Delays: how the events of a period are spread over the periods after it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gamma

from mppbayes.network import Route

_CUT = 0.995
_FINE = 8  # points a period
_LEAST = 1e-6  # of a delay's weight on known periods
_PAST = (np.arange(_FINE) + 0.5) / _FINE  # where they lie in it


def longest(route: Route) -> int:
    """Give the number of periods after which a route's delay is cut, its doubt allowed for."""
    if route.delay is None or route.delay.mean == 0:
        return 0
    mean, sd = route.delay.mean, route.delay.sd
    if route.delay_prior is not None:
        mean, sd = mean + 2 * route.delay_prior.mean_sd, sd + 2 * route.delay_prior.sd_sd
    if sd == 0:
        return int(np.ceil(mean))
    return int(np.ceil(gamma.ppf(_CUT, (mean / sd) ** 2, scale=sd**2 / mean))) + 1


def renormalised(came: Any, known: Any, xp: Any) -> Any:
    """Give what would come over a delay if all its weight were on known periods, and not a part."""
    return came / xp.maximum(known, _LEAST)


def delay_weights(mean: Any, sd: Any, most: int, xp: Any) -> Any:
    """Spread an event over the periods after it: a gamma waiting time from within its period.

    An event comes at any moment of its period, so that a waiting time ``u`` ends ``floor(u)``
    periods later, or one more, with chances that make ``u`` on average.

    Parameters
    ----------
    mean, sd : array
        Of the waiting time, in periods; (…, 1).
    most : int
        The most periods; the rest is cut off, and the weights sum to 1.
    xp : namespace
        ``numpy`` or ``pytensor.tensor``.

    Returns
    -------
    (…, most + 1)
        The share of lag 0, 1, …. Their mean is that of the waiting time, and their variance its
        variance and at most ¼ more.
    """
    mean, shape, moments = mean[..., None], (mean[..., None] / sd[..., None]) ** 2, _moments(most)
    log_density = (shape - 1) * np.log(moments) - moments * shape / mean
    peak = xp.max(log_density, axis=(-2, -1), keepdims=True)
    weights = _by_lag(xp.exp(log_density - peak), xp)[..., : most + 1]
    return weights / xp.sum(weights, axis=-1, keepdims=True)


def nominal_weights(route: Route) -> NDArray[np.float64]:
    """Give the weights of a route's delay as declared, doubt aside."""
    most = longest(route)
    if route.delay is None or most == 0:
        return np.ones(1)
    if route.delay.sd == 0:
        return fixed_weights(route.delay.mean, most)
    mean, sd = route.delay.mean, route.delay.sd
    edges = np.arange(most * _FINE + 1) / _FINE
    mass = np.diff(gamma.cdf(edges, (mean / sd) ** 2, scale=sd**2 / mean))
    weights = _by_lag(mass.reshape(most, _FINE), np)
    return np.asarray(weights / weights.sum())


def nominal_shares(routes: tuple[Route, ...]) -> NDArray[np.float64]:
    """Give the shares of a flow's routes, as declared or else equal."""
    weights = np.array([route.weight or 1.0 for route in routes])
    return np.asarray(weights / weights.sum())


def fixed_weights(mean: float, most: int) -> NDArray[np.float64]:
    """Give the weights of a waiting time that does not vary."""
    lags = np.arange(most + 1)
    return np.asarray(np.clip(1 - np.abs(lags - mean), 0, None))


def _moments(most: int) -> NDArray[np.float64]:
    """Give fine moments of each period, (period, point)."""
    return np.arange(max(most, 1))[:, None] + _PAST


def _by_lag(mass: Any, xp: Any) -> Any:
    """Share mass at fine moments out over the lags before and after: (…, period, point) to lags."""
    before, after = mass @ (1 - _PAST), mass @ _PAST
    none = xp.zeros_like(before[..., :1])
    return xp.concatenate([before, none], axis=-1) + xp.concatenate([none, after], axis=-1)
