"""The chance in a simulation: every cell (draw, flow, period) owns its innovations.

They depend on the seed and on the cell alone: on no parameter, on no other flow, and not on how
far or in which order the simulation runs. Scenarios that share a seed are therefore paired.
"""

from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from mppbayes.model.priors import CrisisShock

type Floats = NDArray[np.float64]


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

    def unrecorded(self, stocks: tuple[str, ...], period: int) -> Floats:
        """Give the innovations of what goes unrecorded in a period: (draw, stock)."""
        found = [self._stream(f"stock {name}", period) for name in stocks]
        return np.stack([stream.standard_normal(self.n_draws) for stream in found], axis=-1)

    def unseen(self, owners: tuple[str, ...], period: int) -> Floats:
        """Give the innovations of what no figure tells of the past: (draw, owner)."""
        found = [self._stream(f"unseen {name}", period) for name in owners]
        return np.stack([stream.standard_normal(self.n_draws) for stream in found], axis=-1)

    def places(self, flows: tuple[str, ...]) -> Floats:
        """Give where each draw stands among the quantiles of a given future: (draw, flow)."""
        found = [self._stream(f"given {flow}", 0).random(self.n_draws) for flow in flows]
        return np.stack(found, axis=-1)

    def measure(self, name: str) -> tuple[Floats, Floats]:
        """Give where each draw stands among a measure's effects, and its chance: (draw,) each."""
        place, chance = self._stream(f"measure {name}", 0).random((2, self.n_draws))
        return place, chance

    def splits(self, owner: str, period: int) -> np.random.Generator:
        """Give the stream that splits a figure over the periods of its window."""
        return self._stream(f"split {owner}", period)

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
