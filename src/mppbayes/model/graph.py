"""The PyMC graph of a specification: priors, the recursion over time, the likelihood."""

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.tensor import TensorVariable

from mppbayes import names
from mppbayes.model.arrays import Arrays, Layout
from mppbayes.model.likelihood import (
    Shape,
    log_gamma,
    negative_binomial,
    negative_binomial_interval,
)
from mppbayes.model.pooling import PoolingDesign
from mppbayes.model.specification import ModelSpec
from mppbayes.model.step import Known, Parameters, State, step

_SHOCK_CENTRING = 0.6  # found by trial, with three and with eleven years of counts
_CONCENTRATION = 2.0  # of the variance shares: no level is expected to carry nothing


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
        flows = _flow_parameters(spec, given)
        log_mean = pm.Deterministic(
            names.LOG_MEAN,
            _recursion(spec, layout, given, flows),
            dims=(names.TIME, names.FLOW),
        )
        _likelihood(layout, given, log_mean, flows[names.DISPERSION])
    return model


def stored(model: pm.Model) -> list[str]:
    """Name the variables that a posterior keeps: all but the log means, which a replay gives."""
    variables = (*model.free_RVs, *model.deterministics)
    return [variable.name for variable in variables if variable.name != names.LOG_MEAN]


def coordinates(spec: ModelSpec, layout: Layout) -> dict[str, list[str]]:
    """Give the coordinates of every dimension of the graph, as text."""
    times = layout.time.strftime("%Y-%m-%d")
    gap_time, gap_flow = layout.gaps
    flow_names = spec.network.flow_names
    return {
        names.TIME: times.tolist(),
        names.FLOW: list(flow_names),
        names.PARAMETER: list(spec.design.parameters),
        names.LEVEL: list(spec.design.levels),
        names.HARMONIC: [name for name, _ in harmonics(spec)],
        names.SEASON: [str(season + 1) for season in range(spec.network.periods_per_year)],
        names.GAP: [f"{flow_names[s]} {times[t]}" for t, s in zip(gap_time, gap_flow, strict=True)],
        **{f"{level}_group": list(d.groups) for level, d in spec.design.by_level.items()},
    }


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


def _flow_parameters(
    spec: ModelSpec, given: dict[str, TensorVariable]
) -> dict[str, TensorVariable]:
    """Declare the hierarchy; give each parameter on its natural scale, by flow."""
    value, mean = _hierarchy(spec, given)
    row = {parameter: value[i] for i, parameter in enumerate(spec.design.parameters)}
    low, high = spec.half_life_range
    half_life = low * (high / low) ** pm.math.sigmoid(row[names.HALF_LIFE])
    natural = {
        names.MEAN_LEVEL: given["mean_level_centre"] + row[names.MEAN_LEVEL],
        names.HALF_LIFE: half_life,
        names.PERMANENCE: pm.math.sigmoid(row[names.PERMANENCE]),
        names.ADAPTATION: pm.math.sigmoid(row[names.ADAPTATION]),
        names.DISPERSION: 1 + pt.exp(row[names.DISPERSION]),
        names.SHOCK_LOADING: pt.exp(row[names.SHOCK_LOADING]),
        names.SEASONAL_AMPLITUDE: pt.exp(row[names.SEASONAL_AMPLITUDE]),
    }
    flows = {
        name: pm.Deterministic(name, value, dims=names.FLOW) for name, value in natural.items()
    }
    flows["typical_loading"] = pt.exp(mean[spec.design.parameters.index(names.SHOCK_LOADING)])
    flows["persistence"] = 0.5 ** (1 / (spec.network.periods_per_year * half_life))
    # Beside the centre, so that where the chains start does not depend on the evidence.
    offset = pm.Normal(
        f"{names.INITIAL_LEVEL}_offset", row[names.MEAN_LEVEL], spec.initial_sd, dims=names.FLOW
    )
    flows[names.INITIAL_LEVEL] = pm.Deterministic(
        names.INITIAL_LEVEL, given["mean_level_centre"] + offset, dims=names.FLOW
    )
    return flows


def _hierarchy(
    spec: ModelSpec, given: dict[str, TensorVariable]
) -> tuple[TensorVariable, TensorVariable]:
    """Declare means, scales, variance shares and effects of all parameters at once."""
    plan = spec.design
    priors = [spec.priors[parameter] for parameter in plan.parameters]
    centre, doubt, spread = (
        np.array([getattr(prior, name) for prior in priors])
        for name in ("centre", "doubt", "spread")
    )
    mean = pm.Normal(names.MEAN, centre, doubt, dims=names.PARAMETER)
    scale = pm.HalfNormal(names.SCALE, spread, dims=names.PARAMETER)
    pooled = np.array([bool(spec.pooling[parameter]) for parameter in plan.parameters])
    scale = pt.where(pooled, scale, np.hypot(doubt, spread))[:, None]
    size = _effect_sizes(plan)
    centre = pt.where(pooled, mean, centre)[:, None]
    location = centre + scale * _group_deviation(plan, size)
    own = plan.kept[:, :, -1]
    value = partly_centred(
        f"{names.FLOW}_{names.EFFECT}",
        location,
        pt.where(own, scale * size[:, :, -1], 1.0),
        given["centring"] * own,
        dims=(names.PARAMETER, names.FLOW),
    )
    return pt.where(own, value, location), mean


def partly_centred(
    name: str,
    location: TensorVariable | float,
    spread: TensorVariable,
    centring: TensorVariable,
    *,
    dims: tuple[str, ...],
) -> TensorVariable:
    """Give normal unknowns by way of partly centred ones, which mix whatever the data say.

    Where few data speak the deviation is sampled (a centring of 0), where many do the value is
    (1), and between them a blend; the value is normal with this location and spread in any case.
    """
    raw = pm.Normal(name, centring * location, spread**centring, dims=dims)
    return location + spread ** (1 - centring) * (raw - centring * location)


def _effect_sizes(plan: PoolingDesign) -> TensorVariable:
    """Share the variance 1 out over the levels: each effect's sd, (parameter, flow, level)."""
    share = pm.Dirichlet(
        names.SHARE,
        np.full((len(plan.parameters), len(plan.levels)), _CONCENTRATION),
        dims=(names.PARAMETER, names.LEVEL),
    )
    enters = plan.routes.any(axis=2)
    variance = (plan.routes * share[:, None, :, None]).sum(axis=2)
    return pt.sqrt(pt.where(enters, variance, 1.0)) * enters


def _group_deviation(plan: PoolingDesign, size: TensorVariable) -> TensorVariable:
    """Sum the effects of the groups that a flow belongs to: (parameter, flow)."""
    total = pt.zeros(plan.kept.shape[:2])
    for position, level in enumerate(plan.levels[:-1]):
        if level not in plan.by_level:
            continue
        groups = plan.by_level[level]
        n = len(groups.groups)
        effect = pm.ZeroSumNormal(
            f"{level}_{names.EFFECT}",
            sigma=np.sqrt(n / (n - 1)),
            dims=(names.PARAMETER, f"{level}_group"),
        )
        total = total + size[:, :, position] * effect[:, groups.index]
    return total


def _recursion(
    spec: ModelSpec,
    layout: Layout,
    given: dict[str, TensorVariable],
    flows: dict[str, TensorVariable],
) -> TensorVariable:
    """Run the step over the counts: every flow's log mean given its past, (time, flow)."""
    season = _season(spec, given, flows)[layout.seasons]
    shock = _common_shock(spec, flows["typical_loading"])
    gap = _gap_surprise(layout)
    initial = State(flows[names.INITIAL_LEVEL], flows[names.MEAN_LEVEL])
    ceiling = given["ceiling"]
    constant = [
        flows[name]
        for name in (
            "persistence",
            names.PERMANENCE,
            names.ADAPTATION,
            names.DISPERSION,
            names.SHOCK_LOADING,
        )
    ]

    def period(*given_now: TensorVariable) -> tuple[TensorVariable, ...]:
        counts, seen, begins, shock, season, gap, level, long_run = given_now[:8]
        first_level, first_long_run, ceiling = given_now[8:11]
        persistence, permanence, adaptation, dispersion, loading = given_now[11:]
        state, mean, _ = step(
            State(pt.where(begins, first_level, level), pt.where(begins, first_long_run, long_run)),
            1.0,
            counts,
            seen,
            0.0,
            Known(pt.where(begins, 0.0, shock), gap, pt),
            Parameters(persistence, permanence, adaptation, dispersion, loading, season, ceiling),
            pt,
        )
        return *state, pt.log(mean)

    *_, log_mean = pytensor.scan(
        period,
        sequences=[given["counts"], given["seen"], given["begins"], shock, season, gap],
        outputs_info=[*initial, None],
        non_sequences=[*initial, ceiling, *constant],
        n_steps=len(layout.time),
        strict=True,
        return_updates=False,
    )
    return log_mean


def _season(
    spec: ModelSpec, given: dict[str, TensorVariable], flows: dict[str, TensorVariable]
) -> TensorVariable:
    """Give the seasonal pattern, (season, flow)."""
    waves = harmonics(spec)
    if not waves:
        return pt.zeros((spec.network.periods_per_year, len(spec.network.flows)))
    coefficient = partly_centred(
        names.SEASONAL_WAVE,
        0.0,
        flows[names.SEASONAL_AMPLITUDE],
        given["season_centring"],
        dims=(names.HARMONIC, names.FLOW),
    )
    pattern = np.stack([wave for _, wave in waves], axis=1) @ coefficient
    return pm.Deterministic(names.SEASONAL_PATTERN, pattern, dims=(names.SEASON, names.FLOW))


def _common_shock(spec: ModelSpec, typical_loading: TensorVariable) -> TensorVariable:
    """Declare the shock in its own standard deviations, (time,).

    It is sampled in units between these and what a typical flow feels, which mixes better.
    """
    felt = typical_loading**_SHOCK_CENTRING
    raw = pm.NormalMixture(
        f"{names.COMMON_SHOCK}_felt",
        w=np.array(spec.shock.weights),
        mu=np.zeros(2),
        sigma=np.array(spec.shock.scales) * felt,
        dims=names.TIME,
    )
    return pm.Deterministic(names.COMMON_SHOCK, raw / felt, dims=names.TIME)


def _gap_surprise(layout: Layout) -> TensorVariable:
    """Lay the surprises of unseen months between seen ones, in standard units: (time, flow)."""
    time, flow = layout.gaps
    empty = pt.zeros(layout.counts["value"].shape)
    if not len(time):
        return empty
    return empty[time, flow].set(pm.Normal(names.GAP_SURPRISE, 0, 1, dims=names.GAP))


def _likelihood(
    layout: Layout,
    given: dict[str, TensorVariable],
    log_mean: TensorVariable,
    dispersion: TensorVariable,
) -> None:
    """Add one factor for every published count."""
    cells = {name.removeprefix("exact_"): given[name] for name in given if "exact_" in name}
    at = log_mean[cells["time"], cells["flow"]]
    extra = cells["rounding_variance"] * pt.exp(-2 * at)
    shape = 1 / (1 / dispersion[cells["flow"]] + extra)
    exact = negative_binomial(cells["count"], cells["log_factorial"], at, Shape.of(shape))
    pm.Potential("exact_counts", (cells["weight"] * exact).sum())
    log_dispersion, log_gamma_dispersion = pt.log(dispersion), log_gamma(dispersion)
    for unit in layout.roundings:
        prefix = f"interval_{unit}_"
        cells = {name.removeprefix(prefix): given[name] for name in given if prefix in name}
        flow = cells["flow"]
        interval = negative_binomial_interval(
            cells["lower"],
            cells["width"],
            unit + 1,
            cells["log_factorial"],
            log_mean[cells["time"], flow],
            Shape(dispersion[flow], log_dispersion[flow], log_gamma_dispersion[flow]),
        )
        pm.Potential(f"counts_rounded_to_{unit}", (cells["weight"] * interval).sum())
