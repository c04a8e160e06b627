"""Whole paths: peaks, first crossings, and bands that hold a path where pointwise ones do not."""

import numpy as np
import pytest
import xarray as xr

import mppbayes as mpp
from mppbayes.errors import LabelError

PERIODS = [f"2026-{month:02}" for month in range(1, 13)]


def path(values):
    """Label draws (chain, draw, period)."""
    values = np.asarray(values)
    return xr.DataArray(
        values,
        {"period": PERIODS[: values.shape[2]]},
        ("chain", "draw", "period"),
    )


def random_walks(seed, rate=50):
    """Random walks of a year, 2 chains of 2,000."""
    steps = np.random.default_rng(seed).poisson(rate, (2, 2000, 12))
    return path(np.cumsum(steps - rate, axis=2) + 1000)


@pytest.fixture(scope="module")
def walks():
    return random_walks(0)


def test_peaks_and_crossings_of_paths_by_hand():
    drawn = path([[[3, 7, 5], [1, 2, 9], [4, 4, 4], [8, 1, 8]]])
    peaks = mpp.peak(drawn)
    assert peaks["value"].values.tolist() == [[7, 9, 4, 8]]
    assert peaks["period"].values.tolist() == [["2026-02", "2026-03", "2026-01", "2026-01"]]
    table = mpp.crossing(drawn, 6)
    assert table["above"].tolist() == [0.25, 0.25, 0.5]
    assert table["first"].tolist() == [0.25, 0.25, 0.25]
    assert table["ever"].tolist() == [0.25, 0.5, 0.75]
    assert mpp.periods_above(drawn, 6).values.tolist() == [[1, 1, 0, 2]]


def test_a_path_at_the_threshold_is_not_above_it():
    drawn = path([[[3, 7], [6, 6]]])
    assert mpp.periods_above(drawn, 6).values.tolist() == [[1, 0]]
    assert mpp.crossing(drawn, 6)["ever"].tolist() == [0.0, 0.5]


def test_the_error_of_a_chance_is_that_of_independent_draws(walks):
    table = mpp.crossing(walks, 1015)
    chance, n_draws = table["ever"], walks.sizes["chain"] * walks.sizes["draw"]
    alone = np.sqrt(chance * (1 - chance) / n_draws)
    assert (table["mcse"] >= 0.6 * alone).all()
    assert (table["mcse"] <= 1.7 * alone).all()


@pytest.mark.parametrize(
    "figure",
    [
        mpp.peak,
        lambda drawn: mpp.crossing(drawn, 1),
        lambda drawn: mpp.periods_above(drawn, 1),
        lambda drawn: mpp.simultaneous(drawn, 0.1),
        lambda drawn: mpp.shortage(drawn, mpp.Capacity(1)),
    ],
    ids=["peak", "crossing", "periods_above", "simultaneous", "shortage"],
)
def test_what_is_no_path_is_refused(figure):
    drawn = path([[[3.0, 7.0], [6.0, np.nan]]])
    with pytest.raises(LabelError, match="1 of 4 values are no finite numbers"):
        figure(drawn)
    with pytest.raises(LabelError, match="it has no period; is the window outside"):
        figure(drawn.sel(period=slice("2030-01", "2030-12")))
    with pytest.raises(LabelError, match="the dimension 'period' is missing"):
        figure(drawn.isel(period=0))


@pytest.mark.parametrize("threshold", [np.nan, None, "6"])
def test_a_threshold_that_is_none_is_refused(walks, threshold):
    for figure in (mpp.crossing, mpp.periods_above):
        with pytest.raises(LabelError, match="the threshold is"):
            figure(walks, threshold)


def test_first_crossings_add_up_to_the_chance_of_ever(walks):
    table = mpp.crossing(walks, 1015)
    assert table["first"].sum() == pytest.approx(table["ever"].iloc[-1])
    assert float((walks.max("period") > 1015).mean()) == pytest.approx(table["ever"].iloc[-1])


def test_a_band_that_new_paths_stay_above(walks):
    band = mpp.simultaneous(walks, 0.2, below=True)
    steps = np.random.default_rng(1).poisson(50, (20_000, 12))
    fresh = np.cumsum(steps - 50, axis=1) + 1000
    held = (fresh >= band["value"].to_numpy()).all(axis=1).mean()
    assert held == pytest.approx(0.8, abs=0.03)
    assert (band["value"] <= band["pointwise"]).all()
    assert band["below"].all()
    assert not mpp.simultaneous(walks, 0.2)["below"].any()


def test_the_chance_that_any_of_the_years_exceeds_its_band(synthetic_forecast):
    made = mpp.bands(synthetic_forecast, by="sum", per="year")
    table = mpp.exceeded_anywhere(made).set_index(["quantity", "band"])
    drawn = made.draws("asylum").transpose("period", "chain", "draw").values
    for band in made.scheme:
        limit = made.select(quantity="asylum", band=band.name).to_frame()["value"].to_numpy()
        above = drawn > limit[:, None, None]
        row = table.loc[("asylum", band.name)]
        assert row["probability"] == pytest.approx(above.any(axis=0).mean())
        assert row["probability"] > above.mean(axis=(1, 2)).max()
        assert row["mcse"] > 0
        assert row["scope"] == "path"


def test_a_path_may_begin_with_what_was_observed(synthetic_forecast):
    alone = mpp.paths(synthetic_forecast, "asylum")
    whole = mpp.paths(synthetic_forecast, "asylum", observed=True)
    assert whole.sizes["period"] > alone.sizes["period"]
    before = whole.isel(period=slice(whole.sizes["period"] - alone.sizes["period"]))
    assert (before == before.isel(chain=0, draw=0)).all()
    assert (whole.sel(period=alone["period"]) == alone).all()


@pytest.mark.parametrize("exceedance", [0.1, 0.33, 0.5])
def test_simultaneous_bands_hold_new_paths_and_pointwise_ones_do_not(walks, exceedance):
    band = mpp.simultaneous(walks, exceedance)
    steps = np.random.default_rng(1).poisson(50, (20_000, 12))
    fresh = np.cumsum(steps - 50, axis=1) + 1000
    held = (fresh <= band["value"].to_numpy()).all(axis=1).mean()
    pointwise = (fresh <= band["pointwise"].to_numpy()).all(axis=1).mean()
    assert held == pytest.approx(1 - exceedance, abs=0.03)
    assert pointwise < 1 - exceedance - 0.08
    assert (band["achieved"] <= exceedance).all()
    assert (band["value"] >= band["pointwise"]).all()


@pytest.mark.parametrize("exceedance", [0.1, 0.5])
def test_the_error_of_a_simultaneous_band_is_its_spread_over_new_draws(exceedance):
    drawn = [random_walks(seed, rate=5000).isel(period=slice(6)) for seed in range(40)]
    bands = [mpp.simultaneous(each, exceedance) for each in drawn]
    spread = np.std([band["value"] for band in bands], axis=0, ddof=1)
    said = np.sqrt(np.mean([band["mcse"] ** 2 for band in bands], axis=0))
    assert 0.8 < said.mean() / spread.mean() < 1.4  # a jackknife errs to the safe side


def test_the_band_of_a_single_draw_has_no_error_to_tell():
    band = mpp.simultaneous(path([[[3, 7, 5]], [[4, 2, 9]]]), 0.4)
    assert band["value"].notna().all()
    assert band["mcse"].isna().all()


def test_paths_of_a_forecast(synthetic_forecast):
    drawn = mpp.paths(synthetic_forecast, "asylum")
    assert drawn.dims == ("chain", "draw", "period")
    years = mpp.paths(synthetic_forecast, "asylum", per="year")
    assert years["period"].values.tolist() == ["2025", "2026"]
    months = drawn.sel(period=[f"2026-{month:02}" for month in range(1, 13)])
    assert bool((months.sum("period") == years.sel(period="2026")).all())


def test_a_quantity_that_is_not_or_is_several_is_refused(synthetic_forecast):
    with pytest.raises(LabelError, match="did you mean 'asylum'"):
        mpp.paths(synthetic_forecast, "asylums")
    with pytest.raises(LabelError, match="stands for 2 quantities"):
        mpp.paths(synthetic_forecast, "block=3")
    with pytest.raises(LabelError, match="no steps of 'week'"):
        mpp.paths(synthetic_forecast, "asylum", per="week")
    with pytest.raises(LabelError, match="between 0 and 1"):
        mpp.simultaneous(mpp.paths(synthetic_forecast, "asylum"), 1.0)


def test_bands_of_own_figures_are_those_of_the_table(synthetic_forecast):
    table = mpp.bands(synthetic_forecast, by="sum", per="year").to_frame()
    table = table[table["quantity"] == "asylum"].reset_index(drop=True)
    drawn = mpp.paths(synthetic_forecast, "asylum", per="year")
    own = mpp.banded(drawn)
    columns = ["period", "band", "exceedance", "achieved", "value", "mcse", "rule"]
    assert own[columns].to_dict("list") == table[columns].to_dict("list")
    assert own["value"].dtype == np.int64


def test_the_band_of_a_ratio_is_not_the_ratio_of_bands(synthetic_forecast):
    drawn = mpp.paths(synthetic_forecast, "asylum", per="year")
    ratio = drawn.sel(period="2026") / drawn.sel(period="2025", drop=True)
    own = mpp.banded(ratio).set_index("band")
    ordered = np.sort(ratio.values.ravel())
    for _, row in own.iterrows():
        assert (ordered > row["value"]).mean() <= row["exceedance"]
        assert (ordered >= row["value"]).mean() > row["exceedance"]
    bands = mpp.banded(drawn).pivot(index="band", columns="period", values="value")
    apart = bands["2026"] / bands["2025"]
    assert abs(apart["maximum"] / own["value"]["maximum"] - 1) > 0.01


def test_a_peak_has_bands(synthetic_forecast):
    highest = mpp.peak(mpp.paths(synthetic_forecast, "asylum"))["value"]
    own = mpp.banded(highest, mpp.MPP.with_levels(maximum=0.05))
    assert own["exceedance"].tolist()[-1] == 0.05
    assert own["value"].is_monotonic_increasing
    assert set(own["scope"]) == {"peak"}
    assert set(own["unit"]) == {"persons"}


def test_bands_of_own_figures_say_what_they_are_of(synthetic_forecast):
    drawn = mpp.paths(synthetic_forecast, "asylum")
    table = mpp.bands(synthetic_forecast, by=("flow", "sum"), per="period").to_frame()
    for name in ("asylum", synthetic_forecast.network.flow_names[0]):
        own = mpp.banded(mpp.paths(synthetic_forecast, name))
        assert set(own["scope"]) == set(table[table["quantity"] == name]["scope"])
    above = mpp.banded(mpp.periods_above(drawn, 100.0))
    assert set(above["scope"]) == {"path"}
    assert set(above["unit"]) == {"periods"}
    assert set(above["status"]) == {synthetic_forecast.status}


def test_what_are_no_draws_has_no_bands(synthetic_forecast):
    drawn = mpp.paths(synthetic_forecast, "asylum")
    with pytest.raises(LabelError, match="draw, posterior_draw missing"):
        mpp.banded(drawn.mean("draw"))
    with pytest.raises(LabelError, match="divided by 0"):
        mpp.banded(drawn / 0)
    with pytest.raises(LabelError, match="there is no rule 'x'"):
        mpp.banded(drawn, rule="x")


def test_of_what_is_not_whole_no_band_is_reached_exactly(synthetic_forecast):
    share = mpp.paths(synthetic_forecast, "asylum") / 3.0
    assert set(mpp.banded(share, rule=">=")["rule"]) == {">"}
