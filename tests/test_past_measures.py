"""Measures of the past: one factor in the graph, in the replay and in what is drawn ahead."""

from dataclasses import replace
from types import SimpleNamespace

import chains
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from chains import flow, months, network, route, stock

import mppbayes as mpp
from mppbayes import names
from mppbayes.model.introduced import Introduced
from mppbayes.model.replay import replay
from mppbayes.reporting import page
from mppbayes.reporting.tables import past_rows

LIMIT = mpp.PastMeasure("limit", ("apply", "grant"), "2020-07", -0.3, 0.2, phase_in=3)
PILOT = mpp.PastMeasure("pilot", ("decide",), "2020-04", 0.5, 0.1, lasts=4)


def chain():
    net = network(
        flow("apply", enters="wait"),
        flow("decide", leaves="wait"),
        flow("grant", part_of="decide"),
        flow("family", route=[route("grant", 2, 1)]),
        stocks=[stock("wait", 3000)],
    )
    figures = {"apply": 300, "decide": 280, "grant": 120, "family": 130}
    evidence = {name: months("2020-01", [value] * 18) for name, value in figures.items()}
    return net, chains.panel(net, **evidence)


@pytest.fixture(scope="module")
def drawn():
    return chains.of_graph(*chain(), past_measures=(LIMIT, PILOT))


def test_graph_and_replay_agree(drawn):
    known, _, draws, made = drawn
    np.testing.assert_allclose(
        np.log(replay(draws, known).mean), made[names.LOG_MEAN], rtol=1e-8, atol=1e-8
    )


def test_the_replay_hangs_on_them(drawn):
    """What was seen before a measure is expected as without it, what is seen after is not."""
    known, _, draws, _ = drawn
    plain = replay(replace(draws, introduced=None), known).mean
    ratio = replay(draws, known).mean / plain
    np.testing.assert_allclose(ratio[:, :3], 1)
    factor = np.exp(draws.introduced.log_factor[:, 0] / 3)
    np.testing.assert_allclose(ratio[:, 6, 0], factor, rtol=1e-4)  # but for the ceiling


def test_a_measure_comes_in_steps_and_ends():
    span = pd.period_range("2020-05", "2020-10", freq="M")
    np.testing.assert_allclose(LIMIT.working(span), [0, 0, 1 / 3, 2 / 3, 1, 1])
    np.testing.assert_array_equal(PILOT.working(span), [1, 1, 1, 0, 0, 0])


def test_it_goes_on_in_what_is_drawn_ahead():
    net = network(flow("visits"))
    started = mpp.PastMeasure("limit", ("visits",), "2019-01", -0.5, 0.1)
    draws = chains.draws(net, 4000, 3, level={"visits": np.log(200.0)})
    introduced = Introduced((started,), np.ones((1, 1)), np.full((4000, 1), np.log(0.5)))
    plain = chains.run(net, draws).counts.mean()
    limited = chains.run(net, replace(draws, introduced=introduced)).counts.mean()
    assert limited / plain == pytest.approx(0.5, rel=0.02)


def test_effects_are_only_of_a_specification_with_measures(small_fit):
    with pytest.raises(mpp.SpecError, match="no past measures"):
        mpp.past_effects(small_fit)


def test_wrong_measures_are_refused_all_at_once():
    net, _ = chain()
    wrong = mpp.PastMeasure("limit", ("aply",), "spring", -0.3, 0.2)
    with pytest.raises(mpp.SpecError) as caught:
        mpp.ModelSpec(net, past_measures=(wrong, wrong))
    for said in ("two past measures are called", "did you mean 'apply'", "which is no period"):
        assert said in str(caught.value)


def test_a_specification_with_measures_is_read_back(tmp_path):
    spec = mpp.ModelSpec(chain()[0], past_measures=(LIMIT, PILOT))
    spec.to_toml(tmp_path / "spec.toml")
    assert mpp.ModelSpec.from_toml(tmp_path / "spec.toml") == spec


def test_a_measure_after_the_evidence_does_nothing(drawn):
    """A backtest at an earlier origin must not know it."""
    _, _, draws, _ = drawn
    assert {m.name for m in draws.introduced.measures} == {"limit", "pilot"}
    to_come = replace(LIMIT, name="to come", start="2022-01")
    _, _, draws, _ = chains.of_graph(*chain(), past_measures=(to_come, PILOT), draws=2)
    assert [m.name for m in draws.introduced.measures] == ["pilot"]
    assert draws.introduced.log_factor.shape == (2, 1)


def test_the_rest_of_a_whole_is_no_flow_to_act_on():
    net = network(
        flow("apply"), flow("yes", part_of="apply"), flow("no", part_of="apply", rest=True)
    )
    with pytest.raises(mpp.SpecError, match="act on the other parts"):
        mpp.ModelSpec(net, past_measures=(replace(LIMIT, acts_on=("no",)),))


def test_the_report_says_what_the_evidence_tells_of_them(small_fit, tmp_path, monkeypatch):
    """The median is a fall of a quarter, the posterior half as wide as the prior."""
    assert past_rows(small_fit, "en") == []
    log_factor = np.log(0.75) + 0.1 * np.array([[[-1.0, 0.0, 1.0]]])
    posterior = xr.Dataset({names.LOG_FACTOR: (("measure", "chain", "draw"), log_factor)})
    spec = SimpleNamespace(past_measures=(LIMIT,))
    rows = past_rows(SimpleNamespace(spec=spec, posterior=posterior), "en")
    ratio = f"{0.1 / LIMIT.doubt:.2f}"
    assert [cell.replace("\N{NO-BREAK SPACE}", " ") for cell in rows[0]] == [
        "limit", "2020-07", "-30 %", "-25 %", "-31 % … -18 %", ratio
    ]  # fmt: skip
    monkeypatch.setattr(page, "past_rows", lambda *_: rows)
    made = mpp.forecast(small_fit, until="2025-12", seed=1)
    mpp.report(made, tmp_path / "report.html", fit=small_fit, draft=True, language="en")
    html = (tmp_path / "report.html").read_text("utf-8")
    assert "Measures of the past" in html
    assert f"<td>{rows[0][-1]}</td>" in html.replace(' class="number"', "")
