"""Measures and scenarios: paired with the baseline, exact where nothing changes, adding up."""

import datetime

import chains
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import mppbayes as mpp
from mppbayes.errors import ScenarioError
from mppbayes.model.innovations import Innovations
from mppbayes.model.structure import Structure
from mppbayes.prediction.effects import Effects

UNTIL, SEED, FUTURES = "2027-12", 2, 8


def measure(name="faster", **keys):
    usual = {"block": 1, "acts_on": ("decisions",), "start": "2025-07", "effect": 0.3}
    return mpp.Measure(name, **usual | keys)


@pytest.fixture(scope="module")
def drawn(chain_fit):
    def forecast(*measures, seed=SEED):
        scenario = mpp.Scenario("plan", measures)
        return mpp.forecast(chain_fit, until=UNTIL, seed=seed, futures=FUTURES, scenario=scenario)

    return forecast


@pytest.fixture(scope="module")
def baseline(chain_fit):
    return mpp.forecast(chain_fit, until=UNTIL, seed=SEED, futures=FUTURES)


def same(one, other):
    return bool((one.flows == other.flows).all() and (one.stocks == other.stocks).all())


@pytest.mark.parametrize(
    "measures",
    [
        (),
        (measure(effect=0.0),),
        (measure(probability=0.0),),
        (measure(acts_on="places"),),
        (measure(acts_on="places", start="2025-H2"),),
    ],
    ids=["no measures", "no effect", "never in force", "of places", "of half-yearly places"],
)
def test_what_changes_nothing_equals_the_baseline_in_every_draw(baseline, drawn, measures):
    assert same(baseline, drawn(*measures))


def test_a_scenario_of_places_alone_is_not_contrasted(baseline, drawn):
    tents = drawn(measure("tents", acts_on="places"))
    with pytest.raises(ScenarioError, match="changes places alone") as caught:
        mpp.contrast(baseline, tents)
    assert "tents acts on places" in str(caught.value)
    assert "Capacity.under" in str(caught.value)


def test_an_uncertain_measure_has_its_full_effect_in_its_share_of_the_draws(baseline, drawn):
    full, perhaps = drawn(measure()), drawn(measure(probability=0.5))
    along = ("time", "flow")
    without, within = ((each.flows == perhaps.flows).all(along) for each in (baseline, full))
    assert bool((without | within).all())
    assert float(within.mean()) == pytest.approx(0.5, abs=0.04)  # 2,400 draws: 4 sd
    assert float((without & within).mean()) < 0.01
    stocks = xr.where(within, full.stocks, baseline.stocks)
    assert bool((perhaps.stocks == stocks).all())


def test_a_measure_of_places_changes_the_shortage_under_its_scenario(baseline, drawn):
    plan = mpp.Scenario("plan", (measure(), measure("tents", acts_on="places", effect=0.2)))
    forecast = drawn(*plan.measures)
    assert same(forecast, drawn(measure()))
    path = mpp.paths(forecast, "backlog")
    places = mpp.Capacity(float(path.mean()))
    before, after = (
        mpp.shortage(path, capacity).set_index("period")["shortage"]
        for capacity in (places, places.under(plan))
    )
    assert (after[:"2025-06"] == before[:"2025-06"]).all()
    assert after["2026-12"] < before["2026-12"]


def test_nothing_changes_before_the_start_and_upstream(baseline, drawn):
    other = drawn(measure())
    before = {"time": slice(None, "2025-06")}
    assert bool((baseline.flows.sel(before) == other.flows.sel(before)).all())
    assert bool((baseline.flows == other.flows).sel(flow="applications").all())


def test_effects_go_through_the_chain_and_every_stock_still_adds_up(baseline, drawn):
    """More decisions: fewer in the backlog, more grants and rejections, more appeals later on."""
    other = drawn(measure())
    at_end = (float(each.stocks.sel(time="2026-12-01").mean()) for each in (other, baseline))
    assert next(at_end) < 0.9 * next(at_end)
    more = (other.flows - baseline.flows).sel(time=slice("2025-07", "2025-12")).sum("time")
    mean = more.mean(("chain", "draw"))
    for flow in ("decisions", "grants", "rejections", "appeals"):
        assert float(mean.sel(flow=flow)) > 0, flow
    moved = other.flows.sel(flow="applications") - other.flows.sel(
        flow=["decisions", "withdrawals"]
    ).sum("flow")
    gap = other.stocks.sel(stock="backlog").diff("time") - (
        moved + other.unrecorded.sel(stock="backlog")
    ).isel(time=slice(1, None))
    assert int(abs(gap).max()) == 0


def test_a_ramp_a_pulse_and_a_step():
    span = pd.period_range("2025-01", periods=6, freq="M")
    step = measure(start="2025-03").working(span)
    ramp = measure(start="2025-03", phase_in=4).working(span)
    pulse = measure(start="2025-03", lasts=2).working(span)
    np.testing.assert_array_equal(step, [0, 0, 1, 1, 1, 1])
    np.testing.assert_array_equal(ramp, [0, 0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_array_equal(pulse, [0, 0, 1, 1, 0, 0])


@pytest.mark.parametrize(
    ("effect", "mean"),
    [
        (0.2, 0.2),
        ({0.9: 0.0, 0.1: 0.4}, 0.2),
        ({"0.9": 0.0, "0.1": 0.4}, 0.2),
        (stats.uniform(0.1, 0.2), 0.2),
    ],
)
def test_an_effect_may_be_a_number_quantiles_or_a_distribution(effect, mean):
    place = np.linspace(0.001, 0.999, 999)
    assert measure(effect=effect).drawn(place).mean() == pytest.approx(mean, abs=1e-3)


def test_what_is_said_to_be_exceeded_by_a_tenth_is():
    place = np.random.default_rng(0).random(100_000)
    effect = measure(effect={0.9: 0.05, 0.5: 0.1, 0.1: 0.3}).drawn(place)
    for exceedance, value in ((0.9, 0.05), (0.5, 0.1), (0.1, 0.3)):
        assert (effect > value).mean() == pytest.approx(exceedance, abs=0.005)
    two = measure(effect={0.9: 0.0, 0.1: 0.4}).drawn(place)
    np.testing.assert_allclose(two, stats.norm(0.2, 0.2 / stats.norm.isf(0.1)).ppf(place))
    assert measure(effect={0.9: -0.95, 0.1: 0.1}).drawn(place).min() == -1


def test_a_measure_that_takes_all_of_a_flow_leaves_none(drawn):
    none = drawn(measure(effect=-1.0)).flows.sel(flow="decisions", time=slice("2025-07", None))
    assert int(none.max()) == 0


def test_a_measure_of_a_route_changes_what_arrives_by_it_and_nothing_else(baseline, drawn):
    """The appeals' only route: as a measure of the flow, but for the half that comes by none."""
    of_route = drawn(measure(acts_on="appeals from rejections", effect=0.5))
    of_flow = drawn(measure(acts_on="appeals", effect=0.5))
    others = [name for name in baseline.flows["flow"].values if name != "appeals"]
    assert bool((baseline.flows == of_route.flows).sel(flow=others).all())
    before, works = {"time": slice(None, "2025-06")}, {"time": slice("2025-07", None)}
    by_route, by_flow, without = (
        each.flows.sel(flow="appeals") for each in (of_route, of_flow, baseline)
    )
    assert bool((by_route == without).sel(before).all())
    more = [float((each - without).sel(works).mean()) for each in (by_route, by_flow)]
    assert more[0] == pytest.approx(more[1], rel=0.05)
    assert more[0] > 0.3 * float(without.sel(works).mean())


def test_a_measure_that_closes_one_of_two_routes_leaves_what_comes_by_the_other():
    """Of 1,000 a month six in ten follow at once, of 600 four in ten some months later."""
    routes = [
        {"source": "near", "weight": 0.6},
        {"source": "far", "delay": {"mean": 3, "sd": 1}, "weight": 0.4},
    ]
    net = chains.network(
        chains.flow("near"), chains.flow("far"), chains.flow("joined", route=routes)
    )
    levels = {"near": np.log(1000), "far": np.log(600)}
    parameters = chains.draws(net, 400, 36, level=levels)

    def came(*closed):
        measures = [
            measure(name, acts_on=f"joined from {name}", start="2021-01", effect=-1.0)
            for name in closed
        ]
        drawn = chains.run(net, parameters, measures=measures)
        return drawn.counts[:, :, Structure(net).names.index("joined")]

    np.testing.assert_array_equal(came()[:, :12], came("far")[:, :12])
    for closed, expected in (((), 840.5), (("far",), 600.5), (("near",), 240.5)):
        assert came(*closed)[:, 12:].mean() == pytest.approx(expected, abs=2.0), closed
    assert came("near", "far")[:, 12:].mean() == pytest.approx(0.5, abs=0.05)


def test_a_contrast_shows_both_and_is_five_times_sharper_than_unpaired_draws(baseline, drawn):
    scenario, fresh = drawn(measure()), drawn(measure(), seed=3)
    found = mpp.contrast(baseline, scenario, by=("flow", "stock"))
    table = found.to_frame()
    assert {"baseline", "scenario", "difference", "lower", "upper", "exceedance"} <= set(table)
    assert {"rule", "scope", "basis", "status", "baseline_mcse", "scenario_mcse"} <= set(table)
    assert set(table["name"]) == {"plan"}
    row = table[(table["quantity"] == "decisions") & (table["period"] == "2025")].iloc[0]
    draws = found.draws("decisions").sel(period="2025")
    assert row["difference"] == pytest.approx(float(draws.mean()))
    assert row["lower"] < row["difference"] < row["upper"]
    other = mpp.bands(fresh, by=("flow", "stock"))
    for quantity in ("decisions", "appeals", "backlog"):
        unpaired = other.draws(quantity) - found.baseline.draws(quantity).values
        sharper = unpaired.var(("chain", "draw")) / found.draws(quantity).var(("chain", "draw"))
        assert sharper["period"].values.tolist() == ["2025", "2026", "2027"], quantity
        assert float(sharper.min()) > 5, quantity


def test_a_contrast_with_a_draft_is_a_draft(baseline, drawn):
    other = drawn(measure())
    assert set(mpp.contrast(baseline, other).to_frame()["status"]) == {"final"}
    for pair in ((baseline.as_draft(), other), (baseline, other.as_draft())):
        assert set(mpp.contrast(*pair).to_frame()["status"]) == {"draft"}


def test_forecasts_that_are_not_paired_are_refused(baseline, drawn):
    with pytest.raises(ScenarioError, match="seed: 2 in the baseline, 3 in the scenario"):
        mpp.contrast(baseline, drawn(measure(), seed=3))


def test_a_baseline_and_a_scenario_are_not_exchanged(baseline, drawn):
    with pytest.raises(ScenarioError, match="in this order") as caught:
        mpp.contrast(drawn(measure()), baseline)
    assert len(caught.value.faults) == 2


def test_what_was_given_to_one_forecast_alone_is_no_effect(chain_fit, baseline):
    given = mpp.GivenFuture("applications", {"2025-06": 0}, "a partner")
    other = mpp.forecast(
        chain_fit,
        until=UNTIL,
        seed=SEED,
        futures=FUTURES,
        given=given,
        scenario=mpp.Scenario("plan", (measure(),)),
    )
    with pytest.raises(ScenarioError, match=r"given futures: .* in the baseline, .*a partner"):
        mpp.contrast(baseline, other)


def test_shares_of_measures_add_up(chain_fit, baseline, drawn):
    measures = (
        measure(),
        measure("fewer", acts_on=("applications",), effect=-0.2),
        measure("stricter", acts_on=("grants",), effect=-0.1),
    )
    found = mpp.attribution(
        chain_fit,
        mpp.Scenario("plan", measures),
        "backlog",
        by="stock",
        until=UNTIL,
        seed=SEED,
        futures=FUTURES,
    )
    whole = mpp.contrast(baseline, drawn(*measures), by="stock").draws("backlog")
    sums = found.groupby("period")[["shapley", "alone"]].sum()
    expected = whole.mean(("chain", "draw")).to_series()
    np.testing.assert_allclose(sums["shapley"], expected, rtol=1e-12)
    np.testing.assert_allclose(sums["alone"], expected, rtol=1e-12)
    assert (found.loc[found["measure"] == "faster", "mcse"] > 0).all()
    grants = found[found["measure"] == "stricter"]
    np.testing.assert_allclose(grants["shapley"], 0, atol=1e-9)  # a share changes no decision


def test_a_scenario_is_read_from_a_file(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(
        """
name = "plan"

[[measure]]
name = "faster"
block = 1
acts_on = ["decisions"]
start = "2025-07"
effect = { "0.9" = 0.05, "0.5" = 0.2, "0.1" = 0.35 }
phase_in = 6
probability = 0.8
""",
        encoding="utf-8",
    )
    scenario = mpp.Scenario.from_toml(path)
    assert scenario.measures[0].effect == {0.9: 0.05, 0.5: 0.2, 0.1: 0.35}
    assert mpp.Scenario.from_dict(scenario.to_dict()) == scenario


def test_preliz_distributions_are_effects_and_stand_in_the_manifest_by_name():
    import preliz

    belief = preliz.TruncatedNormal(0.1, 0.2, lower=-1, upper=1)
    place = np.linspace(0.01, 0.99, 99)
    np.testing.assert_allclose(
        measure(effect=belief).drawn(place), stats.truncnorm(-5.5, 4.5, 0.1, 0.2).ppf(place)
    )
    (row,) = mpp.Scenario("plan", (measure(effect=belief),)).to_dict()["measure"]
    assert row["effect"] == "TruncatedNormal(mu=0.1, sigma=0.2, lower=-1, upper=1)"
    with pytest.raises(ScenarioError, match="a rate cannot fall by more than all of it"):
        mpp.Scenario("plan", (measure(effect=preliz.Normal(0.1, 2)),))


class Normal:
    """Has ``ppf`` and prints its name in bold, as older PreliZ does."""

    def ppf(self, q):
        return stats.norm(0.1, 0.2).ppf(q)

    def __repr__(self):
        return "\x1b[1mNormal\x1b[0m(mu=0.1, sigma=0.2)"


class Unnamed(Normal):
    __repr__ = object.__repr__


@pytest.mark.parametrize(
    ("effect", "text"),
    [
        (stats.norm(0.1, scale=0.2), "norm(0.1, scale=0.2)"),
        (stats.beta(np.float64(2.0), 3), "beta(2.0, 3)"),
        (stats.uniform(), "uniform()"),
        (Normal(), "Normal(mu=0.1, sigma=0.2)"),
        (Unnamed(), "Unnamed"),
    ],
)
def test_plain_data_tell_a_distribution_in_words(effect, text):
    low = measure(effect=effect)
    assert mpp.Scenario("plan", (low,)).to_dict()["measure"][0]["effect"] == text


def test_a_table_says_which_scenario_it_is(drawn):
    assert set(mpp.bands(drawn(measure())).to_frame()["scenario"]) == {"plan"}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"acts_on": ()}, "acts on nothing"),
        ({"phase_in": -1}, "phase_in is -1"),
        ({"lasts": 0}, "lasts is 0"),
        ({"probability": 1.5}, "probability is 1.5"),
        ({"effect": -1.5}, "cannot fall by more than all of it"),
        ({"effect": {0.9: 0.4, 0.1: 0.1}}, "numbers that rise"),
        ({"effect": "much"}, "a distribution with ppf"),
        ({"acts_on": ("places", "decisions")}, "acts on 'places' and on decisions"),
        ({"acts_on": ("places", "places")}, "acts on 'places' and on them once more"),
        ({"acts_on": None}, "acts on nothing"),
        ({"acts_on": [1]}, "acts on 1, no name"),
        ({"effect": np.inf}, "the effect is inf"),
        ({"effect": True}, "the effect is True"),
        ({"effect": {0.9: 0.1, 0.1: np.nan}}, "whose values are numbers"),
        ({"effect": {"0.9": "a", "0.1": "b"}}, "whose values are numbers"),
        ({"effect": stats.norm(0.1, np.nan)}, "give one that is finite"),
        ({"probability": np.nan}, "probability is nan"),
        ({"start": ""}, "starts at '', which is no period"),
        ({"start": None}, "starts at None, which is no period"),
        ({"start": datetime.date(2025, 7, 1)}, "which is no period; write 2024-03"),
        ({"start": "soon", "acts_on": "places"}, "which is no period"),
    ],
)
def test_a_measure_at_fault_is_refused(keys, said):
    with pytest.raises(ScenarioError, match=said):
        mpp.Scenario("plan", (measure(**keys),))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"acts_on": ("decision",)}, "did you mean 'decisions'"),
        ({"acts_on": ("rejections",)}, "the rest of its whole"),
        ({"acts_on": "appeals from rejection"}, "did you mean 'appeals from rejections'"),
        ({"block": 7}, "is of block 7"),
        ({"block": 7, "acts_on": "places"}, "is of block 7"),
        ({"start": "2024-06"}, "is in the figures already"),
        ({"start": "2031-01"}, "after the forecast's end"),
        ({"start": "2027-Q1"}, "is no month; write it as 2027-12"),
        ({"start": "2027"}, "is no month; write it as 2027-12"),
    ],
)
def test_a_measure_that_does_not_fit_the_forecast_is_refused(drawn, keys, said):
    with pytest.raises(ScenarioError, match=said):
        drawn(measure(**keys))


def test_a_flow_called_places_is_not_mistaken_for_those_of_a_capacity():
    span = pd.period_range("2025-07", "2027-12", freq="M")
    structure = Structure(chains.network(chains.flow("places")))
    with pytest.raises(ScenarioError, match="a flow of the network has that name too"):
        Effects(
            [measure(acts_on="places")],
            structure,
            span,
            origin=span[0] - 1,
            innovations=Innovations(1, 2),
            given=np.zeros((len(span), 1), dtype=bool),
        )


@pytest.mark.parametrize("rows", [{"name": "x"}, ["x"]])
def test_measures_that_are_no_list_of_tables_are_refused(rows):
    with pytest.raises(ScenarioError, match=r"write \[\[measure\]\] above each"):
        mpp.Scenario.from_dict({"name": "plan", "measure": rows})


@pytest.mark.parametrize("scenario", ["plan.toml", measure(), [measure()]])
def test_what_is_no_scenario_is_refused(chain_fit, scenario):
    with pytest.raises(ScenarioError, match=r"give a Scenario \(Scenario.from_toml reads a file"):
        mpp.forecast(chain_fit, until=UNTIL, seed=SEED, scenario=scenario)


def test_one_measure_may_stand_for_a_set_of_one():
    assert mpp.Scenario("plan", measure()) == mpp.Scenario("plan", (measure(),))


def test_a_measure_that_is_not_there_cannot_be_left_out():
    with pytest.raises(ScenarioError, match="no 'fastr'; did you mean 'faster'"):
        mpp.Scenario("plan", (measure(),)).without("fastr")


def test_plain_data_keep_every_digit():
    low = measure(effect={2 / 3: 0.1, 1 / 3: 0.2})
    again = mpp.Scenario.from_dict(mpp.Scenario("plan", (low,)).to_dict())
    assert again.measures[0].effect == low.effect


def given(count, source="partner"):
    return mpp.GivenFuture("decisions", {"2025-09": count}, source)


def test_nothing_changes_what_is_given(chain_fit):
    plan = mpp.Scenario("plan", (measure(),))
    with pytest.raises(ScenarioError, match="nothing changes what is given"):
        mpp.forecast(chain_fit, until=UNTIL, seed=SEED, given=given(100), scenario=plan)
    later = mpp.Scenario("plan", (measure(start="2025-10"),))
    mpp.forecast(chain_fit, until=UNTIL, seed=SEED, given=given(100), scenario=later)


def test_forecasts_with_other_given_counts_are_not_paired(chain_fit):
    plan = mpp.Scenario("plan", (measure(start="2025-10"),))
    usual = {"until": UNTIL, "seed": SEED}
    base = mpp.forecast(chain_fit, given=given(100), **usual)
    mpp.contrast(base, mpp.forecast(chain_fit, given=given(100), scenario=plan, **usual))
    other = mpp.forecast(chain_fit, given=given(900), scenario=plan, **usual)
    with pytest.raises(ScenarioError, match=r"given futures: \['decisions by partner"):
        mpp.contrast(base, other)


def test_a_measure_works_in_steps_in_rates_and_in_routes():
    net = chains.network(
        chains.flow("applications"), chains.flow("appeals", route=[chains.route("applications")])
    )
    span = pd.period_range("2025-07", "2025-12", freq="M")
    works = np.array([0, 1 / 3, 2 / 3, 1, 1, 0])
    keys = {"start": "2025-08", "phase_in": 3, "lasts": 4, "effect": -0.4}
    effects = Effects(
        [
            measure("rates", acts_on="applications", **keys),
            measure("route", acts_on="appeals from applications", **keys),
        ],
        Structure(net),
        span,
        origin=span[0] - 1,
        innovations=Innovations(1, 2),
        given=np.zeros((len(span), 2), dtype=bool),
    )
    for t, share in enumerate(works):
        at = np.broadcast_to(effects.at(t), (2, 2))
        np.testing.assert_allclose(at, [[np.log(1 - 0.4 * share), 0.0]] * 2)
        np.testing.assert_allclose(effects.arriving(t), np.full((1, 2), 1 - 0.4 * share))


def test_a_contrast_holds_the_bands_of_both(baseline, drawn):
    faster = drawn(measure())
    table = mpp.contrast(baseline, faster, by=("flow", "stock")).to_frame()
    for column, forecast in (("baseline", baseline), ("scenario", faster)):
        own = mpp.bands(forecast, by=("flow", "stock")).to_frame().drop(columns="scenario")
        found = table[["quantity", "period", "band", column, f"{column}_mcse"]].merge(
            own, on=["quantity", "period", "band"]
        )
        assert len(found) == len(table) == len(own)
        assert (found[column] == found["value"]).all()
        np.testing.assert_array_equal(found[f"{column}_mcse"], found["mcse"])


def test_the_error_and_the_middle_of_a_difference_are_those_of_its_draws(baseline, drawn):
    found = mpp.contrast(baseline, drawn(measure()), by="stock")
    row = found.to_frame().query("quantity == 'backlog' and period == '2027'").iloc[0]
    draws = found.draws("backlog").sel(period="2027").values.ravel()
    assert row["difference"] == pytest.approx(draws.mean())
    inside = (draws >= row["lower"]) & (draws <= row["upper"])
    assert inside.mean() == pytest.approx(0.9, abs=0.01)
    assert row["mcse"] >= 0.5 * draws.std() / np.sqrt(len(draws))


def test_every_fault_of_a_file_is_reported():
    with pytest.raises(ScenarioError) as caught:
        mpp.Scenario.from_dict(
            {"name": "plan", "measure": [{"name": "x", "efect": 1}], "mesure": []}
        )
    assert len(caught.value.faults) == 6


def test_the_picture_shows_both_and_the_mean_difference(baseline, drawn):
    found = mpp.contrast(baseline, drawn(measure()), by="stock")
    figure = mpp.plot_contrast(found, "backlog", language="en")
    (line,) = [each for each in figure.axes[2].lines if each.get_gid() == "difference"]
    np.testing.assert_allclose(
        line.get_ydata(), found.draws("backlog").mean(("chain", "draw")), rtol=1e-12
    )
    caption = next(text.get_text() for text in figure.texts if text.get_gid() == "caption")
    assert "with plan" in caption
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()
