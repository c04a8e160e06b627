"""Locks docs/schema.md: what results hold, and that the page names all of it."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from synthetic import RECEPTION, synthetic_evidence, synthetic_figures

import mppbayes as mpp
from mppbayes import names
from mppbayes.cli import BAD_INPUT, DONE, INTERRUPTED, WITHHELD
from mppbayes.cli.directory import Results, write_directory
from mppbayes.inference.result import assemble
from mppbayes.model import prior_predictive, resolve
from mppbayes.model.layout import Layout
from mppbayes.network import Network
from mppbayes.prediction.aggregation import PERIOD_FORMATS
from mppbayes.prediction.bandtable import COLUMNS
from mppbayes.prediction.quantiles import RULES
from mppbayes.prediction.quantities import BASES, aggregates
from mppbayes.prediction.simulation import flow_coordinates

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "schema.md").read_text("utf-8")

POSTERIOR = {
    "mean_level": ("flow",),
    "half_life": ("flow",),
    "permanence": ("flow",),
    "adaptation": ("flow",),
    "dispersion": ("flow",),
    "shock_loading": ("flow",),
    "seasonal_amplitude": ("flow",),
    "initial_level": ("flow",),
    "initial_level_offset": ("flow",),
    "seasonal_pattern": ("season", "flow"),
    "common_shock": ("time",),
    "common_shock_felt": ("time",),
    "mean": ("parameter",),
    "scale": ("parameter",),
    "share": ("parameter", "level"),
    "organisation_effect": ("parameter", "organisation_group"),
    "block_effect": ("parameter", "block_group"),
    "flow_effect": ("parameter", "flow"),
    "seasonal_wave": ("harmonic", "flow"),
    "gap_surprise": ("gap",),
}
OBSERVED = ("value", "lower", "upper", "rounding")
FIGURES = {
    "series": "U",
    "start": "M",
    "end": "M",
    "n_periods": "i",
    "value": "f",
    "lower": "i",
    "upper": "i",
    "rounding": "i",
}
MADE_BY = ("created", "python", "platform", "packages", "seed")


@pytest.fixture(scope="module")
def forecast(small_fit):
    return mpp.forecast(small_fit, until="2026-12", seed=2, futures=1)


@pytest.fixture(scope="module")
def stock_fit():
    """Draws from the prior of a chain with stocks, as if they were a posterior."""
    network = Network.from_dict(RECEPTION)
    figures = synthetic_figures(synthetic_evidence(network, gaps=False).drop_sel(flow="housed"))
    table = figures[["series", "value"]].to_dataframe()
    start = figures["start"].to_series().dt
    monthly = (figures["n_periods"] == 1).values
    table["period"] = np.where(monthly, start.strftime("%Y-%m"), start.strftime("%Y"))
    panel = mpp.read_panel(table, network)
    spec = mpp.ModelSpec(network, harmonics=1)
    prior = prior_predictive(spec, panel, draws=5, seed=1).drop_vars("flows")
    diverging = xr.zeros_like(prior["scale"].isel(parameter=0, drop=True), dtype=bool)
    sampled = {"/posterior": prior, "/sample_stats": xr.Dataset({"diverging": diverging})}
    attributes = {"status": names.DRAFT, "note": "", "manifest": {}}
    tree = xr.DataTree.from_dict(sampled)
    return assemble(resolve(spec, panel), Layout.of(panel), tree, attributes)


@pytest.fixture(scope="module")
def stock_forecast(stock_fit):
    return mpp.forecast(stock_fit, until="2027-06", seed=2, futures=2)


def require_named(*expected):
    """Check that the page names each of these as code."""
    missing = [name for name in expected if f"`{name}`" not in PAGE]
    assert not missing, f"docs/schema.md does not name {missing}"


def layout(dataset):
    """Give the dimensions and the kind of dtype of every variable that is no coordinate."""
    return {name: (array.dims, array.dtype.kind) for name, array in dataset.data_vars.items()}


def coordinates(dataset):
    """Give what each coordinate lies along, and its kind of dtype."""
    return {name: (*array.dims, array.dtype.kind) for name, array in dataset.coords.items()}


def require_evidence(observed):
    assert layout(observed) == dict.fromkeys(OBSERVED, (("time", "flow"), "f"))
    assert coordinates(observed) == {"time": ("time", "M"), "flow": ("flow", "U")}
    gap = {"time": "2023-05-01", "flow": "a_2"}
    assert np.isnan(observed[["value", "lower", "upper"]].sel(gap).to_array()).all()
    assert observed["rounding"].sel(gap) == 1
    require_named(*OBSERVED)


def require_figures(figures):
    assert layout(figures) == {name: (("figure",), kind) for name, kind in FIGURES.items()}
    assert not figures.coords
    assert "\n### figures\n" in PAGE
    require_named("figure", *FIGURES)


def test_the_root_of_a_fit(small_fit):
    assert set(small_fit.tree.children) == {
        "posterior",
        "sample_stats",
        "observed_data",
        "figures",
        "end_state",
    }
    assert set(small_fit.tree.attrs) == {"schema", "spec", "status", "note", "manifest"}
    assert small_fit.tree.attrs["schema"] == 1
    manifest = {*MADE_BY, "sampler", "backend", "settings", "limits", "ending"}
    manifest |= {"seed", "seconds", "digests"}
    assert set(small_fit.manifest) == manifest
    assert set(small_fit.manifest["seconds"]) == {"compile", "sampling"}
    assert set(small_fit.manifest["digests"]) == {"network", "spec", "panel"}
    for group in small_fit.tree.children:
        assert f"\n### {group}\n" in PAGE
    require_named(*small_fit.tree.attrs, *manifest, names.FINAL, names.DRAFT)
    require_named("compile", "sampling", "network", "spec", "panel")


def test_the_posterior(small_fit):
    posterior = small_fit.posterior
    assert layout(posterior) == {
        name: (("chain", "draw", *dims), "f") for name, dims in POSTERIOR.items()
    }
    dims = {dim for dims in POSTERIOR.values() for dim in dims}
    assert coordinates(posterior) == {
        "chain": ("chain", "i"),
        "draw": ("draw", "i"),
        **{dim: (dim, "U") for dim in dims},
    }
    assert posterior["flow"].values.tolist() == list(small_fit.network.flow_names)
    assert posterior["parameter"].values.tolist() == list(names.PARAMETERS)
    assert posterior["level"].values.tolist() == ["organisation", "block", "flow"]
    assert posterior["season"].values.tolist() == [str(n) for n in range(1, 13)]
    assert posterior["harmonic"].values.tolist() == ["sin1", "cos1"]
    assert posterior["gap"].values.tolist() == ["a_2 2023-06-01"]
    assert posterior["time"].values[[0, -1]].tolist() == ["2022-07-01", "2024-12-01"]
    require_named(*POSTERIOR, *dims, "chain", "draw", "sin1", "cos1")


def test_the_other_groups_of_a_fit(small_fit):
    statistics = small_fit.tree["sample_stats"].to_dataset()
    assert statistics["diverging"].dtype == bool
    assert {(dims, kind in "biuf") for dims, kind in layout(statistics).values()} == {
        (("chain", "draw"), True)
    }
    require_evidence(small_fit.tree["observed_data"].to_dataset())
    require_figures(small_fit.tree["figures"].to_dataset())
    end = small_fit.tree["end_state"].to_dataset()
    assert layout(end) == dict.fromkeys(("level", "long_run"), (("chain", "draw", "flow"), "f"))
    assert coordinates(end) == {
        "chain": ("chain", "i"),
        "draw": ("draw", "i"),
        "flow": ("flow", "U"),
    }
    require_named("diverging", "level", "long_run")


def test_the_root_of_a_forecast(forecast):
    assert set(forecast.tree.children) == {"predictions", "observed_data", "figures"}
    attributes = {"schema", "network", "status", "origin", "scenario", "note", "untold"}
    attributes |= {"manifest", "given"}
    assert set(forecast.tree.attrs) == attributes
    assert forecast.tree.attrs["schema"] == 1
    assert forecast.tree.attrs["origin"] == "2024-12"
    manifest = json.loads(forecast.tree.attrs["manifest"])
    assert set(manifest) == {*MADE_BY, "futures", "scenario", "fit"}
    require_evidence(forecast.tree["observed_data"].to_dataset())
    require_figures(forecast.tree["figures"].to_dataset())
    assert "\n### predictions\n" in PAGE
    require_named("predictions", "observed_data", *attributes, *manifest)


def test_something_else_is_no_forecast(small_fit, forecast, tmp_path):
    forecast.save(tmp_path / "forecast.nc")
    xr.testing.assert_identical(mpp.Forecast.load(tmp_path / "forecast.nc").tree, forecast.tree)
    small_fit.save(tmp_path / "fit.nc")
    with pytest.raises(mpp.StorageError, match=r"fit\.nc is no forecast of schema 1.*posterior"):
        mpp.Forecast.load(tmp_path / "fit.nc")


@pytest.mark.parametrize("until", ["", None, "2030-13", [1]])
def test_an_unreadable_end_is_refused(small_fit, until):
    with pytest.raises(mpp.PanelError, match=r"no end at .*\n.*2030-12"):
        mpp.forecast(small_fit, until=until, seed=1)


@pytest.mark.parametrize(
    ("period", "origin"), [("month", "2024-12"), ("quarter", "2024-Q4"), ("year", "2024")]
)
def test_an_origin_is_written_as_in_the_bands(forecast, period, origin):
    tree = forecast.tree.copy()
    network = json.loads(tree.attrs["network"]) | {"period": period}
    tree.attrs |= {"network": json.dumps(network), "origin": origin}
    read = mpp.Forecast(tree).origin
    assert read == pd.Period("2024-12", freq="M").asfreq(read.freqstr)
    assert read.strftime(PERIOD_FORMATS[period]) == origin


def test_the_predictions(forecast):
    predictions = forecast.tree["predictions"].to_dataset()
    assert layout(predictions) == {
        "flows": (("chain", "draw", "time", "flow"), "i"),
        "is_observed": (("time", "flow"), "b"),
        "is_given": (("time", "flow"), "b"),
        "near_ceiling": (("flow",), "f"),
    }
    assert predictions["flows"].dtype == np.int64
    along_flow = dict.fromkeys(("flow", "organisation", "kind", "unit"), ("flow", "U"))
    assert coordinates(predictions) == {
        "chain": ("chain", "i"),
        "draw": ("draw", "i"),
        "posterior_draw": ("draw", "i"),
        "future": ("draw", "i"),
        "time": ("time", "M"),
        **along_flow,
        "block": ("flow", "i"),
    }
    require_named(*predictions.data_vars, *predictions.coords)


def test_the_predictions_of_stocks(forecast, stock_forecast):
    of_flows = forecast.tree["predictions"].to_dataset()
    predictions = stock_forecast.tree["predictions"].to_dataset()
    of_stocks = dict.fromkeys(("stocks", "unrecorded"), (("chain", "draw", "time", "stock"), "i"))
    assert layout(predictions) == layout(of_flows) | of_stocks
    assert predictions["stocks"].dtype == predictions["unrecorded"].dtype == np.int64
    assert coordinates(predictions) == {
        **coordinates(of_flows),
        "moment": ("time", "M"),
        "stock": ("stock", "U"),
        "stock_organisation": ("stock", "U"),
        "stock_block": ("stock", "i"),
        "stock_unit": ("stock", "U"),
    }
    assert predictions["moment"].values[1] == np.datetime64("2025-02-28")
    assert predictions["stock"].values.tolist() == ["asylum_seekers", "status_holders"]
    assert predictions["stock_block"].values.tolist() == [2, 4]
    require_named(*predictions.data_vars, *predictions.coords)


def test_the_figures_of_a_chain_with_stocks(stock_fit, stock_forecast, tmp_path):
    figures = stock_forecast.tree["figures"].to_dataset()
    require_figures(figures)
    xr.testing.assert_identical(figures, stock_fit.tree["figures"].to_dataset())
    table = stock_forecast.figures
    assert tuple(table.columns) == tuple(FIGURES)
    assert {"arrivals", "status_holders", "occupancy"} <= set(table["series"])
    yearly = table[table["series"] == "housed"]
    assert yearly["n_periods"].tolist() == [12, 12]
    assert yearly["end"].iloc[0] == pd.Timestamp("2024-12-31")
    stock_forecast.save(tmp_path / "forecast.nc")
    back = mpp.Forecast.load(tmp_path / "forecast.nc")
    xr.testing.assert_identical(back.tree, stock_forecast.tree)
    pd.testing.assert_frame_equal(back.figures, table)


def test_time_begins_with_the_year_in_which_the_earliest_evidence_ends(forecast):
    value = forecast.observed["value"]
    ends = [value["time"][value.sel(flow=flow).notnull()].max().values for flow in value["flow"]]
    time = forecast.flows.indexes["time"]
    assert time[0] == pd.Timestamp(min(ends).astype("datetime64[Y]"))
    assert time[-1] == pd.Timestamp("2026-12-01")
    seen = forecast.is_observed.sel(time="2024-10-01")
    assert seen.to_series().to_dict() == {"a_1": True, "a_2": True, "b_1": True, "b_2": False}


def test_labels_are_coordinates_of_text():
    network = Network.asylum_inflow()
    dataset = xr.Dataset(coords=flow_coordinates(network))
    assert {"nationality"} <= set(network.label_names) <= set(dataset.coords)
    for label in network.label_names:
        assert coordinates(dataset)[label] == ("flow", "U")
        unlabelled = [flow.name for flow in network.flows if label not in flow.labels]
        assert set(dataset[label].sel(flow=unlabelled).values.tolist()) <= {""}


def test_the_columns_of_bands(forecast):
    bands = mpp.bands(forecast, by=aggregates(forecast.network))
    table = bands.to_frame()
    assert tuple(table.columns) == COLUMNS
    section = PAGE.partition("\n## bands.csv\n")[2].partition("\n## ")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == COLUMNS
    figures = {"exceedance": "f", "achieved": "f", "value": "i", "mcse": "f", "n_observed": "i"}
    assert {name: table[name].dtype.kind for name in figures} == figures
    assert str(table["block"].dtype) == "Int64"
    assert set(table["aggregate"]) == {"flow", "organisation", "block", "kind", "sum"}
    assert set(table["scope"]) == {"sum"}
    assert set(table["moment"]) == {""}
    assert set(mpp.bands(forecast, per="period").to_frame()["scope"]) == {"pointwise"}
    require_named(*set(table["aggregate"]), "label", "pointwise", "sum", *RULES, *BASES)


def test_the_columns_of_bands_of_stocks(stock_forecast):
    network = stock_forecast.network
    table = mpp.bands(stock_forecast, by=aggregates(network)).to_frame()
    assert tuple(table.columns) == COLUMNS
    aggregate = {"flow", "stock", "organisation", "block", "kind", "sum"}
    assert set(table["aggregate"]) == aggregate
    stocks = table[table["quantity"].isin(network.stock_series)]
    assert set(stocks["moment"]) == {"2025-12-31", "2026-12-31"}
    assert set(stocks["kind"]) == {""}
    assert set(stocks["labels"]) == {"{}"}
    assert set(stocks["scope"]) == {"pointwise", "sum"}
    assert set(table.drop(stocks.index)["moment"]) == {""}
    require_named(*aggregate, "2026-12-31")


def test_the_file_of_bands_reads_back_as_the_page_says(forecast, tmp_path):
    bands = mpp.bands(forecast)
    bands.to_csv(tmp_path / "bands.csv", draft=True)
    reading = 'dtype={"period": str, "origin": str}, keep_default_na=False'
    assert reading in PAGE.replace("\n", " ")
    found = pd.read_csv(
        tmp_path / "bands.csv", dtype={"period": str, "origin": str}, keep_default_na=False
    )
    pd.testing.assert_frame_equal(
        found, bands.to_frame(), check_dtype=False, check_column_type=False
    )


def test_the_forecast_directory(small_fit, small_panel, forecast, tmp_path):
    table = tmp_path / "my_counts.csv"
    small_panel.evidence[["series", "period", "value", "rounding"]].to_csv(table, index=False)
    bands = mpp.bands(forecast, by=aggregates(forecast.network))
    results = Results(small_fit, forecast, bands, small_panel, table)
    write_directory(tmp_path / "out", results, language="nl", draft=True)
    found = {path.name + "/" * path.is_dir() for path in (tmp_path / "out").iterdir()}
    assert found == {
        *("bands.csv", "bands.xlsx", "fit.nc", "forecast.nc", "report.html", "manifest.json"),
        *("figures/", "inputs/"),
    }
    inputs = {path.name for path in (tmp_path / "out" / "inputs").iterdir()}
    assert inputs == {"my_counts.csv", "network.toml", "spec.toml"}
    figures = {path.stem for path in (tmp_path / "out" / "figures").iterdir()}
    assert figures == {*small_fit.network.flow_names, "total", "total_exceedance", "the-network"}
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    ours = {"note", "status", "origin", "until", "table", "layout", "scheme"}
    assert set(manifest) == {*MADE_BY, "futures", "scenario", "fit", *ours}
    require_named(*found, *inputs - {table.name}, *ours, "QUANTITY.png", "SUM_exceedance.png")


def test_the_exit_statuses():
    assert (DONE, WITHHELD, BAD_INPUT, INTERRUPTED) == (0, 1, 2, 130)
    section = PAGE.partition("\n## Exit statuses\n")[2]
    assert re.findall(r"^\| (\d+) \|", section, re.MULTILINE) == ["0", "1", "2", "130"]


def test_every_public_name_is_in_the_reference():
    reference = set((DOCS / "api.md").read_text("utf-8").split())
    assert set(mpp.__all__) - {"__version__"} <= reference
