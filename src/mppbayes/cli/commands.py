"""The commands. What is slow to import is imported where it is used."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mppbayes import __version__
from mppbayes.cli.output import console, progress, show_bands, show_verdicts
from mppbayes.errors import MppbayesError

if TYPE_CHECKING:
    from mppbayes.inference import Fit
    from mppbayes.model import ModelSpec
    from mppbayes.panel import Panel
    from mppbayes.prediction import BandScheme, Scenario

app = typer.Typer(
    name="mppbayes",
    help="Forecast flows through a chain of organisations in exceedance-probability bands.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

type Language = Literal["nl", "en"]

Counts = Annotated[Path, typer.Argument(help="Table of counts: .csv, .parquet or .xlsx.")]
NetworkFile = Annotated[Path, typer.Option("--network", help="The network, a TOML file.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the results.")]
Until = Annotated[str, typer.Option("--until", help="Last period, as 2030-12.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same figures.")]
Draft = Annotated[bool, typer.Option("--draft", help="Write results that failed a check, marked.")]
SavedFit = Annotated[Path | None, typer.Option("--fit", help="A saved fit to use.")]
LanguageOption = Annotated[Language, typer.Option("--language", help="Of figures and report.")]
MaxMinutes = Annotated[float, typer.Option("--max-minutes", min=0.0, help="Most time to sample.")]
Level = Annotated[float | None, typer.Option(help="Probability of exceeding this band.")]
Wide = Annotated[bool, typer.Option("--wide", help="The table has one column a series.")]


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Print the version."""
    if show:
        print(__version__)
        raise typer.Exit


@app.command()
def new(directory: Annotated[Path, typer.Argument(help="A folder to make.")]) -> None:
    """Make a commented network and an Excel template to start from."""
    from mppbayes.cli.template import write_template

    for path in write_template(directory):
        console.print(f"wrote {path}")


@app.command()
def check(counts: Counts, network: NetworkFile, wide: Wide = False) -> None:
    """Read a table and a network, and report every fault or what was read and what a fit uses."""
    from mppbayes.model.layout import Layout

    panel = _panel(counts, network, wide)
    _require_usable(panel)
    console.print(panel)
    for series in panel.series:
        console.print(f"  {series}: {panel.first(series)} to {panel.last(series)}")
    if unused := Layout.of(panel).unused:
        console.print("Figures that tell nothing of their flow's rate:")
        for figure in unused:
            console.print(f"  {figure}", soft_wrap=True)


@app.command()
def forecast(
    counts: Counts,
    network: NetworkFile,
    until: Until,
    out: Out,
    fit: SavedFit = None,
    spec: Annotated[Path | None, typer.Option("--spec", help="A specification, TOML.")] = None,
    scenario: Annotated[
        Path | None, typer.Option("--scenario", help="Policy measures, TOML.")
    ] = None,
    minimum: Level = None,
    maximum: Level = None,
    seed: Seed = 1,
    draft: Draft = False,
    language: LanguageOption = "nl",
    max_minutes: MaxMinutes = 10.0,
    wide: Wide = False,
) -> None:
    """Forecast the flows and stocks of a table of counts, as policy is or under a scenario."""
    from mppbayes.cli.directory import require_free
    from mppbayes.cli.earlier import require_network, require_same
    from mppbayes.inference import load_fit
    from mppbayes.model import ModelSpec
    from mppbayes.prediction import Scenario
    from mppbayes.prediction.measures import require_on_flows

    require_free(out)
    scheme = _scheme(minimum, maximum)
    measures = Scenario.from_toml(scenario) if scenario else None
    if measures:
        require_on_flows(measures.to_dict())
    panel = _panel(counts, network, wide)
    given = ModelSpec.from_toml(spec) if spec else None
    if given:
        require_network(given, panel)
    saved = load_fit(fit) if fit else None
    if saved:
        require_same(saved, panel, given)
    _run(
        panel,
        given or ModelSpec(panel.network),
        scheme,
        until=until,
        out=out,
        seed=seed,
        draft=draft,
        language=language,
        max_minutes=max_minutes,
        saved=saved,
        scenario=measures,
        table=counts,
        layout="wide" if wide else "long",
    )


@app.command()
def backtest(
    counts: Counts,
    network: NetworkFile,
    origins: Annotated[
        str, typer.Option("--origins", help="Last months known, as 2020-12,2021-12.")
    ],
    out: Out,
    leads: Annotated[
        str, typer.Option("--leads", help="Ends of the windows after an origin, as 12,24.")
    ] = "12,24",
    baselines: Annotated[
        str, typer.Option("--baselines", help="Simple forecasts to compare with; '' for none.")
    ] = "ratio",
    spec: Annotated[Path | None, typer.Option("--spec", help="A specification, TOML.")] = None,
    minimum: Level = None,
    maximum: Level = None,
    seed: Seed = 1,
    language: LanguageOption = "nl",
    max_minutes: MaxMinutes = 10.0,
    wide: Wide = False,
) -> None:
    """Forecast again at past origins, and score the forecasts by what came."""
    from mppbayes.cli.backtests import require_backtest_folder, whole_numbers, write_backtest
    from mppbayes.evaluation import backtest as run
    from mppbayes.model import ModelSpec

    require_backtest_folder(out)
    panel = _panel(counts, network, wide)
    scheme = _scheme(minimum, maximum)
    found = run(
        ModelSpec.from_toml(spec) if spec else ModelSpec(panel.network),
        panel,
        origins=_items(origins),
        leads=whole_numbers("--leads", _items(leads)),
        baselines=_items(baselines),
        seed=seed,
        max_minutes=max_minutes,
        directory=out,
    )
    write_backtest(out, found, scheme, language=language)
    console.print(found.log().to_string(index=False))
    console.print(f"Everything is in {out}")


@app.command()
def demo(
    whole: Annotated[
        bool, typer.Option("--whole", help="The whole chain, which takes an hour.")
    ] = False,
    out: Out = Path("mppbayes-demo"),
    until: Until = "2030-12",
    seed: Seed = 1,
    draft: Draft = False,
    fit: SavedFit = None,
    language: LanguageOption = "nl",
    max_minutes: MaxMinutes = 60.0,
) -> None:
    """Forecast the bundled public figures: of the Dutch asylum inflow, or of the whole chain."""
    from mppbayes.cli.directory import require_free
    from mppbayes.cli.earlier import require_same
    from mppbayes.inference import load_fit
    from mppbayes.model import ModelSpec
    from mppbayes.network import Network
    from mppbayes.panel import public_figures
    from mppbayes.panel.bundled import SINCE

    require_free(out)
    panel = (
        public_figures(Network.migratieketen()).since(SINCE)
        if whole
        else public_figures(Network.asylum_inflow())
    )
    saved = load_fit(fit) if fit else None
    if saved:
        require_same(saved, panel, None)
    _run(
        panel,
        ModelSpec(panel.network),
        _scheme(None, None),
        until=until,
        out=out,
        seed=seed,
        draft=draft,
        language=language,
        max_minutes=max_minutes,
        saved=saved,
    )


@app.command()
def report(
    directory: Annotated[Path, typer.Argument(help="A folder that forecast or demo wrote.")],
    backtest: Annotated[
        Path | None, typer.Option("--backtest", help="A folder that backtest wrote, to show too.")
    ] = None,
    language: LanguageOption = "nl",
    draft: Draft = False,
) -> None:
    """Render the report of a forecast again, with its track record if there is a backtest."""
    from mppbayes.cli.earlier import read_manifest, require_files, scheme_of
    from mppbayes.inference import load_fit
    from mppbayes.prediction import Forecast
    from mppbayes.reporting import report as render

    require_files(directory, "manifest.json", "fit.nc", "forecast.nc")
    scheme = scheme_of(read_manifest(directory, "scheme"))
    fit, drawn = load_fit(directory / "fit.nc"), Forecast.load(directory / "forecast.nc")
    path = directory / "report.html"
    render(
        drawn,
        path,
        fit=fit,
        scheme=scheme,
        language=language,
        backtest=backtest,
        draft=draft,
    )
    console.print(f"wrote {path}")


@app.command()
def plan(
    directory: Annotated[Path, typer.Argument(help="A folder that forecast or demo wrote.")],
    bases: Annotated[
        str, typer.Option("--bases", help="Bands to plan on; moves are from the first.")
    ] = "mediaan,medio",
    short: Annotated[
        float | None, typer.Option("--short", help="Cost of one person or case too few.")
    ] = None,
    idle: Annotated[float | None, typer.Option("--idle", help="Cost of one too many.")] = None,
    draft: Draft = False,
) -> None:
    """Say what it means to plan on one band or another, and write it to plans.csv."""
    from mppbayes.cli.plans import write_plans

    for line in write_plans(directory, _items(bases), short=short, idle=idle, draft=draft):
        console.print(line)


@app.command()
def reproduce(
    directory: Annotated[Path, typer.Argument(help="A folder that forecast or demo wrote.")],
    max_minutes: MaxMinutes = 10.0,
) -> None:
    """Make a forecast again from its inputs and seeds, and compare every figure."""
    from mppbayes.cli.reproduction import reproduce as again

    differences = again(directory, max_minutes=max_minutes)
    if len(differences):
        console.print(differences.to_string(index=False))
        raise typer.Exit(1)
    console.print("every figure is the same")


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _panel(counts: Path, network: Path, wide: bool) -> "Panel":
    from mppbayes.network import Network
    from mppbayes.panel import read_panel

    return read_panel(counts, Network.from_toml(network), layout="wide" if wide else "long")


def _require_usable(panel: "Panel") -> None:
    """Refuse what a fit would refuse, all of it together."""
    from mppbayes.model import ModelSpec, resolve
    from mppbayes.model.dynamics import require_dynamics

    refusals: list[MppbayesError] = []
    try:
        require_dynamics(panel.network, panel)
    except MppbayesError as error:
        refusals.append(error)
    try:
        resolve(ModelSpec(panel.network), panel)
    except MppbayesError as error:
        refusals.append(error)
    if refusals:
        raise MppbayesError("\n".join(map(str, refusals))) from refusals[0]


def _scheme(minimum: float | None, maximum: float | None) -> "BandScheme":
    from mppbayes.prediction import MPP

    given = {"minimum": minimum, "maximum": maximum}
    return MPP.with_levels(**{name: level for name, level in given.items() if level is not None})


def _run(
    panel: "Panel",
    spec: "ModelSpec",
    scheme: "BandScheme",
    *,
    until: str,
    out: Path,
    seed: int,
    draft: bool,
    language: Language,
    max_minutes: float,
    saved: "Fit | None" = None,
    scenario: "Scenario | None" = None,
    table: Path | None = None,
    layout: Literal["long", "wide"] = "long",
) -> None:
    """Fit, forecast, check, and write everything or nothing."""
    from mppbayes.cli.directory import Results, write_directory
    from mppbayes.cli.futures import draw_precisely
    from mppbayes.inference import fit as sample
    from mppbayes.prediction import aggregates, bands
    from mppbayes.prediction import forecast as draw

    with progress() as stage:
        fit = saved or sample(spec, panel, seed=seed, max_minutes=max_minutes)
        stage("fit")
        drawn, summary, verdicts = draw_precisely(
            fit, scheme, until=until, seed=seed + 1, scenario=scenario
        )
        futures = drawn.manifest["futures"]
        neutral = draw(fit, until=until, seed=seed + 1, futures=futures) if scenario else None
        stage("forecast, bands and checks")
    show_verdicts(verdicts)
    if not verdicts.passed:
        if not draft:
            if not saved:
                kept = out.with_name(f"{out.name}-fit.nc")
                fit.save(kept)
                console.print(f"The fit is kept in {kept}: --fit takes it, for a draft")
            verdicts.require()
        drawn = drawn.as_draft()
        summary = bands(drawn, scheme, by=aggregates(drawn.network), per="year")
    show_bands(summary, language)
    with progress() as stage:
        results = Results(fit, drawn, summary, panel, table, layout, neutral)
        write_directory(out, results, language=language, draft=draft)
        stage("report and files")
    console.print(f"Everything is in {out}; open {out / 'report.html'}")
