"""
What wrong inputs get
=====================

Every error of this package says what was found, what was expected and what to do, and all faults
of an input are told together. Here are common slips, each with its message. The script fails if
one of them is accepted, or ends in any other error.
"""

import io
import json
import sys
from collections.abc import Callable
from contextlib import chdir, redirect_stderr
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

import mppbayes as mpp
from mppbayes.cli import BAD_INPUT, main
from mppbayes.model import prior_predictive


class Case(NamedTuple):
    """A wrong input: in words, as a call, and what its message must name."""

    given: str
    call: Callable[[], object]
    named: str


CASES: list[Case] = []


def show(*cases: Case) -> None:
    """Print, numbered, what was given and the message it got."""
    for case in cases:
        CASES.append(case)
        text = message(case).replace("\n", "\n    ")
        print(f"{len(CASES)}. {case.given}\n    {text}\n")


def message(case: Case) -> str:
    """Give the message that a wrong input gets; on the command line it stands on standard error."""
    printed = io.StringIO()
    try:
        with TemporaryDirectory() as folder, chdir(folder), redirect_stderr(printed):
            case.call()
    except mpp.MppbayesError as error:
        return str(error)
    except SystemExit as stop:
        if stop.code == BAD_INPUT:
            return printed.getvalue().strip()
    raise AssertionError(f"this was accepted: {case.given}")


# %%
# Networks
# --------
# A small sound network, to which each case adds a fault.


def flow(name: str, **keys: object) -> dict[str, object]:
    """Give a flow as a network file has it."""
    usual = {"organisation": "IND", "block": 1, "kind": "inflow", "unit": "persons"}
    return {"name": name, **usual, **keys}


def network(*flows: dict[str, object], **keys: object) -> mpp.Network:
    """Make a network of two flows and what is added."""
    return mpp.Network.from_dict(
        {
            "name": "chain",
            "organisation": [{"name": "IND"}],
            "block": [{"number": 1}],
            "flow": [flow("applications"), flow("arrivals"), *flows],
            **keys,
        }
    )


def network_file(content: bytes) -> mpp.Network:
    """Write a network file and read it."""
    Path("network.toml").write_bytes(content)
    return mpp.Network.from_toml("network.toml")


def route(source: str, mean: float) -> dict[str, object]:
    """Give a route as a network file has it."""
    return {"source": source, "delay": {"mean": mean, "sd": mean / 2}}


pending = {"name": "pending", "organisation": "IND", "block": 1, "unit": "cases"}

show(
    Case(
        "a network file that is not there",
        lambda: mpp.Network.from_toml("network.toml"),
        "network.toml",
    ),
    Case(
        "a network file that is no TOML",
        lambda: network_file(b'name = "chain"\nperiod = month\n'),
        "line 2",
    ),
    Case(
        "a network file that is not UTF-8",
        lambda: network_file('name = "chain"\nnote = "één"\n'.encode("latin-1")),
        "line 2",
    ),
    Case(
        "the name of a file, given as the network itself",
        lambda: mpp.Network.from_dict("network.toml"),
        "'network.toml'",
    ),
    Case(
        "a key that the format does not have",
        lambda: network(flow("departures", organization="IND")),
        "'organization'",
    ),
    Case(
        "a period that no network has",
        lambda: network(period="week"),
        "'week'",
    ),
    Case(
        "an organisation and a block that are not declared, and a kind in Dutch: three faults",
        lambda: network(
            flow("departures", organisation="DT&V"),
            flow("returns", block=3),
            flow("housing", kind="uitstroom"),
        ),
        "'DT&V'",
    ),
    Case(
        "a name with a capital and a space",
        lambda: network(flow("First applications")),
        "'First applications'",
    ),
    Case(
        "a flow that is a part of itself, by way of another",
        lambda: network(flow("decisions", part_of="grants"), flow("grants", part_of="decisions")),
        "decisions → grants",
    ),
    Case(
        "a sum that counts a flow and a part of it",
        lambda: network(
            flow("syria", part_of="applications"),
            sum=[{"name": "total", "of": ["applications", "syria"]}],
        ),
        "'syria'",
    ),
    Case(
        "a sum of persons and cases",
        lambda: network(
            flow("appeals", unit="cases"),
            sum=[{"name": "total", "of": ["applications", "appeals"]}],
        ),
        "cases",
    ),
    Case(
        "a stock that nobody fills",
        lambda: network(stock=[pending]),
        "'pending'",
    ),
    Case(
        "a flow that enters a stock of another unit",
        lambda: network(flow("entries", enters="pending"), stock=[pending]),
        "counts cases",
    ),
    Case(
        "two flows that feed each other without delay",
        lambda: network(
            flow("decisions", route=[{"source": "appeals"}]),
            flow("appeals", route=[{"source": "decisions"}]),
        ),
        "decisions → appeals",
    ),
    Case(
        "a negative waiting time",
        lambda: network(flow("reunification", route=[route("applications", -2)])),
        "-2",
    ),
)

# %%
# Stocks, routes and parts
# ------------------------
# What hangs together must be declared so that every event is counted once.

persons = {**pending, "unit": "persons"}
caseload = {**persons, "name": "caseload"}
entries = flow("entries", enters="pending")


def chain(*flows: dict[str, object], **keys: object) -> mpp.Network:
    """Make a network with a stock, and what is added."""
    return network(entries, flow("decisions", leaves="pending"), *flows, stock=[persons], **keys)


show(
    Case(
        "a flow that leaves a stock that is not declared",
        lambda: network(flow("decisions", leaves="pending")),
        "'pending', which is not a stock",
    ),
    Case(
        "a flow that enters the stock that it leaves",
        lambda: chain(flow("returns", leaves="pending", enters="pending")),
        "changes nothing",
    ),
    Case(
        "a flow that leaves one stock and is driven by another",
        lambda: network(
            entries,
            flow("referrals", enters="caseload"),
            flow("decisions", leaves="pending", driven_by="caseload"),
            stock=[persons, caseload],
        ),
        "set driven_by = 'pending'",
    ),
    Case(
        "a flow that is driven by a flow",
        lambda: chain(flow("departures", driven_by="arrivals")),
        "'arrivals', which is not a stock",
    ),
    Case(
        "a flow that is driven by a stock and has a route",
        lambda: chain(flow("appeals", driven_by="pending", route=[route("arrivals", 2)])),
        "keep one of them",
    ),
    Case(
        "a belief about a stock whose sd is negative",
        lambda: network(entries, stock=[{**persons, "initial": {"mean": 100, "sd": -1}}]),
        "initial sd is -1",
    ),
    Case(
        "a stay of those who leave no stock",
        lambda: chain(flow("visits", stay={"mean": 6, "sd": 2})),
        "has a stay but leaves no stock",
    ),
    Case(
        "a sum of a stock and a flow",
        lambda: chain(sum=[{"name": "all", "of": ["pending", "arrivals"]}]),
        "sum them apart",
    ),
    Case(
        "a route from a stock",
        lambda: chain(flow("appeals", route=[route("pending", 2)])),
        "'pending', which is not a flow",
    ),
    Case(
        "a route from the flow itself",
        lambda: network(flow("appeals", route=[route("appeals", 2)])),
        "a route from itself",
    ),
    Case(
        "two routes from one source",
        lambda: network(flow("appeals", route=[route("arrivals", 2), route("arrivals", 9)])),
        "2 routes from 'arrivals'",
    ),
    Case(
        "routes from a flow and from a part of it",
        lambda: chain(
            flow("grants", part_of="decisions"),
            flow("appeals", route=[route("decisions", 2), route("grants", 9)]),
        ),
        "feeds it twice",
    ),
    Case(
        "[flow.route], where [[flow.route]] belongs",
        lambda: network(flow("appeals", route=route("arrivals", 2))),
        "write [[flow.route]]",
    ),
    Case(
        "a weight for one route of two",
        lambda: network(
            flow(
                "appeals", route=[{**route("applications", 2), "weight": 1.0}, route("arrivals", 2)]
            )
        ),
        "to all or to none",
    ),
    Case(
        "a doubt about a delay that is not given",
        lambda: network(
            flow(
                "appeals",
                route=[{"source": "arrivals", "delay_prior": {"mean_sd": 1, "sd_sd": 1}}],
            )
        ),
        "no delay",
    ),
    Case(
        "a waiting time of 0 that varies",
        lambda: network(
            flow("appeals", route=[{"source": "arrivals", "delay": {"mean": 0, "sd": 2}}])
        ),
        "a mean above 0",
    ),
    Case(
        "a part in another unit than its whole",
        lambda: network(flow("grants", part_of="applications", unit="cases")),
        "its whole's unit",
    ),
    Case(
        "a part with a route of its own",
        lambda: network(flow("grants", part_of="applications", route=[route("arrivals", 2)])),
        "one drive",
    ),
    Case(
        "a part that enters the stock that its whole enters",
        lambda: chain(flow("minors", part_of="entries", enters="pending")),
        "counts events twice",
    ),
    Case(
        "two rests of one whole",
        lambda: network(
            flow("grants", part_of="applications", rest=True),
            flow("refusals", part_of="applications", rest=True),
        ),
        "one rest",
    ),
    Case(
        "a sum of a flow and another that counts the same people at another place",
        lambda: network(
            flow("entries", recounts=["applications"]),
            sum=[{"name": "inflow", "of": ["applications", "entries"]}],
        ),
        "recounts it",
    ),
    Case(
        "a flow that enters the stock that those whom it recounts enter",
        lambda: chain(flow("registered", recounts=["entries"], enters="pending")),
        "recounts 'entries'",
    ),
    Case(
        "a flow that recounts what is not there",
        lambda: network(flow("entries", recounts=["aplications"])),
        "'aplications'",
    ),
    Case(
        "a rest of nothing",
        lambda: network(flow("refusals", rest=True)),
        "part_of",
    ),
)

# %%
# Evidence
# --------
# A table of counts is read as a whole; faults come with their rows.

HEADER = "series,period,value\n"


def table(content: str | bytes, name: str = "counts.csv", **options: object) -> mpp.Panel:
    """Write a table and read it as evidence about the network."""
    text = content if isinstance(content, bytes) else content.encode()
    Path(name).write_bytes(text)
    return mpp.read_panel(name, options.pop("about", network()), **options)


show(
    Case(
        "a table that is not there",
        lambda: mpp.read_panel("counts.csv", network()),
        "counts.csv",
    ),
    Case(
        "a table in a format that is not read",
        lambda: table("", name="counts.txt"),
        "'.txt'",
    ),
    Case(
        "a number, given as a table",
        lambda: mpp.read_panel(3, network()),
        "3 cannot be read",
    ),
    Case(
        "a folder, given as a table",
        lambda: (Path("counts.csv").mkdir(), mpp.read_panel("counts.csv", network())),
        "it is a folder",
    ),
    Case(
        "the name of a network's file, given as the network",
        lambda: mpp.read_panel(pd.DataFrame(), "network.toml"),
        "'network.toml'",
    ),
    Case(
        "an empty file",
        lambda: table(""),
        "is empty",
    ),
    Case(
        "a header without rows",
        lambda: table(HEADER),
        "no rows",
    ),
    Case(
        "a file that is not UTF-8",
        lambda: table("series,period,value,note\napplications,2024-01,3,één\n".encode("latin-1")),
        "line 2",
    ),
    Case(
        "a text file that is called a workbook",
        lambda: table(HEADER, name="counts.xlsx"),
        "counts.xlsx",
    ),
    Case(
        "a column under another name",
        lambda: table("series,period,values\napplications,2024-01,3\n"),
        "did you mean 'values'",
    ),
    Case(
        "one column a series, read as the long layout",
        lambda: table("period,applications\n2024-01,3\n"),
        "layout='wide'",
    ),
    Case(
        "the long layout, read as one column a series",
        lambda: table(HEADER + "applications,2024-01,3\n", layout="wide"),
        "layout='long'",
    ),
    Case(
        "a series that the network does not have",
        lambda: table(HEADER + "aplications,2024-01,3\n"),
        "'aplications'",
    ),
    Case(
        "a negative, a fractional and a written count: three faults",
        lambda: table(
            HEADER + "applications,2024-01,-3\narrivals,2024-01,2.5\narrivals,2024-02,many\n"
        ),
        "'many'",
    ),
    Case(
        "a separator in a number",
        lambda: table(HEADER + "applications,2024-01,1.234\n"),
        "'1.234'",
    ),
    Case(
        "a separator that splits a number over two cells",
        lambda: table(HEADER + "applications,2024-01,1,234\n"),
        "row 2 has 4 cells",
    ),
    Case(
        "a week",
        lambda: table(HEADER + "applications,2024-W03,3\n"),
        "'2024-W03'",
    ),
    Case(
        "a month of a network that counts by quarter",
        lambda: table(HEADER + "applications,2024-01,3\n", about=network(period="quarter")),
        "'2024-01'",
    ),
    Case(
        "the level of a stock at the end of a month, in a network that counts by quarter",
        lambda: table(HEADER + "pending,2024-01,50\n", about=chain(period="quarter")),
        "give the level at the end of a quarter",
    ),
    Case(
        "the level of a stock on a day that ends no month",
        lambda: table(HEADER + "pending,2024-01-30,50\n", about=chain()),
        "or the last day of a month",
    ),
    Case(
        "a count of a day",
        lambda: table(HEADER + "applications,2024-01-31,3\n"),
        "'2024-01-31'",
    ),
    Case(
        "a month twice",
        lambda: table(HEADER + "applications,2024-01,3\napplications,2024-01,4\n"),
        "2024-01 stands in row 2 too",
    ),
    Case(
        "a quarter and a month of it",
        lambda: table(HEADER + "applications,2024-Q1,9\napplications,2024-02,4\n"),
        "2024-02 overlaps 2024-Q1",
    ),
    Case(
        "two parts that together exceed their whole",
        lambda: table(
            HEADER + "decisions,2024-01,10\ngrants,2024-01,8\nrefusals,2024-01,8\n",
            about=chain(flow("grants", part_of="decisions"), flow("refusals", part_of="decisions")),
        ),
        "grants and refusals",
    ),
    Case(
        "months of a part that together exceed the quarter of its whole",
        lambda: table(
            HEADER + "decisions,2024-Q1,30\ngrants,2024-01,20\ngrants,2024-02,20\n",
            about=chain(flow("grants", part_of="decisions")),
        ),
        "grants in 2024-Q1: at least 40, of at most 30",
    ),
    Case(
        "a quarter of a member that exceeds the months of its sum",
        lambda: table(
            HEADER + "arrivals,2024-Q1,50\nall,2024-01,10\nall,2024-02,10\nall,2024-03,10\n",
            about=network(sum=[{"name": "all", "of": ["applications", "arrivals"]}]),
        ),
        "arrivals in 2024-Q1: at least 50, of at most 30",
    ),
    Case(
        "a stock that exceeds the sum that it is in",
        lambda: table(
            HEADER + "pending,2024-01,50\nall,2024-01,40\n",
            about=network(
                entries,
                flow("referrals", enters="caseload"),
                stock=[persons, caseload],
                sum=[{"name": "all", "of": ["pending", "caseload"]}],
            ),
        ),
        "exceed 'all'",
    ),
    Case(
        "a total that is not what its flows add up to",
        lambda: table(
            HEADER + "applications,2024-01,3\narrivals,2024-01,4\nall,2024-01,9\n",
            about=network(sum=[{"name": "all", "of": ["applications", "arrivals"]}]),
        ),
        "its flows give 7",
    ),
    Case(
        "the level of a stock at one moment, given twice",
        lambda: table(HEADER + "pending,2024-03,50\npending,2024-Q1,40\n", about=chain()),
        "stands in row",
    ),
    Case(
        "a rounding of 0",
        lambda: table("series,period,value,rounding\napplications,2024-01,3,0\n"),
        "'0'",
    ),
)

# %%
# Specifications, and what the model cannot do yet
# ------------------------------------------------
# Whatever would be left unused is refused, before anything is sampled.


def spec_file(text: str) -> mpp.ModelSpec:
    """Write a specification file and read it."""
    Path("spec.toml").write_text(text, encoding="utf-8")
    return mpp.ModelSpec.from_toml("spec.toml")


def fit(chain: mpp.Network, rows: str) -> mpp.Fit:
    """Try to fit a network."""
    return mpp.fit(mpp.ModelSpec(chain), table(HEADER + rows, about=chain), seed=1, progress=False)


show(
    Case(
        "pooling of a parameter that is none",
        lambda: mpp.ModelSpec(network(), pooling={"adaptatoin": ("block",)}),
        "'adaptatoin'",
    ),
    Case(
        "one level to pool over, given as text",
        lambda: mpp.ModelSpec(network(), pooling={"adaptation": "organisation"}),
        "'organisation'",
    ),
    Case(
        "the name of a network's file, given as the network of a specification",
        lambda: mpp.ModelSpec("network.toml"),
        "'network.toml'",
    ),
    Case(
        "a negative scale, an infinite level, a tuple for a prior, a negative ceiling: four faults",
        lambda: mpp.ModelSpec(
            network(),
            initial_sd=-1,
            mean_levels={"arrivals": float("inf")},
            priors={"adaptation": (0, 1, 1)},
            ceilings={"arrivals": -5},
        ),
        "initial_sd is -1",
    ),
    Case(
        "more seasonal waves than a year has room for",
        lambda: mpp.ModelSpec(network(), harmonics=99),
        "harmonics is 99",
    ),
    Case(
        "pooling over a level that the network does not have",
        lambda: mpp.ModelSpec(network(), pooling={"adaptation": ("nationality",)}),
        "'nationality'",
    ),
    Case(
        "a range of half-lives that runs backwards",
        lambda: mpp.ModelSpec(network(), half_life_range=(20, 2)),
        "from 20 to 2",
    ),
    Case(
        "a range of half-lives that is one number",
        lambda: mpp.ModelSpec(network(), half_life_range=2),
        "half_life_range is 2",
    ),
    Case(
        "a crisis with a probability of 2",
        lambda: mpp.ModelSpec(network(), shock=mpp.CrisisShock(probability=2)),
        "probability is 2",
    ),
    Case(
        "crises so frequent and large that nothing is left for calm",
        lambda: mpp.ModelSpec(network(), shock=mpp.CrisisShock(probability=0.5, scale=4)),
        "probability 0.5",
    ),
    Case(
        "a ceiling for a flow that is not there",
        lambda: mpp.ModelSpec(network(), ceilings={"departures": 1000}),
        "'departures'",
    ),
    Case(
        "a specification file without a network",
        lambda: spec_file("harmonics = 1\n"),
        "network",
    ),
    Case(
        "a specification file that is not there",
        lambda: mpp.ModelSpec.from_toml("spec.toml"),
        "spec.toml",
    ),
    Case(
        "a key that a specification does not have, and a prior without its doubt: two faults",
        lambda: mpp.ModelSpec.from_dict(
            {
                "network": network().to_dict(),
                "harmonic": 1,
                "priors": {"adaptation": {"centre": 0, "spread": 1}},
            }
        ),
        "did you mean 'harmonics'",
    ),
    Case(
        "a fault of the network inside a specification",
        lambda: mpp.ModelSpec.from_dict({"network": network().to_dict() | {"period": "week"}}),
        "'week'",
    ),
    Case(
        "a sampler that is not known",
        lambda: mpp.Sampler(name="stan"),
        "'stan'",
    ),
    Case(
        "no chains, and an acceptance of 2",
        lambda: mpp.Sampler(chains=0, target_accept=2),
        "target_accept is 2",
    ),
    Case(
        "a negative seed",
        lambda: mpp.fit(
            mpp.ModelSpec(network()), table(HEADER + "applications,2024-01,3\n"), seed=-1
        ),
        "seed is -1",
    ),
    Case(
        "a specification and a panel of different networks",
        lambda: mpp.fit(
            mpp.ModelSpec(network(flow("departures"))),
            table(HEADER + "applications,2024-01,3\n"),
            seed=1,
            progress=False,
        ),
        "different networks",
    ),
    Case(
        "a prior check of a network with a stock of which nothing is known",
        lambda: prior_predictive(
            mpp.ModelSpec(
                chain := network(flow("entries", unit="cases", enters="pending"), stock=[pending])
            ),
            table(HEADER + "applications,2024-01,3\n", about=chain),
        ),
        "'pending' has no figures and no initial",
    ),
    Case(
        "a stock in thousands, and those who leave it in persons: more leave than are there",
        lambda: fit(
            chain(),
            "pending,2024-01,5\npending,2024-02,5\nentries,2024-02,900\ndecisions,2024-02,900\n",
        ),
        "times as many leave",
    ),
    Case(
        "a fit of a network whose routes wait for each other",
        lambda: fit(
            network(
                flow("one", route=[route("other", 3)]),
                flow("other", route=[route("one", 3)]),
            ),
            "applications,2024-01,3\n",
        ),
        "one, other",
    ),
    Case(
        "a fit of figures of a sum that do not tell of one flow",
        lambda: fit(
            network(sum=[{"name": "all", "of": ["applications", "arrivals"]}]),
            "applications,2024-01,3\nall,2024-02,9\n",
        ),
        "'all'",
    ),
    Case(
        "a fit of figures of a rest whose whole is not known",
        lambda: fit(
            network(
                flow("grants", part_of="applications"),
                flow("rejections", part_of="applications", rest=True),
            ),
            "applications,2024-01,9\nrejections,2024-02,3\n",
        ),
        "'rejections'",
    ),
    Case(
        "a file that is no fit",
        lambda: (table(HEADER + "applications,2024-01,3\n"), mpp.load_fit("counts.csv")),
        "counts.csv",
    ),
)

# %%
# Forecasts and bands
# -------------------
# These need a fit and a forecast; made-up ones will do, since they are refused.

months = pd.date_range("2025-01", periods=24, freq="MS")
draw = np.arange(100)
evidence = xr.Dataset(
    {"value": (("time", "flow"), np.full((6, 2), 400.0))},
    {"time": months[:6], "flow": list(network().flow_names)},
)
predictions = xr.Dataset(
    {
        "flows": (
            ("chain", "draw", "time", "flow"),
            np.random.default_rng(1).poisson(400, (2, 100, 24, 2)),
        ),
        "is_observed": (("time", "flow"), np.zeros((24, 2), dtype=bool)),
    },
    {
        "chain": [0, 1],
        "draw": draw,
        "posterior_draw": ("draw", draw),
        "future": ("draw", 0 * draw),
        "time": months,
        "flow": evidence["flow"],
    },
)
made_up_fit = mpp.Fit(xr.DataTree.from_dict({"observed_data": evidence}))
made_up_fit.tree.attrs = {"spec": json.dumps(mpp.ModelSpec(network()).to_dict())}
forecast = mpp.Forecast(
    xr.DataTree.from_dict({"predictions": predictions, "observed_data": evidence})
)
forecast.tree.attrs = {
    "network": json.dumps(network().to_dict()),
    "status": "draft",
    "origin": "2025-06",
    "scenario": "",
    "note": "",
}
bands = mpp.bands(forecast)

show(
    Case(
        "a forecast until before the origin",
        lambda: mpp.forecast(made_up_fit, until="2025-03", seed=1),
        "2025-03",
    ),
    Case(
        "a forecast until a month that does not exist",
        lambda: mpp.forecast(made_up_fit, until="2030-13", seed=1),
        "'2030-13'",
    ),
    Case(
        "a forecast until nothing",
        lambda: mpp.forecast(made_up_fit, until="", seed=1),
        "no end at ''",
    ),
    Case(
        "a fit, read as a forecast",
        lambda: (made_up_fit.save("fit.nc"), mpp.Forecast.load("fit.nc")),
        "no forecast",
    ),
    Case(
        "a band scheme out of order",
        lambda: mpp.BandScheme("own", (mpp.Band("low", 0.1), mpp.Band("high", 0.9))),
        "'high' (0.9) comes after 'low' (0.1)",
    ),
    Case(
        "a probability in per cent",
        lambda: mpp.BandScheme("own", (mpp.Band("low", 90),)),
        "'low' is 90",
    ),
    Case(
        "a probability given as text",
        lambda: mpp.MPP.with_levels(maximum="0.1"),
        "'maximum' is '0.1'",
    ),
    Case(
        "another probability for medio, which is published",
        lambda: mpp.MPP.with_levels(medio=0.4),
        "'medio' cannot be 0.4",
    ),
    Case(
        "a maximum that lies below medio",
        lambda: mpp.MPP.with_levels(maximum=0.4),
        "'maximum' (0.4)",
    ),
    Case(
        "bands by something unknown, per something unknown",
        lambda: mpp.bands(forecast, by="ministry", per="month"),
        "by='ministry'",
    ),
    Case(
        "bands by nothing, with a scheme by its name",
        lambda: mpp.bands(forecast, "MPP", by=None),
        "scheme='MPP'",
    ),
    Case(
        "bands by an empty list",
        lambda: mpp.bands(forecast, by=[]),
        "by=() names nothing",
    ),
    Case(
        "bands of a fit",
        lambda: mpp.bands(made_up_fit),
        "found Fit",
    ),
    Case(
        "bands by declared sums, where there are none",
        lambda: mpp.bands(forecast, by="sum"),
        "by='sum'",
    ),
    Case(
        "adding bands",
        lambda: bands + bands,
        "quantiles",
    ),
    Case(
        "halving bands",
        lambda: bands // 2,
        "quantiles",
    ),
    Case(
        "changing the sign of bands",
        lambda: -bands,
        "quantiles",
    ),
    Case(
        "a selection of a band under another name",
        lambda: bands.select(band="median"),
        "'mediaan'",
    ),
    Case(
        "a figure of a flow that is not there",
        lambda: mpp.plot_fan(bands, "departures"),
        "'departures'",
    ),
    Case(
        "writing the bands of a draft",
        lambda: bands.to_csv("bands.csv"),
        "draft",
    ),
    Case(
        "writing bands to a folder that is not there",
        lambda: bands.to_csv("absent/bands.csv", draft=True),
        "absent",
    ),
    Case(
        "a report beside a backtest that is not there",
        lambda: mpp.report(forecast, "report.html", backtest="absent", draft=True),
        "absent",
    ),
    Case(
        "a report beside a table of scores, given instead of the folder",
        lambda: mpp.report(forecast, "report.html", backtest=pd.DataFrame(), draft=True),
        "DataFrame",
    ),
    Case(
        "a report beside a folder that is no backtest: four files are missing",
        lambda: mpp.report(forecast, "report.html", backtest=".", draft=True),
        "scores.csv",
    ),
)

# %%
# Measures, scenarios and plans
# -----------------------------


def measure(**keys: object) -> mpp.Measure:
    """Make a measure, sound but for what is given."""
    usual = {"name": "limit", "block": 1, "acts_on": "arrivals", "start": "2026-01", "effect": -0.2}
    return mpp.Measure(**usual | keys)


def past_measure(**keys: object) -> mpp.ModelSpec:
    """Make a specification with a measure of the past, sound but for what is given."""
    usual = {"acts_on": ("arrivals",), "start": "2024-01", "effect": -0.2, "doubt": 0.3}
    return mpp.ModelSpec(network(), past_measures=({"name": "limit", **usual, **keys},))


one_path = mpp.paths(forecast, "arrivals")

show(
    Case(
        "a measure that takes more than all of a flow",
        lambda: mpp.Scenario("plan", (measure(effect=-1.5),)),
        "cannot fall by more than all of it",
    ),
    Case(
        "quantiles of an effect that fall as the chance to exceed them falls",
        lambda: mpp.Scenario("plan", (measure(effect={0.9: 0.3, 0.1: 0.1}),)),
        "rise as the chance to exceed them falls",
    ),
    Case(
        "a probability in per cent, and a phase-in of half a month: two faults",
        lambda: mpp.Scenario("plan", (measure(probability=80, phase_in=0.5),)),
        "phase_in is 0.5",
    ),
    Case(
        "two measures of one name",
        lambda: mpp.Scenario("plan", (measure(), measure(effect=0.1))),
        "two measures are called 'limit'",
    ),
    Case(
        "a key that a measure does not have",
        lambda: mpp.Scenario.from_dict({"name": "plan", "measure": [{"efect": 0.1}]}),
        "did you mean 'effect'",
    ),
    Case(
        "a measure of the past on a flow that is not there",
        lambda: past_measure(acts_on=("arivals",)),
        "did you mean 'arrivals'",
    ),
    Case(
        "a measure of the past without doubt about its effect",
        lambda: past_measure(doubt=0),
        "doubt is 0",
    ),
    Case(
        "scenarios on an anchor that is not there",
        lambda: mpp.coherent(forecast, anchor="arivals", period="2026"),
        "did you mean 'arrivals'",
    ),
    Case(
        "a path of a flow that is not there",
        lambda: mpp.paths(forecast, "departures"),
        "'departures'",
    ),
    Case(
        "a simultaneous band with a probability in per cent",
        lambda: mpp.simultaneous(one_path, 33),
        "between 0 and 1",
    ),
    Case(
        "plans on a band of another name",
        lambda: mpp.compare_plans(forecast, ["median"]),
        "'mediaan'",
    ),
)

# %%
# The command line
# ----------------
# The same messages on standard error, without a traceback, and exit status 2.


def command(*arguments: str) -> None:
    """Run ``mppbayes`` beside a sound network and table."""
    network().to_toml("network.toml")
    Path("counts.csv").write_text(HEADER + "applications,2024-01,3\n", encoding="utf-8")
    given, sys.argv = sys.argv, ["mppbayes", *arguments]
    try:
        main()
    finally:
        sys.argv = given


def check_looped() -> None:
    """Check a table beside a network whose routes wait for each other."""
    looped = network(flow("one", route=[route("other", 3)]), flow("other", route=[route("one", 3)]))
    looped.to_toml("looped.toml")
    command("check", "counts.csv", "--network", "looped.toml")


ahead = ("--network", "network.toml", "--until", "2026-12", "--out")

show(
    Case(
        "mppbayes chek",
        lambda: command("chek"),
        "chek",
    ),
    Case(
        "mppbayes check counts.csv, without a network",
        lambda: command("check", "counts.csv"),
        "--network",
    ),
    Case(
        "mppbayes check network.toml --network counts.csv, the two files exchanged",
        lambda: command("check", "network.toml", "--network", "counts.csv"),
        "counts.csv",
    ),
    Case(
        "mppbayes check counts.csv --network looped.toml, whose routes wait for each other",
        check_looped,
        "one, other",
    ),
    Case(
        "mppbayes forecast … --minimum 90, in per cent",
        lambda: command("forecast", "counts.csv", *ahead, "out", "--minimum", "90"),
        "'minimum' is 90",
    ),
    Case(
        "mppbayes forecast … --out ., a folder that holds something else",
        lambda: command("forecast", "counts.csv", *ahead, "."),
        "something else",
    ),
    Case(
        "mppbayes report counts, a folder that is no forecast",
        lambda: command("report", "counts"),
        "fit.nc",
    ),
    Case(
        "mppbayes new network.toml, a file",
        lambda: command("new", "network.toml"),
        "network.toml",
    ),
    Case(
        "mppbayes demo --language fr",
        lambda: command("demo", "--language", "fr"),
        "--language",
    ),
)
