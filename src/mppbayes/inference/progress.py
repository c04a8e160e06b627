"""Progress of long work, on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def following(shown: bool) -> Iterator[Callable[[int, int, str], None]]:
    """Give a function that shows how far sampling is: (done, expected, remark).

    Parameters
    ----------
    shown : bool
        Whether to show anything.
    """
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[remark]}"),
        console=Console(stderr=True),
        transient=True,
        disable=not shown,
    ) as bar:
        task = bar.add_task("fit", total=None, remark="")

        def follow(done: int, expected: int, remark: str) -> None:
            bar.update(task, completed=done, total=expected or None, remark=remark)

        yield follow
