"""The PyMC graph of a specification: priors, the recursion over time, the likelihood."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.tensor import TensorVariable

from mppbayes import names
from mppbayes.model.arrays import Arrays
from mppbayes.model.closings import of_cuts
from mppbayes.model.competing import covariances
from mppbayes.model.evidence import add_evidence, as_counted_over, as_they_leave
from mppbayes.model.halfnormal import half_normal
from mppbayes.model.hierarchy import hierarchy, partly_centred, prefix
from mppbayes.model.introduced import acting
from mppbayes.model.layout import Layout
from mppbayes.model.partsalone import with_wholes
from mppbayes.model.period import Chance
from mppbayes.model.priors import MOST_DISPERSION
from mppbayes.model.recursion import Unknowns, run
from mppbayes.model.routing import doubted, exposures, shares_known
from mppbayes.model.specification import ModelSpec
from mppbayes.model.step import Parameters, State
from mppbayes.model.timing import Behind, Timing, doubt
from mppbayes.network import Initial

# Unknowns far smaller than 1: a chain that starts them 1 away, as others, is tens of sds off.
SMALL = frozenset({f"{names.COMMON_SHOCK}_felt"})
_ELASTICITY = (0.0, 1.2)  # mean and sd of its logit
_USUAL = 0.1  # of its usual size: the doubt about a stock that figures tell of
_UNRECORDED = 0.005  # of a stock, per period: the scale of what changes it unrecorded


def build(spec: ModelSpec, layout: Layout, data: Arrays) -> pm.Model:
    """Build the graph.

    Parameters
    ----------
    spec : ModelSpec
        Resolved.
    layout : Layout
        The longest span of evidence.
    data : dict of str to array
        As :func:`mppbayes.model.arrays.arrays` gives; each becomes a ``pm.Data`` of that name,
        to be replaced for other evidence of the same layout.

    Returns
    -------
    pymc.Model
        Every dimension named and with coordinates. ``log_mean`` (time, flow) is there to be
        looked at; :func:`stored` says what a posterior keeps.
    """
    with pm.Model(coords=coordinates(spec, layout)) as model:
        given = {
            name: pt.specify_shape(pm.Data(name, array), array.shape)
            for name, array in data.items()
        }
        unknowns = _unknowns(spec, layout, given)
        passed = run(spec.structure, layout, given, unknowns)
        log_mean = pm.Deterministic(
            names.LOG_MEAN, pt.log(pt.maximum(passed.mean, 1e-9)), dims=(names.TIME, names.FLOW)
        )
        if unknowns.doubt is not None:
            unknowns = as_counted_over(log_mean, unknowns)
        competing = None
        if spec.network.stocks:
            own = unknowns.parameters.dispersion
            competing = covariances(passed.mean, passed.inside, own, spec.structure, pt)
            passed, unknowns = as_they_leave(spec.structure, passed, unknowns)
            log_mean = pt.log(pt.maximum(passed.mean, 1e-9))
        add_evidence(layout, given, passed, unknowns, log_mean, competing)
    return model


def stored(model: pm.Model) -> list[str]:
    """Name the variables that a posterior keeps: all but the log means, which a replay gives."""
    variables = (*model.free_RVs, *model.deterministics)
    return [variable.name for variable in variables if variable.name != names.LOG_MEAN]


def coordinates(spec: ModelSpec, layout: Layout) -> dict[str, list[str]]:
    """Give the coordinates of every dimension of the graph, as text."""
    times = layout.time.strftime("%Y-%m-%d")
    flow_names = spec.structure.names
    plans = list(spec.designs.values())
    return {
        names.TIME: times.tolist(),
        names.FLOW: list(flow_names),
        names.PARAMETER: list(names.PARAMETERS),
        names.LEVEL: list(plans[0].levels),
        names.HARMONIC: [name for name, _ in harmonics(spec)],
        names.SEASON: [str(season + 1) for season in range(spec.network.periods_per_year)],
        names.GAP: layout.gap_names,
        **{
            f"{prefix(drive)}{level}_group": list(group.groups)
            for drive, plan in spec.designs.items()
            for level, group in plan.by_level.items()
        },
        **_chain_coordinates(spec),
    }


def _chain_coordinates(spec: ModelSpec) -> dict[str, list[str]]:
    """Give the coordinates that only networks with stocks, routes or past measures have."""
    structure, found = spec.structure, {}
    if spec.past_measures:
        found[names.MEASURE] = [measure.name for measure in spec.past_measures]
    if structure.network.stocks:
        found[names.STOCK] = list(structure.network.stock_names)
        elastic = np.array(structure.names)[structure.elastic].tolist()
        staying = [flow.name for flow in structure.flows if flow.stay]
        dims = {names.LEAVING: elastic, names.STAYING: staying}
        found |= {dim: flows for dim, flows in dims.items() if flows}
    if unsure := doubted(structure):
        found |= {names.ROUTE: unsure, "delay_moment": ["mean", "sd"]}
    for flow in structure.flows:
        if flow.routes and not shares_known(flow):
            found[f"{flow.name}_{names.ROUTE}"] = [route.source for route in flow.routes]
    return found


def harmonics(spec: ModelSpec) -> list[tuple[str, NDArray[np.float64]]]:
    """Give the seasonal waves by name, each over the periods of a year.

    Scaled so that independent standard normal coefficients make a pattern whose mean square over
    flows is 1.
    """
    n = spec.network.periods_per_year
    angle = 2 * np.pi * np.arange(n) / n
    waves = [
        (f"{name}{order}", wave(order * angle))
        for order in range(1, spec.harmonics + 1)
        for name, wave in (("sin", np.sin), ("cos", np.cos))
    ]
    waves = [(name, wave) for name, wave in waves if np.abs(wave).max() > 1e-9]
    total = np.sqrt(sum(np.mean(wave**2) for _, wave in waves)) if waves else 1.0
    return [(name, wave / total) for name, wave in waves]


def _unknowns(spec: ModelSpec, layout: Layout, given: dict[str, TensorVariable]) -> Unknowns:
    """Declare everything that is unknown."""
    flows = _flow_parameters(spec, given)
    initial = State(flows[names.INITIAL_LEVEL], flows[names.MEAN_LEVEL])
    parameters = Parameters(
        persistence=flows["persistence"],
        permanence=flows[names.PERMANENCE],
        adaptation=flows[names.ADAPTATION],
        dispersion=flows[names.DISPERSION],
        shock_loading=flows[names.SHOCK_LOADING],
        season=_season(spec, given, flows)[layout.seasons] + _introduced(spec, layout),
        ceiling=given["ceiling"],
    )
    if spec.structure.driven("part").any():
        parameters = with_wholes(parameters, spec.structure.whole)
    shock = _common_shock(spec, given, flows[names.SHOCK_LOADING])
    stock = _stock_unknowns(spec, given)
    chance = Chance(
        shock[:, None],
        _gap_surprise(layout),
        stock.get(names.ELASTICITY),
        stock.get(names.UNRECORDED),
    )
    return Unknowns(
        initial,
        parameters,
        chance,
        exposures(spec, given),
        _doubt(layout, given, parameters),
        stock.get(names.INITIAL_STOCK),
        given.get("stock_size"),
        _blur(layout, given, parameters),
    )


def _flow_parameters(
    spec: ModelSpec, given: dict[str, TensorVariable]
) -> dict[str, TensorVariable]:
    """Declare the hierarchy; give each parameter on its natural scale, by flow."""
    row = hierarchy(spec, given)
    low, high = spec.half_life_range
    half_life = low * (high / low) ** pm.math.sigmoid(row[names.HALF_LIFE])
    wide = given["mean_level_width"]
    staying, level_of_stay = _stays(spec)
    natural = {
        names.MEAN_LEVEL: pt.where(
            staying, level_of_stay, given["mean_level_centre"] + wide * row[names.MEAN_LEVEL]
        ),
        names.HALF_LIFE: half_life,
        names.PERMANENCE: pm.math.sigmoid(row[names.PERMANENCE]),
        names.ADAPTATION: pm.math.sigmoid(row[names.ADAPTATION]),
        names.DISPERSION: 1 + 1 / (pt.exp(-row[names.DISPERSION]) + 1 / MOST_DISPERSION),
        names.SHOCK_LOADING: pt.sigmoid(row[names.SHOCK_LOADING]),
        names.SEASONAL_AMPLITUDE: pt.exp(row[names.SEASONAL_AMPLITUDE]),
    }
    flows = {
        name: pm.Deterministic(name, value, dims=names.FLOW) for name, value in natural.items()
    }
    flows["persistence"] = 0.5 ** (1 / (spec.network.periods_per_year * half_life))
    # Beside the centre, so that where the chains start does not depend on the evidence.
    offset = pm.Normal(
        f"{names.INITIAL_LEVEL}_offset",
        wide * row[names.MEAN_LEVEL],
        spec.initial_sd,
        dims=names.FLOW,
    )
    initial = pt.where(staying, level_of_stay, given["mean_level_centre"] + offset)
    flows[names.INITIAL_LEVEL] = pm.Deterministic(names.INITIAL_LEVEL, initial, dims=names.FLOW)
    return flows


def _doubt(
    layout: Layout, given: dict[str, TensorVariable], parameters: Parameters
) -> TensorVariable | None:
    """Give the doubt about what routed flows are counted over, (time, flow), if there is any."""
    if (behind := Behind.of(layout)) is None:
        return None
    timing = Timing(given["timing_frailty"], given["timing_arrival"])
    return doubt(timing, behind, parameters, pt)


def _blur(
    layout: Layout, given: dict[str, TensorVariable], parameters: Parameters
) -> TensorVariable | None:
    """Give the variance of stocks that rounding and cut figures add, (time, stock), if any are."""
    if "row" not in given:
        return None
    cut = of_cuts(given, layout, parameters.dispersion)
    return None if cut is None else given["blur"] + cut


def _stays(spec: ModelSpec) -> tuple[NDArray[np.bool_], TensorVariable]:
    """Say which flows have a stay, and give their log hazards: (flow,) each.

    They are apart from the hierarchy, and begin where they are in the long run.
    """
    stays = [flow.stay for flow in spec.structure.flows if flow.stay]
    staying = np.array([flow.stay is not None for flow in spec.structure.flows])
    level = pt.zeros(len(staying))
    if stays:
        log_stay = pm.Normal(
            names.LOG_STAY,
            [stay.log_mean for stay in stays],
            [stay.log_sd for stay in stays],
            dims=names.STAYING,
        )
        level = level[np.flatnonzero(staying)].set(-log_stay)
    return staying, level


def _stock_unknowns(spec: ModelSpec, given: dict[str, TensorVariable]) -> dict[str, TensorVariable]:
    """Declare what is unknown of stocks; nothing without them."""
    stocks = spec.network.stocks
    if not stocks:
        return {}
    reference, elastic = given["stock_size"], spec.structure.elastic
    elasticity = pt.ones(len(elastic))
    if elastic.any():
        logit = pm.Normal(f"{names.ELASTICITY}_logit", *_ELASTICITY, dims=names.LEAVING)
        value = pm.Deterministic(names.ELASTICITY, pm.math.sigmoid(logit), dims=names.LEAVING)
        elasticity = elasticity[np.flatnonzero(elastic)].set(value)
    share = half_normal(f"{names.UNRECORDED}_share", _UNRECORDED, dims=names.STOCK)
    unrecorded = pm.Deterministic(names.UNRECORDED, share * reference, dims=names.STOCK)
    believed = np.array([stock.initial is not None for stock in stocks])
    beliefs = [stock.initial or Initial(1.0, _USUAL) for stock in stocks]
    log_mean, log_sd = (np.array([getattr(b, n) for b in beliefs]) for n in ("log_mean", "log_sd"))
    log_mean = log_mean + pt.where(believed, 0.0, pt.log(reference))
    deviation = pm.Normal(f"{names.INITIAL_STOCK}_deviation", 0, 1, dims=names.STOCK)
    initial = pm.Deterministic(
        names.INITIAL_STOCK, pt.exp(log_mean + log_sd * deviation), dims=names.STOCK
    )
    return {
        names.ELASTICITY: elasticity,
        names.UNRECORDED: pt.specify_shape(unrecorded, (len(stocks),)),
        names.INITIAL_STOCK: pt.specify_shape(initial, (len(stocks),)),
    }


def _season(
    spec: ModelSpec, given: dict[str, TensorVariable], flows: dict[str, TensorVariable]
) -> TensorVariable:
    """Give the seasonal pattern, (season, flow)."""
    waves = harmonics(spec)
    if not waves:
        return pt.zeros((spec.network.periods_per_year, len(spec.structure.flows)))
    coefficient = partly_centred(
        names.SEASONAL_WAVE,
        0.0,
        flows[names.SEASONAL_AMPLITUDE],
        given["season_sharpness"],
        dims=(names.HARMONIC, names.FLOW),
    )
    pattern = np.stack([wave for _, wave in waves], axis=1) @ coefficient
    return pm.Deterministic(names.SEASONAL_PATTERN, pattern, dims=(names.SEASON, names.FLOW))


def _introduced(spec: ModelSpec, layout: Layout) -> TensorVariable | float:
    """Declare the effects of measures of the past; give what they add, (time, flow)."""
    measures = spec.past_measures
    if not measures:
        return 0.0
    log_factor = pm.Normal(
        names.LOG_FACTOR,
        [measure.log_factor for measure in measures],
        [measure.doubt for measure in measures],
        dims=names.MEASURE,
    )
    return acting(measures, spec.structure.names, layout.periods) @ log_factor


def _common_shock(
    spec: ModelSpec, given: dict[str, TensorVariable], loading: TensorVariable
) -> TensorVariable:
    """Declare the shock in its own standard deviations, (time,).

    It is sampled in units between these and what a typical flow feels, which mixes better.
    """
    felt = pt.exp(given["shock_centring"] * (given["shock_weight"] @ pt.log(loading)))
    raw = pm.NormalMixture(
        f"{names.COMMON_SHOCK}_felt",
        w=np.array(spec.shock.weights),
        mu=np.zeros(2),
        sigma=np.array(spec.shock.scales) * felt[:, None],
        dims=names.TIME,
    )
    return pm.Deterministic(names.COMMON_SHOCK, raw / felt, dims=names.TIME)


def _gap_surprise(layout: Layout) -> TensorVariable:
    """Lay the surprises of spans without figures at their ends, in standard units: (time, flow)."""
    time, flow = layout.gaps
    empty = pt.zeros(layout.windows.gap.shape)
    if not len(time):
        return empty
    return empty[time, flow].set(pm.Normal(names.GAP_SURPRISE, 0, 1, dims=names.GAP))
