"""The chance in a simulation: every cell (draw, flow, period) owns its innovations.

They depend on the seed and on the cell alone: on no parameter, on no other flow, and not on how
far or in which order the simulation runs. Scenarios that share a seed are therefore paired.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from mppbayes.model.counts import negative_binomial_counts
from mppbayes.model.priors import CrisisShock
from mppbayes.model.step import surprise

type Floats = NDArray[np.float64]


class Drawn(NamedTuple):
    """Noise of a simulation: counts that were not seen are drawn."""

    shock: Floats
    frailty: Floats
    arrival: Floats

    def resolve(self, counts: Floats, seen: Any, mean: Floats, dispersion: Floats) -> Any:
        """Draw the unseen counts; every count then has its surprise."""
        drawn = negative_binomial_counts(mean, dispersion, self.frailty, self.arrival)
        counts = np.where(seen, counts, drawn)
        return counts, surprise(counts, mean, dispersion, np)


@dataclass(frozen=True)
class Innovations:
    """The innovations of a simulation.

    Attributes
    ----------
    seed : int
        Of the whole simulation.
    n_draws : int
        How many futures are drawn at once.
    """

    seed: int
    n_draws: int

    def shocks(self, period: int, law: CrisisShock) -> Floats:
        """Give the common shock of a period for every draw, in its own standard deviations."""
        stream = self._stream("shock", period)
        size = stream.standard_normal(self.n_draws)
        crisis = stream.random(self.n_draws) < law.probability
        return np.asarray(size * np.where(crisis, law.scales[1], law.scales[0]))

    def cells(self, flows: tuple[str, ...], period: int) -> tuple[Floats, Floats]:
        """Give the frailty's and the arrivals' innovations of a period: (draw, flow) each."""
        both = np.stack(
            [
                self._stream(f"flow {flow}", period).standard_normal((2, self.n_draws))
                for flow in flows
            ],
            axis=-1,
        )
        return both[0], both[1]

    def _stream(self, owner: str, period: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, crc32(owner.encode()), period])
