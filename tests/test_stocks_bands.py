"""Bands of stocks: levels at a moment, alone and in a declared sum; never added up over time."""

import json
from operator import add

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from synthetic import HOUSED, RECEPTION, flow, stock_forecast, true_levels

from mppbayes.errors import AggregationError, LabelError
from mppbayes.network import Network
from mppbayes.prediction import MPP, Forecast, aggregates, bands
from mppbayes.prediction.aggregation import check_alignment, last_seen
from mppbayes.prediction.quantities import bases, quantities

STOCKS = ["asylum_seekers", "status_holders"]
AHEAD = pd.period_range("2026-01", "2027-06", freq="M").astype(str).tolist()


@pytest.fixture(scope="module")
def forecast():
    return stock_forecast()


def changed(forecast, change, group="predictions"):
    """Change one group of a forecast."""
    tree = forecast.tree.copy()
    tree[group] = xr.DataTree(change(tree[group].to_dataset()))
    return Forecast(tree)


def rows(made):
    """Give the first row of every quantity and period."""
    return made.to_frame().drop_duplicates(["quantity", "period"]).set_index(["quantity", "period"])


@pytest.mark.parametrize(
    ("per", "period", "time", "moment"),
    [
        ("period", "2026-02", "2026-02-01", "2026-02-28"),
        ("year", "2026", "2026-12-01", "2026-12-31"),
        ("horizon", "2026-01/2027-06", "2027-06-01", "2027-06-30"),
    ],
)
def test_a_stock_is_its_level_at_the_end(forecast, per, period, time, moment):
    made = bands(forecast, by=("stock", "sum"), per=per)
    levels = forecast.stocks.sel(time=time)
    for name, expected in (
        ("asylum_seekers", levels.sel(stock="asylum_seekers")),
        ("status_holders", levels.sel(stock="status_holders")),
        ("occupancy", levels.sum("stock")),
    ):
        draws = made.draws(name)
        assert draws.dtype == np.int64
        assert draws["n_periods"] == 1
        np.testing.assert_array_equal(draws.sel(period=period), expected)
        assert draws["moment"].sel(period=period) == np.datetime64(moment)
        assert rows(made).loc[(name, period), "moment"] == moment
    for name in ("chain", "draw", "posterior_draw", "future"):
        np.testing.assert_array_equal(made.draws("occupancy")[name], forecast.stocks[name])
    assert rows(made).loc[("outflow", period), "moment"] == ""


def test_every_figure_is_the_quantile_of_the_levels(forecast):
    made = bands(forecast, by=("stock", "sum"), per="period")
    for row in made.to_frame().itertuples():
        outcome = made.draws(row.quantity).sel(period=row.period).values
        assert row.achieved == np.mean(outcome > row.value) <= row.exceedance
        assert row.exceedance < np.mean(outcome >= row.value)


def test_a_row_says_what_a_stock_is(forecast):
    made = bands(forecast, by=aggregates(forecast.network))
    about = rows(made)[
        ["aggregate", "organisation", "block", "kind", "labels", "unit", "scope", "n_observed"]
    ]
    assert about.loc[("status_holders", "2026")].tolist() == [
        *("stock", "COA", 4, "", "{}", "persons", "pointwise", 0)
    ]
    occupancy = about.loc[("occupancy", "2026")]
    assert occupancy.drop("block").tolist() == ["sum", "COA", "", "{}", "persons", "sum", 0]
    assert pd.isna(occupancy["block"])
    for per in ("period", "horizon"):
        scope = rows(bands(forecast, by=("stock", "sum"), per=per))["scope"]
        assert set(scope.loc[STOCKS]) == {"pointwise"}
        assert set(scope.loc["occupancy"]) == {"sum"}


def test_stocks_come_after_flows_in_the_order_declared(forecast):
    assert aggregates(forecast.network)[:3] == ("flow", "stock", "organisation")
    names = bands(forecast, by=("flow", "stock")).to_frame()["quantity"].unique().tolist()
    assert names == [*forecast.network.flow_names, *STOCKS]


def test_a_sum_is_taken_within_every_draw(forecast):
    value = bands(forecast, by=("stock", "sum")).select(period="2026").to_frame()
    value = value.set_index(["quantity", "band"])["value"]
    assert value["occupancy", "maximum"] < sum(value[name, "maximum"] for name in STOCKS)
    assert value["occupancy", "minimum"] > sum(value[name, "minimum"] for name in STOCKS)


def test_a_level_that_was_observed_is_left_out(forecast):
    by_year = bands(forecast, by=("stock", "sum"))
    assert by_year.draws("asylum_seekers")["period"].values.tolist() == ["2025", "2026"]
    assert by_year.draws("occupancy")["period"].values.tolist() == ["2026"]
    made = bands(forecast, by=("stock", "sum"), per="period")
    assert made.draws("status_holders")["period"].values.tolist() == ["2025-03", "2025-12", *AHEAD]
    drawn = [f"2025-{month:02}" for month in (1, 2, 3, 4, 5, 7, 8, 10, 11)]
    assert made.draws("asylum_seekers")["period"].values.tolist() == [*drawn, "2025-12", *AHEAD]
    assert made.draws("occupancy")["period"].values.tolist() == [*drawn, *AHEAD]
    assert not made.to_frame()["n_observed"].any()


def test_history_is_the_levels_that_the_figures_tell(forecast):
    """Of 2025-06 the asylum seekers are what the sum's figure leaves; of 2025-09 all are seen."""
    levels = true_levels()
    made = bands(forecast, by=("stock", "sum"), per="period")
    expected = {
        "asylum_seekers": ["2023-12", "2024-12", "2025-06", "2025-09"],
        "occupancy": ["2023-12", "2024-12", "2025-06", "2025-09", "2025-12"],
    }
    for name, months in expected.items():
        history = made.history(name)
        assert history.dtype == np.int64
        assert history["period"].values.tolist() == months
        ends = pd.PeriodIndex(months, freq="M")
        np.testing.assert_array_equal(history, levels.loc[ends, name])
        np.testing.assert_array_equal(history["moment"], ends.end_time.normalize())
        np.testing.assert_array_equal(history["start"], ends.start_time)
    assert made.history("status_holders").size == 12
    yearly = bands(forecast, by=("stock", "sum")).history("occupancy")
    assert yearly["period"].values.tolist() == ["2023", "2024", "2025"]
    assert yearly["start"].values[0] == np.datetime64("2023-01-01")
    np.testing.assert_array_equal(
        yearly, [levels.loc[f"{y}-12", "occupancy"] for y in (2023, 2024, 2025)]
    )
    assert bands(forecast, by="stock", per="horizon").history("asylum_seekers").size == 0


def test_a_figure_goes_before_what_others_imply(forecast):
    """A sum that was published differs from its members' by their rounding, and stands."""
    true = true_levels().loc["2025-09"]

    def publish(figures):
        june = np.datetime64("2025-06-30")
        moved = (figures["series"] == "occupancy") & (figures["end"] == june)
        return figures.assign(
            end=figures["end"].where(~moved, np.datetime64("2025-09-30")),
            value=figures["value"].where(~moved, true["occupancy"] + 7),
        )

    made = bands(changed(forecast, publish, "figures"), by=("stock", "sum"), per="period")
    found = {name: made.history(name).sel(period="2025-09").item() for name in true.index}
    assert found == {**true, "occupancy": true["occupancy"] + 7}


def test_a_stock_needs_no_more_of_a_year_than_its_end(forecast):
    late = changed(forecast, lambda data: data.isel(time=slice(2, None)))
    made = bands(late, by=("flow", "stock"))
    assert made.draws("asylum_seekers")["period"].values.tolist() == ["2025", "2026"]
    assert made.draws("asylum_seekers")["start"].values[0] == np.datetime64("2025-01-01")
    assert made.draws("housed")["period"].values.tolist() == ["2026"]
    whole = bands(forecast, by="stock")
    xr.testing.assert_identical(made.draws("asylum_seekers"), whole.draws("asylum_seekers"))


@pytest.mark.parametrize(
    ("period", "months", "first", "moments"),
    [
        ("quarter", 3, "2025-Q1", ["2025-03-31", "2025-06-30"]),
        ("year", 12, "2025", ["2025-12-31", "2026-12-31"]),
    ],
)
def test_other_periods_than_months(forecast, period, months, first, moments):
    attrs = forecast.tree.attrs
    time = pd.date_range("2025-01-01", periods=30, freq=pd.DateOffset(months=months))
    made = changed(forecast, lambda data: data.drop_vars("moment").assign_coords(time=time))
    made.tree["observed_data"] = xr.DataTree(
        forecast.observed.assign_coords(time=time).assign(value=forecast.observed["value"] * np.nan)
    )
    made.tree["figures"] = xr.DataTree(forecast.tree["figures"].to_dataset().isel(figure=slice(0)))
    network = json.dumps(json.loads(attrs["network"]) | {"period": period})
    made.tree.attrs = attrs | {"network": network, "origin": "2024" if months == 12 else "2024Q4"}
    draws = bands(made, by="stock", per="period").draws("asylum_seekers")
    assert draws["period"].values[0] == first
    assert draws["moment"].values[:2].tolist() == [
        np.datetime64(moment, "ns").item() for moment in moments
    ]
    yearly = bands(made, by="stock").draws("asylum_seekers")
    last = 12 // months
    np.testing.assert_array_equal(
        yearly, forecast.stocks.sel(stock="asylum_seekers").isel(time=slice(last - 1, None, last))
    )


def test_no_quantity_mixes_stocks_and_flows(forecast):
    network = forecast.network
    for each in quantities(network, aggregates(network)):
        assert len({type(member) for member in each.members}) == 1
        assert each.of_stocks == (each.name in network.stock_series)
    made = bands(forecast, by=("organisation", "block", "kind"))
    assert "" not in set(made.to_frame()["kind"])
    arrivals = forecast.flows.sel(flow="arrivals", time="2026").sum("time")
    found = made.draws("organisation=COA", "inflow").sel(period="2026")
    np.testing.assert_array_equal(found, arrivals)


def test_the_first_of_january_is_the_end_of_the_day_before(forecast):
    made = bands(forecast, by="stock")
    evening = made.select(moment="2026-12-31").to_frame()
    pd.testing.assert_frame_equal(made.select(moment="2027-01-01").to_frame(), evening)
    assert set(evening["period"]) == {"2026"}
    for day in ("2026-12-30", "2027-01-02", "no day"):
        with pytest.raises(LabelError, match=f"no row has moment '{day}'"):
            made.select(moment=day)


def test_stocks_are_no_flows(forecast):
    made = {each.name: each for each in quantities(forecast.network, ("stock", "sum"))}
    assert made["outflow"].flow_names == made["outflow"].member_names == ["departures", "housed"]
    assert made["occupancy"].member_names == STOCKS
    for name in ("occupancy", "asylum_seekers"):
        with pytest.raises(AggregationError, match=f"'{name}' is of stocks, expected flows"):
            _ = made[name].flow_names


def test_a_network_without_stocks_has_none(synthetic_forecast):
    assert "stock" not in aggregates(synthetic_forecast.network)
    with pytest.raises(LabelError, match="by='stock' is unknown"):
        bands(synthetic_forecast, by="stock")


@pytest.mark.parametrize(
    ("seen", "asylum_seekers", "status_holders"),
    [
        (["asylum_seekers", "arrivals"], "data", "prior"),
        (["occupancy"], "data", "data"),
        (["arrivals", "departures"], "borrowed", "prior"),
        (["arrivals", "permits"], "borrowed", "borrowed"),
        (["outflow"], "prior", "prior"),
    ],
)
def test_what_a_stock_rests_on(forecast, seen, asylum_seekers, status_holders):
    found = bases(forecast.network, seen)
    assert [found[name] for name in STOCKS] == [asylum_seekers, status_holders]


def test_every_flow_that_enters_must_have_evidence_to_lend():
    row = flow("transfers", "COA", 2, "inflow", enters="asylum_seekers")
    network = Network.from_dict(RECEPTION | {"flow": [*RECEPTION["flow"], row]})
    assert bases(network, ["arrivals"])["asylum_seekers"] == "prior"
    assert bases(network, ["arrivals", "transfers"])["asylum_seekers"] == "borrowed"


def test_the_basis_in_the_table(forecast):
    def without(*series):
        unwanted = np.array(series)
        return changed(
            forecast, lambda data: data.sel(figure=~data["series"].isin(unwanted)), "figures"
        )

    def found(made):
        return rows(bands(made, by=("flow", "stock", "sum")))["basis"].xs("2026", level=1).to_dict()

    assert set(found(forecast).values()) == {"data"}
    own = found(without("occupancy", "status_holders"))
    assert own["asylum_seekers"] == "data"
    assert own["status_holders"] == own["occupancy"] == "borrowed"
    untold = Forecast(forecast.tree.copy())
    untold.tree.attrs["untold"] = '["housed"]'
    assert found(untold)["housed"] == "borrowed"


def test_the_table_says_up_to_when_everything_in_a_figure_was_seen(forecast):
    found = rows(bands(forecast, by=("flow", "stock", "sum")))["last_observed"].xs("2026", level=1)
    seen = last_seen(forecast)
    assert found["housed"] == str(seen["housed"]) == "2025-12"
    assert found["status_holders"] == "2025-12"  # by the sum; its own last figure is of November
    assert str(seen["status_holders"]) == "2025-11"
    assert found["outflow"] == str(min(seen["departures"], seen["housed"]))
    data = forecast.tree["figures"].to_dataset()
    kept = ~data["series"].isin(["occupancy", "status_holders"])
    without = changed(forecast, lambda data: data.sel(figure=kept), "figures")
    found = rows(bands(without, by=("stock", "sum")))["last_observed"].xs("2026", level=1)
    assert found["status_holders"] == found["occupancy"] == ""


def test_figures_over_longer_spans_are_evidence_of_a_flow(forecast):
    assert not forecast.is_observed.sel(flow="housed").any()
    assert set(last_seen(forecast)) == {*forecast.network.flow_names, *STOCKS, "occupancy"}
    assert rows(bands(forecast))["basis"]["housed", "2026"] == "data"
    tree = forecast.tree.copy()
    del tree["figures"]
    assert rows(bands(Forecast(tree)))["basis"]["housed", "2026"] == "borrowed"


def test_a_year_that_a_figure_tells_is_observed_but_not_its_months(forecast):
    made = bands(forecast, by=("flow", "sum"))
    assert made.draws("housed")["period"].values.tolist() == ["2026"]
    assert made.draws("outflow")["period"].values.tolist() == ["2026"]
    assert made.history("housed").to_series().to_dict() == HOUSED
    departures = made.history("departures").to_series()
    assert (
        made.history("outflow").to_series().to_dict()
        == (departures + pd.Series(HOUSED)).dropna().to_dict()
    )
    monthly = bands(forecast, by="flow", per="period")
    assert monthly.draws("housed").sizes["period"] == 30
    assert monthly.history("housed").size == 0


def test_a_figure_over_part_of_the_year_counts_for_its_periods(forecast):
    def first_quarter(figures):
        of_2025 = (figures["series"] == "housed") & (figures["end"] == np.datetime64("2025-12-31"))
        return figures.assign(
            end=figures["end"].where(~of_2025, np.datetime64("2025-03-31")),
            n_periods=figures["n_periods"].where(~of_2025, 3),
        )

    made = bands(changed(forecast, first_quarter, "figures"), by=("flow", "sum"))
    drawn = forecast.flows.sel(flow="housed", time="2025").sum("time")
    np.testing.assert_array_equal(made.draws("housed").sel(period="2025"), drawn)
    for name in ("housed", "outflow"):
        assert made.draws(name).sel(period="2025")["n_observed"] == 3
    assert made.history("housed")["period"].values.tolist() == ["2024"]


def test_without_figures_no_level_is_observed(forecast):
    tree = forecast.tree.copy()
    del tree["figures"]
    made = bands(Forecast(tree), by=("stock", "sum"), per="period")
    assert made.draws("occupancy").sizes["period"] == 30
    assert made.history("occupancy").size == 0
    assert Forecast(tree).figures.empty


def test_select_and_files_keep_stocks(forecast, tmp_path):
    made = bands(forecast, by=("flow", "stock", "sum"))
    chosen = made.select(aggregate="stock", moment="2026-12-31", band="medio")
    assert [each.name for each in chosen.quantities] == STOCKS
    assert chosen.to_frame()["period"].tolist() == ["2026", "2026"]
    assert chosen.draws("asylum_seekers").equals(made.draws("asylum_seekers", kind=""))
    made.to_csv(tmp_path / "bands.csv")
    text = {"dtype": {"block": "Int64", "period": str}, "keep_default_na": False}
    back = pd.read_csv(tmp_path / "bands.csv", na_values={"block": ""}, **text)
    pd.testing.assert_frame_equal(back, made.to_frame())
    with pytest.raises(AggregationError, match="Aggregate the draws"):
        add(made, made)


def test_a_saved_forecast_has_the_same_bands(forecast, tmp_path):
    forecast.save(tmp_path / "forecast.nc")
    tree = xr.open_datatree(tmp_path / "forecast.nc", engine="h5netcdf").load()
    pd.testing.assert_frame_equal(
        bands(Forecast(tree), MPP, by=("stock", "sum")).to_frame(),
        bands(forecast, MPP, by=("stock", "sum")).to_frame(),
    )
    tree.close()


def test_the_order_of_stocks_in_the_draws_does_not_matter(forecast):
    moved = changed(forecast, lambda data: data.isel(stock=[1, 0]))
    by = ("stock", "sum")
    pd.testing.assert_frame_equal(bands(moved, by=by).to_frame(), bands(forecast, by=by).to_frame())


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda data: data.isel(stock=[1]), "lack asylum_seekers"),
        (lambda data: data.isel(stock=[0, 1, 1]), "hold status_holders, which the network"),
        (lambda data: data.drop_dims("stock"), "lack asylum_seekers, status_holders"),
        (lambda data: data.assign_coords(stock=["asylum_seekers", "x"]), "hold x, which"),
    ],
)
def test_stocks_that_do_not_align_with_the_network_are_refused(forecast, change, fault):
    with pytest.raises(LabelError) as caught:
        check_alignment(changed(forecast, change))
    assert f"the draws of stocks {fault}" in str(caught.value)


def test_stocks_of_a_network_without_any_are_refused(synthetic_forecast, forecast):
    stocks = forecast.stocks.drop_vars("moment")
    strange = changed(synthetic_forecast, lambda data: data.assign(stocks=stocks))
    with pytest.raises(LabelError, match="the draws of stocks hold asylum_seekers"):
        check_alignment(strange)


def test_a_forecast_says_how_many_stocks_it_has(forecast, synthetic_forecast):
    assert "4 flows, 2 stocks, 2025-12 to 2027-06" in repr(forecast)
    assert "8 flows, 2025-12 to 2027-06" in repr(synthetic_forecast)
    assert "16 figures per year, 2025 to 2026" in repr(bands(forecast, by="stock"))
