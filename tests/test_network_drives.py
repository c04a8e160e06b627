"""What drives a flow."""

import pytest

from mppbayes.network import Delay, Flow, Route, drive


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, "exogenous"),
        ({"enters": "stock"}, "exogenous"),
        ({"driven_by": "stock"}, "stock"),
        ({"leaves": "stock"}, "stock"),
        ({"routes": (Route("a"),)}, "routed"),
        ({"routes": (Route("a", Delay(3, 2)),), "enters": "stock"}, "routed"),
        ({"part_of": "a"}, "part"),
        ({"part_of": "a", "rest": True, "enters": "stock"}, "part"),
    ],
)
def test_a_flow_has_one_drive(keys, expected):
    assert drive(Flow("x", "IND", 1, "inflow", "persons", **keys)) == expected
