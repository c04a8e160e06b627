"""Forecasts and outcomes cell by cell: aligned by label, exactly, with missing truth masked."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from mppbayes.errors import FaultsError, LabelError, SpecError
from mppbayes.prediction.quantiles import draw_batches, exceedance_quantiles

type Floats = npt.NDArray[np.float64]

SAMPLE: Final = "sample"
_MOST_SHOWN = 6


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells whose outcome is known, in a row.

    Attributes
    ----------
    draws : (cell, sample)
        Of each cell.
    outcome : (cell,)
        What came.
    seen : DataArray of bool
        Where the cells stand among all of them.
    """

    draws: Floats
    outcome: Floats
    seen: xr.DataArray

    @classmethod
    def of(cls, draws: xr.DataArray, outcome: xr.DataArray, sample: str = SAMPLE) -> "Cells":
        """Align draws and outcomes, and keep the cells whose outcome is known.

        Parameters
        ----------
        draws : DataArray, (sample, …)
            At least two draws of each cell, in any order of dimensions.
        outcome : DataArray, (…)
            NaN where not known; there the draws may be missing too.
        sample : str
            The dimension of the draws.

        Raises
        ------
        LabelError
            If dimensions or labels differ, or stand in another order.
        FaultsError
            If a draw of a known outcome is missing, or there are fewer than two.
        """
        if sample not in draws.dims:
            raise LabelError(
                f"the draws have no dimension {sample!r}, they have {list(draws.dims)}; "
                f"name the dimension of the draws, or stack chain and draw into one"
            )
        one = draws.isel({sample: 0}, drop=True)
        check_labels(one, outcome, what="the draws")
        seen = outcome.notnull()
        known = seen.values
        values = np.asarray(draws.transpose(*outcome.dims, sample).values[known], dtype=np.float64)
        faults = []
        if values.shape[-1] < 2:
            faults.append(f"{values.shape[-1]} draws of each cell; expected two or more")
        if missing := int((~np.isfinite(values)).any(axis=-1).sum()):
            faults.append(f"{missing} cells have an outcome and draws that are not finite")
        if faults:
            raise FaultsError(
                "the draws cannot be compared with their outcomes",
                faults,
                "give a whole forecast, or leave out the cells that it does not cover",
            )
        return cls(values, np.asarray(outcome.values[known], dtype=np.float64), seen)

    def labelled(self, values: npt.ArrayLike, extra: pd.Index | None = None) -> xr.DataArray:
        """Put values of the cells back in their places, with NaN in all others.

        Parameters
        ----------
        values : array, (cell,) or (cell, extra)
            One or more of each cell.
        extra : Index, optional
            Labels of the last axis, with a name.
        """
        found = np.asarray(values, dtype=np.float64)
        whole = np.full((*self.seen.shape, *found.shape[1:]), np.nan)
        whole[self.seen.values] = found
        dims: list[Hashable] = [*self.seen.dims]
        coords = dict(self.seen.coords)
        if extra is not None:
            name = str(extra.name)
            dims.append(name)
            coords[name] = xr.DataArray(extra.to_numpy(), dims=name)
        return xr.DataArray(whole, dims=dims, coords=coords)

    def values_of(self, array: xr.DataArray | float, what: str) -> Floats:
        """Give a number or a labelled array at the cells, (cell,); it may lack dimensions."""
        if isinstance(array, xr.DataArray):
            strange = [dim for dim in array.dims if dim not in self.seen.dims]
            reduced = self.seen.isel({d: 0 for d in self.seen.dims if d not in array.dims})
            if not strange:
                check_labels(array, reduced, what=what)
                array = array.broadcast_like(self.seen).transpose(*self.seen.dims)
                found = np.asarray(array.values[self.seen.values], dtype=np.float64)
                if np.isnan(found).any():
                    raise FaultsError(
                        f"{what} cannot be used",
                        [f"it is missing in {int(np.isnan(found).sum())} cells with an outcome"],
                        "give it for every cell, or mask these outcomes",
                    )
                return found
            raise LabelError(
                f"{what} has the dimensions {list(array.dims)}, "
                f"expected none but {list(self.seen.dims)}"
            )
        return np.full(len(self.outcome), float(array))

    def exceeded_with(self, levels: Sequence[float]) -> Floats:
        """Give the smallest integers that the draws exceed with at most these probabilities.

        Draws that are no integers are rounded up first: an integer is exceeded by a number if and
        only if it is exceeded by that number rounded up, so the rule stays exact.

        Parameters
        ----------
        levels : sequence of float
            Probabilities of exceedance.

        Returns
        -------
        (cell, level)
            By :func:`mppbayes.prediction.quantiles.exceedance_quantiles`.
        """
        if not len(self.draws):
            return np.empty((0, len(levels)))
        size = self.draws.shape[-1]
        integers = np.ceil(self.draws).astype(np.int64)[:, np.newaxis]
        batches = draw_batches(np.arange(size))
        found = exceedance_quantiles(integers, levels, batches=batches)
        return found.value.astype(np.float64)

    def central(self, levels: Sequence[float]) -> tuple[Floats, Floats]:
        """Give the bounds of central intervals by the same integer rule, each (cell, level).

        An outcome is below the lower bound with probability less than ``(1 − level) / 2``, and
        above the upper bound with at most that probability.
        """
        above = [round((1 - level) / 2, 12) for level in levels]
        bounds = self.exceeded_with([*(1 - tail for tail in above), *above])
        return bounds[:, : len(above)], bounds[:, len(above) :]


def n_missing(outcome: xr.DataArray) -> int:
    """Count the outcomes that are not known; they are masked, never a miss."""
    return int(outcome.size - outcome.count())


def check_labels(array: xr.DataArray, expected: xr.DataArray, *, what: str) -> None:
    """Check that an array has exactly the labels of another, in the same order.

    Raises
    ------
    LabelError
        With what was found and what was expected, for every dimension that differs.
    """
    if faults := list(_misaligned(array, expected)):
        raise LabelError(
            f"{what} and the outcomes do not align: {'; '.join(faults)}; reindex one of them"
        )


def check_levels(levels: Iterable[float]) -> None:
    """Check that nominal probabilities lie between 0 and 1.

    Raises
    ------
    SpecError
        With every fault.
    """
    if wrong := [level for level in levels if not 0 < level < 1]:
        raise SpecError(
            "the levels cannot be used",
            [f"{level!r} is no probability between 0 and 1" for level in wrong],
        )


def _misaligned(array: xr.DataArray, expected: xr.DataArray) -> Iterator[str]:
    if set(array.dims) != set(expected.dims):
        yield f"found the dimensions {list(array.dims)}, expected {list(expected.dims)}"
        return
    for dim in expected.dims:
        lacking = [
            name
            for name, each in (("found", array), ("expected", expected))
            if dim not in each.indexes
        ]
        if lacking:
            yield f"{dim!r} has no labels in what was {' and '.join(lacking)}"
        elif not array.indexes[dim].equals(expected.indexes[dim]):
            found, wanted = array.indexes[dim], expected.indexes[dim]
            yield f"{dim!r}: found {_shown(found)}, expected {_shown(wanted)}"


def _shown(index: pd.Index) -> str:
    shown = ", ".join(str(label) for label in index[:_MOST_SHOWN])
    more = f" and {len(index) - _MOST_SHOWN} more" if len(index) > _MOST_SHOWN else ""
    return f"[{shown}{more}]"
