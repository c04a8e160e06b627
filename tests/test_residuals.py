from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import mppbayes as mpp
from mppbayes import evaluation as ev
from mppbayes.diagnostics import adequate
from mppbayes.evaluation.mixture import Mixture, quantile_residuals
from mppbayes.model.layout import Layout
from mppbayes.model.replay import FlowDraws, replay
from mppbayes.model.simulation import simulate_draws

FLOWS = [f"flow_{k}" for k in range(8)]


def labelled(values):
    """Residuals of flows that are rarely zero, and were not."""
    coords = {
        "time": pd.date_range("2010-01-01", periods=len(values), freq="MS"),
        "flow": FLOWS[: values.shape[1]],
    }
    never = np.where(np.isfinite(values), 0.0, np.nan)
    arrays = {"residual": values, "zero": never, "zero_probability": never + 1e-4}
    found = xr.Dataset({name: (("time", "flow"), array) for name, array in arrays.items()}, coords)
    n = values.shape[1]
    return found.assign(correlation_expected=(("flow", "other_flow"), np.zeros((n, n))))


def normal(rng, n=144, flows=8):
    return labelled(rng.normal(size=(n, flows)))


def mixture(mean, dispersion):
    """Of equal weights."""
    return Mixture(mean, dispersion, np.full(len(mean), 1 / len(mean)))


def of_flow(table, flow):
    return table[table["flow"] == flow].set_index("check")


def true_residuals(rng, shape, *, rounding=1, bias=1.0, dispersion=4.0, draws=1):
    """Residuals of counts under their own distribution, or under one that is a little wrong."""
    mean, phi = rng.gamma(2, 20, shape), 4.0
    counts = rng.poisson(mean * rng.gamma(phi, 1 / phi, shape))
    published = rounding * np.round(counts / rounding)
    half = (rounding - 1) / 2
    lower, upper = np.maximum(published - half, 0), published + half
    wide = (draws, *shape)
    return quantile_residuals(
        lower.ravel(),
        upper.ravel(),
        mixture(
            np.broadcast_to(bias * mean, wide).reshape(draws, -1),
            np.full((draws, mean.size), dispersion),
        ),
        rng.uniform(size=mean.size),
    ).reshape(shape)


@pytest.mark.parametrize("rounding", [1, 5])
def test_residuals_of_the_true_distribution_are_standard_normal(rounding):
    z = true_residuals(np.random.default_rng(1), (500, 8), rounding=rounding)
    assert stats.kstest(z.ravel(), "norm").pvalue > 0.01


def test_residuals_of_a_wrong_distribution_are_not():
    rng = np.random.default_rng(2)
    for wrong in ({"bias": 1.15}, {"dispersion": 8.0}):
        z = true_residuals(rng, (500, 8), **wrong)
        assert stats.kstest(z.ravel(), "norm").pvalue < 1e-4


def test_a_residual_by_hand():
    mean, phi, u = np.array([[6.0], [40.0]]), np.array([[2.0], [9.0]]), np.array([0.3])

    def below(k):
        chances = phi[:, 0] / (phi[:, 0] + mean[:, 0])
        return stats.nbinom.cdf(k - 1, phi[:, 0], chances).mean()

    for low, high in ((0, 0), (0, 2), (13, 17), (8, 8)):
        found = quantile_residuals(
            np.array([float(low)]), np.array([float(high)]), mixture(mean, phi), u
        )
        point = below(low) + 0.3 * (below(high + 1) - below(low))
        assert found[0] == pytest.approx(stats.norm.ppf(point), abs=1e-10)


def test_a_residual_far_in_either_tail_is_finite_and_keeps_its_digits():
    mean, phi = np.array([[100.0, 1e5]]), np.array([[1000.0, 1000.0]])
    far = np.array([400.0, 0.0])
    found = quantile_residuals(far, far, mixture(mean, phi), np.array([0.5, 0.5]))
    chance = (
        stats.nbinom.sf(far[0], 1000, 1000 / 1100) + stats.nbinom.pmf(400, 1000, 1000 / 1100) / 2
    )
    assert found[0] == pytest.approx(stats.norm.isf(chance), rel=1e-8)
    assert found[0] > 15
    assert -40 < found[1] < -15


def test_the_mixture_over_draws_is_of_probabilities():
    lower = upper = np.array([50.0])
    mean, phi = np.array([[20.0], [120.0]]), np.full((2, 1), 30.0)
    found = quantile_residuals(lower, upper, mixture(mean, phi), np.array([0.5]))
    assert abs(found[0]) < 0.1  # above nearly all of the one, below nearly all of the other


def test_residuals_of_a_fit(small_fit):
    found = ev.one_step_residuals(small_fit, seed=1)
    residual, value = found["residual"], small_fit.observed["value"]
    assert residual.dims == ("time", "flow")
    assert found["flow"].values.tolist() == list(small_fit.network.flow_names)
    known = value.notnull() & (value.notnull().cumsum("time") > 1)
    for array in (found[name] for name in ("residual", "zero", "zero_probability")):
        xr.testing.assert_equal(array.notnull().drop_attrs(), known.drop_attrs())
    xr.testing.assert_equal(found, ev.one_step_residuals(small_fit, seed=1))
    other = ev.one_step_residuals(small_fit, seed=2)["residual"]
    assert 0 < float(np.abs(residual - other).max()) < 3
    assert abs(float(residual.mean())) < 0.3
    assert 0.5 < float(residual.std()) < 1.3
    xr.testing.assert_equal(found["zero"] == 1, (value == 0) & known)
    table = ev.adequacy(found)
    assert table["flow"].unique().tolist() == list(small_fit.network.flow_names)
    assert table.loc[table["check"] == "level", "n"].sum() == int(known.sum())


def test_verdicts_of_a_fit_have_a_row_a_flow(small_fit):
    verdicts = mpp.check_adequacy(small_fit)
    table = ev.adequacy(ev.one_step_residuals(small_fit))
    assert [v.check for v in verdicts] == [f"residuals: {c}" for c in table["check"].unique()]
    for verdict in verdicts:
        assert verdict.table.index.tolist() == list(small_fit.network.flow_names)
        assert verdict.passed == verdict.table["passed"].all()
        assert verdict.remedy


def test_a_failed_verdict_names_the_flow_and_both_figures(small_fit, monkeypatch):
    bad = normal(np.random.default_rng(4), flows=4)
    bad["residual"][:, 1] += 0.6
    monkeypatch.setattr(adequate, "one_step_residuals", lambda *_, **__: bad)
    level, *others = mpp.check_adequacy(small_fit)
    assert not level.passed
    shown = f"{float(bad['residual'][:, 1].mean()):.2f}"
    assert level.statement == f"1 of 4 flows deviate: flow_1 ({shown}, expected 0.00)"
    assert all(verdict.passed for verdict in others)


def test_an_adequate_model_passes_in_19_of_20_worlds():
    rng = np.random.default_rng(3)
    passed = [ev.adequacy(normal(rng))["passed"].all() for _ in range(100)]
    assert 0.88 < np.mean(passed) <= 1


def smoothed(z, lag):
    return (z + z.shift(time=lag).fillna(0)) / np.sqrt(2)


FAULTS = {
    "level": lambda z: z + 0.6,
    "variance": lambda z: z * 0.55,
    "autocorrelation": lambda z: smoothed(z, 1),
    "seasonal autocorrelation": lambda z: smoothed(z, 12),
    "extremes": lambda z: z.where(z.time != z.time[70], 7.0),
    "tails": lambda z: z.where(~z.time.isin(z.time[::13]), 2.9),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_check_finds_its_fault_and_names_it(fault):
    residuals = normal(np.random.default_rng(4))
    z = residuals["residual"]
    table = ev.adequacy(residuals.assign(residual=z.where(z.flow != "flow_2", FAULTS[fault](z))))
    failed = table[~table["passed"]].sort_values("p_value")
    assert set(failed["flow"]) == {"flow_2"}
    assert failed["check"].iloc[0] == fault


def test_flows_that_vary_together_are_found():
    rng = np.random.default_rng(5)
    common = rng.normal(size=(144, 1))
    table = ev.adequacy(labelled(np.sqrt(0.3) * common + np.sqrt(0.7) * rng.normal(size=(144, 8))))
    together = table[table["check"] == "correlation across flows"]
    assert not together["passed"].any()
    assert together["found"].mean() == pytest.approx(0.3, abs=0.08)
    apart = ev.adequacy(normal(rng))
    assert apart.loc[apart["check"] == "correlation across flows", "passed"].all()


def test_too_many_and_too_few_zeros_are_found():
    residuals = normal(np.random.default_rng(9), flows=3)
    residuals["zero_probability"][:] = 0.2
    rng = np.random.default_rng(10)
    for k, chance in enumerate((0.2, 0.45, 0.03)):
        residuals["zero"][:, k] = rng.random(144) < chance
    table = ev.adequacy(residuals)
    zeros = table[table["check"] == "zeros"]
    assert zeros["passed"].tolist() == [True, False, False]
    assert zeros["found"].tolist() == residuals["zero"].sum("time").values.tolist()
    np.testing.assert_allclose(zeros["expected"], 0.2 * 144)


def test_residuals_and_zeros_are_under_any_shock(small_fit):
    """By brute force: the last rounded cell of each flow, under shocks drawn from their law."""
    found, observed = ev.one_step_residuals(small_fit), small_fit.observed
    rng, law = np.random.default_rng(1), small_fit.spec.shock
    draws, past = FlowDraws.of(small_fit.spec, small_fit.posterior), small_fit.replay()
    scale = rng.choice(law.scales, p=law.weights, size=(40, len(draws.shock)))
    shock = scale * rng.standard_normal(scale.shape)
    rounded = (observed["rounding"].values == 5) & found["residual"].notnull().values
    checked = 0
    for s in np.flatnonzero(rounded.any(axis=0)):
        t = np.flatnonzero(rounded[:, s])[-1]
        loading, phi = draws.constant.shock_loading[:, s], draws.constant.dispersion[:, s]
        mean = past.mean[:, t, s] * np.exp(loading * (shock - draws.shock[:, t]))
        chance = phi / (phi + mean)
        zero = stats.nbinom.cdf(2, phi, chance).mean()
        assert float(found["zero_probability"][t, s]) == pytest.approx(zero, rel=0.1, abs=0.01)
        low, high = (
            stats.norm.ppf(stats.nbinom.cdf(bound, phi, chance).mean())
            for bound in (observed["lower"].values[t, s] - 1, observed["upper"].values[t, s])
        )
        assert low - 0.15 < float(found["residual"][t, s]) < high + 0.15
        checked += 1
    assert checked


def test_the_common_shock_is_expected_to_correlate_residuals(small_fit):
    expected = ev.one_step_residuals(small_fit)["correlation_expected"].values
    apart = expected[np.tril_indices(len(expected), -1)]
    np.testing.assert_array_equal(expected, expected.T)
    assert 0 < apart.mean() < 0.5


def test_correlation_beyond_the_expected_is_found_and_what_is_expected_is_not():
    rng = np.random.default_rng(5)
    common = rng.normal(size=(144, 1))
    together = labelled(np.sqrt(0.3) * common + np.sqrt(0.7) * rng.normal(size=(144, 8)))
    together["correlation_expected"][:] = 0.3
    table = ev.adequacy(together)
    assert table.loc[table["check"] == "correlation across flows", "passed"].all()


def test_the_figures_by_hand():
    residuals = normal(np.random.default_rng(6), n=60, flows=2)
    residuals["residual"][3, 0] = np.nan
    row = of_flow(ev.adequacy(residuals), "flow_0")
    z = residuals["residual"][:, 0].values
    known = z[np.isfinite(z)]
    assert (row["n"] == 59).all()
    assert row.loc["level", "found"] == pytest.approx(known.mean())
    assert row.loc["variance", "found"] == pytest.approx(known.std(ddof=1))
    assert row.loc["extremes", "found"] == pytest.approx(np.abs(known).max())
    assert row.loc["tails", "found"] == pytest.approx((np.abs(known) > 2.58).mean())
    pairs = pd.DataFrame({"now": z[1:], "before": z[:-1]}).dropna()
    assert row.loc["autocorrelation", "found"] == pytest.approx(pairs.corr().iloc[0, 1])
    both = residuals["residual"].to_pandas().dropna().corr().iloc[0, 1]
    assert row.loc["correlation across flows", "found"] == pytest.approx(both)


def test_p_values_are_adjusted_over_all_flows_and_checks():
    one = normal(np.random.default_rng(6), n=60, flows=1)
    one["residual"][30, 0] = 4.5
    table = ev.adequacy(one)
    chance = 1 - (2 * stats.norm.cdf(4.5) - 1) ** 60
    tested = int(table["p_value"].notna().sum())
    assert of_flow(table, "flow_0").loc["extremes", "p_value"] == pytest.approx(tested * chance)


def test_a_flow_with_little_or_no_history_is_not_failed_for_that():
    residuals = normal(np.random.default_rng(7), n=40, flows=3)
    for array in (residuals[name] for name in ("residual", "zero", "zero_probability")):
        array[:, 1] = np.nan
        array[5:, 2] = np.nan
    table = ev.adequacy(residuals)
    assert table["passed"].all()
    assert table.groupby("flow")["n"].first().tolist() == [40, 0, 5]
    assert of_flow(table, "flow_1")["p_value"].isna().all()
    assert np.isnan(of_flow(table, "flow_2").loc["autocorrelation", "found"])


def test_more_flows_make_a_single_outlier_less_remarkable():
    rng = np.random.default_rng(8)
    p_values = []
    for flows in (2, 8):
        residuals = normal(rng, flows=flows)
        residuals["residual"][50, 0] = 4.3
        p_values.append(of_flow(ev.adequacy(residuals), "flow_0").loc["extremes", "p_value"])
    assert p_values[0] < 0.05 < p_values[1]


def test_residuals_of_simulated_histories_under_their_own_parameters(small_fit):
    observed, found = small_fit.observed, []
    time = pd.DatetimeIndex(observed["time"].values)
    for k in range(120):
        posterior = small_fit.posterior.isel(chain=[0], draw=[k])
        truth = replace(FlowDraws.of(small_fit.spec, posterior), gap=np.zeros((1, 0)))
        counts = simulate_draws(small_fit.spec, truth, time, seed=1000 + k).counts[0].astype(float)
        months = time.strftime("%Y-%m").to_numpy()
        table = pd.DataFrame(counts, columns=small_fit.network.flow_names).assign(period=months)
        history = mpp.read_panel(
            table[["period", *small_fit.network.flow_names]], small_fit.network, layout="wide"
        )
        past = replay(truth, Layout.of(history))
        after = counts[1:].ravel()
        phi = np.broadcast_to(truth.constant.dispersion, counts.shape)[1:].reshape(1, -1)
        uniform = np.random.default_rng(k).uniform(size=after.size)
        mean = past.mean[:, 1:].reshape(1, -1)
        found.append(quantile_residuals(after, after, mixture(mean, phi), uniform))
    z = np.concatenate(found)
    assert z.size == 120 * 29 * 4
    assert stats.kstest(z, "norm").pvalue > 0.01
