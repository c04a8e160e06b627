"""Backtests: forecasts made again at past origins, each with what was known then."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from mppbayes import names
from mppbayes.errors import MppbayesError, SpecError
from mppbayes.evaluation.baselines import BASELINES, baseline_windows
from mppbayes.evaluation.records import Record, read_record, write_record
from mppbayes.evaluation.windows import by_quantity, check_leads, window_sums
from mppbayes.inference import (
    PUBLICATION,
    Compiled,
    Fit,
    Limits,
    Sampler,
    compile_model,
    convergence,
    divergences,
    fit,
    following,
)
from mppbayes.model import ModelSpec
from mppbayes.panel import Panel
from mppbayes.prediction import forecast
from mppbayes.storage import digest, source_digest

MODEL = "mppbayes"
UNPOOLED = "unpooled"
_MODEL_CODE = ("model", "inference", "prediction/simulation.py", "evaluation/windows.py")
_BASELINE_CODE = ("evaluation/baselines.py", "evaluation/windows.py")

type Made = tuple[xr.DataArray, str, str]  # windows, status and remark
type Forecaster = Callable[[Panel, pd.Period], Made]


@dataclass(frozen=True, eq=False, repr=False)
class Backtest:
    """What was forecast at past origins, and what came.

    Attributes
    ----------
    panel : Panel
        All evidence.
    outcome : DataArray, (origin, lead, quantity)
        NaN where not known yet.
    reference : DataArray, (origin, quantity)
        The last window known at each origin.
    window : int
        Periods a window.
    records : tuple of Record
        One an origin and model, the failed ones too.
    """

    panel: Panel
    outcome: xr.DataArray
    reference: xr.DataArray
    window: int
    records: tuple[Record, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """The models that gave a forecast, the own one first."""
        return tuple(dict.fromkeys(r.model for r in self.records if r.draws is not None))

    def draws(self, model: str) -> xr.DataArray:
        """Give a model's draws at the origins where it gave a forecast.

        Returns
        -------
        DataArray of float, (sample, origin, lead, quantity)
            ``origin`` as text.
        """
        found = [r for r in self.records if r.model == model and r.draws is not None]
        if not found:
            raise SpecError(f"there are no forecasts of {model!r}", [f"models: {self.models}"])
        origins = pd.Index([r.origin for r in found], name="origin")
        arrays = [r.draws for r in found if r.draws is not None]
        return xr.concat(arrays, origins).transpose("sample", "origin", "lead", "quantity")

    def log(self) -> pd.DataFrame:
        """Tell how it went: ``origin``, ``model``, ``status``, ``remark`` and ``seconds``."""
        columns = ["origin", "model", "status", "remark", "seconds"]
        return pd.DataFrame(
            [[getattr(record, column) for column in columns] for record in self.records],
            columns=columns,
        )

    def __repr__(self) -> str:
        failed = sum(record.draws is None for record in self.records)
        return (
            f"<Backtest of {self.panel.network.name!r}: {self.outcome.sizes['origin']} origins, "
            f"models {', '.join(self.models)}; {failed} failed>"
        )


def backtest(
    spec: ModelSpec,
    panel: Panel,
    *,
    origins: Iterable[str],
    leads: Sequence[int] = (12, 24),
    window: int | None = None,
    baselines: Iterable[str] = (),
    samples: int = 4000,
    seed: int = 1,
    sampler: Sampler | None = None,
    limits: Limits = PUBLICATION,
    max_minutes: float = 10.0,
    directory: str | Path | None = None,
    progress: bool = True,
) -> Backtest:
    """Forecast again at past origins, and set the outcomes beside.

    Parameters
    ----------
    spec : ModelSpec
        The model; what it leaves to the evidence is resolved at each origin.
    panel : Panel
        All evidence. An origin sees what ends by then and, where ``as_of`` is given, was known.
    origins : iterable of str
        The last periods known, as ``2020-12``.
    leads : sequence of int
        Windows end so many periods after an origin.
    window : int, optional
        Periods a window; by default a year.
    baselines : iterable of str
        Simple forecasts to compare with: of :data:`BASELINES`, or ``unpooled`` for this model
        with each flow apart.
    samples : int
        Draws kept of each model and window.
    seed : int
        Of all draws.
    sampler : Sampler, optional
        By default nutpie; where all flows are exogenous on Numba, which compiles longer, but
        once, and samples faster.
    limits, max_minutes
        As in :func:`mppbayes.fit`.
    directory : str or Path, optional
        Where each origin's result is kept as it comes, so that an interrupted run goes on where
        it stopped; results of other inputs, or of other code, found there are made again.
    progress : bool
        Whether to show progress on standard error.

    Returns
    -------
    Backtest
        An origin at which a model failed is there, with the reason; it is not dropped.

    Raises
    ------
    SpecError
        If origins, leads or baselines cannot be used.
    """
    window = window or panel.network.periods_per_year
    panel = panel.attributed()
    periods = _origins(origins, panel)
    check_leads(leads, window)
    forecasters = {
        name: (made, key)
        for name, made, key in _forecasters(
            spec,
            panel.until(str(periods[-1])),
            tuple(leads),
            window,
            baselines=tuple(baselines),
            samples=samples,
            seed=seed,
            sampler=sampler or _sampler(spec),
            limits=limits,
            max_minutes=max_minutes,
        )
    }
    folder = Path(directory) if directory is not None else None
    records: list[Record] = []
    with following(progress) as follow:
        total = len(periods) * len(forecasters)
        for origin in periods:
            known = known_at(panel, origin)
            for name, (made, key) in forecasters.items():
                follow(len(records), total, f"{name} at {origin}")
                inputs = digest([key, known.digest, str(origin), list(leads), window, samples])
                records.append(_record(folder, name, origin, inputs, known, made))
    outcome, reference = _outcomes(panel, periods, leads, window)
    return Backtest(panel, outcome, reference, window, tuple(records))


def _sampler(spec: ModelSpec) -> Sampler:
    """Choose the backend: for stocks, routes and parts Numba needs many minutes to compile."""
    simple = spec.structure.present == ("exogenous",)
    return Sampler(backend="numba" if simple else "auto")


def known_at(panel: Panel, origin: pd.Period) -> Panel:
    """Give the evidence that ends by the origin and was known then."""
    return panel.until(str(origin)).known_at(origin.end_time.normalize())


def _record(
    folder: Path | None,
    model: str,
    origin: pd.Period,
    inputs: str,
    known: Panel,
    made: Forecaster,
) -> Record:
    """Read the result of an origin if it is there and of these inputs, else make and keep it."""
    path = folder / "origins" / f"{origin}_{model}.nc" if folder else None
    if path is not None and (earlier := read_record(path)) and earlier.inputs == inputs:
        return earlier
    began = time.monotonic()
    try:
        sums, status, remark = made(known, origin)
        draws = by_quantity(sums, known.network)
    except MppbayesError as error:
        draws, status, remark = None, "failed", str(error)
    seconds = round(time.monotonic() - began, 2)
    record = Record(model, str(origin), status, remark, seconds, inputs, draws)
    if path is not None and draws is not None:
        write_record(record, path)
    return record


def _origins(origins: Iterable[str], panel: Panel) -> list[pd.Period]:
    """Read the origins, in order; refuse what is unreadable or has nothing before or after it."""
    time = panel.counts().indexes[names.TIME]
    first, last = (pd.Period(time[at], freq=panel.network.frequency) for at in (0, -1))
    found, faults = [], []
    for text in dict.fromkeys(origins):
        try:
            period = pd.Period(text, freq=panel.network.frequency)
        except ValueError:
            faults.append(f"the origin {text!r} is no period; write 2020-12")
            continue
        if not first < period < last:
            faults.append(f"the origin {text} is not inside the evidence, {first} to {last}")
        found.append(period)
    if not found and not faults:
        faults.append("there are no origins; give at least one, as 2020-12")
    if faults:
        raise SpecError("the origins cannot be used", faults)
    return sorted(found)


def _forecasters(
    spec: ModelSpec,
    longest: Panel,
    leads: tuple[int, ...],
    window: int,
    *,
    baselines: tuple[str, ...],
    samples: int,
    seed: int,
    sampler: Sampler,
    limits: Limits,
    max_minutes: float,
) -> Iterable[tuple[str, Forecaster, object]]:
    """Give every model by name, with what its results depend on."""
    if strange := [name for name in baselines if name not in (*BASELINES, UNPOOLED)]:
        known = ", ".join((*BASELINES, UNPOOLED))
        raise SpecError("there are no such baselines", strange, f"known: {known}")

    def bayesian(chosen: ModelSpec) -> Forecaster:
        compiled: list[Compiled] = []

        def made(known: Panel, origin: pd.Period) -> Made:
            if not compiled:
                compiled.append(compile_model(chosen, longest, sampler=sampler))
            found = fit(
                chosen,
                known,
                seed=seed,
                compiled=compiled[0],
                limits=limits,
                max_minutes=max_minutes,
                progress=False,
            )
            drawn = forecast(found, until=str(origin + max(leads)), seed=seed + 1).flows
            stacked = drawn.stack(sample=(names.CHAIN, names.DRAW), create_index=False)
            thin = np.linspace(0, stacked.sizes["sample"] - 1, samples).round().astype(int)
            kept = stacked.isel(sample=thin)
            sums = window_sums(kept, known.network, origin, leads, window)
            return sums.transpose("sample", "lead", names.FLOW), found.status, _remark(found)

        return made

    def simple(name: str) -> Forecaster:
        def made(known: Panel, origin: pd.Period) -> Made:
            windows = baseline_windows(
                name, known, origin, leads, window, samples=samples, seed=seed
            )
            return windows, names.FINAL, ""

        return made

    settings = [seed, repr(sampler), repr(limits), max_minutes, source_digest(*_MODEL_CODE)]
    specs: Mapping[str, ModelSpec] = {MODEL: spec} | (
        {UNPOOLED: spec.unpooled()} if UNPOOLED in baselines else {}
    )
    for name, chosen in specs.items():
        yield name, bayesian(chosen), [chosen.digest, *settings]
    for name in baselines:
        if name != UNPOOLED:
            yield name, simple(name), [name, seed, source_digest(*_BASELINE_CODE)]


def _remark(found: Fit) -> str:
    """Say of a draft how far its chains came."""
    if found.status == names.FINAL:
        return ""
    table = convergence(found.tree)
    return (
        f"{found.manifest['ending']}: {divergences(found.tree)} divergences, "
        f"largest R-hat {table['rhat'].max():.3f}, smallest ESS {table['ess_bulk'].min():.0f}"
    )


def _outcomes(
    panel: Panel, origins: Sequence[pd.Period], leads: Sequence[int], window: int
) -> tuple[xr.DataArray, xr.DataArray]:
    """Give what came after each origin, and the last window before it."""
    counts, network = panel.counts()["value"], panel.network
    after = [window_sums(counts, network, origin, leads, window) for origin in origins]
    before = [window_sums(counts, network, origin, [0], window).isel(lead=0) for origin in origins]
    labels = pd.Index([str(origin) for origin in origins], name="origin")
    outcome = by_quantity(xr.concat(after, labels), network)
    reference = by_quantity(xr.concat(before, labels).drop_vars("lead"), network)
    return outcome, reference
