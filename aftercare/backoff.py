"""How long to wait before a crashed process is started again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class BackOff:
    """Exponential back-off with jitter: `first`, twice that, ... up to `cap`; forgotten after `stable` of running."""

    first: timedelta = timedelta(seconds=0.5)
    cap: timedelta = timedelta(seconds=30)
    stable: timedelta = timedelta(seconds=30)

    def crashes_in_a_row(self, before: int, ran_for: timedelta) -> int:
        """How many crashes count after one more, of a process that had run for `ran_for`."""
        return 1 if ran_for >= self.stable else before + 1

    def delay(self, crashes: int, chance: float) -> timedelta:
        """Wait before the next start after `crashes` in a row; `chance` in [0, 1) takes away up to half of it."""
        doubled: timedelta = self.first * 2 ** min(crashes - 1, 32)
        return min(doubled, self.cap) * (1 - chance / 2)
