"""Time of log gamma with its gradient: the likelihood's own form against the library's."""

import time

import numpy as np
import pytensor
import pytensor.tensor as pt

from mppbayes.model.likelihood import log_gamma

CELLS, REPEATS = 2000, 300


def microseconds(form: object, mode: str) -> float:
    """Time one evaluation of value and gradient."""
    x = pt.vector("x")
    total = form(x).sum()  # type: ignore[operator]
    function = pytensor.function([x], [total, pytensor.grad(total, x)], mode=mode)
    values = np.geomspace(1, 1e4, CELLS)
    function(values)
    began = time.perf_counter()
    for _ in range(REPEATS):
        function(values)
    return (time.perf_counter() - began) / REPEATS * 1e6


def main() -> None:
    """Print a table."""
    print(f"{CELLS} cells, microseconds for value and gradient")
    for mode in ("JAX", "NUMBA"):
        library, own = microseconds(pt.gammaln, mode), microseconds(log_gamma, mode)
        print(f"{mode:6} library {library:8.0f}   own {own:8.0f}   ratio {library / own:5.1f}")


if __name__ == "__main__":
    main()
