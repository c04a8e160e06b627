"""
A band that holds a whole path
==============================

A pointwise band says how likely one month is above it. That *some* month of twelve is above it is
far more likely: whoever plans for a year needs a simultaneous band. Here the law of the paths is
known, so that both can be held against paths that neither has seen.
"""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import mppbayes as mpp

MONTHS = [f"2027-{month:02}" for month in range(1, 13)]


def occupancy(seed: int, n_paths: int) -> xr.DataArray:
    """Draw how many are in reception at each month's end: who came less who left, added up."""
    rng = np.random.default_rng(seed)
    came = rng.poisson(rng.gamma(20, 4000 / 20, (2, n_paths, len(MONTHS))))
    left = rng.poisson(rng.gamma(20, 4000 / 20, (2, n_paths, len(MONTHS))))
    inside = 60_000 + (came - left).cumsum(axis=2)
    return xr.DataArray(inside, {"period": MONTHS}, ("chain", "draw", "period"))


# With a forecast of your own: mpp.paths(forecast, "coa_occupancy").
paths = occupancy(seed=1, n_paths=4000)

# %%
# Medio, exceeded with probability 0.33, for every month apart and for the year as a whole.
# ``anywhere`` is the probability that a path is above the pointwise band in some month.
band = mpp.simultaneous(paths, 0.33)
band

# %%
# Fresh paths, of which the bands know nothing.
fresh = occupancy(seed=2, n_paths=50_000)
for name in ("pointwise", "value"):
    above = fresh > xr.DataArray(band[name], {"period": MONTHS}, "period")
    print(
        f"{name:>9}: above it in December {float(above.isel(period=-1).mean()):.3f}, "
        f"in any month {float(above.any('period').mean()):.3f}"
    )

# %%
# Peaks and first crossings are of whole paths, too.
crossing = mpp.crossing(paths, 65_000)
print(f"ever above 65,000: {crossing['ever'].iloc[-1]:.3f}")
mpp.peak(paths)["value"].quantile([0.5, 0.67, 0.95]).to_series()

# %%
# Thirty fresh paths: of the pointwise band most stick out somewhere, of the simultaneous one a
# third do.
figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
axes.plot(MONTHS, fresh.isel(chain=0, draw=slice(30)).T, color="#666d75", lw=0.6, alpha=0.6)
axes.plot(MONTHS, band["pointwise"], color="#0072b2", lw=2, ls="--", label="pointwise")
axes.plot(MONTHS, band["value"], color="#d55e00", lw=2, label="simultaneous")
axes.set_ylabel("persons in reception at the month's end")
axes.tick_params(axis="x", rotation=45)
axes.legend(title="exceeded with probability 0.33", frameon=False)
axes.set_title(
    f"A path is above the pointwise band somewhere with probability {band['anywhere'].iloc[0]:.2f}",
    loc="left",
)
figure.supxlabel("Made-up paths of a known law; not a forecast.", fontsize=8)
plt.show()
