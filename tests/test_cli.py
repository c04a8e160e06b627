"""The command line: exit statuses, whole directories, marked drafts."""

import json

import pandas as pd
import pytest
import small_chain

from mppbayes.cli import main


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line; give its exit status and what it printed."""

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["mppbayes", *map(str, arguments)])
        try:
            main()
            status = 0
        except SystemExit as stop:
            status = stop.code or 0
        return status, capsys.readouterr()

    return call


@pytest.fixture
def inputs(tmp_path, small_fit):
    """A table, a network and a saved fit in a folder."""
    small_chain.table().to_csv(tmp_path / "counts.csv", index=False)
    small_chain.network().to_toml(tmp_path / "net.toml")
    small_fit.save(tmp_path / "fit.nc")
    return tmp_path


def forecast_arguments(folder, *more):
    return (
        "forecast",
        folder / "counts.csv",
        "--network",
        folder / "net.toml",
        "--until",
        "2026-12",
        "--fit",
        folder / "fit.nc",
        "--out",
        folder / "out",
        *more,
    )


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
