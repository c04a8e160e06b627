"""The planning basis: shortage and surplus under each band as the plan, and what costs least."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mppbayes import names
from mppbayes.errors import SpecError, suggest
from mppbayes.prediction.aggregation import Per, by_period
from mppbayes.prediction.draws import Forecast
from mppbayes.prediction.measures import is_number
from mppbayes.prediction.quantiles import draw_batches, exceedance_quantiles
from mppbayes.prediction.scheme import MPP, BandScheme
from mppbayes.prediction.summary import Bands, bands

type Floats = NDArray[np.float64]

_GRID: Final = np.linspace(0.99, 0.01, 99)
_FIGURE: Final = ["quantity", "kind", "unit", "period"]
_PLACE: Final = ["aggregate", "organisation", "block"]
_SAID: Final = ["rule", "scope", "rests_on", "origin", "scenario", "status"]


@dataclass(frozen=True, eq=False, repr=False)
class Plans:
    """What it means to plan on one band or another; made by :func:`compare_plans`.

    Attributes
    ----------
    bands : Bands
        What is planned on.
    bases : tuple of str
        The bands compared; moves are from the first.
    costs : (float, float), optional
        Of one too few, and of one too many.
    """

    bands: Bands
    bases: tuple[str, ...]
    costs: tuple[float, float] | None
    _table: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Give the long table, one row a figure and basis.

        Returns
        -------
        DataFrame
            A copy: what identifies a figure in the table of bands and stands with it, its basis as
            ``rests_on``; ``basis``, the band planned on; ``exceedance``, ``value``, ``mcse``;
            ``falls_short``, the probability that the outcome exceeds the plan; ``shortage`` and
            ``surplus``, by how much the outcome is expected to exceed the plan or to stay below
            it; ``moved``, the plan less the plan on the first basis, and ``moved_falls_short``,
            ``moved_shortage``, ``moved_surplus`` likewise; and, with costs, ``cost``, expected.
        """
        return self._table.copy()

    def optimum(self) -> pd.DataFrame:
        """Give the plan with the least expected cost, one row a figure.

        Returns
        -------
        DataFrame
            ``quantity``, ``kind``, ``unit``, ``period``; ``exceedance``, ``achieved``, ``value``,
            ``mcse``, as in the table of bands; ``cost``, expected; and what stands with the
            figure: ``aggregate``, ``organisation``, ``block``, ``rule``, ``scope``, ``rests_on``,
            ``origin``, ``scenario``, ``status``.

        Raises
        ------
        SpecError
            Without costs.

        Notes
        -----
        The newsvendor's: a plan that is exceeded with probability idle ÷ (short + idle) costs
        least (Arrow, Harris & Marschak, 1951, Econometrica 19(3)).
        """
        short, idle = self._costs()
        return self._at(np.array([idle / (short + idle)]))

    def curve(self) -> pd.DataFrame:
        """Give the expected cost of plans on exceedances from 0.99 to 0.01; as :meth:`optimum`."""
        self._costs()
        return self._at(_GRID)

    def _costs(self) -> tuple[float, float]:
        if self.costs is None:
            raise SpecError(
                "there are no costs to compare",
                ["compare_plans was called without costs"],
                "give costs=(of one too few, of one too many)",
            )
        return self.costs

    def _at(self, exceedance: Floats) -> pd.DataFrame:
        tables = []
        for quantity in self.bands.quantities:
            draws = self.bands.draws(quantity.name, quantity.kind, quantity.unit)
            plans = exceedance_quantiles(
                draws.transpose("period", names.CHAIN, names.DRAW).values,
                exceedance,
                batches=draw_batches(draws["posterior_draw"].values),
            )
            short, idle = expected(by_period(draws), plans.value)
            figures = {
                "period": np.repeat(draws["period"].values, len(exceedance)),
                "exceedance": np.tile(exceedance, len(plans.value)),
                "achieved": plans.achieved.ravel(),
                "value": plans.value.ravel(),
                "mcse": plans.mcse.ravel(),
                "cost": (self._costs()[0] * short + self._costs()[1] * idle).ravel(),
            }
            of = {"quantity": quantity.name, "kind": quantity.kind, "unit": quantity.unit}
            tables.append(pd.DataFrame(of | figures))
        said = self._table[[*_FIGURE, *_PLACE, *_SAID]].drop_duplicates(_FIGURE)
        return pd.concat(tables).merge(said, on=_FIGURE)


def compare_plans(
    forecast: Forecast,
    bases: Iterable[str] = ("mediaan", "medio"),
    *,
    scheme: BandScheme = MPP,
    by: str | Iterable[str] = ("organisation", "block"),
    per: Per = "year",
    costs: tuple[float, float] | None = None,
) -> Plans:
    """Say what it means to plan on one band or another.

    Parameters
    ----------
    forecast : Forecast
        The draws.
    bases : str or iterable of str
        Bands of the scheme; moves are from the first.
    scheme, by, per
        As in :func:`bands`.
    costs : (float, float), optional
        Of one person or case too few in the plan, and of one too many.

    Returns
    -------
    Plans
        The table, and with costs the optimum.

    Raises
    ------
    SpecError
        If a basis is no band of the scheme or named twice, or a cost is no number above 0.
    """
    chosen = [bases] if isinstance(bases, str) else list(bases)
    faults = [
        f"{name!r} is named twice" for name in dict.fromkeys(chosen) if chosen.count(name) > 1
    ]
    faults += [
        f"there is no band {name!r}; {suggest(name, scheme.names)}"
        for name in chosen
        if name not in scheme.names
    ]
    if costs is not None and not _are_costs(costs):
        faults.append(f"the costs are {costs!r}; give two numbers above 0")
    if faults or not chosen:
        raise SpecError("the plans cannot be compared", faults or ["no basis is named"])
    made = bands(forecast, scheme, by=by, per=per)
    table = made.to_frame().rename(columns={"band": "basis", "basis": "rests_on"})
    rows = []
    for quantity in made.quantities:
        draws = made.draws(quantity.name, quantity.kind, quantity.unit)
        flat = by_period(draws)
        own = table[
            (table["quantity"] == quantity.name)
            & (table["kind"] == quantity.kind)
            & (table["unit"] == quantity.unit)
        ]
        plans = own.pivot_table(index="period", columns="basis", values="value", sort=False)
        values = plans.loc[draws["period"].values, chosen].to_numpy(dtype=float)
        short, idle = expected(flat, values)
        above = (flat[:, :, None] > values[:, None, :]).mean(axis=1)
        rows.append(
            pd.DataFrame(
                {
                    "quantity": quantity.name,
                    "kind": quantity.kind,
                    "unit": quantity.unit,
                    "period": np.repeat(draws["period"].values, len(chosen)),
                    "basis": np.tile(chosen, len(flat)),
                    "falls_short": above.ravel(),
                    "shortage": short.ravel(),
                    "surplus": idle.ravel(),
                    "moved": _moved(values),
                    "moved_falls_short": _moved(above),
                    "moved_shortage": _moved(short),
                    "moved_surplus": _moved(idle),
                }
            )
        )
    said = [*_FIGURE, *_PLACE, "moment", "basis", "exceedance", "value", "mcse", *_SAID]
    found = table[said].merge(pd.concat(rows), on=[*_FIGURE, "basis"])
    if costs is not None:
        found["cost"] = costs[0] * found["shortage"] + costs[1] * found["surplus"]
    return Plans(made, tuple(chosen), costs, found)


def _are_costs(costs: Any) -> bool:
    pair = isinstance(costs, Sequence | np.ndarray) and len(costs) == 2
    return pair and all(is_number(cost) and cost > 0 for cost in costs)


def _moved(figures: Floats) -> Floats:
    """Give by how much figures, (period, basis), differ from those of the first basis."""
    return np.asarray((figures - figures[:, :1]).ravel())


def expected(draws: NDArray[Any], plan: NDArray[Any]) -> tuple[Floats, Floats]:
    """Give by how much outcomes are expected to exceed a plan, and to stay below it.

    Parameters
    ----------
    draws : (period, draw)
        Outcomes.
    plan : (period, plan)
        Plans.
    """
    over = draws[:, :, None] - plan[:, None, :]
    return np.maximum(over, 0).mean(axis=1), np.maximum(-over, 0).mean(axis=1)
