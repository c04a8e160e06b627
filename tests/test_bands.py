import json
from operator import add, floordiv, matmul, mod, mul, neg, pos, sub, truediv

import numpy as np
import openpyxl
import pandas as pd
import pytest
from synthetic import synthetic_forecast as make_forecast

from mppbayes.errors import AggregationError, GateError, LabelError, StorageError
from mppbayes.prediction import MPP, Band, BandScheme, bands

COLUMNS = [
    "quantity",
    "aggregate",
    "organisation",
    "block",
    "kind",
    "labels",
    "unit",
    "period",
    "moment",
    "band",
    "exceedance",
    "achieved",
    "value",
    "mcse",
    "rule",
    "scope",
    "basis",
    "last_observed",
    "n_observed",
    "origin",
    "scenario",
    "status",
]
OWN = BandScheme("mine", (Band("laag", 0.8), Band("hoog", 0.2)))


@pytest.fixture(scope="module")
def draft():
    return bands(make_forecast(status="draft"), by=("flow", "sum"))


def test_the_columns_of_the_table(synthetic_forecast):
    table = bands(synthetic_forecast, by=("flow", "organisation", "nationality", "sum")).to_frame()
    assert table.columns.tolist() == COLUMNS
    assert not table.drop(columns="block").isna().any().any()
    assert table[["value", "n_observed"]].dtypes.eq(np.int64).all()
    assert set(table["aggregate"]) == {"flow", "organisation", "label", "sum"}
    assert set(table["origin"]) == {"2025-12"}
    assert set(table["status"]) == {"final"}
    assert set(table["moment"]) == set(table["scenario"]) == {""}


def test_a_row_says_what_its_flows_have_in_common(synthetic_forecast):
    rows = bands(synthetic_forecast, by=("flow", "nationality", "sum")).to_frame()
    rows = rows.drop_duplicates("quantity").set_index("quantity")
    rows["labels"] = rows["labels"].map(json.loads)
    syria = {"nationality": "Syria"}
    common = rows[["organisation", "block", "kind", "labels", "unit"]]
    assert common.loc["applications_syria"].tolist() == ["IND", 1, "inflow", syria, "persons"]
    assert common.loc["nationality=Syria"].tolist() == ["", 1, "inflow", syria, "persons"]
    assert common.loc["everyone", "organisation"] == ""
    assert common.loc["everyone", "labels"] == {}
    assert rows["block"].isna().to_dict()["everyone"]


@pytest.mark.parametrize("rule", [">", ">="])
@pytest.mark.parametrize("scheme", [MPP, MPP.with_levels(minimum=0.95), OWN])
def test_every_figure_is_the_quantile_of_the_aggregated_draws(synthetic_forecast, scheme, rule):
    made = bands(synthetic_forecast, scheme, by=("flow", "kind", "sum"), rule=rule)
    table = made.to_frame()
    assert table["band"].unique().tolist() == list(scheme.names)
    for key, rows in table.groupby(["quantity", "kind", "unit"]):
        draws = made.draws(*key)
        for row in rows.itertuples():
            outcome = draws.sel(period=row.period).values
            above = np.mean(outcome > row.value if rule == ">" else outcome >= row.value)
            below = np.mean(outcome >= row.value if rule == ">" else outcome >= row.value - 1)
            assert row.achieved == above <= row.exceedance == scheme[row.band].exceedance < below
            assert row.rule == rule


def test_a_band_is_lower_where_it_is_exceeded_more(synthetic_forecast):
    table = bands(synthetic_forecast, per="period").to_frame()
    values = table.pivot(index=["quantity", "period"], columns="band", values="value")
    assert (np.diff(values[list(MPP.names)], axis=1) >= 0).all()
    assert (values["maximum"] > values["minimum"]).all()


def test_a_total_is_no_sum_of_bands(synthetic_forecast):
    value = bands(synthetic_forecast, by=("flow", "sum")).select(period="2026").to_frame()
    value = value.set_index(["quantity", "band"])["value"]
    members = synthetic_forecast.network.members("asylum")
    assert value["asylum", "maximum"] < sum(value[name, "maximum"] for name in members)
    assert value["asylum", "minimum"] > sum(value[name, "minimum"] for name in members)


def test_only_one_flow_in_one_period_is_pointwise(synthetic_forecast):
    by = ("flow", "kind", "sum")
    monthly = bands(synthetic_forecast, by=by, per="period").to_frame()
    scope = monthly.groupby(["quantity", "unit"])["scope"].unique().str.join("")
    assert scope["applications_syria", "persons"] == "pointwise"
    assert scope["kind=outflow", "cases"] == "pointwise"
    assert scope["kind=inflow", "persons"] == scope["asylum", "persons"] == "sum"
    for per in ("year", "horizon"):
        assert set(bands(synthetic_forecast, by=by, per=per).to_frame()["scope"]) == {"sum"}


def test_bands_do_not_change(synthetic_forecast):
    made = bands(synthetic_forecast)
    made.to_frame()["value"] = 0
    assert (made.to_frame()["value"] > 0).all()


def test_bands_refuse_arithmetic(synthetic_forecast):
    made = bands(synthetic_forecast)
    for operate in (add, sub, mul, truediv, floordiv, mod, pow, matmul):
        for pair in ((made, made), (made, 2), (2, made), (np.float64(2), made)):
            with pytest.raises(AggregationError, match="Aggregate the draws: bands"):
                operate(*pair)
    for operate in (neg, pos, abs):
        with pytest.raises(AggregationError, match="Aggregate the draws: bands"):
            operate(made)
    with pytest.raises(AggregationError, match="overstates"):
        sum([made, made])


def test_all_unknown_options_are_named_together(synthetic_forecast):
    with pytest.raises(LabelError) as caught:
        bands(synthetic_forecast, by=("flow", "organization"), per="week", rule="≥")
    message = str(caught.value)
    assert "by='organization' is unknown, did you mean 'organisation'?" in message
    assert "per='week' is unknown, known: 'period', 'year', 'horizon'" in message
    assert "rule='≥' is unknown, known: '>', '>='" in message
    with pytest.raises(LabelError, match="'sum', 'nationality'"):
        bands(synthetic_forecast, by="?")


def test_what_is_no_option_is_refused(synthetic_forecast):
    with pytest.raises(LabelError, match=r"by=None is unknown.*scheme='MPP' is no BandScheme"):
        bands(synthetic_forecast, "MPP", by=None)
    for by in ((), []):
        with pytest.raises(LabelError, match=r"by=\(\) names nothing, known: 'flow'"):
            bands(synthetic_forecast, by=by)
    with pytest.raises(AggregationError, match=r"found BandScheme; make one with forecast\(fit"):
        bands(MPP)


def test_select_keeps_rows_and_quantities(synthetic_forecast):
    made = bands(synthetic_forecast, by=("flow", "kind"))
    chosen = made.select(quantity="kind=outflow", band=["mediaan", "medio"], unit="cases")
    assert len(chosen.to_frame()) == 4
    assert [each.name for each in chosen.quantities] == ["kind=outflow"]
    assert chosen.draws("kind=outflow").equals(made.draws("kind=outflow", unit="cases"))
    assert len(made.select(block=3, period="2026").to_frame()) == 16
    with pytest.raises(LabelError, match="did you mean 'quantity'"):
        made.select(quantiti="x")
    with pytest.raises(LabelError, match="no row has band 'median'; did you mean 'mediaan'"):
        made.select(band="median")


def test_a_quantity_is_one(synthetic_forecast):
    made = bands(synthetic_forecast, by=("flow", "kind"))
    with pytest.raises(LabelError, match=r"2 quantities; give .*unit='persons' or .*unit='cases'"):
        made.draws("kind=outflow")
    with pytest.raises(LabelError, match="did you mean 'departures'"):
        made.history("departure")


def test_csv_is_the_table_and_nothing_else(synthetic_forecast, tmp_path):
    made = bands(synthetic_forecast, by=("flow", "sum"))
    made.to_csv(tmp_path / "bands.csv")
    text = {"dtype": {"block": "Int64", "period": str}, "keep_default_na": False}
    back = pd.read_csv(tmp_path / "bands.csv", na_values={"block": ""}, **text)
    pd.testing.assert_frame_equal(back, made.to_frame())


def test_excel_has_the_table_under_a_caption(synthetic_forecast, tmp_path):
    made = bands(synthetic_forecast)
    made.to_excel(tmp_path / "bands.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "bands.xlsx")["bands"]
    lines = [row[0] for row in sheet.iter_rows(max_row=6, values_only=True)]
    assert lines[0] == "a chain: bands per year"
    assert lines[1] == "minimum: exceeded with probability 0.9 (our assumption)"
    assert lines[5] == "made of random numbers"
    rows = list(sheet.iter_rows(min_row=8, values_only=True))
    assert list(rows[0]) == COLUMNS
    column = COLUMNS.index("value")
    assert [row[column] for row in rows[1:]] == made.to_frame()["value"].tolist()


@pytest.mark.parametrize("name", ["bands.csv", "bands.xlsx"])
def test_a_draft_is_withheld(draft, tmp_path, name):
    write = draft.to_csv if name.endswith("csv") else draft.to_excel
    with pytest.raises(GateError, match=r"status is draft.*diagnose.*draft=True"):
        write(tmp_path / name)
    assert not list(tmp_path.iterdir())
    with pytest.raises(StorageError):
        write(tmp_path / "nowhere" / name, draft=True)


def test_a_written_draft_says_so(draft, tmp_path):
    assert draft.status == "draft"
    draft.to_csv(tmp_path / "bands.csv", draft=True)
    assert set(pd.read_csv(tmp_path / "bands.csv")["status"]) == {"draft"}
    draft.to_excel(tmp_path / "bands.xlsx", draft=True)
    (sheet,) = openpyxl.load_workbook(tmp_path / "bands.xlsx").worksheets
    assert sheet.title == sheet["A1"].value == "CONCEPT (draft)"
    assert "CONCEPT (draft)" in sheet.oddHeader.center.text


def test_bands_introduce_themselves(draft):
    assert repr(draft) == (
        "<Bands of 'synthetic' (draft): 64 figures per year, 2025 to 2026; exceeded with "
        "probability minimum 0.9, mediaan 0.5, medio 0.33, maximum 0.1>"
    )
