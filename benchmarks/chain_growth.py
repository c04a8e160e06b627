"""How the cost of a chain's density and gradient grows with its flows and its months.

Usage: python benchmarks/chain_growth.py

A network is made of steps of five flows: applications enter a stock, decisions (quarterly) and
withdrawals (unseen) leave it, a part of the decisions are grants, and decisions feed appeals.
"""

import os
import platform
import time

import jax
import numpy as np
import pandas as pd
from pymc.model.transform.optimization import freeze_dims_and_data
from pymc.sampling.jax import get_jaxified_logp

import mppbayes as mpp
from mppbayes.model.arrays import arrays
from mppbayes.model.graph import build
from mppbayes.model.layout import Layout

STEP = 5
FLOWS, MONTHS = (15, 30, 60, 120), (60, 120, 240)
CALLS = 30


def main() -> None:
    """Print seconds to compile and milliseconds a gradient, and their exponents."""
    jax.config.update("jax_enable_x64", True)
    print(f"{os.cpu_count()} processors, {platform.platform()}, Python {platform.python_version()}")
    print(f"{'flows':>6}{'months':>8}{'unknowns':>10}{'compile s':>11}{'gradient ms':>13}")
    cases = [(flows, MONTHS[1]) for flows in FLOWS] + [
        (FLOWS[1], months) for months in MONTHS if months != MONTHS[1]
    ]
    found = {case: measured(*case) for case in cases}
    by_flows = [found[flows, MONTHS[1]][1] for flows in FLOWS]
    by_months = [found[FLOWS[1], months][1] for months in MONTHS]
    print(f"exponent over {FLOWS[0]} to {FLOWS[-1]} flows: {exponent(FLOWS, by_flows):.2f}")
    print(f"exponent over {MONTHS[0]} to {MONTHS[-1]} months: {exponent(MONTHS, by_months):.2f}")


def measured(flows: int, months: int) -> tuple[float, float]:
    """Compile one size, and time its gradient."""
    network = steps(flows // STEP)
    panel = mpp.read_panel(evidence(network, months), network)
    spec, layout = mpp.resolve(mpp.ModelSpec(network), panel), Layout.of(panel)
    model = freeze_dims_and_data(build(spec, layout, arrays(spec, layout, panel)))
    start = model.initial_point()
    point = [start[variable.name] for variable in model.value_vars]
    began = time.perf_counter()
    gradient = jax.jit(jax.value_and_grad(get_jaxified_logp(model)))
    jax.block_until_ready(gradient(point))
    compiling = time.perf_counter() - began
    times = []
    for _ in range(CALLS):
        began = time.perf_counter()
        jax.block_until_ready(gradient(point))
        times.append(1000 * (time.perf_counter() - began))
    typical = float(np.median(times))
    unknowns = sum(np.size(value) for value in point)
    print(f"{flows:6}{months:8}{unknowns:10}{compiling:11.1f}{typical:13.2f}", flush=True)
    return compiling, typical


def exponent(sizes: tuple[int, ...], times: list[float]) -> float:
    """Give the slope of log time on log size, by least squares."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def steps(n: int) -> mpp.Network:
    """Make a network of so many steps, of seven organisations."""

    def flow(name: str, kind: str, step: int, **keys: object) -> dict[str, object]:
        place = {"organisation": f"O{step % 7}", "block": 1 + step % 4, "unit": "persons"}
        return {"name": f"{name}_{step}", "kind": kind, **place, **keys}

    delay = {
        "delay": {"mean": 2, "sd": 1},
        "delay_prior": {"mean_sd": 0.5, "sd_sd": 0.3},
    }
    flows, stocks = [], []
    for step in range(n):
        stock = f"pending_{step}"
        place = {"organisation": f"O{step % 7}", "block": 1 + step % 4, "unit": "persons"}
        stocks.append({"name": stock, **place})
        flows += [
            flow("applications", "inflow", step, enters=stock),
            flow("decisions", "throughflow", step, leaves=stock),
            flow("withdrawals", "outflow", step, leaves=stock),
            flow("grants", "throughflow", step, part_of=f"decisions_{step}"),
            flow("appeals", "inflow", step, route=[{"source": f"decisions_{step}", **delay}]),
        ]
    return mpp.Network.from_dict(
        {
            "schema": 1,
            "name": "steps",
            "organisation": [{"name": f"O{i}"} for i in range(min(n, 7))],
            "block": [{"number": 1 + i} for i in range(min(n, 4))],
            "stock": stocks,
            "flow": flows,
        }
    )


def evidence(network: mpp.Network, months: int) -> pd.DataFrame:
    """Make figures: applications, appeals and stocks by month, decisions and grants by quarter."""
    rng = np.random.default_rng(1)
    by_month = pd.period_range("2005-01", periods=months, freq="M")
    by_quarter = by_month[2::3].asfreq("Q").strftime("%Y-Q%q")
    means = {"applications": 300, "appeals": 60, "pending": 3000, "decisions": 750, "grants": 300}
    rows = []
    for name in network.series_names:
        what, _, _ = name.partition("_")
        periods = by_quarter if what in ("decisions", "grants") else by_month.astype(str)
        if what in means:
            rows += [(name, period, rng.poisson(means[what])) for period in periods]
    return pd.DataFrame(rows, columns=["series", "period", "value"])


if __name__ == "__main__":
    main()
