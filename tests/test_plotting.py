"""Figures are tested on their data and texts, not on their pixels."""

from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from made_up import NETWORK, made_up_forecast
from matplotlib.backends.backend_agg import FigureCanvasAgg

from mppbayes.errors import AggregationError, LabelError
from mppbayes.network import Network
from mppbayes.plotting import (
    describe_exceedance,
    describe_fan,
    plot_exceedance,
    plot_fan,
    plot_fans,
)
from mppbayes.plotting.labels import spread
from mppbayes.plotting.texts import TEXTS
from mppbayes.plotting.words import (
    chance,
    decimal,
    grouping_title,
    listed,
    number,
    percent,
    period_title,
    precise_percent,
    quantity_title,
)
from mppbayes.prediction import MPP, Band, BandScheme, bands
from mppbayes.prediction.quantities import aggregates, quantities

SPACE = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def forecast():
    return made_up_forecast()


@pytest.fixture(scope="module")
def yearly(forecast):
    return bands(forecast, by=["flow", "organisation", "sum"])


def line(figure, gid):
    (found,) = (line for line in figure.axes[0].get_lines() if line.get_gid() == gid)
    return found


def texts(figure):
    """Every text of a figure, its lines joined."""
    found = figure.findobj(matplotlib.text.Text)
    return " | ".join(" ".join(text.get_text().split("\n")) for text in found)


def values(bands, quantity, band):
    rows = bands.select(quantity=quantity, band=band).to_frame()
    return rows["value"].tolist()


@pytest.mark.parametrize("per", ["year", "period"])
def test_a_fan_goes_through_the_values_of_the_table(forecast, per):
    made = bands(forecast, by="sum", per=per)
    figure = plot_fan(made, "total")
    for band in MPP:
        assert line(figure, band.name).get_ydata().tolist() == values(made, "total", band.name)
    history = made.history("total")
    assert line(figure, "history").get_ydata().tolist() == history.values.tolist()


def test_a_year_stands_at_its_number_and_the_origin_where_evidence_ends(yearly):
    figure = plot_fan(yearly, "total")
    assert line(figure, "medio").get_xdata().tolist() == [2025, 2026, 2027, 2028]
    assert line(figure, "history").get_xdata().tolist() == [2021, 2022, 2023, 2024]
    assert line(figure, "origin").get_xdata() == pytest.approx([2025.25] * 2)


def test_an_assumed_band_is_dashed_and_a_published_one_solid(yearly):
    figure = plot_fan(yearly, "total")
    dashed = {band.name for band in MPP if line(figure, band.name).get_linestyle() == "--"}
    assert dashed == {"minimum", "maximum"}


def test_a_fan_says_in_dutch_what_it_shows(yearly):
    figure = plot_fan(yearly, "total")
    said = texts(figure)
    assert {"Totale instroom", "personen per jaar"} <= {text.get_text() for text in figure.texts}
    assert f"maximum: kans op meer 10{SPACE}%" in said
    assert f"minimum 90{SPACE}%, mediaan 50{SPACE}%, medio 33{SPACE}%, maximum 10{SPACE}%" in said
    assert "De niveaus van minimum en maximum (gestreept) zijn onze aanname." in said
    assert "Van 2025 zijn 9 van de 12 maanden al waargenomen." in said
    assert "Illustratie op openbare kopieën, geen officiële prognose. Status: definitief." in said
    figure.draw_without_rendering()
    assert "10.000" in [tick.get_text() for tick in figure.axes[0].get_yticklabels()]


def test_a_fan_says_in_english_what_it_shows(yearly):
    said = texts(plot_fan(yearly, "organisation=DT&V", language="en"))
    assert "DT&V: inflow" in said
    assert f"median: 50{SPACE}% chance of more" in said
    assert "Illustration on public copies, not an official forecast. Status: final." in said


def test_a_caption_can_stand_outside_its_figure(yearly):
    said = texts(plot_fan(yearly, "total", caption=False))
    caption = describe_fan(yearly, "total")
    assert caption not in said
    assert caption in texts(plot_fan(yearly, "total"))
    caption = describe_exceedance(yearly, "total", "2026", thresholds=[9000])
    assert caption in texts(plot_exceedance(yearly, "total", "2026", thresholds=[9000]))


def test_a_draft_is_marked_across_every_figure():
    made = bands(made_up_forecast(status="draft"), by=["flow", "sum"])
    assert "CONCEPT" in texts(plot_fan(made, "total"))
    assert "Status: concept, niet voor publicatie." in texts(plot_fan(made, "total"))
    assert "DRAFT" in texts(plot_exceedance(made, "total", "2026", language="en"))
    assert texts(plot_fans(made, ["total", "arrivals"])).count("CONCEPT") == 2


def test_a_final_figure_is_not_marked_as_a_draft(yearly):
    for figure in (plot_fan(yearly, "total"), plot_exceedance(yearly, "total", "2026")):
        assert "concept" not in texts(figure).lower()


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("rule", [">", ">="])
@pytest.mark.parametrize("name", ["maximum", "the reception that is paid for"])
@pytest.mark.parametrize("dpi", [72, 150])
def test_the_labels_of_bands_lie_within_the_figure(forecast, rule, language, name, dpi):
    scheme = BandScheme("two", (Band("minimum", 0.9), Band(name, 0.1)))
    figure = plot_fan(bands(forecast, scheme, rule=rule), "applications", language=language)
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    for text in figure.findobj(matplotlib.text.Text):
        assert text.get_window_extent(canvas.get_renderer()).x1 <= figure.bbox.x1


def test_another_scheme_has_other_lines_labels_and_assumptions(forecast):
    scheme = BandScheme("two", (Band("low", 0.95, published=True), Band("high", 0.05)))
    made = bands(forecast, scheme, by="sum")
    figure = plot_fan(made, "total", language="en")
    assert line(figure, "high").get_ydata().tolist() == values(made, "total", "high")
    assert "The level of high (dashed) is our assumption." in texts(figure)
    assert f"high: 5{SPACE}% chance of more" in texts(figure)
    assert f"95{SPACE}% chance of more" in texts(
        plot_exceedance(made, "total", "2026", language="en")
    )


def test_small_multiples_have_one_fan_a_quantity(yearly):
    quantities = ["total", "applications", "arrivals", "organisation=IND"]
    figure = plot_fans(yearly, quantities)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "Totale instroom",
        "Aanvragen",
        "Aankomsten",
        "IND: instroom",
    ]
    (median,) = (line for line in figure.axes[2].get_lines() if line.get_gid() == "mediaan")
    assert median.get_ydata().tolist() == values(yearly, "arrivals", "mediaan")


def test_the_curve_of_exceedance_is_that_of_the_draws(yearly):
    figure = plot_exceedance(yearly, "total", "2026")
    draws = yearly.draws("total").sel(period="2026").values
    curve = line(figure, "exceedance")
    for value, probability in list(zip(*curve.get_data(), strict=True))[::50]:
        assert probability == pytest.approx((draws > value).mean())
    for band in MPP:
        (value,), (probability,) = line(figure, band.name).get_data()
        row = yearly.select(quantity="total", period="2026", band=band.name).to_frame()
        assert [value] == row["value"].tolist()
        assert [probability] == pytest.approx(row["achieved"].tolist())


def test_the_curve_follows_the_rule_of_the_bands(forecast):
    made = bands(forecast, rule=">=", per="period", by="flow")
    flow, period = "applications", made.to_frame()["period"].iloc[-1]
    figure = plot_exceedance(made, flow, period, thresholds=[40])
    draws = made.draws(flow).sel(period=period).values
    for value, probability in zip(*line(figure, "exceedance").get_data(), strict=True):
        assert probability == pytest.approx((draws >= value).mean())
    for band in MPP:
        (value,), (probability,) = line(figure, band.name).get_data()
        row = made.select(quantity=flow, period=period, band=band.name).to_frame()
        assert [value] == row["value"].tolist()
        assert [probability] == pytest.approx(row["achieved"].tolist())
    assert "zo hoog of hoger" in texts(figure)
    share = round(100 * (draws >= 40).mean())
    assert f"Kans op 40 personen of meer: {share}{SPACE}%." in texts(figure) or share in (0, 100)


def test_a_threshold_is_looked_up_on_the_curve_and_in_words(yearly):
    draws = yearly.draws("total").sel(period="2026").values
    figure = plot_exceedance(yearly, "total", "2026", thresholds=[9000])
    probability = (draws > 9000).mean()
    assert line(figure, "threshold").get_ydata()[1] == pytest.approx(probability)
    said = f"Kans op meer dan 9.000 personen: {round(100 * probability)}{SPACE}%."
    assert said in texts(figure)


def test_past_outcomes_stand_under_the_curve(yearly):
    def ticks(figure):
        (found,) = (each for each in figure.axes[0].collections if each.get_gid() == "outcomes")
        return sorted(segment[0][0] for segment in found.get_segments())

    history = sorted(yearly.history("total").values.tolist())
    assert ticks(plot_exceedance(yearly, "total", "2026")) == history
    own = plot_exceedance(yearly, "total", "2026", outcomes={"2015": 58880})
    assert ticks(own) == [58880]
    assert "2015" in texts(own)
    assert "Streepjes" not in texts(plot_exceedance(yearly, "total", "2026", outcomes={}))


def test_what_cannot_be_drawn_is_refused_with_what_can(forecast, yearly):
    with pytest.raises(LabelError, match="did you mean 'total'"):
        plot_fan(yearly, "totaal")
    with pytest.raises(LabelError, match="no bands of '2024'; take one from 2025 to 2028"):
        plot_exceedance(yearly, "total", "2024")
    with pytest.raises(LabelError, match="no texts in 'de'"):
        plot_fan(yearly, "total", language="de")
    with pytest.raises(AggregationError, match="per='year'"):
        plot_fan(bands(forecast, by="sum", per="horizon"), "total")


def test_drawing_leaves_matplotlib_as_it_was(yearly):
    before = dict(matplotlib.rcParams)
    plot_fan(yearly, "total")
    assert dict(matplotlib.rcParams) == before


def test_every_text_is_there_in_both_languages():
    assert TEXTS["nl"].keys() == TEXTS["en"].keys()


def test_numbers_chances_and_periods_are_written_as_each_language_does():
    assert (number(45640.4, "nl"), number(45640.4, "en")) == ("45.640", "45,640")
    assert (decimal(1234.5, 2, "nl"), decimal(1234.5, 2, "en")) == ("1.234,50", "1,234.50")
    assert (percent(0.33, "nl"), percent(0.025, "nl")) == (f"33{SPACE}%", f"2,5{SPACE}%")
    assert (chance(0.0, "en"), chance(1.0, "en")) == (f"<{SPACE}1{SPACE}%", f">{SPACE}99{SPACE}%")
    assert (period_title("2026-03", "nl"), period_title("2026", "nl")) == ("maart 2026", "2026")
    assert precise_percent(0.32994, 2, "nl") == f"32,99{SPACE}%"
    assert period_title("2026-Q2", "en") == "quarter 2 of 2026"
    assert (listed(["a"], "en"), listed(["a", "b", "c"], "nl")) == ("a", "a, b en c")


def test_groups_have_titles_in_each_language():
    network = Network.asylum_inflow()
    made = {each.name: each for each in quantities(network, aggregates(network))}
    assert quantity_title(network, made["nationality=Syria"], "nl") == "Syrië: instroom"
    assert quantity_title(network, made["nationality=Syria"], "en") == "Syria: inflow"
    assert quantity_title(network, made["block=1"], "nl") == (
        "blok 1, instroom verminderen: instroom"
    )
    titles = {grouping_title(quantity, "nl") for quantity in made.values()}
    assert titles == {
        "totalen",
        "per organisatie",
        "per beleidsblok",
        "per richting",
        "per nationaliteit",
        "per stroom",
    }
    region = replace(made["nationality=Syria"], name="region=month", value="month")
    assert quantity_title(network, region, "nl") == "month: instroom"
    assert grouping_title(region, "en") == "by region"


def test_a_title_with_dollars_is_no_formula():
    network = NETWORK.to_dict()
    network["sum"][0]["title"] = {"en": "costs in $ and \\frac in $"}
    made = bands(made_up_forecast(network=Network.from_dict(network)), by="sum")
    figure = plot_fan(made, "total", language="en")
    figure.draw_without_rendering()
    assert "Costs in $ and \\frac in $" in texts(figure)


def test_labels_are_moved_apart_in_order_and_no_further_than_needed():
    assert spread([0.0, 10.0], 1.0).tolist() == [0.0, 10.0]
    apart = spread([0.0, 0.1, 5.0], 1.0)
    assert apart == pytest.approx([-0.45, 0.55, 5.0])
    assert (np.diff(spread([3.0, 3.0, 3.0], 2.0)) == 2.0).all()
