"""The less is known of a flow the wider its forecast: figures by month, two by year, none."""

import numpy as np
import pandas as pd
import pytest

import mppbayes as mpp

MONTHS = pd.period_range("2020-01", "2024-12", freq="M")
LOOSE = mpp.Limits(rhat=1.2, ess=100, divergences=10)


@pytest.fixture(scope="module")
def network() -> mpp.Network:
    """Three flows of one organisation, and one of another organisation and block."""

    def flow(name: str, organisation: str = "A", block: int = 1) -> dict[str, object]:
        place = {"organisation": organisation, "block": block}
        return {"name": name, "kind": "inflow", "unit": "persons", **place}

    return mpp.Network.from_dict(
        {
            "schema": 1,
            "name": "little evidence",
            "organisation": [{"name": "A"}, {"name": "B"}],
            "block": [{"number": 1}, {"number": 2}],
            "flow": [flow("monthly"), flow("yearly"), flow("kindred"), flow("alone", "B", 2)],
        }
    )


@pytest.fixture(scope="module")
def panel(network) -> mpp.Panel:
    """Sixty monthly figures of one flow, two yearly ones of the next, none of the others."""
    counts = np.random.default_rng(4).negative_binomial(20, 20 / (20 + 300), len(MONTHS))
    rows = [("monthly", str(month), int(n)) for month, n in zip(MONTHS, counts, strict=True)]
    rows += [("yearly", "2023", 3700), ("yearly", "2024", 3450)]
    table = pd.DataFrame(rows, columns=["series", "period", "value"])
    return mpp.read_panel(table, network)


@pytest.fixture(scope="module")
def fitted(network, panel) -> mpp.Fit:
    spec = mpp.ModelSpec(network, harmonics=0)
    sampler = mpp.Sampler(chains=2, tune=200, draws=400)
    return mpp.fit(spec, panel, seed=1, sampler=sampler, limits=LOOSE, progress=False)


def test_each_figure_says_what_it_rests_on(fitted):
    made = mpp.bands(mpp.forecast(fitted, until="2026-12", seed=2), by="flow")
    basis = made.to_frame().groupby("quantity")["basis"].unique().str.join(" ").to_dict()
    assert basis == {"monthly": "data", "yearly": "data", "kindred": "borrowed", "alone": "prior"}


def test_less_evidence_makes_a_wider_forecast(fitted):
    """By the log of the ratio of the bands at 0.1 and 0.9, two years after the last figure.

    Two yearly figures that agree tell the level; how it moves on is learned from the other flow.
    """
    drawn = mpp.forecast(fitted, until="2026-12", seed=2, futures=10)
    of_2026 = np.log1p(drawn.flows.sel(time="2026").sum("time"))
    high, low = (of_2026.quantile(at, ("chain", "draw")) for at in (0.9, 0.1))
    spread = (high - low).to_series()
    assert spread["yearly"] > max(spread["monthly"], 0.5)
    assert spread["alone"] > spread["kindred"] > 2 * spread["yearly"]
    middle = float(np.exp(of_2026.sel(flow="yearly").median()))
    assert 0.7 < middle / 3575 < 1.4


def test_a_flow_without_evidence_keeps_its_prior(fitted, panel):
    """What others tell of the common mean makes it narrower, but not by much.

    Figures tell where a level is. Where it tends to in the long run five years tell of no flow
    much better than of its kindred.
    """
    prior = mpp.prior_predictive(fitted.spec, panel, draws=4000, seed=3)

    def narrowed(name: str) -> pd.Series:
        along = ("chain", "draw")
        return (fitted.posterior[name].std(along) / prior[name].std(along)).to_series()

    level, tendency = narrowed("initial_level"), narrowed("mean_level")
    assert 0.7 < level["alone"] < 1.15
    assert 0.7 < tendency["alone"] < 1.15
    assert level["monthly"] < 0.3 * level["kindred"]
    assert tendency["monthly"] < 0.95 * tendency["kindred"]
