"""Time and peak memory of the demo's stages, twice, each in a fresh process."""

import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

STAGES = ("import", "compile", "sampling", "forecast", "bands", "report", "total", "peak GiB")


def stages() -> dict[str, float]:
    """Run the demo's stages in this process."""
    began = last = time.monotonic()
    import mppbayes as mpp
    from mppbayes.prediction import aggregates

    panel = mpp.public_figures()
    spec = mpp.ModelSpec(panel.network)
    found = {"import": time.monotonic() - last}
    fit = mpp.fit(spec, panel, seed=1, progress=False)
    found |= fit.manifest["seconds"]
    last = time.monotonic()
    forecast = mpp.forecast(fit, until="2030-12", seed=2)
    found["forecast"] = time.monotonic() - last
    last = time.monotonic()
    mpp.bands(forecast, mpp.MPP, by=aggregates(panel.network), per="year")
    found["bands"] = time.monotonic() - last
    last = time.monotonic()
    with TemporaryDirectory() as folder:
        mpp.report(forecast, Path(folder) / "report.html", fit=fit, draft=True)
    found["report"] = time.monotonic() - last
    found["total"] = time.monotonic() - began
    found["peak GiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return found


def main() -> None:
    """Print a table: cold caches, then the same caches warm."""
    print(f"{os.cpu_count()} processors, {platform.platform()}, Python {platform.python_version()}")
    with TemporaryDirectory() as caches:
        environment = os.environ | {
            "PYTENSOR_FLAGS": f"base_compiledir={caches}/pytensor",
            "NUMBA_CACHE_DIR": f"{caches}/numba",
        }
        print(f"{'':8}" + "".join(f"{stage:>10}" for stage in STAGES))
        for name in ("cold", "warm"):
            output = subprocess.run(
                [sys.executable, __file__, "stages"],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
            found = json.loads(output.stdout.splitlines()[-1])
            print(f"{name:8}" + "".join(f"{found[stage]:10.1f}" for stage in STAGES), flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["stages"]:
        print(json.dumps(stages()))
    else:
        main()
