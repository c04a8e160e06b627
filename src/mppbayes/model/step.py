"""One period of every flow: the same function for the likelihood, forecasts and known truth.

A flow's count has mean ``exposure · exp(η)`` with ``η = level + loading · shock + season +
measures``. Afterwards the level moves with the surprise, which is what the count tells beyond its
expectation, and part of its deviation from the long-run level fades: a share of that part has
come to stay and moves the long-run level, the rest is forgotten. Arrays may be NumPy's or
PyTensor's: ``xp`` is the namespace. Their last axis is the flow; axes before it are draws.
"""

from typing import Any, NamedTuple, Protocol

Array = Any
Namespace = Any


class Parameters(NamedTuple):
    """What governs the flows in one period; each array ends in the axis of the flows.

    Attributes
    ----------
    persistence : array
        The share of a deviation from the long-run level that is left after one period.
    permanence : array
        The share of what fades that has come to stay: 0 makes the long-run level a constant, 1
        makes every change of the level last.
    adaptation : array
        The share of a surprise that stays in the level.
    dispersion : array
        The shape of the gamma frailty; the count's variance is ``mean + mean² / dispersion``.
    shock_loading : array
        What a shock of one unit adds to the log rate.
    season : array
        What the time of year adds to the log rate.
    ceiling : array
        The mean at which a flow saturates, counts per period.
    """

    persistence: Array
    permanence: Array
    adaptation: Array
    dispersion: Array
    shock_loading: Array
    season: Array
    ceiling: Array


class State(NamedTuple):
    """Where the flows stand at the end of a period, log rates.

    Attributes
    ----------
    level : array
        The level from which the next period starts.
    long_run : array
        The level to which it tends.
    """

    level: Array
    long_run: Array


class Noise(Protocol):
    """What chance does in one period."""

    @property
    def shock(self) -> Array:
        """The shock common to the chain, in its own standard deviations."""

    def resolve(self, counts: Array, seen: Array, mean: Array, dispersion: Array) -> Any:
        """Give every flow's count and surprise, also where none was seen."""


class Known(NamedTuple):
    """Noise of the past: the surprise of an unseen count is itself an unknown, in standard units.

    It is 0 before a flow's first observation and after its last, where the level is not used.
    """

    shock: Array
    gap: Array
    xp: Namespace

    def resolve(
        self, counts: Array, seen: Array, mean: Array, dispersion: Array
    ) -> tuple[Array, Array]:
        """Take an unseen count's surprise from the gap's own unknown, and the count from that."""
        xp = self.xp
        spread = xp.sqrt(1 / (mean + 1) + 1 / dispersion)
        news = xp.where(seen, surprise(counts, mean, dispersion, xp), self.gap * spread)
        implied = (mean + 1) * xp.exp(news - bias(mean, dispersion)) - 1
        return xp.where(seen, counts, xp.maximum(xp.round(implied), 0.0)), news


def step(
    state: State,
    exposure: Array,
    counts: Array,
    seen: Array,
    measures: Array,
    noise: Noise,
    parameters: Parameters,
    xp: Namespace,
) -> tuple[State, Array, Array]:
    """Let one period pass.

    Parameters
    ----------
    state : State
        Of every flow at the end of the period before.
    exposure : array
        What the rate is counted over: 1 for an exogenous flow.
    counts : array
        The counts of the period; any number where unseen.
    seen : array of bool
        Whether a count was seen.
    measures : array
        What policy measures add to the log rate.
    noise : Noise
        The shock, and what becomes of unseen counts.
    parameters : Parameters
        The flows' parameters in this period.
    xp : namespace
        ``numpy`` or ``pytensor.tensor``.

    Returns
    -------
    state : State
        At the end of the period.
    mean : array
        The expected count given the past.
    counts : array
        With the unseen ones filled in.
    """
    reached = state.level + parameters.shock_loading * noise.shock
    rate = xp.exp(reached + parameters.season + measures)
    mean = saturate(exposure * rate, parameters.ceiling, xp)
    counts, news = noise.resolve(counts, seen, mean, parameters.dispersion)
    deviation = reached - state.long_run
    fading = (1 - parameters.persistence) * deviation
    long_run = state.long_run + parameters.permanence * fading
    level = long_run + parameters.persistence * deviation + parameters.adaptation * news
    return State(level, long_run), mean, counts


def saturate(mean: Array, ceiling: Array, xp: Namespace) -> Array:
    """Bend a mean smoothly towards its ceiling; at 1/5 of the ceiling it loses 0.04 %.

    On the log scale this is ``η − softplus(4 (η − log ceiling)) / 4``, here without a logarithm.
    """
    square = (mean / ceiling) ** 2
    return mean / xp.sqrt(xp.sqrt(1 + square * square))


def surprise(counts: Array, mean: Array, dispersion: Array, xp: Namespace) -> Array:
    """Measure what counts tell beyond their expectation, centred, log rate.

    Its mean is within 0.04 of zero for a dispersion of 2 or more, and within 0.08 for 1 or more.
    """
    return xp.log((counts + 1) / (mean + 1)) + bias(mean, dispersion)


def bias(mean: Array, dispersion: Array) -> Array:
    """Give the second-order bias of ``log(count + 1)`` as a measure of ``log(mean + 1)``."""
    return (mean + mean**2 / dispersion) / (2 * (mean + 1) ** 2)
