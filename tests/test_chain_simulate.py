"""A synthetic chain of known truth: published in any pattern."""

import numpy as np
import pandas as pd
import pytest
from backlog import network, table

import mppbayes as mpp
from mppbayes.errors import SpecError

PERIODS = pd.period_range("2018-01", "2020-12", freq="M")


@pytest.fixture(scope="module")
def truth() -> tuple[mpp.ModelSpec, object]:
    panel = mpp.read_panel(table(), network())
    spec = mpp.resolve(mpp.ModelSpec(panel.network, harmonics=0), panel)
    prior = mpp.prior_predictive(spec, panel, draws=3, seed=3)
    return spec, prior


def published(truth, seed=1, **evidence):
    spec, prior = truth
    one = prior.isel(chain=0, draw=0)
    return mpp.simulate(spec, one, PERIODS, seed=seed, evidence=evidence).evidence


def test_a_seed_gives_the_same_evidence(truth):
    pd.testing.assert_frame_equal(published(truth), published(truth))
    assert not published(truth)["value"].equals(published(truth, seed=2)["value"])


def test_coarser_evidence_is_of_the_same_events(truth):
    fine = published(truth).set_index(["series", "period"])["value"]
    coarse = published(truth, decisions="quarter", backlog="year", grants="half-year")
    coarse = coarse.set_index(["series", "period"])["value"]
    months = [f"2019-{month:02}" for month in range(1, 13)]
    assert coarse["decisions", "2019-Q2"] == fine["decisions"][months[3:6]].sum()
    assert coarse["grants", "2019-H2"] == fine["grants"][months[6:]].sum()
    assert coarse["backlog", "2019"] == fine["backlog", "2019-12"]


def test_rests_are_published_where_asked_and_figures_are_rounded(truth):
    fine = published(truth, rejections="month").set_index(["series", "period"])["value"]
    assert (fine["grants"] + fine["rejections"] == fine["decisions"]).all()
    spec, prior = truth
    one = prior.isel(chain=0, draw=0)
    rough = mpp.simulate(spec, one, PERIODS, seed=1, rounding={"decisions": 20}).evidence
    rough = rough[rough["series"] == "decisions"].set_index("period")
    assert (rough["rounding"] == 20).all()
    assert (rough["value"] % 20 == 0).all()
    assert abs(rough["value"] - fine["decisions"]).max() <= 10


def test_a_chain_of_seven_organisations_and_four_blocks_over_twelve_years():
    """In a pattern of months, quarters, half-years and years, rounded, with a total."""
    n, blocks = 7, 4
    periods = pd.period_range("2010-01", "2021-12", freq="M")

    def place(i, block):
        return {"organisation": f"O{i}", "block": block, "unit": "persons"}

    flows = []
    for i in range(n):
        for block in range(1, blocks + 1):
            at, name = place(i, block), f"{i}_{block}"
            source = {"route": [{"source": f"out_{i - 1}_{block}", "delay": {"mean": 3, "sd": 2}}]}
            flows += [
                {"name": f"in_{name}", "kind": "inflow", "enters": f"stock_{name}", **at}
                | (source if i else {}),
                {"name": f"out_{name}", "kind": "throughflow", "leaves": f"stock_{name}", **at},
            ]
    net = mpp.Network.from_dict(
        {
            "schema": 1,
            "name": "seven by four",
            "organisation": [{"name": f"O{i}"} for i in range(n)],
            "block": [{"number": block} for block in range(1, blocks + 1)],
            "stock": [
                {"name": f"stock_{i}_{block}", **place(i, block)}
                for i in range(n)
                for block in range(1, blocks + 1)
            ],
            "flow": flows,
            "sum": [{"name": "inflow", "of": [f"in_0_{block}" for block in range(1, blocks + 1)]}],
        }
    )
    span = pd.DataFrame(
        [
            (name, str(period), 2000 if name.startswith("stock") else 300)
            for name in (*net.flow_names, *net.stock_names)
            for period in periods[:24]
        ],
        columns=["series", "period", "value"],
    )
    panel = mpp.read_panel(span, net)
    spec = mpp.resolve(mpp.ModelSpec(net), panel)
    one = mpp.prior_predictive(spec, panel, draws=1, seed=1)
    pattern = {"out_1_1": "quarter", "out_2_2": "half-year", "out_3_3": "year", "inflow": "year"}
    pattern |= {"in_6_4": "never", "stock_5_1": "year"}
    made = mpp.simulate(
        spec, one, periods, seed=1, evidence=pattern, rounding={"inflow": 10}
    ).evidence
    sizes = made.groupby("series").size()
    assert sizes["in_0_1"] == 144
    assert sizes[["out_1_1", "out_2_2", "out_3_3", "inflow", "stock_5_1"]].tolist() == [
        *(48, 24, 12, 12, 12)
    ]
    assert "in_6_4" not in sizes
    value = made.set_index(["series", "period"])["value"]
    first = sum(value[f"in_0_{b}"].filter(like="2015").sum() for b in range(1, blocks + 1))
    assert abs(value["inflow", "2015"] - first) <= 5


def test_what_is_never_published_is_not_there(truth):
    assert "withdrawals" not in set(published(truth, withdrawals="never")["series"])


def test_published_figures_keep_the_identity(truth):
    wide = published(truth).pivot(index="period", columns="series", values="value").sort_index()
    change = wide["applications"] - wide["decisions"] - wide["withdrawals"]
    left = (wide["backlog"].diff() - change).dropna()
    assert abs(left).max() < 0.05 * wide["backlog"].mean()  # what goes unrecorded
    assert (wide["grants"] <= wide["decisions"]).all()


@pytest.mark.parametrize(
    ("evidence", "said"),
    [({"decision": "month"}, "'decisions'"), ({"decisions": "weekly"}, "published 'weekly'")],
)
def test_a_pattern_that_cannot_be_published_is_refused(truth, evidence, said):
    with pytest.raises(SpecError, match=said):
        published(truth, **evidence)


def test_parameters_are_one_draw_of_a_resolved_specification(truth):
    spec, prior = truth
    with pytest.raises(SpecError, match="hold 3 draws"):
        mpp.simulate(spec, prior.isel(chain=[0]), PERIODS, seed=1)
    unresolved = mpp.ModelSpec(spec.network, harmonics=0)
    with pytest.raises(SpecError, match="is not given"):
        mpp.simulate(unresolved, prior.isel(chain=0, draw=0), PERIODS, seed=1)
    assert np.isfinite(prior["flows"].values).all()


def test_a_chain_is_simulated_from_a_single_draw_of_the_prior(truth):
    panel = mpp.read_panel(table(), network())
    one = mpp.prior_predictive(truth[0], panel, draws=1, seed=3)
    assert one["flows"].sizes["draw"] == 1
    assert len(mpp.simulate(truth[0], one, PERIODS, seed=1).evidence)
