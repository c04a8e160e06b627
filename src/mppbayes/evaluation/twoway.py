"""Intervals for observed frequencies of cells that depend on each other in two ways."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from mppbayes.evaluation.cells import Floats


class Frequencies(NamedTuple):
    """Observed frequencies with their intervals, each (event,); ``n`` is the number of cells."""

    observed: Floats
    lower: Floats
    upper: Floats
    n: int


def two_way_frequencies(
    events: Floats, seen: Floats, *, block: int = 1, confidence: float = 0.95
) -> Frequencies:
    """Give how often events happened, with an interval for cells that share a time or a quantity.

    Parameters
    ----------
    events : array, (event, time, other, quantity)
        1 where the event happened, 0 where it did not; what is not seen does not count.
    seen : array, (time, other, quantity)
        1 where the outcome is known, else 0.
    block : int
        So many consecutive times are one: those whose windows overlap share their luck.
    confidence : float
        Of the interval.

    Returns
    -------
    Frequencies
        NaN throughout if no outcome is known.

    Notes
    -----
    The variance of a frequency is that of two-way clusters: between times, plus between
    quantities, less what both count twice (Cameron, Gelbach & Miller, 2011, Journal of Business &
    Economic Statistics 29(2)), with each part no less than 0 and degrees of freedom by
    Satterthwaite's rule. Relative to that of independent cells it is the design effect. It gives
    an effective number of cells, and that an exact binomial interval (Korn & Graubard, 1998, Survey
    Methodology 24(2)), which keeps within 0 and 1. Few events tell little of their dependence, so
    each design effect is taken as no less than the mean over the events, which are of the same
    cells; where no event tells anything, each time counts as a single cell. With a single time
    nothing can be said: the interval is 0 to 1.

    In 1,500 simulated worlds of each kind (independent, or with luck shared within times, within
    quantities, or both; probabilities 0.9, 0.5, 0.33 and 0.1) the 95 % interval held the truth in
    0.94 to 0.99 of them for 8 times × 14 quantities, and in 0.93 to 1.00 for 8 × 2. The percentiles
    of resampled times and quantities (Owen, 2007, Annals of Applied Statistics 1(2)), in 300
    worlds: 0.86 to 1.00, and 0.62 to 0.99.
    """
    rows = np.arange(seen.shape[0]) // block
    per_cell = _by_block(seen.sum(axis=1), rows, axis=0)
    n = int(per_cell.sum())
    if n == 0:
        nothing = np.full(len(events), np.nan)
        return Frequencies(nothing, nothing, nothing, 0)
    observed: Floats = (events * seen).sum(axis=(1, 2, 3)) / n
    excess = ((events - observed[:, None, None, None]) * seen).sum(axis=2)
    known_time, known_quantity = per_cell.any(axis=1), per_cell.any(axis=0)
    n_times, n_quantities = int(known_time.sum()), int(known_quantity.sum())
    if n_times < 2:
        return Frequencies(observed, np.zeros_like(observed), np.ones_like(observed), n)
    variance, freedom = _variance(_by_block(excess, rows, axis=1) / n, n_times, n_quantities)
    alone = observed * (1 - observed) / n
    effect = np.divide(variance, alone, out=np.full_like(alone, np.nan), where=alone > 0)
    told = np.isfinite(effect)
    typical = effect[told].mean() if told.any() else n / n_times
    fewest = freedom[told].mean() if told.any() else n_times - 1.0
    effective = n / np.fmax(effect, typical)
    freedom = np.fmin(np.where(told, freedom, np.nan), fewest)
    tail = (1 - confidence) / 2
    widening = stats.t.isf(tail, n - 1) / stats.t.isf(tail, freedom)
    cells = np.minimum(effective * widening**2, n)
    return Frequencies(observed, *_binomial_interval(observed, cells, tail), n)


def _variance(excess: Floats, n_times: int, n_quantities: int) -> tuple[Floats, Floats]:
    """Give the variance and its degrees of freedom from sums by (event, time, quantity)."""
    n_both = n_times * n_quantities
    within = (excess**2).sum(axis=(1, 2)) * n_both / (n_both - 1)
    between_times = (excess.sum(axis=2) ** 2).sum(axis=1) * n_times / (n_times - 1)
    times = np.maximum(between_times - within, 0)
    quantities = np.zeros_like(times)
    if n_quantities > 1:
        between = (excess.sum(axis=1) ** 2).sum(axis=1) * n_quantities / (n_quantities - 1)
        quantities = np.maximum(between - within, 0)
    variance = within + times + quantities
    few = max(n_quantities - 1, 1)
    doubt = times**2 / (n_times - 1) + quantities**2 / few + within**2 / ((n_times - 1) * few)
    freedom = np.divide(variance**2, doubt, out=np.full_like(doubt, 1.0), where=doubt > 0)
    return variance, freedom


def _binomial_interval(observed: Floats, cells: Floats, tail: float) -> tuple[Floats, Floats]:
    """Give Clopper and Pearson's interval for a number of cells that need not be whole."""
    happened = observed * cells
    lower, upper = np.zeros_like(observed), np.ones_like(observed)
    some, short = observed > 0, observed < 1
    lower[some] = stats.beta.ppf(tail, happened[some], (cells - happened)[some] + 1)
    upper[short] = stats.beta.isf(tail, happened[short] + 1, (cells - happened)[short])
    return lower, upper


def _by_block(array: Floats, rows: npt.NDArray[np.intp], *, axis: int) -> Floats:
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    return np.asarray(np.add.reduceat(array, starts, axis=axis), dtype=np.float64)
