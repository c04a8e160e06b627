"""The total wait for a fit of the asylum inflow, compilation included, by sampler and backend."""

import time

import mppbayes as mpp

CHOICES = {
    "nutpie, JAX": mpp.Sampler(backend="jax"),
    "nutpie, Numba": mpp.Sampler(backend="numba"),
    "NumPyro": mpp.Sampler("numpyro", draws=700),
}


def main() -> None:
    """Print a table."""
    panel = mpp.public_figures(mpp.Network.asylum_inflow())
    spec = mpp.ModelSpec(panel.network)
    print(f"{'':16}{'total s':>9}{'draws':>8}{'min bulk ESS':>14}{'status':>9}")
    for name, sampler in CHOICES.items():
        began = time.monotonic()
        fit = mpp.fit(spec, panel, seed=1, sampler=sampler, progress=False)
        seconds = time.monotonic() - began
        ess = mpp.convergence(fit.tree)["ess_bulk"].min()
        draws = fit.posterior.sizes["draw"]
        print(f"{name:16}{seconds:9.1f}{draws:8}{ess:14.0f}{fit.status:>9}", flush=True)


if __name__ == "__main__":
    main()
