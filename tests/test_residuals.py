from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import mppbayes as mpp
from mppbayes import evaluation as ev
from mppbayes.diagnostics import adequate
from mppbayes.evaluation.residuals import quantile_residuals
from mppbayes.model.arrays import Layout
from mppbayes.model.replay import FlowDraws, replay
from mppbayes.model.simulation import simulate

FLOWS = [f"flow_{k}" for k in range(8)]


def labelled(values):
    """Residuals of flows that are rarely zero, and were not."""
    coords = {
        "time": pd.date_range("2010-01-01", periods=len(values), freq="MS"),
        "flow": FLOWS[: values.shape[1]],
    }
    never = np.where(np.isfinite(values), 0.0, np.nan)
    arrays = {"residual": values, "zero": never, "zero_probability": never + 1e-4}
    return xr.Dataset({name: (("time", "flow"), array) for name, array in arrays.items()}, coords)


def normal(rng, n=144, flows=8):
    return labelled(rng.normal(size=(n, flows)))


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
        np.broadcast_to(bias * mean, wide).reshape(draws, -1),
        np.full((draws, mean.size), dispersion),
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
        found = quantile_residuals(np.array([float(low)]), np.array([float(high)]), mean, phi, u)
        point = below(low) + 0.3 * (below(high + 1) - below(low))
        assert found[0] == pytest.approx(stats.norm.ppf(point), abs=1e-10)


def test_a_residual_far_in_either_tail_is_finite_and_keeps_its_digits():
    mean, phi = np.array([[100.0, 1e5]]), np.array([[1000.0, 1000.0]])
    far = np.array([400.0, 0.0])
    found = quantile_residuals(far, far, mean, phi, np.array([0.5, 0.5]))
    chance = (
        stats.nbinom.sf(far[0], 1000, 1000 / 1100) + stats.nbinom.pmf(400, 1000, 1000 / 1100) / 2
    )
    assert found[0] == pytest.approx(stats.norm.isf(chance), rel=1e-8)
    assert found[0] > 15
    assert -40 < found[1] < -15


def test_the_mixture_over_draws_is_of_probabilities():
    lower = upper = np.array([50.0])
    mean, phi = np.array([[20.0], [120.0]]), np.full((2, 1), 30.0)
    found = quantile_residuals(lower, upper, mean, phi, np.array([0.5]))
    assert abs(found[0]) < 0.1  # above nearly all of the one, below nearly all of the other


def test_residuals_of_a_fit(small_fit):
    found = ev.one_step_residuals(small_fit, seed=1)
    residual, value = found["residual"], small_fit.observed["value"]
    assert residual.dims == ("time", "flow")
    assert found["flow"].values.tolist() == list(small_fit.network.flow_names)
    known = value.notnull() & (value.notnull().cumsum("time") > 1)
    for array in found.values():
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
    chosen = apart[apart["check"] == "correlation across flows"]
    np.testing.assert_allclose(chosen["found"], chosen["expected"], atol=0.04)


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


def test_the_chance_of_a_published_zero(small_fit):
    """Of a count rounded to 5: that of 0, 1 or 2, over the draws of the posterior."""
    found = ev.one_step_residuals(small_fit)["zero_probability"]
    observed = small_fit.observed
    past, phi = small_fit.replay(every=1), small_fit.posterior["dispersion"].values
    phi = phi.reshape(-1, phi.shape[-1])
    every = max(1, len(phi) // 200)
    rounded = observed["rounding"].values == 5
    assert rounded.any()
    t, s = (each[-1] for each in np.nonzero(rounded & found.notnull().values))
    mean, shape = past.mean[:, t, s], phi[:, s]
    chance = stats.nbinom.cdf(2, shape, shape / (shape + mean))
    assert float(found[t, s]) == pytest.approx(chance.mean(), abs=5 * chance.std() / every)


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
    assert row.loc["correlation across flows", "found"] == pytest.approx(abs(both))


def test_p_values_are_adjusted_over_all_flows_and_checks():
    one = normal(np.random.default_rng(6), n=60, flows=1)
    one["residual"][30, 0] = 4.5
    table = ev.adequacy(one)
    chance = 1 - (2 * stats.norm.cdf(4.5) - 1) ** 60
    tested = int(table["p_value"].notna().sum())
    assert of_flow(table, "flow_0").loc["extremes", "p_value"] == pytest.approx(tested * chance)


def test_a_flow_with_little_or_no_history_is_not_failed_for_that():
    residuals = normal(np.random.default_rng(7), n=40, flows=3)
    for array in residuals.values():
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
    for k in range(40):
        posterior = small_fit.posterior.isel(chain=[0], draw=[k])
        truth = replace(FlowDraws.of(small_fit.spec, posterior), gap=np.zeros((1, 0)))
        counts = simulate(small_fit.spec, truth, time, seed=k)[0].astype(float)
        history = observed[["value"]].copy(data={"value": counts})
        past = replay(truth, Layout(history, 12))
        after = counts[1:].ravel()
        phi = np.broadcast_to(truth.constant.dispersion, counts.shape)[1:].reshape(1, -1)
        uniform = np.random.default_rng(k).uniform(size=after.size)
        mean = past.mean[:, 1:].reshape(1, -1)
        found.append(quantile_residuals(after, after, mean, phi, uniform))
    z = np.concatenate(found)
    assert z.size == 40 * 29 * 4
    assert stats.kstest(z, "norm").pvalue > 0.01
