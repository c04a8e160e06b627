"""Measures that were introduced in the past, whose effects the evidence tells of."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from mppbayes.model.priors import Positive

type Floats = NDArray[np.float64]

Name = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class PastMeasure:
    """A measure that works since a known period, with an unknown effect on the rates of flows.

    One that begins after the evidence ends does nothing: measures to come are those of a scenario.

    The level of a flow absorbs a step within months, and then cannot be told from it: the prior
    should say what is known, and :func:`mppbayes.past_effects` says how much the evidence adds.

    Attributes
    ----------
    name : str
        What it is called.
    acts_on : tuple of str
        Flows; all of their rates are multiplied by the same factor (of a part the odds).
    start : str
        The first period in which it works, as ``2024-03``.
    effect : float
        The prior median of the share by which rates change: -0.2 for a fifth less.
    doubt : float
        The prior standard deviation of the log of the factor, ``log(1 + effect)``.
    phase_in : int
        Periods until it works in full; the log of the factor grows in equal steps. 0 for at once.
    lasts : int, optional
        Periods after which it works no longer; by default it stays.
    note : str
        Who says so, and why.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", revalidate_instances="always")

    name: Name
    acts_on: Annotated[tuple[Name, ...], Field(min_length=1)]
    start: Name
    effect: Annotated[float, Field(gt=-1, allow_inf_nan=False)]
    doubt: Positive
    phase_in: Annotated[int, Field(ge=0)] = 0
    lasts: Annotated[int, Field(ge=1)] | None = None
    note: str = ""

    @property
    def log_factor(self) -> float:
        """The prior mean of the log of the factor."""
        return float(np.log1p(self.effect))

    def working(self, periods: pd.PeriodIndex) -> Floats:
        """Say how much of it works in each period, between 0 and 1: (time,)."""
        return working(self.start, self.phase_in, self.lasts, periods)


def working(start: str, phase_in: int, lasts: int | None, periods: pd.PeriodIndex) -> Floats:
    """Say how much of a measure works in each period, between 0 and 1: (time,)."""
    first = pd.Period(start, periods.freqstr)
    age = np.array([(period - first).n for period in periods])
    share = np.clip((age + 1) / max(phase_in, 1), 0.0, 1.0)
    over = age >= lasts if lasts is not None else np.zeros(len(periods), dtype=bool)
    return np.where((age < 0) | over, 0.0, share)


def acting(
    measures: tuple[PastMeasure, ...], flows: tuple[str, ...], periods: pd.PeriodIndex
) -> Floats:
    """Say how much of each measure works on each flow in each period, (time, flow, measure)."""
    when = np.array([measure.working(periods) for measure in measures])
    return np.asarray(np.einsum("mt,mf->tfm", when, acted(measures, flows)))


def acted(measures: tuple[PastMeasure, ...], flows: tuple[str, ...]) -> Floats:
    """Say on which flows each measure acts, (measure, flow)."""
    return np.array([np.isin(flows, measure.acts_on) for measure in measures], dtype=float)


@dataclass(frozen=True, eq=False)
class Introduced:
    """Measures that had begun when the evidence ended, with draws of their effects.

    Attributes
    ----------
    measures : tuple of PastMeasure
        The measures.
    acted : (measure, flow)
        1 where one acts on a flow.
    log_factor : (draw, measure)
        The log of what each multiplies rates by.
    """

    measures: tuple[PastMeasure, ...]
    acted: Floats
    log_factor: Floats

    def at(self, period: pd.Period) -> Floats:
        """Give what the measures add to the log rates in a period, (draw, flow)."""
        span = pd.period_range(period, period)
        share = np.array([measure.working(span)[0] for measure in self.measures])
        return np.asarray((self.log_factor * share) @ self.acted)

    def repeat(self, times: int) -> "Introduced":
        """Repeat every draw."""
        return replace(self, log_factor=np.repeat(self.log_factor, times, axis=0))
