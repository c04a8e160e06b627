"""Between its figures a stock is what the evidence tells, and no parameter moves it."""

import chains
import numpy as np
import pytest
from chains import flow, months, network, stock

from mppbayes.model.bridging import bridged


def one_stock(present, arrive, **figures):
    net = network(
        flow("arrive", enters="present"),
        flow("leave", leaves="present"),
        stocks=[stock("present", 1000.0)],
    )
    known = chains.layout(net, arrive=arrive, present=present, **figures)
    value, seen = bridged(known)
    return value[:, 0].tolist(), seen[:, 0].tolist()


def test_a_stock_moves_with_its_flows_and_evenly_with_the_rest():
    """From 1000 to 1090 with 10, 20, 30 and 60 arrived: 30 are gone, 7.5 a month."""
    value, seen = one_stock(
        [("2020-01", 1000), ("2020-05", 1090)], months("2020-01", [99, 10, 20, 30, 60, 70])
    )
    assert value[:5] == [1000, 1002.5, 1015, 1037.5, 1090]
    assert seen == [True] * 5 + [False]


def test_a_longer_figure_moves_it_evenly():
    value, _ = one_stock(
        [("2020-03", 1000), ("2020-06", 1000)],
        months("2020-01", [0] * 6),
        leave=[("2020-Q2", 30)],
    )
    assert value[2:6] == [1000, 1000, 1000, 1000]


def test_it_is_never_negative():
    value, _ = one_stock(
        [("2020-01", 10), ("2020-04", 10)],
        months("2020-01", [0, 0, 0, 60]),
        leave=months("2020-01", [0, 40, 20, 0]),
    )
    assert value == [10, 0, 0, 10]


def two_stocks(**figures):
    net = network(
        flow("arrive", enters="early"),
        flow("move", leaves="early", enters="late"),
        flow("leave", leaves="late"),
        stocks=[stock("early", 1000.0), stock("late", 1000.0)],
        sums=[{"name": "both", "of": ["early", "late"]}],
    )
    return bridged(chains.layout(net, arrive=months("2020-01", [0] * 7), **figures))


def test_a_figure_of_a_sum_scales_those_that_have_none_then():
    """Halfway 200 and 100 of the 360 that were counted; then on to the next figures."""
    ends = ("2020-01", "2020-07")
    value, seen = two_stocks(
        early=list(zip(ends, (200, 200), strict=True)),
        late=list(zip(ends, (100, 100), strict=True)),
        both=[("2020-04", 360)],
    )
    assert value[3].tolist() == [240, 120]
    np.testing.assert_allclose(value[[1, 2, 4, 5], 0], 200 + 40 * np.array([1, 2, 2, 1]) / 3)
    assert seen.all()


def test_a_sum_gives_the_rest_to_the_one_without_a_figure():
    value, _ = two_stocks(
        early=[("2020-01", 200), ("2020-04", 230), ("2020-07", 200)],
        late=[("2020-01", 100), ("2020-07", 100)],
        both=[("2020-04", 360)],
    )
    assert value[3].tolist() == [230, 130]


def test_a_stock_without_figures_is_not_known():
    value, seen = two_stocks(early=[("2020-01", 200), ("2020-04", 230)])
    assert not seen[:, 1].any()
    assert value[:, 1].tolist() == pytest.approx([0.0] * 7)
