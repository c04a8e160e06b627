"""The command line: exit statuses, whole directories, marked drafts."""

import io
import json
import shutil
import time
from types import SimpleNamespace

import chains
import numpy as np
import nutpie
import pandas as pd
import pytest
import small_chain
import xarray as xr
from made_up import made_up_forecast
from rich.console import Console

from mppbayes.cli import output, reproduction
from mppbayes.cli.backtests import write_backtest
from mppbayes.cli.directory import Results, write_directory
from mppbayes.diagnostics import Verdicts
from mppbayes.errors import MppbayesError
from mppbayes.evaluation import backtest, backtesting
from mppbayes.inference import fitting, samplers
from mppbayes.model import ModelSpec
from mppbayes.network import Network
from mppbayes.panel import read_panel
from mppbayes.prediction import MPP, aggregates, bands, forecast
from mppbayes.reporting import page
from mppbayes.reporting.pictures import Picture

SPACE = "\N{NO-BREAK SPACE}"


@pytest.fixture
def inputs(tmp_path, small_fit):
    """A table, a network and a saved fit in a folder."""
    small_chain.table().to_csv(tmp_path / "counts.csv", index=False)
    small_chain.network().to_toml(tmp_path / "net.toml")
    small_fit.save(tmp_path / "fit.nc")
    return tmp_path


@pytest.fixture(scope="module")
def written(small_fit, small_panel, tmp_path_factory):
    """A forecast directory: a draft whose minimum is exceeded with probability 0.95."""
    drawn = forecast(small_fit, until="2026-12", seed=2).as_draft()
    scheme = MPP.with_levels(minimum=0.95)
    summary = bands(drawn, scheme, by=aggregates(drawn.network))
    out = tmp_path_factory.mktemp("written") / "out"
    write_directory(out, Results(small_fit, drawn, summary, small_panel), language="nl", draft=True)
    return out


@pytest.fixture
def directory(written, tmp_path):
    """A copy of the forecast directory, to spoil."""
    return shutil.copytree(written, tmp_path / "forecast")


@pytest.fixture(scope="module")
def judged(small_panel, tmp_path_factory):
    """A backtest directory of the same chain, by a quick model and another like it."""

    def poisson(known, origin):
        means = known.counts()["value"].mean("time")
        drawn = 12.0 * np.random.default_rng(1).poisson(means, (500, 1, means.size))
        coords = {"lead": [12], "flow": list(known.network.flow_names)}
        return xr.DataArray(drawn, dims=("sample", "lead", "flow"), coords=coords), "final", ""

    models = [("mppbayes", poisson, "key"), ("ratio", poisson, "other key")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backtesting, "_forecasters", lambda *_, **__: models)
        found = backtest(
            ModelSpec(small_panel.network),
            small_panel,
            origins=["2023-06", "2023-09"],
            leads=[12],
            progress=False,
        )
    out = tmp_path_factory.mktemp("judged")
    write_backtest(out, found, MPP, language="nl")
    return out


def forecast_arguments(folder, *more, fit=True):
    return (
        "forecast",
        folder / "counts.csv",
        "--network",
        folder / "net.toml",
        "--until",
        "2026-12",
        *(("--fit", folder / "fit.nc") if fit else ()),
        "--out",
        folder / "out",
        *more,
    )


def edit_manifest(directory, change):
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), "utf-8")


def test_new_gives_a_network_that_check_reads(run, tmp_path):
    assert run("new", tmp_path / "start")[0] == 0
    book = tmp_path / "start" / "counts.xlsx"
    table = pd.read_excel(book)
    table["value"] = 7
    table.to_excel(book, index=False)
    status, output = run("check", book, "--network", tmp_path / "start" / "network.toml")
    assert status == 0
    assert "applications: 2023-01 to 2024-12" in output.out
    assert run("new", tmp_path / "start")[0] == 2
    for folder in (book, book / "x"):
        status, output = run("new", folder)
        assert status == 2
        assert "cannot be made" in output.err


def test_every_fault_is_told_without_a_traceback(run, inputs):
    table = small_chain.table().astype({"value": object})
    table.loc[0, "value"] = "many"
    table.loc[1, "series"] = "a_9"
    table.loc[2, "period"] = "last week"
    table.to_csv(inputs / "counts.csv", index=False)
    status, output = run("check", inputs / "counts.csv", "--network", inputs / "net.toml")
    assert status == 2
    for found in ("row 2", "row 3", "row 4", "a_9"):
        assert found in output.err
    assert "Traceback" not in output.err


def check(run, folder, network, *rows):
    """Run check on a network and rows of a table."""
    network.to_toml(folder / "net.toml")
    lines = [",".join(map(str, row)) for row in (("series", "period", "value"), *rows)]
    (folder / "counts.csv").write_text("\n".join(lines), "utf-8")
    return run("check", folder / "counts.csv", "--network", folder / "net.toml")


LOOPED = chains.network(
    chains.flow("came"),
    chains.flow("one", route=[chains.route("other", 3)]),
    chains.flow("other", route=[chains.route("one", 3)]),
)
STOCK = chains.network(chains.flow("came", enters="here"), stocks=[chains.stock("here")])
VAGUE = chains.network(
    chains.flow("came", enters="here"),
    stocks=[chains.stock("here") | {"initial": {"mean": 7000.0, "sd": 1e6}}],
)
EMPTIED = chains.network(
    chains.flow("came", enters="here"),
    chains.flow("gone", leaves="here"),
    stocks=[chains.stock("here")],
)
LEFT = [
    (series, month, value)
    for series, value in (("came", 1000), ("gone", 1000), ("here", 5))
    for month in ("2024-01", "2024-02", "2024-03")
]
SUMMED = chains.network(
    chains.flow("came", enters="here"),
    chains.flow("more"),
    stocks=[chains.stock("here")],
    sums=[{"name": "everyone", "of": ["came", "more"]}],
)


@pytest.mark.parametrize(
    ("network", "rows", "said"),
    [
        (LOOPED, [("came", "2024-01", 3)], ["each of these flows waits for another: one, other"]),
        (STOCK, [("came", "2024-01", 3)], ["stock 'here' has no figures and no initial"]),
        (VAGUE, [("came", "2024-01", 3)], ["its sd is 1e+06; expected at most its mean, 7000"]),
        (STOCK, [("here", "2024-01", 3)], ["no flow has a count that the model can use"]),
        (
            EMPTIED,
            LEFT,
            ["in a month 191 times as many leave stock 'here' as are in it", "and those of 'gone'"],
        ),
        (
            SUMMED,
            [("came", "2024-01", 3), ("everyone", "2024-02", 9)],
            ["'everyone' has figures (1) none of which tells", "stock 'here' has no figures"],
        ),
    ],
)
def test_check_refuses_what_a_fit_refuses(run, tmp_path, network, rows, said):
    status, output = check(run, tmp_path, network, *rows)
    assert (status, output.out) == (2, "")
    for text in said:
        assert text in output.err
    panel = read_panel(tmp_path / "counts.csv", network)
    with pytest.raises(MppbayesError) as caught:
        fitting.fit(ModelSpec(network), panel, seed=1, progress=False)
    assert str(caught.value) in output.err


def test_check_names_the_figures_that_tell_nothing_of_a_rate(run, tmp_path):
    rows = [
        *(("came", month, value) for month, value in chains.months("2024-01", [3, 4])),
        *(("everyone", month, value) for month, value in chains.months("2024-01", [9, 9, 9])),
        ("here", "2024-01", 50),
    ]
    status, output = check(run, tmp_path, SUMMED, *rows)
    assert status == 0
    assert "everyone: 2024-01 to 2024-03" in output.out
    told = output.out.partition("Figures that tell nothing of their flow's rate:\n")[2]
    assert told.splitlines() == ["  everyone 2024-03: it does not tell of a single flow"]
    assert "tell nothing" not in check(run, tmp_path, SUMMED, *rows[:4], rows[-1])[1].out


@pytest.mark.parametrize(
    "arguments",
    [
        ("forecast",),
        ("unknown",),
        ("check", "absent.csv", "--network", "absent.toml"),
        ("report", "absent"),
        ("reproduce", "absent"),
        ("demo", "--seed", "many"),
        ("demo", "--out", "/absent/folder/out"),
    ],
)
def test_bad_input_ends_with_2(run, arguments):
    status, output = run(*arguments)
    assert status == 2
    assert output.err
    assert "Traceback" not in output.err


def test_bad_levels_and_spans_end_with_2(run, inputs):
    for more in (("--minimum", "1.5"), ("--maximum", "0.6"), ("--until", "2020-01")):
        status, output = run(*forecast_arguments(inputs), *more)
        assert status == 2, more
        assert "Traceback" not in output.err
    assert not (inputs / "out").exists()


def test_the_gate_withholds(run, inputs):
    """The small fit converged by loose limits only, so that publication is refused."""
    status, output = run(*forecast_arguments(inputs))
    assert status == 1
    assert "withheld" in output.err
    assert not (inputs / "out").exists()


def test_a_draft_is_marked_on_every_file(run, inputs):
    status, _ = run(*forecast_arguments(inputs, "--draft", "--minimum", "0.95"))
    assert status == 0
    out = inputs / "out"
    figures = pd.read_csv(out / "bands.csv")
    assert set(figures["status"]) == {"draft"}
    assert set(figures.loc[figures["band"] == "minimum", "exceedance"]) == {0.95}
    assert json.loads((out / "manifest.json").read_text("utf-8"))["status"] == "draft"
    assert "CONCEPT" in (out / "report.html").read_text("utf-8")
    for name in ("bands.xlsx", "fit.nc", "forecast.nc", "inputs/counts.csv", "inputs/spec.toml"):
        assert (out / name).is_file(), name
    assert (out / "figures" / "total.png").is_file()
    assert not [path for path in inputs.iterdir() if path.name.startswith(".")]


def test_another_folder_is_not_overwritten(run, inputs):
    (inputs / "out").mkdir()
    (inputs / "out" / "mine.txt").write_text("mine")
    status, output = run(*forecast_arguments(inputs, "--draft"))
    assert status == 2
    assert "something else" in output.err
    assert (inputs / "out" / "mine.txt").read_text() == "mine"


def test_a_fit_of_other_counts_or_another_network_is_refused(run, inputs):
    table = small_chain.table()
    table.loc[0, "value"] += 5
    table.to_csv(inputs / "counts.csv", index=False)
    network = small_chain.network().to_dict()
    Network.from_dict({**network, "title": {"en": "another"}}).to_toml(inputs / "net.toml")
    status, output = run(*forecast_arguments(inputs))
    assert status == 2
    assert "counts: the fit has digest" in output.err
    assert "network: the fit has digest" in output.err
    assert read_panel(table, small_chain.network()).digest[:12] in output.err
    assert "leave --fit out" in output.err
    assert not (inputs / "out").exists()


def test_a_specification_must_be_that_of_the_fit(run, inputs, small_panel):
    spec = inputs / "spec.toml"
    ModelSpec(small_panel.network, harmonics=1).to_toml(spec)
    assert run(*forecast_arguments(inputs, "--spec", spec))[0] == 1
    ModelSpec(small_panel.network, harmonics=2, ceilings={"a_1": 99.0}).to_toml(spec)
    status, output = run(*forecast_arguments(inputs, "--spec", spec))
    assert status == 2
    assert "harmonics: the fit has 1, the specification 2" in output.err
    assert "ceilings.a_1: the fit has" in output.err
    assert "ceilings.a_2" not in output.err


def test_a_specification_must_be_of_the_network_given(run, inputs):
    network = small_chain.network().to_dict()
    ModelSpec(Network.from_dict({**network, "name": "other"})).to_toml(inputs / "spec.toml")
    for fit in (True, False):
        status, output = run(*forecast_arguments(inputs, "--spec", inputs / "spec.toml", fit=fit))
        assert status == 2
        assert "the specification is not of the network given" in output.err


@pytest.fixture
def interrupted(monkeypatch, small_fit):
    """Let sampling be interrupted from the keyboard after the draws of the small fit."""

    def interrupt(_):
        raise KeyboardInterrupt

    program = SimpleNamespace(with_data=lambda **_: None)
    background = SimpleNamespace(is_finished=False, abort=lambda: small_fit.tree)
    monkeypatch.setattr(fitting, "compile_nutpie", lambda *_: program)
    monkeypatch.setattr(nutpie, "sample", lambda *_, **__: background)
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=interrupt)
    monkeypatch.setattr(samplers, "time", clock)


@pytest.mark.usefixtures("interrupted")
def test_an_interrupt_while_sampling_leaves_a_draft_and_its_fit(run, inputs, small_fit):
    small_fit.spec.to_toml(inputs / "spec.toml")
    arguments = forecast_arguments(inputs, "--spec", inputs / "spec.toml", fit=False)
    status, output = run(*arguments)
    assert status == 1
    assert "withheld" in output.err
    assert not (inputs / "out").exists()
    assert "out-fit.nc" in output.out.replace("\n", "")
    assert run(*arguments, "--draft", "--fit", inputs / "out-fit.nc")[0] == 0
    manifest = json.loads((inputs / "out" / "manifest.json").read_text("utf-8"))
    assert manifest["status"] == "draft"


def test_an_interrupt_elsewhere_writes_nothing(run, inputs, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("mppbayes.cli.futures.forecast", interrupt)
    status, output = run(*forecast_arguments(inputs, "--draft"))
    assert status == 130
    assert "interrupted; nothing was written" in output.err
    assert not (inputs / "out").exists()


def test_a_draft_is_reported_only_when_asked_for(run, directory):
    before = (directory / "report.html").read_text("utf-8")
    status, output = run("report", directory)
    assert status == 1
    assert "--draft" in output.err
    assert (directory / "report.html").read_text("utf-8") == before
    status, output = run("report", directory, "--draft", "--language", "en")
    assert status == 0
    html = (directory / "report.html").read_text("utf-8")
    assert '<html lang="en">' in html
    assert f"minimum (95{SPACE}%)" in html


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_report_shows_the_track_record_that_backtest_wrote(
    run, directory, judged, language, monkeypatch
):
    for figure in ("fan", "exceedance", "small_fan", "rank_plot", "energy_plot"):
        monkeypatch.setattr(page, figure, lambda *_: Picture("data:", "", ""))
    arguments = ("report", directory, "--draft", "--language", language, "--backtest", judged)
    status, output = run(*arguments)
    assert (status, output.err) == (0, "")
    html = (directory / "report.html").read_text("utf-8")
    track = html.split('<h2 id="track-record">')[1].split("<h2")[0]
    calibration = pd.read_csv(judged / "calibration.csv")
    whole = calibration[calibration["aggregate"].isin(["flows", "sum"])]
    mark = "," if language == "nl" else "."
    for row in whole.itertuples():
        observed = f"{100 * row.observed:.1f}".replace(".", mark)
        assert f"<td>{observed}{SPACE}%</td>" in track
    assert track.count("<img ") == len(list((judged / "figures").glob("*.png")))


def test_a_track_record_that_cannot_be_shown_ends_with_2(run, directory, judged, tmp_path):
    before = (directory / "report.html").read_text("utf-8")
    other = shutil.copytree(judged, tmp_path / "other")
    table = pd.read_csv(other / "calibration.csv")
    table.replace("total", "sum_of_all").to_csv(other / "calibration.csv", index=False)
    half = shutil.copytree(judged, tmp_path / "half")
    (half / "log.csv").unlink()
    (half / "coverage.csv").write_text("level\nhalf\n", "utf-8")
    for folder, expected in (
        (tmp_path / "absent", ["there is no folder"]),
        (directory, ["no whole backtest directory", "scores.csv", "log.csv"]),
        (half, ["log.csv: it is missing", "coverage.csv: it lacks", "row 2 (half)"]),
        (other, ["not of the forecast's network", "'sum_of_all' (calibration.csv)"]),
    ):
        status, output = run("report", directory, "--draft", "--backtest", folder)
        assert status == 2, folder
        assert all(text in output.err for text in expected), output.err
        assert "Traceback" not in output.err
    assert (directory / "report.html").read_text("utf-8") == before


def test_a_final_forecast_is_reported_if_its_checks_pass(run, directory, small_fit, monkeypatch):
    forecast(small_fit, until="2026-12", seed=2).save(directory / "forecast.nc")
    assert run("report", directory)[0] == 1
    monkeypatch.setattr(page, "diagnose", lambda *_: Verdicts(()))
    assert run("report", directory)[0] == 0
    assert "CONCEPT" not in (directory / "report.html").read_text("utf-8")


@pytest.mark.parametrize("command", ["report", "reproduce"])
def test_a_half_directory_is_told_apart_from_a_whole_one(run, directory, command):
    lacking = {"report": ("forecast.nc", "fit.nc"), "reproduce": ("bands.csv", "inputs/spec.toml")}
    for name in lacking[command]:
        (directory / name).unlink()
    status, output = run(command, directory)
    assert status == 2
    assert "is no whole forecast directory: it lacks" in output.err
    assert all(name in output.err for name in lacking[command])
    (directory / "manifest.json").unlink()
    status, output = run(command, directory)
    assert status == 2
    assert "manifest.json" in output.err
    assert "Traceback" not in output.err


def test_a_manifest_must_hold_what_reproduction_needs(run, directory):
    def lose(manifest):
        del manifest["until"], manifest["fit"]["seed"]

    edit_manifest(directory, lose)
    status, output = run("reproduce", directory)
    assert status == 2
    assert "lacks until, fit.seed" in output.err
    (directory / "manifest.json").write_text("not JSON")
    status, output = run("reproduce", directory)
    assert status == 2
    assert "is no JSON" in output.err


@pytest.mark.parametrize("command", ["report", "reproduce"])
def test_bands_that_are_not_the_mpps_are_refused(run, directory, command):
    edit_manifest(directory, lambda manifest: manifest.update(scheme={"low": 0.9, "high": 0.1}))
    status, output = run(command, directory)
    assert status == 2
    assert "has the bands low, high; expected minimum, mediaan, medio, maximum" in output.err


def test_a_forecast_with_its_own_levels_is_reproduced(run, directory, small_fit, monkeypatch):
    monkeypatch.setattr(reproduction, "sample", lambda *_, **__: small_fit)
    status, output = run("reproduce", directory)
    assert (status, output.out.strip()) == (0, "every figure is the same")
    figures = pd.read_csv(directory / "bands.csv")
    figures.loc[0, "value"] += 1
    figures.to_csv(directory / "bands.csv", index=False)
    status, output = run("reproduce", directory)
    assert status == 1
    assert figures["quantity"][0] in output.out


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_bands_are_printed_by_title_in_eighty_columns(monkeypatch, language):
    made = made_up_forecast(status="draft")
    console = Console(width=80, file=io.StringIO())
    monkeypatch.setattr(output, "console", console)
    output.show_bands(bands(made, by=aggregates(made.network)), language)
    printed = console.file.getvalue()
    assert max(map(len, printed.splitlines())) <= 80
    assert "organisation=" not in printed
    said = {
        "nl": (
            "Totale instroom, personen per jaar (CONCEPT)",
            f"mediaan (50{SPACE}%)",
            "geen officiële",
            "Rust op eigen cijfers (t/m 2025-09)",
        ),
        "en": (
            "Total inflow, persons per year (DRAFT)",
            f"median (50{SPACE}%)",
            "an official",
            "Rests on its own figures (up to 2025-09)",
        ),
    }
    for text in said[language]:
        assert text in printed
    assert "…" not in printed
