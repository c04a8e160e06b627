"""Faults of a table, collected by kind so that thousands stay readable."""

from collections.abc import Iterator

_EACH = 4  # up to so many rows are shown one by one, with what stands there


class CellError(ValueError):
    """A cell that cannot be read: the kind of fault, and what to do about it."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(what, remedy)


class Faults:
    """A growing list of faults, like ones together with their rows."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], dict[tuple[int, str], None]] = {}
        self._general: list[str] = []

    def add(self, what: str, remedy: str, row: int, found: str) -> None:
        """Add a fault of one row.

        Parameters
        ----------
        what : str
            The kind of fault; faults of one kind are reported together.
        remedy : str
            What to do about faults of this kind.
        row : int
            The row, as a person counts it.
        found : str
            What stands there.
        """
        self._rows.setdefault((what, remedy), {})[row, found] = None

    def add_general(self, fault: str) -> None:
        """Add a fault of the table as a whole."""
        self._general.append(fault)

    def __bool__(self) -> bool:
        return bool(self._rows or self._general)

    def __iter__(self) -> Iterator[str]:
        yield from self._general
        for (what, remedy), places in self._rows.items():
            yield f"{what}: {_places(list(places))}; {remedy}"

    @property
    def count(self) -> int:
        """The number of faults, each row apart."""
        return len(self._general) + sum(len(places) for places in self._rows.values())


def _places(places: list[tuple[int, str]]) -> str:
    if len(places) <= _EACH:
        return ", ".join(f"row {row} ({found})" for row, found in places)
    row, found = places[0]
    return f"rows {_ranges({row for row, _ in places})} (row {row}: {found})"


def _ranges(rows: set[int]) -> str:
    starts = sorted(row for row in rows if row - 1 not in rows)
    ends = sorted(row for row in rows if row + 1 not in rows)
    return ", ".join(
        f"{start}" if start == end else f"{start}-{end}"
        for start, end in zip(starts, ends, strict=True)
    )
