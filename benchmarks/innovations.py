"""Nanoseconds a cell: counts from innovations against the exact negative-binomial inverse."""

import time

import numpy as np
from scipy.special import ndtr
from scipy.stats import nbinom

from mppbayes.model.counts import negative_binomial_counts


def main() -> None:
    """Print a table."""
    rng = np.random.default_rng(0)
    n_ours, n_exact = 2_000_000, 200_000
    mean, shape = np.exp(rng.normal(4, 1.5, n_ours)), 1 + np.exp(rng.normal(2, 1, n_ours))
    frailty, arrival = rng.standard_normal((2, n_ours))
    negative_binomial_counts(mean[:10], shape[:10], frailty[:10], arrival[:10])
    began = time.perf_counter()
    negative_binomial_counts(mean, shape, frailty, arrival)
    ours = (time.perf_counter() - began) / n_ours
    few = slice(n_exact)
    began = time.perf_counter()
    nbinom.ppf(ndtr(arrival[few]), shape[few], shape[few] / (shape[few] + mean[few]))
    exact = (time.perf_counter() - began) / n_exact
    print(f"gamma and coupled Poisson: {ours * 1e9:8.0f} ns a cell")
    print(f"exact inverse:             {exact * 1e9:8.0f} ns a cell, {exact / ours:.0f} times")
    print(f"100 million cells: {ours * 1e8:.0f} s, extrapolated")


if __name__ == "__main__":
    main()
