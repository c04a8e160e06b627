import math

import numpy as np
import pytest
import scoringrules
import xarray as xr
from scipy import stats

from mppbayes import evaluation as ev
from mppbayes.errors import FaultsError, LabelError, SpecError
from mppbayes.prediction import MPP, Band, BandScheme

SINGLE = {
    "crps": ev.crps,
    "log_crps": ev.log_crps,
    "upper_tail_crps": lambda draws, outcome, **kw: ev.upper_tail_crps(draws, outcome, 30, **kw),
    "interval_score": ev.interval_score,
    "weighted_interval_score": ev.weighted_interval_score,
    "quantile_score": ev.quantile_score,
    "log_score": ev.log_score,
    "squared_error": ev.squared_error,
    "absolute_error": ev.absolute_error,
}
JOINT = {"energy_score": ev.energy_score, "variogram_score": ev.variogram_score}
ALL = SINGLE | JOINT


@pytest.fixture
def draws():
    """Draws in an order of dimensions that is not the outcome's."""
    values = np.random.default_rng(1).negative_binomial(3, 0.1, (4, 61, 3, 2))
    return xr.DataArray(values, dims=("quantity", "sample", "origin", "lead"), coords=labels())


@pytest.fixture
def outcome():
    values = np.random.default_rng(2).negative_binomial(3, 0.1, (3, 2, 4)).astype(float)
    return xr.DataArray(values, dims=("origin", "lead", "quantity"), coords=labels())


def labels():
    return {"origin": ["2020", "2021", "2022"], "lead": [12, 24], "quantity": list("abcd")}


def by_hand(draws, outcome, score):
    """Score each cell apart with a plain function of its draws and its outcome."""
    found = xr.full_like(outcome, np.nan)
    for origin in outcome.origin.values:
        for lead in outcome.lead.values:
            for quantity in outcome.quantity.values:
                at = {"origin": origin, "lead": lead, "quantity": quantity}
                found.loc[at] = score(draws.sel(at).values.astype(float), float(outcome.sel(at)))
    return found


def pairwise_crps(x, y):
    apart = np.abs(x[:, None] - x).sum() / (len(x) * (len(x) - 1))
    return np.abs(x - y).mean() - apart / 2


def smallest_exceeded_with(x, p):
    value = int(x.min()) - 1
    while np.mean(x > value) > p:
        value += 1
    return value


def winkler(x, y, level):
    low, high = (
        smallest_exceeded_with(x, round(p, 12)) for p in ((1 + level) / 2, (1 - level) / 2)
    )
    return high - low + 2 / (1 - level) * (max(low - y, 0) + max(y - high, 0))


def test_crps_is_the_mean_over_pairs(draws, outcome):
    xr.testing.assert_allclose(
        ev.crps(draws, outcome), by_hand(draws, outcome, pairwise_crps), rtol=1e-10
    )
    xr.testing.assert_allclose(
        ev.log_crps(draws, outcome),
        by_hand(draws, outcome, lambda x, y: pairwise_crps(np.log1p(x), np.log1p(y))),
        rtol=1e-10,
    )


def test_crps_keeps_its_digits_far_from_zero(draws, outcome):
    far = ev.crps(draws + 10**9, outcome + 10**9)
    xr.testing.assert_allclose(far, ev.crps(draws, outcome), rtol=1e-10)


def test_crps_of_two_draws():
    # E|X − y| = (1 + 3) / 2; the one pair is 4 apart: 2 − 4/2 = 0.
    draws = xr.DataArray([1.0, 5.0], dims="sample")
    assert float(ev.crps(draws, xr.DataArray(2.0))) == pytest.approx(0)
    assert float(ev.crps(draws, xr.DataArray(9.0))) == pytest.approx(6 - 2)


def test_the_expected_crps_does_not_depend_on_the_number_of_draws():
    rng = np.random.default_rng(3)
    outcome = xr.DataArray(rng.normal(size=20_000), dims="cell", coords={"cell": range(20_000)})
    means = []
    for size in (2, 50):
        draws = xr.DataArray(
            rng.normal(size=(20_000, size)), dims=("cell", "sample"), coords=outcome.coords
        )
        means.append(float(ev.crps(draws, outcome).mean()))
    assert means == pytest.approx([1 / np.sqrt(np.pi)] * 2, abs=0.02)


def test_the_upper_tail_is_the_integral_from_the_threshold_up(draws, outcome):
    threshold = xr.DataArray([20.0, 35.0], dims="lead", coords={"lead": [12, 24]})
    found = ev.upper_tail_crps(draws, outcome, threshold)
    z = np.arange(0, 1000) + 0.5  # F is constant between integers
    for at, limit in (({"lead": 12}, 20), ({"lead": 24}, 35)):
        for origin, quantity in (("2020", "a"), ("2022", "d")):
            where = {**at, "origin": origin, "quantity": quantity}
            x, y = draws.sel(where).values, float(outcome.sel(where))
            below = (x[:, None] <= z).mean(axis=0)
            integral = ((below - (y <= z)) ** 2)[z > limit].sum()
            clipped = np.maximum(x, limit)
            plain = np.abs(clipped[:, None] - clipped).sum() / 2
            size = len(x)
            fair = integral - plain * (1 / (size * (size - 1)) - 1 / size**2)
            assert float(found.sel(where)) == pytest.approx(fair, abs=1e-10)


def test_the_whole_line_is_the_upper_tail_from_below(draws, outcome):
    whole = ev.upper_tail_crps(draws, outcome, -1)
    np.testing.assert_allclose(whole, ev.crps(draws, outcome), rtol=1e-10)


def test_a_threshold_must_align_and_be_whole(draws, outcome):
    threshold = xr.DataArray([20.0, 35.0], dims="lead", coords={"lead": [24, 12]})
    with pytest.raises(LabelError, match=r"threshold.*found \[24, 12\], expected \[12, 24\]"):
        ev.upper_tail_crps(draws, outcome, threshold)
    with pytest.raises(LabelError, match="dimensions \\['flow'\\]"):
        ev.upper_tail_crps(draws, outcome, threshold.rename(lead="flow"))
    with pytest.raises(FaultsError, match="missing in 12 cells"):
        ev.upper_tail_crps(draws, outcome, threshold.assign_coords(lead=[12, 24]).where([1, 0]))


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_the_interval_score_uses_the_rule_of_the_bands(draws, outcome, level):
    xr.testing.assert_allclose(
        ev.interval_score(draws, outcome, level=level),
        by_hand(draws, outcome, lambda x, y: winkler(x, y, level)),
        rtol=1e-10,
    )


def test_the_interval_score_by_hand():
    # Of 1…20, 1 (5 %) may be above and less than 5 % below: the bounds are 1 and 19.
    draws = xr.DataArray(np.arange(1, 21), dims="sample")
    assert float(ev.interval_score(draws, xr.DataArray(10.0), level=0.9)) == pytest.approx(18)
    assert float(ev.interval_score(draws, xr.DataArray(21.0), level=0.9)) == pytest.approx(58)


def test_the_weighted_interval_score(draws, outcome):
    levels = (0.5, 0.9)

    def score(x, y):
        parts = [(1 - level) / 2 * winkler(x, y, level) for level in levels]
        return (abs(y - smallest_exceeded_with(x, 0.5)) / 2 + sum(parts)) / 2.5

    xr.testing.assert_allclose(
        ev.weighted_interval_score(draws, outcome, levels=levels),
        by_hand(draws, outcome, score),
        rtol=1e-10,
    )


def test_the_weighted_interval_score_approaches_the_crps():
    draws = xr.DataArray(np.random.default_rng(4).poisson(10**4, 20_000), dims="sample")
    outcome = xr.DataArray(10_120.0)
    many = ev.weighted_interval_score(draws, outcome, levels=np.linspace(0.005, 0.995, 100))
    assert float(many) == pytest.approx(float(ev.crps(draws, outcome)), rel=0.02)


def test_the_quantile_score_of_each_band(draws, outcome):
    found = ev.quantile_score(draws, outcome)
    assert found.dims == ("origin", "lead", "quantity", "band")
    assert found["band"].values.tolist() == list(MPP.names)
    for band in MPP:
        p = band.exceedance

        def score(x, y, p=p):
            q = smallest_exceeded_with(x, p)
            return (1 - p) * (y - q) if y > q else p * (q - y)

        xr.testing.assert_allclose(
            found.sel(band=band.name, drop=True), by_hand(draws, outcome, score), rtol=1e-10
        )


def test_the_quantile_score_by_hand():
    scheme = BandScheme("one", (Band("high", 0.25),))
    draws = xr.DataArray([1, 2, 3, 4], dims="sample")  # one in four exceeds 3
    assert float(ev.quantile_score(draws, xr.DataArray(7.0), scheme)[0]) == pytest.approx(3)
    assert float(ev.quantile_score(draws, xr.DataArray(1.0), scheme)[0]) == pytest.approx(0.5)


def test_bands_of_draws_that_are_no_integers_are_integers():
    draws = xr.DataArray([0.2, 1.7, 2.3, 3.4], dims="sample")  # one in four exceeds 3, two exceed 2
    scheme = BandScheme("one", (Band("high", 0.25),))
    assert float(ev.quantile_score(draws, xr.DataArray(3.0), scheme)[0]) == 0


def test_the_errors_of_mean_and_mediaan(draws, outcome):
    xr.testing.assert_allclose(
        ev.squared_error(draws, outcome),
        by_hand(draws, outcome, lambda x, y: (x.mean() - y) ** 2),
        rtol=1e-10,
    )
    xr.testing.assert_allclose(
        ev.absolute_error(draws, outcome),
        by_hand(draws, outcome, lambda x, y: abs(smallest_exceeded_with(x, 0.5) - y)),
        rtol=1e-10,
    )


def kernel_probability(x, y):
    scaled = np.log1p(x)
    low, high = np.quantile(scaled, [0.25, 0.75])
    width = 0.9 * min(np.std(scaled, ddof=1), (high - low) / 1.34) * len(x) ** -0.2
    upper = stats.norm.cdf(np.log(y + 1.5), scaled, width)
    lower = stats.norm.cdf(np.log(y + 0.5), scaled, width) if y > 0 else 0
    return np.mean(upper - lower)


def test_the_log_score_is_of_a_probability_that_adds_up(draws, outcome):
    xr.testing.assert_allclose(
        ev.log_score(draws, outcome),
        by_hand(draws, outcome, lambda x, y: -np.log(kernel_probability(x, y))),
        rtol=1e-10,
    )
    one = draws.isel(origin=0, lead=0, quantity=0, drop=True)
    counts = xr.DataArray(np.arange(5000.0), dims="y", coords={"y": np.arange(5000)})
    every = ev.log_score(one.expand_dims(y=counts["y"]), counts)
    assert float(np.exp(-every).sum()) == pytest.approx(1, abs=1e-6)


def test_the_log_score_approaches_that_of_the_forecast():
    rng = np.random.default_rng(5)
    shape, chance = 4, 0.02
    counts = xr.DataArray([60.0, 180.0, 400.0], dims="y", coords={"y": range(3)})
    draws = xr.DataArray(
        rng.negative_binomial(shape, chance, (20_000, 3)),
        dims=("sample", "y"),
        coords=counts.coords,
    )
    exact = -stats.nbinom.logpmf(counts.values, shape, chance)
    np.testing.assert_allclose(ev.log_score(draws, counts), exact, atol=0.08)


def test_the_log_score_is_finite_far_away_and_without_spread():
    draws = xr.DataArray(np.full(100, 7), dims="sample")
    here, near, far = (float(ev.log_score(draws, xr.DataArray(y))) for y in (7.0, 8.0, 10.0**7))
    assert here == pytest.approx(0, abs=1e-9)
    assert 0 < near < far < np.inf


def test_counts_below_zero_have_no_score_on_the_log_scale(draws, outcome):
    for score in (ev.log_crps, ev.log_score):
        with pytest.raises(FaultsError, match="draws are below 0"):
            score(draws - 100, outcome)


def test_the_energy_score_is_the_mean_over_pairs(draws, outcome):
    found = ev.energy_score(draws, outcome)
    assert found.dims == ("origin", "lead")
    for origin in outcome.origin.values:
        at = {"origin": origin, "lead": 24}
        x = draws.sel(at).transpose("sample", "quantity").values
        y = outcome.sel(at).values
        pairs = sum(math.dist(a, b) for a in x for b in x) / (len(x) * (len(x) - 1))
        expected = np.mean([math.dist(a, y) for a in x]) - pairs / 2
        assert float(found.sel(at)) == pytest.approx(expected, abs=1e-10)
        library = scoringrules.es_ensemble(y, x.astype(float), estimator="fair")
        assert float(found.sel(at)) == pytest.approx(float(library), abs=1e-10)


def test_the_energy_score_of_one_quantity_is_its_crps():
    rng = np.random.default_rng(6)  # more draws than are held at once
    draws = xr.DataArray(rng.normal(size=(1, 1234)), dims=("quantity", "sample"))
    draws = draws.assign_coords(quantity=["a"])
    outcome = xr.DataArray([0.3], dims="quantity", coords={"quantity": ["a"]})
    expected = float(ev.crps(draws, outcome)[0])
    assert float(ev.energy_score(draws, outcome)) == pytest.approx(expected, abs=1e-10)


def test_the_variogram_score(draws, outcome):
    found = ev.variogram_score(draws, outcome, order=0.5)
    at = {"origin": "2021", "lead": 12}
    x = draws.sel(at).transpose("sample", "quantity").values.astype(float)
    y = outcome.sel(at).values
    expected = sum(
        (abs(y[i] - y[j]) ** 0.5 - np.mean(np.abs(x[:, i] - x[:, j]) ** 0.5)) ** 2
        for i in range(4)
        for j in range(4)
    )
    assert float(found.sel(at)) == pytest.approx(expected, abs=1e-10)


def test_the_variogram_score_sees_dependence_that_single_scores_cannot():
    rng = np.random.default_rng(7)
    common, own = rng.normal(size=(2, 4000, 200, 1)), rng.normal(size=(2, 4000, 200, 2))
    names = {"cell": range(200), "quantity": ["a", "b"]}

    def labelled(values, *dims):
        return xr.DataArray(values, dims=(*dims, "cell", "quantity"), coords=names)

    together = labelled(common[0] + 0.3 * own[0], "sample")
    apart = labelled(np.sqrt(1.09) * own[1], "sample")
    outcome = labelled((common[1] + 0.3 * own[1])[0])
    right, wrong = (float(ev.variogram_score(d, outcome).mean()) for d in (together, apart))
    assert right < 0.7 * wrong


@pytest.mark.parametrize("name", ALL)
def test_labels_in_another_order_raise_and_say_which(draws, outcome, name):
    with pytest.raises(LabelError, match=r"found \[b, a, c, d\], expected \[a, b, c, d\]"):
        ALL[name](draws.sel(quantity=["b", "a", "c", "d"]), outcome)
    with pytest.raises(LabelError, match=r"'lead': found \[12\], expected \[12, 24\]"):
        ALL[name](draws.sel(lead=[12]), outcome)
    with pytest.raises(LabelError, match="has no labels"):
        ALL[name](draws.drop_vars("origin"), outcome)
    with pytest.raises(LabelError, match="no dimension 'draw'"):
        ALL[name](draws, outcome, sample="draw")
    with pytest.raises(LabelError, match="dimensions"):
        ALL[name](draws.expand_dims(chain=2), outcome)


@pytest.mark.parametrize("name", SINGLE)
def test_a_missing_outcome_is_masked_and_changes_no_other_cell(draws, outcome, name):
    gap = {"origin": "2021", "lead": 24, "quantity": "c"}
    holed, gaping = outcome.copy(), draws.astype(float)
    holed.loc[gap] = np.nan
    gaping.loc[gap] = np.nan
    whole, found = SINGLE[name](draws, outcome), SINGLE[name](gaping, holed)
    assert found.dims[:3] == outcome.dims
    assert found.sel(gap).isnull().all()
    assert int(found.isnull().sum()) == found.sel(gap).size
    xr.testing.assert_allclose(found, whole.where(holed.notnull()))
    assert ev.n_missing(holed) == 1
    assert ev.n_missing(outcome) == 0


@pytest.mark.parametrize("name", JOINT)
def test_a_vector_with_a_missing_part_has_no_score(draws, outcome, name):
    holed = outcome.copy()
    holed.loc[{"origin": "2021", "lead": 24, "quantity": "c"}] = np.nan
    whole, found = JOINT[name](draws, outcome), JOINT[name](draws, holed)
    assert found.sel(origin="2021", lead=24).isnull()
    xr.testing.assert_allclose(found, whole.where(found.notnull()))
    assert int(found.isnull().sum()) == 1


@pytest.mark.parametrize("name", ALL)
def test_nothing_known_gives_no_score(draws, outcome, name):
    assert ALL[name](draws, xr.full_like(outcome, np.nan)).isnull().all()


@pytest.mark.parametrize("name", ALL)
def test_a_missing_draw_of_a_known_outcome_raises(draws, outcome, name):
    broken = draws.astype(float)
    broken[0, 5, 1, 1] = np.nan
    with pytest.raises(FaultsError, match="1 cells have an outcome and draws that are not finite"):
        ALL[name](broken, outcome)
    with pytest.raises(FaultsError, match="1 draws of each cell"):
        ALL[name](draws.isel(sample=[0]), outcome)


def test_levels_are_probabilities(draws, outcome):
    for level in (0, 1, 90):
        with pytest.raises(SpecError, match="no probability between 0 and 1"):
            ev.interval_score(draws, outcome, level=level)
