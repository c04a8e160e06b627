import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import NETWORK, flow, labelled_forecast, synthetic_evidence

from mppbayes.errors import LabelError
from mppbayes.network import Network
from mppbayes.prediction import Forecast, bands
from mppbayes.prediction.aggregation import check_alignment
from mppbayes.prediction.quantities import quantities

APPLICATIONS = ["applications_syria", "applications_turkey"]
ASYLUM = [*APPLICATIONS, "reunification_syria"]
LEVELS = ("organisation", "block", "kind", "nationality", "sum", "flow")


def of_flows(forecast, names, years="2026"):
    """Draws of flows in a year, (chain, draw, time), added up the plain way."""
    found = forecast.flows.indexes["flow"].get_indexer(names)
    return forecast.flows.sel(time=years).values[..., found].sum(axis=-1)


@pytest.mark.parametrize(
    ("by", "quantity", "kind", "unit", "members"),
    [
        ("flow", "grants", None, None, ["grants"]),
        ("sum", "asylum", None, None, ASYLUM),
        ("sum", "everyone", None, None, [*ASYLUM, "registrations"]),
        ("organisation", "organisation=IND", "inflow", None, APPLICATIONS),
        ("organisation", "organisation=IND", "throughflow", None, ["decisions"]),
        ("organisation", "organisation=DT&V", None, "persons", ["departures"]),
        ("organisation", "organisation=DT&V", None, "cases", ["closures"]),
        ("block", "block=1", "inflow", None, ASYLUM),
        ("kind", "kind=inflow", None, None, [*ASYLUM, "registrations"]),
        ("nationality", "nationality=Syria", None, None, ["applications_syria", ASYLUM[2]]),
    ],
)
def test_draws_are_added_up_per_year(synthetic_forecast, by, quantity, kind, unit, members):
    draws = bands(synthetic_forecast, by=by).draws(quantity, kind, unit).sel(period="2026")
    expected = of_flows(synthetic_forecast, members).sum(axis=-1)
    np.testing.assert_array_equal(draws, expected)
    assert draws.dtype == np.int64


def test_groups_leave_out_parts_and_flows_without_the_label(synthetic_forecast):
    table = bands(
        synthetic_forecast, by=("organisation", "block", "kind", "nationality")
    ).to_frame()
    rows = table[["quantity", "kind", "unit"]].drop_duplicates().apply(" ".join, axis=1)
    assert rows.tolist() == [
        "organisation=IND inflow persons",
        "organisation=BZ inflow persons",
        "organisation=IND throughflow persons",
        "organisation=DT&V outflow persons",
        "organisation=DT&V outflow cases",
        "organisation=KMar inflow persons",
        "block=1 inflow persons",
        "block=1 throughflow persons",
        "block=3 outflow persons",
        "block=3 outflow cases",
        "block=4 inflow persons",
        "kind=inflow inflow persons",
        "kind=throughflow throughflow persons",
        "kind=outflow outflow persons",
        "kind=outflow outflow cases",
        "nationality=Syria inflow persons",
        "nationality=Turkey inflow persons",
    ]


def test_the_running_year_is_observed_plus_drawn(synthetic_forecast):
    seen = synthetic_evidence(Network.from_dict(NETWORK)).sel(time="2025", flow="departures")
    draws = bands(synthetic_forecast).draws("departures").sel(period="2025")
    in_march = of_flows(synthetic_forecast, ["departures"], "2025-03")[..., 0]
    np.testing.assert_array_equal(draws, seen.sum().item() + in_march)
    assert draws["n_observed"] == 11
    assert draws["n_periods"] == 12


def test_a_group_has_as_many_periods_observed_as_all_of_its_flows_have(synthetic_forecast):
    table = bands(synthetic_forecast, by=("flow", "sum", "nationality")).to_frame()
    counts = table[table["period"] == "2025"].groupby("quantity")["n_observed"].first()
    assert counts.to_dict() == {
        "reunification_syria": 10,
        "departures": 11,
        "closures": 0,
        "registrations": 0,
        "asylum": 10,
        "everyone": 0,
        "nationality=Syria": 10,
    }


def test_neither_a_partial_year_nor_an_observed_one_is_published(synthetic_forecast):
    periods = bands(synthetic_forecast).to_frame().groupby("quantity")["period"].unique()
    assert periods["applications_syria"].tolist() == ["2026"]
    assert periods["departures"].tolist() == ["2025", "2026"]


def test_periods_are_those_not_observed(synthetic_forecast):
    made = bands(synthetic_forecast, per="period")
    ahead = pd.period_range("2026-01", "2027-06", freq="M").astype(str).tolist()
    assert made.draws("applications_syria")["period"].values.tolist() == ahead
    assert made.draws("departures")["period"].values.tolist() == ["2025-03", *ahead]
    draws = made.draws("departures")
    assert draws["start"].values[0] == np.datetime64("2025-03-01")
    np.testing.assert_array_equal(
        draws.isel(period=slice(1, 13)), of_flows(synthetic_forecast, ["departures"])
    )


def test_a_horizon_is_all_after_the_origin(synthetic_forecast):
    made = bands(synthetic_forecast, by="sum", per="horizon")
    draws = made.draws("asylum")
    assert draws["period"].values.tolist() == ["2026-01/2027-06"]
    expected = of_flows(synthetic_forecast, ASYLUM, slice("2026-01", "2027-06")).sum(axis=-1)
    np.testing.assert_array_equal(draws.squeeze("period"), expected)
    assert made.history("asylum").size == 0


def test_history_is_what_was_wholly_observed(synthetic_forecast):
    made = bands(synthetic_forecast, by=("flow", "organisation"))
    seen = synthetic_evidence(Network.from_dict(NETWORK))
    history = made.history("organisation=IND", "inflow")
    assert history["period"].values.tolist() == ["2024", "2025"]
    expected = [seen.sel(time=year, flow=APPLICATIONS).sum() for year in ("2024", "2025")]
    np.testing.assert_array_equal(history, expected)
    assert made.history("departures")["period"].values.tolist() == ["2024"]
    months = bands(synthetic_forecast, per="period").history("departures")
    np.testing.assert_array_equal(months, seen.sel(flow="departures").dropna("time"))
    assert months["start"].values[0] == np.datetime64("2023-07-01")


@pytest.mark.parametrize(
    ("period", "per", "first", "last"),
    [
        ("quarter", "period", "2026-Q1", "2028-Q2"),
        ("quarter", "year", "2026", "2027"),
        ("quarter", "horizon", "2026-Q1/2028-Q2", "2026-Q1/2028-Q2"),
        ("year", "period", "2026", "2038"),
        ("year", "year", "2026", "2038"),
    ],
)
def test_other_periods_than_months(period, per, first, last):
    network = Network.from_dict({**NETWORK, "period": period})
    starts = {"quarter": pd.date_range("2025-01-01", periods=4, freq="QS"), "year": ["2025-01-01"]}
    time = pd.DatetimeIndex(starts[period])
    evidence = xr.DataArray(
        np.ones((len(time), len(network.flows))),
        {"time": time, "flow": np.array(network.flow_names)},
        name="value",
    )
    draws = np.random.default_rng(1).poisson(9, (2, 5, 14, len(network.flows)))
    made = bands(labelled_forecast(network, draws, evidence), per=per).to_frame()
    assert made["period"].iloc[[0, -1]].tolist() == [first, last]
    assert set(made["scope"]) == ({"pointwise"} if per == "period" or period == "year" else {"sum"})


def test_what_a_figure_rests_on(synthetic_forecast):
    table = bands(synthetic_forecast, by=LEVELS).to_frame()
    basis = table.set_index(["quantity", "unit"])["basis"].to_dict()
    assert basis["departures", "persons"] == basis["asylum", "persons"] == "data"
    assert basis["closures", "cases"] == basis["block=3", "cases"] == "borrowed"
    assert basis["registrations", "persons"] == basis["everyone", "persons"] == "prior"


@st.composite
def chains(draw):
    """Flows in random groups; every third may be a part of the one before."""
    rows = [
        flow(
            f"flow_{number}",
            draw(st.sampled_from("AB")),
            draw(st.integers(1, 2)),
            draw(st.sampled_from(["inflow", "outflow"])),
            labels=draw(st.sampled_from([{}, {"region": "north"}, {"region": "south"}])),
        )
        for number in range(6)
    ]
    for number in (2, 5):
        if draw(st.booleans()):
            rows[number]["part_of"] = f"flow_{number - 1}"
    return {
        "name": "random",
        "organisation": [{"name": name} for name in "AB"],
        "block": [{"number": number} for number in (1, 2)],
        "flow": rows,
    }


@settings(max_examples=20, deadline=None)
@given(chains(), st.sampled_from(["organisation", "block", "kind"]), st.integers(0, 1000))
def test_leaves_add_up_to_the_same_total_in_every_draw(chain, by, seed):
    network = Network.from_dict(chain)
    draws = np.random.default_rng(seed).poisson(5, (2, 4, 24, 6))
    forecast = labelled_forecast(network, draws, synthetic_evidence(network, gaps=False))
    grouped = bands(forecast, by=by)
    total = sum(
        grouped.draws(group.name, group.kind, group.unit).sel(period="2026").values
        for group in quantities(network, [by])
    )
    wholes = [each.name for each in network.flows if each.part_of is None]
    np.testing.assert_array_equal(total, of_flows(forecast, wholes).sum(axis=-1))


def rearranged(forecast, change):
    """Change the datasets of a forecast, each in its own way."""
    groups = {
        name: change(forecast.tree[name].to_dataset()) for name in ("predictions", "observed_data")
    }
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = forecast.tree.attrs
    return Forecast(tree)


@pytest.mark.parametrize("per", ["year", "period"])
def test_the_order_of_flows_in_the_draws_does_not_matter(synthetic_forecast, per):
    rng = np.random.default_rng(8)
    moved = rearranged(
        synthetic_forecast, lambda data: data.isel(flow=rng.permutation(data.sizes["flow"]))
    )
    expected = bands(synthetic_forecast, by=LEVELS, per=per)
    found = bands(moved, by=LEVELS, per=per)
    pd.testing.assert_frame_equal(found.to_frame(), expected.to_frame())
    xr.testing.assert_identical(found.history("asylum"), expected.history("asylum"))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda data: data.isel(flow=slice(1, None)), "lack applications_syria"),
        (lambda data: data.isel(flow=[0, *range(8)]), "hold applications_syria, which"),
        (lambda data: data.isel(time=slice(None, None, -1)), "have periods that do not follow"),
        (lambda data: data.isel(time=[0, 1, 3]), "have periods that do not"),
    ],
)
def test_draws_that_do_not_align_with_the_network_are_refused(synthetic_forecast, change, fault):
    with pytest.raises(LabelError) as caught:
        check_alignment(rearranged(synthetic_forecast, change))
    assert f"the draws {fault}" in str(caught.value)
    assert f"the evidence {fault}" in str(caught.value)


def test_a_renamed_flow_is_refused(synthetic_forecast):
    attrs = json.loads(synthetic_forecast.tree.attrs["network"])
    attrs["flow"][3]["name"], attrs["flow"][4]["part_of"] = "rulings", "rulings"
    tree = synthetic_forecast.tree.copy()
    tree.attrs["network"] = json.dumps(attrs)
    with pytest.raises(LabelError, match=r"lack rulings.*hold decisions"):
        bands(dataclasses.replace(synthetic_forecast, tree=tree))
