"""What follows from a given future: parts, what events feed, stocks and what these drive."""

import chains
import numpy as np

from mppbayes.prediction.consequences import consequences

N_TIME, SINCE = 6, 2


def reached(net, *given):
    cells = np.zeros((N_TIME, len(net.flows)), dtype=bool)
    for name in given:
        cells[SINCE, net.flow_names.index(name)] = True
    flows, stocks = consequences(net, cells)
    assert not flows[:SINCE].any()
    assert not stocks[:SINCE].any()
    own = dict(zip(net.flow_names, flows.T.tolist(), strict=True))
    return own, dict(zip(net.stock_names, stocks.T.tolist(), strict=True))


def network():
    return chains.network(
        chains.flow("came", enters="pending"),
        chains.flow("decided", leaves="pending", kind="throughflow"),
        chains.flow("granted", part_of="decided", enters="housed"),
        chains.flow("refused", part_of="decided", rest=True),
        chains.flow("appealed", route=[chains.route("refused", 2, 1)]),
        chains.flow("moved", leaves="housed", kind="outflow"),
        chains.flow("apart"),
        stocks=[chains.stock("pending", 100), chains.stock("housed", 100)],
    )


LATER = [False] * SINCE + [True] * (N_TIME - SINCE)
ONCE = [t == SINCE for t in range(N_TIME)]
NEVER = [False] * N_TIME


def test_all_that_follows_is_found_from_then_on():
    flows, stocks = reached(network(), "came")
    assert flows.pop("came") == ONCE
    assert flows.pop("apart") == NEVER
    assert all(each == LATER for each in [*flows.values(), *stocks.values()])


def test_what_leaves_a_stock_follows_from_itself_and_nothing_upstream_does():
    flows, stocks = reached(network(), "moved")
    assert {name for name, each in flows.items() if each == LATER} == {"moved"}
    assert {name for name, each in flows.items() if each == NEVER} == set(flows) - {"moved"}
    assert stocks == {"pending": NEVER, "housed": LATER}


def test_the_rest_follows_from_a_part_and_the_whole_does_not():
    flows, stocks = reached(network(), "granted")
    assert flows["refused"] == flows["appealed"] == flows["moved"] == LATER
    assert flows["granted"] == ONCE
    assert flows["decided"] == NEVER
    assert stocks == {"pending": NEVER, "housed": LATER}


def test_without_a_given_future_nothing_follows():
    flows, stocks = reached(network())
    assert not any(map(any, [*flows.values(), *stocks.values()]))
