"""Backtests: what an origin may see, what is kept, and what is reported."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_chain
import xarray as xr
from conftest import LOOSE

from mppbayes import names
from mppbayes.errors import LabelError, SamplingError, SpecError
from mppbayes.evaluation import (
    backtest,
    backtesting,
    calibration_table,
    compare,
    coverage_table,
    pit_table,
    reliability,
    reliability_table,
    scores_table,
)
from mppbayes.evaluation.baselines import BASELINES, baseline_windows
from mppbayes.evaluation.comparison import mean_interval
from mppbayes.evaluation.tables import (
    CALIBRATION_COLUMNS,
    COVERAGE_COLUMNS,
    PIT_COLUMNS,
    RELIABILITY_COLUMNS,
    SCORE_COLUMNS,
)
from mppbayes.evaluation.windows import window_sums
from mppbayes.inference import Sampler
from mppbayes.model import ModelSpec
from mppbayes.panel import read_panel
from mppbayes.plotting import plot_backtest, plot_calibration

ORIGINS = ("2025-06", "2025-12", "2026-06")
PAGE = (Path(__file__).parent.parent / "docs" / "schema.md").read_text("utf-8")
SPACE = "\N{NO-BREAK SPACE}"


@pytest.fixture
def panel():
    """Sixty months without gaps, of which the last year is what origins look forward to."""
    return small_chain.panel(60)


@pytest.fixture
def asked(monkeypatch):
    """Replace the models by a quick one that tells what it was given."""
    calls = []

    def poisson(known, origin):
        calls.append((str(origin), known))
        flows = known.network.flow_names
        means = known.counts()["value"].mean("time").values
        rng = np.random.default_rng(origin.ordinal)
        drawn = 12.0 * rng.poisson(means, (500, 1, len(flows)))
        return (
            xr.DataArray(
                drawn, dims=("sample", "lead", "flow"), coords={"lead": [12], "flow": list(flows)}
            ),
            names.FINAL,
            "",
        )

    def models(*_, **__):
        return [("mppbayes", poisson, "key"), ("other", poisson, "other key")]

    monkeypatch.setattr(backtesting, "_forecasters", models)
    return calls


def made(panel, **options):
    options = {"origins": ORIGINS, "leads": [12], "progress": False} | options
    return backtest(ModelSpec(panel.network), panel, **options)


def test_a_window_is_the_sum_of_its_periods(panel):
    counts = panel.counts()["value"]
    origin = pd.Period("2025-06", "M")
    found = window_sums(counts, panel.network, origin, [12, 24], 12)
    year = counts.sel(time=slice("2025-07", "2026-06"))
    xr.testing.assert_allclose(
        found.sel(lead=12, drop=True), year.sum("time", skipna=False), check_dim_order=False
    )
    assert np.isnan(found.sel(lead=24, flow="b_2").item()), "a missing month is no zero"


def test_an_origin_sees_nothing_later(panel, asked):
    made(panel)
    for origin, known in asked:
        assert known.counts().indexes["time"][-1].strftime("%Y-%m") == origin


def test_as_of_is_respected():
    table = small_chain.table(60).assign(as_of="2025-01-01")
    late = table["period"] == "2024-06"
    table.loc[late, "as_of"] = "2026-01-15"
    known = backtesting.known_at(
        read_panel(table, small_chain.network()), pd.Period("2025-06", "M")
    )
    assert "2024-06" not in set(known.evidence["period"])


def test_what_comes_later_changes_no_earlier_forecast(panel):
    table = small_chain.table(60)
    later = table["period"] > "2025-06"
    exact = table["value"] >= 100  # and stays so: below that a count is an interval
    changed = table.assign(value=table["value"].where(~(later & exact), table["value"] + 500))
    both = [
        backtest(
            ModelSpec(panel.network, harmonics=1),
            read_panel(rows, panel.network),
            origins=["2025-06", "2026-03"],
            leads=[12],
            baselines=["ratio"],
            samples=100,
            sampler=Sampler(backend="jax", chains=2, tune=100, draws=100),
            limits=LOOSE,
            progress=False,
        )
        for rows in (table, changed)
    ]
    for model in ("ratio", "mppbayes"):
        early, again = (found.draws(model).sel(origin="2025-06") for found in both)
        xr.testing.assert_identical(early, again)
        late, other = (found.draws(model).sel(origin="2026-03") for found in both)
        assert not late.equals(other)


def test_an_interrupted_run_goes_on_where_it_stopped(panel, asked, tmp_path, monkeypatch):
    whole = made(panel)
    write = backtesting.write_record

    def stop_at_the_third(record, path):
        if len(list((tmp_path / "origins").glob("*.nc"))) == 2:
            raise KeyboardInterrupt
        write(record, path)

    monkeypatch.setattr(backtesting, "write_record", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        made(panel, directory=tmp_path)
    monkeypatch.setattr(backtesting, "write_record", write)
    asked.clear()
    resumed = made(panel, directory=tmp_path)
    assert len(asked) == 2 * len(ORIGINS) - 2
    for model in whole.models:
        xr.testing.assert_equal(resumed.draws(model), whole.draws(model))


def test_results_of_other_evidence_are_made_again(panel, asked, tmp_path):
    made(panel, directory=tmp_path)
    asked.clear()
    made(panel, directory=tmp_path)
    assert not asked
    table = small_chain.table(60)
    table.loc[0, "value"] += 5
    made(read_panel(table, panel.network), directory=tmp_path)
    assert len(asked) == 2 * len(ORIGINS)


def test_a_draft_and_a_failed_origin_are_reported_with_the_reason(panel, monkeypatch, tmp_path):
    def fails(known, origin):
        if str(origin) == "2025-12":
            raise SamplingError("no luck")
        flows = list(known.network.flow_names)
        drawn = np.ones((3, 1, len(flows)))
        coords = {"lead": [12], "flow": flows}
        windows = xr.DataArray(drawn, dims=("sample", "lead", "flow"), coords=coords)
        return windows, names.DRAFT, "diverged"

    monkeypatch.setattr(backtesting, "_forecasters", lambda *_, **__: [("mppbayes", fails, "")])
    found, again = made(panel, directory=tmp_path), made(panel, directory=tmp_path)
    for log in (found.log(), again.log()):
        assert log["status"].tolist() == ["draft", "failed", "draft"]
        assert log["remark"].tolist() == ["diverged", "no luck", "diverged"]
    assert found.draws("mppbayes").sizes["origin"] == 2
    assert "1 failed" in repr(found)


def test_tables_have_their_columns_and_known_outcomes_only(panel, asked):
    found = made(panel)
    scores = scores_table(found)
    assert tuple(scores.columns) == SCORE_COLUMNS
    assert set(scores["model"]) == {"mppbayes", "other"}
    assert scores["value"].notna().all()
    assert "2026-12" not in set(scores["origin"])
    pools = ["all flows", "organisation=A", "organisation=B", "block=1", "block=2"]
    pools += [*panel.network.flow_names, "total"]
    for make, columns in (
        (calibration_table, CALIBRATION_COLUMNS),
        (coverage_table, COVERAGE_COLUMNS),
        (pit_table, PIT_COLUMNS),
        (reliability_table, RELIABILITY_COLUMNS),
    ):
        table = make(found)
        assert tuple(table.columns) == columns
        assert table["quantity"].unique().tolist() == pools
        assert ((table["lower"] <= table["observed"]) | table["n"].eq(0)).all()
    assert {0.5, 0.99} <= set(coverage_table(found)["level"])


def test_all_flows_together_have_the_outcomes_of_the_single_flows(panel, asked):
    found = made(panel)
    for table in (pit_table(found), reliability_table(found)):
        happened = (table["observed"] * table["n"]).fillna(0)
        counts = table.assign(happened=happened).groupby(["aggregate", "bin_lower"])["happened"]
        counts = counts.sum().unstack("aggregate")
        assert counts["flows"].sum() > 0
        np.testing.assert_allclose(counts["flows"], counts["flow"])


def test_reliability_is_of_exceeding_the_last_window_known(panel, asked):
    found = made(panel)
    draws = found.draws("mppbayes").sel(quantity=["b_1"])
    outcome = found.outcome.sel(quantity=["b_1"])
    last = found.reference.sel(quantity=["b_1"])
    table = reliability_table(found)
    own = table[table["quantity"] == "b_1"].reset_index(drop=True)
    alone = reliability(draws, outcome, last, block=2)
    pd.testing.assert_frame_equal(own[alone.columns], alone)
    unknown = found.reference.where(found.reference["origin"] != "2025-12")
    masked = reliability_table(replace(found, reference=unknown))
    for name, fewer in (("all flows", 4), ("b_1", 1)):
        counts = [each.loc[each["quantity"] == name, "n"].sum() for each in (table, masked)]
        assert counts[0] - counts[1] == fewer


def test_a_model_is_compared_origin_by_origin(panel, asked):
    scores = scores_table(made(panel))
    shifted = scores.assign(
        value=scores["value"].where(scores["model"] == "mppbayes", scores["value"] + 7)
    )
    table = compare(shifted).set_index(["quantity", "against"])
    row = table.loc[("total", "other")]
    assert row["difference"] == pytest.approx(-7)
    assert row["lower"] == pytest.approx(-7)
    with pytest.raises(LabelError, match="did you mean 'crps'"):
        compare(scores, score="crp")


def test_the_interval_of_a_mean_difference_holds_it():
    """Independent values, and values whose windows overlap."""
    rng = np.random.default_rng(1)
    held = []
    for _ in range(400):
        noise = rng.normal(size=17)
        overlapping = noise[:-1] + noise[1:]
        held.append(
            [
                low < 0 < high
                for low, high in (mean_interval(noise, 0), mean_interval(overlapping, 1))
            ]
        )
    apart, together = np.mean(held, axis=0)
    assert abs(apart - 0.95) < 0.035
    assert together > 0.88


def test_the_ratio_model_of_a_constant_series_is_constant():
    table = small_chain.table(60).assign(value=40)
    panel = read_panel(table, small_chain.network())
    origin = pd.Period("2026-03", "M")
    drawn = baseline_windows("ratio", panel.until("2026-03"), origin, [12], 12, samples=50, seed=1)
    assert set(drawn.values.ravel()) == {480.0}


def test_a_figure_shows_ranges_and_outcomes(panel, asked):
    figure = plot_backtest(made(panel), "total", language="en")
    text = " ".join(each.get_text() for each in figure.texts)
    assert "Of 3 outcomes" in " ".join(text.split()) or "Of 2 outcomes" in " ".join(text.split())
    assert {"outcome", "medio"} <= {line.get_gid() for line in figure.axes[0].lines}


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_figure_of_calibration_shows_the_numbers_of_the_tables(panel, asked, language):
    found = made(panel)
    figure = plot_calibration(found, language=language)
    tables = (
        (calibration_table, "exceedance"),
        (coverage_table, "level"),
        (pit_table, "expected"),
        (reliability_table, "predicted"),
    )
    held = []
    for axes, (make, nominal) in zip(figure.axes, tables, strict=True):
        table = make(found)
        table = table[table["quantity"].eq("all flows") & table["n"].gt(0)]
        artists = {each.get_gid(): each for each in (*axes.lines, *axes.collections)}
        assert artists["observed"].get_ydata().tolist() == table["observed"].tolist()
        ends = np.array([line[:, 1] for line in artists["interval"].get_segments()])
        np.testing.assert_array_equal(ends, table[["lower", "upper"]])
        if nominal == "predicted":
            assert artists["observed"].get_xdata().tolist() == table["predicted"].tolist()
            n = [text.get_text() for text in axes.texts if text.get_gid() == "n"]
            assert n == table["n"].astype(str).tolist()
        elif nominal == "expected":
            given = [line[0, 1] for line in artists["nominal"].get_segments()]
            assert given == table["expected"].tolist()
            bars = [(bar.get_x(), bar.get_height()) for bar in axes.patches]
            assert bars == list(zip(table["bin_lower"], table["observed"], strict=True))
        else:
            assert artists["nominal"].get_ydata().tolist() == table[nominal].tolist()
        held.append((table[nominal].between(table["lower"], table["upper"]).sum(), len(table)))
    said = " ".join(" ".join(text.get_text() for text in figure.texts).split())
    known = int(found.outcome.sel(quantity=list(panel.network.flow_names)).count())
    of = "van de" if language == "nl" else "of"
    for n, total in held:
        assert f"{n} {of} {total} " in said
    figure.draw_without_rendering()
    ticks = [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    median = "mediaan" if language == "nl" else "median"
    assert ticks[1] == f"{median}\n50{SPACE}%"
    assert f"{'Uitkomsten' if language == 'nl' else 'Outcomes'}: {known};" in said
    assert f"95{SPACE}%" in figure.texts[-1].get_text()


def test_the_figure_of_calibration_says_when_it_cannot_tell(panel, asked):
    found = made(panel)
    alone = replace(found, outcome=found.outcome.where(found.outcome["origin"] == "2025-06"))
    text = " ".join(plot_calibration(alone, language="en").texts[-1].get_text().split())
    assert "too few origins to tell" in text
    assert "lies on the vertical line" not in text
    nothing = replace(found, outcome=found.outcome.where(False))
    text = plot_calibration(nothing, language="en").texts[-1].get_text()
    assert "Outcomes: 0" in text
    with pytest.raises(LabelError, match="no lead 24"):
        plot_calibration(found, lead=24)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"origins": []}, "no origins"),
        ({"origins": ["soon", "2050-01"]}, "'soon' is no period"),
        ({"origins": ["2050-01"]}, "not inside the evidence"),
        ({"leads": [6]}, "ends 6 after the origin"),
        ({"baselines": ["Prophet"]}, "no such baselines"),
    ],
)
def test_wrong_options_are_refused(panel, options, expected):
    with pytest.raises(SpecError, match=expected):
        made(panel, **options)


def test_baselines_from_statsforecast_say_what_is_missing(panel, monkeypatch):
    monkeypatch.setattr("mppbayes.evaluation.baselines.find_spec", lambda name: None)
    with pytest.raises(SamplingError, match=r"install mppbayes\[baselines\]"):
        baseline_windows(
            BASELINES[1], panel, pd.Period("2026-06", "M"), [12], 12, samples=5, seed=1
        )


@pytest.fixture
def command(run, tmp_path):
    """Run `mppbayes backtest` on the small chain; give its exit status and what it printed."""
    small_chain.table(60).to_csv(tmp_path / "counts.csv", index=False)
    small_chain.network().to_toml(tmp_path / "net.toml")
    given = ("backtest", tmp_path / "counts.csv", "--network", tmp_path / "net.toml")
    return lambda *more: run(*given, *more)


def test_the_command_writes_its_files(command, asked, tmp_path):
    out = tmp_path / "out"
    arguments = ("--origins", "2025-06,2025-12", "--leads", "12", "--out", out)
    assert command(*arguments)[0] == 0
    section = PAGE.partition("\n## The backtest directory\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `(\w+\.csv)` \| (.*) \|$", section, re.MULTILINE)
    assert {name for name, _ in listed} == {path.name for path in out.glob("*.csv")}
    for name, columns in listed:
        assert pd.read_csv(out / name).columns.tolist() == re.findall(r"`(\w+)`", columns)
    assert {path.name for path in (out / "figures").iterdir()} == {"calibration.png", "total.png"}
    asked.clear()
    assert command(*arguments)[0] == 0
    assert not asked, "what is there is not made again"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (("--origins", "soon", "--leads", "12"), "no period"),
        (("--origins", "2025-06", "--leads", "a year"), "write whole numbers"),
        (("--origins", "2025-06", "--leads", "3"), "ends 3 after"),
        (("--origins", "2025-06", "--baselines", "guess"), "no such baselines"),
    ],
)
def test_the_command_refuses_bad_input(command, tmp_path, more, expected):
    status, output = command(*more, "--out", tmp_path / "out")
    assert status == 2
    assert expected in output.err
    assert "Traceback" not in output.err
    assert not (tmp_path / "out" / "scores.csv").exists()


def test_the_command_leaves_other_folders_alone(command, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    status, output = command("--origins", "2025-06", "--out", tmp_path / "mine")
    assert status == 2
    assert "something else" in output.err
