"""Bands hold over fresh futures what they say."""

import numpy as np
import pytest

import mppbayes as mpp
from mppbayes.cli import futures
from mppbayes.diagnostics import MONTE_CARLO, Verdict, Verdicts


def test_fresh_futures_exceed_bands_as_often_as_they_say(small_fit):
    first = mpp.forecast(small_fit, until="2026-12", seed=2, futures=4)
    fresh = mpp.forecast(small_fit, until="2026-12", seed=3, futures=12)
    bands = mpp.bands(first, by=["flow", "sum"], per="year")
    again = mpp.bands(fresh, by=["flow", "sum"], per="year")
    away = []
    for row in bands.to_frame().itertuples():
        draws = again.draws(row.quantity).sel(period=row.period).values
        moved = (draws > row.value - row.mcse).mean() - (draws > row.value + row.mcse).mean()
        own = np.sqrt(row.exceedance * (1 - row.exceedance) / draws.size)
        found = (draws > row.value).mean()
        away.append((found - row.achieved) / np.hypot(moved / 2, own))
    assert np.abs(away).max() < 4
    assert np.mean(np.abs(away) < 3) > 0.95


def test_the_wrong_side_would_be_seen(small_fit):
    drawn = mpp.forecast(small_fit, until="2026-12", seed=2)
    bands = mpp.bands(drawn, by="sum", per="year").to_frame()
    draws = mpp.bands(drawn, by="sum", per="year").draws("total").sel(period="2026").values
    value = bands.set_index(["period", "band"])["value"]
    assert (draws > value["2026", "maximum"]).mean() < 0.11
    assert (draws > value["2026", "minimum"]).mean() > 0.88


@pytest.mark.parametrize(
    ("failing", "expected"),
    [
        ({}, [1]),
        ({MONTE_CARLO: 2}, [1, 2, 4]),
        ({MONTE_CARLO: 9}, [1, 2, 4]),  # 16,000 draws; twice as many would be too many
        ({MONTE_CARLO: 9, "R-hat": 9}, [1]),  # more futures would not help
    ],
)
def test_twice_as_many_are_drawn_while_only_their_error_is_too_large(
    small_fit, monkeypatch, failing, expected
):
    posterior = small_fit.posterior.sizes
    drawn, base = [], 4000 // (posterior["chain"] * posterior["draw"])

    def draw(fit, *, futures, **_):
        drawn.append(futures or base)
        return mpp.forecast(fit, until="2025-12", seed=1, futures=drawn[-1])

    def judge(fit, bands):
        checks = [
            Verdict(check, len(drawn) > times, "", bands.to_frame(), "")
            for check, times in ({"divergences": 0} | failing).items()
        ]
        return Verdicts(tuple(checks))

    monkeypatch.setattr(futures, "forecast", draw)
    monkeypatch.setattr(futures, "diagnose", judge)
    monkeypatch.setattr(futures, "_MOST", 20_000)
    found = futures.draw_precisely(small_fit, mpp.MPP, until="2025-12", seed=1)
    assert drawn == [base * times for times in expected]
    assert found.forecast.manifest["futures"] == drawn[-1]
