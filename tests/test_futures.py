"""Bands hold over fresh futures what they say."""

import numpy as np

import mppbayes as mpp


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
