"""Chains of known truth, with the unknowns of the graph at the truth, for long checks."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

import mppbayes as mpp
from mppbayes.model.arrays import arrays
from mppbayes.model.innovations import Innovations
from mppbayes.model.layout import Layout

FIVE_YEARS = pd.period_range("2015-01", "2019-12", freq="M")


class Chain(NamedTuple):
    """A network, figures that truths centre on, and how often what is published, how rounded."""

    network: mpp.Network
    usual: pd.DataFrame
    evidence: Mapping[str, str]
    rounding: Mapping[str, int] = {}


def steady(**usual: float | list[float]) -> pd.DataFrame:
    """Give every series its figure in every month of five years, or its figures in turns."""
    rows = []
    for name, value in usual.items():
        figures = np.resize(value, len(FIVE_YEARS))
        rows += zip([name] * len(figures), FIVE_YEARS.astype(str), figures, strict=True)
    return pd.DataFrame(rows, columns=["series", "period", "value"])


class World(NamedTuple):
    """A truth, and what its evidence makes of the model."""

    truth: xr.Dataset
    spec: mpp.ModelSpec
    layout: Layout
    data: dict[str, np.ndarray]
    unknowns: dict[str, np.ndarray]


def worlds(chain: Chain, n_panels: int) -> Iterator[World]:
    """Draw truths from the prior and simulate five years of evidence of each."""
    usual = mpp.read_panel(chain.usual, chain.network)
    spec = mpp.resolve(mpp.ModelSpec(chain.network, harmonics=0), usual)
    truths = mpp.prior_predictive(spec, usual, draws=n_panels, seed=21)
    for i in range(n_panels):
        truth = truths.isel(chain=0, draw=i)
        panel = mpp.simulate(
            spec, truth, FIVE_YEARS, seed=i, evidence=chain.evidence, rounding=chain.rounding
        )
        known, resolved = Layout.of(panel), mpp.resolve(spec, panel)
        data, innovations = arrays(resolved, known, panel), Innovations(i, 1)
        shock = np.ravel([innovations.shocks(each.ordinal, spec.shock) for each in known.periods])
        shock[0] = 0.0
        values = {name: np.asarray(value.values, dtype=float) for name, value in truth.items()}
        felt = data["shock_weight"] @ np.log(values["shock_loading"])
        values["common_shock_felt"] = shock * np.exp(data["shock_centring"] * felt)
        yield World(truth, resolved, known, data, values)
