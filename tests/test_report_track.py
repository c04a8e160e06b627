"""The track record in a report: its numbers, its words, and what is refused."""

import re
from base64 import b64encode

import pandas as pd
import pytest
from made_up import made_up_forecast, rendered, rows

from mppbayes.errors import SpecError, StorageError
from mppbayes.prediction import MPP
from mppbayes.reporting import page, report
from mppbayes.reporting.pictures import Picture
from mppbayes.reporting.texts import TEXTS
from mppbayes.reporting.trackrecord import read_track_record

SPACE = "\N{NO-BREAK SPACE}"
ALWAYS = ("how-to-read", "totals", "breakdown", "figures", "made")
OF_A_FIT = ("checks", "diagnostics", "model")
PICTURE = b"\x89PNG\r\n\x1a\nan outcome"
ORIGINS = ("2021-12", "2022-12", "2023-12")


def track_tables():
    """Tables of a backtest of the made-up network, with numbers that are all different."""
    pools = (("all flows", "flows"), ("block=1", "block"), ("arrivals", "flow"), ("total", "sum"))
    spans = [
        (lead, quantity, aggregate, k)
        for k, (lead, (quantity, aggregate)) in enumerate(
            (lead, pool) for lead in (12, 24) for pool in pools
        )
    ]
    shared = [
        {"n": 20 + k, "quantity": quantity, "aggregate": aggregate, "lead": lead, "window": 12}
        for lead, quantity, aggregate, k in spans
    ]
    about = {"observed": 0.517, "lower": 0.31234, "upper": 0.68765}
    return {
        "scores": pd.DataFrame(
            {
                "origin": origin,
                "lead": lead,
                "window": 12,
                "quantity": "total",
                "aggregate": "sum",
                "model": model,
                "score": "crps",
                "value": 100.5,
            }
            for lead, origins in ((12, ORIGINS[:2]), (24, ORIGINS[:1]))
            for origin in origins
            for model in ("mppbayes", "ratio", "statsforecast.AutoETS")
        ),
        "calibration": pd.DataFrame(
            {"band": band.name, "exceedance": band.exceedance, **about, **row}
            | {"observed": round(band.exceedance - 0.001 * row["n"], 3)}
            for row in shared
            for band in MPP
        ),
        "coverage": pd.DataFrame(
            {"level": level, **about, **row} | {"observed": level - 0.0213}
            for row in shared
            for level in (0.5, 0.8)
        ),
        "log": pd.DataFrame(
            [
                ("2021-12", "mppbayes", "final", "", 1.5),
                ("2021-12", "ratio", "final", "", 0.1),
                ("2022-12", "mppbayes", "draft", "", 1.5),
                ("2022-12", "ratio", "final", "", 0.1),
                ("2023-12", "mppbayes", "failed", "no <luck>\n  - at all", 1.5),
                ("2023-12", "ratio", "final", "", 0.1),
            ],
            columns=["origin", "model", "status", "remark", "seconds"],
        ),
        "comparison": pd.DataFrame(
            [
                ("flows", 12, "ratio", 2, 1234.4, 1543.2, -308.8, -400.0, -217.6),
                ("flows", 12, "statsforecast.AutoETS", 2, 1234.4, 1200.0, 34.4, -10.2, 79.0),
                ("total", 12, "ratio", 2, 12.34, 10.21, 2.13, 1.04, 3.22),
                ("flows", 24, "ratio", 1, 2100.0, 2000.0, 100.0, None, None),
            ],
            columns=[
                *("quantity", "lead", "against", "n"),
                *("mean", "other", "difference", "lower", "upper"),
            ],
        ),
    }


@pytest.fixture
def track(tmp_path):
    """Write a backtest directory, with tables changed; give where it stands."""

    def write(**changed):
        folder = tmp_path / "backtest"
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        for name, table in {**track_tables(), **changed}.items():
            if table is not None:
                table.to_csv(folder / f"{name}.csv", index=False)
        (folder / "figures" / "total.png").write_bytes(PICTURE)
        return folder

    return write


@pytest.fixture
def beside(monkeypatch, tmp_path):
    """Report the made-up forecast, figures left out, beside a backtest; give its section."""
    for name in ("fan", "exceedance", "small_fan"):
        monkeypatch.setattr(page, name, lambda *_: Picture("data:", "", ""))

    def write(folder, **options):
        status = "draft" if options.get("draft") else "final"
        html = rendered(tmp_path, made_up_forecast(status=status), backtest=folder, **options)
        return html.split('<h2 id="track-record">')[1].split("<h2")[0]

    return write


def changed(table, column, value, *, where=None):
    """One of the tables, with another value in a column."""
    made = track_tables()[table].astype({column: object})
    made.loc[slice(None) if where is None else where(made), column] = value
    return made


def share(value, places=1):
    return f"{100 * value:.{places}f}{SPACE}%"


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_track_record_is_a_section_in_the_contents(tmp_path, track, language):
    html = rendered(tmp_path, made_up_forecast(), backtest=track(), language=language)
    title = TEXTS[language]["track-record"]
    assert f'<a href="#track-record">{title}</a>' in html
    anchors = re.findall(r'<h2 id="([^"]*)"', html)
    assert anchors == [*ALWAYS[:2], "track-record", *ALWAYS[2:]]
    said = {
        "nl": ("t/m december 2021, december 2022 en december 2023", "de band mediaan is door"),
        "en": ("to December 2021, December 2022 and December 2023", "the median was exceeded by"),
    }
    for text in said[language]:
        assert text in html


def test_its_numbers_are_those_of_the_files(track, beside):
    html = beside(track(), language="en")
    shown, tables = rows(html), track_tables()
    titles = {"all flows": "All flows together", "total": "Total inflow"}
    calibration = tables["calibration"][tables["calibration"]["quantity"].isin(titles)]
    expected = [
        f"{titles[row.quantity]}|{MPP[row.band].title.en}|{share(row.exceedance, 0)}|"
        f"{share(row.observed)}|31.2–68.8{SPACE}%|{row.n}"
        for row in calibration.itertuples()
    ]
    expected += [
        f"sum of 12 months, to {row.lead} months ahead|{share(row.level, 0)}|"
        f"{share(row.observed)}|31.2–68.8{SPACE}%|{row.n}"
        for row in tables["coverage"].itertuples()
        if row.quantity == "all flows"
    ]
    expected += [
        "All flows together|the ratio model|1,234|1,543|−309|−400 to −218|2",
        "All flows together|statsforecast.AutoETS|1,234|1,200|+34|−10 to +79|2",
        "Total inflow|the ratio model|12.3|10.2|+2.1|+1.0 to +3.2|2",
        "All flows together|the ratio model|2,100|2,000|+100|–|1",
    ]
    assert [row for row in shown if row in expected] == expected
    assert len(shown) == len(expected) + 4, "two models, a draft and a failure beside these"
    assert "block" not in html.replace("block-size", "")


def test_it_tells_which_forecasts_were_drafts_or_failed(track, beside):
    html = beside(track(), language="en")
    shown = rows(html)
    assert "this model|1|1|1" in shown
    assert "the ratio model|3|0|0" in shown
    assert "December 2022|this model|draft|" in shown
    assert "December 2023|this model|failed|no &lt;luck&gt;\n  - at all" in shown
    assert "12 months ahead: can be judged at 2 of the 3 moments" in html
    assert "24 months ahead: can be judged at 1 of the 3 moments" in html
    whole = changed("log", "status", "final")
    html = beside(track(log=whole))
    assert TEXTS["nl"]["drafts"] not in html


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [
        (0.4012, 0.7238, f"which agrees with 50{SPACE}%"),
        (0.5001, 0.7238, f"which differs from 50{SPACE}%: too often"),
        (0.4012, 0.4999, f"which differs from 50{SPACE}%: too seldom"),
        (0.0, 1.0, f"which says nothing yet about 50{SPACE}%"),
    ],
)
def test_it_says_whether_a_frequency_agrees_with_its_probability(
    track, beside, lower, upper, verdict
):
    table = track_tables()["calibration"].assign(lower=lower, upper=upper)
    where = (table["band"] == "mediaan") & (table["quantity"] == "all flows")
    table.loc[where, ["observed", "n"]] = [0.4567, 1056]
    html = beside(track(calibration=table), language="en")
    span = f"{100 * lower:.1f}–{share(upper)}"
    assert (
        f"Sum of 12 months, to 24 months ahead, all flows together: the median was exceeded by "
        f"45.7{SPACE}% of 1,056 outcomes (95{SPACE}% interval {span}), {verdict}; the medio was"
    ) in html
    assert "the minimum was exceeded" not in html, "only published probabilities are told"


def test_without_an_outcome_it_says_so(track, beside):
    table = track_tables()["calibration"]
    late = table["lead"] == 24
    table.loc[late, ["observed", "lower", "upper"]] = float("nan")
    table.loc[late, "n"] = 0
    html = beside(track(calibration=table))
    assert "Som van 12 maanden, tot 24 maanden vooruit: er is nog geen uitkomst bekend." in html
    assert f"Totale instroom|medio|33{SPACE}%|–|–|0" in rows(html)
    assert "nan" not in html


def test_it_says_which_models_score_better(track, beside):
    html = beside(track(), language="en")
    assert (
        f"12 months ahead, all flows together: this model scored better than the ratio model "
        f"(score 20.0{SPACE}% lower); no clear difference in score from statsforecast.AutoETS "
        f"(score 2.9{SPACE}% higher)."
    ) in html
    assert "too few moments to judge beside the ratio model" in html
    turned = track_tables()["comparison"].assign(lower=0.1, upper=5.0)
    html = beside(track(comparison=turned))
    assert "dit model scoorde slechter dan het verhoudingsmodel" in html


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_comparison_may_be_absent(track, beside, language):
    folder = track(comparison=None)
    html = beside(folder, language=language)
    assert TEXTS[language]["not compared"] in html
    assert TEXTS[language]["score explained"] not in html
    assert "AutoETS" not in html


def test_its_figures_are_the_files_of_known_quantities(track, beside):
    folder = track()
    (folder / "figures" / "calibration.png").write_bytes(PICTURE + b" of calibration")
    (folder / "figures" / "mine.png").write_bytes(PICTURE + b" of mine")
    html = beside(folder)
    found = re.findall(r'src="data:image/png;base64,([^"]*)"', html)
    contents = (PICTURE + b" of calibration", PICTURE)
    assert found == [b64encode(content).decode() for content in contents]
    captions = re.findall(r"<figcaption>(.*)</figcaption>", html)
    assert all(f"mediaan 50{SPACE}%, medio 33{SPACE}%" in caption for caption in captions)
    assert captions[1].startswith("Totale instroom: wat het model")


def test_it_says_how_far_it_is_of_this_forecast(track, beside):
    folder = track(calibration=changed("calibration", "exceedance", 0.8, where=is_minimum))
    html = beside(folder, language="en")
    assert "Not in the backtest: Applications." in html
    assert (
        f"The chance of more than the band minimum was 80{SPACE}% in the backtest and is "
        f"90{SPACE}% in this forecast."
    ) in html
    assert f"Total inflow|minimum|80{SPACE}%" in " ".join(rows(html))


def is_minimum(table):
    return table["band"] == "minimum"


@pytest.mark.parametrize(("language", "mark"), [("nl", "CONCEPT"), ("en", "DRAFT")])
def test_a_draft_is_marked_on_its_track_record_too(track, beside, language, mark):
    html = beside(track(), language=language, draft=True)
    marked = f'<strong class="mark">{mark}</strong>'
    for element in ("caption", "figcaption", 'p class="finding"'):
        parts = re.findall(f"<{element}>(.*)</{element.split()[0]}>", html)
        assert parts
        assert all(part.startswith(marked) for part in parts)
    assert html.count("<table>") == html.count("<caption>")


def test_a_spoiled_backtest_tells_all_its_faults(tmp_path, track):
    folder = track(
        scores=track_tables()["scores"].drop(columns=["lead", "value"]),
        calibration=changed("calibration", "observed", 1.2, where=is_minimum),
        log=changed("log", "status", "fine"),
        comparison=changed("comparison", "mean", "much"),
    )
    (folder / "coverage.csv").unlink()
    (tmp_path / "report.html").write_text("earlier")
    with pytest.raises(StorageError) as caught:
        report(made_up_forecast(), tmp_path / "report.html", backtest=folder)
    message = str(caught.value)
    for text in (
        f"{folder} is no whole backtest directory",
        "scores.csv: it lacks the columns lead, value",
        "calibration.csv: unreadable cells of 'observed': rows 2, 6, 10",
        "(row 2: 1.2); expected a number between 0 and 1",
        "coverage.csv: it is missing",
        "log.csv: unreadable cells of 'status'",
        "expected one of final, draft, failed",
        "comparison.csv: unreadable cells of 'mean': row 2 (much), row 3 (much)",
        "'mppbayes backtest' wrote",
    ):
        assert text in message
    assert (tmp_path / "report.html").read_text() == "earlier"


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda folder: (folder / "figures/total.png").write_text("no"), "total.png: it is no PNG"),
        (lambda folder: (folder / "log.csv").write_text(""), "log.csv: it cannot be read as CSV"),
        (lambda folder: (folder / "log.csv").write_bytes(b"\xff"), "log.csv: it cannot be read"),
        (lambda folder: longer(folder / "coverage.csv"), "coverage.csv: it cannot be read as CSV"),
        (
            lambda folder: track_tables()["log"][:0].to_csv(folder / "log.csv"),
            "log.csv: it has no rows",
        ),
        (
            lambda folder: changed("comparison", "against", "unpooled").to_csv(
                folder / "comparison.csv"
            ),
            "comparison.csv: it compares with 'unpooled', which scores.csv does not score",
        ),
        (
            lambda folder: changed("coverage", "n", 2.5).to_csv(folder / "coverage.csv"),
            "expected a whole number of 0 or more",
        ),
        (
            lambda folder: changed("coverage", "level", None).to_csv(folder / "coverage.csv"),
            "unreadable cells of 'level'",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(track, spoil, expected):
    folder = track()
    spoil(folder)
    with pytest.raises(StorageError, match=re.escape(expected)):
        read_track_record(folder)


def longer(path):
    """Add a cell to every row but the header."""
    header, *body = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([header, *(f"{row},1" for row in body)]), "utf-8")


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(StorageError, match="there is no folder"):
        report(made_up_forecast(), tmp_path / "report.html", backtest=str(tmp_path / "absent"))
    with pytest.raises(StorageError, match=r"scores\.csv: it is missing"):
        read_track_record(tmp_path)


def test_a_backtest_of_another_network_is_refused(tmp_path, track):
    def is_arrivals(table):
        return table["quantity"] == "arrivals"

    folder = track(
        calibration=changed("calibration", "quantity", "arrival", where=is_arrivals),
        comparison=changed("comparison", "quantity", "asylum_inflow"),
        log=changed("log", "origin", "2023", where=lambda log: log["status"] == "failed"),
    )
    with pytest.raises(SpecError, match="not of the forecast's network, 'keten'") as caught:
        report(made_up_forecast(), tmp_path / "report.html", backtest=folder)
    assert caught.value.faults[0].startswith("there is no 'arrival' (calibration.csv); did you")
    assert caught.value.faults[1].startswith("there is no 'asylum_inflow' (comparison.csv); ")
    assert caught.value.faults[2] == "the origin '2023' is no month; expected one as '2024-12'"
    assert len(caught.value.faults) == 3
    assert not (tmp_path / "report.html").exists()
