"""The fit: reproducible, whole on disk, refitted without recompiling."""

from dataclasses import replace

import numpy as np
import pytest
import small_chain
import xarray as xr
from scipy import stats

from mppbayes import names
from mppbayes.errors import NotYetError, PanelError, SamplingError, SpecError, StorageError
from mppbayes.inference import Fit, Sampler, compile_model, fit, load_fit
from mppbayes.inference.samplers import checks, compile_nutpie
from mppbayes.model import ModelSpec, prior_predictive, resolve
from mppbayes.model.arrays import arrays
from mppbayes.model.graph import build
from mppbayes.model.layout import Layout
from mppbayes.network import Network
from mppbayes.panel import public_figures, read_panel
from mppbayes.prediction import forecast


def test_a_fit_goes_to_a_file_and_back(small_fit, tmp_path):
    small_fit.save(tmp_path / "fit.nc")
    back = load_fit(tmp_path / "fit.nc")
    xr.testing.assert_identical(back.tree, small_fit.tree)
    assert back.spec == small_fit.spec
    assert [path.name for path in tmp_path.iterdir()] == ["fit.nc"]


def test_a_fit_opens_in_plain_arviz(small_fit, tmp_path):
    import arviz as az

    small_fit.save(tmp_path / "fit.nc")
    tree = xr.open_datatree(tmp_path / "fit.nc", engine="h5netcdf")
    assert float(az.rhat(tree)["adaptation"].max()) < 1.2
    tree.close()


def test_a_fit_carries_its_evidence_and_end_state(small_fit, small_panel):
    counts = small_panel.counts()
    xr.testing.assert_equal(small_fit.observed["value"], counts["value"])
    level = small_fit.tree[names.END_STATE]["level"]
    posterior = small_fit.tree[names.POSTERIOR]
    assert level.sizes == {dim: posterior.sizes[dim] for dim in ("chain", "draw", "flow")}
    last = counts["value"].to_pandas().ffill().iloc[-1]
    mean = level.mean(("chain", "draw")).to_series()
    assert (abs(mean - np.log(last)) < 1).all()


def test_something_else_is_no_fit(tmp_path):
    xr.DataTree.from_dict({"/posterior": xr.Dataset({"a": 1.0})}).to_netcdf(
        tmp_path / "other.nc", engine="h5netcdf"
    )
    with pytest.raises(StorageError, match="no fit of schema 1"):
        load_fit(tmp_path / "other.nc")


@pytest.fixture(scope="module")
def compiled(small_panel):
    few = Sampler(chains=2, tune=100, draws=100)
    return compile_model(ModelSpec(small_panel.network, harmonics=1), small_panel, sampler=few)


def short(spec, panel, compiled, seed):
    from conftest import LOOSE

    return fit(
        spec,
        panel,
        seed=seed,
        compiled=compiled,
        limits=LOOSE,
        progress=False,
    )


def test_another_origin_refits_without_recompiling(compiled, small_panel):
    """A shorter panel and the longest one, with one compiled graph; each sees its own evidence."""
    earlier = small_panel.until("2023-12")
    first = short(compiled.spec, earlier, compiled, seed=4)
    again = short(compiled.spec, earlier, compiled, seed=4)
    longest = short(compiled.spec, small_panel, compiled, seed=4)
    xr.testing.assert_equal(first.posterior, again.posterior)
    assert first.posterior.sizes["time"] == 18
    assert longest.posterior.sizes["time"] == 30
    assert first.spec.mean_levels != longest.spec.mean_levels


def test_a_masked_layout_has_the_posterior_of_the_shorter_one(small_panel):
    """Cells after the origin leave the density as it is, but for the prior of later shocks."""
    earlier = small_panel.until("2023-12")
    spec = resolve(ModelSpec(small_panel.network, harmonics=1), earlier)
    long, tight = Layout.of(small_panel), Layout.of(earlier)
    models = [build(spec, layout, arrays(spec, layout, earlier)) for layout in (long, tight)]
    points = [model.initial_point() for model in models]
    rng = np.random.default_rng(0)
    values = {name: value + rng.normal(0, 0.1, value.shape) for name, value in points[0].items()}
    n = tight.counts.sizes["time"]
    tight_values = dict(values, common_shock_felt=values["common_shock_felt"][:n])
    densities = [
        float(model.compile_logp()(point))
        for model, point in zip(models, (values, tight_values), strict=True)
    ]
    later = values["common_shock_felt"][n:]
    scales = np.array(spec.shock.scales)
    prior = np.log(stats.norm(0, scales).pdf(later[:, None]) @ np.array(spec.shock.weights)).sum()
    assert densities[0] == pytest.approx(densities[1] + prior, rel=1e-9)


def test_a_compiled_graph_is_only_for_what_it_was_made_of(compiled, small_panel):
    with pytest.raises(PanelError, match="another specification"):
        fit(ModelSpec(small_panel.network), small_panel, seed=1, compiled=compiled, progress=False)
    with pytest.raises(PanelError, match="shorter span"):
        fit(compiled.spec, small_chain.panel(33), seed=1, compiled=compiled, progress=False)


def test_a_compiled_graph_keeps_its_sampler(compiled, small_panel):
    with pytest.raises(SamplingError, match="compile with it"):
        fit(
            compiled.spec,
            small_panel,
            seed=1,
            compiled=compiled,
            sampler=replace(compiled.sampler, tune=77),
            progress=False,
        )


def test_evidence_that_the_model_cannot_use_is_refused_by_name():
    data = small_chain.network().to_dict()
    data["flow"][0]["part_of"] = "b_1"
    data["flow"][3] |= {"part_of": "b_1", "rest": True}
    data["sum"] = [{"name": "both", "of": ["a_2", "b_1"]}]
    network = Network.from_dict(data)
    table = small_chain.table().query("series != 'b_2'").reset_index(drop=True)
    table.loc[len(table)] = ["both", "2025-02", 500, 1]
    table.loc[len(table)] = ["b_2", "2025-02", 60, 1]
    panel = read_panel(table, network)
    for attempt in (
        lambda: fit(ModelSpec(network), panel, seed=1, progress=False),
        lambda: prior_predictive(ModelSpec(network), panel),
    ):
        with pytest.raises(NotYetError) as caught:
            attempt()
        assert "'both' has figures (1)" in str(caught.value)
        assert "'b_2' has figures (1)" in str(caught.value)


def test_an_unknown_sampler_is_refused():
    with pytest.raises(SamplingError, match="known: 'nutpie', 'pymc', 'numpyro'"):
        Sampler("stan")


def test_every_fault_of_a_sampler_is_told():
    with pytest.raises(
        SamplingError, match=r"backend is 'tpu'.*chains is 0.*target_accept is 2.*ess_factor is 0"
    ):
        Sampler(backend="tpu", chains=0, target_accept=2, ess_factor=0)


def test_a_seed_that_is_none_is_refused(small_panel):
    for seed in (-1, 1.5, None):
        with pytest.raises(SamplingError, match=f"the seed is {seed}"):
            fit(ModelSpec(small_panel.network), small_panel, seed=seed)


def test_a_panel_of_another_network_is_refused(small_panel):
    data = small_panel.network.to_dict()
    other = ModelSpec(Network.from_dict({**data, "flow": data["flow"][:2], "sum": []}))
    with pytest.raises(SpecError, match="different networks"):
        fit(other, small_panel, seed=1, progress=False)
    with pytest.raises(SpecError, match="different networks"):
        prior_predictive(other, small_panel)


def test_checks_do_not_depend_on_time():
    assert list(checks(1000)) == [500, 600, 700, 850, 1000]


def test_rounded_cells_are_intervals():
    panel = public_figures(Network.asylum_inflow())
    layout = Layout.of(panel)
    assert sum(layout.roundings.values()) > 1000
    spec = resolve(ModelSpec(panel.network), panel)
    data = arrays(spec, layout, panel)
    assert set(data["interval_5_width"][data["interval_5_lower"] > 0].tolist()) == {5}
    assert set(data["interval_5_width"][data["interval_5_lower"] == 0].tolist()) == {3}


def test_a_forecast_begins_in_the_year_in_which_the_earliest_evidence_ends(small_fit):
    """Also where that flow has gaps before."""
    tree = small_fit.tree.copy()
    observed = tree[names.OBSERVED].to_dataset().copy(deep=True)
    observed["value"].loc[{"flow": "a_2", "time": slice("2023-11", None)}] = np.nan
    tree[names.OBSERVED] = xr.DataTree(observed)
    figures = tree[names.FIGURES].to_dataset()
    late = (figures["series"] == "a_2") & (figures["start"] >= np.datetime64("2023-11"))
    tree[names.FIGURES] = xr.DataTree(figures.isel(figure=~late.values))
    drawn = forecast(Fit(tree), until="2025-06", seed=1)
    assert drawn.flows.indexes["time"][0].strftime("%Y-%m") == "2023-01"


@pytest.mark.slow
def test_the_prior_expects_years_of_the_size_of_history():
    """95 % of prior yearly totals lie within 1/20 to 20 times history, by flow and for the sum."""
    panel = public_figures(Network.asylum_inflow())
    prior = prior_predictive(ModelSpec(panel.network), panel, draws=1500)["flows"].isel(chain=0)
    history = panel.counts()["value"]
    flows = prior.groupby("time.year").sum()
    years = history.groupby("time.year").sum(skipna=False)
    total, whole = flows.sum("flow"), years.sum("flow", skipna=False)
    for drawn, seen in ((flows, years.mean("year")), (total, whole.mean("year"))):
        ratio = (drawn + 1) / (seen + 1)
        within = ((ratio > 1 / 20) & (ratio < 20)).mean(("draw", "year"))
        assert (within >= 0.95).all(), within


@pytest.mark.slow
@pytest.mark.parametrize("times", [7, 0.1])
def test_later_values_leave_the_density_of_an_origin_as_it_is(times):
    """To the last digit, also where they become exact counts or intervals."""
    table, network = small_chain.table(40), small_chain.network()
    later = table["period"] > "2024-06"
    changed = table.assign(value=table["value"].where(~later, (table["value"] * times).round()))
    found = []
    for rows in (table, changed):
        panel = read_panel(rows, network)
        earlier = panel.until("2024-06")
        spec, layout = resolve(ModelSpec(network, harmonics=1), earlier), Layout.of(panel)
        model = build(spec, layout, arrays(spec, layout, earlier))
        rng = np.random.default_rng(0)
        point = {
            name: value + rng.normal(0, 0.1, value.shape)
            for name, value in model.initial_point().items()
        }
        values = [compiled(point) for compiled in (model.compile_logp(), model.compile_dlogp())]
        found.append((int(layout.exact_cells.sum()), *values))
    (exact, density, gradient), (other, same, also) = found
    assert exact != other
    assert density == same
    np.testing.assert_array_equal(gradient, also)


@pytest.mark.parametrize(("backend", "gradient"), [("jax", "jax"), ("numba", "pytensor")])
def test_jax_differentiates_where_it_compiles(backend, gradient, small_panel, monkeypatch):
    """PyTensor's gradient takes longer to compile, that of a chain minutes."""
    import nutpie

    spec = resolve(ModelSpec(small_panel.network, harmonics=0), small_panel)
    layout, asked = Layout.of(small_panel), {}
    monkeypatch.setattr(nutpie, "compile_pymc_model", lambda _, **keys: asked.update(keys))
    model = build(spec, layout, arrays(spec, layout, small_panel))
    compile_nutpie(model, Sampler(backend=backend))
    assert asked["gradient_backend"] == gradient
