"""A stock's figure: its fan, and those of the flows that enter and leave it, from one table."""

import matplotlib
import pytest
import xarray as xr
from synthetic import stock_forecast

from mppbayes import MPP, Forecast, bands, plot_fan, plot_stock
from mppbayes.errors import AggregationError, LabelError


@pytest.fixture(scope="module")
def forecast():
    return stock_forecast()


def line(axes, gid):
    (found,) = (line for line in axes.get_lines() if line.get_gid() == gid)
    return found.get_ydata().tolist()


def line_at(figure, gid):
    (found,) = (line for line in figure.axes[0].get_lines() if line.get_gid() == gid)
    return found.get_xdata()


def texts(figure):
    found = figure.findobj(matplotlib.text.Text)
    return " | ".join(" ".join(text.get_text().split("\n")) for text in found)


@pytest.mark.parametrize("per", ["period", "year"])
def test_every_fan_goes_through_the_values_of_the_table(forecast, per):
    made = bands(forecast, by=("stock", "flow"), per=per)
    figure = plot_stock(made, "asylum_seekers")
    shown = ["asylum_seekers", "arrivals", "permits", "departures"]
    assert len(figure.axes) == len(shown)
    for axes, name in zip(figure.axes, shown, strict=True):
        for band in MPP:
            values = made.select(quantity=name, band=band.name).to_frame()["value"]
            assert line(axes, band.name) == values.tolist()


def test_titles_tell_what_enters_from_what_leaves(forecast):
    figure = plot_stock(bands(forecast, by=("stock", "flow")), "asylum_seekers", language="en")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["", "+ Arrivals", "\N{MINUS SIGN} Permits", "\N{MINUS SIGN} Departures"]
    said = texts(figure)
    assert "persons at the end" in said
    assert "persons per year" in said
    assert "add up" in said
    assert "maximum: 10\N{NO-BREAK SPACE}% chance of more" in said


def test_a_flow_from_one_stock_to_another_enters_the_second(forecast):
    figure = plot_stock(bands(forecast, by=("stock", "flow")), "status_holders", caption=False)
    assert figure.axes[1].get_title(loc="left") == "+ Permits"
    assert "Daaronder" not in texts(figure)


@pytest.mark.parametrize(
    ("by", "stock", "said"),
    [
        (("stock", "flow"), "asylum_seeker", "asylum_seekers"),
        (("stock", "flow"), "arrivals", "no stock 'arrivals'"),
        ("stock", "asylum_seekers", "'arrivals'"),
        ("flow", "asylum_seekers", "'asylum_seekers'"),
    ],
)
def test_what_the_table_lacks_is_named(forecast, by, stock, said):
    with pytest.raises(LabelError, match=said):
        plot_stock(bands(forecast, by=by), stock)


def test_a_horizon_has_no_course(forecast):
    with pytest.raises(AggregationError, match="per='year'"):
        plot_stock(bands(forecast, by=("stock", "flow"), per="horizon"), "asylum_seekers")


def keeping(forecast, chosen):
    """Keep some of the figures that a forecast rests on, by a table of them."""
    figures = forecast.tree["figures"].to_dataset()
    tree = forecast.tree.copy()
    tree["figures"] = xr.DataTree(figures.isel(figure=chosen(figures.to_dataframe()).to_numpy()))
    return bands(Forecast(tree), by=("stock", "flow"))


STOCKS = ["asylum_seekers", "status_holders", "occupancy"]


def test_a_figure_says_up_to_when_its_own_series_was_observed(forecast):
    made = keeping(
        forecast, lambda table: ~table["series"].isin(STOCKS) | (table["end"] < "2025-07-01")
    )
    stock, flow = (plot_fan(made, name, language="en") for name in ("asylum_seekers", "departures"))
    assert "observed to June 2025" in texts(stock)
    assert "Observations to June 2025." in texts(stock)
    assert line_at(stock, "origin") == pytest.approx([2025.0, 2025.0])  # 2025 lies around it
    assert "Observations to December 2025." in texts(flow)
    assert line_at(flow, "origin") == pytest.approx([2025.5, 2025.5])


def test_a_figure_says_that_it_rests_on_others(forecast):
    made = keeping(forecast, lambda table: ~table["series"].isin(STOCKS))
    said = texts(plot_fan(made, "status_holders", language="en"))
    assert "Rests on figures of related flows, to December 2025." in said
    assert "figures of other flows to December 2025" in said
    assert "observed to" not in said.lower()
