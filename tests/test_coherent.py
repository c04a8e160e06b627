"""Coherent scenarios: everything adds up after rounding, and the anchor lies on its band."""

import numpy as np
import pytest
from synthetic import NETWORK, labelled_forecast, stock_forecast, synthetic_evidence

import mppbayes as mpp
from mppbayes.errors import AggregationError, LabelError, ScenarioError
from mppbayes.network import Network
from mppbayes.prediction.coherence import apportioned

UNTIL, SEED = "2027-12", 2


@pytest.fixture(scope="module")
def forecast(chain_fit):
    return mpp.forecast(chain_fit, until=UNTIL, seed=SEED)


@pytest.fixture(scope="module", params=["applications", "decisions", "grants", "backlog"])
def made(request, forecast):
    return mpp.coherent(forecast, anchor=request.param, period="2026")


def test_the_anchor_equals_its_band(made, forecast):
    aggregate = "stock" if made.anchor == "backlog" else "flow"
    bands = mpp.bands(forecast, by=aggregate).select(quantity=made.anchor, period="2026")
    expected = bands.to_frame().set_index("band")["value"]
    table = made.to_frame().query(
        f"quantity == '{made.anchor}' and aggregate == '{aggregate}' and period == '2026'"
    )
    assert table.set_index("band")["value"].to_dict() == expected.to_dict()
    found = table.set_index("band")["exceedance"]
    for band in mpp.MPP:
        assert found[band.name] <= band.exceedance
        assert found[band.name] == pytest.approx(band.exceedance, abs=0.02)


def test_every_stock_adds_up_and_parts_make_up_their_whole(made):
    leaves = made.leaves
    flows, stocks = leaves["flows"], leaves["stocks"].sel(stock="backlog")
    change = flows.sel(flow="applications") - flows.sel(flow=["decisions", "withdrawals"]).sum(
        "flow"
    )
    gap = stocks.diff("period") - (change + leaves["unrecorded"].sel(stock="backlog")).isel(
        period=slice(1, None)
    )
    assert float(abs(gap).max()) == 0
    parts = flows.sel(flow=["grants", "rejections"]).sum("flow")
    assert bool((parts == flows.sel(flow="decisions")).all())
    assert int(flows.min()) >= 0
    assert flows.dtype == stocks.dtype == np.int64


def test_groups_add_up_their_rounded_flows(made):
    inflow = made.to_frame().query("quantity == 'organisation=A' and kind == 'inflow'")
    flows = made.leaves["flows"].sel(flow=["applications", "appeals"]).sum("flow").to_series()
    found = inflow.set_index(["band", "period"])["value"]
    assert len(found) == 4 * 3
    assert found.to_dict() == flows.loc[found.index].to_dict()


def test_scenarios_are_in_order_and_say_what_they_rest_on(made):
    values = made.to_frame().query(f"quantity == '{made.anchor}' and period == '2026'")["value"]
    assert sorted(values.drop_duplicates()) == list(values.drop_duplicates())
    assert set(made.effective) == set(mpp.MPP.names)
    assert min(made.effective.values()) >= 100
    assert "effective draws" in repr(made)


def test_the_representative_path_is_a_draw_near_the_scenario(made, forecast):
    chain, draw = made.representative["mediaan"]
    path = forecast.flows.isel(chain=chain, draw=draw).sel(time=slice("2026-01", "2026-12"))
    scenario = made.leaves["flows"].sel(band="mediaan", period="2026", flow="applications")
    assert float(path.sel(flow="applications").sum()) == pytest.approx(float(scenario), rel=0.3)


def test_marginal_bands_miss_the_band_of_a_sum_where_a_scenario_does_not():
    """The maxima of three flows that vary apart add up to over 10 % more than their sum's."""
    network, rng = Network.from_dict(NETWORK), np.random.default_rng(3)
    means = rng.gamma(2, 40, (2, 1000, 1, len(network.flows)))
    draws = rng.poisson(np.broadcast_to(means, (2, 1000, 30, len(network.flows))))
    apart = labelled_forecast(network, draws, synthetic_evidence(network))
    bands = mpp.bands(apart, by=("flow", "sum")).to_frame()
    top = bands.query("band == 'maximum' and period == '2026'").set_index("quantity")["value"]
    members = list(network.members("asylum"))
    made = mpp.coherent(apart, anchor="asylum", period="2026", by=("flow", "sum")).to_frame()
    scenario = made.query("band == 'maximum' and period == '2026'").set_index("quantity")["value"]
    assert scenario[members].sum() == scenario["asylum"] == top["asylum"]
    assert top[members].sum() > 1.1 * top["asylum"]


def test_too_few_draws_are_an_error():
    with pytest.raises(ScenarioError, match="rest on too few draws"):
        mpp.coherent(stock_forecast(), anchor="occupancy", period="2026")


def test_an_anchor_or_a_year_that_is_not_there_is_refused(forecast):
    with pytest.raises(LabelError, match="did you mean 'decisions'"):
        mpp.coherent(forecast, anchor="decision", period="2026")
    with pytest.raises(LabelError, match="known: 2025, 2026, 2027"):
        mpp.coherent(forecast, anchor="decisions", period="2031")


def test_rounding_to_a_total():
    assert apportioned(np.array([1.4, 2.4, 3.2]), 7).tolist() == [2, 2, 3]
    assert apportioned(np.array([1.4, 2.4, 3.2]), 7).sum() == 7
    assert apportioned(np.array([0.2, 0.3]), 3).sum() == 3


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_picture_shows_scenarios_over_the_fan_and_says_their_own_chances(forecast, language):
    made = mpp.coherent(forecast, anchor="applications", period="2026")
    bands = mpp.bands(forecast, by=("flow", "stock"), per="year")
    figure = mpp.plot_coherent(made, bands, "backlog", language=language)
    table = made.to_frame().query("quantity == 'backlog' and aggregate == 'stock'")
    lines = {line.get_gid(): line for line in figure.axes[0].lines}
    for band in mpp.MPP:
        expected = table[table["band"] == band.name]["value"].to_list()
        assert lines[f"scenario {band.name}"].get_ydata().tolist() == expected
    (caption,) = [text.get_text() for text in figure.texts if "2026" in text.get_text()]
    last = table[table["period"] == "2027"].set_index("band")["exceedance"]["medio"]
    assert f"{round(100 * last)}" in caption


def test_a_picture_of_what_the_scenarios_do_not_hold_is_refused(forecast):
    made = mpp.coherent(forecast, anchor="applications", period="2026", by=("flow",))
    with pytest.raises(LabelError, match="do not hold 'backlog'"):
        mpp.plot_coherent(made, mpp.bands(forecast, by="stock"), "backlog")
    three = mpp.BandScheme("three", mpp.MPP.bands[:3])
    few = mpp.coherent(forecast, three, anchor="applications", period="2026")
    with pytest.raises(LabelError, match="do not hold the bands maximum"):
        mpp.plot_coherent(few, mpp.bands(forecast, by="stock"), "backlog")
    by_month = mpp.bands(forecast, by="flow", per="period")
    with pytest.raises(AggregationError, match="per period"):
        mpp.plot_coherent(made, by_month, "applications")
