"""The past in the graph: the passage of every period, in a scan."""

from typing import NamedTuple

import pytensor
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from mppbayes.model.layout import Layout
from mppbayes.model.passage import passage
from mppbayes.model.period import Carried, Chance, Passed, Seen, beginning, ties
from mppbayes.model.positive import bounded
from mppbayes.model.recomputing import recomputed
from mppbayes.model.step import Parameters, State
from mppbayes.model.structure import Structure


class Unknowns(NamedTuple):
    """What the graph declares: scans run over the leading axis of season, shock and gap."""

    initial: State
    parameters: Parameters
    chance: Chance
    exposure: TensorVariable | None
    doubt: TensorVariable | None
    stock: TensorVariable | None
    size: TensorVariable | None
    blur: TensorVariable | None = None


def run(
    structure: Structure,
    layout: Layout,
    given: dict[str, TensorVariable],
    unknowns: Unknowns,
) -> Passed:
    """Let the past go by: what was expected of every period, (time, flow) each."""
    sequences = {name: given[name] for name in Seen._fields if name in given}
    if unknowns.exposure is not None:
        sequences["exposure"] = unknowns.exposure
    if unknowns.doubt is not None:
        sequences["doubt"] = unknowns.doubt
    if unknowns.blur is not None:
        sequences["blur"] = unknowns.blur
    varying = [unknowns.chance.shock, unknowns.chance.gap, unknowns.parameters.season]
    first = beginning(structure, layout.is_coarse, unknowns.initial, unknowns.stock, pt)
    carried_names = [name for name, value in first._asdict().items() if value is not None]
    start = [value for value in first if value is not None]
    wanted = [
        name
        for name, needed in (
            ("mean", True),
            ("expected", layout.is_coarse),
            ("room", structure.driven("part").any()),
            ("unsure", "row" in given),
        )
        if needed
    ]
    lasting = unknowns.parameters._asdict() | unknowns.chance._asdict() | {"size": unknowns.size}
    constants = {
        name: value
        for name, value in lasting.items()
        if value is not None and name not in ("season", "shock", "gap")
    }

    def period(*values: TensorVariable) -> list[TensorVariable]:
        remaining = iter(values)
        seen = Seen(**{name: next(remaining) for name in sequences})
        shock, gap, season = (next(remaining) for _ in varying)
        carried = Carried(**{name: next(remaining) for name in carried_names})
        begin = Carried(next(remaining), next(remaining))
        known = {name: next(remaining) for name in constants}
        parameters = Parameters(
            **{name: known[name] for name in Parameters._fields if name in known}, season=season
        )
        chance = Chance(shock, gap, known.get("elasticity"), known.get("unrecorded"))
        tied = ties(structure, known.get("size"), layout.levels.members)
        after, passed = passage(carried, begin, seen, chance, parameters, tied, pt)
        kept = after._asdict()
        return [
            *(kept[name] for name in carried_names),
            *(getattr(passed, name) for name in wanted),
        ]

    outputs = pytensor.scan(
        recomputed(period),
        sequences=[*sequences.values(), *varying],
        outputs_info=[*start, *[None] * len(wanted)],
        non_sequences=[*unknowns.initial, *constants.values()],
        n_steps=len(layout.time),
        strict=True,
        return_updates=False,
    )
    found = dict(zip(wanted, outputs[len(start) :], strict=True))
    if unknowns.stock is not None:
        after = outputs[carried_names.index("stock")]
        before = pt.concatenate([unknowns.stock[None], after[:-1]])
        found["inside"] = bounded(before, given["before_seen"], unknowns.size, pt)
    usual = {"expected": found["mean"], "room": None, "fill": None, "count": None}
    return Passed(**usual | {"unsure": pt.zeros_like(found["mean"])} | found)
