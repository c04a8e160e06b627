"""The backtest directory: scores, calibration, and what each origin gave."""

from pathlib import Path

from mppbayes.errors import SpecError, StorageError
from mppbayes.evaluation import (
    Backtest,
    calibration_table,
    compare,
    coverage_table,
    pit_table,
    reliability_table,
    scores_table,
)
from mppbayes.network.rows import Language
from mppbayes.plotting import plot_backtest, plot_calibration
from mppbayes.plotting.style import write_png
from mppbayes.prediction.bandfiles import write_csv
from mppbayes.prediction.scheme import BandScheme

_OWN = ("scores.csv", "calibration.csv", "origins")


def require_backtest_folder(directory: Path) -> None:
    """Refuse a folder that holds something else than an earlier backtest.

    Raises
    ------
    StorageError
        If it does, or if its parent is not there.
    """
    if not directory.parent.is_dir():
        raise StorageError(f"cannot write {directory}: there is no folder {directory.parent}")
    if directory.is_file():
        raise StorageError(f"{directory} is a file; give a folder with --out")
    filled = directory.is_dir() and any(directory.iterdir())
    if filled and not any((directory / name).exists() for name in _OWN):
        raise StorageError(
            f"{directory} holds something else than a backtest; give a new folder with --out"
        )


def whole_numbers(option: str, items: list[str]) -> list[int]:
    """Read whole numbers; :class:`SpecError` names those that are none."""
    if strange := [item for item in items if not item.isdecimal()]:
        raise SpecError(f"{option} cannot be read", strange, "write whole numbers, as 12,24")
    return [int(item) for item in items]


def write_backtest(
    directory: Path, found: Backtest, scheme: BandScheme, *, language: Language
) -> None:
    """Write the tables, and figures of the calibration and of each declared sum.

    Each file is written whole or not at all.
    """
    scores = scores_table(found, scheme)
    write_csv(scores, directory / "scores.csv")
    write_csv(calibration_table(found, scheme), directory / "calibration.csv")
    write_csv(coverage_table(found), directory / "coverage.csv")
    write_csv(pit_table(found), directory / "pit.csv")
    write_csv(reliability_table(found), directory / "reliability.csv")
    write_csv(found.log(), directory / "log.csv")
    if len(found.models) > 1:
        frequency = found.panel.network.frequency
        write_csv(compare(scores, frequency=frequency), directory / "comparison.csv")
    else:
        (directory / "comparison.csv").unlink(missing_ok=True)
    figures = directory / "figures"
    figures.mkdir(exist_ok=True)
    write_png(plot_calibration(found, scheme, language=language), figures / "calibration.png")
    totals = found.outcome["quantity"][found.outcome["aggregate"] == "sum"].values
    for quantity in totals if len(totals) else found.outcome["quantity"].values[:1]:
        figure = plot_backtest(found, str(quantity), scheme, language=language)
        write_png(figure, figures / f"{quantity}.png")
