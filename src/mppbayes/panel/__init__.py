"""The panel: evidence tables, read and checked, and the bundled public figures."""

from mppbayes.panel.bundled import (
    public_figures,
    published_other,
    published_outcomes,
    published_ranges,
)
from mppbayes.panel.panel import Panel
from mppbayes.panel.reading import read_panel

__all__ = [
    "Panel",
    "public_figures",
    "published_other",
    "published_outcomes",
    "published_ranges",
    "read_panel",
]
