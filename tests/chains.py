"""Small chains with routes, stocks and parts, and parameters by hand, for quick tests."""

from contextlib import contextmanager
from dataclasses import fields

import numpy as np
import pandas as pd
import pymc as pm
import pytensor
import xarray as xr
from hypothesis import strategies as st
from pytensor.compile.mode import Mode

from mppbayes import names
from mppbayes.model import ModelSpec, resolve
from mppbayes.model.arrays import arrays
from mppbayes.model.delays import nominal_shares, nominal_weights
from mppbayes.model.graph import build, stored
from mppbayes.model.innovations import Innovations
from mppbayes.model.layout import Layout
from mppbayes.model.period import ties
from mppbayes.model.replay import FlowDraws
from mppbayes.model.simulation import Given, Simulated, Simulator
from mppbayes.model.step import Parameters, State
from mppbayes.model.structure import Structure
from mppbayes.network import Network
from mppbayes.panel import Panel, read_panel
from mppbayes.prediction.effects import Effects

NO_CEILING = 1e15
QUIET = 1e12  # a dispersion that leaves no frailty


def flow(name: str, **keys) -> dict:
    """Describe a flow; ``source`` is a route, or a list of them, with an optional delay."""
    row = {"name": name, "organisation": "A", "block": 1, "kind": "inflow", "unit": "persons"}
    return row | keys


def route(source: str, mean: float | None = None, sd: float = 0.0, **keys) -> dict:
    """Describe a route; without a mean it feeds its flow in the same period."""
    delay = {} if mean is None else {"delay": {"mean": float(mean), "sd": float(sd)}}
    return {"source": source} | delay | keys


def stock(name: str, initial: float | None = None, **keys) -> dict:
    """Describe a stock, with what it holds at first if that is believed."""
    row = {"name": name, "organisation": "A", "block": 1, "unit": "persons"} | keys
    if initial is not None:
        row["initial"] = {"mean": float(initial), "sd": 0.1 * float(initial)}
    return row


def network(*flows: dict, stocks=(), sums=(), period: str = "month") -> Network:
    """Make a network of one organisation and block."""
    tables = {
        "schema": 1,
        "name": "chain",
        "period": period,
        "organisation": [{"name": "A"}],
        "block": [{"number": 1}],
        "stock": list(stocks),
        "flow": list(flows),
        "sum": list(sums),
    }
    return Network.from_dict({key: rows for key, rows in tables.items() if rows != []})


def months(first: str, values) -> list[tuple[str, float]]:
    """Give figures of months that follow each other; None is a gap."""
    periods = pd.period_range(first, periods=len(values), freq="M").astype(str)
    return [(p, v) for p, v in zip(periods, values, strict=True) if v is not None]


def layout(net: Network, **figures) -> Layout:
    """Lay out figures: by series, a list of (period, value) or (period, value, rounding)."""
    return Layout.of(panel(net, **figures))


def panel(net: Network, **figures) -> Panel:
    """Read figures: by series, a list of (period, value) or (period, value, rounding)."""
    rows = [
        (series, figure[0], figure[1], figure[2] if len(figure) > 2 else 1)
        for series, given in figures.items()
        for figure in given
    ]
    return read_panel(pd.DataFrame(rows, columns=["series", "period", "value", "rounding"]), net)


def draws(
    net: Network,
    n_draws: int,
    n_time: int,
    *,
    level=0.0,
    stock=0.0,
    elasticity=1.0,
    unrecorded=0.0,
    n_gaps: int = 0,
    seed: int = 0,
    shock: float = 0.0,
    **constant,
) -> FlowDraws:
    """Make parameters by hand; quiet ones unless told otherwise.

    ``level`` and the constants are numbers or a dict by flow, ``stock`` and ``unrecorded`` by
    stock, whose hazards hold at its initial mean; ``shock`` is the standard deviation of the
    shocks, and that of gaps is 1.
    """
    structure = Structure(net)
    rng = np.random.default_rng(seed)

    def by(owners, value, default=0.0):
        values = [value.get(n, default) for n in owners] if isinstance(value, dict) else value
        return np.broadcast_to(np.asarray(values, dtype=float), (n_draws, len(owners))).copy()

    quiet = {
        "persistence": 1.0,
        "permanence": 0.0,
        "adaptation": 1e-9,
        "dispersion": QUIET,
        "shock_loading": 0.0,
        "ceiling": NO_CEILING,
    }
    given = {
        name: by(structure.names, constant.pop(name, default), default)
        for name, default in quiet.items()
    }
    assert not constant, f"no such parameters: {constant}"
    levels = by(structure.names, level)
    size = np.array([each.initial.mean if each.initial else 1.0 for each in net.stocks])
    weights = {}
    for each in structure.flows:
        for one, share in zip(each.routes, nominal_shares(each.routes), strict=True):
            weight = share * nominal_weights(one)
            weights[structure.route_name(each, one)] = np.tile(weight, (n_draws, 1))
    chain = {}
    if net.stocks:
        chain = {
            "elasticity": by(structure.names, elasticity, 1.0),
            "unrecorded": by(net.stock_names, unrecorded),
            "stock": by(net.stock_names, stock),
        }
    return FlowDraws(
        constant=Parameters(**given, season=np.zeros(())),
        season=np.zeros((n_draws, net.periods_per_year, len(structure.flows))),
        initial=State(levels, levels.copy()),
        size=size,
        shock=rng.normal(0, 1, (n_draws, n_time)) * shock,
        gap=rng.normal(0, 1, (n_draws, n_gaps)),
        weights=weights,
        **chain,
    )


def time(n_time: int, first: str = "2020-01") -> pd.DatetimeIndex:
    """Give the first days of months."""
    return pd.period_range(first, periods=n_time, freq="M").to_timestamp()


def run(net: Network, parameters: FlowDraws, *, seed: int = 1, measures=()) -> Simulated:
    """Simulate as many periods as there are shocks; before them nobody came."""
    given = nothing_given(net, parameters.shock.shape[1]) | {"shock": parameters.shock}
    return run_given(net, parameters, given, seed=seed, measures=measures)


def nothing_given(net: Network, n_time: int, n_draws: int = 1) -> dict:
    """Give the fields of a :class:`Given` in which nothing is known."""
    n_flows, n_stocks = len(Structure(net).flows), len(net.stocks)
    n_sums = sum(name in net.stock_series for name in net.sum_names)
    end = np.zeros((n_draws, n_flows))
    return {
        "counts": np.zeros((n_draws, n_time, n_flows)),
        "fixed": np.zeros((n_time, n_flows), dtype=bool),
        "plan": np.zeros((n_time, n_flows), dtype=bool),
        "restart": np.zeros((n_time, n_flows), dtype=bool),
        "end": State(end, end),
        "stock": np.zeros((n_time, n_stocks)),
        "stock_seen": np.zeros((n_time, n_stocks), dtype=bool),
        "total": np.zeros((n_time, n_sums)),
        "total_seen": np.zeros((n_time, n_sums), dtype=bool),
        "shock": np.zeros((n_draws, n_time)),
    }


def run_given(
    net: Network, parameters: FlowDraws, given: dict, *, seed: int = 1, measures=()
) -> Simulated:
    """Simulate with things given, by the fields of :class:`Given`."""
    structure = Structure(net)
    n_draws = len(parameters.shock)
    n_time = len(given["fixed"])
    in_sums = [
        [float(name in net.members(total)) for name in net.stock_names]
        for total in net.sum_names
        if total in net.stock_series
    ]
    members = np.array(in_sums).reshape(len(in_sums), len(net.stocks))
    innovations = Innovations(seed, n_draws)
    span = time(n_time).to_period("M")
    effects = Effects(
        measures,
        structure,
        span,
        origin=span[0] - 1,
        innovations=innovations,
        given=np.zeros((n_time, len(structure.names)), dtype=bool),
    )
    simulator = Simulator(
        structure,
        ties(structure, parameters.size, members),
        parameters,
        innovations,
        lambda ordinal: np.zeros(n_draws),
        effects.at,
        effects.arriving,
    )
    assert set(given) == {each.name for each in fields(Given)}
    return simulator.run(
        span,
        np.zeros((n_draws, structure.longest_lag, len(structure.flows))),
        parameters.initial,
        parameters.stock if parameters.stock is not None else np.zeros((n_draws, 0)),
        Given(**given),
    )


@st.composite
def random_networks(pick, *, with_parts: bool = True, in_sums: bool = True) -> Network:
    """Draw a network of one to three stocks, and flows of every drive."""
    n_stocks = pick(st.integers(1, 3))
    stocks = [stock(f"s{k}", pick(st.sampled_from([None, 50, 3000]))) for k in range(n_stocks)]
    flows = [flow("source")]
    for k in range(n_stocks):
        kind = pick(st.sampled_from(["exogenous", "routed"]))
        feeding = {
            "exogenous": {},
            "routed": {"route": [pick(_routes("source"))]},
        }[kind]
        flows.append(flow(f"in_{k}", enters=f"s{k}", **feeding))
    for k in range(n_stocks):
        for j in range(pick(st.integers(int(k == 0), 3))):  # see test_chain_limits: none leaves
            into = pick(st.sampled_from([None, *(f"s{o}" for o in range(n_stocks) if o != k)]))
            to = {} if into is None else {"enters": into}
            flows.append(flow(f"out_{k}_{j}", leaves=f"s{k}", **to))
        if pick(st.booleans()):
            flows.append(flow(f"by_{k}", driven_by=f"s{k}"))
    sums = []
    if with_parts and pick(st.integers(0, 5)):
        wholes = [each["name"] for each in flows]
        whole = pick(st.sampled_from(wholes))
        if pick(st.booleans()):
            other = pick(st.sampled_from([name for name in wholes if name != whole]))
            sums = [{"name": "both", "of": [whole, other]}]
            whole = "both"
        n_parts = pick(st.integers(1, 3))
        taken = {each.get("enters") for each in flows if each["name"] in (whole, *_of(sums))}
        free = [None, *(each["name"] for each in stocks if each["name"] not in taken)]

        def part(name: str, **keys) -> dict:
            into = pick(st.sampled_from(free))
            return flow(name, part_of=whole, **keys, **({} if into is None else {"enters": into}))

        flows += [part(f"part_{j}") for j in range(n_parts)]
        if pick(st.integers(0, 3)):
            rest = pick(st.integers(0, 1))
            flows.insert(len(flows) - rest, part("rest", rest=True))
            if pick(st.booleans()):
                flows.append(flow("fed", route=[pick(_routes("rest"))]))
            if pick(st.booleans()):
                flows.append(flow("inner", part_of="rest"))
        if pick(st.booleans()):
            flows.append(flow("late", route=[pick(_routes("part_0"))], enters="s0"))
    if in_sums and n_stocks > 1 and pick(st.booleans()):
        sums.append({"name": "present", "of": ["s0", "s1"]})
    order = pick(st.permutations(range(len(flows)))) if pick(st.booleans()) else range(len(flows))
    return network(*(flows[i] for i in order), stocks=stocks, sums=sums)


def _of(sums: list[dict]) -> tuple[str, ...]:
    return tuple(sums[0]["of"]) if sums else ()


def _routes(source: str):
    return st.sampled_from(
        [route(source), route(source, 1.5), route(source, 2, 1.0), route(source, 6, 3.0)]
    )


def random_draws(
    net: Network, *, n_draws: int, n_time: int, seed: int, full: bool = False
) -> FlowDraws:
    """Draw rough parameters: all that a simulation may meet, or only stocks that stay filled."""
    rng = np.random.default_rng(seed)
    structure = Structure(net)
    centre = {"exogenous": (3.0, 2.0), "routed": (-0.5, 0.5), "part": (0, 2)}
    centre["stock"] = (-3.5, 0.4) if full else (-2.0, 1.5)
    if full:
        centre["exogenous"] = (4.5, 0.7)
    level = {
        name: float(rng.normal(*centre[drive]))
        for name, drive in zip(structure.names, structure.drives, strict=True)
    }
    return draws(
        net,
        n_draws,
        n_time,
        level=level,
        stock={name: 3000.0 if full else rng.choice([0.0, 3, 800]) for name in net.stock_names},
        elasticity={name: float(rng.uniform()) for name in structure.names},
        unrecorded={name: float(rng.choice([0, 2, 30])) for name in net.stock_names},
        persistence=0.98,
        permanence=0.3,
        adaptation=float(rng.uniform(0.02, 0.6)),
        dispersion=float(rng.choice([1.5, 8.0, 100.0])),
        shock_loading=0.1,
        shock=1.0,
        seed=seed,
    )


@contextmanager
def plainly():
    """Let PyTensor run without a compiler: some ten times as fast for a graph that is used once."""
    with pytensor.config.change_flags(cxx=""):
        yield Mode(linker="py", optimizer=None)


def of_graph(
    net: Network,
    evidence: Panel,
    *,
    draws: int = 3,
    seed: int = 3,
    harmonics: int = 1,
    past_measures=(),
    longer: Panel | None = None,
):
    """Draw everything that a graph declares from the prior, and what it makes of it.

    ``longer`` is the panel that the graph is laid out for, if it is another one.

    Returns
    -------
    Layout, ModelSpec, FlowDraws, dict
        The last one holds the log means and every potential of the same draws.
    """
    known = Layout.of(longer or evidence)
    spec = ModelSpec(net, harmonics=harmonics, past_measures=past_measures)
    spec = resolve(spec, evidence)
    with plainly() as mode:
        model = build(spec, known, arrays(spec, known, evidence))
        kept = stored(model)
        made = [names.LOG_MEAN, *(potential.name for potential in model.potentials)]
        wanted = [model[name] for name in (*kept, *made)]
        values = pm.draw(wanted, draws=draws, random_seed=seed, mode=mode)
    by_name = dict(zip((*kept, *made), values, strict=True))
    prior = xr.Dataset(
        {
            name: ((names.CHAIN, names.DRAW, *model.named_vars_to_dims[name]), by_name[name][None])
            for name in kept
        },
        coords={names.TIME: list(model.coords[names.TIME])},
    )
    return known, spec, FlowDraws.of(spec, prior), {name: by_name[name] for name in made}
