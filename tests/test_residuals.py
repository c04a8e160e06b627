from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from mppbayes import evaluation as ev
from mppbayes.evaluation.residuals import quantile_residuals
from mppbayes.model.arrays import Layout
from mppbayes.model.replay import FlowDraws, replay
from mppbayes.model.simulation import simulate

FLOWS = [f"flow_{k}" for k in range(8)]


def labelled(values):
    return xr.DataArray(
        values,
        {
            "time": pd.date_range("2010-01-01", periods=len(values), freq="MS"),
            "flow": FLOWS[: values.shape[1]],
        },
        ("time", "flow"),
    )


def normal(rng, n=144, flows=8):
    return labelled(rng.normal(size=(n, flows)))


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
    value = small_fit.observed["value"]
    assert found.dims == ("time", "flow")
    assert found["flow"].values.tolist() == list(small_fit.network.flow_names)
    known = value.notnull() & (value.notnull().cumsum("time") > 1)
    xr.testing.assert_equal(found.notnull().drop_attrs(), known.drop_attrs())
    xr.testing.assert_equal(found, ev.one_step_residuals(small_fit, seed=1))
    other = ev.one_step_residuals(small_fit, seed=2)
    assert 0 < float(np.abs(found - other).max()) < 3
    assert abs(float(found.mean())) < 0.3
    assert 0.5 < float(found.std()) < 1.3
    table = ev.adequacy(found)
    assert table.index.tolist() == list(small_fit.network.flow_names)
    assert table["n"].sum() == int(known.sum())


def test_an_adequate_model_passes_in_19_of_20_worlds():
    rng = np.random.default_rng(3)
    passed = [ev.adequacy(normal(rng))["passed"].all() for _ in range(100)]
    assert 0.88 < np.mean(passed) <= 1


FAULTS = {
    "mean": lambda z: z.where(z.flow != "flow_2", z + 0.6),
    "sd": lambda z: z.where(z.flow != "flow_2", z * 0.55),
    "lag_1": lambda z: z.where(z.flow != "flow_2", (z + z.shift(time=1).fillna(0)) / np.sqrt(2)),
    "lag_season": lambda z: z.where(
        z.flow != "flow_2", (z + z.shift(time=12).fillna(0)) / np.sqrt(2)
    ),
    "largest": lambda z: z.where((z.flow != "flow_2") | (z.time != z.time[70]), 7.0),
    "beyond": lambda z: z.where((z.flow != "flow_2") | ~z.time.isin(z.time[::13]), 2.9),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_check_finds_its_fault_and_names_it(fault):
    table = ev.adequacy(FAULTS[fault](normal(np.random.default_rng(4))))
    assert not table.loc["flow_2", "passed"]
    assert table.loc["flow_2", "worst"] == fault
    assert table["passed"].drop("flow_2").all()


def test_flows_that_vary_together_are_found():
    rng = np.random.default_rng(5)
    common = rng.normal(size=(144, 1))
    together = labelled(np.sqrt(0.3) * common + np.sqrt(0.7) * rng.normal(size=(144, 8)))
    table = ev.adequacy(together)
    assert not table["passed"].any()
    assert (table["worst"] == "correlation").all()
    assert table["correlation"].mean() == pytest.approx(0.3, abs=0.08)
    apart = ev.adequacy(normal(rng))
    np.testing.assert_allclose(apart["correlation"], apart["correlation_expected"], atol=0.04)


def test_the_figures_by_hand():
    rng = np.random.default_rng(6)
    residuals = normal(rng, n=60, flows=2)
    residuals[3, 0] = np.nan
    table = ev.adequacy(residuals)
    z = residuals[:, 0].values
    known = z[np.isfinite(z)]
    row = table.loc["flow_0"]
    assert row["n"] == 59
    assert row["mean"] == pytest.approx(known.mean())
    assert row["sd"] == pytest.approx(known.std(ddof=1))
    assert row["largest"] == pytest.approx(np.abs(known).max())
    assert row["largest_p"] == pytest.approx(1 - (2 * stats.norm.cdf(row["largest"]) - 1) ** 59)
    pairs = pd.DataFrame({"now": z[1:], "before": z[:-1]}).dropna()
    assert row["lag_1"] == pytest.approx(pairs.corr().iloc[0, 1])
    both = pd.DataFrame(residuals.values).dropna().corr().iloc[0, 1]
    assert row["correlation"] == pytest.approx(abs(both))


def test_a_flow_with_little_or_no_history_is_not_failed_for_that():
    residuals = normal(np.random.default_rng(7), n=40, flows=3)
    residuals[:, 1] = np.nan
    residuals[5:, 2] = np.nan
    table = ev.adequacy(residuals)
    assert table["passed"].all()
    assert table["n"].tolist() == [40, 0, 5]
    assert np.isnan(table.loc["flow_1", "p_value"])
    assert table.loc["flow_1", "worst"] == ""
    assert np.isnan(table.loc["flow_2", "lag_1"])


def test_more_flows_make_a_single_outlier_less_remarkable():
    rng = np.random.default_rng(8)
    few, many = normal(rng, flows=2), normal(rng, flows=8)
    for each in (few, many):
        each[50, 0] = 4.3
    p_few, p_many = (ev.adequacy(each).loc["flow_0", "p_value"] for each in (few, many))
    assert p_few < 0.05 < p_many


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
