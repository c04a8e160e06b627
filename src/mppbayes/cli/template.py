"""A commented network and an Excel template, to start from."""

from importlib.resources import files
from pathlib import Path

import pandas as pd

from mppbayes.errors import StorageError
from mppbayes.network import Network
from mppbayes.storage import whole_file

_INSTRUCTIONS = (
    "One row a figure on the sheet 'counts': series, period, value.",
    "series: the name of a flow in network.toml.",
    "period: 2024-03 for a month, 2024-Q1 for a quarter, 2024 for a year.",
    "value: a whole number; leave it empty where the count is not known. Do not write 0 for that.",
    "rounding (optional): 5 where the count was rounded to fives.",
    "as_of (optional): the day on which the figure was known, as 2024-03-31.",
    "Further columns, such as a source or a note, are kept.",
    "Then: mppbayes check counts.xlsx --network network.toml",
)


def write_template(directory: Path) -> tuple[Path, Path]:
    """Write ``network.toml`` and ``counts.xlsx`` into a folder, which is made if needed.

    Raises
    ------
    StorageError
        If one of them is there already, or the folder cannot be made.
    """
    network, counts = directory / "network.toml", directory / "counts.xlsx"
    if there := [str(path) for path in (network, counts) if path.exists()]:
        raise StorageError(f"{', '.join(there)} would be overwritten; give a new folder")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"the folder {directory} cannot be made: {error.strerror}; give a new folder"
        ) from error
    text = files(__package__).joinpath("network_template.toml").read_text("utf-8")
    with whole_file(network) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")
    flows = Network.from_toml(network).flow_names
    rows = [
        (flow, f"{year}-{month:02d}", None, None, None, None)
        for flow in flows
        for year in (2023, 2024)
        for month in range(1, 13)
    ]
    columns = ["series", "period", "value", "rounding", "as_of", "source"]
    with whole_file(counts) as partial, pd.ExcelWriter(partial, engine="xlsxwriter") as book:
        pd.DataFrame(rows, columns=columns).to_excel(book, sheet_name="counts", index=False)
        lines = pd.DataFrame({"how to fill in this book": _INSTRUCTIONS})
        lines.to_excel(book, sheet_name="instructions", index=False)
        book.sheets["instructions"].set_column(0, 0, 100)
        book.sheets["counts"].set_column(0, 0, 40)
    return network, counts
