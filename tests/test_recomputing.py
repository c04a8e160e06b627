"""A scan whose steps are done again on the way back gives the same gradient."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from mppbayes.model.recomputing import recomputed

jax = pytest.importorskip("jax")
SERIES, START, RATE = np.linspace(0.1, 1.0, 12), np.array([0.5, 2.0]), np.array([0.3, 0.7])


def logistic(now, state, rate):
    return [state * pt.exp(rate * (1 - state)) + now]


def final(around) -> object:
    """Compile the sum of the last state by JAX; ``around`` is laid around the step."""
    start, rate = pt.vector("start", shape=(2,)), pt.vector("rate", shape=(2,))
    states = pytensor.scan(
        around(logistic),
        sequences=[pt.as_tensor(SERIES)],
        outputs_info=[start],
        non_sequences=[rate],
        strict=True,
        return_updates=False,
    )
    function = pytensor.function([start, rate], states[-1].sum(), mode="JAX").vm.jit_fn
    return lambda *values: function(*values)[0]


def test_the_gradient_is_the_same():
    plain, again = final(lambda step: step), final(recomputed)
    for one, other in zip(
        jax.grad(plain, (0, 1))(START, RATE), jax.grad(again, (0, 1))(START, RATE), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_jax_keeps_what_the_steps_were_given():
    def stored(around) -> int:
        """Count the arrays, one row a step, that the way there leaves for the way back."""
        _, back = jax.vjp(final(around), START, RATE)
        rows = [np.shape(leaf)[:1] for leaf in jax.tree.leaves(back)]
        return rows.count((len(SERIES),))

    assert stored(recomputed) < stored(lambda step: step)
