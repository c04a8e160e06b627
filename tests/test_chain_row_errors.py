"""Long check: at the truth the errors of a stock's rows are standard and apart (``make slow``)."""

import numpy as np
import pandas as pd
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.graph.replace import clone_replace
from test_chain_recovery import PATTERNS
from test_chain_score import CHAINS
from truths import worlds

from mppbayes.model import evidence as evidence_of_a_graph
from mppbayes.model.graph import build

pytestmark = pytest.mark.slow

N_PANELS = 100


@pytest.fixture(scope="module", params=PATTERNS)
def found(request) -> pd.DataFrame:
    """Give for each panel the mean square of its rows' errors and how each follows the last."""
    rows, errors = [], None
    for world in worlds(CHAINS[request.param], N_PANELS):
        errors = errors or standardised(world)
        z = errors(world.data, world.unknowns)
        rows.append(
            {
                "adaptation": float(world.truth["adaptation"].sel(flow="withdrawals")),
                "square": np.mean(z**2),
                "follows": np.mean(z[1:] * z[:-1]) / np.mean(z**2),
            }
        )
    each = pd.DataFrame(rows)
    fifth = pd.qcut(each["adaptation"], 5).rename("adaptation of the withdrawals")
    print(f"\n{request.param}: rows at the truth, {N_PANELS} panels")
    print(each.groupby(fifth, observed=True)[["square", "follows"]].mean().round(2).to_string())
    return each


def standardised(world):
    """Compile the errors of rows in their standard deviations; a function of data and unknowns."""
    caught = {}
    law = evidence_of_a_graph.row_law

    def caught_law(mean, count, rows, **options):
        expected, variance, shared = law(mean, count, rows, **options)
        caught["error"] = (rows.change - expected) / pt.sqrt(variance)
        return expected, variance, shared

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(evidence_of_a_graph, "row_law", caught_law)
        model = build(world.spec, world.layout, world.data)
    given = [unknown.type() for unknown in model.free_RVs]
    error = clone_replace(caught["error"], dict(zip(model.free_RVs, given, strict=True)))
    compiled = pytensor.function(given, error, mode="JAX", on_unused_input="ignore")

    def errors(data, values):
        pm.set_data(data, model=model)
        return np.asarray(compiled(*(values[unknown.name] for unknown in model.free_RVs)))

    return errors


def test_the_errors_of_rows_are_standard_and_apart(found):
    """By a fifth in their mean square, by a tenth in how each follows the last."""
    assert abs(found["square"].mean() - 1) < 0.2
    assert abs(found["follows"].mean()) < 0.1
