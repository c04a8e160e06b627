"""Bands of what a user computes from draws: ratios, peaks, means, numbers of periods."""

from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from mppbayes import names
from mppbayes.errors import LabelError, suggest
from mppbayes.prediction.bandtable import figure_columns
from mppbayes.prediction.pathwise import SAID
from mppbayes.prediction.quantiles import Rule, draw_batches, exceedance_quantiles
from mppbayes.prediction.scheme import MPP, BandScheme

_DRAWS: Final = (names.CHAIN, names.DRAW)


def banded(draws: xr.DataArray, scheme: BandScheme = MPP, *, rule: Rule = ">") -> pd.DataFrame:
    """Give the bands of anything computed draw by draw.

    A ratio of two bands, or a difference, is not the band of the ratio: compute it from the draws,
    as in ``banded(paths(f, "status_holders_in_coa") / paths(f, "coa_occupancy"))``.

    Parameters
    ----------
    draws : DataArray, (chain, draw, …)
        Whole numbers or others, with the coordinate ``posterior_draw``, as :func:`paths`,
        :func:`peak`, :func:`periods_above` and sums, quotients and selections of them have.
    scheme : BandScheme
        The bands and their probabilities.
    rule : {">", ">="}
        What exceeding means; the same for all but whole numbers.

    Returns
    -------
    DataFrame
        One row a cell of the other dimensions, which are columns, and band: ``band``,
        ``exceedance``, ``achieved``, ``value`` and ``mcse`` (as in the table of :class:`Bands`, in
        the unit of ``draws``), ``rule``; ``scope``: ``pointwise``, or what the draws carry as that
        attribute, ``peak`` and ``path`` from :func:`peak` and :func:`periods_above`; and ``unit``,
        ``origin``, ``scenario`` and ``status`` as far as they carry these, as paths do.

    Raises
    ------
    LabelError
        If the draws lack a dimension or the coordinate, or hold what is no number, or there is no
        such rule.
    """
    missing = [dim for dim in _DRAWS if dim not in draws.dims]
    if "posterior_draw" not in draws.coords:
        missing.append("posterior_draw")
    if missing:
        raise LabelError(
            f"no draws of a forecast: {', '.join(missing)} missing, there is "
            f"{', '.join(map(str, draws.dims)) or 'no dimension'}; compute from "
            "paths(forecast, ...) and keep chain and draw"
        )
    if rule not in (">", ">="):
        raise LabelError(f"there is no rule {rule!r}; {suggest(rule, ('>', '>='))}")
    others = [str(dim) for dim in draws.dims if dim not in _DRAWS]
    laid = draws.transpose(*others, *_DRAWS)
    values = laid.values.reshape(-1, *laid.shape[-2:])
    if not np.isfinite(values).all():
        bad = int((~np.isfinite(values)).sum())
        raise LabelError(
            f"{bad} of {values.size} draws are no finite numbers, so that they have no band; "
            "was anything divided by 0?"
        )
    whole = np.issubdtype(values.dtype, np.integer) or values.dtype == bool
    figures = exceedance_quantiles(
        values.astype(np.int64) if whole else values,
        scheme.exceedances,
        rule=(used := rule if whole else ">"),
        batches=draw_batches(draws["posterior_draw"].values),
    )
    labels = np.meshgrid(*(laid[dim].values for dim in others), indexing="ij")
    cells = {
        dim: np.repeat(each.ravel(), len(scheme)) for dim, each in zip(others, labels, strict=True)
    }
    said = {"scope": "pointwise"} | {
        key: draws.attrs[key] for key in ("scope", *SAID) if key in draws.attrs
    }
    return pd.DataFrame({**cells, **figure_columns(figures, scheme), "rule": used, **said})
