"""A flow that counts the same people at another place is never added to the first."""

import pytest

from mppbayes import Network
from mppbayes.errors import NetworkError
from mppbayes.prediction.quantities import quantities


def network(entered=("applications",), **keys):
    def flow(name, organisation, **more):
        usual = {"block": 1, "kind": "inflow", "unit": "persons"}
        return {"name": name, "organisation": organisation, **usual, **more}

    return Network.from_dict(
        {
            "schema": 1,
            "name": "chain",
            "organisation": [{"name": "IND"}, {"name": "COA"}],
            "block": [{"number": 1}],
            "flow": [
                flow("syria", "IND"),
                flow("eritrea", "IND"),
                flow("entered", "COA", recounts=list(entered)),
                flow("ukraine", "COA"),
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
