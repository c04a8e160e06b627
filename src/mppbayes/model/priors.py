"""Priors of the flows' parameters, as plain frozen numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import ConfigDict, Field

from mppbayes import names

Real = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]

_CONFIG = ConfigDict(extra="forbid", revalidate_instances="always")


@dataclass(frozen=True)
class Prior:
    """What is believed of a parameter before any count, on its own unbounded scale.

    The value of flow *s* is ``mean + scale · deviation[s]``; the mean is normal, the scale
    half-normal, and every flow's deviation has variance 1.

    Attributes
    ----------
    centre : float
        Mean of the normal prior of the mean.
    doubt : float
        Standard deviation of that prior.
    spread : float
        Standard deviation of the half-normal prior of the scale: how far flows lie apart.
    """

    __pydantic_config__ = _CONFIG

    centre: Real
    doubt: Positive
    spread: Positive


@dataclass(frozen=True)
class CrisisShock:
    """The shock common to the chain: calm, or with a small probability a crisis.

    Both are normal, so that every moment of a forecast exists; the mixture has variance 1.

    Attributes
    ----------
    probability : float
        The chance that a period is one of crisis.
    scale : float
        A crisis's standard deviation, in those of the mixture.
    """

    __pydantic_config__ = _CONFIG

    probability: Annotated[float, Field(gt=0, lt=1)] = 0.03
    scale: Annotated[float, Field(gt=1, allow_inf_nan=False)] = 4.0

    @property
    def weights(self) -> tuple[float, float]:
        """The chances of calm and of crisis."""
        return 1 - self.probability, self.probability

    @property
    def scales(self) -> tuple[float, float]:
        """The standard deviations of calm and of crisis; the first is NaN if none is left."""
        left = 1 - self.probability * self.scale**2
        return float("nan") if left <= 0 else (left / (1 - self.probability)) ** 0.5, self.scale


# A period's count varies by a twentieth beyond chance at least. Without it a flow with one yearly
# figure, which its level can meet exactly, may be all but Poisson: a needle in the density.
MOST_DISPERSION: Final = 400.0

_EXOGENOUS = {
    names.MEAN_LEVEL: Prior(0.0, 0.3, 0.4),
    names.HALF_LIFE: Prior(0.0, 0.7, 0.7),
    names.PERMANENCE: Prior(-0.5, 0.7, 0.5),
    names.ADAPTATION: Prior(-1.2, 0.7, 0.6),
    names.DISPERSION: Prior(2.1, 0.7, 0.7),
    names.SHOCK_LOADING: Prior(-2.6, 0.5, 0.4),
    names.SEASONAL_AMPLITUDE: Prior(-2.3, 0.5, 0.3),
}
# A driven flow's level adapts less, since what drives it explains it: an adaptive level would
# swallow the delay.
_ROUTED = _EXOGENOUS | {names.ADAPTATION: Prior(-2.2, 0.7, 0.4)}
# The common shock reaches shares, and those who leave a stock, through their whole and the stock.
# Few such flows are published by months, so that little is learned of how they differ in this.
_SHARED = _ROUTED | {
    names.SHOCK_LOADING: Prior(-3.5, 0.4, 0.15),
    names.SEASONAL_AMPLITUDE: Prior(-2.3, 0.4, 0.2),
}
_BY_DRIVE = {
    "exogenous": _EXOGENOUS,
    "routed": _ROUTED,
    "stock": _SHARED,
    "part": _SHARED | {names.DISPERSION: Prior(4.0, 1.0, 0.7)},
}


def prior_key(drive: str, parameter: str) -> str:
    """Name the prior of a parameter for the flows of a drive; exogenous flows need no prefix."""
    return parameter if drive == "exogenous" else f"{drive}.{parameter}"


def default_priors(drives: Iterable[str]) -> dict[str, Prior]:
    """Give the default priors for the drives that occur, by :func:`prior_key`."""
    return {
        prior_key(drive, parameter): prior
        for drive in drives
        for parameter, prior in _BY_DRIVE[drive].items()
    }


MEANINGS = {
    names.MEAN_LEVEL: "log of the mean count, beside each flow's own centre",
    names.HALF_LIFE: "half-life of a deviation from the long-run level, as a logit in its range",
    names.PERMANENCE: "share of a fading deviation that moves the long-run level, as a logit",
    names.ADAPTATION: "share of a surprise that stays in the level, as a logit",
    names.DISPERSION: "log of the gamma shape above 1, bent towards 400",
    names.SHOCK_LOADING: "what a common shock of one sd does to the log rate, below 1, as a logit",
    names.SEASONAL_AMPLITUDE: "log of the sd of the log rate over the year",
}
