"""What the tables of a backtest hold: their columns, and how all flows together are named."""

from typing import Final

ALL_FLOWS: Final = "all flows"  # the quantity
FLOWS: Final = "flows"  # its aggregate

_ABOUT: Final = ("quantity", "aggregate", "lead", "window")
_FREQUENCY: Final = ("observed", "lower", "upper", "n", *_ABOUT)

SCORE_COLUMNS: Final = (
    *("origin", "lead", "window", "quantity", "aggregate", "model", "score", "value"),
)
CALIBRATION_COLUMNS: Final = ("band", "exceedance", *_FREQUENCY)
COVERAGE_COLUMNS: Final = ("level", *_FREQUENCY)
PIT_COLUMNS: Final = ("bin_lower", "bin_upper", "expected", *_FREQUENCY)
RELIABILITY_COLUMNS: Final = ("bin_lower", "bin_upper", "predicted", *_FREQUENCY)
