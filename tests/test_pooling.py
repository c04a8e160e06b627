"""Pooling: which effects enter, and that every one of them works."""

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
import pytest

from mppbayes.errors import SpecError
from mppbayes.model import CrisisShock, ModelSpec, Prior, resolve
from mppbayes.model.arrays import arrays
from mppbayes.model.graph import build
from mppbayes.model.hierarchy import partly_centred
from mppbayes.model.layout import Layout
from mppbayes.model.pooling import design, levels
from mppbayes.model.priors import default_priors
from mppbayes.network import Block, Flow, Network, Organisation
from mppbayes.panel import read_panel


def network(*flows):
    """A network of flows given as (organisation, block, labels)."""
    return Network(
        name="test",
        organisations=tuple(Organisation(o) for o in dict.fromkeys(f[0] for f in flows)),
        blocks=tuple(Block(b) for b in dict.fromkeys(f[1] for f in flows)),
        flows=tuple(
            Flow(f"f{i}", organisation, block, "inflow", "persons", labels=labels)
            for i, (organisation, block, labels) in enumerate(flows)
        ),
    )


def kept(net, level, parameter="adaptation"):
    plan = design(net, net.flows, {parameter: levels(net)})
    return plan.kept[0, :, plan.levels.index(level)].tolist()


def test_a_single_block_drops_out():
    net = network(("A", 1, {}), ("A", 1, {}), ("B", 1, {}), ("B", 1, {}))
    assert not any(kept(net, "block"))
    assert all(kept(net, "organisation"))
    assert all(kept(net, "flow"))


def test_the_effect_of_a_flow_alone_in_its_organisation_does_not_enter():
    net = network(("A", 1, {}), ("B", 1, {}), ("B", 1, {}), ("C", 1, {}), ("C", 1, {}))
    assert kept(net, "flow") == [False, True, True, True, True]
    plan = design(net, net.flows, {"adaptation": levels(net)})
    share = plan.routes[0, 0, plan.levels.index("flow")]
    assert plan.levels[int(share.argmax())] == "organisation"


def test_a_block_that_is_an_organisation_does_not_enter():
    net = network(
        *[(o, b, {}) for o, b in (("A", 1), ("A", 1), ("B", 2), ("B", 3), ("C", 2), ("C", 3))]
    )
    assert kept(net, "block") == [False, False, True, True, True, True]


def test_a_flow_without_a_label_is_in_no_group():
    net = network(
        ("A", 1, {"n": "x"}),
        ("A", 1, {"n": "y"}),
        ("B", 1, {"n": "x"}),
        ("B", 1, {"n": "y"}),
        ("A", 1, {}),
    )
    assert kept(net, "n") == [True, True, True, True, False]
    assert kept(net, "flow")[-1]


def test_every_flow_has_the_same_share_in_all():
    net = network(("A", 1, {}), ("B", 1, {}), ("B", 2, {}), ("C", 1, {}), ("C", 2, {}))
    plan = design(net, net.flows, {"adaptation": levels(net), "dispersion": ("block",)})
    np.testing.assert_array_equal(plan.routes.sum((2, 3)), len(plan.levels))


@pytest.fixture(scope="module")
def deviations():
    """Prior draws of the adaptation's logit in a crossed network of seven organisations."""
    net = network(*[(o, b, {}) for o in "ABCDEFG" for b in (1, 2, 3, 4)])
    months = pd.period_range("2020-01", periods=3, freq="M").astype(str)
    rows = [(f, m, 10) for f in net.flow_names for m in months]
    panel = read_panel(pd.DataFrame(rows, columns=["series", "period", "value"]), net)
    spec = resolve(ModelSpec(net), panel)
    layout = Layout.of(panel)
    model = build(spec, layout, arrays(spec, layout, panel))
    adaptation = pm.draw(model["adaptation"], draws=6000, random_seed=1)
    return np.log(adaptation / (1 - adaptation))


def test_every_flow_has_the_same_prior_variance(deviations):
    sd = deviations.std(axis=0)
    assert sd.max() / sd.min() < 1.12


def test_flows_that_share_a_group_are_alike(deviations):
    """Fails if the effect of the organisation or of the block is dropped from the graph."""
    correlation = np.corrcoef(deviations.T).reshape(7, 4, 7, 4)
    organisation = np.mean([correlation[o, 0, o, 1] for o in range(7)])
    block = np.mean([correlation[0, b, 1, b] for b in range(4)])
    neither = np.mean([correlation[0, 0, 1, 1], correlation[2, 3, 4, 0], correlation[5, 1, 6, 2]])
    assert organisation > neither + 0.05
    assert block > neither + 0.05


def test_describe_tells_what_is_pooled_and_why():
    net = network(("A", 1, {}), ("A", 1, {}), ("B", 1, {}), ("B", 1, {}))
    text = ModelSpec(net, pooling={"adaptation": ("organisation",), "dispersion": ()}).describe()
    assert "organisation: 2 groups" in text
    assert "block: drops out" in text
    assert "not asked for" in text
    assert "not pooled" in text


def test_wrong_specifications_are_refused_with_every_fault():
    net = network(("A", 1, {}), ("B", 1, {}))
    with pytest.raises(SpecError) as caught:
        ModelSpec(
            net,
            pooling={"adaption": ("organisation",), "dispersion": ("orgnisation",)},
            ceilings={"g0": 10.0},
            half_life_range=(5.0, 2.0),
        )
    assert len(caught.value.faults) == 4
    assert "did you mean 'adaptation'?" in str(caught.value)


NET = network(("A", 1, {}), ("B", 1, {}))


def in_year(period):
    return Network.from_dict({**NET.to_dict(), "period": period})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"pooling": {"adaptation": "organisation"}}, "is 'organisation'; expected a list"),
        ({"priors": {"adaptation": Prior(0, -1, 1)}}, "doubt is -1; expected a number above 0"),
        ({"priors": {"adaptation": (0, 1, 1)}}, "expected a table"),
        ({"priors": {"adaptation": {"centre": 0, "doubt": 1}}}, "'spread' is missing; add it"),
        ({"shock": CrisisShock(probability=2)}, "probability is 2; expected a number below 1"),
        ({"shock": {"skale": 3}}, "unknown key 'skale'; did you mean 'scale'?"),
        ({"half_life_range": ("a", 2)}, "half_life_range 1 is 'a'; expected a number"),
        ({"half_life_range": (1,)}, "half_life_range: '2' is missing"),
        ({"half_life_range": (1, 2, 3)}, "expected at most 2"),
        ({"half_life_range": 2}, "half_life_range is 2; expected a list"),
        ({"harmonics": -1}, "harmonics is -1; expected a number of at least 0"),
        ({"harmonics": 1.5}, "harmonics is 1.5; expected a whole number"),
        ({"harmonics": 99}, "harmonics is 99; expected at most 6"),
        ({"network": in_year("year"), "harmonics": 1}, "harmonics is 1; expected at most 0"),
        ({"initial_sd": -1}, "initial_sd is -1; expected a number above 0"),
        ({"mean_levels": float("nan")}, "mean_levels is nan; expected a table"),
        ({"mean_levels": {"f0": float("nan")}}, "mean_levels f0 is nan; expected a finite number"),
        ({"ceilings": {"f0": -5}}, "ceilings f0 is -5; expected a number above 0"),
        ({"network": "net.toml"}, "the network is 'net.toml'; expected a mapping"),
        ({"network": {**NET.to_dict(), "period": "week"}}, "the network: period is 'week'"),
    ],
)
def test_a_wrong_value_is_refused_however_it_is_given(given, expected):
    for make in (lambda data: ModelSpec(**data), ModelSpec.from_dict):
        with pytest.raises(SpecError) as caught:
            make({"network": NET} | given)
        (fault,) = caught.value.faults
        assert expected in fault


def test_wrong_values_are_told_with_the_contradictions():
    with pytest.raises(SpecError) as caught:
        ModelSpec.from_dict(
            {"network": NET, "initial_sd": 0, "harmonic": 1, "ceilings": {"g0": 10.0}}
        )
    assert len(caught.value.faults) == 3
    assert "did you mean 'harmonics'?" in str(caught.value)


@pytest.mark.parametrize("data", [None, "spec.toml", [1]])
def test_what_is_no_mapping_is_no_specification(data):
    with pytest.raises(SpecError, match="expected a mapping"):
        ModelSpec.from_dict(data)


def test_a_missing_file_is_told_without_an_error_number(tmp_path):
    with pytest.raises(SpecError, match=r"spec\.toml cannot be read as a specification") as caught:
        ModelSpec.from_toml(tmp_path / "spec.toml")
    assert "Errno" not in str(caught.value)


@pytest.mark.parametrize(("period", "harmonics"), [("month", 2), ("quarter", 2), ("year", 0)])
def test_there_are_as_many_waves_as_the_period_allows(period, harmonics):
    assert ModelSpec(in_year(period)).harmonics == harmonics


def test_a_specification_goes_to_toml_and_back(tmp_path):
    net = network(("A", 1, {"n": "x"}), ("B", 1, {}))
    spec = ModelSpec(net, pooling={"adaptation": ()}, harmonics=1, ceilings={"f0": 500.0})
    spec.to_toml(tmp_path / "spec.toml")
    back = ModelSpec.from_toml(tmp_path / "spec.toml")
    assert back == spec
    assert hash(back) == hash(spec)
    assert back.digest == spec.digest
    assert ModelSpec.from_dict(spec.to_dict()) == spec


@pytest.mark.parametrize("sharpness", [0.0, 1.0, 5.0, 100.0])
def test_centring_does_not_change_the_prior(sharpness):
    with pm.Model(coords={"one": [0]}):
        value = partly_centred(
            "x", pt.constant([-1.1]), pt.constant([0.3]), pt.constant([sharpness]), dims=("one",)
        )
        drawn = pm.draw(value, draws=20_000, random_seed=1)
    assert drawn.mean() == pytest.approx(-1.1, abs=0.01)
    assert drawn.std() == pytest.approx(0.3, rel=0.03)


@pytest.mark.parametrize("spread", [0.001, 0.3, 20.0])
def test_what_is_sampled_hangs_neither_on_the_spread_nor_on_the_location(spread):
    """Its posterior has variance 1, and one mean for all locations."""
    modes = []
    for location in (-2.0, 1.0):
        with pm.Model(coords={"one": [0]}) as model:
            value = partly_centred("x", location, pt.constant([spread]), 4.0, dims=("one",))
            pm.Potential("figure", -0.5 * ((value + 0.7) * 4).sum() ** 2)
        density = model.compile_logp()
        below, at, above = (float(density({"x": np.array([x])})) for x in (-1.0, 0.0, 1.0))
        assert above + below - 2 * at == pytest.approx(-1, rel=1e-6)
        modes.append((above - below) / 2)
    assert modes[0] == pytest.approx(modes[1], rel=1e-6)


def test_flows_that_are_not_pooled_know_nothing_of_each_other():
    net = network(*[(o, b, {}) for o in "AB" for b in (1, 2)])
    spec = ModelSpec(
        net,
        pooling={"adaptation": ()},
        mean_levels=dict.fromkeys(net.flow_names, 2.0),
        ceilings=dict.fromkeys(net.flow_names, 100.0),
    )
    panel = read_panel(pd.DataFrame({"period": ["2024-01"], "f0": [10]}), net, layout="wide")
    layout = Layout.of(panel)
    model = build(spec, layout, arrays(spec, layout, panel))
    adaptation = pm.draw(model["adaptation"], draws=4000, random_seed=1)
    logit = np.log(adaptation / (1 - adaptation))
    prior = spec.priors["adaptation"]
    correlation = np.corrcoef(logit.T)[np.triu_indices(4, 1)]
    assert abs(correlation).max() < 0.06
    np.testing.assert_allclose(logit.std(axis=0), np.hypot(prior.doubt, prior.spread), rtol=0.05)


@pytest.mark.parametrize("drive", ["routed", "stock", "part"])
def test_the_level_of_a_driven_flow_adapts_less(drive):
    """An adaptive level would swallow the delay."""
    priors = default_priors(["exogenous", drive])
    driven, own = priors[f"{drive}.adaptation"], priors["adaptation"]
    assert driven.centre < own.centre - 0.5
    assert np.hypot(driven.doubt, driven.spread) <= np.hypot(own.doubt, own.spread)
