"""What a device finds when it tests itself: a figure for each kind of wear, taken at a defined load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """One figure of the self-test.

    mode: the failure mode whose wear it shows. healthy: when new; worn: at failure, in `unit`. limit: beyond it, away
    from healthy, the check is failed.
    """

    name: str
    component: str
    mode: str
    unit: str
    healthy: float
    worn: float
    limit: float

    def measure(self, signature: Mapping[str, float]) -> dict[str, object]:
        """The figure and the verdict, at this strength of each mode's signature (0 new, about 1 at failure)."""
        value = round(self.healthy + (self.worn - self.healthy) * signature[self.mode], 2)
        passed = value < self.limit if self.worn > self.healthy else value > self.limit
        return {
            "check": self.name,
            "component": self.component,
            "value": value,
            "unit": self.unit,
            "limit": self.limit,
            "passed": passed,
        }
