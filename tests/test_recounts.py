"""A flow that counts the same people at another place is never added to the first."""

import pytest

from mppbayes import Network
from mppbayes.errors import NetworkError
from mppbayes.prediction.quantities import quantities


def network(entered=("applications",), *, touching=None, **keys):
    """Give a chain in which COA's entries recount; ``touching`` has what flows enter and leave."""

    def flow(name, organisation, **more):
        usual = {"block": 1, "kind": "inflow", "unit": "persons"}
        touched = (touching or {}).get(name, {})
        return {"name": name, "organisation": organisation, **usual, **more, **touched}

    place = {"organisation": "COA", "block": 1, "unit": "persons"}
    stocks = [{"name": name, **place} for name in ("waiting", "present")] if touching else []

    return Network.from_dict(
        {
            "schema": 1,
            "name": "chain",
            "organisation": [{"name": "IND"}, {"name": "COA"}],
            "block": [{"number": 1}],
            "stock": stocks,
            "flow": [
                flow("syria", "IND"),
                flow("eritrea", "IND"),
                flow("entered", "COA", recounts=list(entered)),
                flow("ukraine", "COA"),
                flow("minors", "COA", part_of="applications"),
            ],
            "sum": [{"name": "applications", "of": ["syria", "eritrea"]}, *keys.get("sums", ())],
        }
    )


def members(chain, by):
    return {each.name: each.member_names for each in quantities(chain, [by])}


def test_a_group_that_holds_what_it_recounts_leaves_it_out():
    assert members(network(), "kind")["kind=inflow"] == ["syria", "eritrea", "ukraine"]
    assert members(network(["eritrea"]), "block")["block=1"] == ["syria", "eritrea", "ukraine"]


def test_a_group_without_what_it_recounts_holds_it():
    assert members(network(), "organisation") == {
        "organisation=IND": ["syria", "eritrea"],
        "organisation=COA": ["entered", "ukraine"],
    }


def test_it_is_kept_in_files():
    chain = network()
    assert Network.from_dict(chain.to_dict()) == chain
    assert chain.flow("entered").recounts == ("applications",)
    assert "recounts" not in network(())._header()


@pytest.mark.parametrize(
    ("entered", "sums", "said"),
    [
        (["applicatons"], [], "'applicatons', which is not a flow or a sum; did you mean"),
        (["entered"], [], "'entered' recounts itself"),
        (["both"], [{"name": "both", "of": ["syria", "entered"]}], "'entered' recounts itself"),
        (["syria"], [{"name": "both", "of": ["syria", "entered"]}], "sum 'both' counts 'syria'"),
    ],
)
def test_what_would_count_twice_is_refused(entered, sums, said):
    with pytest.raises(NetworkError, match=said):
        network(entered, sums=sums)


TO_WAITING, TO_PRESENT = {"enters": "waiting"}, {"enters": "present"}


@pytest.mark.parametrize(
    ("entered", "touching", "said"),
    [
        (
            ["syria"],
            {"syria": TO_PRESENT, "entered": TO_PRESENT, "eritrea": TO_WAITING},
            "flows 'entered' and 'syria' both enter 'present' and 'entered' recounts 'syria': that "
            "counts events twice; leave out enters of one of them",
        ),
        (
            ["applications"],
            {"syria": TO_PRESENT, "entered": TO_PRESENT, "eritrea": TO_WAITING},
            "and 'entered' recounts 'applications', which overlaps 'syria': that counts",
        ),
        (
            ["eritrea"],
            {"minors": TO_PRESENT, "entered": TO_PRESENT, "eritrea": TO_WAITING},
            "and 'entered' recounts 'eritrea', which overlaps 'minors': that counts",
        ),
        (
            ["applications"],
            {
                "syria": {"leaves": "waiting"},
                "entered": {"leaves": "waiting", **TO_PRESENT},
                "ukraine": TO_WAITING,
            },
            "flows 'entered' and 'syria' both leave 'waiting' and 'entered' recounts "
            "'applications', which overlaps 'syria': that counts events twice; leave out leaves of "
            "one of them",
        ),
    ],
)
def test_what_would_enter_or_leave_a_stock_twice_is_refused(entered, touching, said):
    with pytest.raises(NetworkError) as caught:
        network(entered, touching=touching)
    (fault,) = caught.value.faults
    assert said in fault


def test_what_is_recounted_may_enter_another_stock_or_leave_the_one_that_is_entered():
    touching = {"syria": TO_WAITING, "entered": TO_PRESENT, "ukraine": TO_PRESENT}
    assert network(touching=touching).flow("entered").enters == "present"
    touching |= {"syria": {"leaves": "present", **TO_WAITING}}
    assert network(touching=touching).flow("syria").leaves == "present"


def test_the_public_chain_adds_up_no_one_twice():
    chain = Network.migratieketen()
    groups = {
        (q.name, q.kind, q.unit): q.member_names for q in quantities(chain, ["block", "kind"])
    }
    inflow = groups["kind=inflow", "inflow", "persons"]
    assert "first_applications_syria" in inflow
    assert "coa_inflow" not in inflow
    assert groups["block=2", "inflow", "persons"] == ["coa_inflow"]
    assert groups["block=4", "outflow", "persons"] == ["coa_outflow_status_holders"]
