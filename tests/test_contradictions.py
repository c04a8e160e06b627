"""Figures of parts, or of members of a sum, that exceed the figure of what holds them."""

import chains
import pandas as pd
import pytest

from mppbayes.errors import PanelError
from mppbayes.panel import read_panel

NETWORK = chains.network(
    chains.flow("came", enters="here"),
    chains.flow("more", enters="there"),
    chains.flow("young", part_of="everyone"),
    chains.flow("old", part_of="everyone"),
    chains.flow("left", leaves="here"),
    stocks=[chains.stock("here"), chains.stock("there")],
    sums=[{"name": "everyone", "of": ["came", "more"]}, {"name": "both", "of": ["here", "there"]}],
)


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


@pytest.mark.parametrize(
    "rows",
    [
        [("everyone", "2024", 10), ("young", "2024", 6), ("old", "2024", 4)],
        [("everyone", "2024", 10, 5), ("young", "2024", 10, 5), ("old", "2024", 5, 5)],
        [("came", "2024-01", 4), ("old", "2024-01", 10)],  # nothing is known of the other member
        [("everyone", "2024-01", 4), ("old", "2024-Q1", 10)],
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
