"""The likelihood of the evidence: one factor for every published figure."""

from typing import NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from mppbayes.model.laws import in_doubt, window_law
from mppbayes.model.layout import Layout
from mppbayes.model.leaving import leaving_law
from mppbayes.model.likelihood import (
    Shape,
    beta_binomial_interval,
    negative_binomial,
    negative_binomial_interval,
)
from mppbayes.model.partsalone import others_vary
from mppbayes.model.period import Passed
from mppbayes.model.recursion import Unknowns
from mppbayes.model.rows import Rows, apart, row_law, summed
from mppbayes.model.step import Parameters
from mppbayes.model.structure import Structure

type Given = dict[str, TensorVariable]
type Index = tuple[TensorVariable, ...]


def add_evidence(
    layout: Layout,
    given: Given,
    passed: Passed,
    unknowns: Unknowns,
    log_mean: TensorVariable,
    competing: TensorVariable | None = None,
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
    competing : (time, pair), optional
        The covariance of those who leave the same stock.
    """
    parameters = unknowns.parameters
    dispersion = parameters.dispersion
    if "exact_time" in given:
        _exact(given, log_mean, dispersion)
    if "coarse_time" in given:
        _coarse(layout, given, passed, parameters)
    if "part_time" in given:
        _parts(layout, given, passed, parameters)
    _intervals(layout, given, log_mean, dispersion)
    if "row_first" in given:
        _rows(given, passed, unknowns, competing)


def as_they_leave(
    structure: Structure, passed: Passed, unknowns: Unknowns
) -> tuple[Passed, Unknowns]:
    """Give what the counts of flows that leave a stock are expected to be, and how they vary.

    The dispersion is then that of every period, (time, flow).
    """
    parameters = unknowns.parameters
    factor, relative = leaving_law(
        passed.mean, passed.inside, parameters.dispersion, structure.leaving, pt
    )
    return (
        passed._replace(mean=passed.mean * factor, expected=passed.expected * factor),
        unknowns._replace(parameters=parameters._replace(dispersion=1 / relative)),
    )


def as_counted_over(log_mean: TensorVariable, unknowns: Unknowns) -> Unknowns:
    """Add to the chance of routed flows the doubt about what they are counted over.

    The dispersion is then that of every period, (time, flow).
    """
    own = unknowns.parameters
    _, dispersion = in_doubt(own.adaptation, own.dispersion, pt.exp(log_mean), unknowns.doubt, pt)
    return unknowns._replace(parameters=own._replace(dispersion=dispersion))


def _cells(given: Given, prefix: str) -> Given:
    return {name.removeprefix(prefix): given[name] for name in given if name.startswith(prefix)}


def _exact(given: Given, log_mean: TensorVariable, dispersion: TensorVariable) -> None:
    cells = _cells(given, "exact_")
    time, flow = cells["time"], cells["flow"]
    at = log_mean[time, flow]
    extra = cells["rounding_variance"] * pt.exp(-2 * at)
    shape = 1 / (1 / dispersion[_where(dispersion, time, flow)] + extra)
    exact = negative_binomial(cells["count"], cells["log_factorial"], at, Shape.of(shape))
    pm.Potential("exact_counts", (cells["weight"] * exact).sum())


def _where(values: TensorVariable, time: TensorVariable, flow: TensorVariable) -> Index:
    """Say where in values by flow, or by time and flow, those of cells are."""
    return (flow,) if values.ndim == 1 else (time, flow)


def _coarse(layout: Layout, given: Given, passed: Passed, parameters: Parameters) -> None:
    """Counts over several periods, and parts of what is not known, which tell of the whole too."""
    cells = _cells(given, "coarse_")
    time, flow = cells["time"], cells["flow"]
    expected = pt.maximum(passed.expected[time, flow], 1e-9)
    windows = _Windows.of(given, time, flow)
    if "room" not in given:
        relative = 1 / windows.shape(expected, flow, parameters)
    else:
        is_part = pt.as_tensor(layout.structure.driven("part"))[flow]
        room = pt.maximum(passed.room[time, flow], 1e-9)
        shape = windows.shape(pt.where(is_part, room, expected), flow, parameters)
        of_room = pt.as_tensor(layout.structure.whole)[flow]
        whole = windows.shape(room, of_room, parameters)
        share = pt.clip(expected / room, 1e-6, 1 - 1e-6)
        of_share = (1 - share) / (share * (shape + 1))
        of_whole = 1 / whole + _of_others(given, passed, parameters, layout)[time, flow]
        if passed.unsure is not None:
            of_whole = of_whole + passed.unsure[time, of_room]
        relative = pt.where(is_part, of_share + of_whole, 1 / shape)
    law = Shape.of(1 / (relative + cells["rounding_variance"] / expected**2))
    coarse = negative_binomial(cells["count"], cells["log_factorial"], pt.log(expected), law)
    pm.Potential("coarse_counts", (cells["weight"] * coarse).sum())


def _of_others(
    given: Given, passed: Passed, parameters: Parameters, layout: Layout
) -> TensorVariable:
    """Give the variance that the parts before one add to what it is a part of: (time, flow)."""
    length = given.get("length", 1.0)
    _, precision = window_law(passed.room, length, parameters, pt)
    return others_vary(passed.expected, passed.room, precision, layout.structure.room, pt)


class _Windows(NamedTuple):
    """Windows by their last period and their length, which is None where all are one period."""

    last: TensorVariable
    length: TensorVariable | None

    @classmethod
    def of(cls, given: Given, last: TensorVariable, flow: TensorVariable) -> "_Windows":
        """Take them from the evidence."""
        return cls(last, given["length"][last, flow] if "length" in given else None)

    def shape(
        self, over: TensorVariable, flow: TensorVariable, parameters: Parameters
    ) -> TensorVariable:
        """Give the shape of the frailty of flows over these windows."""
        dispersion = parameters.dispersion
        if self.length is None:
            return dispersion[_where(dispersion, self.last, flow)]
        if dispersion.ndim > 1:
            first = self.last - pt.cast(self.length, "int64") + 1
            dispersion = self.length / summed(1 / dispersion, first, self.last, flow)
        else:
            dispersion = dispersion[flow]
        own = parameters._replace(adaptation=parameters.adaptation[flow], dispersion=dispersion)
        return window_law(over, self.length, own, pt)[1]


def _parts(layout: Layout, given: Given, passed: Passed, parameters: Parameters) -> None:
    cells = _cells(given, "part_")
    time, flow = cells["time"], cells["flow"]
    room = pt.maximum(passed.room[time, flow], 1e-9)
    share = pt.clip(passed.expected[time, flow] / room, 1e-9, 1 - 1e-9)
    shape = _Windows.of(given, time, flow).shape(room, flow, parameters)
    part = beta_binomial_interval(
        cells["count"], cells.get("width"), layout.widest_part, cells["room"], share, shape
    )
    pm.Potential("parts", (cells["weight"] * part).sum())


def _intervals(
    layout: Layout, given: Given, log_mean: TensorVariable, dispersion: TensorVariable
) -> None:
    law = Shape.of(dispersion)
    for unit in layout.roundings:
        cells = _cells(given, f"interval_{unit}_")
        time, flow = cells["time"], cells["flow"]
        at = _where(dispersion, time, flow)
        interval = negative_binomial_interval(
            cells["lower"],
            cells["width"],
            unit + 1,
            cells["log_factorial"],
            log_mean[time, flow],
            Shape(*(value[at] for value in law)),
        )
        pm.Potential(f"counts_rounded_to_{unit}", (cells["weight"] * interval).sum())


def _rows(
    given: Given, passed: Passed, unknowns: Unknowns, competing: TensorVariable | None
) -> None:
    rows = Rows(**_cells(given, "row_"))
    mean, variance, shared = row_law(
        pt.where(given["month_seen"], given["month"], passed.mean),
        given["count"],
        rows,
        parameters=unknowns.parameters,
        unrecorded=unknowns.chance.unrecorded,
        unsure=passed.unsure,
        competing=competing if "row_pairs" in given else None,
    )
    error = rows.change - mean
    if shared is not None:
        error, variance = apart(error, variance, shared, rows)
    density = -0.5 * (error**2 / variance + pt.log(variance) + np.log(2 * np.pi))
    pm.Potential("stock_rows", (rows.weight * density).sum())
