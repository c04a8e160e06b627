"""As many futures as the figures need: twice as many, until their Monte Carlo error is small."""

from typing import NamedTuple

from mppbayes import names
from mppbayes.diagnostics import MONTE_CARLO, Verdicts, diagnose
from mppbayes.inference import Fit
from mppbayes.prediction import (
    Bands,
    BandScheme,
    Forecast,
    Scenario,
    aggregates,
    bands,
    forecast,
)

_MOST = 32_000  # draws in all; a far tail may need more than the sampler's draws allow


class Drawn(NamedTuple):
    """A forecast with its bands and the checks on them."""

    forecast: Forecast
    bands: Bands
    verdicts: Verdicts


def draw_precisely(
    fit: Fit, scheme: BandScheme, *, until: str, seed: int, scenario: Scenario | None = None
) -> Drawn:
    """Draw a forecast; draw it again with twice as many futures while only its precision fails.

    Parameters
    ----------
    fit : Fit
        The posterior.
    scheme : BandScheme
        The bands.
    until : str
        The last period.
    seed : int
        Of the innovations.
    scenario : Scenario, optional
        Policy measures.

    Returns
    -------
    Drawn
        With 32,000 draws at most.
    """
    futures = None
    while True:
        drawn = forecast(fit, until=until, seed=seed, futures=futures, scenario=scenario)
        summary = bands(drawn, scheme, by=aggregates(drawn.network), per="year")
        verdicts = diagnose(fit, summary)
        failed = [verdict.check for verdict in verdicts if not verdict.passed]
        n_draws = drawn.flows.sizes[names.CHAIN] * drawn.flows.sizes[names.DRAW]
        if failed != [MONTE_CARLO] or 2 * n_draws > _MOST:
            return Drawn(drawn, summary, verdicts)
        futures = 2 * drawn.manifest["futures"]
