"""Figures of sums of flows, and of rests: what they tell of a single flow takes their place."""

import chains
import numpy as np
import pandas as pd
import pytest
from chains import flow, months, network
from hypothesis import given, settings
from hypothesis import strategies as st

import mppbayes as mpp
from mppbayes.errors import NotYetError, PanelError
from mppbayes.model.dynamics import require_dynamics
from mppbayes.model.layout import Layout


def net():
    """Two flows in a sum, which has a part and a rest; the sum and a third flow in another."""
    return network(
        flow("a"),
        flow("b"),
        flow("c"),
        flow("granted", part_of="both"),
        flow("rejected", part_of="both", rest=True),
        sums=[{"name": "both", "of": ["a", "b"]}, {"name": "all", "of": ["both", "c"]}],
    )


def told(panel) -> dict[tuple[str, str], float]:
    return panel.attributed().evidence.set_index(["series", "period"])["value"].to_dict()


def test_the_one_member_without_figures_takes_the_place_of_the_sum():
    found = told(chains.panel(net(), a=[("2020-01", 10)], both=[("2020-01", 30)]))
    assert found == {("a", "2020-01"): 10, ("b", "2020-01"): 20}


def test_a_sum_whose_members_are_known_is_left_out():
    figures = {"a": [("2020-01", 10)], "b": [("2020-01", 20)], "both": [("2020-01", 30)]}
    assert ("both", "2020-01") not in told(chains.panel(net(), **figures))


def test_a_sum_of_two_unknown_flows_stays():
    figures = {"both": [("2020-01", 30)], "a": [("2020-02", 10)]}
    assert told(chains.panel(net(), **figures))["both", "2020-01"] == 30


def test_a_rest_tells_of_the_other_part():
    figures = {"a": [("2020-01", 10)], "b": [("2020-01", 20)], "rejected": [("2020-01", 12)]}
    found = told(chains.panel(net(), **figures))
    assert found["granted", "2020-01"] == 18
    assert ("rejected", "2020-01") not in found


def test_a_rest_and_the_other_part_tell_of_their_whole():
    figures = {"a": [("2020-01", 10)], "granted": [("2020-01", 18)], "rejected": [("2020-01", 12)]}
    assert told(chains.panel(net(), **figures))["b", "2020-01"] == 20


def test_a_quarter_is_told_by_the_months_of_the_others():
    figures = {"a": months("2020-01", [10, 11, 12]), "both": [("2020-Q1", 90)]}
    assert told(chains.panel(net(), **figures))["b", "2020-Q1"] == 57


def test_sums_inside_sums_are_opened():
    figures = {
        "a": [("2020-01", 10)],
        "both": [("2020-01", 30)],
        "all": [("2020-01", 100)],
    }
    found = told(chains.panel(net(), **figures))
    assert found == {("a", "2020-01"): 10, ("b", "2020-01"): 20, ("c", "2020-01"): 70}


def test_no_figure_is_derived_where_the_flow_has_one_of_a_longer_period():
    figures = {
        "a": months("2020-01", [10] * 3),
        "b": [("2020-Q1", 60)],
        "both": [("2020-02", 30)],
    }
    found = told(chains.panel(net(), **figures))
    assert found["both", "2020-02"] == 30
    assert ("b", "2020-02") not in found


def test_the_rounding_of_a_derived_figure_has_the_variance_of_those_behind_it():
    figures = {"a": [("2020-01", 400, 5)], "both": [("2020-01", 1000, 10)]}
    table = chains.panel(net(), **figures).attributed().evidence
    derived = table[table["series"] == "b"].iloc[0]
    assert derived["rounding"] == round((5**2 + 10**2) ** 0.5)
    assert derived["lower"] < 600 < derived["upper"]


def test_a_derived_figure_is_known_when_the_last_one_behind_it_is():
    rows = [
        ("a", "2020-01", 10, "2020-02-10"),
        ("both", "2020-01", 30, "2020-03-01"),
    ]
    frame = pd.DataFrame(rows, columns=["series", "period", "value", "as_of"])
    table = mpp.read_panel(frame, net()).attributed().evidence
    assert table.set_index("series").loc["b", "as_of"] == pd.Timestamp("2020-03-01")


def test_every_total_that_does_not_add_up_is_told():
    with pytest.raises(PanelError) as caught:
        chains.panel(
            net(),
            a=months("2020-01", [10, 10]),
            b=months("2020-01", [20, 20]),
            both=months("2020-01", [31, 35]),
        )
    for said in ("is 31, its flows give 30", "is 35, its flows give 30"):
        assert said in str(caught.value)


def test_a_sum_larger_than_its_members_is_refused_unless_rounding_explains_it():
    figures = {"a": [("2020-01", 10)], "b": [("2020-01", 20)]}
    with pytest.raises(PanelError, match="its flows give 30"):
        chains.panel(net(), **figures, both=[("2020-01", 35)])
    chains.panel(net(), **figures, both=[("2020-01", 35, 10)])


def test_totals_that_tell_nothing_are_refused_and_a_ragged_end_is_said():
    nothing = chains.panel(net(), a=[("2020-01", 10)], both=[("2020-02", 30)])
    with pytest.raises(NotYetError, match="'both' has figures"):
        require_dynamics(net(), nothing)
    ragged = chains.panel(net(), a=months("2020-01", [10] * 3), both=months("2020-01", [30] * 4))
    require_dynamics(net(), ragged)
    assert Layout.of(ragged).unused == ("both 2020-04: it does not tell of a single flow",)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 500)] * 3), min_size=1, max_size=5), st.data())
def test_any_one_of_a_sum_follows_from_the_others(counts, data):
    """Whichever of the four series is not published, month by month, its figure is found."""
    published: dict[str, list[tuple[str, int]]] = {}
    truth = {}
    for month, (a, b, c) in enumerate(counts, start=1):
        figures = {"a": a, "b": b, "c": c, "all": a + b + c}
        hidden = data.draw(st.sampled_from(sorted(figures)))
        for name, value in figures.items():
            if name != hidden:
                published.setdefault(name, []).append((f"2020-{month:02}", value))
            if name != "all":
                truth[name, f"2020-{month:02}"] = value
    assert told(chains.panel(net(), **published)) == truth


@pytest.mark.parametrize("hidden", ["a", "b"])
def test_a_posterior_is_the_same_whether_a_flow_or_the_sum_is_published(hidden):
    rng = np.random.default_rng(1)
    counts = {name: rng.poisson(mean, 24) for name, mean in (("a", 300), ("b", 500), ("c", 40))}
    plain = {name: months("2020-01", [int(x) for x in each]) for name, each in counts.items()}
    both = months("2020-01", [int(x) for x in counts["a"] + counts["b"]])
    given_sum = {name: each for name, each in plain.items() if name != hidden} | {"both": both}
    one, other = (Layout.of(chains.panel(net(), **each)) for each in (plain, given_sum))
    np.testing.assert_array_equal(one.windows.value, other.windows.value)
    np.testing.assert_array_equal(one.windows.seen, other.windows.seen)
