"""
A small chain of your own
=========================

A stock, a route with a delay, parts of a whole and an outflow that nobody publishes: how a chain
is written down, and how to see on simulated figures, whose truth is known, what a forecast of it
tells before real figures come in.
"""

import tomllib

import pandas as pd

import mppbayes as mpp

# %%
# A chain is a file: ``mpp.Network.from_toml("chain.toml")`` reads it from disk. Waiting times are
# in periods of the network, here months.

CHAIN = """
schema = 1
name = "small_chain"
period = "month"

[[organisation]]
name = "Agency"

[[organisation]]
name = "Court"

[[block]]
number = 1
title = { nl = "instroom", en = "inflow" }

[[stock]]                      # who is present at the end of each month
name = "backlog"
organisation = "Agency"
block = 1
unit = "persons"

[[flow]]
name = "applications"
organisation = "Agency"
block = 1
kind = "inflow"
unit = "persons"
enters = "backlog"

[[flow]]
name = "decisions"
organisation = "Agency"
block = 1
kind = "throughflow"
unit = "persons"
leaves = "backlog"

[[flow]]                       # nobody publishes these: the stock tells of them
name = "withdrawals"
organisation = "Agency"
block = 1
kind = "outflow"
unit = "persons"
leaves = "backlog"

[[flow]]                       # a share of the decisions
name = "grants"
organisation = "Agency"
block = 1
kind = "throughflow"
unit = "persons"
part_of = "decisions"

[[flow]]                       # what is left of them
name = "rejections"
organisation = "Agency"
block = 1
kind = "throughflow"
unit = "persons"
part_of = "decisions"
rest = true

[[flow]]
name = "appeals"
organisation = "Court"
block = 1
kind = "inflow"
unit = "cases"

[[flow.route]]                 # two months after a rejection, give or take one
source = "rejections"
delay = { mean = 2, sd = 1 }
delay_prior = { mean_sd = 0.5, sd_sd = 0.3 }
"""

network = mpp.Network.from_dict(tomllib.loads(CHAIN))
mpp.plot_network(network, language="en")

# %%
# What is believed of its sizes may be said by figures as one expects them, here the same in every
# month. A truth is then one draw from the prior around them.

USUAL = {"applications": 300, "backlog": 3000, "decisions": 240, "withdrawals": 60}
USUAL |= {"grants": 100, "appeals": 70}

months = pd.period_range("2015-01", "2021-12", freq="M").astype(str)
rows = [(series, month, value) for series, value in USUAL.items() for month in months]
usual = mpp.read_panel(pd.DataFrame(rows, columns=["series", "period", "value"]), network)
spec = mpp.resolve(mpp.ModelSpec(network, harmonics=0), usual)
truth = mpp.prior_predictive(spec, usual, draws=1, seed=5).isel(chain=0, draw=0)

# %%
# The figures that this truth brings, as they would be published: decisions by the quarter,
# withdrawals never. The last two years are kept apart.

often = {"decisions": "quarter", "grants": "quarter", "withdrawals": "never"}
periods = pd.period_range("2015-01", "2021-12", freq="M")
panel = mpp.simulate(spec, truth, periods, seed=1, evidence=often).until("2019-12")
panel.evidence.groupby("series")["period"].agg(["count", "first", "last"])

# %%
# The fit sees the figures, not the truth. It is a short one, and the gate says what it lacks to be
# published: without ``sampler`` it goes on until it is enough, or ten minutes are over.

short = mpp.Sampler(tune=200, draws=300)
model = mpp.ModelSpec(network, harmonics=0)
fit = mpp.fit(model, panel, seed=1, sampler=short, progress=False)
forecast = mpp.forecast(fit, until="2021-12", seed=2)
bands = mpp.bands(forecast, mpp.MPP, by=("stock", "flow"), per="year")
mpp.diagnose(fit, bands)

# %%
# The backlog, and under it what enters and leaves it.
mpp.plot_stock(bands, "backlog", language="en")

# %%
# What came, beside the bands: everything is known of a simulated chain.

whole = mpp.simulate(spec, truth, periods, seed=1).evidence
whole = whole.set_index(["series", "period"])
ends = {"2020": "2020-12", "2021": "2021-12"}
table = bands.to_frame()
table = table[(table["quantity"] == "backlog") & table["period"].isin(ends)]
table = table.pivot_table(index="period", columns="band", values="value", sort=False)
table.assign(truth=[whole["value"]["backlog", ends[year]] for year in table.index])

# %%
# One truth says little. ``tests/test_chain_recovery.py`` does this a hundred times over, and counts
# how often the truth lies within the bands.
