import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from mppbayes import evaluation as ev
from mppbayes.errors import LabelError, SpecError
from mppbayes.evaluation.twoway import two_way_frequencies
from mppbayes.prediction import MPP

DIMS = ("origin", "lead", "quantity")


def world(rng, *, by_origin=0.0, by_quantity=0.0, n=(8, 1, 14), size=199, bias=0.0, spread=1.0):
    """Outcomes whose luck is shared within origins and quantities, and draws of each alone."""
    coords = {dim: np.arange(length) for dim, length in zip(DIMS, n, strict=True)}
    own = 1 - by_origin - by_quantity
    z = (
        np.sqrt(by_origin) * rng.normal(size=(n[0], 1, 1))
        + np.sqrt(by_quantity) * rng.normal(size=(1, 1, n[2]))
        + np.sqrt(own) * rng.normal(size=n)
    )
    x = bias + spread * rng.normal(size=(size, *n))
    outcome = xr.DataArray(np.rint(5000 + 500 * z), dims=DIMS, coords=coords)
    draws = xr.DataArray(
        np.rint(5000 + 500 * x).astype(np.int64), dims=("sample", *DIMS), coords=coords
    )
    return draws, outcome


def shares_held(table, nominal, worlds, **kinds):
    """Give, by band or level, the share of worlds whose interval holds the nominal probability."""
    rng = np.random.default_rng(11)
    tables = [table(*world(rng, **kinds)) for _ in range(worlds)]
    held = [(each["lower"] <= each[nominal]) & (each[nominal] <= each["upper"]) for each in tables]
    return np.mean(held, axis=0), tables


DEPENDENCE = [
    {},
    {"by_origin": 0.3, "by_quantity": 0.2},
    {"by_origin": 0.5},
    {"by_quantity": 0.5, "n": (12, 2, 10)},
]


@pytest.mark.parametrize("kinds", DEPENDENCE)
def test_the_interval_of_a_calibrated_forecast_holds_the_nominal_19_times_in_20(kinds):
    shares, tables = shares_held(ev.exceedance_calibration, "exceedance", 200, **kinds)
    # Three standard errors of 200 worlds below 95 %; 100 % would be an interval too wide.
    assert (shares > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 200)).all()
    assert shares.mean() < 0.999
    observed = np.mean([each["observed"] for each in tables], axis=0)
    np.testing.assert_allclose(observed, MPP.exceedances, atol=0.035)


@pytest.mark.parametrize("kinds", DEPENDENCE[:2])
def test_the_interval_of_calibrated_coverage_holds_the_nominal(kinds):
    def some(draws, outcome):
        return ev.coverage(draws, outcome, (0.5, 0.9))

    shares, _ = shares_held(some, "level", 100, **kinds)
    assert (shares > 0.88).all()


def test_an_interval_is_wider_for_dependent_cells_and_for_few_origins():
    def width(**kinds):
        return np.mean(
            [
                (each["upper"] - each["lower"]).mean()
                for each in shares_held(ev.exceedance_calibration, "exceedance", 20, **kinds)[1]
            ]
        )

    assert width(by_origin=0.5) > 1.5 * width()
    assert width(by_quantity=0.5) > 1.5 * width()
    assert width(by_origin=0.5, n=(4, 1, 14)) > 1.2 * width(by_origin=0.5)


def test_a_biased_forecast_fails():
    shares, tables = shares_held(ev.exceedance_calibration, "exceedance", 40, bias=-1.0)
    assert (shares < 0.15).all()
    assert all((each["observed"] > each["exceedance"]).all() for each in tables)


def test_a_forecast_that_is_too_narrow_or_too_wide_fails():
    bands, _ = shares_held(ev.exceedance_calibration, "exceedance", 40, spread=0.4)
    assert bands[0] < 0.15
    assert bands[-1] < 0.15
    assert bands[1] > 0.85
    for spread, side in ((0.4, "upper"), (2.5, "lower")):
        _, tables = shares_held(ev.coverage, "level", 20, spread=spread)
        half = pd.concat([each.iloc[0] for each in tables], axis=1).T
        beyond = half[side] < 0.5 if side == "upper" else half[side] > 0.5
        assert beyond.mean() > 0.9


def test_the_pit_histogram_of_a_calibrated_forecast_holds_the_nominal():
    shares, tables = shares_held(ev.pit_histogram, "expected", 60, **DEPENDENCE[1])
    assert (shares > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 60)).all()
    observed = np.mean([each["observed"] for each in tables], axis=0)
    np.testing.assert_allclose(observed, 0.1, atol=0.03)


def test_the_pit_histogram_of_a_forecast_that_is_too_narrow_fails_at_both_ends():
    shares, tables = shares_held(ev.pit_histogram, "expected", 20, spread=0.4)
    assert (shares[[0, -1]] < 0.15).all()
    ends = np.mean([each["lower"].iloc[[0, -1]] for each in tables], axis=0)
    assert (ends > 0.1).all()


def test_the_tables():
    draws, outcome = world(np.random.default_rng(1), n=(6, 2, 5))
    bands = ev.exceedance_calibration(draws, outcome)
    assert bands.columns.tolist() == ["band", "exceedance", "observed", "lower", "upper", "n"]
    assert bands["band"].tolist() == list(MPP.names)
    assert bands["n"].tolist() == [60] * 4
    levels = ev.coverage(draws, outcome)
    assert levels.columns.tolist() == ["level", "observed", "lower", "upper", "n"]
    assert levels["level"].tolist() == [0.5, 0.8, 0.9, 0.95, 0.99]
    pit = ev.pit_histogram(draws, outcome, bins=4)
    assert pit.columns.tolist() == [
        *("bin_lower", "bin_upper", "expected", "observed", "lower", "upper", "n")
    ]
    assert pit["bin_lower"].tolist() == [0, 0.25, 0.5, 0.75]
    assert pit["bin_upper"].tolist() == [0.25, 0.5, 0.75, 1]
    assert pit["expected"].tolist() == [0.25] * 4
    assert pit["n"].tolist() == [60] * 4
    assert pit["observed"].sum() == pytest.approx(1)
    for table in (bands, levels, pit):
        assert (table["lower"] <= table["observed"]).all()
        assert (table["observed"] <= table["upper"]).all()
        assert ((table["lower"] >= 0) & (table["upper"] <= 1)).all()


def test_frequencies_by_hand():
    draws = xr.DataArray(
        np.tile(np.arange(1, 21)[:, None, None], (1, 2, 2)),
        dims=("sample", "origin", "quantity"),
        coords={"origin": [1, 2], "quantity": ["a", "b"]},
    )
    outcome = draws.isel(sample=0).copy(data=[[18.0, 19.0], [2.0, 10.0]])
    # Of 1…20 the bands are 2, 10, 14 (6 of 20 exceed it, 7 would be 0.35) and 18.
    found = ev.exceedance_calibration(draws, outcome)
    assert found["observed"].tolist() == [0.75, 0.5, 0.5, 0.25]
    # The central 50 % is 5 to 15, the 90 % 1 to 19.
    assert ev.coverage(draws, outcome, (0.5, 0.9))["observed"].tolist() == [0.25, 1.0]
    # The transforms of 18, 19, 2 and 10 begin at 17/21, 18/21, 1/21 and 9/21, and are 2/21 wide.
    found = ev.pit_histogram(draws, outcome, bins=3)
    assert found["observed"].tolist() == [0.25, 0.25, 0.5]


def test_missing_outcomes_are_masked_and_counted():
    draws, outcome = world(np.random.default_rng(2), n=(6, 2, 5))
    holed = outcome.where(outcome.origin != 3)
    holed[0, 0, 0] = np.nan
    found = ev.exceedance_calibration(draws, holed)
    assert found["n"].tolist() == [49] * 4
    assert ev.n_missing(holed) == 11
    kept = ev.exceedance_calibration(
        draws.sel(origin=[0, 1, 2, 4, 5]), holed.sel(origin=[0, 1, 2, 4, 5])
    )
    pd.testing.assert_frame_equal(found, kept)
    nothing = ev.coverage(draws, outcome.where(False))
    assert (nothing["n"] == 0).all()
    assert nothing[["observed", "lower", "upper"]].isna().all(axis=None)


def test_the_order_of_dimensions_does_not_matter_nor_a_missing_one():
    draws, outcome = world(np.random.default_rng(3), n=(6, 2, 5))
    found = ev.coverage(draws, outcome)
    pd.testing.assert_frame_equal(
        found, ev.coverage(draws.transpose(*reversed(draws.dims)), outcome.transpose())
    )
    one = {"quantity": 0}
    alone = ev.coverage(draws.isel(one, drop=True), outcome.isel(one, drop=True))
    pd.testing.assert_frame_equal(
        alone, ev.coverage(draws.isel(quantity=[0]), outcome.isel(quantity=[0]))
    )


def test_labels_in_another_order_raise():
    draws, outcome = world(np.random.default_rng(4), n=(3, 2, 4))
    moved = draws.isel(origin=[1, 0, 2])
    for check in (
        ev.exceedance_calibration,
        ev.coverage,
        ev.randomised_pit,
        ev.pit_histogram,
        lambda x, y: ev.reliability(x, y, 5000),
    ):
        with pytest.raises(LabelError, match=r"found \[1, 0, 2\], expected \[0, 1, 2\]"):
            check(moved, outcome)
    with pytest.raises(LabelError, match="no dimension 'origin'"):
        ev.coverage(draws.rename(origin="time"), outcome.rename(origin="time"))
    with pytest.raises(SpecError, match="block=0"):
        ev.coverage(draws, outcome, block=0)
    with pytest.raises(SpecError, match="0 bins; give one or more"):
        ev.pit_histogram(draws, outcome, bins=0)


def test_the_variance_of_independent_cells_is_that_of_a_binomial():
    rng = np.random.default_rng(5)
    events = (rng.uniform(size=(1, 60, 1, 50)) < 0.3).astype(float)
    found = two_way_frequencies(events, np.ones(events.shape[1:]))
    exact = stats.binomtest(int(events.sum()), 3000).proportion_ci(0.95, "exact")
    assert found.lower[0] == pytest.approx(exact.low, abs=0.008)
    assert found.upper[0] == pytest.approx(exact.high, abs=0.008)


def test_cells_that_repeat_their_origin_count_once():
    origins = np.array([1.0, 0, 0, 1, 1, 0, 1, 0, 0, 1])
    events = np.broadcast_to(origins[None, :, None, None], (1, 10, 3, 20))
    found = two_way_frequencies(events, np.ones((10, 3, 20)))
    exact = stats.binomtest(5, 10).proportion_ci(0.95, "exact")
    assert exact.high - exact.low < found.upper[0] - found.lower[0] < 1.2 * (exact.high - exact.low)
    paired = two_way_frequencies(np.repeat(events, 2, axis=1), np.ones((20, 3, 20)), block=2)
    np.testing.assert_allclose(paired.lower, found.lower, atol=0.02)


def test_an_interval_has_width_when_nothing_happened():
    nothing = two_way_frequencies(np.zeros((1, 8, 1, 14)), np.ones((8, 1, 14)))
    assert nothing.lower[0] == 0
    assert 0.3 < nothing.upper[0] < 0.5
    always = two_way_frequencies(np.ones((1, 8, 1, 14)), np.ones((8, 1, 14)))
    assert always.lower[0] == pytest.approx(1 - nothing.upper[0])
    both = np.concatenate([np.zeros((1, 8, 1, 14)), np.arange(112).reshape(1, 8, 1, 14) % 5 == 0])
    told = two_way_frequencies(both, np.ones((8, 1, 14)))
    assert told.upper[0] < 0.1  # the other event shows that the cells are independent
    one_origin = two_way_frequencies(np.ones((1, 1, 1, 14)), np.ones((1, 1, 14)))
    assert (one_origin.lower[0], one_origin.upper[0]) == (0, 1)


def test_the_pit_of_a_calibrated_forecast_of_small_counts_is_uniform():
    rng = np.random.default_rng(6)
    coords = {"cell": np.arange(5000)}
    draws = xr.DataArray(rng.poisson(1.3, (9, 5000)), dims=("sample", "cell"), coords=coords)
    outcome = xr.DataArray(rng.poisson(1.3, 5000).astype(float), dims="cell", coords=coords)
    pit = ev.randomised_pit(draws, outcome, seed=1)
    assert stats.kstest(pit, "uniform").pvalue > 0.01
    assert stats.kstest(ev.randomised_pit(draws, outcome + 1), "uniform").pvalue < 1e-6


def test_the_pit_of_a_cell_does_not_depend_on_what_else_is_known():
    draws, outcome = world(np.random.default_rng(7), n=(3, 2, 4))
    holed = outcome.copy()
    holed[0, 0, 0] = np.nan
    whole, found = (ev.randomised_pit(draws, each, seed=2) for each in (outcome, holed))
    xr.testing.assert_equal(found, whole.where(holed.notnull()))
    assert found.count() == found.size - 1
    assert ((whole > 0) & (whole < 1)).all()
    assert not whole.equals(ev.randomised_pit(draws, outcome, seed=3))


def test_reliability_of_a_calibrated_and_of_an_overconfident_forecast():
    rng = np.random.default_rng(8)
    n = (40, 1, 25)
    coords = {dim: np.arange(length) for dim, length in zip(DIMS, n, strict=True)}
    centre = 100 * rng.normal(size=n)
    outcome = xr.DataArray(np.rint(5000 + centre + 100 * rng.normal(size=n)), coords, DIMS)

    def draws(spread):
        values = np.rint(5000 + centre + spread * rng.normal(size=(400, *n)))
        return xr.DataArray(values, coords, ("sample", *DIMS))

    good = ev.reliability(draws(100), outcome, 5000)
    columns = ["bin_lower", "bin_upper", "predicted", "observed", "lower", "upper", "n"]
    assert good.columns.tolist() == columns
    assert good["n"].sum() == outcome.size
    assert good["predicted"].between(good["bin_lower"], good["bin_upper"]).all()
    assert (
        (good["lower"] <= good["predicted"]) & (good["predicted"] <= good["upper"])
    ).mean() > 0.8
    sure = ev.reliability(draws(20), outcome, 5000)
    assert sure["lower"].iloc[0] > sure["predicted"].iloc[0]
    assert sure["upper"].iloc[-1] < sure["predicted"].iloc[-1]


def test_reliability_leaves_an_empty_bin_open():
    draws, outcome = world(np.random.default_rng(9), n=(4, 1, 3))
    found = ev.reliability(draws, outcome, 0, bins=4)
    assert found["n"].tolist() == [0, 0, 0, 12]
    assert found["observed"].iloc[-1] == 1
    assert found.loc[:2, ["predicted", "observed", "lower", "upper"]].isna().all(axis=None)
    threshold = outcome.isel(origin=0, lead=0, drop=True)
    assert ev.reliability(draws, outcome, threshold, bins=2)["n"].sum() == 12
    with pytest.raises(LabelError, match="threshold"):
        ev.reliability(draws, outcome, threshold[::-1])
