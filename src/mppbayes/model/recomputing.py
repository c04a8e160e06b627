"""Steps of a scan that JAX's gradient does again, instead of storing all that they went through."""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any

from pytensor.compile.builders import OpFromGraph
from pytensor.tensor import TensorVariable

type Step = Callable[..., list[TensorVariable]]


class Recomputed(OpFromGraph):  # type: ignore[misc]
    """A step of which JAX keeps nothing for the way back but what it was given."""


def recomputed(step: Step) -> Step:
    """Make one node of a step.

    On its way back through a scan JAX reads what every operation of every step has given. Writing
    and reading that takes longer than to do the step again.

    Parameters
    ----------
    step : callable
        Of a scan; all that it uses is among its arguments.

    Returns
    -------
    callable
        The same. JAX takes it for what ``jax.checkpoint`` makes of it, other compilers for what it
        is.
    """
    if find_spec("jax"):
        _tell_jax()

    def as_one(*given: TensorVariable) -> list[TensorVariable]:
        inside = [value.type() for value in given]
        outside: list[TensorVariable] = Recomputed(inside, step(*inside))(*given, return_list=True)
        return outside

    return as_one


@cache
def _tell_jax() -> None:
    import jax
    from pytensor.link.jax.dispatch.basic import jax_funcify, jax_funcify_OpFromGraph

    @jax_funcify.register(Recomputed)  # type: ignore[untyped-decorator]
    def _(op: Recomputed, node: Any = None, **options: Any) -> Callable[..., Any]:
        # A scan keeps its steps apart as it is, so that nothing need prevent their being merged.
        step: Callable[..., Any] = jax.checkpoint(
            jax_funcify_OpFromGraph(op, node, **options), prevent_cse=False
        )
        return step
