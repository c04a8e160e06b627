"""Shocks: who feels which, how they are correlated, and their law."""

import numpy as np
import pymc as pm
import pytest
import small_chain
from scipy import stats

from mppbayes import Network
from mppbayes.errors import SpecError
from mppbayes.model import ModelSpec
from mppbayes.model.innovations import Innovations
from mppbayes.model.priors import CrisisShock
from mppbayes.model.shocklaw import shock_law
from mppbayes.model.shocks import shock_groups

LAW = CrisisShock(0.05, 4.0)


def network(organisations):
    flows = [
        {"name": f"flow_{k}", "organisation": name, "block": 1, "kind": "inflow", "unit": "persons"}
        for k, name in enumerate(organisations)
    ]
    return Network.from_dict(
        {
            "schema": 1,
            "name": "chain",
            "period": "month",
            "organisation": [{"name": name} for name in dict.fromkeys(organisations)],
            "block": [{"number": 1, "title": {"nl": "een", "en": "one"}}],
            "flow": flows,
        }
    )


@pytest.mark.parametrize(
    ("organisations", "names", "of_flow"),
    [
        ("AABB", ("organisation A", "organisation B"), [0, 0, 1, 1]),
        ("ABCBA", ("organisation A", "organisation B", "other flows"), [0, 1, 2, 1, 0]),
        ("ABCC", ("other flows", "organisation C"), [0, 0, 1, 1]),
        ("AAA", ("chain",), [0, 0, 0]),
        ("ABC", ("chain",), [0, 0, 0]),
        ("A", ("chain",), [0]),
    ],
)
def test_a_group_has_two_flows_or_more_and_the_others_are_together(organisations, names, of_flow):
    found = shock_groups(network(organisations), "organisation")
    assert found.names == names
    assert found.index.tolist() == of_flow


def test_no_level_is_one_shock_to_the_whole_chain():
    assert shock_groups(small_chain.network(), "").names == ("chain",)


def test_an_unknown_level_is_refused():
    with pytest.raises(SpecError, match=r"shock_level is 'organization'.*organisation"):
        ModelSpec(small_chain.network(), shock_level="organization")
    with pytest.raises(SpecError, match="shock_level is 'flow'"):
        ModelSpec(small_chain.network(), shock_level="flow")


def variable(n_groups, unit=0.3, correlation=0.4, periods=50_000):
    with pm.Model(coords={"time": range(periods), "group": range(n_groups)}):
        return shock_law("shock", LAW, n_groups, unit, correlation, ("time", "group"))


def density(x, unit, correlation):
    """By SciPy: the one covariance or the other."""
    n = x.shape[-1]
    matrix = (1 - correlation) * np.eye(n) + correlation * np.ones((n, n))
    states = [
        weight * stats.multivariate_normal(np.zeros(n), (unit * scale) ** 2 * matrix).pdf(x)
        for weight, scale in zip(LAW.weights, LAW.scales, strict=True)
    ]
    return np.log(sum(states))


@pytest.mark.parametrize("n_groups", [1, 2, 4])
def test_the_density_of_shocks(n_groups):
    x = np.random.default_rng(1).normal(0, 0.6, (7, n_groups))
    correlation = 0.4 if n_groups > 1 else 0.0
    found = pm.logp(variable(n_groups, correlation=correlation, periods=7), x).eval()
    np.testing.assert_allclose(found, density(x, 0.3, correlation), rtol=1e-10)


def innovated(n_groups, correlation):
    groups = shock_groups(network("AABB" if n_groups > 1 else "AA"), "organisation")
    chance = Innovations(1, 50_000).shocks(600, LAW, groups.names)
    return 0.3 * groups.mixed(chance, np.full(50_000, correlation))


@pytest.mark.parametrize(
    "drawn",
    [lambda: pm.draw(variable(2), random_seed=3), lambda: innovated(2, 0.4)],
    ids=["prior", "innovations"],
)
def test_draws_have_the_law(drawn):
    """In the graph and in a forecast: unit variance, correlated, and large together in a crisis."""
    shocks = drawn()
    np.testing.assert_allclose(shocks.std(axis=0), 0.3, rtol=0.03)
    assert np.corrcoef(shocks.T)[0, 1] == pytest.approx(0.4, abs=0.03)
    assert stats.kurtosis(shocks[:, 0]) > 3
    large = np.abs(shocks) > 0.3 * 2.5
    assert large[large[:, 0], 1].mean() > 0.3
    calm = stats.kstest(shocks[:, 0] / 0.3, lambda x: marginal(x)).pvalue
    assert calm > 0.01


def marginal(x):
    return sum(w * stats.norm.cdf(x, 0, s) for w, s in zip(LAW.weights, LAW.scales, strict=True))


def test_one_shock_has_the_same_law():
    shocks = innovated(1, 1.0)[:, 0] / 0.3
    assert stats.kstest(shocks, marginal).pvalue > 0.01


def test_innovations_of_shocks_belong_to_their_owners():
    both = Innovations(7, 50).shocks(600, LAW, ("organisation A", "organisation B"))
    alone = Innovations(7, 50).shocks(600, LAW, ("organisation B",))
    np.testing.assert_array_equal(both[:, [0, 2]], alone)
    assert not np.array_equal(both[:, 1], both[:, 2])
    assert not np.array_equal(both, Innovations(7, 50).shocks(601, LAW, ("organisation A",) * 2))
