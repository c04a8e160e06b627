"""The diagram of a network: what stands in it and where, and that it can be read."""

from collections import Counter
from itertools import combinations, pairwise

import matplotlib as mpl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path
from matplotlib.text import Text

from mppbayes.errors import LabelError
from mppbayes.network import Network
from mppbayes.plotting import plot_network
from mppbayes.plotting.arrangement import arrange

COUNTRIES = {"syria": ("Syrië", "Syria"), "iraq": ("Irak", "Iraq"), "yemen": ("Jemen", "Yemen")}


def flow(name, organisation, block, kind="throughflow", *, unit="persons", **more):
    row = {"name": name, "organisation": organisation, "block": block, "kind": kind}
    return {**row, "unit": unit, **more}


def stock(name, organisation, block, unit="persons"):
    return {"name": name, "organisation": organisation, "block": block, "unit": unit}


def titled(nl, en):
    return {"title": {"nl": nl, "en": en}}


def network(*flows, stocks=(), sums=(), **more):
    """Give a network of rows in four organisations and four blocks."""
    return Network.from_dict(
        {
            "schema": 1,
            "name": "a_network",
            "organisation": [
                {
                    "name": "A",
                    **titled("dienst van de eerste aanvragen", "service of applications"),
                },
                *({"name": name} for name in ("B", "C", "idle")),
            ],
            "block": [
                {"number": 1, **titled("instroom", "inflow")},
                *({"number": at} for at in (2, 3, 4)),
            ],
            "flow": list(flows),
            "stock": list(stocks),
            "sum": list(sums),
            **more,
        }
    )


def chain():
    """Give a small chain: stocks, merged flows, routes, parts with a rest, a part of a sum."""
    applications = [
        flow(
            f"applications_{name}",
            "A",
            1,
            "inflow",
            enters="pending",
            labels={"nationality": en},
            **titled(f"eerste aanvragen, {nl}", f"first applications, {en}"),
        )
        for name, (nl, en) in COUNTRIES.items()
    ]
    arrivals = [
        flow(
            f"arrivals_{name}",
            "B",
            1,
            "inflow",
            labels={"nationality": en},
            route=[{"source": f"applications_{name}", "delay": {"mean": 14, "sd": 6}}],
            **titled(f"nareis, {nl}", f"family members arriving, {en}"),
        )
        for name, (nl, en) in COUNTRIES.items()
    ]
    return network(
        *applications,
        *arrivals,
        flow("other_applications", "A", 1, "inflow", enters="pending"),
        flow("decisions", "A", 1, leaves="pending"),
        flow("grants", "A", 4, part_of="decisions"),
        flow("rejections", "A", 3, part_of="decisions", rest=True),
        flow("minors", "C", 2, "inflow", part_of="all_applications"),
        flow(
            "handed_over",
            "A",
            3,
            unit="cases",
            enters="caseload",
            route=[{"source": "rejections", "delay": {"mean": 1, "sd": 0}}, {"source": "grants"}],
        ),
        flow("closed", "B", 3, "outflow", unit="cases", leaves="caseload"),
        flow("departures", "B", 3, "outflow", driven_by="caseload"),
        stocks=[stock("pending", "A", 1), stock("caseload", "B", 3, "cases")],
        sums=[
            {
                "name": "all_applications",
                "of": [*(row["name"] for row in applications), "other_applications"],
            }
        ],
        period="month",
        note="made for a test",
        **titled("de keten", "the chain"),
    )


def loop():
    """Give a chain that runs back into its first stock, and flows that feed each other."""
    return network(
        flow("first", "A", 1, "inflow", enters="waiting"),
        flow("out", "B", 2, leaves="waiting"),
        flow(
            "back",
            "B",
            2,
            enters="waiting",
            route=[{"source": "out", "delay": {"mean": 2.5, "sd": 1}}],
        ),
        *(
            flow(
                f"{one}_round",
                "C",
                3,
                labels={"side": one},
                route=[{"source": f"{other}_round", "delay": {"mean": mean, "sd": 2}}],
            )
            for one, other, mean in (("left", "right", 3), ("right", "left", 4))
        ),
        stocks=[stock("waiting", "A", 1)],
    )


def far():
    """Give arrows that pass the columns between, where other nodes stand in the way."""
    steps = [
        flow(f"step_{at}", "A", 1, route=[{"source": f"step_{at - 1}"}] if at else [])
        for at in range(5)
    ]
    steps[4]["enters"] = steps[1]["enters"] = "end"
    return network(
        *steps,
        flow("late", "A", 2, route=[{"source": f"step_{at}"} for at in (0, 2, 4)]),
        flow(
            "later",
            "B",
            2,
            route=[{"source": f"step_{at}"} for at in (0, 1)] + [{"source": "late"}],
        ),
        flow("driven", "A", 3, driven_by="end"),
        flow("part", "B", 3, part_of="ends"),
        stocks=[stock("end", "A", 1)],
        sums=[{"name": "ends", "of": ["step_0", "step_3"]}],
    )


def long_words():
    """Give names that fit nowhere, and more blocks than colours."""
    name = "vreemdelingenbewaringsverzoekschriftenbehandeling"
    return Network.from_dict(
        {
            "name": "lang",
            "period": "quarter",
            "organisation": [{"name": name.title()}],
            "block": [{"number": number} for number in range(1, 10)],
            "flow": [flow(f"{name}_{at}", name.title(), at, "inflow") for at in range(1, 10)],
        }
    )


NETWORKS = {
    "one flow": lambda: network(flow("applications", "A", 1, "inflow"), period="year"),
    "public": Network.asylum_inflow,
    "chain": chain,
    "loop": loop,
    "far": far,
    "long words": long_words,
    "whole chain": Network.migratieketen,
}
SHOWN = list(NETWORKS)


def ties(arrangement):
    return {(arrow.source, arrow.tie, arrow.target) for arrow in arrangement.arrows}


def sizes(arrangement):
    return {name: len(node) for name, node in arrangement.nodes.items()}


def written(figure):
    """Give every text that is not empty, with its extents."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    found = [text for text in figure.findobj(Text) if text.get_text().strip()]
    return [(text, text.get_window_extent(canvas.get_renderer())) for text in found]


def said(figure):
    return " | ".join(" ".join(text.get_text().split()) for text, _ in written(figure))


def lines(figure, gid):
    """Give the texts of one kind, as they stand."""
    return [text.get_text() for text, _ in written(figure) if text.get_gid() == gid]


def shapes(figure, kind):
    """Give the shapes of one kind outside the legend, by what they stand for."""
    found = figure.findobj(lambda artist: type(artist) is kind and artist.get_gid())
    return {shape.get_gid(): shape for shape in found if shape.get_gid() != "key"}


# --- what stands in it ---------------------------------------------------------------------------


def test_flows_that_differ_in_their_labels_only_are_one_node():
    found = sizes(arrange(chain()))
    assert found["applications_syria"] == found["arrivals_syria"] == 3
    assert set(found) == {
        *("applications_syria", "arrivals_syria", "other_applications", "decisions", "grants"),
        *("rejections", "minors", "handed_over", "closed", "departures", "pending", "caseload"),
    }


def test_flows_without_labels_are_never_merged():
    pair = network(flow("one", "A", 1, "inflow"), flow("other", "A", 1, "inflow"))
    assert sizes(arrange(pair)) == {"one": 1, "other": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"organisation": "B"},
        {"block": 2},
        {"kind": "outflow"},
        {"unit": "cases"},
        {"labels": {"age": "old"}},
        {"route": [{"source": "source"}]},
        {"part_of": "source"},
        {"enters": "stock"},
        {"leaves": "stock"},
        {"driven_by": "stock"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_flows_that_differ_in_anything_else_are_apart(change):
    one, other = (flow(name, "A", 1, "inflow", labels={"at": name}) for name in ("one", "other"))
    around = flow("source", "C", 4, "inflow", enters="stock")
    of = stock("stock", "C", 4)
    assert sizes(arrange(network(around, one, other, stocks=[of])))["one"] == 2
    assert sizes(arrange(network(around, one, {**other, **change}, stocks=[of])))["one"] == 1


def test_flows_are_apart_if_what_they_feed_is():
    fed = [
        flow(f"fed_{at}", "B", 1, labels={"at": f"{at}"}, route=[{"source": f"from_{at}"}])
        for at in (1, 2)
    ]
    feeding = [flow(f"from_{at}", "A", 1, "inflow", labels={"at": f"{at}"}) for at in (1, 2, 3)]
    assert sizes(arrange(network(*feeding, *fed))) == {"from_1": 2, "from_3": 1, "fed_1": 2}
    fed[1]["route"] = [{"source": "from_2", "delay": {"mean": 3, "sd": 1}}]
    assert set(sizes(arrange(network(*feeding, *fed))).values()) == {1}


def test_where_labels_do_not_tell_flows_apart_their_names_do():
    rows = [
        flow(f"{what}_{name}", "A", 1, "inflow", labels={"nationality": en})
        for what in ("first", "repeat")
        for name, (_, en) in COUNTRIES.items()
    ]
    assert sizes(arrange(network(*rows))) == {"first_syria": 3, "repeat_syria": 3}


def test_arrows_are_the_ties_between_nodes():
    assert ties(arrange(chain())) == {
        ("applications_syria", "enters", "pending"),
        ("other_applications", "enters", "pending"),
        ("pending", "leaves", "decisions"),
        ("applications_syria", "feeds", "arrivals_syria"),
        ("decisions", "part", "grants"),
        ("decisions", "rest", "rejections"),
        ("applications_syria", "part", "minors"),
        ("other_applications", "part", "minors"),
        ("rejections", "feeds", "handed_over"),
        ("grants", "feeds", "handed_over"),
        ("handed_over", "enters", "caseload"),
        ("caseload", "leaves", "closed"),
        ("caseload", "drives", "departures"),
    }


def test_a_sum_that_feeds_a_flow_is_drawn_from_its_members():
    rows = [flow(name, "A", 1, "inflow") for name in ("asked", "came_back", "counted")]
    rows[2]["route"] = [{"source": "all", "delay": {"mean": 2, "sd": 1}}]
    rows[1]["title"] = {"en": "something else"}
    sums = [{"name": "all", "of": ["asked", "came_back"]}]
    arrangement = arrange(network(*rows, sums=sums))
    assert ties(arrangement) == {
        ("asked", "feeds", "counted"),
        ("came_back", "feeds", "counted"),
    }


def test_an_arrow_has_the_delays_of_its_routes_each_once():
    delays = {
        (arrow.source, arrow.target): [(delay.mean, delay.sd) for delay in arrow.delays]
        for arrow in (*arrange(chain()).arrows, *arrange(loop()).arrows)
        if arrow.tie == "feeds"
    }
    assert delays == {
        ("applications_syria", "arrivals_syria"): [(14, 6)],
        ("rejections", "handed_over"): [(1, 0)],
        ("grants", "handed_over"): [],
        ("out", "back"): [(2.5, 1)],
        ("left_round", "left_round"): [(3, 2), (4, 2)],
    }


def test_a_delay_of_nothing_is_none():
    made = network(
        flow("one", "A", 1, "inflow"),
        flow("two", "A", 1, route=[{"source": "one", "delay": {"mean": 0, "sd": 0}}]),
    )
    assert [arrow.delays for arrow in arrange(made).arrows] == [()]


# --- where it stands -----------------------------------------------------------------------------


def test_columns_count_the_longest_way_and_what_only_begins_stands_before_its_target():
    column = arrange(chain()).column
    assert column == {
        "applications_syria": 0,
        "other_applications": 0,
        "pending": 1,
        "arrivals_syria": 1,
        "minors": 1,
        "decisions": 2,
        "grants": 3,
        "rejections": 3,
        "handed_over": 4,
        "caseload": 5,
        "closed": 6,
        "departures": 6,
    }
    late = network(
        flow("one", "A", 1, "inflow"),
        flow("two", "A", 1, route=[{"source": "one"}]),
        flow("three", "A", 1, route=[{"source": "two"}, {"source": "begins"}]),
        flow("begins", "B", 1, "inflow"),
        flow("alone", "B", 1, "inflow"),
    )
    assert arrange(late).column == {"one": 0, "two": 1, "three": 2, "begins": 1, "alone": 0}


def test_an_arrow_passes_every_column_between():
    stops = {(arrow.source, arrow.target): arrow.stops for arrow in arrange(far()).arrows}
    assert [column for _, column in stops["step_0", "later"]] == [0, 1, 2, 3, 4, 5, 6]
    assert stops["step_1", "end"][1:-1] == tuple(("enters to end", column) for column in (2, 3, 4))
    assert [column for _, column in stops["step_0", "step_1"]] == [0, 1]


def test_an_arrow_back_passes_the_columns_of_both_its_ends():
    stops = {(arrow.source, arrow.target): arrow.stops for arrow in arrange(loop()).arrows}
    assert [column for _, column in stops["back", "waiting"]] == [3, 3, 2, 1, 1]


def test_a_loop_is_cut_where_it_is_first_entered():
    arrangement = arrange(loop())
    assert arrangement.column == {"first": 0, "waiting": 1, "out": 2, "back": 3, "left_round": 0}
    back = {
        (arrow.source, arrow.target)
        for arrow in arrangement.arrows
        if arrangement.column[arrow.source] >= arrangement.column[arrow.target]
    }
    assert back == {("back", "waiting"), ("left_round", "left_round")}


@pytest.mark.parametrize("name", SHOWN)
def test_every_stop_has_a_place_of_its_own_and_nodes_stand_in_their_lanes(name):
    arrangement = arrange(NETWORKS[name]())
    taken = Counter((column, row) for (_, column), row in arrangement.place.items())
    assert set(taken.values()) == {1}
    assert {stop for arrow in arrangement.arrows for stop in arrow.stops} <= set(arrangement.place)
    for node, column in arrangement.column.items():
        row = arrangement.rows[arrangement.place[node, column]]
        assert not row.thin
        assert arrangement.lanes[row.lane] == arrangement.nodes[node][0].organisation
    assert set(arrangement.place.values()) == set(range(len(arrangement.rows)))


def test_lanes_are_the_organisations_that_have_something_in_the_order_declared():
    assert arrange(chain()).lanes == ("A", "B", "C")


def test_equal_networks_are_arranged_alike():
    assert arrange(chain()) == arrange(chain())


# --- that it can be read -------------------------------------------------------------------------


@pytest.fixture(scope="module", params=SHOWN)
def name(request):
    return request.param


@pytest.fixture(scope="module", params=["nl", "en"])
def figure(name, request):
    return plot_network(NETWORKS[name](), language=request.param)


def test_texts_do_not_overlap_and_lie_inside_the_canvas(figure):
    width, height = figure.bbox.size
    found = written(figure)
    for text, box in found:
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
        assert inside, text.get_text()
    for (one, box), (other, beside) in combinations(found, 2):
        over = min(box.x1, beside.x1) - max(box.x0, beside.x0)
        upon = min(box.y1, beside.y1) - max(box.y0, beside.y0)
        assert over <= 1 or upon <= 1, (one.get_text(), other.get_text())


def test_the_text_of_a_node_lies_inside_it(figure):
    boxes = [box.get_window_extent() for box in shapes(figure, FancyBboxPatch).values()]
    for text, extent in written(figure):
        if text.get_gid() in ("text", "block"):
            around = (box for box in boxes if box.contains(extent.x0, extent.y0))
            assert next(around).contains(extent.x1, extent.y1), text.get_text()


def test_no_arrow_goes_through_a_node_or_a_text(figure):
    boxes = [box.get_window_extent().padded(-1) for box in shapes(figure, FancyBboxPatch).values()]
    boxes += [box.padded(-1) for text, box in written(figure) if text.get_gid() != "key"]
    for gid, line in shapes(figure, PathPatch).items():
        corners = line.get_transform().transform(line.get_path().vertices)
        for start, end in pairwise(corners):
            way = Path([start, end])
            assert not any(
                way.intersects_bbox(box, filled=False) or box.contains(*start) for box in boxes
            ), gid


def test_nodes_and_arrows_are_those_of_the_arrangement(figure, name):
    arrangement = arrange(NETWORKS[name]())
    assert set(shapes(figure, FancyBboxPatch)) == set(arrangement.nodes)
    drawn = {tuple(gid.split()) for gid in shapes(figure, PathPatch)}
    assert drawn == {(tie, source, target) for source, tie, target in ties(arrangement)}


def test_an_arrow_begins_at_its_source_and_ends_at_its_target():
    figure = plot_network(chain())
    boxes = {gid: box.get_window_extent() for gid, box in shapes(figure, FancyBboxPatch).items()}
    for gid, line in shapes(figure, PathPatch).items():
        _, source, target = gid.split()
        (x, y), *_, (_, end) = line.get_transform().transform(line.get_path().vertices)
        assert x == pytest.approx(boxes[source].x1)
        assert boxes[source].y0 < y < boxes[source].y1
        assert boxes[target].y0 < end < boxes[target].y1


def test_only_what_is_driven_without_leaving_is_dotted():
    lines = shapes(plot_network(chain()), PathPatch)
    dotted = {gid for gid, line in lines.items() if line.get_linestyle() != "-"}
    assert dotted == {"drives caseload departures"}


def test_it_grows_with_lanes_and_columns():
    small, large = (
        plot_network(NETWORKS[name]()).get_size_inches() for name in ("one flow", "chain")
    )
    assert all(large > small)


# --- what it says --------------------------------------------------------------------------------


def test_it_says_in_dutch_what_it_shows():
    text = said(plot_network(chain()))
    assert "De keten | organisaties: 3; stromen: 14; standen: 2" in text
    assert "3 × eerste aanvragen | per nationaliteit" in text
    assert "14 ± 6 maanden" in text
    assert "1 maand" in text
    assert "blok 1, instroom" in text
    assert "Een rond vak is een stroom, geteld per maand." in text
    assert "Een recht vak is een stand, geteld aan het einde van de maand." in text
    assert "Geteld worden personen, tenzij in het vak iets anders staat." in text
    assert "Made for a test." in text


def test_it_says_in_english_what_it_shows():
    text = said(plot_network(chain(), language="en"))
    assert "The chain | organisations: 3; flows: 14; stocks: 2" in text
    assert "3 × family members | arriving | by nationality" in text
    assert "14 ± 6 months" in text
    assert "1 month |" in text
    assert "Dotted line: the stock drives the flow, but the flow does not leave it." in text


def test_delays_are_in_the_period_and_with_the_decimal_sign_of_the_language():
    assert "2,5 ± 1 maanden" in said(plot_network(loop()))
    assert "2.5 ± 1 months" in said(plot_network(loop(), language="en"))
    yearly = Network.from_dict({**loop().to_dict(), "period": "year"})
    assert "2,5 ± 1 jaren" in said(plot_network(yearly))


def test_delays_of_merged_flows_are_given_as_a_range():
    assert "3–4 ± 2 months" in said(plot_network(loop(), language="en"))
    assert "A dash in a waiting time" in said(plot_network(loop(), language="en"))
    assert "A dash in a waiting time" not in said(plot_network(chain(), language="en"))


def test_only_an_unusual_unit_is_named_in_a_node():
    named = lines(plot_network(chain()), "text")
    assert named.count("zaken") == 3
    assert "personen" not in named


def test_a_part_of_a_sum_is_marked_once():
    labels = lines(plot_network(chain()), "label")
    assert sorted(labels) == ["1 maand", "14 ± 6 maanden", "deel", "deel", "rest"]


def test_a_row_without_a_title_goes_by_its_name():
    assert "handed over" in said(plot_network(chain()))


def test_merged_flows_without_words_in_common_go_by_their_kind():
    rows = [
        flow(name, "A", 1, "inflow", labels={"nationality": en})
        for name, (_, en) in COUNTRIES.items()
    ]
    assert "3 × instroom" in said(plot_network(network(*rows)))


@pytest.mark.parametrize(
    ("language", "key"),
    [("nl", ["1", "blok 1, instroom", "stroom"]), ("en", ["1", "block 1, inflow", "flow"])],
)
def test_caption_and_legend_are_silent_about_what_does_not_occur(language, key):
    figure = plot_network(NETWORKS["one flow"](), language=language)
    assert lines(figure, "key") == key
    absent = ("stand", "stock", "pijl", "arrow", "lijn", "line", "×")
    (caption,) = lines(figure, "caption")
    assert not any(word in caption for word in absent)


def test_the_legend_has_the_number_and_title_of_the_blocks_in_use():
    figure = plot_network(NETWORKS["public"](), language="en")
    assert lines(figure, "key") == ["1", "block 1, reduce inflow", "flow"]
    assert set(lines(figure, "block")) == {"1"}
    assert lines(plot_network(chain()), "key")[:8:2] == ["1", "2", "3", "4"]


def test_an_unknown_language_is_refused():
    with pytest.raises(LabelError, match="'de'"):
        plot_network(chain(), language="de")


def test_drawing_leaves_the_style_of_others_alone():
    with mpl.rc_context({"font.size": 5, "axes.grid": False}):
        before = dict(mpl.rcParams)
        plot_network(chain())
        assert dict(mpl.rcParams) == before
