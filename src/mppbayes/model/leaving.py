"""How the counts of those who leave a stock vary: frailties multiply hazards that compete."""

from typing import Any

Array = Any
Namespace = Any

_MOST = 0.99  # of a stock that is expected to leave within a period
_LEAST = 1e-4  # relative variance beyond a Poisson's


def leaving_law(
    mean: Array, inside: Array, dispersion: Array, leaving: Array, xp: Namespace
) -> tuple[Array, Array]:
    """Correct mean and relative variance of those who leave for the hazards' competition.

    With frailties g of mean 1 and variance ``1/φ``, flow s takes ``p = (g h / H)(1 − exp(−H))`` of
    a stock, ``H = Σ g h``. The more leave, the less a frailty can add. To second order in the
    frailties, with shares ``w = h / H``, ``r = H / (exp(H) − 1)``, ``a = r − 1`` and
    ``q = a² + r (1 − r − H) − a``,

        E[p] / p    = 1 + a w / φ + q/2 · Σ w_j² / φ_j
        Var[p] / p² = (1 + 2 a w) / φ + a² Σ w_j² / φ_j

    where p is at frailties of 1. For small H these are 1 and ``1/φ``.

    Parameters
    ----------
    mean : (time, flow)
        Expected counts at frailties of 1.
    inside : (time, stock)
        Who is in each stock at the end of the period before.
    dispersion : (…, flow)
        φ, of a flow or of each of its periods.
    leaving : (flow, stock)
        1 where a flow leaves a stock.
    xp : namespace
        ``numpy`` or ``pytensor.tensor``.

    Returns
    -------
    factor : (time, flow)
        By which the means are multiplied; 1 for flows that leave no stock.
    relative : (time, flow)
        The relative variance beyond a Poisson's, that of drawing without replacement taken off;
        ``1/φ`` for flows that leave no stock.
    """
    share, hazard, ratio = _shares(mean, inside, leaving, xp)
    bend = ratio - 1
    second = bend**2 + ratio * (1 - ratio - hazard) - bend
    together = (share**2 / dispersion) @ leaving
    factor = 1 + share * (bend @ leaving.T) / dispersion + (second * together) @ leaving.T / 2
    relative = (1 + 2 * share * (bend @ leaving.T)) / dispersion + (bend**2 * together) @ leaving.T
    return factor, xp.maximum(relative - (1 / inside) @ leaving.T, _LEAST)


def competition(
    mean: Array, inside: Array, dispersion: Array, leaving: Array, xp: Namespace
) -> tuple[Array, Array]:
    """Give the relative covariance of those who leave the same stock by two flows.

    As in :func:`leaving_law`, to second order in the frailties,

        Cov[p_i, p_j] / (p_i p_j) = a (w_i / φ_i + w_j / φ_j) + a² Σ w_k² / φ_k − 1/X

    where the last term is that of drawing without replacement from X.

    Parameters
    ----------
    mean, inside, dispersion, leaving, xp
        As in :func:`leaving_law`.

    Returns
    -------
    alone : (time, flow)
        ``a w / φ``.
    both : (time, stock)
        ``a² Σ w² / φ − 1/X``.
    """
    share, _, ratio = _shares(mean, inside, leaving, xp)
    bend = ratio - 1
    alone = share * (bend @ leaving.T) / dispersion
    return alone, bend**2 * ((share**2 / dispersion) @ leaving) - 1 / inside


def _shares(
    mean: Array, inside: Array, leaving: Array, xp: Namespace
) -> tuple[Array, Array, Array]:
    """Give each flow's share in those who leave, and of each stock H and ``H / (exp(H) − 1)``."""
    away = mean @ leaving
    hazard = -xp.log1p(-xp.clip(away / inside, 1e-9, _MOST))
    leaves = leaving.any(axis=1)
    share = xp.where(leaves, mean / xp.maximum(away @ leaving.T, 1e-9), 0.0)
    return share, hazard, hazard / xp.expm1(hazard)
