"""Multi-year forecasts for chains of organisations, in exceedance-probability bands."""

__version__ = "0.1.0"
