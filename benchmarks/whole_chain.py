"""Time, memory, convergence, the gate and the identities of the whole chain, caches cold.

Usage: python benchmarks/whole_chain.py [MINUTES]

MINUTES of sampling at most, 60 unless told otherwise. It takes tens of them.
"""

import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

STAGES = ("import", "compile", "sampling", "forecast", "report", "total", "peak GiB")


def run(minutes: float) -> tuple[dict[str, float], str]:
    """Run the stages in this process; give their seconds, and what came of it."""
    began = last = time.monotonic()
    import identities

    import mppbayes as mpp
    from mppbayes.cli.futures import draw_precisely
    from mppbayes.inference.convergence import divergences
    from mppbayes.panel.bundled import SINCE

    panel = mpp.public_figures().since(SINCE)
    spec = mpp.ModelSpec(panel.network)
    seconds = {"import": time.monotonic() - last}
    fit = mpp.fit(spec, panel, seed=1, progress=False, max_minutes=minutes)
    seconds |= fit.manifest["seconds"]
    last = time.monotonic()
    forecast, _, verdicts = draw_precisely(fit, mpp.MPP, until="2030-12", seed=2)
    seconds["forecast"] = time.monotonic() - last
    last = time.monotonic()
    with TemporaryDirectory() as folder:
        mpp.report(forecast, Path(folder) / "report.html", fit=fit, draft=True)
    seconds["report"] = time.monotonic() - last
    seconds["total"] = time.monotonic() - began
    seconds["peak GiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    table = mpp.convergence(fit.tree).sort_values("ess_bulk")
    said = [
        f"{fit.status} ({fit.manifest['ending']}): {fit.posterior.sizes['draw']} draws a chain, "
        f"{divergences(fit.tree)} divergences, "
        f"{float(fit.tree['sample_stats']['n_steps'].mean()):.0f} gradients a transition; "
        "slowest to mix:",
        table.head(6).to_string(float_format="{:.3f}".format),
        f"{forecast.flows.sizes['chain'] * forecast.flows.sizes['draw']} futures; the gate:",
        str(verdicts),
        identities.said(forecast),
    ]
    return seconds, "\n".join(said)


def main() -> None:
    """Run it, and print a table."""
    print(f"{os.cpu_count()} processors, {platform.platform()}, Python {platform.python_version()}")
    with TemporaryDirectory() as caches:
        environment = os.environ | {
            "PYTENSOR_FLAGS": f"base_compiledir={caches}/pytensor",
            "NUMBA_CACHE_DIR": f"{caches}/numba",
        }
        output = subprocess.run(
            [sys.executable, __file__, "run", *sys.argv[1:]],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    seconds, said = json.loads(output.stdout.splitlines()[-1])
    print("".join(f"{stage:>10}" for stage in STAGES))
    print("".join(f"{seconds[stage]:10.1f}" for stage in STAGES))
    print(said)


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        print(json.dumps(run(float(sys.argv[2]) if len(sys.argv) > 2 else 60.0)))
    else:
        main()
