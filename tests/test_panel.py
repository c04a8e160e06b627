import dataclasses
from datetime import date, datetime

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mppbayes.errors import LabelError, PanelError
from mppbayes.network import Block, Flow, Network, Organisation, Stock, Sum
from mppbayes.panel import (
    public_figures,
    published_other,
    published_outcomes,
    published_ranges,
    read_panel,
)
from mppbayes.panel.evidence import rounding_interval
from mppbayes.panel.periods import Span


def network_per(period):
    return Network(
        name="keten",
        period=period,
        organisations=(Organisation("IND"),),
        blocks=(Block(1),),
        stocks=(Stock("pending", "IND", 1, "persons"),),
        flows=(
            Flow("applications", "IND", 1, "inflow", "persons", enters="pending"),
            Flow("reunification", "IND", 1, "inflow", "persons"),
        ),
        sums=(
            Sum("inflow", ("applications", "reunification")),
            Sum("present", ("pending",)),
        ),
    )


NETWORK = network_per("month")


def table(*rows, columns=("series", "period", "value")):
    return pd.DataFrame(list(rows), columns=list(columns))


def faults_of(evidence, network=NETWORK, **options):
    with pytest.raises(PanelError) as caught:
        read_panel(evidence, network, **options)
    return caught.value.faults


LONG = """series,period,value,rounding,as_of,source
applications,2024-01,315,5,2024-02-10,CBS
applications,2024-02,,5,,CBS
applications,2024-03,0,5,2030-01-01,CBS

reunification,2024-02,7,,,"a, b"
inflow,2023,1000,100,,press
pending,2024-03,88000,,,Eurostat
reunification,2023-Q4,30,,,
"""


@pytest.fixture
def panel(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text(LONG, encoding="utf-8")
    return read_panel(path, NETWORK)


def test_evidence_is_a_list_of_figures_with_intervals(panel):
    evidence = panel.evidence.set_index(["series", "period"])
    assert list(evidence.index) == [
        ("applications", "2024-01"),
        ("applications", "2024-03"),
        ("reunification", "2023-Q4"),
        ("reunification", "2024-02"),
        ("pending", "2024-03"),
        ("inflow", "2023"),
    ]
    assert list(evidence["row"]) == [2, 4, 9, 6, 8, 7]
    assert list(evidence["n_periods"]) == [1, 1, 3, 1, 1, 12]
    assert list(evidence["lower"]) == [313, 0, 30, 7, 88000, 950]
    assert list(evidence["upper"]) == [317, 2, 30, 7, 88000, 1049]
    assert list(evidence["rounding"]) == [5, 5, 1, 1, 1, 100]
    quarter = evidence.loc[("reunification", "2023-Q4")]
    assert (quarter["start"], quarter["end"]) == (
        pd.Timestamp("2023-10-01"),
        pd.Timestamp("2023-12-31"),
    )
    assert evidence["as_of"].isna().sum() == 4
    assert evidence.loc[("reunification", "2024-02"), "source"] == "a, b"


def test_counts_are_the_flows_over_single_periods(panel):
    counts = panel.counts()
    assert dict(counts.sizes) == {"time": 3, "flow": 2}
    assert counts["time"].dtype == "datetime64[ns]"
    assert counts["flow"].dtype.kind == "U"
    value = counts["value"]
    assert value.sel(flow="applications").fillna(-1).values.tolist() == [315, -1, 0]
    assert value.sel(flow="reunification").fillna(-1).values.tolist() == [-1, 7, -1]
    assert counts["upper"].sel(flow="applications", time="2024-03").item() == 2
    assert counts["rounding"].sel(flow="reunification").values.tolist() == [1, 1, 1]
    assert list(panel.coarse()["period"]) == ["2023-Q4"]
    assert list(panel.stock_evidence()["value"]) == [88000]
    assert list(panel.sum_evidence()["value"]) == [1000]


def test_counts_of_no_flows_are_empty():
    counts = read_panel(table(("pending", "2024", 5)), NETWORK).counts()
    assert dict(counts.sizes) == {"time": 0, "flow": 2}


def test_each_series_has_its_own_first_and_last(panel):
    assert panel.series == ("applications", "reunification", "pending", "inflow")
    assert panel.first("reunification") == pd.Period("2023-10", "M")
    assert panel.last("reunification") == pd.Period("2024-02", "M")
    assert panel.last("inflow") == pd.Period("2023-12", "M")
    with pytest.raises(LabelError, match="did you mean 'applications'"):
        panel.first("application")


@pytest.mark.parametrize(
    ("period", "kept"),
    [("2024-02", 4), ("2023", 2), ("2024-Q1", 6), ("2023-11", 0), (pd.Period("2024-01", "M"), 3)],
)
def test_a_panel_until_a_period_holds_what_ends_by_then(panel, period, kept):
    assert len(panel.until(period).evidence) == kept


def test_a_panel_known_at_a_date_respects_as_of(panel):
    known = panel.known_at("2024-02-10").evidence
    assert list(known["period"]) == ["2024-01", "2023-Q4", "2023"]
    assert len(panel.known_at("2024-02-09").evidence) == 2
    assert len(panel.known_at("2030-01-01").evidence) == 6
    for cut, bad in ((panel.known_at, "soon"), (panel.until, "2024-13")):
        with pytest.raises(PanelError, match=bad):
            cut(bad)


def test_a_panel_is_frozen_and_hands_out_copies(panel):
    before = panel.digest
    for handed_out in (panel.evidence, panel.stock_evidence(), panel.coarse()):
        handed_out["value"] = 999.0
    assert panel.digest == before
    with pytest.raises(dataclasses.FrozenInstanceError):
        panel.note = "x"


def test_the_digest_is_of_the_figures(panel):
    evidence = panel.evidence[["series", "period", "value", "rounding", "as_of"]]
    shuffled = read_panel(evidence.sample(frac=1, random_state=1), NETWORK)
    assert shuffled.digest == panel.digest
    changed = evidence.assign(value=evidence["value"] + 1)
    assert read_panel(changed, NETWORK).digest != panel.digest
    assert panel.until("2024-02").digest != panel.digest


def as_csv(frame, path):
    frame.to_csv(path, index=False)


def as_dutch_csv(frame, path):
    frame.to_csv(path, index=False, sep=";", encoding="utf-8-sig", lineterminator="\r\n")


def as_tabs(frame, path):
    frame.to_csv(path, index=False, sep="\t")


def as_parquet(frame, path):
    frame.to_parquet(path)


def as_excel(frame, path):
    frame.to_excel(path, index=False)


@pytest.mark.parametrize(
    ("write", "suffix"),
    [
        (as_csv, ".csv"),
        (as_dutch_csv, ".CSV"),
        (as_tabs, ".csv"),
        (as_parquet, ".parquet"),
        (as_excel, ".xlsx"),
    ],
)
@pytest.mark.parametrize("layout", ["long", "wide"])
def test_every_format_and_layout_says_the_same(tmp_path, write, suffix, layout):
    wide = table(
        ("2024-01", 10, np.nan),
        ("2024-02", 20, 5),
        ("2024-03", np.nan, 0),
        columns=("period", "reunification", "applications"),
    )
    long = wide.melt("period", var_name="series")
    expected = read_panel(long, NETWORK)
    path = tmp_path / f"counts{suffix}"
    write(wide if layout == "wide" else long, path)
    panel = read_panel(path, NETWORK, layout=layout)
    assert panel.digest == expected.digest
    assert panel.counts().identical(expected.counts())


def test_an_excel_sheet_is_counted_as_a_person_does(tmp_path):
    book = openpyxl.Workbook()
    for row in (
        ("series", "period", "value", None),
        ("applications", datetime(2024, 1, 1), 5),
        (None, None, None),
        ("applications", 2023, -3.0),
        ("applications", "2024-02", "1.234"),
        ("applications", datetime(2024, 3, 31), 1),
    ):
        book.active.append(row)
    path = tmp_path / "counts.xlsx"
    book.save(path)
    faults = faults_of(path)
    assert len(faults) == 3
    assert "row 6 (datetime.datetime(2024, 3, 31, 0, 0))" in faults[0]
    assert "negative counts: row 4 (-3" in faults[1]
    assert "row 5 ('1.234' of applications in 2024-02)" in faults[2]


def test_a_general_rounding_is_for_what_has_none():
    frame = table(("applications", "2024-01", 10), ("applications", "2024-02", 10))
    frame["rounding"] = [10, None]
    evidence = read_panel(frame, NETWORK, rounding=5).evidence
    assert evidence["rounding"].tolist() == [10, 5]
    assert evidence[["lower", "upper"]].to_numpy().tolist() == [[5, 14], [8, 12]]


@given(value=st.integers(0, 10**6), unit=st.integers(1, 10**4))
@settings(deadline=None)
def test_the_interval_holds_the_counts_that_round_half_up(value, unit):
    value -= value % unit
    lower, upper = rounding_interval(pd.Series([value]), pd.Series([unit]))
    low, high = int(lower[0]), int(upper[0])

    def rounded(count):
        return unit * ((2 * count + unit) // (2 * unit))

    assert rounded(low) == rounded(high) == value
    assert rounded(high + 1) > value
    assert low == 0 or rounded(low - 1) < value


@pytest.mark.parametrize("text", ["2024-03", "2024-Q1", "2024-H2", "2024", "1995-12"])
def test_a_period_is_its_text(text):
    assert str(Span.parse(text)) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (" 2024-03 ", "2024-03"),
        (2024, "2024"),
        (2024.0, "2024"),
        (np.int64(2024), "2024"),
        (pd.Timestamp("2024-03-01"), "2024-03"),
        (pd.Period("2024-03", "M"), "2024-03"),
        (pd.Period("2024Q3", "Q"), "2024-Q3"),
        (pd.Period("2024", "Y"), "2024"),
    ],
    ids=repr,
)
def test_a_period_may_be_of_another_type(cell, text):
    assert str(Span.parse(cell)) == text


@pytest.mark.parametrize(
    "cell",
    [
        "2024-3",
        "2024/03",
        "2024-13",
        "2024-Q5",
        "2024-H3",
        "24-03",
        "0024",
        "2024-03-01",
        "maart 2024",
        "٢٠٢٤",
        "",
        None,
        True,
        2024.5,
        float("nan"),
        float("inf"),
        pd.NaT,
        pd.Timestamp("2024-03-31"),
        pd.Timestamp("2024-03-01 12:00"),
        pd.Period("2024-03-01", "D"),
        pd.Period("2024-03", "Q-JAN"),
    ],
    ids=repr,
)
def test_what_is_no_period_is_refused(cell):
    (fault,) = faults_of(pd.DataFrame({"series": "applications", "period": [cell], "value": 1}))
    assert fault.startswith("unreadable periods: row 1 (")
    assert "write 2024-03, 2024-Q1, 2024-H1 or 2024" in fault


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (-1, "negative counts: row 1 (-1 of applications in 2024-01)"),
        ("-1", "negative counts"),
        (2.5, "fractional counts"),
        ("2.5", "fractional counts"),
        ("1.000", "numbers with a separator"),
        ("1,234", "numbers with a separator"),
        ("1 234", "numbers with a separator"),
        ("1.234.567", "numbers with a separator"),
        ("2,5", "values that are not numbers"),
        ("12*", "values that are not numbers"),
        ("n/a", "values that are not numbers"),
        ("nan", "values that are not numbers"),
        ("1_000", "values that are not numbers"),
        (True, "values that are not numbers"),
        (datetime(2024, 1, 1), "values that are not numbers"),
        (float("inf"), "values that are not finite"),
        ("inf", "values that are not finite"),
        ("1e999", "values that are not finite"),
        (2**53 + 2, "counts too large to be exact"),
        (10**400, "counts too large to be exact"),
    ],
    ids=repr,
)
def test_what_is_no_count_is_refused(cell, expected):
    frame = table(("applications", "2024-01", 1))
    frame["value"] = pd.Series([cell], dtype=object)
    (fault,) = faults_of(frame)
    assert expected in fault


@pytest.mark.parametrize("cell", [315, 315.0, "315", " 315 ", "315.0", "+315", "3.15e2"], ids=repr)
def test_a_count_may_be_written_in_many_ways(cell):
    assert read_panel(table(("applications", "2024-01", cell)), NETWORK).evidence["value"][0] == 315


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ("rounding", 0, "roundings that are not positive whole numbers: row 1 (0 "),
        ("rounding", -5, "roundings that are not"),
        ("rounding", 2.5, "roundings that are not"),
        ("rounding", "five", "roundings that are not"),
        ("as_of", "soon", "unreadable as_of dates: row 1 ('soon'"),
        ("as_of", "2024-03", "unreadable as_of dates"),
        ("as_of", 20240301, "unreadable as_of dates"),
        ("as_of", "9999-12-31", "unreadable as_of dates"),
        ("lower", 3, "the column 'lower' is computed here"),
    ],
)
def test_a_bad_optional_column_is_refused(column, cell, expected):
    (fault,) = faults_of(table(("applications", "2024-01", 5)).assign(**{column: cell}))
    assert expected in fault


def test_a_time_of_day_and_a_time_zone_are_understood():
    frame = table(("applications", "2024-01", 5)).assign(as_of="2024-03-01T00:30+02:00")
    assert read_panel(frame, NETWORK).evidence["as_of"][0] == pd.Timestamp("2024-02-29 22:30")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            [("applications", "2024-01", 1), ("applications", "2024-01", 2)],
            "repeated periods of 'applications': row 2 (2024-01 stands in row 1 too)",
        ),
        (
            [("applications", "2024-03", 1), ("applications", "2024-Q1", 2)],
            "overlapping periods of 'applications': row 1 (2024-03 overlaps 2024-Q1 in row 2)",
        ),
        (
            [("applications", "2024", 1), ("applications", "2024-01", 2)],
            "row 2 (2024-01 overlaps 2024 in row 1)",
        ),
        (
            [("inflow", "2024-H1", 1), ("inflow", "2024-03", 1), ("inflow", "2024-06", 1)],
            "row 2 (2024-03 overlaps 2024-H1 in row 1), row 3 (2024-06 overlaps 2024-H1 in row 1)",
        ),
        (
            [("pending", "2024", 1), ("pending", "2024-12", 1)],
            "repeated periods of 'pending': row 2 (2024-12 stands in row 1 too)",
        ),
    ],
)
def test_the_same_events_twice_are_refused(rows, expected):
    (fault,) = faults_of(table(*rows))
    assert expected in fault


def test_gaps_and_levels_do_not_overlap():
    rows = [
        ("applications", "2024", None),
        ("applications", "2024-01", 1),
        ("applications", "2024-01", None),
        ("pending", "2024", 1),
        ("pending", "2024-Q3", 1),
        ("reunification", "2024-01", 1),
    ]
    assert len(read_panel(table(*rows), NETWORK).evidence) == 4


@pytest.mark.parametrize(
    ("period", "finer", "coarser"),
    [
        ("quarter", "2024-03", "2024-Q1"),
        ("quarter", "2024-03", "2024-H1"),
        ("year", "2024-H1", "2024"),
    ],
)
def test_a_finer_frequency_than_the_networks_is_refused(period, finer, coarser):
    network = network_per(period)
    (fault,) = faults_of(table(("applications", finer, 1)), network)
    assert f"shorter than the network's, which is a {period}: row 1 ('{finer}')" in fault
    panel = read_panel(table(("applications", coarser, 1)), network)
    assert panel.first("applications").freqstr[0] == period[0].upper()
    assert panel.counts().sizes["time"] == (0 if coarser == "2024-H1" else 1)


@pytest.mark.parametrize(
    ("period", "shorter", "as_written"),
    [("quarter", "2024-03", "2024-Q1"), ("year", "2024-Q4", "2024"), ("year", "2024-H2", "2024")],
)
def test_a_level_of_a_shorter_period_is_not_to_be_added_up(period, shorter, as_written):
    frame = table(("pending", shorter, 1), ("reunification", shorter, 1))
    of_flow, of_level = faults_of(frame, network_per(period))
    what = f"shorter than the network's, which is a {period}: row"
    assert of_level == (
        f"levels dated by periods {what} 1 ('{shorter}'); "
        f"give the level at the end of a {period}, as {as_written}"
    )
    assert of_flow == f"periods {what} 2 ('{shorter}'); add the figures up"


DAYS = {"month": "2024-02-29", "quarter": "2024-09-30", "year": "2024-12-31"}


@pytest.mark.parametrize(
    ("period", "text"), [("month", "2024-02"), ("quarter", "2024-Q3"), ("year", "2024")]
)
@pytest.mark.parametrize(
    "as_cell",
    [str, pd.Timestamp, datetime.fromisoformat, date.fromisoformat],
    ids=["text", "timestamp", "datetime", "date"],
)
def test_a_level_may_be_dated_by_the_last_day_of_a_period(period, text, as_cell):
    network = network_per(period)
    for series in ("pending", "present"):
        frame = table((series, as_cell(DAYS[period]), 5))
        assert read_panel(frame, network).evidence["period"].tolist() == [text]
    (fault,) = faults_of(table(("applications", as_cell(DAYS[period]), 5)), network)
    assert fault.startswith("unreadable periods: row 1 (")
    assert "last day" not in fault


@pytest.mark.parametrize(("write", "suffix"), [(as_csv, ".csv"), (as_excel, ".xlsx")])
def test_a_file_may_date_levels_by_days(tmp_path, write, suffix):
    frame = table(("pending", date(2024, 12, 31), 5), ("pending", date(2023, 2, 28), 6))
    write(frame, tmp_path / f"levels{suffix}")
    evidence = read_panel(tmp_path / f"levels{suffix}", NETWORK).evidence
    assert evidence["period"].tolist() == ["2023-02", "2024-12"]


@pytest.mark.parametrize(
    ("period", "day"),
    [
        ("month", "2024-12-30"),
        ("month", "2024-02-30"),
        ("month", "2023-02-29"),
        ("month", "2024-12-01"),
        ("quarter", "2024-11-30"),
        ("year", "2024-06-30"),
        ("month", date(1700, 12, 31)),
        ("month", date.max),
        ("month", datetime(2024, 12, 31, 12)),
        ("month", pd.Period("2024-12-31", "D")),
    ],
)
def test_a_level_of_another_day_is_refused(period, day):
    (fault,) = faults_of(table(("pending", day, 5)), network_per(period))
    example = {"year": "2024-12-31"}.get(period, "2024-03-31")
    assert fault.startswith("unreadable periods: row 1 (")
    assert fault.endswith(f"; or the last day of a {period}, as {example}")


def test_a_date_and_a_period_of_one_level_are_a_repetition():
    frame = table(("pending", "2024-Q4", 5), ("pending", pd.Timestamp("2024-12-31"), 5))
    (fault,) = faults_of(frame)
    assert "row 2 (2024-12 stands in row 1 too)" in fault


def test_an_unknown_series_is_refused_with_a_suggestion():
    faults = faults_of(table(("aplications", "2024-01", 1), (None, "2024-02", 2), (3, "2024", 3)))
    assert "unknown series: row 1 ('aplications'); did you mean 'applications'?" in faults
    assert any("row 2 (empty), row 3 (3); known: 'applications'" in fault for fault in faults)


WIDE = table(("2024-01", 1, 2), columns=("period", "applications", "reunification"))


@pytest.mark.parametrize(
    ("frame", "layout", "expected"),
    [
        (WIDE, "long", "that is the wide layout; read it with layout='wide'"),
        (table(("applications", "2024", 1)), "wide", "that is the long layout"),
        (table(("applications", "2024", 1)), "tall", "layout is 'tall'; expected 'long' or 'wide'"),
        (WIDE.rename(columns={"period": "month"}), "wide", "is 'month'; expected 'period'"),
        (WIDE[["applications", "period"]], "wide", "is 'applications'; expected 'period'"),
        (WIDE.rename(columns={"applications": "applicants"}), "wide", "mean 'applications'?"),
        (WIDE[["period"]], "wide", "it has no column of a series"),
        (WIDE.assign(applications=-1), "wide", "row 1 (-1 of applications in 2024-01)"),
        (WIDE.assign(period="24"), "wide", "unreadable periods: row 1 ('24'); write"),
        (table(columns=("series", "period", "value")), "long", "it has no rows"),
        (table(("applications", "2024-01", None)), "long", "it holds no value at all"),
        (table(("applications", 1), columns=("series", "value")), "long", "'period' is missing"),
    ],
)
def test_a_table_of_another_form_is_refused(frame, layout, expected):
    faults = faults_of(frame, layout=layout)
    assert any(expected in fault for fault in faults), faults
    assert len(faults) <= 2


def test_a_rounding_that_is_none_is_refused():
    (fault,) = faults_of(WIDE, layout="wide", rounding=0)
    assert fault == "rounding is 0; expected a positive whole number"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("counts.csv", None, "there is no such file"),
        ("counts.txt", b"", "its name ends in '.txt'; expected a .csv, .parquet or .xlsx"),
        ("counts", b"", "its name ends in ''"),
        ("counts.csv", b"", "it is empty"),
        ("counts.csv", b"\n;;\n", "it is empty"),
        ("counts.csv", b"series,period,value\n", "it has no rows"),
        ("counts.csv", b"series,period,value\nSyri\xeb,2024,1\n", "line 2 is not UTF-8"),
        ("counts.csv", b"series,period,value\n\napplications,2024,1,234\n", "row 3 has 4 cells"),
        ("counts.csv", b"series,period,value,value\na,2024,1,2\n", "2 columns are called 'value'"),
        ("counts.csv", b"series,period,,value\na,2024,1,2\n", "column 3 has no name"),
        ("counts.csv", b'series,period,value\n"a,2024,1\n', "line 2: unexpected end of data"),
        ("counts.xlsx", b"no workbook", "it is no Excel workbook"),
        ("counts.parquet", b"no parquet", "it is no Parquet file"),
    ],
)
def test_an_unreadable_file_is_refused(tmp_path, name, content, expected):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PanelError, match=name) as caught:
        read_panel(path, NETWORK)
    assert expected in str(caught.value)


def test_what_is_no_table_or_no_network_is_refused(tmp_path):
    (tmp_path / "counts.csv").mkdir()
    with pytest.raises(PanelError, match="it is a folder; expected"):
        read_panel(tmp_path / "counts.csv", NETWORK)
    for table in (3, None):
        with pytest.raises(PanelError, match=f"{table} cannot be read.*\n.*expected a .csv"):
            read_panel(table, NETWORK)
    with pytest.raises(PanelError, match=r"'net\.toml'; expected a Network\n.*from_toml"):
        read_panel(WIDE, "net.toml", layout="wide")


def test_all_faults_are_reported_together_and_like_ones_in_one_line():
    rows = [("applications", f"{1900 + n // 12}-{n % 12 + 1:02}", -n) for n in range(1, 1001)]
    rows += [("x", "2024", 1), ("pending", "24", 1), ("inflow", "2024", "a")]
    with pytest.raises(PanelError) as caught:
        read_panel(table(*rows), NETWORK)
    assert "1003 faults" in str(caught.value)
    assert len(caught.value.faults) == 4
    assert len(str(caught.value)) < 1000
    negative = next(fault for fault in caught.value.faults if "negative" in fault)
    assert "rows 1-1000 (row 1: -1 of applications in 1900-02)" in negative


def test_carried_columns_may_bear_any_other_name():
    frame = table(("applications", "2024", 1)).assign(span="a", note="b", index="c")
    evidence = read_panel(frame, NETWORK).evidence
    assert evidence[["span", "note", "index"]].to_numpy().tolist() == [["a", "b", "c"]]


def test_the_public_figures_come_with_their_sources():
    panel = public_figures(Network.asylum_inflow())
    assert panel.series == Network.asylum_inflow().flow_names
    assert panel.note == "illustration on public copies, not an official forecast"
    assert panel.note in repr(panel)
    counts = panel.counts()
    assert dict(counts.sizes) == {"time": 132, "flow": 15}
    assert counts["value"].sel(time="2024").sum() == 44470
    assert np.isnan(counts["value"]).sum() == 24
    assert panel.first("other_and_repeat_applications") == pd.Period("2017-01", "M")
    assert list(panel.sources.index) == list(panel.series)
    assert (panel.sources[["obtained_via", "verified", "source"]] != "").all(axis=None)
    assert panel.until("2020-12").note == panel.note
    assert panel.evidence["source"].str.startswith("https://").all()


def test_the_public_figures_of_another_network_are_its_own():
    panel = public_figures(
        Network(
            name="opvang",
            organisations=(Organisation("COA"),),
            blocks=(Block(2),),
            stocks=(Stock("coa_occupancy", "COA", 2, "persons"),),
            flows=(Flow("coa_inflow", "COA", 2, "inflow", "persons", enters="coa_occupancy"),),
        )
    )
    assert panel.series == ("coa_inflow", "coa_occupancy")
    assert len(panel.stock_evidence()) == 32
    assert set(panel.coarse()["rounding"]) == {1000}
    with pytest.raises(PanelError, match="not about the network 'keten'"):
        public_figures(NETWORK)


def test_the_published_record_is_typed():
    assert published_outcomes()["total_inflow"].dtype == "int64"
    assert published_ranges()["upper"].dtype == "float64"
    assert {"edition", "value"} <= set(published_other())
