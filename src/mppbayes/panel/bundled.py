"""The public figures that come with the package: copies, for illustration."""

from dataclasses import replace
from importlib.resources import as_file, files

import pandas as pd

from mppbayes.errors import PanelError, suggest
from mppbayes.network import Network
from mppbayes.panel.panel import Panel
from mppbayes.panel.reading import read_cells
from mppbayes.panel.tables import read_table

SINCE = "2015-01"  # of the whole chain: earlier years have few series
NOTE = "illustration on public copies, not an official forecast"
_FIGURES = files(__package__) / "figures"


def public_figures(network: Network | None = None) -> Panel:
    """Give the public figures about a network's own series.

    Parameters
    ----------
    network : Network, optional
        The network; by default :meth:`Network.migratieketen`.

    Returns
    -------
    Panel
        The evidence with its sources: for each series ``source``, ``definition``, how the figures
        were obtained (``obtained_via``) and checked (``verified``), and what they overlap with.

    Raises
    ------
    PanelError
        If none of the figures is about the network.
    """
    network = network or Network.migratieketen()
    observations = _unread("observations")
    own = observations[observations["series"].isin(network.series_names)]
    if own.empty:
        raise PanelError(
            f"the bundled figures are not about the network {network.name!r}",
            [f"it has none of their series; {suggest('', observations['series'].unique())}"],
        )
    panel = read_cells(own, network, what="the bundled figures")
    sources = _unread("series").set_index("series")[
        ["source", "definition", "obtained_via", "verified", "part_of", "overlaps"]
    ]
    return replace(panel, _sources=sources.loc[list(panel.series)].fillna(""), note=NOTE)


def published_ranges() -> pd.DataFrame:
    """Give the published ranges of total asylum inflow, edition by edition."""
    return _published("published_ranges")


def published_outcomes() -> pd.DataFrame:
    """Give the total asylum inflow that came about, by year, with its definition."""
    return _published("outcomes")


def published_other() -> pd.DataFrame:
    """Give published capacity decisions, housing targets and other forecasts, as found."""
    return _published("published_other")


def _published(name: str) -> pd.DataFrame:
    with as_file(_FIGURES / f"{name}.csv") as path:
        return pd.read_csv(path)


def _unread(name: str) -> pd.DataFrame:
    with as_file(_FIGURES / f"{name}.csv") as path:
        return read_table(path)
