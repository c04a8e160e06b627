"""One period of every flow: the same functions for the likelihood, forecasts and known truth.

A flow's count has mean ``exposure · exp(η)`` with ``η = level + loading · shock + season +
measures``; a part's has ``exposure · logit⁻¹(η)``, and flows that leave a stock compete.
Afterwards the level moves with the surprise, which is what the count tells beyond its
expectation, and part of its deviation from the long-run level fades: a share of that part has
come to stay and moves the long-run level, the rest is forgotten. Arrays may be NumPy's or
PyTensor's: ``xp`` is the namespace. Their last axis is the flow; axes before it are draws.
"""

from typing import Any, NamedTuple

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
    adaptation_of_whole, dispersion_of_whole : array, optional
        Of each part those of its whole, where they are laid out beforehand.
    """

    persistence: Array
    permanence: Array
    adaptation: Array
    dispersion: Array
    shock_loading: Array
    season: Array
    ceiling: Array
    adaptation_of_whole: Array = None
    dispersion_of_whole: Array = None


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


class Links(NamedTuple):
    """How flows hang on stocks and on each other: constants of a network; None where absent.

    Attributes
    ----------
    parts : (flow,) bool, optional
        The flows that are a share of what they are part of.
    leaving : (flow, stock), optional
        1 where a flow leaves a stock; those that leave the same one compete for who is in it.
    """

    parts: Array = None
    leaving: Array = None


def expectations(
    state: State,
    exposure: Array,
    shock: Array,
    measures: Array,
    parameters: Parameters,
    links: Links,
    xp: Namespace,
) -> tuple[Array, Array]:
    """Say what one period brings, given the past.

    Parameters
    ----------
    state : State
        Of every flow at the end of the period before.
    exposure : array
        What the rate is counted over: 1 for an exogenous flow; the delayed sources of a routed
        one; those in the stock that drives a flow; of a part, what it is a share of.
    shock : array
        The shock common to the chain, in its own standard deviations.
    measures : array
        What is added to the log rate, such as policy measures.
    parameters : Parameters
        The flows' parameters in this period.
    links : Links
        How flows hang together.
    xp : namespace
        ``numpy`` or ``pytensor.tensor``.

    Returns
    -------
    reached : array
        The level with the shock in it.
    mean : array
        The expected count. Those who leave a stock of X do so with hazards h that sum to H: each
        takes ``X · h/H · (1 − exp(−H))``.
    """
    reached = state.level + parameters.shock_loading * shock
    rate = xp.exp(reached + parameters.season + measures)
    mean = saturate(exposure * rate, parameters.ceiling, xp)
    if links.leaving is not None:
        mean = xp.where(
            links.leaving.any(axis=1), exposure * chances(rate, links.leaving, xp), mean
        )
    if links.parts is not None:
        mean = xp.where(links.parts, exposure * rate / (1 + rate), mean)
    return reached, mean


def chances(hazard: Array, leaving: Array, xp: Namespace) -> Array:
    """Give the chance to leave by each flow within a period: ``h/H · (1 − exp(−H))``."""
    total = xp.maximum(hazard @ leaving, 1e-12)
    return hazard * ((-xp.expm1(-total) / total) @ leaving.T)


def advance(state: State, reached: Array, told: Array, parameters: Parameters) -> State:
    """Move the levels on by what a period's counts tell.

    Parameters
    ----------
    state : State
        At the end of the period before.
    reached : array
        The level with the shock in it.
    told : array
        The share of the counts' surprise that stays in the level, log rate; 0 where nothing was
        seen.
    parameters : Parameters
        The flows' parameters.

    Returns
    -------
    State
        At the end of the period.
    """
    deviation = reached - state.long_run
    fading = (1 - parameters.persistence) * deviation
    long_run = state.long_run + parameters.permanence * fading
    level = long_run + parameters.persistence * deviation + told
    return State(level, long_run)


def lasting(parameters: Parameters) -> Array:
    """Give the share of a deviation of the level that is in it still one period later."""
    return parameters.persistence + parameters.permanence * (1 - parameters.persistence)


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


def share_surprise(
    counts: Array, mean: Array, room: Array, dispersion: Array, xp: Namespace
) -> Array:
    """Measure what a part's counts tell of its share, centred, on the logit scale.

    The counts are beta-binomial: ``room`` trials, a beta frailty of precision ``dispersion``.
    """
    rest, expected = xp.maximum(room - counts, 0.0), xp.maximum(room - mean, 0.0)
    low, _ = share_law(mean, room, dispersion, xp)
    return xp.log((counts + 1) / (mean + 1)) - xp.log((rest + 1) / (expected + 1)) + low


def share_law(mean: Array, room: Array, dispersion: Array, xp: Namespace) -> tuple[Array, Array]:
    """Give the second-order bias and the variance of a part's count on the logit scale.

    Of ``log((count + 1) / (rest + 1))`` as a measure of that of the means: by how much it is too
    low, and how it varies.
    """
    rest = xp.maximum(room - mean, 0.0)
    variance = mean * rest / xp.maximum(room, 1.0)
    variance = variance * (1 + xp.maximum(room - 1, 0.0) / (dispersion + 1))
    one, other = 1 / (mean + 1), 1 / (rest + 1)
    return variance / 2 * (one**2 - other**2), variance * (one + other) ** 2
