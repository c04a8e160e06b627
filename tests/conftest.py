"""Fixtures that several test files share."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import backlog
import pandas as pd
import pytest
import small_chain
import synthetic

import mppbayes
from mppbayes.cli import main
from mppbayes.inference import Fit, Limits, Sampler, fit
from mppbayes.model import ModelSpec
from mppbayes.panel import Panel, read_panel
from mppbayes.prediction import Forecast
from mppbayes.storage import whole_file

LOOSE = Limits(rhat=1.2, ess=50, divergences=1000)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Run what shares a fit on one worker, and of the rest each file, so that all is made once."""
    shared = [name for name in ("chain_fit", "small_fit") if name in item.fixturenames]
    item.add_marker(pytest.mark.xdist_group(shared[0] if shared else item.path.stem))


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
        sampler=Sampler(chains=2, tune=200),
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
        sampler=Sampler(chains=2, tune=150, draws=200),
        limits=LOOSE,
        progress=False,
    )


@pytest.fixture(scope="session")
def synthetic_forecast() -> Forecast:
    """Random draws for eight flows, of which one is a part and two have no evidence."""
    return synthetic.synthetic_forecast()


@pytest.fixture(scope="module")
def each_once(request) -> Callable[..., pd.DataFrame]:
    """Make tables one by one, in the cache of pytest; a long check that was stopped goes on there.

    They count for this check and this package only: when a file of either changes they are made
    anew.
    """
    helpers = [file for file in request.path.parent.glob("*.py") if "test_" not in file.name]
    files = [*Path(mppbayes.__file__).parent.rglob("*.py"), *helpers, request.path]
    contents = sha256(b"".join(file.read_bytes() for file in sorted(files))).hexdigest()

    def made(name: str, numbers: range, make: Callable[[int], pd.DataFrame]) -> pd.DataFrame:
        folder = request.config.cache.mkdir(f"{name} {contents[:12]}")
        for number in numbers:
            path = folder / f"{number}.csv"
            if not path.exists():
                with whole_file(path) as partial:
                    make(number).to_csv(partial, index=False)
        return pd.concat([pd.read_csv(folder / f"{number}.csv") for number in numbers])

    return made


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
