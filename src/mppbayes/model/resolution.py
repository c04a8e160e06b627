"""What a specification leaves to the evidence: prior centres of levels, and ceilings."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mppbayes.errors import SpecError
from mppbayes.model.delays import nominal_shares, nominal_weights
from mppbayes.model.layout import Layout
from mppbayes.model.specification import ModelSpec
from mppbayes.model.structure import Structure
from mppbayes.model.windows import delayed, source_of
from mppbayes.panel import Panel

type Floats = NDArray[np.float64]

_CEILING = 20  # times the largest count, where no ceiling is given
_NO_CEILING = 1e9
_UNSEEN = {"exogenous": 0.0, "routed": np.log(0.3), "stock": np.log(0.05), "part": 0.0}


def resolve(spec: ModelSpec, panel: Panel) -> ModelSpec:
    """Fill in the mean levels, ceilings and stock sizes that are not given, from the evidence.

    A mean level is centred at the log of the mean count (half a count at least); of a routed or
    stock-driven flow, of the ratio of its counts to what they are counted over; of a part at the
    logit of its share; of a flow with a stay, at the log of the hazard that it means. A ceiling is
    20 times the largest count. A flow without evidence takes the mean of the others of its drive;
    one of which nothing but its parts ever tells is taken for twice as many as these.
    A stock's size is the mean of its known levels, else its ``initial`` mean.

    Parameters
    ----------
    spec : ModelSpec
        The specification.
    panel : Panel
        The evidence.

    Returns
    -------
    ModelSpec
        The same, with a mean level and a ceiling for every flow that is no rest.

    Raises
    ------
    SpecError
        If no flow has evidence, a stock has neither figures nor an ``initial``, more leave a stock
        in a period than are in it, or the panel is of another network.
    """
    require_same_network(spec, panel)
    layout = Layout.of(panel)
    if not layout.windows.seen.any():
        raise SpecError(
            "nothing can be learned from the panel",
            ["no flow has a count that the model can use", *layout.unused],
            f"give counts per {spec.network.period}, or over longer periods",
        )
    _require_stocks(layout)
    structure = layout.structure
    centres = _centres(layout)
    _require_fewer_leave(layout, centres)
    largest = np.full(len(structure.flows), np.nan)
    for i in range(len(largest)):
        largest[i] = _largest(layout, i)
    ceilings = np.log(_CEILING * np.maximum(largest, 1))
    exogenous = structure.driven("exogenous")
    ceilings = np.where(np.isnan(ceilings) & ~exogenous, np.log(_NO_CEILING), ceilings)
    ceilings = _filled(ceilings, structure, {"exogenous": np.log(_NO_CEILING)})
    unseen = np.isnan(largest)
    touched = (np.abs(structure.change) * layout.levels.reference).max(axis=1, initial=1.0)
    ceilings[unseen] = np.maximum(ceilings[unseen], np.log(touched[unseen]))
    return replace(
        spec,
        mean_levels=_by_flow(structure, centres) | dict(spec.mean_levels),
        ceilings=_by_flow(structure, np.exp(ceilings)) | dict(spec.ceilings),
        stock_sizes=dict(
            zip(spec.network.stock_names, layout.levels.reference.tolist(), strict=True)
        )
        | dict(spec.stock_sizes),
    )


def require_same_network(spec: ModelSpec, panel: Panel) -> None:
    """Refuse a panel of another network."""
    if spec.network != panel.network:
        raise SpecError(
            "the specification and the panel are of different networks",
            [
                f"the {what} is of {network!r} (digest {network.digest[:12]})"
                for what, network in (("specification", spec.network), ("panel", panel.network))
            ],
            "read the panel with the network of the specification",
        )


def _require_stocks(layout: Layout) -> None:
    """Refuse a stock of which nothing is known."""
    tracked, faults = layout.levels.tracked, []
    for stock, first in zip(layout.network.stocks, tracked.tolist(), strict=True):
        if first >= len(layout.time):
            faults.append(f"stock {stock.name!r} has no figures and no initial")
        elif first < 0 and stock.initial and stock.initial.sd > stock.initial.mean:
            faults.append(
                f"stock {stock.name!r} has no figures, and its initial tells too little: its sd is "
                f"{stock.initial.sd:g}; expected at most its mean, {stock.initial.mean:g}"
            )
    if faults:
        raise SpecError(
            "nothing is known of who is in a stock",
            faults,
            "give a figure of it, or of a sum with the figures of its other members; or say what "
            "you believe of its beginning: initial = { mean = 7000, sd = 2000 }",
        )


def _require_fewer_leave(layout: Layout, centres: Floats) -> None:
    """Refuse stocks of which, by the figures, more leave in a period than are in them."""
    structure, seen = layout.structure, layout.windows.seen.any(axis=0)
    faults = []
    for name, leaving in zip(layout.network.stock_names, structure.leaving.T, strict=True):
        flows = np.flatnonzero((leaving > 0) & seen)
        share = np.exp(centres[flows]).sum()
        if share >= 1:
            those = ", ".join(repr(structure.names[i]) for i in flows)
            faults.append(
                f"in a {layout.network.period} {share:.3g} times as many leave stock {name!r} as "
                f"are in it, by its figures and those of {those}"
            )
    if faults:
        raise SpecError(
            "more leave than are there",
            faults,
            "only who was in a stock at the end of a period can leave in the next one: take a "
            "network of shorter periods, or look at the units of the figures",
        )


def nominal_exposure(layout: Layout) -> Floats:
    """Give what each flow is counted over, as the figures and the declared delays tell it.

    Returns
    -------
    (time, flow)
        1 for an exogenous flow; of a routed one its sources, delayed; of a stock-driven one the
        stock, joined by straight lines between its figures; of a part what it takes a share of.
        NaN where not known.
    """
    structure, windows, levels = layout.structure, layout.windows, layout.levels
    exposure = np.ones((len(layout.time), len(structure.flows)))
    for i, (flow, kind) in enumerate(zip(structure.flows, structure.drives, strict=True)):
        if kind == "routed":
            exposure[:, i] = 0.5
            for route, weight in zip(flow.routes, nominal_shares(flow.routes), strict=True):
                source = source_of(windows.history, structure.combination(route.source))
                total, known = delayed(source, nominal_weights(route))
                exposure[:, i] += weight * total / np.where(known > 0, known, np.nan)
        elif kind == "stock":
            k = int(structure.driver[i])
            at = np.flatnonzero(levels.seen[:, k])
            level = np.full(len(exposure), levels.reference[k])
            if len(at):
                level = np.interp(np.arange(len(exposure)) - 1, at, levels.value[at, k])
            exposure[:, i] = level
        elif kind == "part":
            exposure[:, i] = windows.room[:, i]
    return exposure


def _centres(layout: Layout) -> Floats:
    structure, windows = layout.structure, layout.windows
    exposure = nominal_exposure(layout)
    centres = np.full(len(structure.flows), np.nan)
    for i, kind in enumerate(structure.drives):
        history, inside = windows.history[:, i], windows.inside[:, i]
        if layout.silent[i]:
            history = _by_parts(layout, i)
            inside = ~np.isnan(history)
        used = inside & ~np.isnan(exposure[:, i])
        if not used.any():
            continue
        total, over = history[used].sum(), exposure[used, i].sum()
        if kind == "exogenous":
            centres[i] = np.log(max(history[used].mean(), 0.5))
        elif kind == "part":
            centres[i] = np.log(total + 0.5) - np.log(max(over - total, 0.0) + 0.5)
        else:
            centres[i] = np.log((total + 0.5) / (over + 0.5))
    centres = _filled(centres, structure, _UNSEEN)
    for i, flow in enumerate(structure.flows):
        if flow.stay:
            centres[i] = -flow.stay.log_mean
    return centres


def _filled(values: Floats, structure: Structure, default: dict[str, float]) -> Floats:
    """Give flows without a value the mean of the others of their drive, else the default."""
    filled = values.copy()
    for kind in structure.present:
        own = structure.driven(kind)
        known = own & ~np.isnan(values)
        middle = values[known].mean() if known.any() else default.get(kind, np.log(_NO_CEILING))
        filled[own & np.isnan(values)] = middle
    return filled


def _largest(layout: Layout, i: int) -> float:
    """Give the largest count per period of a flow, its rounding allowed for; NaN if none."""
    windows, name = layout.windows, layout.structure.names[i]
    ends = windows.seen[:, i]
    if layout.silent[i] and layout.told[:, i].any():
        return float(np.nanmax(_by_parts(layout, i)))
    if not ends.any():
        return np.nan
    upper = layout.counts["upper"].sel(flow=name).values
    single = ends & (windows.length[:, i] == 1)
    most = [windows.value[ends, i] / windows.length[ends, i], upper[single]]
    return float(np.nanmax(np.concatenate(most)))


def _by_parts(layout: Layout, i: int) -> Floats:
    """Take a flow for twice what its parts tell of it, NaN where they tell nothing: (time,)."""
    parts = layout.windows.history[:, layout.structure.room[:, i] > 0]
    known = ~np.isnan(parts)
    return np.where(known.any(axis=1), 2 * np.where(known, parts, 0.0).sum(axis=1), np.nan)


def _by_flow(structure: Structure, values: Floats) -> dict[str, float]:
    return dict(zip(structure.names, values.tolist(), strict=True))
