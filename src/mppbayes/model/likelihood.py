"""The likelihood of published counts: negative binomial, exact or known up to rounding."""

from math import log, pi
from typing import NamedTuple

import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

_SHIFT = 7  # from here on Stirling's series to 1/z⁷ is exact to 1e-10


def log_gamma(x: TensorVariable) -> TensorVariable:
    """Logarithm of the gamma function for ``x > 0``, elementwise.

    Stirling's series after the recurrence ``Γ(x) = Γ(x + 7) / (x ⋯ (x + 6))``. The likelihood
    spends most of its time here; this form and its gradient cost a fraction of the library's
    ``gammaln`` and ``digamma`` (``benchmarks/log_gamma.py``).
    """
    product = x
    for offset in range(1, _SHIFT):
        product = product * (x + offset)
    z = x + _SHIFT
    square = 1 / z**2
    series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) / z
    return (z - 0.5) * pt.log(z) - z + 0.5 * log(2 * pi) + series - pt.log(product)


class Shape(NamedTuple):
    """The shape of the gamma frailty with its logarithm and log gamma."""

    value: TensorVariable
    log: TensorVariable
    log_gamma: TensorVariable

    @classmethod
    def of(cls, value: TensorVariable) -> "Shape":
        """Take the logarithms of a shape."""
        return cls(value, pt.log(value), log_gamma(value))


def negative_binomial(
    count: TensorVariable, log_factorial: TensorVariable, log_mean: TensorVariable, shape: Shape
) -> TensorVariable:
    """Log probability of a count with the given mean and variance ``mean + mean² / shape``."""
    log_total = pt.log(pt.exp(log_mean) + shape.value)
    return (
        log_gamma(count + shape.value)
        - shape.log_gamma
        - log_factorial
        + count * (log_mean - log_total)
        + shape.value * (shape.log - log_total)
    )


def negative_binomial_interval(
    lower: TensorVariable,
    width: TensorVariable,
    most: int,
    log_factorial: TensorVariable,
    log_mean: TensorVariable,
    shape: Shape,
) -> TensorVariable:
    """Log probability that a count lies in an interval.

    Parameters
    ----------
    lower : (cell,)
        The lowest integer that rounds to the published count.
    width : (cell,)
        How many integers do.
    most : int
        The largest width.
    log_factorial : (cell,)
        Of ``lower``.
    log_mean : (cell,)
        Of the count.
    shape : Shape
        Of the frailty, (cell,).

    Returns
    -------
    (cell,)
        ``log Σ p(k)``, by the recurrence ``p(k+1) / p(k) = q (k + shape) / (k + 1)`` with
        ``q = mean / (mean + shape)``.
    """
    mean = pt.exp(log_mean)
    offset = pt.arange(most - 1)[:, None]
    step = (lower + offset + shape.value) / (lower + offset + 1)
    relative = pt.cumprod(step * mean / (mean + shape.value), axis=0)
    rest = pt.where(offset + 1 < width, relative, 0.0).sum(axis=0)
    return negative_binomial(lower, log_factorial, log_mean, shape) + pt.log1p(rest)


def beta_binomial_interval(
    lower: TensorVariable,
    width: TensorVariable | None,
    most: int,
    trials: TensorVariable,
    share: TensorVariable,
    precision: TensorVariable,
) -> TensorVariable:
    """Log probability that a count among trials lies in an interval.

    Parameters
    ----------
    lower : (cell,)
        The lowest integer that rounds to the published count; at most ``trials``.
    width : (cell,), or None
        How many integers do; None where one does.
    most : int
        The largest width.
    trials, share, precision : (cell,)
        Among how many, and mean and precision of the beta share.

    Returns
    -------
    (cell,)
        ``log Σ p(k)``, by the recurrence ``p(k+1) / p(k) = (n − k) (k + a) / ((k + 1) (n − k − 1
        + b))``, which is 0 from all of the trials on.
    """
    first = beta_binomial(lower, trials, share, precision)
    if width is None:
        return first
    a, b = share * precision, (1 - share) * precision
    count = lower + pt.arange(most - 1)[:, None]
    left = pt.maximum(trials - count, 0.0)
    step = left * (count + a) / ((count + 1) * (pt.maximum(left - 1, 0.0) + b))
    inside = count + 1 < lower + width
    rest = pt.where(inside, pt.cumprod(step, axis=0), 0.0).sum(axis=0)
    return first + pt.log1p(rest)


def beta_binomial(
    count: TensorVariable, trials: TensorVariable, share: TensorVariable, precision: TensorVariable
) -> TensorVariable:
    """Log probability of a count among trials, its share beta with this mean and precision."""
    a, b = share * precision, (1 - share) * precision
    return (
        log_gamma(trials + 1)
        - log_gamma(count + 1)
        - log_gamma(trials - count + 1)
        + log_gamma(count + a)
        + log_gamma(trials - count + b)
        - log_gamma(trials + precision)
        + log_gamma(precision)
        - log_gamma(a)
        - log_gamma(b)
    )
