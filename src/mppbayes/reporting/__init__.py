"""Reports: one self-contained HTML file."""

from mppbayes.reporting.page import report

__all__ = ["report"]
