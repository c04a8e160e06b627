"""The whole public chain: which figures it holds, and what drives and feeds each flow."""

from itertools import combinations

import pytest

from mppbayes.network import Initial, Network, Stay, drive
from mppbayes.network.relations import overlap

NATIONALITIES = ("syria", "eritrea", "turkey", "iraq", "afghanistan", "yemen", "somalia")
FIRST = tuple(f"first_applications_{nationality}" for nationality in NATIONALITIES)
FAMILY = tuple(f"family_reunification_{nationality}" for nationality in NATIONALITIES)
APPLICATIONS = (*FIRST, "other_and_repeat_applications")

# The public figures, as their table of series describes them. COA's occupancy is the 33rd: a sum.
FLOWS = dict.fromkeys(APPLICATIONS, ("IND", 1, "inflow", "persons"))
FLOWS |= dict.fromkeys(FAMILY, ("BZ", 1, "inflow", "persons"))
FLOWS |= {
    "decisions": ("IND", 1, "throughflow", "persons"),
    "grants": ("IND", 4, "throughflow", "persons"),
    "coa_inflow": ("COA", 2, "inflow", "persons"),
    "coa_outflow_status_holders": ("COA", 4, "outflow", "persons"),
    "coa_outflow_other": ("COA", 2, "outflow", "persons"),
    "unaccompanied_minors": ("Nidos", 2, "inflow", "persons"),
    "departures_independent": ("DT&V", 3, "outflow", "persons"),
    "departures_forced": ("DT&V", 3, "outflow", "persons"),
    "departures_unsupervised": ("DT&V", 3, "outflow", "persons"),
    "cases_from_ind": ("IND", 3, "throughflow", "cases"),
    "cases_from_police": ("Politie", 3, "throughflow", "cases"),
    "cases_from_kmar": ("KMar", 3, "throughflow", "cases"),
    "cases_from_others": ("DT&V", 3, "inflow", "cases"),
    "asylum_appeals": ("Rechtspraak", 3, "inflow", "cases"),
    "status_holders_housed": ("gemeenten", 4, "outflow", "persons"),
}
STOCKS = {
    "pending_applications": ("IND", 1, "persons"),
    "status_holders_in_coa": ("COA", 4, "persons"),
}
UNSEEN_FLOWS = {"withdrawals", "rejections", "permits_in_coa", "cases_closed"}
UNSEEN_STOCKS = {"asylum_seekers_in_coa", "dtv_caseload"}


@pytest.fixture(scope="module")
def keten():
    return Network.migratieketen()


def test_every_public_series_is_in_the_chain_as_published(keten):
    assert len(FLOWS) + len(STOCKS) + 1 == 33
    for name, expected in FLOWS.items():
        flow = keten.flow(name)
        assert (flow.organisation, flow.block, flow.kind, flow.unit) == expected, name
    for name, expected in STOCKS.items():
        stock = keten.stock(name)
        assert (stock.organisation, stock.block, stock.unit) == expected, name
    assert keten.members("coa_occupancy") == ("asylum_seekers_in_coa", "status_holders_in_coa")
    assert keten.stock_series == {*STOCKS, *UNSEEN_STOCKS, "coa_occupancy"}


def test_what_has_no_figures_is_there_because_the_chain_needs_it(keten):
    assert set(keten.flow_names) == {*FLOWS, *UNSEEN_FLOWS}
    assert set(keten.stock_names) == {*STOCKS, *UNSEEN_STOCKS}
    for name in UNSEEN_FLOWS:
        assert keten.flow(name).note, name
    for name in UNSEEN_STOCKS:
        assert keten.stock(name).note, name
    assert keten.stock("dtv_caseload").initial == Initial(7000.0, 2000.0)
    assert keten.flow("cases_closed").stay == Stay(6.0, 2.0)


def test_every_sum_and_every_flow_that_is_not_just_counted_says_what_was_assumed(keten):
    plain = [
        flow.name for flow in keten.flows if not any(each.note for each in (flow, *flow.routes))
    ]
    assert plain == list(FIRST)
    for row in (*keten.stocks, *keten.sums):
        assert row.note, row.name


def test_the_monthly_flows_are_those_of_the_inflow(keten):
    in_use = Network.asylum_inflow()
    assert keten.blocks == in_use.blocks
    assert keten.organisations[:2] == in_use.organisations
    for flow in in_use.flows:
        same = keten.flow(flow.name)
        assert (same.title, same.labels) == (flow.title, flow.labels)
        assert (same.organisation, same.block, same.kind) == (
            flow.organisation,
            flow.block,
            flow.kind,
        )
    assert keten.members("asylum_inflow") == in_use.members("asylum_inflow")


def test_everything_has_a_title_in_both_languages_and_all_organisations_and_blocks_occur(keten):
    rows = (*keten.stocks, *keten.flows)
    for each in (*rows, *keten.sums, *keten.blocks, *keten.organisations):
        assert each.title.nl, each
        assert each.title.en, each
    assert {row.organisation for row in rows} == {each.name for each in keten.organisations}
    assert {row.block for row in rows} == {1, 2, 3, 4}


def test_no_sum_counts_twice(keten):
    flows = {flow.name: flow for flow in keten.flows}
    sums = {total.name: total for total in keten.sums}
    for name in keten.sum_names:
        members = keten.members(name)
        assert len(set(members)) == len(members), name
        for first, second in combinations(members, 2):
            assert not overlap(first, second, flows, sums), (name, first, second)
            for source, fed in ((first, second), (second, first)):
                routes = flows[fed].routes if fed in flows else ()
                assert source not in [r.source for r in routes if r.at_once], (name, source, fed)
    assert overlap("unaccompanied_minors", "first_applications_syria", flows, sums)
    assert overlap("grants", "decisions", flows, sums)
    assert not overlap("grants", "rejections", flows, sums)


def test_sums_add_up_what_they_say(keten):
    assert keten.sum_names == (
        "asylum_inflow",
        "applications",
        "family_reunification",
        "coa_occupancy",
        "coa_outflow",
        "cases_handed_over",
        "departures",
        "departures_demonstrable",
    )
    assert keten.members("applications") == APPLICATIONS
    assert keten.members("family_reunification") == FAMILY
    assert keten.members("coa_outflow") == ("coa_outflow_other", "coa_outflow_status_holders")
    assert keten.members("cases_handed_over") == (
        "cases_from_ind",
        "cases_from_police",
        "cases_from_kmar",
    )
    assert keten.members("departures") == (
        "departures_independent",
        "departures_forced",
        "departures_unsupervised",
    )


def test_every_flow_has_the_drive_that_was_meant(keten):
    expected = dict.fromkeys(APPLICATIONS, "exogenous") | dict.fromkeys(FAMILY, "routed")
    expected |= {
        "unaccompanied_minors": "part",
        "decisions": "stock",
        "withdrawals": "stock",
        "grants": "part",
        "rejections": "part",
        "coa_inflow": "routed",
        "permits_in_coa": "stock",
        "coa_outflow_other": "stock",
        "coa_outflow_status_holders": "stock",
        "status_holders_housed": "routed",
        "cases_from_ind": "routed",
        "cases_from_police": "exogenous",
        "cases_from_kmar": "exogenous",
        "cases_from_others": "exogenous",
        "cases_closed": "stock",
        "departures_independent": "stock",
        "departures_forced": "stock",
        "departures_unsupervised": "stock",
        "asylum_appeals": "routed",
    }
    assert {flow.name: drive(flow) for flow in keten.flows} == expected


@pytest.mark.parametrize(
    ("stock", "enter", "leave", "drives"),
    [
        ("pending_applications", APPLICATIONS, ("decisions", "withdrawals"), ()),
        ("asylum_seekers_in_coa", ("coa_inflow",), ("permits_in_coa", "coa_outflow_other"), ()),
        ("status_holders_in_coa", ("permits_in_coa",), ("coa_outflow_status_holders",), ()),
        (
            "dtv_caseload",
            ("cases_from_ind", "cases_from_police", "cases_from_kmar", "cases_from_others"),
            ("cases_closed",),
            ("departures_independent", "departures_forced", "departures_unsupervised"),
        ),
    ],
)
def test_every_stock_is_filled_and_emptied_as_meant(keten, stock, enter, leave, drives):
    assert [each.name for each in keten.flows if each.enters == stock] == list(enter)
    assert [each.name for each in keten.flows if each.leaves == stock] == list(leave)
    assert [each.name for each in keten.flows if each.driven_by == stock] == list(drives)


def test_routes_and_their_delays_are_as_meant(keten):
    for nationality in NATIONALITIES:
        (route,) = keten.flow(f"family_reunification_{nationality}").routes
        assert route.source == f"first_applications_{nationality}"
        assert (route.delay.mean, route.delay.sd) == (14, 6)
        assert (route.delay_prior.mean_sd, route.delay_prior.sd_sd) == (2, 1)
        assert route.note
    (coa,) = keten.flow("coa_inflow").routes
    assert coa.source == "asylum_inflow"
    assert coa.at_once
    (housed,) = keten.flow("status_holders_housed").routes
    assert housed.source == "coa_outflow_status_holders"
    assert housed.at_once
    for name, delay in (("cases_from_ind", (3, 2)), ("asylum_appeals", (1, 1))):
        route, *others = keten.flow(name).routes
        assert route.source == "rejections"
        assert (route.delay.mean, route.delay.sd) == delay
        assert route.note
        assert tuple(other.source for other in others) == (
            ("applications",) if name == "cases_from_ind" else ()
        )
        assert all(other.weight == 0.2 * route.weight for other in others)


def test_the_chain_survives_being_written(keten, tmp_path):
    keten.to_toml(tmp_path / "keten.toml")
    assert Network.from_toml(tmp_path / "keten.toml") == keten
