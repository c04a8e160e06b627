"""The planning basis of a forecast directory."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from mppbayes import names
from mppbayes.cli.earlier import read_manifest, require_files, scheme_of
from mppbayes.errors import GateError, SpecError
from mppbayes.prediction import Forecast, compare_plans
from mppbayes.storage import whole_file

_SHOWN = ["quantity", "period", "basis", "exceedance", "value", "falls_short", "shortage"]


def write_plans(
    directory: Path, bases: Sequence[str], *, short: float | None, idle: float | None, draft: bool
) -> Iterator[str]:
    """Compare plans on the bands of a forecast directory, and write ``plans.csv`` there.

    With costs also ``plan_costs.csv``, the expected cost of every plan.

    Parameters
    ----------
    directory : Path
        As ``forecast`` or ``demo`` wrote it.
    bases : sequence of str
        Bands.
    short, idle : float, optional
        Cost of one too few and of one too many; both or none.
    draft : bool
        Whether a draft may be planned on.

    Yields
    ------
    str
        What to show.

    Raises
    ------
    GateError
        If the forecast is a draft and ``draft`` is false.
    SpecError
        If a basis is no band, or one cost is given without the other.
    """
    require_files(directory, "manifest.json", "forecast.nc")
    if (short is None) != (idle is None):
        raise SpecError(
            "one cost is given without the other", ["--short and --idle go together"], "give both"
        )
    drawn = Forecast.load(directory / "forecast.nc")
    if drawn.status != names.FINAL and not draft:
        raise GateError(
            f"the forecast in {directory} is a {drawn.status}: nothing is planned on it; "
            f"--draft does so all the same"
        )
    costs = None if short is None or idle is None else (short, idle)
    scheme = scheme_of(read_manifest(directory, "scheme"))
    stocks = (names.STOCK,) if drawn.network.stocks else ()
    by = ("organisation", "block", "sum", *stocks)
    plans = compare_plans(drawn, bases, scheme=scheme, by=by, costs=costs)
    table = plans.to_frame()
    written = {"plans.csv": table} | ({"plan_costs.csv": plans.curve()} if costs else {})
    for name, each in written.items():
        with whole_file(directory / name) as partial:
            each.to_csv(partial, index=False)
    first = table[table["period"] == table["period"].min()]
    under = f", under {drawn.scenario!r}" if drawn.scenario else ""
    yield f"Forecast from {drawn.network.name}{under}; status: {drawn.status}"
    yield first[[*_SHOWN, "surplus", "moved"]].to_string(index=False, float_format="{:,.2f}".format)
    if costs is not None:
        best = plans.optimum()
        yield f"Least expected cost: a plan exceeded with probability {best['exceedance'][0]:.2f}"
    yield from (f"wrote {directory / name}" for name in written)
