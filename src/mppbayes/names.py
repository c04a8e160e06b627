"""Every dimension and variable name of the project's arrays, once.

Names are part of the interface: files, figures and other people's code use them.
"""

from typing import Final

# Dimensions
CHAIN: Final = "chain"
DRAW: Final = "draw"
TIME: Final = "time"
FLOW: Final = "flow"
STOCK: Final = "stock"
PARAMETER: Final = "parameter"
LEVEL: Final = "level"
SEASON: Final = "season"
HARMONIC: Final = "harmonic"
GAP: Final = "gap"
ROUTE: Final = "route"
LEAVING: Final = "leaving_flow"
STAYING: Final = "staying_flow"
MEASURE: Final = "measure"

# Groups of a tree
POSTERIOR: Final = "posterior"
SAMPLE_STATS: Final = "sample_stats"
OBSERVED: Final = "observed_data"
FIGURES: Final = "figures"
END_STATE: Final = "end_state"
PREDICTIONS: Final = "predictions"

# Levels of pooling that every network has; labels add their own
ORGANISATION: Final = "organisation"
BLOCK: Final = "block"

# Parameters of a flow
MEAN_LEVEL: Final = "mean_level"
HALF_LIFE: Final = "half_life"
PERMANENCE: Final = "permanence"
ADAPTATION: Final = "adaptation"
DISPERSION: Final = "dispersion"
SHOCK_LOADING: Final = "shock_loading"
SEASONAL_AMPLITUDE: Final = "seasonal_amplitude"
PARAMETERS: Final = (
    MEAN_LEVEL,
    HALF_LIFE,
    PERMANENCE,
    ADAPTATION,
    DISPERSION,
    SHOCK_LOADING,
    SEASONAL_AMPLITUDE,
)

# Other variables of the posterior
MEAN: Final = "mean"
SCALE: Final = "scale"
SHARE: Final = "share"
EFFECT: Final = "effect"
COMMON_SHOCK: Final = "common_shock"
INITIAL_LEVEL: Final = "initial_level"
SEASONAL_WAVE: Final = "seasonal_wave"
SEASONAL_PATTERN: Final = "seasonal_pattern"
GAP_SURPRISE: Final = "gap_surprise"
LOG_STAY: Final = "log_stay"
LOG_FACTOR: Final = "log_factor"
LOG_MEAN: Final = "log_mean"
DELAY_MEAN: Final = "delay_mean"
DELAY_SD: Final = "delay_sd"
ROUTE_SHARE: Final = "route_share"
ELASTICITY: Final = "elasticity"
UNRECORDED: Final = "unrecorded"
INITIAL_STOCK: Final = "initial_stock"

# What a result is worth
FINAL: Final = "final"
DRAFT: Final = "draft"
