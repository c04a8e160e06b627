"""Figures of parts, or of members of a sum, that exceed the figure of what holds them."""

import chains
import pandas as pd
import pytest
from chains import months
from hypothesis import given, settings
from hypothesis import strategies as st

from mppbayes.errors import PanelError
from mppbayes.network import Network
from mppbayes.panel import public_figures, read_panel

NETWORK = chains.network(
    chains.flow("came", enters="here"),
    chains.flow("more", enters="there"),
    chains.flow("young", part_of="everyone"),
    chains.flow("old", part_of="everyone"),
    chains.flow("others", part_of="everyone", rest=True),
    chains.flow("left", leaves="here"),
    stocks=[chains.stock("here"), chains.stock("there")],
    sums=[
        {"name": "everyone", "of": ["came", "more"]},
        {"name": "anyone", "of": ["everyone", "left"]},
        {"name": "both", "of": ["here", "there"]},
    ],
)


def of(series, figures):
    """Give rows of a series."""
    return [(series, *figure) for figure in figures]


def read(*rows):
    columns = ["series", "period", "value", "rounding"]
    padded = [(*row, 1) if len(row) == 3 else row for row in rows]
    return read_panel(pd.DataFrame(padded, columns=columns), NETWORK)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("everyone", "2024", 10), ("young", "2024", 12)], "young in 2024: at least 12, of at mo"),
        (
            [("everyone", "2024", 10), ("young", "2024", 6), ("old", "2024", 5)],
            "young and old in 2024: at least 11, of at most 10",
        ),
        (
            [("came", "2024-01", 4), ("more", "2024-01", 5), ("old", "2024-01", 10)],
            "old in 2024-01: at least 10, of at most 9",
        ),
        ([("everyone", "2024-Q1", 10), ("came", "2024-Q1", 12)], "members that exceed 'everyone'"),
        ([("both", "2024-Q1", 10), ("here", "2024-03", 12)], "members that exceed 'both'"),
    ],
)
def test_what_exceeds_its_whole_is_refused(rows, said):
    with pytest.raises(PanelError) as caught:
        read(*rows)
    assert said in " ".join(str(caught.value).split())


ACROSS = {
    "months of a part in a quarter of the whole": (
        [("everyone", "2024-Q1", 30), *of("young", months("2024-01", [20, 20, 20]))],
        "parts that exceed 'everyone': row 2 (young in 2024-Q1: at least 60, of at most 30)",
    ),
    "a quarter of a part over months of the whole": (
        [("young", "2024-Q1", 50), *of("everyone", months("2024-01", [10, 10, 10]))],
        "parts that exceed 'everyone': row 1 (young in 2024-Q1: at least 50, of at most 30)",
    ),
    "a quarter of a part over months of the whole's members": (
        [
            ("young", "2024-Q1", 50),
            ("more", "2024-Q1", 10),
            *of("came", months("2024-01", [10, 10, 10])),
        ],
        "row 1 (young in 2024-Q1: at least 50, of at most 40)",
    ),
    "a month of a part in a month of the members, of the whole the year": (
        [
            ("everyone", "2024", 500),
            ("came", "2024-02", 10),
            ("more", "2024-02", 5),
            ("old", "2024-02", 16),
        ],
        "row 4 (old in 2024-02: at least 16, of at most 15)",
    ),
    "months of members in a quarter of the sum": (
        [("everyone", "2024-Q1", 30), *of("came", months("2024-01", [20, 0, 20]))],
        "members that exceed 'everyone': row 2 (came in 2024-Q1: at least 40, of at most 30)",
    ),
    "members of different spans": (
        [("everyone", "2024-H1", 30), ("came", "2024-Q1", 16), ("more", "2024-06", 15)],
        "row 2 (came and more in 2024-H1: at least 31, of at most 30)",
    ),
    "a sum in a sum": (
        [("anyone", "2024-Q1", 30), *of("everyone", months("2024-01", [20, 20, 20]))],
        "members that exceed 'anyone': row 2 (everyone in 2024-Q1: at least 60, of at most 30)",
    ),
    "quarters of a part in a year that quarters, a half-year and months make": (
        [
            ("everyone", "2024-H2", 10),
            ("everyone", "2024-Q2", 10),
            *of("everyone", months("2024-01", [10, 0, 0])),
            ("young", "2024", 31),
        ],
        "row 6 (young in 2024: at least 31, of at most 30)",
    ),
}


@pytest.mark.parametrize(("rows", "said"), ACROSS.values(), ids=ACROSS)
def test_spans_of_different_lengths_are_compared(rows, said):
    with pytest.raises(PanelError) as caught:
        read(*rows)
    text = " ".join(str(caught.value).split())
    assert said in text
    assert "1 fault" in text
    assert "one of the figures is wrong, or they are not of the same events" in text


def test_a_part_of_what_a_sum_leaves_is_compared_with_it():
    """The whole has no figure: it is the sum less the other member."""
    network = chains.network(
        chains.flow("came"),
        chains.flow("more"),
        chains.flow("young", part_of="came"),
        sums=[{"name": "everyone", "of": ["came", "more"]}],
    )
    figures = {"everyone": [("2024-Q1", 90)], "more": months("2024-01", [20, 20, 20])}
    chains.panel(network, **figures, young=months("2024-01", [10, 10, 10]))
    with pytest.raises(PanelError, match="young in 2024-Q1: at least 31, of at most 30"):
        chains.panel(network, **figures, young=months("2024-01", [10, 10, 11]))


def test_the_shortest_span_at_fault_is_told_and_none_that_holds_it():
    with pytest.raises(PanelError) as caught:
        read(
            *of("everyone", months("2024-01", [10] * 6)),
            *of("young", months("2024-01", [0, 11, 0, 0, 12, 0])),
            ("old", "2024-Q1", 40),
        )
    (fault,) = caught.value.faults
    assert "young in 2024-02: at least 11, of at most 10" in fault
    assert "young in 2024-05: at least 12, of at most 10" in fault
    assert "2024-Q1" not in fault


@pytest.mark.parametrize(
    "rows",
    [
        [("everyone", "2024", 10), ("young", "2024", 6), ("old", "2024", 4)],
        [("everyone", "2024", 10, 5), ("young", "2024", 10, 5), ("old", "2024", 5, 5)],
        [("came", "2024-01", 4), ("old", "2024-01", 10)],  # nothing is known of the other member
        [("everyone", "2024-01", 4), ("old", "2024-Q1", 10)],
        [*of("everyone", months("2024-01", [4, 4])), ("old", "2024-Q1", 10)],
        [("everyone", "2024-Q1", 30, 10), *of("young", months("2024-01", [10, 14, 10]))],
        [("both", "2024", 10), ("here", "2024-Q3", 12), ("there", "2024-11", 12)],
        [("both", "2024-02", 10), ("here", "2024-03", 12)],
    ],
)
def test_what_may_be_is_read(rows):
    assert len(read(*rows).evidence) == len(rows)


def test_all_contradictions_are_reported_together():
    with pytest.raises(PanelError, match="2 faults"):
        read(
            ("everyone", "2023", 1),
            ("young", "2023", 2),
            ("everyone", "2024", 1),
            ("old", "2024", 2),
        )


def texts(n_months):
    """Name the periods of a length in 2024."""
    forms = {1: "2024-{:02}", 3: "2024-Q{}", 6: "2024-H{}", 12: "2024"}
    return [forms[n_months].format(n) for n in range(1, 12 // n_months + 1)]


@st.composite
def published(pick, truth, levels=()):
    """Publish the months of series at frequencies of their own, rounded, with gaps."""
    rows = []
    for series, counts in truth.items():
        for half in (0, 6):
            length = pick(st.sampled_from([1, 3, 6]))
            unit = pick(st.sampled_from([1, 5, 10]))
            for first in range(half, half + 6, length):
                inside = counts[first : first + length]
                count = inside[-1] if series in levels else sum(inside)
                if pick(st.integers(0, 9)):
                    rounded = unit * ((2 * count + unit) // (2 * unit))
                    rows.append((series, texts(length)[first // length], rounded, unit))
    return rows


YEAR = st.lists(st.integers(0, 40), min_size=12, max_size=12)


@given(
    counts=st.fixed_dictionaries(dict.fromkeys(("came", "more", "left", "here", "there"), YEAR)),
    young=st.lists(st.floats(0, 1), min_size=12, max_size=12),
    data=st.data(),
)
@settings(deadline=None, max_examples=60)
def test_what_is_true_is_never_refused(counts, young, data):
    """Whatever is published of a consistent chain, at whatever frequency and rounding."""
    everyone = [sum(each) for each in zip(counts["came"], counts["more"], strict=True)]
    parts = [int(n * share) for n, share in zip(everyone, young, strict=True)]
    old = [(n - part) // 2 for n, part in zip(everyone, parts, strict=True)]
    truth = counts | {
        "young": parts,
        "old": old,
        "others": [n - one - two for n, one, two in zip(everyone, parts, old, strict=True)],
        "everyone": everyone,
        "anyone": [sum(each) for each in zip(everyone, counts["left"], strict=True)],
        "both": [sum(each) for each in zip(counts["here"], counts["there"], strict=True)],
    }
    rows = data.draw(published(truth, levels=("here", "there", "both")))
    if rows:
        assert len(read(*rows).evidence) == len(rows)


@given(
    whole=YEAR,
    lengths=st.tuples(*[st.sampled_from([1, 3, 6, 12])] * 2),
    holder=st.sampled_from(["everyone", "anyone"]),
    data=st.data(),
)
@settings(deadline=None, max_examples=60)
def test_one_too_many_is_refused_at_any_frequency(whole, lengths, holder, data):
    """An inner series that equals its holder, but for one more, exceeds it at any two lengths."""
    inner = {"everyone": "young", "anyone": "left"}[holder]
    more = list(whole)
    more[data.draw(st.integers(0, 11))] += 1
    rows = [
        (series, text, sum(counts[n * length : (n + 1) * length]))
        for series, counts, length in zip((holder, inner), (whole, more), lengths, strict=True)
        for n, text in enumerate(texts(length))
    ]
    with pytest.raises(PanelError, match=rf"that exceed '{holder}': row \d+ \({inner} in 2024"):
        read(*rows)


def test_the_public_figures_contradict_nothing():
    assert len(public_figures(Network.migratieketen()).evidence) > 2000
