"""Coherent scenarios: everything adds up after rounding, and the anchor lies on its band."""

import chains
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from synthetic import NETWORK, labelled_forecast, stock_forecast, synthetic_evidence

import mppbayes as mpp
from mppbayes.errors import AggregationError, LabelError, ScenarioError
from mppbayes.network import Network
from mppbayes.prediction import Forecast
from mppbayes.prediction.quantities import quantities
from mppbayes.prediction.rounding import apportioned, rounded, wholes
from mppbayes.prediction.simulation import stock_coordinates
from mppbayes.prediction.weighting import Weighting, weighted_on

UNTIL, SEED = "2027-12", 2


@pytest.fixture(scope="module")
def forecast(chain_fit):
    return mpp.forecast(chain_fit, until=UNTIL, seed=SEED)


@pytest.fixture(scope="module", params=["applications", "decisions", "grants", "backlog"])
def made(request, forecast):
    return mpp.coherent(forecast, anchor=request.param, period="2026")


def test_the_anchor_equals_its_band(made, forecast):
    aggregate = "stock" if made.anchor == "backlog" else "flow"
    bands = mpp.bands(forecast, by=aggregate).select(quantity=made.anchor, period="2026")
    expected = bands.to_frame().set_index("band")["value"]
    table = made.to_frame().query(
        f"quantity == '{made.anchor}' and aggregate == '{aggregate}' and period == '2026'"
    )
    assert table.set_index("band")["value"].to_dict() == expected.to_dict()
    found = table.set_index("band")["exceedance"]
    for band in mpp.MPP:
        assert found[band.name] <= band.exceedance
        assert found[band.name] == pytest.approx(band.exceedance, abs=0.02)


def test_every_stock_adds_up_and_parts_make_up_their_whole(made):
    leaves = made.leaves
    flows, stocks = leaves["flows"], leaves["stocks"].sel(stock="backlog")
    change = flows.sel(flow="applications") - flows.sel(flow=["decisions", "withdrawals"]).sum(
        "flow"
    )
    before = leaves["before"].sel(stock="backlog")
    assert bool((stocks == before + change + leaves["unrecorded"].sel(stock="backlog")).all())
    np.testing.assert_array_equal(before[:, 1:], stocks[:, :-1])
    parts = flows.sel(flow=["grants", "rejections"]).sum("flow")
    assert bool((parts == flows.sel(flow="decisions")).all())
    assert int(flows.min()) >= 0
    assert flows.dtype == stocks.dtype == np.int64


def test_what_goes_unrecorded_is_as_in_the_draws_but_for_rounding(made, forecast):
    """Two levels of the stock and three flows are rounded, each by about a person at most."""
    (of_anchor,) = mpp.bands(forecast, by=("flow", "stock")).select(quantity=made.anchor).quantities
    array = forecast.stocks if of_anchor.of_stocks else forecast.flows
    year = array.sel({"stock" if of_anchor.of_stocks else "flow": made.anchor}, drop=True)
    year = year.sel(time=slice("2026-01", "2026-12"))
    values = (year.isel(time=-1) if of_anchor.of_stocks else year.sum("time")).values
    unrecorded = forecast.unrecorded.sel(stock="backlog").groupby("time.year").sum()
    for band in mpp.MPP.names:
        target = made.to_frame().query(
            f"quantity == '{made.anchor}' and band == '{band}' and period == '2026'"
        )["value"]
        weight = weighted_on(values.ravel().astype(float), float(target.iloc[0]))
        for period in made.leaves["period"].values:
            mean = unrecorded.sel(year=int(period)).values.ravel() @ weight
            left = made.leaves["unrecorded"].sel(band=band, period=period, stock="backlog")
            assert float(left) == pytest.approx(mean, abs=4), (band, period)


def test_groups_add_up_their_rounded_flows(made):
    inflow = made.to_frame().query("quantity == 'organisation=A' and kind == 'inflow'")
    flows = made.leaves["flows"].sel(flow=["applications", "appeals"]).sum("flow").to_series()
    found = inflow.set_index(["band", "period"])["value"]
    assert len(found) == 4 * 3
    assert found.to_dict() == flows.loc[found.index].to_dict()


def test_scenarios_are_in_order_and_say_what_they_rest_on(made, forecast):
    values = made.to_frame().query(f"quantity == '{made.anchor}' and period == '2026'")["value"]
    assert sorted(values.drop_duplicates()) == list(values.drop_duplicates())
    assert set(made.effective) == set(mpp.MPP.names)
    assert min(made.effective.values()) >= 100
    assert "effective draws" in repr(made)
    assert "(final; policy as it is)" in repr(made)
    table = made.to_frame()
    assert set(table["status"]) == {"final"}
    assert set(table["scenario"]) == {""}
    assert set(table["origin"]) == {str(forecast.origin)}
    assert table["effective"].tolist() == table["band"].map(made.effective).tolist()
    bands = mpp.bands(forecast, by=("flow", "stock", "organisation", "block")).to_frame()
    said = ["quantity", "kind", "unit", "period", "band", "moment", "basis", "block"]
    both = table.merge(bands, on=said, how="outer", indicator=True)
    assert set(both["_merge"]) == {"both"}


def test_the_representative_path_is_a_draw_near_the_scenario(made, forecast):
    if made.anchor == "backlog":
        anchor = forecast.stocks.sel(stock="backlog", time="2026-12-01")
    else:
        months = forecast.flows.sel(flow=made.anchor, time=slice("2026-01", "2026-12"))
        anchor = months.sum("time")
    table = made.to_frame().query(f"quantity == '{made.anchor}' and period == '2026'")
    target = table.drop_duplicates("band").set_index("band")["value"]
    for band, (chain, draw) in made.representative.items():
        reached = anchor.isel(chain=chain, draw=draw)
        assert abs(float(reached) - target[band]) < 0.3 * float(anchor.std())


def test_marginal_bands_miss_the_band_of_a_sum_where_a_scenario_does_not():
    """The maxima of three flows that vary apart add up to over 10 % more than their sum's."""
    network, rng = Network.from_dict(NETWORK), np.random.default_rng(3)
    means = rng.gamma(2, 40, (2, 1000, 1, len(network.flows)))
    draws = rng.poisson(np.broadcast_to(means, (2, 1000, 30, len(network.flows))))
    apart = labelled_forecast(network, draws, synthetic_evidence(network))
    bands = mpp.bands(apart, by=("flow", "sum")).to_frame()
    top = bands.query("band == 'maximum' and period == '2026'").set_index("quantity")["value"]
    members = list(network.members("asylum"))
    made = mpp.coherent(apart, anchor="asylum", period="2026", by=("flow", "sum")).to_frame()
    scenario = made.query("band == 'maximum' and period == '2026'").set_index("quantity")["value"]
    assert scenario[members].sum() == scenario["asylum"] == top["asylum"]
    assert top[members].sum() > 1.1 * top["asylum"]


def test_a_figure_beside_the_anchor_is_as_uncertain_as_said():
    """Of a band by chance, with its error; over fresh sets of draws the mean varies as said."""
    rng, n_sets, n_draws = np.random.default_rng(5), 300, 2000
    means, errors, targets = [], [], []
    posterior_draw = {"posterior_draw": ("draw", np.arange(n_draws))}

    def draws(values):
        return xr.DataArray(values[None], dims=("chain", "draw"), coords=posterior_draw)

    for _ in range(n_sets):
        anchor = rng.gamma(20, 50, n_draws)
        other = draws(0.5 * anchor + rng.normal(0, 100, n_draws)).expand_dims(period=["2026"])
        target = np.quantile(anchor, 0.67)
        near = np.mean(np.abs(anchor - target) < 20) / 40
        error = np.sqrt(0.67 * 0.33 / n_draws) / near
        weighting = Weighting.on(draws(anchor), target, error)
        means.append(other.values.ravel() @ weighting.weight)
        errors.append(weighting.errors(other)[0])
        targets.append(weighting.errors(draws(anchor).expand_dims(period=["2026"]))[0] / error)
    assert np.mean(errors) == pytest.approx(np.std(means), rel=0.12)
    np.testing.assert_allclose(targets, 1)


def test_the_table_says_how_sure_it_is(made, forecast):
    table = made.to_frame()
    aggregate = "stock" if made.anchor == "backlog" else "flow"
    of_anchor = f"quantity == '{made.anchor}' and aggregate == '{aggregate}' and period == '2026'"
    bands = mpp.bands(forecast, by=aggregate).to_frame().query(of_anchor)
    own = table.query(of_anchor)
    np.testing.assert_allclose(own["mcse"], bands["mcse"], rtol=1e-9)
    assert (table["mcse"] >= 0).all()
    assert set(table["rule"]) == {">"}
    assert set(own["scope"]) == set(bands["scope"])


def test_the_chance_of_every_figure_is_its_own(made, forecast):
    by = ("flow", "stock")
    bands = mpp.bands(forecast, by=by)
    rows = made.to_frame().query("aggregate in @by")
    for row in rows.itertuples():
        draws = bands.draws(row.quantity, row.kind, row.unit).sel(period=row.period)
        assert row.exceedance == pytest.approx(float((draws > row.value).mean()))
    assert rows["exceedance"].between(0.02, 0.98).sum() > 20


def test_too_few_draws_are_an_error():
    with pytest.raises(ScenarioError, match="rest on too few posterior draws"):
        mpp.coherent(stock_forecast(), anchor="occupancy", period="2026")


def test_an_anchor_or_a_year_that_is_not_there_is_refused(forecast):
    with pytest.raises(LabelError, match="did you mean 'decisions'"):
        mpp.coherent(forecast, anchor="decision", period="2026")
    with pytest.raises(LabelError, match="known: 2025, 2026, 2027"):
        mpp.coherent(forecast, anchor="decisions", period="2031")


def test_one_band_and_the_first_year_without_figures_are_enough(forecast):
    one = mpp.coherent(forecast, anchor="applications", band="medio")
    assert one.period == "2025"  # the evidence ends in 2024
    whole = mpp.coherent(forecast, anchor="applications", period="2025")
    medio = whole.to_frame().query("band == 'medio'").reset_index(drop=True)
    assert one.to_frame().equals(medio)
    assert one.leaves["flows"].sizes["band"] == 1
    with pytest.raises(LabelError, match="did you mean 'medio'"):
        mpp.coherent(forecast, anchor="applications", band="midio")


@pytest.mark.parametrize(
    ("anchor", "period"), [("decisions", "2026"), ("registrations", "2025"), ("everyone", "2026")]
)
def test_the_year_is_the_first_after_the_last_figure_of_the_anchor_or_a_member(anchor, period):
    network = Network.from_dict(NETWORK)
    draws = np.random.default_rng(1).poisson(50, (2, 400, 30, len(network.flows)))
    forecast = labelled_forecast(network, draws, synthetic_evidence(network))
    made = mpp.coherent(forecast, anchor=anchor, band="mediaan", by="flow")
    assert made.period == period


def test_a_draft_and_a_scenario_are_told(chain_fit):
    faster = mpp.Measure("faster", 1, ("decisions",), "2025-07", 0.3)
    drawn = mpp.forecast(
        chain_fit, until="2026-12", seed=SEED, scenario=mpp.Scenario("plan", (faster,))
    )
    made = mpp.coherent(drawn.as_draft(), anchor="decisions", band="mediaan")
    assert "(draft; with 'plan')" in repr(made)
    assert set(made.to_frame()["scenario"]) == {"plan"}
    assert set(made.to_frame()["status"]) == {"draft"}


def test_futures_of_one_posterior_draw_count_once():
    """Thousands of draws that are 40 futures each of 300 posterior draws are not thousands."""
    network, rng = Network.from_dict(NETWORK), np.random.default_rng(3)
    means = np.repeat(rng.gamma(20, 5, (2, 150, 1, 1)), 40, axis=1)
    draws = rng.poisson(np.broadcast_to(means, (2, 6000, 30, len(network.flows))))
    evidence = synthetic_evidence(network)
    apart = labelled_forecast(network, draws, evidence)
    together = labelled_forecast(network, draws, evidence, futures=40)
    options = {"anchor": "decisions", "band": "mediaan", "period": "2026", "by": "flow"}
    independent = mpp.coherent(apart, **options).effective["mediaan"]
    found = mpp.coherent(together, **options).effective["mediaan"]
    assert independent > 1000
    assert 100 < found < 200
    with pytest.raises(ScenarioError, match="too few posterior draws"):
        mpp.coherent(together, anchor="decisions", period="2026")


@pytest.mark.parametrize(
    ("log_sd", "exceedance"), [(2, 0.9), (2, 0.1), (3, 0.9), (3, 0.5), (3, 0.1)]
)
def test_weights_hit_the_band_of_a_heavy_tailed_anchor(log_sd, exceedance):
    values = np.random.default_rng(1).lognormal(7, log_sd, 8000).round()
    target = np.sort(values)[round(8000 * (1 - exceedance))]
    weight = weighted_on(values, target)
    assert weight @ values == pytest.approx(target, rel=1e-9)
    assert 1 / (weight**2).sum() > 500


RETURNS = chains.network(
    chains.flow("applications", enters="waiting"),
    chains.flow("resettled"),
    chains.flow("minors", part_of="arrivals"),
    chains.flow("decisions", leaves="waiting"),
    chains.flow("grants", part_of="decisions", enters="settled"),
    chains.flow("void", part_of="decisions"),
    chains.flow("partial", part_of="decisions"),
    chains.flow("rejections", part_of="decisions", rest=True),
    chains.flow("appealed", part_of="rejections"),
    chains.flow("accepted", part_of="rejections", rest=True),
    chains.flow("withdrawals", leaves="waiting"),
    chains.flow("forced", part_of="closed"),
    chains.flow("unforced", part_of="closed", rest=True),
    chains.flow("alone", part_of="both"),
    chains.flow("others", part_of="both", rest=True),
    stocks=[chains.stock("waiting"), chains.stock("settled")],
    sums=[
        {"name": "arrivals", "of": ["applications", "resettled"]},
        {"name": "closed", "of": ["accepted", "withdrawals"]},
        {"name": "both", "of": ["withdrawals", "resettled"]},
        {"name": "turned_down", "of": ["grants", "rejections"]},
        {"name": "inner", "of": ["grants", "accepted"]},
        {"name": "left", "of": ["forced", "unforced"]},
        {"name": "people", "of": ["waiting", "settled"]},
    ],
)


DECILES = mpp.BandScheme("deciles", [mpp.Band(f"d{k}", 1 - k / 10) for k in range(1, 10)])


def drawn_counts(network, shape, rng, mean=2.0):
    """Draw flows of which the parts are within their wholes: (…, flow)."""
    counts = rng.poisson(mean * rng.gamma(2, 0.5, (*shape, len(network.flows))))
    for whole in reversed(wholes(network)):
        shares = rng.dirichlet(np.ones(len(whole.parts) + (not whole.has_rest)))
        total = counts[..., whole.members].sum(axis=-1)
        counts[..., whole.parts] = rng.multinomial(total, shares)[..., : len(whole.parts)]
    return counts


@pytest.fixture(scope="module")
def returns():
    """Few of each: rounding matters."""
    rng = np.random.default_rng(5)
    unseen = synthetic_evidence(RETURNS, gaps=False) * np.nan
    made = labelled_forecast(RETURNS, drawn_counts(RETURNS, (2, 600, 36), rng), unseen)
    predictions = made.tree["predictions"].to_dataset()
    stocks = xr.DataArray(
        rng.poisson(20 * rng.gamma(4, 0.25, (2, 600, 1, 2)), (2, 600, 36, 2)),
        {**predictions["flows"].drop_vars("flow").coords, **stock_coordinates(RETURNS)},
        ("chain", "draw", "time", "stock"),
    )
    predictions = predictions.assign(stocks=stocks, unrecorded=xr.zeros_like(stocks))
    made.tree["predictions"] = xr.DataTree(predictions)
    return Forecast(made.tree)


def adds_up(network, counts):
    """Say whether the parts of every whole are within it, and none of (…, flow) is negative."""
    for whole in wholes(network):
        total, parts = (counts[..., each].sum(axis=-1) for each in (whole.members, whole.parts))
        if not ((total == parts) if whole.has_rest else (total >= parts)).all():
            return False
    return bool((counts >= 0).all())


@pytest.mark.parametrize(
    "anchor",
    [
        *("rejections", "accepted", "unforced", "others"),  # rests: in a whole, a rest and sums
        *("grants", "void", "appealed", "minors", "forced"),  # parts
        *("closed", "inner", "left"),  # sums of a rest and another flow
        *("decisions", "applications", "both", "arrivals", "turned_down"),  # wholes
        *("waiting", "people"),
    ],
)
def test_the_anchor_hits_its_band_and_parts_make_up_their_whole(returns, anchor):
    made = mpp.coherent(returns, DECILES, anchor=anchor, period="2026", by=("flow", "stock", "sum"))
    leaves = made.leaves
    assert adds_up(RETURNS, leaves["flows"].transpose("band", "period", "flow").values)
    assert int(leaves["stocks"].min()) >= 0
    bands = mpp.bands(returns, DECILES, by=("flow", "stock", "sum"))
    rows = bands.select(quantity=anchor, period="2026").to_frame()
    expected = rows.set_index("band")["value"].to_dict()
    table = made.to_frame().query(f"quantity == '{anchor}' and period == '2026'")
    assert table.set_index("band")["value"].to_dict() == expected
    members = list(RETURNS.members(anchor))
    kind = "stock" if anchor in RETURNS.stock_series else "flow"
    total = leaves[f"{kind}s"].sel({kind: members, "period": "2026"}).sum(kind)
    assert total.to_series().to_dict() == expected


SHARED = chains.network(
    *(chains.flow(name) for name in "uvwx"),
    *(chains.flow(name, part_of="uv") for name in ("a", "b")),
    chains.flow("c", part_of="uv", rest=True),
    *(chains.flow(name, part_of="vw") for name in ("d", "e")),
    chains.flow("f", part_of="x"),
    chains.flow("g", part_of="x", rest=True),
    chains.flow("h", part_of="g"),
    chains.flow("i", part_of="g", rest=True),
    chains.flow("j", part_of="cx"),
    chains.flow("k", part_of="cx", rest=True),
    chains.flow("m", part_of="all"),
    chains.flow("n", part_of="all"),
    sums=[
        {"name": "uv", "of": ["u", "v"]},
        {"name": "vw", "of": ["v", "w"]},
        {"name": "cx", "of": ["c", "x"]},
        {"name": "all", "of": ["u", "v", "w", "x"]},
        {"name": "mn", "of": ["m", "n"]},
        {"name": "bh", "of": ["b", "h", "w"]},
        {"name": "abc", "of": ["a", "b", "c"]},
        {"name": "jk", "of": ["j", "k"]},
    ],
)


@given(chains.random_networks(), st.integers(0, 2**32 - 1), st.sampled_from([0.1, 1.0, 10.0]))
def test_rounding_keeps_every_whole_of_any_network(network, seed, mean):
    check_rounding(network, seed, mean)


@pytest.mark.parametrize("mean", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("network", [RETURNS, SHARED], ids=["nested", "shared"])
def test_rounding_keeps_every_whole_whatever_the_anchor(network, mean):
    for seed in range(30):
        check_rounding(network, seed, mean)


def check_rounding(network, seed, mean):
    """Round a weighted mean of draws with each flow and sum as the anchor."""
    draws = drawn_counts(network, (50,), np.random.default_rng(seed), mean)
    for anchor in quantities(network, ("flow", "sum")):
        if anchor.of_stocks:
            continue
        members = [network.flow_names.index(name) for name in anchor.member_names]
        values = draws[:, members].sum(axis=1).astype(float)
        target = np.sort(values)[30]
        ideal = weighted_on(values, target) @ draws
        fixed = apportioned(ideal[members], target)
        found = rounded(ideal, wholes(network), dict(zip(members, fixed, strict=True)))
        assert found[members].sum() == target
        assert (found[members] == fixed).all()
        assert adds_up(network, found)
        assert abs(found - ideal).max() < 2


def test_rounding_to_a_total():
    assert apportioned(np.array([1.4, 2.4, 3.2]), 7).tolist() == [2, 2, 3]
    assert apportioned(np.array([1.4, 2.4, 3.2]), 7).sum() == 7
    assert apportioned(np.array([0.2, 0.3]), 3).sum() == 3
    assert apportioned(np.array([0.3, 5.9]), 4).tolist() == [0, 4]
    assert apportioned(np.array([0.3, 5.9]), 6, [1, 0]).tolist() == [1, 5]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_picture_shows_scenarios_over_the_fan_and_says_their_own_chances(forecast, language):
    made = mpp.coherent(forecast, anchor="applications", period="2026")
    bands = mpp.bands(forecast, by=("flow", "stock"), per="year")
    figure = mpp.plot_coherent(made, bands, "backlog", language=language)
    table = made.to_frame().query("quantity == 'backlog' and aggregate == 'stock'")
    lines = {line.get_gid(): line for line in figure.axes[0].lines}
    for band in mpp.MPP:
        expected = table[table["band"] == band.name]["value"].to_list()
        assert lines[f"scenario {band.name}"].get_ydata().tolist() == expected
    (caption,) = [text.get_text() for text in figure.texts if "2026" in text.get_text()]
    last = table[table["period"] == "2027"].set_index("band")["exceedance"]["medio"]
    assert f"{round(100 * last)}" in caption


def test_the_picture_of_one_scenario_has_its_line_alone(forecast):
    made = mpp.coherent(forecast, anchor="applications", band="medio")
    figure = mpp.plot_coherent(made, mpp.bands(forecast, by="stock"), "backlog")
    ids = [str(line.get_gid()) for line in figure.axes[0].lines]
    assert [each for each in ids if each.startswith("scenario")] == ["scenario medio"]


def test_a_picture_of_what_the_scenarios_do_not_hold_is_refused(forecast):
    made = mpp.coherent(forecast, anchor="applications", period="2026", by=("flow",))
    with pytest.raises(LabelError, match="do not hold 'backlog'"):
        mpp.plot_coherent(made, mpp.bands(forecast, by="stock"), "backlog")
    three = mpp.BandScheme("three", mpp.MPP.bands[:3])
    all_four = mpp.coherent(forecast, anchor="applications", period="2026")
    with pytest.raises(LabelError, match="do not hold the scenarios maximum"):
        mpp.plot_coherent(all_four, mpp.bands(forecast, three, by="stock"), "backlog")
    by_month = mpp.bands(forecast, by="flow", per="period")
    with pytest.raises(AggregationError, match="per period"):
        mpp.plot_coherent(made, by_month, "applications")
    other = Forecast(forecast.tree.copy(deep=True))
    other.tree.attrs["scenario"] = "plan"
    with pytest.raises(LabelError, match="not of the forecast of the bands: scenario ''"):
        mpp.plot_coherent(all_four, mpp.bands(other, by="stock"), "backlog")
