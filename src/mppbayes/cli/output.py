"""What the command line prints: stages with their seconds, verdicts, and a table of bands."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

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


def show_bands(bands: "Bands", language: Literal["nl", "en"]) -> None:
    """Print sums, stocks, organisations and blocks, a row a year and a column a band.

    Under each table stands what it rests on, and up to when; under all of them what their
    probabilities are and which of them is an assumption.
    """
    from mppbayes.plotting.captions import chances_sentences, standing_sentences
    from mppbayes.plotting.words import sentence, word
    from mppbayes.reporting.tables import band_heads, band_table

    bands = bands.select(status=bands.status)  # leaves out what has no row
    heads = band_heads(bands, language)
    n_shown = 1 + len(bands.scheme)
    draft = f" ({word('DRAFT', language)})" if bands.status == "draft" else ""
    shown = [
        quantity
        for aggregate in ("sum", "stock", "organisation", "block")
        for quantity in bands.quantities
        if quantity.aggregate == aggregate
    ]
    for quantity in shown:
        laid_out = band_table(bands, quantity, language)
        table = Table(
            title=f"{laid_out.title}, {laid_out.unit}{draft}",
            title_justify="left",
            caption_justify="left",
        )
        for head in heads[:n_shown]:
            table.add_column(head, justify="right")
        for row in laid_out.rows:
            table.add_row(*row[:n_shown])
        basis = " / ".join(dict.fromkeys(row[-1] for row in laid_out.rows))
        table.caption = f"{sentence(heads[-1])} {basis}"
        console.print(table)
    said = [
        *chances_sentences(bands.scheme, ">", language),
        *standing_sentences(bands, language),
    ]
    console.print(" ".join(said))
