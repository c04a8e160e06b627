"""What it saves that JAX does a chain's steps again on its way back, instead of storing them.

Usage: python benchmarks/recomputing.py

Four threads ask for gradients, as four Markov chains do, of both forms in turns.
"""

import os
import platform
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

import jax
from pymc.model.transform.optimization import freeze_dims_and_data
from pymc.sampling.jax import get_jaxified_logp

import mppbayes as mpp
from mppbayes.model import recursion
from mppbayes.model.arrays import arrays
from mppbayes.model.graph import build
from mppbayes.model.layout import Layout
from mppbayes.panel.bundled import SINCE

THREADS, GRADIENTS, ROUNDS = 4, 150, 3
FORMS = {"done again": recursion.recomputed, "stored": lambda step: step}
NETWORKS = (mpp.Network.asylum_inflow, mpp.Network.migratieketen)


def main() -> None:
    """Print gradients a second, by network and form."""
    jax.config.update("jax_enable_x64", True)
    print(f"{os.cpu_count()} processors, {platform.platform()}, Python {platform.python_version()}")
    print(f"{'network':<16}" + "".join(f"{form:>12}" for form in FORMS))
    for network in NETWORKS:
        panel = mpp.public_figures(network()).since(SINCE)
        asked = [gradient(panel, form) for form in FORMS.values()]
        for _ in range(ROUNDS):
            rates = "".join(f"{a_second(each):12.0f}" for each in asked)
            print(f"{network.__name__:<16}{rates}", flush=True)


def gradient(panel: mpp.Panel, form: Callable[..., Any]) -> Callable[[], None]:
    """Compile the gradient, with a form laid around the steps of the past."""
    spec, layout = mpp.resolve(mpp.ModelSpec(panel.network), panel), Layout.of(panel)
    with patch.object(recursion, "recomputed", form):
        model = freeze_dims_and_data(build(spec, layout, arrays(spec, layout, panel)))
    start = model.initial_point()
    point = [start[variable.name] for variable in model.value_vars]
    compiled = jax.jit(jax.value_and_grad(get_jaxified_logp(model)))

    def ask() -> None:
        jax.block_until_ready(compiled(point))

    ask()
    return ask


def a_second(ask: Callable[[], None]) -> float:
    """Give the gradients a second of all threads together."""
    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(ask) for _ in range(THREADS * GRADIENTS)]:
            done.result()
    return THREADS * GRADIENTS / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
