"""Fixtures that several test files share."""

import backlog
import pytest
import small_chain
import synthetic

from mppbayes.cli import main
from mppbayes.inference import Fit, Limits, Sampler, fit
from mppbayes.model import ModelSpec
from mppbayes.panel import Panel, read_panel
from mppbayes.prediction import Forecast

LOOSE = Limits(rhat=1.2, ess=50, divergences=1000)


@pytest.fixture(scope="session")
def small_panel() -> Panel:
    """Thirty months of four flows, with gaps, a late start and a ragged end."""
    return small_chain.panel()


@pytest.fixture(scope="session")
def small_fit(small_panel: Panel) -> Fit:
    """A quick fit of the small panel, converged by loose limits."""
    return fit(
        ModelSpec(small_panel.network, harmonics=1),
        small_panel,
        seed=1,
        sampler=Sampler(tune=200),
        limits=LOOSE,
        progress=False,
    )


@pytest.fixture(scope="session")
def chain_fit() -> Fit:
    """A quick fit of one step of a chain."""
    panel = read_panel(backlog.table(), backlog.network())
    return fit(
        ModelSpec(panel.network, harmonics=0),
        panel,
        seed=1,
        sampler=Sampler(chains=2, tune=150, draws=150),
        limits=LOOSE,
        progress=False,
    )


@pytest.fixture(scope="session")
def synthetic_forecast() -> Forecast:
    """Random draws for eight flows, of which one is a part and two have no evidence."""
    return synthetic.synthetic_forecast()


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line; give its exit status and what it printed."""

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["mppbayes", *map(str, arguments)])
        try:
            main()
            status = 0
        except SystemExit as stop:
            status = stop.code or 0
        return status, capsys.readouterr()

    return call
