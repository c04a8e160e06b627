"""The report: one file, in either language, without raw keys, marked where it is a draft."""

import json
import re
from html import escape

import matplotlib.pyplot as plt
import pytest
from made_up import NETWORK, NOTE, made_up_forecast, renamed, rendered, rows
from synthetic import stock_forecast

from mppbayes.diagnostics import check_adequacy
from mppbayes.errors import GateError
from mppbayes.inference import Fit
from mppbayes.plotting import describe_stock
from mppbayes.prediction import MPP, bands, forecast
from mppbayes.reporting import page, report
from mppbayes.reporting.findings import ceiling_sentence, finding
from mppbayes.reporting.texts import TEXTS

SPACE = "\N{NO-BREAK SPACE}"
ALWAYS = ("how-to-read", "totals", "breakdown", "figures", "made")
OF_A_FIT = ("checks", "diagnostics", "model")
PICTURE = b"\x89PNG\r\n\x1a\nan outcome"
ORIGINS = ("2021-12", "2022-12", "2023-12")


def quarterly():
    """The made-up forecast, its months taken for those of a network that counts by quarter."""
    made = made_up_forecast()
    tree = made.tree.copy()
    network = renamed(period="quarter")
    for group in ("predictions", "observed_data"):
        dataset = tree[group].to_dataset()
        tree[group] = dataset.isel(time=dataset["time"].dt.month % 3 == 1)
    tree.attrs = {**made.tree.attrs, "network": json.dumps(network.to_dict()), "origin": "2025Q3"}
    return type(made)(tree)


@pytest.fixture(scope="module")
def drafts(small_fit, tmp_path_factory):
    """Reports of a draft with its fit, by language."""
    made = forecast(small_fit, until="2026-12", seed=1).as_draft()
    folder = tmp_path_factory.mktemp("drafts")
    return {
        language: rendered(folder, made, fit=small_fit, language=language, draft=True)
        for language in ("nl", "en")
    }


@pytest.mark.parametrize("language", ["nl", "en"])
def test_it_is_one_file_that_refers_to_nothing_else(drafts, language):
    html = drafts[language]
    assert not re.search("https?:", html)
    assert re.findall(r"<(?:link|script|iframe|object)\b", html) == []
    sources = re.findall(r'src="([^"]{0,22})', html)
    assert sources
    assert {source[:22] for source in sources} == {"data:image/png;base64,"}
    assert all(target.startswith("#") for target in re.findall(r'href="([^"]*)"', html))


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_section_is_there_and_in_the_contents(drafts, language):
    html = drafts[language]
    assert f'<html lang="{language}">' in html
    for anchor in (*ALWAYS, *OF_A_FIT):
        assert f'<h2 id="{anchor}">{TEXTS[language][anchor]}</h2>' in html
        assert f'<a href="#{anchor}">{TEXTS[language][anchor]}</a>' in html


@pytest.mark.parametrize("language", ["nl", "en"])
def test_it_holds_the_verdicts_on_the_residuals(drafts, small_fit, language):
    text, shown = TEXTS[language], rows(drafts[language])
    for verdict in check_adequacy(small_fit):
        outcome = text["passed"] if verdict.passed else text["failed"]
        (row,) = (row for row in shown if row.startswith(f"{text[verdict.check]}|"))
        assert outcome in row
        assert escape(verdict.statement) in row


def test_without_a_fit_there_are_no_checks(tmp_path):
    html = rendered(tmp_path, made_up_forecast())
    assert re.findall(r'<h2 id="([^"]*)"', html) == list(ALWAYS)


@pytest.mark.parametrize(("language", "mark"), [("nl", "CONCEPT"), ("en", "DRAFT")])
def test_a_draft_is_marked_on_every_table_and_figure(drafts, language, mark):
    html = drafts[language]
    marked = f'<strong class="mark">{mark}</strong>'
    for element in ("caption", "figcaption"):
        parts = re.findall(f"<{element}>(.*)</{element}>", html)
        assert parts
        assert all(part.startswith(marked) for part in parts)
    assert html.count("<table>") == html.count("<caption>")
    assert html.count("<img ") == html.count("<figcaption>")
    assert TEXTS[language]["draft"] in html


def test_a_final_report_has_no_mark(tmp_path):
    html = rendered(tmp_path, made_up_forecast(), language="en")
    assert "DRAFT" not in html
    assert "CONCEPT" not in html


def test_a_draft_is_refused_unless_asked_for(tmp_path):
    with pytest.raises(GateError, match="withheld: the forecast is a draft"):
        report(made_up_forecast(status="draft"), tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_what_fails_a_check_is_a_draft_whatever_its_status(tmp_path, small_fit):
    final = Fit(small_fit.tree.copy())
    final.tree.attrs = {**small_fit.tree.attrs, "status": "final"}
    made = forecast(final, until="2026-12", seed=1)
    with pytest.raises(GateError, match="the figures are withheld"):
        report(made, tmp_path / "report.html", fit=final)
    assert '<strong class="mark">' in rendered(tmp_path, made, fit=final, draft=True)


def test_the_note_stands_in_it_in_each_language(tmp_path):
    assert "Illustration on public copies, not an official forecast." in rendered(
        tmp_path, made_up_forecast(note=NOTE), language="en"
    )
    assert "Illustratie op openbare kopieën, geen officiële prognose." in rendered(
        tmp_path, made_up_forecast(note=NOTE)
    )


def test_titles_are_escaped_and_taken_literally(tmp_path):
    title = "<script>alert('x')</script> & $\\frac$"
    flows = [{**flow, "title": {"en": title}} for flow in NETWORK.to_dict()["flow"]]
    hostile = renamed(title={"en": title}, flow=flows)
    html = rendered(tmp_path, made_up_forecast(network=hostile), language="en")
    assert "<script" not in html
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; $\\frac$" in html


@pytest.mark.parametrize("language", ["nl", "en"])
def test_quantities_have_titles_not_keys(tmp_path, language):
    html = rendered(tmp_path, made_up_forecast(), language=language)
    for key in ("organisation=", "block=", "kind=", ">total<", ">sum<", ">flow<", ">data<"):
        assert key not in html
    said = {
        "nl": ("Totale instroom", "Per beleidsblok", "Per stroom", "eigen cijfers", "personen"),
        "en": ("Total inflow", "By policy block", "By flow", "its own figures", "persons"),
    }
    for text in said[language]:
        assert text in html
    for text in said["en" if language == "nl" else "nl"]:
        assert text not in html


def test_numbers_follow_the_language(tmp_path):
    made = made_up_forecast()
    value = bands(made, by="sum").to_frame()["value"].iloc[0]
    whole, thousands = divmod(int(value), 1000)
    assert f">{whole}.{thousands:03}<" in rendered(tmp_path, made)
    assert f">{whole},{thousands:03}<" in rendered(tmp_path, made, language="en")


def test_figures_say_their_probabilities(tmp_path):
    html = rendered(tmp_path, made_up_forecast(), scheme=MPP.with_levels(minimum=0.95))
    chances = f"minimum 95{SPACE}%, mediaan 50{SPACE}%, medio 33{SPACE}%, maximum 10{SPACE}%"
    alternatives = re.findall(r'alt="([^"]*)"', html)
    captions = re.findall(r"<figcaption>(.*)</figcaption>", html)
    assert len(alternatives) == len(captions) == 4
    assert all(chances in text for text in (*alternatives, *captions))
    assert f"minimum (95{SPACE}%)" in html


def test_a_total_says_its_achieved_probability_and_error(tmp_path):
    made = made_up_forecast()
    html = rendered(tmp_path, made, language="en")
    for row in bands(made, by="sum").to_frame().itertuples():
        assert f"<td>{100 * row.achieved:.2f}{SPACE}%</td><td>{row.mcse:,.1f}</td>" in html


def test_a_finding_is_computed_from_the_figures():
    made = bands(made_up_forecast(), by="sum")
    first, last = (
        made.select(period=period, band="mediaan").to_frame()["value"].item()
        for period in ("2025", "2028")
    )
    observed = made.history("total")[-1]
    more = (made.draws("total").sel(period="2025") > observed).mean().item()
    said = finding(made, "total", "en")
    assert said.startswith(
        f"Total inflow in 2025: a 50{SPACE}% chance of more than {first:,} persons (median)"
    )
    assert "Of 2025, 9 of 12 months have been observed already." in said
    assert f"2024, counted {observed.item():,} persons; the chance of more in 2025 is" in said
    assert f"{round(100 * more)}{SPACE}%" in said
    assert f"Total inflow in 2028: a 50{SPACE}% chance of more than {last:,} persons" in said
    assert "mediaan" in finding(made, "total", "nl")


def test_a_total_on_the_prior_alone_is_no_finding():
    made = made_up_forecast()
    tree = made.tree.copy()
    tree["observed_data"] = (
        tree["observed_data"].to_dataset().map(lambda value: value * float("nan"))
    )
    said = finding(bands(type(made)(tree), by="sum"), "total", "en")
    assert said.endswith("is therefore no finding.")
    assert "chance" not in said


def test_it_shows_each_stock_over_what_enters_and_leaves_it(tmp_path):
    made = stock_forecast()
    html = rendered(tmp_path, made, language="en", draft=True)
    captions = re.findall(r"<figcaption>(.*)</figcaption>", html)
    assert sum("Below: what enters" in text for text in captions) == len(made.network.stocks)
    summary = bands(made, by=("stock", "flow"))
    for stock in made.network.stocks:
        assert escape(describe_stock(summary, stock.name, language="en")) in html


def test_it_says_which_flows_come_near_their_ceiling():
    forecast = made_up_forecast()
    predictions = forecast.tree["predictions"].to_dataset()
    for near, said in (
        ([0.0, 0.004], "of no flow in more than 1 % of the draws"),
        (
            [0.0, 0.25],
            "of 1 of the 2 flows in more than 1 % of the draws at some time, most often "
            f"of Arrivals in 25{SPACE}% of the draws",
        ),
    ):
        forecast.tree["predictions"] = predictions.assign(near_ceiling=("flow", near))
        made = bands(forecast, by="flow")
        assert (
            ceiling_sentence(made, "en") == f"A mean above half its ceiling is bent down: {said}."
        )


def test_the_period_of_the_network_is_named(tmp_path):
    assert f"observed months (of{SPACE}12)" in rendered(tmp_path, made_up_forecast(), language="en")
    html = rendered(tmp_path, quarterly())
    assert f"waargenomen kwartalen (van{SPACE}4)" in html
    assert "Waarnemingen t/m september 2025; prognose t/m december 2028." in html
    assert "maanden" not in html


def test_it_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("earlier")

    def fail(*_):
        raise RuntimeError("no figure")

    monkeypatch.setattr(page, "small_fan", fail)
    with pytest.raises(RuntimeError, match="no figure"):
        report(made_up_forecast(), path)
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_every_text_is_there_in_both_languages():
    assert TEXTS["nl"].keys() == TEXTS["en"].keys()


def test_no_figure_stays_open(tmp_path, small_fit):
    before = plt.get_fignums()
    made = forecast(small_fit, until="2025-12", seed=2)
    report(made, tmp_path / "report.html", fit=small_fit, draft=True)
    assert plt.get_fignums() == before
