"""How long to wait before trying again."""

from __future__ import annotations

from random import Random


class Backoff:
    """Doubling delays with jitter, so that many clients that lost the same server do not return all at once."""

    def __init__(self, random: Random, *, first: float = 0.2, longest: float = 10.0) -> None:
        self._random = random
        self._first = first
        self._longest = longest
        self._attempts = 0

    def next(self) -> float:
        """Seconds to wait now: between half and all of the doubled delay."""
        delay = min(self._longest, self._first * 2.0 ** min(self._attempts, 30))
        self._attempts += 1
        return delay * self._random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """It worked: begin with the first delay again."""
        self._attempts = 0
