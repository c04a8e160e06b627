"""Samplers: nutpie in the background until the chains converge, PyMC and NumPyro on request."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from numbers import Integral, Real
from typing import Any, Literal, NamedTuple

import numpy as np
import pymc as pm
import xarray as xr
from pymc.model.transform.optimization import freeze_dims_and_data

from mppbayes.errors import SamplingError, suggest
from mppbayes.inference.convergence import Limits, converged, divergences
from mppbayes.model.graph import SMALL, stored
from mppbayes.names import DRAW, POSTERIOR, SAMPLE_STATS
from mppbayes.network import Network

type SamplerName = Literal["nutpie", "pymc", "numpyro"]
type Progress = Callable[[int, int, str], None]
type Ending = Literal["converged", "diverged", "exhausted", "out of time", "interrupted"]

_FIRST_CHECK = 500
_CHECK_GROWTH = 1.2
_NEAR = 0.1  # how far from 0 chains start unknowns that are small; the evidence has no say in it
_MAX_DEPTH = 7  # the first steps of the adaptation would go far deeper, to no avail


@dataclass(frozen=True)
class Sampler:
    """How to sample.

    Attributes
    ----------
    name : {"nutpie", "pymc", "numpyro"}
        nutpie samples in the background and stops at the first check at which the limits hold
        (or a transition diverged, and then tries once more with smaller steps); the others
        draw ``draws`` and stop.
    backend : {"auto", "jax", "numba"}
        What nutpie compiles with; ``auto`` takes JAX, whose total wait is the shorter one (``make
        bench``). It can be taken out of an environment, and then ``auto`` is Numba.
    chains : int
        Markov chains.
    tune : int
        Iterations a chain that adapt and are dropped.
    draws : int
        The most draws a chain.
    target_accept : float
        The acceptance that the step size aims at.
    ess_factor : float
        nutpie goes on until the effective sample sizes are so many times the limit.
    """

    name: SamplerName = "nutpie"
    backend: Literal["auto", "jax", "numba"] = "auto"
    chains: int = 4
    tune: int = 300
    draws: int = 4000
    target_accept: float = 0.8
    ess_factor: float = 1.0

    def __post_init__(self) -> None:
        faults = [
            f"{option} is {value!r}; {suggest(value, known)}"
            for option, value, known in (
                ("name", self.name, ("nutpie", "pymc", "numpyro")),
                ("backend", self.backend, ("auto", "jax", "numba")),
            )
            if value not in known
        ]
        faults += [
            f"{option} is {value!r}; give a whole number of at least 1"
            for option in ("chains", "tune", "draws")
            if not (isinstance(value := getattr(self, option), Integral) and int(value) >= 1)
        ]
        if not (isinstance(self.target_accept, Real) and 0 < self.target_accept < 1):
            faults.append(f"target_accept is {self.target_accept!r}; give a number between 0 and 1")
        if not (isinstance(self.ess_factor, Real) and self.ess_factor >= 1):
            faults.append(f"ess_factor is {self.ess_factor!r}; give a number of at least 1")
        if faults:
            raise SamplingError(f"the sampler cannot be used: {'; '.join(faults)}")
        if self.name == "numpyro" and not find_spec("numpyro"):
            raise SamplingError(
                "sampler 'numpyro' needs numpyro, which is not installed; install mppbayes[numpyro]"
            )

    @classmethod
    def suited(cls, name: SamplerName, network: Network) -> "Sampler":
        """Give a sampler with the settings that suit a network: careful and long if it has stocks.

        A stock that its flows all but empty makes the density steep; there one transition in a
        thousand diverges at 0.8, one in some thousands at 0.9. And its figures vary with the
        parameters more than by the chance of single periods: of one that does so wholly, and is
        normal, exceeded with probability 0.1, 400 effective draws leave a Monte Carlo error of
        0.085 of its standard deviation, 1,600 of 0.043, and the largest of a thousand errors is
        what the gate looks at.
        """
        if network.stocks:
            return cls(name, target_accept=0.95, ess_factor=6.0)
        return cls(name)

    def more_careful(self) -> "Sampler":
        """Give the same with smaller steps, for a second attempt after transitions diverged."""
        return replace(self, target_accept=(1 + self.target_accept) / 2)

    @property
    def compiler(self) -> str:
        """What nutpie compiles with here."""
        return ("jax" if find_spec("jax") else "numba") if self.backend == "auto" else self.backend


class Sampled(NamedTuple):
    """What was drawn, and why sampling ended."""

    tree: xr.DataTree
    ending: Ending

    @property
    def draws(self) -> int:
        """Draws a chain."""
        return int(self.tree[POSTERIOR].sizes[DRAW])


def checks(draws: int) -> Iterator[int]:
    """Give the numbers of draws at which convergence is checked.

    They do not depend on the machine's speed, so that a seed gives the same draws everywhere.
    """
    check = _FIRST_CHECK
    while check < draws:
        yield check
        check = round(check * _CHECK_GROWTH / 50) * 50
    yield draws


def compile_nutpie(model: pm.Model, sampler: Sampler) -> Any:
    """Compile a model for nutpie, its dimensions fixed and its data left open.

    Where there is JAX it differentiates: PyTensor's gradient is as fast, but takes longer to
    rewrite than all else to compile, that of a chain minutes.
    """
    import nutpie

    frozen = freeze_dims_and_data(model, data=())
    small = [variable for variable in frozen.free_RVs if variable.name in SMALL]

    def near_zero(name: str) -> Any:
        shape = [len(model.coords[dim]) for dim in model.named_vars_to_dims[name]]
        return pm.Normal.dist(0, _NEAR, shape=shape)

    return nutpie.compile_pymc_model(
        frozen,
        backend=sampler.compiler,
        gradient_backend="jax" if sampler.compiler == "jax" else "pytensor",
        freeze_model=False,
        initial_points={variable.name: near_zero(variable.name) for variable in small},
        jitter_rvs=set(frozen.free_RVs).difference(small),
        var_names=stored(model),
    )


def sample_until_converged(
    compiled: Any,
    sampler: Sampler,
    *,
    seed: int,
    limits: Limits,
    deadline: float,
    progress: Progress,
) -> Sampled:
    """Sample in the background; stop at the first check that passes, or at the deadline.

    Parameters
    ----------
    compiled : object
        As :func:`compile_nutpie` gives, with its data.
    sampler : Sampler
        How.
    seed : int
        Of the chains.
    limits : Limits
        What must hold, the effective sample sizes times the sampler's factor.
    deadline : float
        ``time.monotonic()`` after which sampling stops.
    progress : callable
        Called with draws done, draws expected and a remark.

    Returns
    -------
    Sampled
        Also when interrupted from the keyboard.

    Raises
    ------
    SamplingError
        If the sampler failed, or was stopped before the first draw.
    """
    import nutpie

    enough = replace(limits, ess=sampler.ess_factor * limits.ess)
    state: dict[str, int] = {"done": 0, "divergences": 0}

    def follow(chains: list[Any]) -> None:
        state["done"] = min(chain.finished_draws for chain in chains)
        state["divergences"] = sum(chain.divergences for chain in chains)

    background = nutpie.sample(
        compiled,
        draws=sampler.draws,
        tune=sampler.tune,
        chains=sampler.chains,
        cores=sampler.chains,
        seed=seed,
        target_accept=sampler.target_accept,
        maxdepth=_MAX_DEPTH,
        save_warmup=False,
        progress_bar=False,
        progress_callback=follow,
        blocking=False,
    )
    try:
        for check in checks(sampler.draws):
            while state["done"] < sampler.tune + check and not _finished(background):
                if time.monotonic() > deadline:
                    return Sampled(_common_length(background.abort()), "out of time")
                progress(state["done"], sampler.tune + check, _remark(state["divergences"]))
                time.sleep(0.1)
            background.pause()  # the checks would wait long for the chains' threads
            sampled = _first(background.inspect(), check)
            diverged = divergences(sampled) > limits.divergences
            if diverged or converged(sampled, enough):
                background.cancel()
                return Sampled(sampled, "diverged" if diverged else "converged")
            background.resume()
        return Sampled(_first(background.wait(), sampler.draws), "exhausted")
    except KeyboardInterrupt:
        return Sampled(_common_length(background.abort()), "interrupted")
    except RuntimeError as error:
        raise SamplingError(f"the sampler failed: {str(error).splitlines()[0]}") from error


def sample_with_pymc(model: pm.Model, sampler: Sampler, *, seed: int) -> Sampled:
    """Draw a fixed number with PyMC's own sampler or NumPyro's."""
    tree: xr.DataTree = pm.sample(
        model=model,
        nuts_sampler=sampler.name,
        chains=sampler.chains,
        tune=sampler.tune,
        draws=sampler.draws,
        target_accept=sampler.target_accept,
        random_seed=seed,
        progressbar=False,
        var_names=stored(model),
    )
    return Sampled(tree, "exhausted")


def _finished(background: Any) -> bool:
    """Ask whether all chains have ended; nutpie may time out while they are at work."""
    try:
        return bool(background.is_finished)
    except TimeoutError:
        return False


def _remark(divergences: int) -> str:
    return f"{divergences} divergences" if divergences else ""


def _first(tree: xr.DataTree, draws: int) -> xr.DataTree:
    """Keep the first draws of every chain."""
    return xr.DataTree.from_dict(
        {
            group: tree[group].to_dataset().isel({DRAW: slice(draws)})
            for group in (POSTERIOR, SAMPLE_STATS)
        }
    )


def _common_length(tree: xr.DataTree) -> xr.DataTree:
    """Keep as many draws as the shortest chain has; nutpie pads the others with NaN."""
    drawn = tree[SAMPLE_STATS]["step_size"].notnull().all("chain").values
    kept = int(np.argmin(drawn)) if not drawn.all() else len(drawn)
    if kept < 1:
        raise SamplingError(
            "sampling was stopped while it still adapted, before the first draw; let it run longer"
        )
    return _first(tree, kept)
