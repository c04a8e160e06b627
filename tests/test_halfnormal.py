"""Half-normal unknowns: the same law, sampled without a wall."""

import chains
import numpy as np
import pymc as pm
import pytest
from scipy import integrate, stats

from mppbayes.model.halfnormal import half_normal


@pytest.fixture(scope="module")
def density():
    """Give the log density of what is sampled, at a value."""
    with pm.Model(coords={"part": ["a", "b"]}) as model:
        half_normal("x", np.array([0.005, 3.0]), dims="part")
    with chains.plainly() as mode:
        compute = model.compile_logp(jacobian=True, sum=False, mode=mode)
    return lambda value: compute({"x_in_scales__": np.full(2, value)})[0]


@pytest.mark.parametrize("part", [0, 1])
def test_its_density_is_that_of_a_half_normal(density, part):
    """Chances of half-lines, counted over what is sampled."""
    for quantile in (0.1, 0.5, 0.9):
        end = stats.halfnorm.ppf(quantile)
        until = np.log(np.expm1(end))
        held, _ = integrate.quad(lambda value: np.exp(density(value)[part]), -40, until)
        assert held == pytest.approx(quantile, rel=1e-5)


def test_its_tail_falls_as_that_of_a_normal(density):
    """On the logarithm it would have fallen by exp(2 · 8) / 2."""
    assert density(0.0)[0] - density(8.0)[0] == pytest.approx(8**2 / 2, rel=0.1)
