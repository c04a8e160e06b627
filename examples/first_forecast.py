"""
A first forecast
================

From a table of counts to exceedance bands, on the bundled public figures of the Dutch asylum
inflow. They are an illustration on public copies, not an official forecast.
"""

import mppbayes as mpp

network = mpp.Network.asylum_inflow()
panel = mpp.public_figures(network)  # or mpp.read_panel("counts.csv", network)
spec = mpp.ModelSpec(network)
fit = mpp.fit(spec, panel, seed=1, progress=False)
forecast = mpp.forecast(fit, until="2030-12", seed=2)
bands = mpp.bands(forecast, mpp.MPP, by="sum", per="year")

# %%
# The gate says whether the figures may be published.
mpp.diagnose(fit, bands)

# %%
# No value stands without its probability.
bands.to_frame()[["quantity", "period", "band", "exceedance", "achieved", "value", "mcse"]]

# %%
# A picture says its own probabilities.
mpp.plot_fan(bands, "asylum_inflow", language="en")
