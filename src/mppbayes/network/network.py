"""The network: a chain's organisations, policy blocks, flows, stocks and sums."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

import tomli_w

from mppbayes.errors import LabelError, NetworkError, suggest
from mppbayes.network import relations
from mppbayes.network.reading import TABLES, read, read_toml
from mppbayes.network.rows import (
    PERIODS_PER_YEAR,
    Block,
    Flow,
    Header,
    Organisation,
    Stock,
    Sum,
    dump,
)
from mppbayes.storage import digest, whole_file


@dataclass(frozen=True, kw_only=True, repr=False)
class Network(Header):
    """A chain of organisations, checked as a whole when it is made.

    Attributes
    ----------
    schema : int
        The version of the file format.
    name : str
        What the chain is called.
    title : Title
        Its title in Dutch and English.
    period : {"month", "quarter", "year"}
        The period in which flows are counted.
    note : str
        A remark that belongs with every result.
    organisations, blocks, stocks, flows, sums : tuple
        The rows, in the order declared.

    Raises
    ------
    NetworkError
        With every fault, when the rows contradict each other.
    """

    organisations: tuple[Organisation, ...] = ()
    blocks: tuple[Block, ...] = ()
    stocks: tuple[Stock, ...] = ()
    flows: tuple[Flow, ...] = ()
    sums: tuple[Sum, ...] = ()

    def __post_init__(self) -> None:
        tables = {key: getattr(self, attribute) for key, attribute, _ in TABLES}
        attributes = _checked(self._header() | tables, f"the network {self.name!r}")
        for attribute, value in attributes.items():
            object.__setattr__(self, attribute, value)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make a network from the keys and tables of the file format.

        Parameters
        ----------
        data : mapping
            As a TOML file is read, and as :meth:`to_dict` gives.

        Returns
        -------
        Network
            The network.

        Raises
        ------
        NetworkError
            With every fault.
        """
        return cls(**_checked(data, "the network"))

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a network from a TOML file.

        Parameters
        ----------
        path : str or Path
            The file, in UTF-8.

        Returns
        -------
        Network
            The network.

        Raises
        ------
        NetworkError
            With every fault, and the file's name.
        """
        return cls(**_checked(read_toml(Path(path)), str(path)))

    @classmethod
    def migratieketen(cls) -> Self:
        """Give the Dutch migration chain: every public series, with its stocks and routes.

        Each assumption stands in a ``note`` beside it. A fit takes some 40 minutes on two
        processors, so give it ``max_minutes=90``; the flows of :meth:`asylum_inflow` alone take
        about two.
        """
        return cls._bundled("migratieketen")

    @classmethod
    def asylum_inflow(cls) -> Self:
        """Give the chain's inflow alone: the 15 monthly flows of applicants and family members."""
        return cls._bundled("asylum_inflow")

    @classmethod
    def _bundled(cls, name: str) -> Self:
        text = files(__package__).joinpath(f"{name}.toml").read_text("utf-8")
        return cls.from_dict(tomllib.loads(text))

    def to_dict(self) -> dict[str, Any]:
        """Give the network in the keys and tables of the file format, defaults left out."""
        header = dump(Header(**self._header()))
        tables = {
            key: [dump(row) for row in getattr(self, attribute)] for key, attribute, _ in TABLES
        }
        return {
            "schema": self.schema,
            **header,
            "period": self.period,
            **{key: rows for key, rows in tables.items() if rows},
        }

    def to_toml(self, path: str | Path | None = None) -> str:
        """Give the network as TOML text.

        Parameters
        ----------
        path : str or Path, optional
            A file to write the text to as well.

        Returns
        -------
        str
            Text that :meth:`from_toml` reads back exactly.
        """
        text = tomli_w.dumps(self.to_dict())
        if path is not None:
            with whole_file(path) as partial:
                partial.write_text(text, encoding="utf-8", newline="\n")
        return text

    def flow(self, name: str) -> Flow:
        """Give a flow by name; :class:`LabelError` if there is none."""
        return _named(self.flows, name, "flow")

    def stock(self, name: str) -> Stock:
        """Give a stock by name; :class:`LabelError` if there is none."""
        return _named(self.stocks, name, "stock")

    def sum(self, name: str) -> Sum:
        """Give a sum by name; :class:`LabelError` if there is none."""
        return _named(self.sums, name, "sum")

    def members(self, name: str) -> tuple[str, ...]:
        """Give the flows or stocks that a sum adds up, the sums inside it opened.

        Any other flow or stock stands for itself.
        """
        if name not in self.series_names:
            raise LabelError(
                f"there is no flow, stock or sum {name!r}; {suggest(name, self.series_names)}"
            )
        return relations.members(name, {total.name: total for total in self.sums})

    @property
    def flow_names(self) -> tuple[str, ...]:
        """The flows, in the order declared."""
        return tuple(flow.name for flow in self.flows)

    @property
    def stock_names(self) -> tuple[str, ...]:
        """The stocks, in the order declared."""
        return tuple(stock.name for stock in self.stocks)

    @property
    def sum_names(self) -> tuple[str, ...]:
        """The sums, in the order declared."""
        return tuple(total.name for total in self.sums)

    @property
    def series_names(self) -> tuple[str, ...]:
        """What evidence may be about: flows, stocks and sums."""
        return (*self.flow_names, *self.stock_names, *self.sum_names)

    @property
    def stock_series(self) -> frozenset[str]:
        """The series whose figures are of a period's end: stocks, and sums of stocks."""
        stocks = set(self.stock_names)
        sums = (name for name in self.sum_names if stocks.issuperset(self.members(name)))
        return frozenset(stocks.union(sums))

    @property
    def label_names(self) -> tuple[str, ...]:
        """The levels of the flows' labels, in the order first declared."""
        return tuple(dict.fromkeys(level for flow in self.flows for level in flow.labels))

    @property
    def frequency(self) -> str:
        """The period as pandas names it."""
        return {"month": "M", "quarter": "Q", "year": "Y"}[self.period]

    @property
    def periods_per_year(self) -> int:
        """How many periods make a year."""
        return PERIODS_PER_YEAR[self.period]

    @property
    def digest(self) -> str:
        """SHA-256 of the network's content; two networks are equal where it is."""
        return digest(self.to_dict())

    def _header(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(Header)}

    def __repr__(self) -> str:
        counts = (f"{len(getattr(self, table))} {table}" for _, table, _ in TABLES)
        return f"<Network {self.name!r} per {self.period}: {', '.join(counts)}>"


def _checked(data: Mapping[str, Any], what: str) -> dict[str, Any]:
    attributes, faults = read(data)
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise NetworkError(f"{what} cannot be used: {count}", faults)
    return attributes


def _named[Row: (Flow, Stock, Sum)](rows: tuple[Row, ...], name: str, what: str) -> Row:
    for row in rows:
        if row.name == name:
            return row
    known = [row.name for row in rows]
    raise LabelError(f"there is no {what} {name!r}; {suggest(name, known)}")
