"""Capacity and the planning basis: shortage, surplus, and the plan that costs least."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from synthetic import NETWORK, labelled_forecast, stock_forecast, synthetic_evidence

import mppbayes as mpp
from mppbayes.errors import LabelError, SpecError
from mppbayes.network import Network
from mppbayes.prediction.planning import expected


def path(values):
    values = np.asarray(values)
    periods = [f"2026-{1 + month:02}" for month in range(values.shape[2])]
    return xr.DataArray(values, {"period": periods}, ("chain", "draw", "period"))


def test_shortage_and_surplus_by_hand():
    """Of 100 places 90 can be occupied; four paths of two months."""
    drawn = path([[[80, 95], [100, 90], [90, 90], [70, 70]]])
    table = mpp.shortage(drawn, mpp.Capacity(100, norm=0.9), exceedance=0.25).set_index("period")
    assert table["probability"].tolist() == [0.25, 0.25, 0.5, 0.5]
    assert table["so_far"].tolist() == [0.25, 0.5, 0.5, 0.5]
    np.testing.assert_allclose(table["shortage"], np.array([2.5, 1.25, 3.75, 3.75]) / 0.9)
    np.testing.assert_allclose(table["surplus"], np.array([7.5, 5.0, 5.0, 12.5]) / 0.9)
    assert table.loc["2026-01", "needed"] == 100  # 90 in three of four draws, under the norm


def test_the_worst_period_of_a_path_is_not_the_sum_of_its_periods():
    """Of 95 places all can be occupied; two paths of two months."""
    drawn = path([[[100, 105], [94, 80]]]).assign_attrs(unit="persons")
    table = mpp.shortage(drawn, mpp.Capacity(95), exceedance=0.5).set_index("period")
    assert table["shortage"].tolist() == [2.5, 5.0, 5.0, 7.5]
    assert table["surplus"].tolist() == [0.5, 7.5, 0.5, 8.0]
    assert table["needed"].tolist() == [94, 80, 94, 94]
    assert table["unit"].tolist() == ["persons"] * 3 + ["persons x periods"]
    uneven = mpp.shortage(drawn, mpp.Capacity(95, norm=0.93), exceedance=0.5)
    assert uneven["needed"].tolist() == [102, 87, 102, 102]  # 94 / 0.93 is 101.1


def test_policy_rich_places_are_named():
    drawn = path([[[100, 105]]]).assign_attrs(scenario="")
    tents = mpp.Measure("tents", 2, ("places",), "2026-01", 0.1)
    rich = mpp.Capacity(95).under(mpp.Scenario("plan", (tents,)))
    assert set(mpp.shortage(drawn, mpp.Capacity(95))["scenario"]) == {""}
    assert set(mpp.shortage(drawn, rich)["scenario"]) == {"tents"}
    both = mpp.shortage(drawn.assign_attrs(scenario="plan"), rich)
    assert set(both["scenario"]) == {"plan + tents"}


@pytest.mark.parametrize("places", [np.inf, np.nan, True, stats.norm(np.nan, 1)])
def test_places_that_are_no_number_are_refused(places):
    with pytest.raises(SpecError, match="the places of all"):
        mpp.Capacity(places)


def test_a_number_is_no_capacity():
    with pytest.raises(LabelError, match=r"give a Capacity, as in Capacity\(28_000\)"):
        mpp.shortage(path([[[1, 2]]]), 28_000)


def test_places_may_change_and_be_uncertain():
    drawn = path(np.full((2, 4000, 2), 100))
    changing = mpp.Capacity({"2026-01": 120, "2026-02": 90})
    assert mpp.shortage(drawn, changing)["probability"].tolist() == [0, 1, 1, 1]
    doubtful = mpp.Capacity(stats.norm(100, 10))
    found = mpp.shortage(drawn, doubtful)["probability"]
    assert found[0] == pytest.approx(0.5, abs=0.03)
    assert found[0] == found[1] == found[2]  # a draw has one number of places


@pytest.mark.parametrize(
    ("places", "periods", "expected"),
    [
        ({"2025": 120, "2026-Q3": 90}, ["2026-06", "2026-07", "2027-01"], [120, 90, 90]),
        ({"2026-H1": 120, "2026-09": 90}, ["2026-Q2", "2026-Q3"], [120, 90]),
        ({"2025-01": 120, "2026-07": 90}, ["2025", "2026"], [120, 90]),
        ({"2026-01": 120}, ["2026", "2027"], [120, 120]),
        ({"2026": 120, "2027": 90}, ["2026-12", "2027-01"], [120, 90]),
        ({2026: 120, "2026-02": 90}, ["2026-01", "2026-02"], [120, 90]),
    ],
)
def test_places_hold_from_the_first_month_of_the_period_named(places, periods, expected):
    drawn = path(np.ones((1, 2, len(periods)))).assign_coords(period=periods)
    np.testing.assert_array_equal(mpp.Capacity(places).drawn(drawn)[0, 0], expected)


def test_periods_of_places_that_cannot_be_used_are_refused_together():
    with pytest.raises(SpecError) as caught:
        mpp.Capacity({"2026": 120, "2026-7": 90, "spring": 80, "2026-01": 100, "2026-Q1": -1})
    faults = caught.value.faults
    for found in ("'2026-7'", "'spring'", "'2026-01'", "'2026-Q1'", "-1"):
        assert found in str(caught.value)
    assert sum("is no period; write 2024-03" in fault for fault in faults) == 2
    assert sum("begin in one month" in fault for fault in faults) == 2
    assert len(faults) == 5


def test_a_capacity_that_begins_within_the_path_is_refused():
    drawn = path(np.ones((1, 2, 2)))
    with pytest.raises(LabelError, match="begins in 2026-Q3, the forecast in 2026-01"):
        mpp.shortage(drawn, mpp.Capacity({"2026-Q3": 100}))


def test_the_table_says_what_stands_with_every_figure():
    table = mpp.shortage(mpp.paths(stock_forecast(), "occupancy"), mpp.Capacity(28_000))
    periods, last = table.iloc[:-2], table.iloc[-2:]
    assert table["unit"].tolist() == ["persons"] * (len(table) - 1) + ["persons x periods"]
    assert set(table["status"]) == {"final"}
    assert set(periods["basis"]) == {"data"}
    assert last["basis"].isna().all()
    assert (table["mcse"] >= 0).all()
    doubtful = periods[periods["probability"].between(0.2, 0.8)]
    assert len(doubtful)
    assert (doubtful["mcse"] > 0.02).all()  # of 60 posterior draws


def test_a_measure_changes_the_places():
    drawn = path(np.full((2, 4000, 4), 100))
    more = measure(effect=0.2, start="2026-02", phase_in=2)
    table = mpp.shortage(drawn, mpp.Capacity(90, measures=(more,)))
    np.testing.assert_allclose(table["shortage"][:4], [10, 1, 0, 0], atol=1e-9)
    np.testing.assert_allclose(table["surplus"][:4], [0, 0, 8, 8], atol=1e-9)
    perhaps = measure(effect=0.2, start="2026-02", probability=0.25)
    chances = mpp.shortage(drawn, mpp.Capacity(90, measures=(perhaps,)))["probability"]
    assert chances[0] == 1
    assert chances[1] == chances[3] == pytest.approx(0.75, abs=0.02)
    by_year = drawn.isel(period=[0]).assign_coords(period=["2026"])
    yearly = mpp.Capacity(90, measures=(measure(effect=0.2, start="2026"),))
    assert mpp.shortage(by_year, yearly)["probability"][0] == 0


def test_a_measure_of_places_belongs_to_a_capacity_and_others_to_a_scenario():
    with pytest.raises(SpecError, match="acts on 'places', others belong to a scenario") as caught:
        mpp.Capacity(90, measures=(measure(acts_on="decisions", effect=-2.0),))
    assert len(caught.value.faults) == 2
    with pytest.raises(SpecError, match="two measures are called 'places'"):
        mpp.Capacity(90, measures=(measure(effect=0.1), measure(effect=0.2)))
    with pytest.raises(SpecError, match="starts at 'spring', which is no period"):
        mpp.Capacity(90, measures=measure(effect=0.1, start="spring"))
    late = mpp.Capacity(90, measures=measure(effect=0.1, start="2026"))
    with pytest.raises(LabelError, match="starts at '2026', and the path has periods"):
        mpp.shortage(path(np.ones((1, 2, 2))), late)


def test_a_capacity_under_a_scenario_has_its_measures_of_places():
    elsewhere = mpp.Measure("faster", 1, ("decisions",), "2026-02", 0.3)
    plan = mpp.Scenario("plan", (elsewhere, measure(effect=0.2)))
    capacity = mpp.Capacity(90, norm=0.9, source="a guess")
    under = capacity.under(plan)
    assert under == mpp.Capacity(90, 0.9, "a guess", (measure(effect=0.2),))
    assert capacity.measures == ()
    assert capacity.under(plan.without("places")) == capacity
    with pytest.raises(SpecError, match="two measures are called 'places'"):
        under.under(plan)


def measure(**keys):
    usual = {"name": "places", "block": 2, "acts_on": "places", "start": "2026-02"}
    return mpp.Measure(**usual | keys)


def test_a_capacity_at_fault_is_refused():
    with pytest.raises(SpecError) as caught:
        mpp.Capacity({"2026-01": -1}, norm=1.2)
    assert len(caught.value.faults) == 2
    late = mpp.Capacity({"2027-01": 100})
    with pytest.raises(LabelError, match="begins in 2027-01, the forecast in 2026-01"):
        mpp.shortage(path(np.ones((1, 2, 2))), late)


@pytest.fixture(scope="module")
def plans():
    return mpp.compare_plans(stock_forecast(), by=("stock", "sum"), costs=(3.0, 1.0))


def test_a_plan_falls_short_as_often_as_its_band_says(plans):
    table = plans.to_frame()
    assert set(table["basis"]) == {"mediaan", "medio"}
    medio = table[table["basis"] == "medio"]
    assert (medio["falls_short"] <= 0.33).all()
    assert (medio["falls_short"] > 0.30).all()
    assert (medio["moved"] >= 0).all()
    assert (table.loc[table["basis"] == "mediaan", "moved"] == 0).all()
    assert {"mcse", "rule", "scope", "rests_on", "origin", "scenario", "status"} <= set(table)
    mediaan = table[table["basis"] == "mediaan"].reset_index()
    for figure in ("falls_short", "shortage", "surplus"):
        expected = medio.reset_index()[figure] - mediaan[figure]
        np.testing.assert_allclose(medio[f"moved_{figure}"], expected)


def test_shortage_less_surplus_is_the_mean_less_the_plan(plans):
    row = plans.to_frame().query("quantity == 'occupancy' and basis == 'medio'").iloc[-1]
    draws = plans.bands.draws("occupancy").sel(period=row["period"])
    assert row["shortage"] - row["surplus"] == pytest.approx(float(draws.mean()) - row["value"])
    assert row["cost"] == pytest.approx(3 * row["shortage"] + row["surplus"])


def test_the_optimum_costs_least_and_is_the_closed_form():
    """Costs of 3 and 1: exceeded with probability 1/4, of a normal its 0.75 quantile."""
    draws = np.random.default_rng(0).normal(1000, 100, (1, 200_000))
    grid = np.arange(900, 1200, 2.0)[None]
    short, idle = expected(draws, grid)
    best = grid[0, np.argmin(3 * short + idle)]
    assert best == pytest.approx(stats.norm(1000, 100).ppf(0.75), abs=4)


def test_the_optimum_of_a_known_law_is_its_quantile_and_costs_least_on_fresh_outcomes():
    network, rng = Network.from_dict(NETWORK), np.random.default_rng(5)
    draws = rng.poisson(50, (2, 4000, 24, len(network.flows)))
    forecast = labelled_forecast(network, draws, synthetic_evidence(network, gaps=False))
    plans = mpp.compare_plans(forecast, by="flow", costs=(3.0, 1.0))
    best = plans.optimum().query("quantity == 'departures' and period == '2026'").iloc[0]
    assert best["value"] == pytest.approx(stats.poisson(600).ppf(0.75), abs=4 * best["mcse"] + 1)
    assert best["status"] == forecast.status
    fresh = rng.poisson(600, (1, 400_000))
    nearby = np.array([[best["value"] + move for move in (-12, 0, 12)]])
    short, idle = expected(fresh, nearby)
    assert np.argmin(3 * short + idle) == 1


def test_no_plan_on_the_curve_costs_less_than_the_optimum(plans):
    optimum = plans.optimum().set_index(["quantity", "period"])
    assert (optimum["exceedance"] == 0.25).all()
    least = plans.curve().groupby(["quantity", "period"])["cost"].min()
    assert (optimum["cost"].sort_index() <= least.sort_index() + 1e-9).all()


def test_plans_at_fault_are_refused():
    forecast = stock_forecast()
    with pytest.raises(SpecError, match="did you mean 'medio'"):
        mpp.compare_plans(forecast, ["mediio"], by="stock")
    with pytest.raises(SpecError, match="two numbers above 0"):
        mpp.compare_plans(forecast, by="stock", costs=(1, 0))
    with pytest.raises(SpecError, match="'medio' is named twice"):
        mpp.compare_plans(forecast, ["medio", "medio"])
    one = mpp.compare_plans(forecast, "medio", by="stock", costs=np.array([3.0, 1.0]))
    assert set(one.to_frame()["basis"]) == {"medio"}
    with pytest.raises(SpecError, match="give costs"):
        mpp.compare_plans(forecast, by="stock").optimum()


def test_the_picture_shows_shortage_against_surplus_and_says_the_numbers(plans):
    figure = mpp.plot_plans(plans, "occupancy", "2026", language="en")
    lines = {line.get_gid(): line for line in figure.axes[0].lines}
    assert {"shortage", "surplus", "mediaan", "medio"} <= set(lines)
    assert (np.diff(lines["shortage"].get_ydata()) <= 0).all()
    assert (np.diff(lines["surplus"].get_ydata()) >= 0).all()
    row = plans.to_frame().query("quantity == 'occupancy' and period == '2026'").iloc[0]
    caption = next(text.get_text() for text in figure.texts if text.get_gid() == "caption")
    assert f"{row['value']:,.0f}" in caption.replace("\n", " ")
    with pytest.raises(LabelError, match="no plan for '2031'"):
        mpp.plot_plans(plans, "occupancy", "2031")


def test_the_picture_of_costs_is_the_curve_with_its_least_and_the_bases(plans):
    figure = mpp.plot_costs(plans, "occupancy", "2026", language="en")
    lines = {line.get_gid(): line for line in figure.axes[0].lines}
    assert {"cost", "optimum", "mediaan", "medio"} <= set(lines)
    curve = plans.curve().query("quantity == 'occupancy' and period == '2026'")
    np.testing.assert_array_equal(lines["cost"].get_ydata(), curve["cost"])
    np.testing.assert_allclose(lines["cost"].get_xdata(), 100 * curve["exceedance"])
    assert lines["optimum"].get_xdata()[0] == 25  # costs of 3 and 1
    assert lines["optimum"].get_ydata()[0] <= curve["cost"].min() + 1e-9
    caption = next(text.get_text() for text in figure.texts if text.get_gid() == "caption")
    best = plans.optimum().query("quantity == 'occupancy' and period == '2026'").iloc[0]
    assert f"{best['value']:,.0f} (chance of more 25" in caption.replace("\n", " ")
    with pytest.raises(LabelError, match="no plan for '2031'"):
        mpp.plot_costs(plans, "occupancy", "2031")
    free = mpp.compare_plans(stock_forecast(), by="stock")
    with pytest.raises(SpecError, match="give costs"):
        mpp.plot_costs(free, "asylum_seekers", "2026")


@pytest.mark.parametrize("exceedance", [33, -0.1, 0, 1])
def test_a_probability_that_is_none_is_refused(exceedance):
    with pytest.raises(LabelError, match="between 0 and 1"):
        mpp.shortage(path([[[80, 95]]]), mpp.Capacity(100), exceedance=exceedance)


def test_places_below_none_are_refused():
    with pytest.raises(SpecError, match="reach from -52 to 72; give a distribution of 0 or more"):
        mpp.Capacity(stats.norm(10, 20))


@pytest.mark.parametrize("costs", [(3,), 3, (1, 2, 3), "ab", (1, np.inf), (np.nan, 1)])
def test_costs_that_are_no_pair_are_refused(costs):
    with pytest.raises(SpecError, match="two numbers above 0"):
        mpp.compare_plans(stock_forecast(), by="stock", costs=costs)
