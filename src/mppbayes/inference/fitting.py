"""Fit a specification to a panel."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from numbers import Integral
from typing import Any

import pymc as pm

from mppbayes import names
from mppbayes.errors import PanelError, SamplingError
from mppbayes.inference.convergence import PUBLICATION, Limits, converged
from mppbayes.inference.progress import following
from mppbayes.inference.result import Fit, assemble
from mppbayes.inference.samplers import (
    Sampled,
    Sampler,
    SamplerName,
    compile_nutpie,
    sample_until_converged,
    sample_with_pymc,
)
from mppbayes.model.arrays import arrays
from mppbayes.model.dynamics import require_dynamics
from mppbayes.model.graph import build
from mppbayes.model.layout import Layout
from mppbayes.model.resolution import resolve
from mppbayes.model.specification import ModelSpec
from mppbayes.panel import Panel
from mppbayes.storage import manifest

_SEEDS = 2**64  # what the samplers take


@dataclass(frozen=True, eq=False)
class Compiled:
    """A graph compiled once for the longest span of evidence, to be fitted to shorter ones.

    Attributes
    ----------
    spec : ModelSpec
        As given, unresolved: mean levels and ceilings are taken from each fit's own evidence.
    layout : Layout
        The longest span.
    model : pymc.Model
        The graph.
    sampler : Sampler
        How to sample.
    program : object
        What nutpie compiled; None for other samplers.
    seconds : float
        What compiling took.
    """

    spec: ModelSpec
    layout: Layout
    model: pm.Model
    sampler: Sampler
    program: Any
    seconds: float


def compile_model(
    spec: ModelSpec, panel: Panel, *, sampler: Sampler | SamplerName = "nutpie"
) -> Compiled:
    """Build and compile the graph of a specification for a panel and all its shorter ones.

    Parameters
    ----------
    spec : ModelSpec
        The specification.
    panel : Panel
        The longest evidence.
    sampler : Sampler or str
        How to sample; or the sampler's name, for the settings that suit the network.

    Returns
    -------
    Compiled
        To be given to :func:`fit`.

    Raises
    ------
    NotYetError
        If the network or the evidence needs dynamics that the model does not have.
    SpecError
        If no flow has evidence, or it is of another network.
    """
    require_dynamics(spec.network, panel)
    sampler = sampler if isinstance(sampler, Sampler) else Sampler.suited(sampler, spec.network)
    began = time.monotonic()
    resolved, layout = resolve(spec, panel), Layout.of(panel)
    model = build(resolved, layout, arrays(resolved, layout, panel))
    program = compile_nutpie(model, sampler) if sampler.name == "nutpie" else None
    return Compiled(spec, layout, model, sampler, program, time.monotonic() - began)


def fit(
    spec: ModelSpec,
    panel: Panel,
    *,
    seed: int,
    sampler: Sampler | SamplerName | None = None,
    max_minutes: float = 10.0,
    limits: Limits = PUBLICATION,
    compiled: Compiled | None = None,
    progress: bool = True,
) -> Fit:
    """Sample the posterior of a specification given a panel.

    Parameters
    ----------
    spec : ModelSpec
        The specification; what it leaves to the evidence is resolved from ``panel``.
    panel : Panel
        The evidence.
    seed : int
        The same seed, specification and evidence give the same draws with the same versions of
        the packages, unless ``max_minutes`` runs out.
    sampler : Sampler or str, optional
        How to sample; or the sampler's name, for the settings that suit the network. By default
        that of ``compiled``, else nutpie.
    max_minutes : float
        The most time for sampling, after compiling.
    limits : Limits
        What must hold for every parameter before sampling stops earlier, the effective sample
        sizes so many times as the sampler's ``ess_factor`` says.
    compiled : Compiled, optional
        From :func:`compile_model` with the same specification and a panel at least as long;
        saves compiling again.
    progress : bool
        Whether to show progress on standard error.

    Returns
    -------
    Fit
        With status ``final`` if the limits hold, else ``draft``. Interrupting from the keyboard
        keeps what was drawn.

    Raises
    ------
    NotYetError
        If the network or the evidence needs dynamics that the model does not have.
    SpecError, PanelError
        If there is no evidence, if it is of another network, or if the compiled span is too short
        for it.
    SamplingError
        If the seed is none, the compiled model has another sampler, or the sampler failed.
    """
    if not (isinstance(seed, Integral) and 0 <= seed < _SEEDS):
        raise SamplingError(f"the seed is {seed!r}; give a whole number of at least 0, such as 1")
    with following(progress) as follow:
        follow(0, 0, "compiling")
        compiled = compiled or compile_model(spec, panel, sampler=sampler or "nutpie")
        _require_fitting(compiled, spec, panel)
        _require_sampler(compiled, sampler)
        began = time.monotonic()
        resolved = resolve(spec, panel)
        sampled = _sample(
            compiled,
            arrays(resolved, compiled.layout, panel),
            seed=seed,
            limits=limits,
            deadline=began + 60 * max_minutes,
            follow=follow,
        )
    sampling = time.monotonic() - began
    status = names.FINAL if converged(sampled.tree, limits) else names.DRAFT
    return assemble(
        resolved,
        Layout.of(panel),
        sampled.tree,
        {
            "status": status,
            "note": panel.note or spec.network.note,
            "manifest": {
                **manifest(),
                "seed": seed,
                "sampler": compiled.sampler.name,
                "backend": compiled.sampler.compiler if compiled.program else "",
                "settings": asdict(compiled.sampler),
                "limits": asdict(limits),
                "ending": sampled.ending,
                "seconds": {
                    "compile": round(compiled.seconds, 2),
                    "sampling": round(sampling, 2),
                },
                "digests": {
                    "network": spec.network.digest,
                    "spec": resolved.digest,
                    "panel": panel.digest,
                },
            },
        },
    )


def _sample(
    compiled: Compiled,
    data: dict[str, Any],
    *,
    seed: int,
    limits: Limits,
    deadline: float,
    follow: Callable[[int, int, str], None],
) -> Sampled:
    if compiled.program is not None:
        program = compiled.program.with_data(**data)

        def attempt(sampler: Sampler) -> Sampled:
            return sample_until_converged(
                program, sampler, seed=seed, limits=limits, deadline=deadline, progress=follow
            )

        first = attempt(compiled.sampler)
        if first.ending != "diverged" or time.monotonic() > deadline:
            return first
        try:
            second = attempt(compiled.sampler.more_careful())
        except SamplingError:  # stopped before its first draw
            return first
        cut_short = second.ending != "converged" and second.draws < first.draws
        return first if cut_short else second
    with compiled.model:
        pm.set_data(data)
    return sample_with_pymc(compiled.model, compiled.sampler, seed=seed)


def _require_sampler(compiled: Compiled, sampler: Sampler | SamplerName | None) -> None:
    """Refuse a sampler that is not the compiled model's."""
    wanted = Sampler.suited(sampler, compiled.spec.network) if isinstance(sampler, str) else sampler
    if wanted not in (None, compiled.sampler):
        raise SamplingError(
            f"the compiled model samples with {compiled.sampler}, asked for is {wanted}; "
            "leave sampler out, or compile with it"
        )


def _require_fitting(compiled: Compiled, spec: ModelSpec, panel: Panel) -> None:
    """Refuse a compiled graph of another specification, or of a shorter span."""
    require_dynamics(spec.network, panel)
    if compiled.spec != spec:
        raise PanelError(
            "the compiled model is of another specification",
            [f"compiled: {compiled.spec.digest[:12]}, given: {spec.digest[:12]}"],
            "compile the specification that you fit",
        )
    span, longest = panel.span, compiled.layout.periods
    if not set(span) <= set(longest):
        raise PanelError(
            "the compiled model is of a shorter span",
            [f"evidence: {span[0]} to {span[-1]}, compiled: {longest[0]} to {longest[-1]}"],
            "compile with the longest panel",
        )
