"""Long check: at the truth the likelihood's gradient is zero on average (``make slow``).

The gradient of a log likelihood has mean zero over data of its own law. Its mean in its own
standard deviations is how far the likelihood alone would draw a parameter from the truth, in
standard errors of what one panel tells of it. That sizes all approximations of windows, rows and
delayed sources together.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
import xarray as xr
from backlog import network, table
from pytensor.graph.replace import clone_replace
from test_chain_recovery import ORIGIN, PATTERNS, PERIODS

import mppbayes as mpp
from mppbayes.model.arrays import arrays
from mppbayes.model.graph import build
from mppbayes.model.innovations import Innovations
from mppbayes.model.layout import Layout

pytestmark = pytest.mark.slow

N_PANELS = 200
BY_FLOW = ("mean_level", "initial_level", "dispersion", "adaptation")
PARAMETERS = (*BY_FLOW, "elasticity", "delay_mean", "unrecorded")
SHARES, SIZES = (
    ("adaptation", "elasticity"),
    ("dispersion", "unrecorded"),
)  # looked at as logits, logs


@pytest.fixture(scope="module", params=PATTERNS)
def found(request) -> pd.DataFrame:
    """Give the mean gradient by parameter, in its standard deviations, and its error."""
    rows, slopes = [], None
    for i, world in enumerate(worlds(request.param, N_PANELS)):
        slopes = slopes or gradient(build(world.spec, world.layout, world.data))
        rows += [
            {"panel": i, "parameter": name, "of": of, "slope": slope}
            for name, of, slope in slopes(world.data, world.unknowns)
        ]
    by = pd.DataFrame(rows).groupby(["parameter", "of"])["slope"]
    size = (by.mean() / by.std()).rename("size")
    print(
        f"\n{request.param}: the mean gradient at the truth, in its sd (error {N_PANELS**-0.5:.2f})"
    )
    print(size.unstack("of").reindex(PARAMETERS).round(2).to_string(na_rep=""))
    return size


def gradient(model: pm.Model):
    """Compile the likelihood's gradient by parameter; a function of data and unknowns."""
    unknowns = model.free_RVs
    given = [unknown.type() for unknown in unknowns]
    likelihood = pt.sum([pt.as_tensor(potential) for potential in model.potentials])
    total, *at = clone_replace(
        [likelihood, *(model[name] for name in PARAMETERS)], dict(zip(unknowns, given, strict=True))
    )
    compiled = pytensor.function(given, pt.grad(total, at), mode="JAX", on_unused_input="ignore")
    owners = [model.named_vars_to_dims[name][-1] for name in PARAMETERS]
    labels = [model.coords[owner] for owner in owners]

    def slopes(data, values):
        pm.set_data(data, model=model)
        found = compiled(*(values[unknown.name] for unknown in unknowns))
        for name, of, slope in zip(PARAMETERS, labels, found, strict=True):
            at = values[name].ravel()
            scale = at * (1 - at) if name in SHARES else at if name in SIZES else 1.0
            yield from zip([name] * len(of), of, np.ravel(slope) * scale, strict=True)

    return slopes


class World(NamedTuple):
    """A truth, and what its evidence makes of the model."""

    truth: xr.Dataset
    spec: mpp.ModelSpec
    layout: Layout
    data: dict[str, np.ndarray]
    unknowns: dict[str, np.ndarray]


def worlds(pattern: str, n_panels: int) -> Iterator[World]:
    """Draw truths from the prior and simulate their evidence, with the unknowns of the graph."""
    chain = network()
    span = mpp.read_panel(table(), chain)
    spec = mpp.resolve(mpp.ModelSpec(chain, harmonics=0), span)
    truths = mpp.prior_predictive(spec, span, draws=n_panels, seed=21)
    for i in range(n_panels):
        truth, evidence = truths.isel(chain=0, draw=i), PATTERNS[pattern]
        panel = mpp.simulate(spec, truth, PERIODS, seed=i, evidence=evidence).until(ORIGIN)
        known, resolved = Layout.of(panel), mpp.resolve(spec, panel)
        data, innovations = arrays(resolved, known, panel), Innovations(i, 1)
        shock = np.ravel([innovations.shocks(each.ordinal, spec.shock) for each in known.periods])
        shock[0] = 0.0
        values = {name: np.asarray(value.values, dtype=float) for name, value in truth.items()}
        usual = data["shock_weight"] @ np.log(values["shock_loading"])
        values["common_shock_felt"] = shock * np.exp(data["shock_centring"] * usual)
        yield World(truth, resolved, known, data, values)


def test_the_likelihood_does_not_draw_parameters_from_the_truth(found):
    """By half a standard error at most; an error of a fourteenth is chance."""
    assert found.abs().max() < 0.5
