"""Random number streams that depend only on what they are for, so that fleets of any size and length agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import numpy as np


@dataclass(frozen=True, slots=True)
class Streams:
    """The streams of one device (or of one region's weather): one independent generator per purpose.

    Two devices never share a stream, and a longer simulation draws the same numbers first: the first days of a
    fleet are bit for bit the same whatever its size and length.
    """

    seed: int
    owner: str
    number: int = 0

    def generator(self, purpose: str) -> np.random.Generator:
        """A fresh generator at the start of the stream for `purpose`."""
        key = (crc32(self.owner.encode()), self.number, crc32(purpose.encode()))
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    def normal(self, purpose: str, size: int, sd: float = 1.0) -> np.ndarray:
        """White Gaussian noise."""
        return self.generator(purpose).normal(0.0, sd, size)

    def sensors(self, size: int) -> Callable[[str, float], np.ndarray]:
        """A function of sensor and standard deviation: white noise, and an offset of this unit's own, half as wide."""

        def noise(sensor: str, sd: float) -> np.ndarray:
            return self.normal(f"{sensor} noise", size, sd) + self.generator(f"{sensor} offset").normal(0.0, sd / 2)

        return noise

    def factor(self, purpose: str, sd: float) -> float:
        """One log-normal factor with median 1: how this unit differs from the next."""
        return float(self.generator(purpose).lognormal(0.0, sd))

    def red_noise(self, purpose: str, size: int, sd: float, correlation: float) -> np.ndarray:
        """Gaussian AR(1) noise, `correlation` from one hour to the next, standard deviation `sd`."""
        shocks = self.normal(purpose, size, sd * (1 - correlation**2) ** 0.5)
        state, noise = self.generator(f"{purpose} start").normal(0.0, sd), np.empty(size)
        for hour in range(size):
            state = correlation * state + shocks[hour]
            noise[hour] = state
        return noise
