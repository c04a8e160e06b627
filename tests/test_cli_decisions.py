"""The command line from a scenario to a plan: what is written, what is refused."""

import shutil
from contextlib import suppress

import pandas as pd
import pytest
import small_chain

from mppbayes.cli import main
from mppbayes.cli.reproduction import reproduce

SCENARIO = """
name = "fewer"

[[measure]]
name = "borders"
block = 1
acts_on = ["a_1"]
start = "2025-06"
effect = -0.2
"""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory, small_fit):
    """A table, a network, a saved fit and a scenario in a folder."""
    folder = tmp_path_factory.mktemp("decisions")
    small_chain.table().to_csv(folder / "counts.csv", index=False)
    small_chain.network().to_toml(folder / "net.toml")
    small_fit.save(folder / "fit.nc")
    (folder / "fewer.toml").write_text(SCENARIO, encoding="utf-8")
    return folder


def arguments(folder, out, *more):
    return (
        *("forecast", folder / "counts.csv", "--network", folder / "net.toml"),
        *("--until", "2026-12", "--out", out, "--fit", folder / "fit.nc", "--draft", *more),
    )


@pytest.fixture(scope="module")
def written(inputs, tmp_path_factory):
    """A forecast directory of the scenario."""
    out = tmp_path_factory.mktemp("written") / "out"
    called = arguments(inputs, out, "--scenario", inputs / "fewer.toml")
    with pytest.MonkeyPatch.context() as patch, suppress(SystemExit):
        patch.setattr("sys.argv", ["mppbayes", *map(str, called)])
        main()
    return out


@pytest.fixture
def directory(written, tmp_path):
    """A copy of it, to add to."""
    return shutil.copytree(written, tmp_path / "out")


def test_a_scenario_stands_beside_policy_as_it_is(directory):
    bands = pd.read_csv(directory / "bands.csv")
    assert set(bands["scenario"]) == {"fewer"}
    table = pd.read_csv(directory / "contrast.csv", dtype={"period": str})
    of_2026 = table[table["period"] == "2026"].set_index(["quantity", "band"])
    assert of_2026.loc[("a_1", "medio"), "difference"] < 0
    assert of_2026.loc[("a_2", "medio"), "difference"] == 0
    sums = set(bands.loc[bands["aggregate"].isin(["sum", "stock"]), "quantity"])
    pictures = {path.name for path in (directory / "figures").glob("*_contrast.png")}
    assert pictures == {f"{name}_contrast.png" for name in sums} != set()
    assert 'name = "borders"' in (directory / "inputs" / "scenario.toml").read_text("utf-8")


def test_a_scenario_is_reproduced(directory, small_fit, monkeypatch):
    monkeypatch.setattr("mppbayes.cli.reproduction.sample", lambda *_, **__: small_fit)
    assert reproduce(directory, max_minutes=1).empty


def test_plans_are_written_and_shown(run, directory):
    status, printed = run("plan", directory, "--short", 3, "--idle", 1, "--draft")
    assert status == 0, printed.err
    assert "exceeded with probability 0.25" in printed.out
    table = pd.read_csv(directory / "plans.csv")
    assert set(table["basis"]) == {"mediaan", "medio"}
    assert set(table["status"]) == {"draft"}
    assert {"falls_short", "shortage", "surplus", "moved", "cost"} <= set(table)
    costs = pd.read_csv(directory / "plan_costs.csv")
    assert (costs.groupby("quantity")["exceedance"].nunique() == 99).all()


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        ((), 1, "nothing is planned on it"),
        (("--draft", "--short", 3), 2, "give both"),
        (("--draft", "--bases", "medioo"), 2, "did you mean 'medio'"),
    ],
)
def test_what_cannot_be_planned_on_is_refused(run, directory, more, status, said):
    found, printed = run("plan", directory, *more)
    assert found == status
    assert said in " ".join(printed.err.split())
    assert not (directory / "plans.csv").exists()


def test_a_scenario_at_fault_ends_with_2(run, inputs, tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text(SCENARIO.replace("a_1", "a_9"), encoding="utf-8")
    status, printed = run(*arguments(inputs, tmp_path / "out", "--scenario", bad))
    assert status == 2
    assert "no flow with a rate" in " ".join(printed.err.split())
    assert not (tmp_path / "out").exists()
