"""What the command line prints: stages with their seconds, verdicts, and a table of bands."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from mppbayes.diagnostics import Verdicts
    from mppbayes.prediction import Bands

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Give a function that reports on standard error how long the stage that ended took."""
    began = time.monotonic()

    def stage(name: str) -> None:
        nonlocal began
        now = time.monotonic()
        errors.print(f"{name}: {now - began:.1f} s", style="dim")
        began = now

    yield stage


def show_verdicts(verdicts: "Verdicts") -> None:
    """Print a line a check."""
    for verdict in verdicts:
        mark = "[green]passed[/]" if verdict.passed else "[red]FAILED[/]"
        errors.print(f"{mark} {verdict.check}: {verdict.statement}")


def show_bands(bands: "Bands") -> None:
    """Print the declared sums and the organisations, a row a year and a column a band."""
    figures = bands.to_frame()
    figures = figures[figures["aggregate"].isin(["sum", "organisation"])]
    draft = " (concept, draft)" if bands.status == "draft" else ""
    for (quantity, kind, unit), rows in figures.groupby(["quantity", "kind", "unit"], sort=False):
        table = Table(title=f"{quantity}, {kind} in {unit}{draft}", title_justify="left")
        table.add_column("year")
        for band in bands.scheme.bands:
            table.add_column(f"{band.name} ({band.exceedance:.0%})", justify="right")
        for period, row in rows.groupby("period", sort=False):
            by_band = row.set_index("band")["value"]
            table.add_row(
                str(period), *(f"{by_band[band.name]:,.0f}" for band in bands.scheme.bands)
            )
        console.print(table)
