"""From tables of the file format, or rows of them, to checked rows."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mppbayes.errors import FaultsError, NetworkError, suggest
from mppbayes.network.checks import Tables, check, peek
from mppbayes.network.rows import (
    ADAPTERS,
    Block,
    Delay,
    DelayPrior,
    Flow,
    Header,
    Initial,
    Organisation,
    Route,
    Stay,
    Stock,
    Sum,
    Title,
)
from mppbayes.network.totals import check_totals

# The name of a table in a file, the name of the attribute, and the row.
TABLES: tuple[tuple[str, str, type], ...] = (
    ("organisation", "organisations", Organisation),
    ("block", "blocks", Block),
    ("stock", "stocks", Stock),
    ("flow", "flows", Flow),
    ("sum", "sums", Sum),
)
# The tables of which a file may hold several.
_LISTS = (*(table for table, _, _ in TABLES), "flow.route")
_INNER = {
    "title": Title,
    "initial": Initial,
    "stay": Stay,
    "route": Route,
    "routes": Route,
    "delay": Delay,
    "delay_prior": DelayPrior,
}
_EXPECTED = {
    "bool_type": "true or false",
    "dataclass_type": "a table",
    "dict_type": "a table",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "less_than": "a number below {lt:g}",
    "mapping_type": "a table",
    "string_pattern_mismatch": "a key of lower-case ASCII letters, digits and _, a letter first",
    "string_too_short": "some text",
    "string_type": "text",
    "too_long": "at most {max_length}",
    "too_short": "at least one name",
    "tuple_type": "a list",
}


def read_toml(
    path: Path, noun: str = "network", error_type: type[FaultsError] = NetworkError
) -> dict[str, Any]:
    """Read a TOML file; a fault is an error of the given type that names the place."""
    what = f"{path} cannot be read as a {noun}"
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise error_type(what, [f"line {line} is not UTF-8"], "Save the file as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise error_type(what, [f"it is not TOML: {error}{_several(str(error))}"]) from error
    except OSError as error:
        raise error_type(what, [f"{error.strerror}; expected a TOML file"]) from error


def _several(error: str) -> str:
    """Say how a list of tables is written, where a file has a table of it twice."""
    twice = (name for name in _LISTS if f"{tuple(name.split('.'))} twice" in error)
    return "".join(f"; write [[{name}]] above each of them" for name in twice)


def read(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Read and check a network.

    Parameters
    ----------
    data : mapping
        The file format: the header's keys, and for each table a list of mappings or rows.

    Returns
    -------
    attributes : dict
        The header's values, and the rows of each table by attribute.
    faults : list of str
        Every fault; when there is none the attributes are complete.
    """
    if not isinstance(data, Mapping):
        found = f"the network is {data!r}; expected a mapping, as to_dict gives"
        return {}, [f"{found} (Network.from_toml reads a file)"]
    tables = [key for key, _, _ in TABLES]
    header = {key: value for key, value in data.items() if key not in tables}
    sound, faults = _row(header, Header, "the network", tables)
    attributes = {key: getattr(sound, key) for key in _keys(Header)} if sound else {}
    unsound = {}
    for key, attribute, row_type in TABLES:
        rows, broken, found = _table(data.get(key, ()), key, row_type)
        attributes[attribute], unsound[attribute] = rows, broken
        faults += found
    checked = Tables(
        **{attribute: attributes[attribute] for _, attribute, _ in TABLES},
        unsound=unsound,
        period=sound.period if sound else None,
    )
    faults += [*check(checked), *check_totals(checked)]
    if not data.get("flow"):
        faults.append("there are no flows; declare at least one [[flow]]")
    return attributes, faults


def _table(
    rows: Any, key: str, row_type: type
) -> tuple[tuple[Any, ...], tuple[object, ...], list[str]]:
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        return (), (rows,) if isinstance(rows, Mapping) else (), [_no_list(key, key)]
    sound, unsound, faults = [], [], []
    for position, row in enumerate(rows, start=1):
        name = peek(row, "name", str) or peek(row, "number", int)
        place = f"{key} {position}" if name is None else f"{key} {name!r}"
        read_row, found = _row(row, row_type, place)
        faults += found
        if found:
            unsound.append(row)
        else:
            sound.append(read_row)
    return tuple(sound), tuple(unsound), faults


def _no_list(key: str, table: str) -> str:
    return f"'{key}' is not a list of tables; write [[{table}]] above each of them"


def _row(
    row: object, row_type: type, place: str, further: Sequence[str] = ()
) -> tuple[Any, list[str]]:
    in_file = isinstance(row, Mapping)
    try:
        return ADAPTERS[row_type].validate_python(row, by_alias=in_file, by_name=not in_file), []
    except ValidationError as error:
        return None, [
            fault(detail, row_type, place, further) for detail in error.errors(include_url=False)
        ]


def fault(
    detail: ErrorDetails,
    row_type: type,
    place: str,
    further: Sequence[str] = (),
    holders: dict[str, type] = _INNER,
) -> str:
    """Say in words what pydantic found at fault.

    Parameters
    ----------
    detail : ErrorDetails
        What it found.
    row_type : type
        What it read.
    place : str
        Where.
    further : sequence of str
        Keys that are known there beside those of ``row_type``.
    holders : dict of str to type
        Key → what is read under it.

    Returns
    -------
    str
        One line.
    """
    inner = [step for step in detail["loc"] if step != "[key]"]
    path = [f"{step + 1}" if isinstance(step, int) else step for step in inner]
    table = ".".join((row_type.__name__.lower(), *path))
    match detail["type"]:
        case "unexpected_keyword_argument":
            holder = next((holders[s] for s in reversed(inner[:-1]) if s in holders), row_type)
            known = [*_keys(holder), *further]
            where = ", ".join((place, *path[:-1]))
            return f"{where}: unknown key '{inner[-1]}'; {suggest(inner[-1], known)}"
        case "missing":
            return f"{', '.join((place, *path[:-1]))}: '{path[-1]}' is missing; add it"
        case "dataclass_type" if path and inner[-1] in holders:
            keys = ", ".join(f"{key} = …" for key in _keys(holders[inner[-1]]))
            found = f"{' '.join(path)} is {detail['input']!r}"
            return f"{place}: {found}; expected a table {{ {keys} }}"
        case "string_type" if isinstance(detail["input"], list | tuple):
            return f"{place}: {' '.join(path)} is {detail['input']!r}; expected one name"
        case "tuple_type" if table in _LISTS and isinstance(detail["input"], Mapping):
            return f"{place}: {_no_list(path[-1], table)}"
        case kind:
            context = detail.get("ctx", {})
            expected = _EXPECTED.get(kind, "").format(**context) or context.get(
                "expected", detail["msg"]
            )
            found = " ".join(path) or "it"
            return f"{place}: {found} is {detail['input']!r}; expected {expected}"


def _keys(row_type: type) -> list[str]:
    return ["route" if field.name == "routes" else field.name for field in fields(row_type)]
