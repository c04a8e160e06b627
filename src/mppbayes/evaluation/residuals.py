"""One-step residuals of the past: standard normal if the model is right, also for counts."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

from mppbayes import names
from mppbayes.evaluation.cells import Floats
from mppbayes.evaluation.mixture import Mixture, quantile_residuals
from mppbayes.inference import Fit
from mppbayes.model.counts import negative_binomial_counts
from mppbayes.model.laws import in_doubt
from mppbayes.model.layout import Layout
from mppbayes.model.leaving import leaving_law
from mppbayes.model.positive import bounded
from mppbayes.model.priors import CrisisShock
from mppbayes.model.replay import FlowDraws, doubts, replay
from mppbayes.panel.evidence import rounding_interval

OTHER_FLOW = "other_flow"
_MOST_DRAWS = 100  # of the posterior, each calm and in crisis


def one_step_residuals(fit: Fit, *, seed: int = 0) -> xr.Dataset:
    """Randomised quantile residuals of the past, each given the periods before it.

    The predictive distribution of a count is a mixture over posterior draws of negative binomials,
    with the dispersion and the mean that the likelihood has for the flow, under any common shock:
    what the posterior knows of a period's own shock it has from the counts of that period. A
    residual is the normal quantile of that distribution at a point drawn at random over the
    integers that the published count may stand for: its rounding interval.

    Parameters
    ----------
    fit : Fit
        The posterior. Its parameters have seen these counts, so the residuals are somewhat small:
        they check adequacy, not forecasts.
    seed : int
        Of the points in the intervals, and of the shocks.

    Returns
    -------
    Dataset
        Over (time, flow): ``residual``; ``zero``, 1 where the count was published as 0 and else 0;
        and ``zero_probability``, the chance that it would be. NaN for a gap, and for a flow's
        first count, which has no past. Over (flow, other_flow): ``correlation_expected``, the
        mean correlation of residuals in the same period, which the common shock brings
        about. ``flow`` holds the flows with counts of single periods that are no parts.

    References
    ----------
    Dunn & Smyth (1996), Journal of Computational and Graphical Statistics 5(3).
    """
    cells = fit.layout.cells.isel({names.FLOW: judged(fit)})
    observed = cells.transpose(names.TIME, names.FLOW)
    seen = observed["value"].notnull()
    known = seen.values & (np.cumsum(seen.values, axis=0) > 1)
    past, law, rng = _Past.of(fit), fit.spec.shock, np.random.default_rng(seed)
    uniform = rng.uniform(size=seen.shape)[known]
    mean = np.concatenate([past.mean(scale * past.even_shocks(rng)) for scale in law.scales])
    dispersion = np.tile(past.dispersion[:, known], (len(law.scales), 1))
    weight = np.repeat(np.array(law.weights) / len(past.dispersion), len(past.dispersion))
    mixture = Mixture(mean[:, known], dispersion, weight)
    value, rounding, lower, upper = (
        observed[name].values[known] for name in ("value", "rounding", "lower", "upper")
    )
    _, most = rounding_interval(pd.Series(np.zeros_like(value)), pd.Series(rounding))
    zero_probability, _ = mixture.tails(most.to_numpy() + 1)
    columns = {
        "residual": quantile_residuals(lower, upper, mixture, uniform),
        "zero": (value == 0).astype(np.float64),
        "zero_probability": zero_probability,
    }
    found = xr.Dataset(coords=seen.coords)
    for name, cells in columns.items():
        whole = np.full(seen.shape, np.nan)
        whole[known] = cells
        found[name] = (seen.dims, whole)
    return found.assign(
        correlation_expected=(
            (names.FLOW, OTHER_FLOW),
            _expected_correlation(past, law, known, rng),
        )
    )


def judged(fit: Fit) -> NDArray[np.int64]:
    """Give the flows with counts of single periods that are no parts, as positions."""
    layout = fit.layout
    counted = layout.cells["value"].notnull().any(names.TIME).values
    return np.flatnonzero(counted & ~layout.structure.driven("part"))


class _Past(NamedTuple):
    """The replayed past: mean and dispersion (draw, time, flow), shock (draw, time), loading."""

    replayed: Floats
    shock: Floats
    loading: Floats
    dispersion: Floats

    @classmethod
    def of(cls, fit: Fit) -> "_Past":
        posterior = fit.posterior
        n_draws = posterior.sizes[names.CHAIN] * posterior.sizes[names.DRAW]
        every = max(1, n_draws // _MOST_DRAWS)
        draws = FlowDraws.of(fit.spec, posterior.isel({names.DRAW: slice(None, None, every)}))
        flows = judged(fit)
        mean, dispersion = _law(draws, fit.layout)
        return cls(
            mean[..., flows],
            draws.shock,
            draws.constant.shock_loading[:, flows],
            dispersion[..., flows],
        )

    def mean(self, shock: Floats) -> Floats:
        """Give the means under other shocks of the same periods, each in turn."""
        moved = self.loading[:, None] * (shock - self.shock)[..., None]
        return np.asarray(self.replayed * np.exp(moved))

    def even_shocks(self, rng: np.random.Generator) -> Floats:
        """Give standard normal shocks, spread evenly over the draws of every period."""
        n = len(self.shock)
        even = ndtri((np.arange(n) + 0.5) / n)
        return rng.permuted(np.broadcast_to(even[:, None], self.shock.shape), axis=0)


def _law(draws: FlowDraws, layout: Layout) -> tuple[Floats, Floats]:
    """Give the means and dispersions as the likelihood does: (draw, time, flow) each."""
    past, leaving = replay(draws, layout), layout.structure.leaving
    own = np.broadcast_to(draws.constant.dispersion[:, None], past.mean.shape)
    if (doubt := doubts(draws, layout)) is not None:
        _, own = in_doubt(draws.constant.adaptation[:, None], own, past.mean, doubt, np)
    if past.stock is None or draws.stock is None:
        return past.mean, own
    before = np.concatenate([draws.stock[:, None], past.stock[:, :-1]], axis=1)
    inside = bounded(before, layout.levels.seen_before, draws.size, np)
    factor, relative = leaving_law(past.mean, inside, own, leaving, np)
    return past.mean * factor, 1 / relative


def _expected_correlation(
    past: _Past, law: CrisisShock, known: NDArray[np.bool_], rng: np.random.Generator
) -> Floats:
    """Average over draws the correlation between flows of counts that share their shocks."""
    scale = rng.choice(law.scales, p=law.weights, size=past.shock.shape)
    mean = past.mean(scale * rng.standard_normal(past.shock.shape))
    noise = rng.standard_normal((2, *mean.shape))
    drawn = negative_binomial_counts(mean, past.dispersion, *noise)
    ranks = rankdata(drawn + rng.uniform(size=drawn.shape), axis=0)
    z = ndtri((ranks - 0.5) / len(drawn))
    n_flows = z.shape[2]
    expected = np.full((n_flows, n_flows), np.nan)
    for i, j in zip(*np.tril_indices(n_flows, -1), strict=True):
        both = known[:, i] & known[:, j]
        if both.sum() > 1:
            x, y = (
                each - each.mean(axis=1, keepdims=True) for each in (z[:, both, i], z[:, both, j])
            )
            r = (x * y).sum(axis=1) / np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
            expected[i, j] = expected[j, i] = r.mean()
    return expected
