"""The numerical core of bands: exceedance quantiles of integer draws and their errors."""

from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

type Rule = Literal[">", ">="]
type Floats = npt.NDArray[np.float64]
type Integers = npt.NDArray[np.int64]

RULES: Final[tuple[Rule, ...]] = (">", ">=")
_BATCHES: Final = 20  # a chain


class ExceedanceQuantiles(NamedTuple):
    """Quantiles, each (cell, level)."""

    value: Integers
    achieved: Floats
    mcse: Floats


def exceedance_quantiles(
    draws: Integers, levels: npt.ArrayLike, *, rule: Rule = ">", batches: Integers
) -> ExceedanceQuantiles:
    """Give the smallest integers that draws exceed with at most the given probabilities.

    Parameters
    ----------
    draws : array of int, (cell, chain, draw)
        Draws of each cell.
    levels : array-like of float, (level,)
        Probabilities of exceedance p, between 0 and 1.
    rule : {">", ">="}
        Whether ``value`` is the smallest integer q with P(Y > q) ≤ p, or with P(Y ≥ q) ≤ p.
    batches : array of int, (draw,)
        The batch of each draw within its chain, as :func:`draw_batches` gives.

    Returns
    -------
    ExceedanceQuantiles
        ``value``; ``achieved``, the probability that the draws give to the event of the rule;
        ``mcse``, the Monte Carlo standard error of the value.

    Notes
    -----
    The error of a probability of exceedance comes from batch means, which keep together what
    depends on each other: the futures of one posterior draw, and neighbouring draws of a chain
    (Flegal & Jones, 2010, Annals of Statistics 38(2)). It is at least that of independent draws,
    since the batches of a far tail may hold no exceedance at all. The error of the value is half
    the distance between the quantiles that far on either side of p, on a curve of exceedance that
    is linear between the values drawn.
    """
    ordered = np.sort(draws.reshape(len(draws), -1), axis=-1)
    size = ordered.shape[-1]
    p = np.asarray(levels, dtype=np.float64)
    quantile = seldom_exceeded(ordered, p)
    achieved = (size - _search(ordered, quantile, "right")) / size
    error = np.maximum(_standard_error(draws, quantile, batches), np.sqrt(p * (1 - p) / size))
    mcse = (_interpolated(ordered, p - error) - _interpolated(ordered, p + error)) / 2
    return ExceedanceQuantiles(quantile + (rule == ">="), achieved, mcse)


def seldom_exceeded(ordered: npt.NDArray[Any], levels: npt.ArrayLike) -> npt.NDArray[Any]:
    """Give the smallest draws that are exceeded with at most the given probabilities.

    Parameters
    ----------
    ordered : (cell, draw)
        Draws in rising order.
    levels : array-like of float, (level,)
        The probabilities.

    Returns
    -------
    (cell, level)
        Of each cell's own draws.
    """
    size = ordered.shape[-1]
    most_exceeding = np.searchsorted(np.arange(size) / size, np.atleast_1d(levels), "right") - 1
    return ordered[:, size - 1 - most_exceeding]


def draw_batches(posterior_draw: Integers) -> Integers:
    """Divide a chain into batches of consecutive posterior draws.

    Parameters
    ----------
    posterior_draw : array of int, (draw,)
        The posterior draw that each draw is a future of.

    Returns
    -------
    array of int, (draw,)
        The batch of each draw, from 0; twenty batches, or one a posterior draw where fewer.
    """
    kept, rank = np.unique(posterior_draw, return_inverse=True)
    batches: Integers = rank * min(_BATCHES, len(kept)) // len(kept)
    return batches


def mean_error(values: npt.NDArray[Any], batches: Integers) -> Floats:
    """Give the Monte Carlo standard errors of means by batch means, (cell,).

    Parameters
    ----------
    values : (cell, chain, draw)
        Draws of each cell.
    batches : array of int, (draw,)
        As :func:`draw_batches` gives.
    """
    means = [values[..., batches == each].mean(axis=-1) for each in np.unique(batches)]
    laid = np.stack(means, axis=-1).reshape(len(values), -1)
    n_batches = laid.shape[1]
    return np.asarray(laid.std(axis=1) / np.sqrt(max(n_batches - 1, 1)))


def _standard_error(draws: Integers, quantile: Integers, batches: Integers) -> Floats:
    """Give the standard errors of P(Y > quantile) by batch means, (cell, level)."""
    member = np.eye(np.max(batches) + 1, dtype=np.float32)[batches]
    sizes = member.sum(axis=0, dtype=np.float64)
    errors = np.empty(quantile.shape)
    for level, threshold in enumerate(quantile.T):
        exceeds = draws > threshold[:, np.newaxis, np.newaxis]
        counts = (exceeds.astype(np.float32) @ member).astype(np.float64)
        mean = exceeds.mean(axis=(1, 2))[:, np.newaxis, np.newaxis]
        n_batches = counts[0].size
        spread = ((counts - mean * sizes) ** 2).sum(axis=(1, 2))
        errors[:, level] = np.sqrt(spread * n_batches / max(n_batches - 1, 1)) / exceeds[0].size
    return errors


def _interpolated(ordered: Integers, levels: Floats) -> Floats:
    """Invert, per cell, the exceedance curve that is linear between the distinct draws."""
    size = ordered.shape[-1]
    p = np.clip(levels, 0, 1)
    rank = size - 1 - np.minimum(np.floor(p * size), size - 1).astype(np.int64)
    value = np.take_along_axis(ordered, rank, axis=-1)
    first, after = (_search(ordered, value, side) for side in ("left", "right"))
    before = np.take_along_axis(ordered, np.maximum(first - 1, 0), axis=-1)
    back: Floats = (p * size - (size - after)) / (after - first)
    return value - (value - before) * back


def _search(ordered: Integers, values: Integers, side: Literal["left", "right"]) -> Integers:
    """Search each row for its own values, as ``np.searchsorted`` does in one row."""
    rows, size = ordered.shape
    apart = np.arange(rows)[:, np.newaxis] * (ordered.max() - ordered.min() + 1)
    found = np.searchsorted((ordered + apart).ravel(), values + apart, side)
    positions: Integers = found - np.arange(rows)[:, np.newaxis] * size
    return positions
