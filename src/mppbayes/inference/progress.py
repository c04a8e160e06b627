"""Progress of long work, on standard error."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

type Follow = Callable[[int, int, str], None]

_EVERY: Final = 60  # seconds from one line to the next


@contextmanager
def following(shown: bool) -> Iterator[Follow]:
    """Give a function that shows how far the work is: (done, expected, remark).

    A bar on a terminal or in a notebook; elsewhere, as in a log, a line a minute.

    Parameters
    ----------
    shown : bool
        Whether to show anything.
    """
    console = Console(stderr=True, highlight=False)
    if not shown:
        yield lambda done, expected, remark: None
        return
    if not (console.is_terminal or console.is_jupyter):
        yield _lines(console)
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[remark]}"),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task("fit", total=None, remark="")

        def follow(done: int, expected: int, remark: str) -> None:
            bar.update(task, completed=done, total=expected or None, remark=remark)

        yield follow


def _lines(console: Console) -> Follow:
    began = last = time.monotonic()

    def follow(done: int, expected: int, remark: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _EVERY:
            return
        last = now
        so_far = f"{done:,} of {expected:,}" if expected else ""
        said = ", ".join(filter(None, (so_far, remark)))
        console.print(f"fit, after {(now - began) / 60:.0f} min: {said}")

    return follow
