"""The letter in four blocks: every sentence is computed, for the network that ships."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from synthetic import labelled_forecast, synthetic_evidence

import mppbayes as mpp
from mppbayes.prediction.simulation import stock_coordinates

EXAMPLE = Path(__file__).parent.parent / "examples" / "letter_four_blocks.py"
MONTHS = 36


@pytest.fixture(scope="module")
def made_up():
    """Random figures for every flow and stock of the public chain, in 1,000 draws."""
    network, rng = mpp.Network.migratieketen(), np.random.default_rng(1)
    means = 300 * rng.lognormal(0, 0.3, (2, 500, 1, len(network.flows)))
    counts = rng.poisson(np.broadcast_to(means, (2, 500, MONTHS, len(network.flows))))
    made = labelled_forecast(network, counts, synthetic_evidence(network, gaps=False))
    predictions = made.tree["predictions"].to_dataset()
    shape = (2, 500, MONTHS, len(network.stocks))
    levels = 30_000 + rng.normal(0, 300, shape).cumsum(axis=2).astype(np.int64)
    coordinates = predictions["flows"].drop_vars("flow").coords
    stocks = xr.DataArray(
        levels,
        {**coordinates, **stock_coordinates(network)},
        ("chain", "draw", "time", "stock"),
    )
    moment = predictions.indexes["time"].to_period("M").end_time.normalize()
    made.tree["predictions"] = xr.DataTree(
        predictions.assign(stocks=stocks, unrecorded=0 * stocks).assign_coords(
            moment=("time", moment)
        )
    )
    made.tree.attrs["manifest"] = json.dumps({"seed": 1, "futures": 1})
    return made


@pytest.fixture(scope="module")
def said(made_up):
    def under(_, *, scenario, **__):
        other = mpp.Forecast(made_up.tree.copy(deep=True))
        other.tree.attrs["scenario"] = scenario.name
        return other

    letter = runpy.run_path(str(EXAMPLE))["letter"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mpp, "forecast", under)
        return "\n".join(letter(made_up, None))


def test_the_letter_has_four_blocks_a_basis_and_one_set_of_numbers(said):
    for heading in (
        "Block 1, inflow",
        "Block 2, reception places",
        "Block 3, return",
        "Block 4, housing of status holders",
        "Mediaan instead of medio",
        "One set of numbers that add up",
    ):
        assert heading in said
    assert said.count("changes by +0 persons on average") == 5
    assert "on 2027-12-31" in said


def test_the_letter_says_the_chances_and_which_are_assumed(said):
    assert "(exceeded with probability 0.9, our assumption)" in said
    assert "(exceeded with probability 0.33)" in said


def test_the_letter_s_figures_are_the_forecast_s(said, made_up):
    bands = mpp.bands(made_up, by="sum").select(quantity="asylum_inflow", period="2027")
    for value in bands.to_frame()["value"]:
        assert f"{value:,}" in said
