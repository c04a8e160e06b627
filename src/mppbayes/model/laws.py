"""How the count of a window varies, and how much of what it tells stays in the level."""

from typing import Any

from mppbayes.model.positive import HALF
from mppbayes.model.step import Parameters, bias

Array = Any
Namespace = Any


def window_law(
    over: Array, length: Array, parameters: Parameters, xp: Namespace
) -> tuple[Array, Array]:
    """Say how a window's count varies, and how much of its surprise stays in the level.

    Within a window of n periods each period's surprise moves the periods after it, by the share α
    that stays. With μ expected of a period, the surprise is ``r = μ / (μ + 1)`` times what the
    count exceeds it by, relative to μ, which has the variance ``1/μ + 1/φ``. To first order the
    window's total exceeds what was expected by the mean of ``(1 + α r j)`` times these, j the
    periods that still follow, and the level at its end by ``α r`` times their sum: the variance
    of the total, and the regression of the level on it, follow. The log of a gamma frailty varies
    by ``1/(2 φ²)`` more than the frailty (its trigamma function, to second order), and so do the
    surprises that stay. What the total leaves unknown of the level is added to the variance of the
    next one. One period gives α and the dispersion.

    Parameters
    ----------
    over : array
        The expected count of the window; of a part, what it takes its share of.
    length : array, or float
        Its periods.
    parameters : Parameters
        Of the flows.
    xp : namespace
        ``numpy`` or ``pytensor.tensor``.

    Returns
    -------
    gain : array
        The share of the surprise that stays in the level.
    shape : array
        The shape of the window's gamma frailty; of a part, the precision of its beta.
    """
    if isinstance(length, float):
        return parameters.adaptation, parameters.dispersion
    n, a_period = length, over / length
    felt = a_period / (a_period + 1)
    stays = parameters.adaptation * felt
    first = n + stays * n * (n - 1) / 2
    second = n + stays * n * (n - 1) + stays**2 * (n - 1) * n * (2 * n - 1) / 6
    moved = parameters.adaptation * (n - 1) * n * (1 + stays * (2 * n - 1) / 6) / (a_period + 1)
    left = parameters.adaptation**2 * (n - first**2 / second)
    bent = felt**2 / (2 * parameters.dispersion**2)
    news = 2 * bias(a_period, parameters.dispersion) + bent
    kept = parameters.adaptation**2 * (n - 1) * n * (2 * n - 1) / 6 * bent
    relative = (second / parameters.dispersion + moved + kept) / n**2 + left * news
    gain = parameters.adaptation * n * first / second * (over + 1) / (over + n)
    return gain, 1 / relative


def unsettled(
    gain: Array, shape: Array, mean: Array, unsure: Array, xp: Namespace
) -> tuple[Array, Array, Array, Array]:
    """Say how a count varies and what it teaches, if the level itself is known with an error.

    With the variances q of the flow's own surprise and P of the level, the count varies by
    ``q + P``, of which ``α q + P`` goes with the level after it: Kalman's gain and variance. That
    of the level, ``P + α² q``, falls by ``(α q + P)² / (q + P)`` where the count is known.

    Parameters
    ----------
    gain, shape : array
        With a level that is known.
    mean : array
        The expected count.
    unsure : array
        P, on the log scale.
    xp : namespace
        ``numpy`` or ``pytensor.tensor``.

    Returns
    -------
    gain, shape : array
        With one that is not.
    moved, told : array
        The variance of the level afterwards, and how much of it the count would tell.
    """
    own = 1 / xp.maximum(mean, HALF) + 1 / shape
    kalman = (gain * own + unsure) / (own + unsure)
    moved = unsure + gain**2 * own
    return kalman, 1 / (1 / shape + unsure), moved, kalman**2 * (own + unsure)


def split_variance(part: Array, whole: Array, precision: Array) -> Array:
    """Give the variance of a part of a known count, split by gamma frailties.

    Parameters
    ----------
    part : array
        What is expected of it; more than the whole counts as the whole.
    whole : array
        The count.
    precision : array
        The sum of the frailties' shapes, of the part and of the rest.
    """
    left = (whole - part) / (whole + 1e-9)
    return part * left * (whole + precision) / (1 + precision)


def in_doubt(
    gain: Array, shape: Array, mean: Array, doubt: Array, xp: Namespace
) -> tuple[Array, Array]:
    """Say how a count varies, and what it teaches, if what it is counted over is in doubt.

    Of its surprise only the flow's own part moves the level. What is learned is then the steady
    gain of a Kalman filter: with the variances q of the flow's own surprise and v of the doubt,
    that of the level stays at ``P = α q / 2 · (√((2 − α)² + 4 v / q) − (2 − α))``, and the gain is
    ``(α q + P) / (q + v + P)``. The errors of what it is counted over are taken as independent.

    Parameters
    ----------
    gain, shape : array
        Without a doubt.
    mean : array
        The expected count.
    doubt : array
        v, relative.
    xp : namespace
        ``numpy`` or ``pytensor.tensor``.

    Returns
    -------
    gain, shape : array
        With it.
    """
    own = 1 / xp.maximum(mean, HALF) + 1 / shape
    felt = mean / (mean + 1)
    rest = 2 - gain * felt
    rise = own / 2 * (xp.sqrt(rest**2 + 4 * doubt / own) - rest)
    variance = doubt + gain * felt * rise
    return gain * (own + rise) / (own + variance), 1 / (1 / shape + variance)
