"""What must be above 0 and may be expected below it is bent, not cut: gradients stay."""

from typing import Any

Array = Any
Namespace = Any

HALF = 0.5  # the least that a driven flow is counted over, so that its mean is never nothing
# Of a stock's reference size: below it, its size is kept away from 0.
_FEWEST = 0.1
_FEWEST_SEEN = 0.001  # where a figure tells it
_PLAUSIBLE = 2.0  # standard deviations: what a stock tells of a flow counts in full down to here


def bounded(stock: Array, seen: Array, reference: Array, xp: Namespace) -> Array:
    """Keep the size of a stock positive; it is exact above a tenth of its reference size.

    What is expected of a stock may be negative where no later figure leads it. Cut there, the mean
    of a flow that was seen to leave it would fall to nothing at once, and the density with it. A
    figure is not: it is exact above a thousandth of the reference size.
    """
    return lifted(stock, xp.where(seen, _FEWEST_SEEN, _FEWEST) * reference, xp)


def some(count: Array, expected: Array, shape: Array, xp: Namespace) -> Array:
    """Keep what a stock tells of a flow positive; it is exact as far as it is plausible.

    That is down to two standard deviations of its log below what was expected, and down to half
    of it in any case. It may be negative. Cut near none, a flow that was expected in thousands
    would fall to nothing within a hundred persons, its level with it, and the density by thousands.
    """
    spread = xp.sqrt(1 / (expected + 1) + 1 / shape)
    return lifted(count, (expected + 1) * xp.minimum(xp.exp(-_PLAUSIBLE * spread), 0.5), xp)


def lifted(value: Array, least: Array, xp: Namespace) -> Array:
    """Keep a value positive: exact from ``least`` on, below it ``least² / (2 least − value)``.

    Its log falls as that of ``−1 / value``, with the slope ``1 / least`` at most.
    """
    return xp.maximum(value, least) / (1 + xp.maximum(least - value, 0.0) / least)
