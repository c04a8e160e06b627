"""The track record: what ``mppbayes backtest`` wrote, read whole or refused."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from mppbayes import names
from mppbayes.errors import SpecError, StorageError, suggest
from mppbayes.evaluation.backtesting import MODEL
from mppbayes.evaluation.tables import (
    ALL_FLOWS,
    CALIBRATION_COLUMNS,
    COVERAGE_COLUMNS,
    FLOWS,
    SCORE_COLUMNS,
)
from mppbayes.network import Network
from mppbayes.prediction import aggregates
from mppbayes.prediction.quantities import SUM, quantities
from mppbayes.reporting.csvfile import (
    NUMBER,
    NUMBER_IF_KNOWN,
    REMARK,
    SHARE,
    SHARE_IF_KNOWN,
    TEXT,
    WHOLE,
    Column,
    one_of,
    read_csv,
)

STATUSES: Final = (names.FINAL, names.DRAFT, "failed")
CALIBRATION_FIGURE: Final = "calibration"

_FIGURES: Final = "figures"
_COMPARISON: Final = "comparison.csv"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_REMEDY: Final = "give a folder that 'mppbayes backtest' wrote, or run it again"


def _columns(given: Iterable[str], **numbers: Column) -> dict[str, Column]:
    """Take columns for text, except those that hold numbers."""
    return {**dict.fromkeys(given, TEXT), **numbers}


_SPAN: Final = {"lead": WHOLE, "window": WHOLE}
_FREQUENCY: Final = {
    "observed": SHARE_IF_KNOWN,
    "lower": SHARE_IF_KNOWN,
    "upper": SHARE_IF_KNOWN,
    "n": WHOLE,
}
_TABLES: Final[Mapping[str, Mapping[str, Column]]] = {
    "scores.csv": _columns(SCORE_COLUMNS, **_SPAN, value=NUMBER),
    "calibration.csv": _columns(CALIBRATION_COLUMNS, exceedance=SHARE, **_FREQUENCY, **_SPAN),
    "coverage.csv": _columns(COVERAGE_COLUMNS, level=SHARE, **_FREQUENCY, **_SPAN),
    "log.csv": {
        **_columns(("origin", "model")),
        "status": one_of(*STATUSES),
        "remark": REMARK,
        "seconds": NUMBER,
    },
    _COMPARISON: {
        **_columns(("quantity", "against"), lead=WHOLE, n=WHOLE),
        **dict.fromkeys(("mean", "other", "difference", "lower", "upper"), NUMBER_IF_KNOWN),
    },
}


@dataclass(frozen=True, eq=False)
class TrackRecord:
    """How forecasts that were made again at past origins compare with what came.

    Attributes
    ----------
    scores, calibration, coverage, log : DataFrame
        The tables of a backtest directory, as ``mppbayes backtest`` wrote them.
    comparison : DataFrame
        Scores beside those of other models; without rows if there were none.
    figures : mapping of str to bytes
        PNG, by the quantity that they show; of ``calibration`` too.
    """

    scores: pd.DataFrame
    calibration: pd.DataFrame
    coverage: pd.DataFrame
    log: pd.DataFrame
    comparison: pd.DataFrame
    figures: Mapping[str, bytes]

    @property
    def origins(self) -> list[str]:
        """The last periods known, the failed ones too."""
        return [str(origin) for origin in self.log["origin"].unique()]

    @property
    def windows(self) -> list[tuple[int, int]]:
        """Lead and length of each window, in periods."""
        found = self.calibration[["lead", "window"]].drop_duplicates()
        return [(int(lead), int(window)) for lead, window in found.to_numpy()]

    def known_origins(self, lead: int) -> int:
        """Say at how many origins a forecast of the own model met an outcome."""
        own = self.scores["model"] == MODEL
        return self.scores.loc[own & (self.scores["lead"] == lead), "origin"].nunique()

    def quantities(self) -> Iterator[tuple[str, str]]:
        """Give every quantity of every table, each with its file, once a file."""
        for name, table in (
            ("scores.csv", self.scores),
            ("calibration.csv", self.calibration),
            ("coverage.csv", self.coverage),
            (_COMPARISON, self.comparison),
        ):
            yield from ((name, str(quantity)) for quantity in table["quantity"].unique())


def read_track_record(directory: str | Path) -> TrackRecord:
    """Read a backtest directory.

    Parameters
    ----------
    directory : str or Path
        A folder that ``mppbayes backtest`` wrote.

    Returns
    -------
    TrackRecord
        Its tables and those of its figures that show a flow, a declared sum or the calibration.

    Raises
    ------
    StorageError
        With every file that is missing, every column that a file lacks and every cell that cannot
        be read.
    """
    if not isinstance(directory, str | Path):
        raise StorageError(
            f"a track record is read from a folder, found {type(directory).__name__}; {_REMEDY}"
        )
    folder = Path(directory)
    if not folder.is_dir():
        raise StorageError(f"there is no folder {folder}; {_REMEDY}")
    tables, faults = {}, []
    for name, columns in _TABLES.items():
        if name == _COMPARISON and not (folder / name).exists():
            tables[name] = pd.DataFrame(columns=list(columns))
            continue
        tables[name], found = read_csv(folder / name, columns)
        if name in ("calibration.csv", "log.csv") and not found and tables[name].empty:
            found = ["it has no rows"]
        faults += [f"{name}: {fault}" for fault in found]
    figures: dict[str, bytes] = {}
    if not faults:
        faults += _stale(tables)
        figures, found = _read_figures(folder / _FIGURES, tables["calibration.csv"])
        faults += [f"{_FIGURES}/{fault}" for fault in found]
    if faults:
        lines = [f"{folder} is no whole backtest directory", *(f"  - {each}" for each in faults)]
        raise StorageError("\n".join([*lines, _REMEDY]))
    scores, calibration, coverage, log, comparison = tables.values()
    return TrackRecord(scores, calibration, coverage, log, comparison, figures)


def require_network(record: TrackRecord, network: Network) -> None:
    """Refuse a track record of another network.

    Parameters
    ----------
    record : TrackRecord
        The track record.
    network : Network
        That of the forecast beside which it shall stand.

    Raises
    ------
    SpecError
        With every quantity that the network does not know, and every origin that is none of its
        periods.
    """
    known = [each.name for each in quantities(network, aggregates(network))]
    files: dict[str, list[str]] = {}
    for file, name in record.quantities():
        if name not in (*known, ALL_FLOWS, FLOWS):
            files.setdefault(name, []).append(file)
    faults = [
        f"there is no '{name}' ({', '.join(where)}); {suggest(name, known)}"
        for name, where in files.items()
    ]
    faults += [
        f"the origin '{origin}' is no {network.period}; expected one as '{_example(network)}'"
        for origin in record.origins
        if not _is_period(origin, network)
    ]
    if faults:
        raise SpecError(
            f"the backtest is not of the forecast's network, '{network.name}'",
            faults,
            "give a backtest of the same network, or make it again with 'mppbayes backtest'",
        )


def _stale(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Find comparisons with models that have no scores: those of an earlier backtest."""
    scored = set(tables["scores.csv"]["model"])
    strange = [name for name in tables[_COMPARISON]["against"].unique() if name not in scored]
    return [
        f"{_COMPARISON}: it compares with '{name}', which scores.csv does not score; it is of "
        "another backtest, so delete it"
        for name in strange
    ]


def _read_figures(folder: Path, calibration: pd.DataFrame) -> tuple[dict[str, bytes], list[str]]:
    """Read the figures that are there, sums first, and tell which are no pictures."""
    single = calibration[calibration["aggregate"].isin([SUM, names.FLOW])]
    ordered = single.sort_values("aggregate", ascending=False, kind="stable")["quantity"].unique()
    figures: dict[str, bytes] = {}
    faults = []
    for name in (CALIBRATION_FIGURE, *map(str, ordered)):
        path = folder / f"{name}.png"
        if path.is_file():
            figures[name] = path.read_bytes()
            if not figures[name].startswith(_PNG):
                faults.append(f"{path.name}: it is no PNG picture")
    return figures, faults


def _is_period(text: str, network: Network) -> bool:
    try:
        return str(pd.Period(text, freq=network.frequency)) == text
    except ValueError:
        return False


def _example(network: Network) -> str:
    return str(pd.Period("2024-12", freq=network.frequency))
