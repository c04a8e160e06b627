import copy
import dataclasses
import string
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mppbayes.errors import LabelError, NetworkError
from mppbayes.network import (
    Block,
    Delay,
    DelayPrior,
    Flow,
    Initial,
    Network,
    Organisation,
    Route,
    Stock,
    Sum,
    Title,
)

CHAIN = """
schema = 1
name = "keten"
title = { nl = "de keten" }
period = "month"

[[organisation]]
name = "IND"
[[organisation]]
name = "DT&V"

[[block]]
number = 1
title = { nl = "instroom verminderen", en = "reduce inflow" }
[[block]]
number = 4

[[stock]]
name = "pending"
organisation = "IND"
block = 1
unit = "persons"

[[flow]]
name = "applications"
organisation = "IND"
block = 1
kind = "inflow"
unit = "persons"
enters = "pending"
labels = { nationality = "Syria" }

[[flow]]
name = "decisions"
organisation = "IND"
block = 1
kind = "throughflow"
unit = "persons"
leaves = "pending"
driven_by = "pending"

[[flow]]
name = "grants"
organisation = "IND"
block = 4
kind = "throughflow"
unit = "persons"
part_of = "decisions"

[[flow]]
name = "rejections"
organisation = "IND"
block = 1
kind = "throughflow"
unit = "persons"
part_of = "decisions"
rest = true

[[flow]]
name = "cases"
organisation = "DT&V"
block = 1
kind = "inflow"
unit = "cases"
  [[flow.route]]
  source = "rejections"
  delay = { mean = 3, sd = 2 }
  delay_prior = { mean_sd = 1, sd_sd = 0.5 }

[[flow]]
name = "reunification"
organisation = "IND"
block = 1
kind = "inflow"
unit = "persons"

[[sum]]
name = "inflow"
of = ["applications", "reunification"]
title = { nl = "totale instroom", en = "total inflow" }
"""


def chain(**changes):
    """Give the chain above as a dict, with rows changed by name: None deletes a key."""
    data = tomllib.loads(CHAIN)
    rows = {row["name"]: row for table in ("stock", "flow", "sum") for row in data[table]}
    for name, change in changes.items():
        rows[name] |= change
        for key in [key for key, value in change.items() if value is None]:
            del rows[name][key]
    return data


def flow(name, **keys):
    row = {"name": name, "organisation": "IND", "block": 1, "kind": "inflow", "unit": "persons"}
    return row | keys


def with_rows(table, *rows, **changes):
    data = chain(**changes)
    data[table] = [*data[table], *rows]
    return data


def without(table):
    data = chain()
    del data[table]
    return data


def delayed(mean, sd, **prior):
    route = {"source": "rejections", "delay": {"mean": mean, "sd": sd}}
    return route | {"delay_prior": prior} if prior else route


def faults_of(data):
    with pytest.raises(NetworkError) as caught:
        Network.from_dict(data)
    return caught.value.faults


def test_the_whole_format_is_read():
    network = Network.from_dict(chain())
    assert network.flow_names[:2] == ("applications", "decisions")
    assert network.stock_names == ("pending",)
    assert network.series_names[-2:] == ("pending", "inflow")
    assert network.label_names == ("nationality",)
    assert network.members("inflow") == ("applications", "reunification")
    assert network.flow("applications").labels == {"nationality": "Syria"}
    assert network.flow("grants").part_of == "decisions"
    assert network.flow("rejections").rest
    assert network.flow("cases").routes[0].delay == Delay(3.0, 2.0)
    assert network.stock("pending").unit == "persons"
    assert network.sum("inflow").title.in_language("en") == "total inflow"
    assert network.title.in_language("en") == "de keten"
    assert Title().in_language("nl") == ""


def test_a_flow_that_leaves_a_stock_is_driven_by_it():
    network = Network.from_dict(chain(decisions={"driven_by": None}))
    assert network.flow("decisions").driver == "pending"
    assert network.flow("applications").driver is None


def test_unknown_names_are_looked_up_with_a_suggestion():
    network = Network.from_dict(chain())
    for look_up, name, meant in (
        (network.flow, "decision", "decisions"),
        (network.stock, "pendin", "pending"),
        (network.sum, "inflo", "inflow"),
        (network.members, "inflo", "inflow"),
    ):
        with pytest.raises(LabelError, match=f"did you mean '{meant}'"):
            look_up(name)


def test_a_network_is_frozen_and_hashable():
    network, same = Network.from_dict(chain()), Network.from_dict(chain())
    assert network == same
    assert len({network, same}) == 1
    assert network.digest == same.digest
    assert network.digest != Network.from_dict(chain(pending={"title": {"en": "x"}})).digest
    with pytest.raises(dataclasses.FrozenInstanceError):
        network.name = "other"
    with pytest.raises(TypeError):
        network.flow("applications").labels["nationality"] = "Iraq"


def test_a_network_made_in_python_is_checked_too():
    made = {
        "name": "keten",
        "organisations": [Organisation("IND")],
        "blocks": [Block(1)],
        "flows": [Flow("arrivals", "IND", 1, "inflow", "persons", labels={"origin": "Syria"})],
        "sums": [Sum("total", ["arrivals"])],
    }
    network = Network(**made)
    assert network == Network.from_dict(network.to_dict())
    assert isinstance(hash(network), int)
    assert isinstance(network.sums[0].of, tuple)
    bad = Flow("departures", "IND", "1", "out", "persons", routes=(Route(3),))
    with pytest.raises(NetworkError) as caught:
        Network(**made | {"flows": [*made["flows"], bad], "stocks": [Stock("s", "IND", 2, "p")]})
    assert len(caught.value.faults) == 5


def test_the_asylum_inflow_holds_the_monthly_flows():
    network = Network.asylum_inflow()
    assert len(network.flows) == 15
    assert network.members("asylum_inflow") == network.flow_names
    assert {each.organisation for each in network.flows} == {"IND", "BZ"}
    assert [block.number for block in network.blocks] == [1, 2, 3, 4]
    assert {flow.block for flow in network.flows} == {1}
    titled = (*network.flows, *network.sums, *network.blocks, *network.organisations, network)
    for each in titled:
        assert each.title.nl, each
        assert each.title.en, each
        assert each.title.nl != each.title.en, each
    plain = [each.name for each in network.flows if not each.labels]
    assert plain == ["other_and_repeat_applications"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (chain() | {"schema": 2}, "schema is 2; expected 1"),
        (chain() | {"period": "week"}, "period is 'week'; expected 'month', 'quarter' or 'year'"),
        (chain() | {"name": ""}, "name is ''; expected some text"),
        (without("name"), "'name' is missing"),
        (chain() | {"flwo": []}, "unknown key 'flwo'; did you mean 'flow'?"),
        (chain() | {"sum": {"name": "a"}}, "'sum' is not a list of tables; write [[sum]]"),
        (with_rows("sum", 3), "sum 2: it is 3; expected a table"),
        (
            chain(cases={"route": {"source": "grants"}}),
            "flow 'cases': 'route' is not a list of tables; write [[flow.route]] above each of",
        ),
        (chain(inflow={"of": {"a": "grants"}}), "of is {'a': 'grants'}; expected a list"),
        (chain(grants={"blok": 1}), "flow 'grants': unknown key 'blok'; did you mean 'block'?"),
        (chain(cases={"routes": []}), "unknown key 'routes'; did you mean 'route'?"),
        (
            chain(
                cases={"route": [{"source": "grants", "delay": {"mean": 1, "sd": 1, "mena": 2}}]}
            ),
            "flow 'cases', route, 1, delay: unknown key 'mena'; did you mean 'mean'?",
        ),
        (chain(cases={"route": [{}]}), "flow 'cases', route, 1: 'source' is missing"),
        (chain(grants={"block": "4"}), "block is '4'; expected a whole number"),
        (chain(grants={"block": True}), "block is True; expected a whole number"),
        (chain(grants={"rest": 1}), "rest is 1; expected true or false"),
        (chain(grants={"unit": 3}), "unit is 3; expected text"),
        (chain(grants={"title": "x"}), "title is 'x'; expected a table"),
        (chain(inflow={"of": "cases"}), "of is 'cases'; expected a list"),
        (chain(inflow={"of": []}), "of is []; expected at least one name"),
        (chain(grants={"kind": "inflows"}), "expected 'inflow', 'throughflow' or 'outflow'"),
        (
            chain(grants={"organisation": "DTV"}),
            "'DTV', which is not declared; did you mean 'DT&V'",
        ),
        (chain(grants={"block": 2}), "block is 2, which is not declared; known: '1', '4'"),
        (chain(grants={"part_of": "decision"}), "not a flow or a sum; did you mean 'decisions'?"),
        (
            chain(grants={"part_of": "pending"}),
            "part_of is 'pending', which is not a flow or a sum",
        ),
        (chain(decisions={"driven_by": "cases", "leaves": None}), "'cases', which is not a stock"),
        (
            with_rows(
                "sum",
                {"name": "present", "of": ["pending"]},
                decisions={"driven_by": None, "leaves": "present"},
            ),
            "flow 'decisions': leaves is 'present', a sum of stocks; a sum drives nothing, and "
            "nobody enters or leaves it: name one of its members: 'pending'",
        ),
        (
            with_rows(
                "sum", {"name": "present", "of": ["pending"]}, applications={"enters": "present"}
            ),
            "flow 'applications': enters is 'present', a sum of stocks",
        ),
        (
            with_rows(
                "sum",
                {"name": "present", "of": ["pending"]},
                cases={"route": None, "driven_by": "present"},
            ),
            "flow 'cases': driven_by is 'present', a sum of stocks",
        ),
        (
            chain(decisions={"driven_by": None, "leaves": "inflow"}),
            "leaves is 'inflow', which is not a stock",
        ),
        (chain(cases={"route": [{"source": "pending"}]}), "'pending', which is not a flow"),
        (chain(inflow={"of": ["applicatoins"]}), "did you mean 'applications'?"),
        (with_rows("flow", flow("grants")), "2 rows are called 'grants'"),
        (with_rows("flow", flow("pending")), "2 rows are called 'pending'"),
        (with_rows("flow", flow("inflow")), "2 rows are called 'inflow'"),
        (with_rows("block", {"number": 1}), "2 rows are called 1; each block"),
        (with_rows("organisation", {"name": "IND"}), "each organisation needs its own name"),
        (with_rows("flow", flow("Syrië")), "flow 'Syrië': name is 'Syrië'; expected a key"),
        (with_rows("flow", flow("x\n")), "expected a key"),
        (chain(grants={"labels": {"kind": "a"}}), "has the name of a built-in level"),
        (chain(grants={"labels": {"Origin": "a"}}), "labels Origin is 'Origin'; expected a key"),
        (chain(grants={"labels": {"origin": ""}}), "labels origin is ''; expected some text"),
        (
            chain(grants={"part_of": "grants"}, rejections={"rest": None}),
            "a part of itself (grants → grants)",
        ),
        (chain(reunification={"part_of": "inflow"}), "(reunification → inflow → reunification)"),
        (with_rows("sum", {"name": "s", "of": ["s", "cases"]}), "sum 's' holds itself (s → s)"),
        (chain(reunification={"rest": True}), "'reunification' is a rest of nothing"),
        (
            chain(grants={"rest": True}),
            "'grants' and 'rejections' are each the rest of 'decisions'",
        ),
        (chain(grants={"unit": "cases"}), "a part has its whole's unit"),
        (
            chain(grants={"part_of": None}),
            "flow 'rejections' is the rest of 'decisions', which has no other part: it would be "
            "the whole itself; declare another part of 'decisions', or leave out rest = true",
        ),
        (
            chain(grants={"leaves": "pending"}),
            "flow 'grants' is part of 'decisions' and leaves 'pending', which drives it; keep one "
            "of them (where all that is counted in 'decisions' leaves the stock, say so there)",
        ),
        (
            chain(decisions={"leaves": None, "enters": "pending"}, grants={"enters": "pending"}),
            "flows 'grants' and 'decisions' both enter 'pending' and overlap, one being counted in "
            "the other or in a whole that holds it: that counts events twice; leave out enters of "
            "one of them",
        ),
        (
            with_rows(
                "flow",
                flow("minors", part_of="inflow", enters="pending"),
                flow("syrians", part_of="applications", enters="pending"),
                applications={"enters": None},
            ),
            "flows 'minors' and 'syrians' both enter 'pending' and overlap",
        ),
        (
            chain(cases={"route": [delayed(3, 2), {"source": "decisions"}]}),
            "flow 'cases' has routes from 'rejections' and 'decisions', which overlap: what is "
            "counted in both feeds it twice; keep one of them, or name disjoint flows",
        ),
        (
            chain(cases={"route": [{"source": "inflow"}, {"source": "applications"}]}),
            "has routes from 'inflow' and 'applications', which overlap",
        ),
        (chain(grants={"driven_by": "pending"}), "has driven_by and part_of"),
        (chain(cases={"part_of": "inflow", "unit": "persons"}), "has routes and part_of"),
        (chain(cases={"leaves": "pending", "unit": "persons"}), "has routes and leaves 'pending'"),
        (chain(applications={"enters": None}), "stock 'pending': nobody fills it"),
        (chain(cases={"enters": "pending"}), "counts cases but enters 'pending'"),
        (chain(applications={"leaves": "pending"}), "both enters and leaves 'pending'"),
        (chain(inflow={"of": ["applications", "applications"]}), "'applications' 2 times"),
        (chain(inflow={"of": ["grants", "decisions"]}), "'grants' and 'decisions' overlap"),
        (chain(inflow={"of": ["applications", "grants"]}), "mixes kinds"),
        (chain(inflow={"of": ["applications", "cases"]}), "mixes units"),
        (chain(inflow={"of": ["applications", "pending"]}), "mixes flows ('applications') and st"),
        (
            with_rows("sum", {"name": "twice", "of": ["inflow", "applications"]}),
            "sum 'twice' counts 'applications' 2 times",
        ),
        (chain(cases={"route": [{"source": "cases"}]}), "a route from itself"),
        (
            chain(reunification={"route": [{"source": "inflow", "delay": {"mean": 2, "sd": 1}}]}),
            "flow 'reunification' has a route from 'inflow', which holds it",
        ),
        (
            chain(cases={"route": [{"source": "present"}]})
            | {"sum": [{"name": "present", "of": ["pending"]}]},
            "flow 'cases' has a route from 'present', a sum of stocks",
        ),
        (chain(cases={"route": [{"source": "grants"}] * 2}), "2 routes from 'grants'"),
        (
            chain(decisions={"route": [{"source": "grants"}], "driven_by": None, "leaves": None}),
            "routes without delay close a loop (decisions → grants → decisions)",
        ),
        (
            chain(
                cases={"route": [{"source": "inflow"}]},
                applications={"route": [{"source": "cases"}]},
            ),
            "routes without delay close a loop (applications → cases → inflow → applications)",
        ),
        (
            chain(
                cases={"route": [{"source": "applications", "delay": {"mean": 0, "sd": 0}}]},
                applications={"route": [{"source": "cases"}]},
            ),
            "routes without delay close a loop (applications → cases → applications)",
        ),
        (
            chain(cases={"route": [{"source": "grants", "delay": 3}]}),
            "flow 'cases': route 1 delay is 3; expected a table { mean = …, sd = … }",
        ),
        (
            chain(cases={"route": [{"source": ["grants", "appeals"]}]}),
            "route 1 source is ['grants', 'appeals']; expected one name",
        ),
        (
            chain(cases={"route": [{"source": "grants", "delay": {"mean": 1, "sd": -1}}]}),
            "route 1 delay sd is -1; expected a number of at least 0",
        ),
        (
            chain(cases={"route": [{"source": "grants", "delay": {"mean": "1", "sd": 1}}]}),
            "route 1 delay mean is '1'; expected a number",
        ),
        (
            chain(cases={"route": [{"source": "grants", "delay": {"mean": 0, "sd": 1}}]}),
            "a waiting time that varies has a mean above 0",
        ),
        (
            chain(
                cases={
                    "route": [
                        {"source": "grants", "delay_prior": {"mean_sd": 1, "sd_sd": 1}},
                        {"source": "rejections"},
                    ]
                }
            ),
            "there is a delay_prior but no delay",
        ),
        (
            chain(cases={"route": [delayed(mean=180, sd=30)]}),
            "flow 'cases', route from 'rejections': a delay with mean 180 and sd 30 reaches 300 "
            "periods (mean + 4 sd); expected at most 20 years, which is 240; give both in periods "
            "of the network (period = 'month'), or a smaller sd",
        ),
        (
            chain(cases={"route": [delayed(mean=14, sd=6)]}) | {"period": "year"},
            "expected at most 20 years, which is 20; give both in periods of the network "
            "(period = 'year')",
        ),
        (
            chain(cases={"route": [delayed(mean=3, sd=0, mean_sd=1, sd_sd=0.5)]}),
            "flow 'cases', route from 'rejections': the delay's sd is 0, but delay_prior doubts it "
            "by sd_sd = 0.5; give a sd above 0, or sd_sd = 0",
        ),
        (
            chain(cases={"route": [delayed(mean=0, sd=0, mean_sd=1, sd_sd=0)]}),
            "the delay's mean is 0, but delay_prior doubts it by mean_sd = 1; give a mean above 0",
        ),
        (
            chain(pending={"initial": {"mean": 0, "sd": 1}}),
            "stock 'pending': initial mean is 0; expected a number above 0",
        ),
        (
            chain(pending={"initial": {"mean": 7000, "sd": 0}}),
            "stock 'pending': initial sd is 0; expected a number above 0",
        ),
        (chain(pending={"initial": {"mean": 7000}}), "stock 'pending', initial: 'sd' is missing"),
        (
            chain(pending={"initial": {"mean": 7000, "meen": 1, "sd": 1}}),
            "stock 'pending', initial: unknown key 'meen'; did you mean 'mean'?",
        ),
        (
            chain(pending={"initial": 7000}),
            "stock 'pending': initial is 7000; expected a table",
        ),
        (
            chain(grants={"stay": {"mean": 6, "sd": 2}}),
            "flow 'grants' has a stay but leaves no stock; say which with leaves, or leave out",
        ),
        (
            chain(grants={"stay": {"mean": 0, "sd": 2}}),
            "flow 'grants': stay mean is 0; expected a number above 0",
        ),
        (chain(grants={"note": 3}), "flow 'grants': note is 3; expected text"),
        (
            chain(
                cases={"route": [{"source": "grants", "weight": 1}, {"source": "rejections"}]},
            ),
            "gives a weight to some routes only ('grants')",
        ),
        (
            chain(cases={"route": [{"source": "grants", "weight": 0}]}),
            "weight is 0; expected a number above 0",
        ),
    ],
)
def test_a_fault_is_found_alone(data, expected):
    (fault,) = faults_of(data)
    assert expected in fault


def test_a_driver_that_is_not_the_stock_left_is_refused():
    data = with_rows("stock", chain()["stock"][0] | {"name": "other"})
    data["flow"].append(flow("fill", enters="other"))
    data["flow"][1]["driven_by"] = "other"
    (fault,) = faults_of(data)
    assert "a flow that leaves a stock is driven by it: set driven_by = 'pending'" in fault


@pytest.mark.parametrize("table", ["organisation", "block", "stock", "flow", "sum"])
def test_one_table_where_a_list_belongs_is_one_fault(table):
    data = chain() | {
        "organisation": [{"name": "IND"}],
        "block": [{"number": 1}],
        "flow": [flow("applications", enters="pending")],
        "sum": [{"name": "all", "of": ["applications"]}],
    }
    Network.from_dict(data)
    assert faults_of(data | {table: data[table][0]}) == (
        f"'{table}' is not a list of tables; write [[{table}]] above each of them",
    )


@pytest.mark.parametrize("data", [None, [1], "net.toml"])
def test_what_is_no_mapping_is_no_network(data):
    (fault,) = faults_of(data)
    assert f"the network is {data!r}; expected a mapping" in fault


def test_a_network_without_flows_is_refused():
    data = {key: value for key, value in chain().items() if key not in ("flow", "sum", "stock")}
    assert faults_of(data) == ("there are no flows; declare at least one [[flow]]",)


def test_parts_of_one_whole_may_be_summed_and_parts_of_overlapping_wholes_not():
    wholes = [{"name": "both", "of": ["applications", "reunification"]}]
    minors = flow("minors", part_of="both")
    adults = flow("adults", part_of="both")
    syrians = flow("syrians", part_of="applications")
    data = chain()
    data["flow"] += [minors, adults, syrians]
    data["sum"] += wholes
    disjoint = copy.deepcopy(data)
    disjoint["sum"].append({"name": "people", "of": ["minors", "adults"]})
    assert Network.from_dict(disjoint).members("people") == ("minors", "adults")
    for member in ("syrians", "applications"):
        overlapping = copy.deepcopy(data)
        overlapping["sum"].append({"name": "people", "of": ["minors", member]})
        (fault,) = faults_of(overlapping)
        assert f"'minors' and '{member}' overlap" in fault


def test_parts_of_one_whole_may_enter_one_stock_and_feed_one_flow():
    minors = flow("minors", part_of="inflow", enters="pending")
    adults = flow("adults", part_of="inflow", enters="pending")
    routes = [{"source": "grants"}, {"source": "rejections"}]
    changes = {"applications": {"enters": None}, "cases": {"route": routes}}
    network = Network.from_dict(with_rows("flow", minors, adults, **changes))
    assert [each.name for each in network.flows if each.enters] == ["minors", "adults"]


def test_a_delayed_loop_is_allowed():
    Network.from_dict(
        chain(
            cases={"route": [{"source": "reunification", "delay": {"mean": 2, "sd": 1}}]},
            reunification={"route": [{"source": "cases"}]},
        )
    )


def test_a_delay_may_reach_twenty_years_and_no_fault_hangs_on_a_period_that_cannot_be_read():
    cases = {"route": [delayed(mean=200, sd=10)]}
    Network.from_dict(chain(cases=cases))
    (fault,) = faults_of(chain(cases=cases) | {"period": "yaer"})
    assert "period is 'yaer'" in fault


def test_a_part_with_a_fault_of_its_own_is_still_the_other_part():
    (fault,) = faults_of(chain(grants={"part_of": "decision"}))
    assert "did you mean 'decisions'" in fault
    (fault,) = faults_of(chain(grants={"part_of": 3}))
    assert "part_of is 3; expected text" in fault


def test_a_stock_nobody_leaves_only_grows_and_may_drive_a_flow_of_another_unit():
    network = Network.from_dict(
        chain(
            decisions={"leaves": None},
            cases={"route": None, "driven_by": "pending"},
        )
    )
    assert [each.leaves for each in network.flows] == [None] * 6
    assert network.flow("cases").driver == "pending"
    assert network.flow("cases").unit != network.stock("pending").unit


def test_assumptions_are_kept_with_their_rows():
    noted = Network.from_dict(
        chain(
            pending={"initial": {"mean": 7000, "sd": 2000}, "note": "a stock"},
            grants={"note": "a flow"},
            cases={"route": [delayed(mean=3, sd=2) | {"note": "a route"}]},
            inflow={"note": "a sum"},
        )
    )
    assert noted.stock("pending").initial == Initial(7000.0, 2000.0)
    assert noted.stock("pending").note == "a stock"
    assert noted.flow("grants").note == "a flow"
    assert noted.flow("cases").routes[0].note == "a route"
    assert noted.sum("inflow").note == "a sum"
    assert Network.from_dict(tomllib.loads(noted.to_toml())) == noted
    plain = Network.from_dict(chain())
    assert plain.stock("pending").initial is None
    assert plain.flow("grants").note == plain.sum("inflow").note == ""
    assert "note" not in plain.to_toml()


def test_all_faults_are_reported_together():
    data = chain(
        applications={"kind": "in", "block": 9},
        grants={"part_of": "decision", "labels": {"unit": "a"}},
        inflow={"of": ["applications", "cases", "nothing"]},
    ) | {"nam": "x"}
    faults = faults_of(data)
    assert len(faults) == 6
    for fragment in ("'in'", "is 9", "'decision'", "'unit'", "'nothing'", "'nam'"):
        assert sum(fragment in fault for fault in faults) == 1, fragment


def test_a_file_is_read_and_written_exactly(tmp_path):
    path = tmp_path / "keten.toml"
    network = Network.from_dict(chain())
    text = network.to_toml(path)
    assert path.read_text(encoding="utf-8") == text == network.to_toml()
    assert Network.from_toml(path) == network
    path.write_bytes(b"\xef\xbb\xbf" + CHAIN.encode())
    assert Network.from_toml(str(path)) == network


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "No such file"),
        (b'schema = 1\nname = "Syri\xeb"\n', "line 2 is not UTF-8"),
        (b"schema = 1\nname = \n", "line 2"),
        (b"schema = 1\nschema = 1\n", "line 2"),
        (b"[flow]\n[flow]\n", "(at line 2, column 6); write [[flow]] above each of them"),
        (
            b"[[flow]]\n[flow.route]\n[flow.route]\n",
            "(at line 3, column 12); write [[flow.route]] above each of them",
        ),
        (b"[title]\n[title]\n", "Cannot declare ('title',) twice (at line 2, column 7)"),
        (CHAIN.replace('"month"', '"day"').encode(), "period is 'day'"),
    ],
)
def test_a_bad_file_is_named_with_the_place(tmp_path, content, expected):
    path = tmp_path / "keten.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NetworkError, match=r"keten\.toml cannot be") as caught:
        Network.from_toml(path)
    assert expected in str(caught.value)


keys = st.text(string.ascii_lowercase + "_0", max_size=4).map("n".__add__)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
filled = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4)
amounts = st.floats(0.01, 1e6) | st.integers(1, 99)
waits = st.floats(0.01, 4) | st.integers(1, 4)  # 20 years at most, where a period is a year
titles = st.builds(Title, nl=texts, en=texts)


@st.composite
def networks(draw):
    organisations = draw(st.lists(filled, min_size=1, max_size=3, unique=True))
    blocks = draw(st.lists(st.integers(-9, 99), min_size=1, max_size=3, unique=True))
    names = draw(st.lists(keys, min_size=1, max_size=6, unique=True))
    delays = st.builds(Delay, waits, waits)
    doubts = st.none() | st.builds(DelayPrior, amounts, amounts)
    organisation, block = st.sampled_from(organisations), st.sampled_from(blocks)
    labels = st.dictionaries(keys, filled, max_size=2)
    flows = [
        Flow(
            name,
            draw(organisation),
            draw(block),
            "inflow",
            "persons",
            draw(titles),
            draw(labels),
            routes=tuple(
                Route(source, draw(delays), draw(doubts), draw(amounts), draw(texts))
                for source in draw(st.sets(st.sampled_from(names)))
                if source != name
            ),
            enters="stock",
            note=draw(texts),
        )
        for name in names
    ]
    return Network(
        name=draw(filled),
        title=draw(titles),
        period=draw(st.sampled_from(["month", "quarter", "year"])),
        note=draw(texts),
        organisations=[Organisation(name, draw(titles)) for name in organisations],
        blocks=[Block(number, draw(titles)) for number in blocks],
        stocks=[
            Stock(
                "stock",
                draw(organisation),
                draw(block),
                "persons",
                draw(titles),
                draw(st.none() | st.builds(Initial, amounts, amounts)),
                draw(texts),
            )
        ],
        flows=flows,
        sums=[Sum("s", names, draw(titles), draw(texts))],
    )


@given(networks())
@settings(deadline=None, max_examples=60)
def test_every_network_survives_toml_and_dict(network):
    again = Network.from_dict(tomllib.loads(network.to_toml()))
    assert again == network
    assert again.digest == network.digest
    assert hash(again) == hash(network)
    assert Network.from_dict(network.to_dict()) == network
