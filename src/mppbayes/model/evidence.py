"""The likelihood of the evidence: one factor for every published figure."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from mppbayes.model.layout import Layout
from mppbayes.model.leaving import leaving_law, usual_dispersion
from mppbayes.model.likelihood import (
    Shape,
    beta_binomial,
    log_gamma,
    negative_binomial,
    negative_binomial_interval,
)
from mppbayes.model.passage import Passed, window_law
from mppbayes.model.recursion import Unknowns
from mppbayes.model.rows import Rows, apart, row_law
from mppbayes.model.step import Parameters
from mppbayes.model.structure import Structure

type Given = dict[str, TensorVariable]


def add_evidence(
    layout: Layout,
    given: Given,
    passed: Passed,
    unknowns: Unknowns,
    log_mean: TensorVariable,
) -> None:
    """Add the factors to the model in hand.

    Parameters
    ----------
    layout : Layout
        Which says what kinds of figures there are.
    given : dict of str to TensorVariable
        The evidence.
    passed : Passed
        What was expected of every period and window.
    unknowns : Unknowns
        The parameters.
    log_mean : (time, flow)
        Of a period's count.
    """
    parameters = unknowns.parameters
    dispersion = parameters.dispersion
    if "exact_time" in given:
        _exact(given, log_mean, dispersion)
    if "coarse_time" in given:
        _coarse(layout, given, passed, parameters)
    if "part_time" in given:
        _parts(given, passed, parameters)
    _intervals(layout, given, log_mean, dispersion)
    if "row_first" in given:
        _rows(given, passed, unknowns)


def as_they_leave(
    structure: Structure, given: Given, passed: Passed, unknowns: Unknowns
) -> tuple[Passed, Unknowns]:
    """Give what the counts of flows that leave a stock are expected to be, and how they vary.

    A flow's relative variance is taken as its mean over the periods that figures are about.
    """
    own = unknowns.parameters.dispersion
    factor, relative = leaving_law(passed.mean, passed.inside, own, structure.leaving, pt)
    dispersion = usual_dispersion(relative, given["leaving_weight"], own, structure.leaving, pt)
    return (
        passed._replace(mean=passed.mean * factor, expected=passed.expected * factor),
        unknowns._replace(parameters=unknowns.parameters._replace(dispersion=dispersion)),
    )


def _cells(given: Given, prefix: str) -> Given:
    return {name.removeprefix(prefix): given[name] for name in given if name.startswith(prefix)}


def _exact(given: Given, log_mean: TensorVariable, dispersion: TensorVariable) -> None:
    cells = _cells(given, "exact_")
    at = log_mean[cells["time"], cells["flow"]]
    extra = cells["rounding_variance"] * pt.exp(-2 * at)
    shape = 1 / (1 / dispersion[cells["flow"]] + extra)
    exact = negative_binomial(cells["count"], cells["log_factorial"], at, Shape.of(shape))
    pm.Potential("exact_counts", (cells["weight"] * exact).sum())


def _coarse(layout: Layout, given: Given, passed: Passed, parameters: Parameters) -> None:
    """Counts over several periods, and parts of what is not known, which tell of the whole too."""
    cells = _cells(given, "coarse_")
    at = cells["time"], cells["flow"]
    expected = pt.maximum(passed.expected[at], 1e-9)
    length = given["length"][at] if "length" in given else None
    shape = _window_shape(expected, length, parameters, cells["flow"])
    relative = 1 / shape
    if "room" in given:
        share = pt.clip(expected / pt.maximum(passed.room[at], 1e-9), 1e-6, 1 - 1e-6)
        whole = _whole(layout)[cells["flow"]]
        of_whole = 1 / _window_shape(expected / share, length, parameters, whole)
        relative = pt.where(
            pt.as_tensor(layout.structure.driven("part"))[cells["flow"]],
            (1 - share) / (share * (shape + 1)) + of_whole,
            relative,
        )
    law = Shape.of(1 / (relative + cells["rounding_variance"] / expected**2))
    coarse = negative_binomial(cells["count"], cells["log_factorial"], pt.log(expected), law)
    pm.Potential("coarse_counts", (cells["weight"] * coarse).sum())


def _whole(layout: Layout) -> TensorVariable:
    """Give for each part a flow of its whole; for others the flow itself."""
    room = layout.structure.room
    own = np.arange(len(room))
    return pt.as_tensor(np.where(room.any(axis=1), room.argmax(axis=1), own))


def _window_shape(
    expected: TensorVariable,
    length: TensorVariable | None,
    parameters: Parameters,
    flow: TensorVariable,
) -> TensorVariable:
    """Give the shape of the frailty of cells of flows, over windows of so many periods."""
    if length is None:
        return parameters.dispersion[flow]
    own = parameters._replace(
        adaptation=parameters.adaptation[flow], dispersion=parameters.dispersion[flow]
    )
    return window_law(expected, length, own, pt)[1]


def _parts(given: Given, passed: Passed, parameters: Parameters) -> None:
    cells = _cells(given, "part_")
    time, flow = cells["time"], cells["flow"]
    share = passed.expected[time, flow] / pt.maximum(passed.room[time, flow], 1e-9)
    length = given["length"][time, flow] if "length" in given else None
    shape = _window_shape(passed.expected[time, flow], length, parameters, flow)
    part = beta_binomial(cells["count"], cells["room"], pt.clip(share, 1e-9, 1 - 1e-9), shape)
    pm.Potential("parts", (cells["weight"] * part).sum())


def _intervals(
    layout: Layout, given: Given, log_mean: TensorVariable, dispersion: TensorVariable
) -> None:
    log_dispersion, log_gamma_dispersion = pt.log(dispersion), log_gamma(dispersion)
    for unit in layout.roundings:
        cells = _cells(given, f"interval_{unit}_")
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


def _rows(given: Given, passed: Passed, unknowns: Unknowns) -> None:
    rows = Rows(**_cells(given, "row_"))
    mean, variance, shared = row_law(
        pt.where(given["month_seen"], given["month"], passed.mean),
        given["count"],
        rows,
        parameters=unknowns.parameters,
        unrecorded=unknowns.chance.unrecorded,
    )
    error = rows.change - mean
    if shared is not None:
        error, variance = apart(error, variance, shared, rows)
    density = -0.5 * (error**2 / variance + pt.log(variance) + np.log(2 * np.pi))
    pm.Potential("stock_rows", (rows.weight * density).sum())
