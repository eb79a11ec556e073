"""The settings of a simulated device: what they may be, and what a desired twin makes of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Setting:
    """A number within bounds, and what it is from the factory."""

    low: float
    high: float
    factory: float

    def problem(self, value: object) -> str | None:
        """Why the device does not take this value; None: it does."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"{value!r} is no number"
        if not self.low <= value <= self.high:
            return f"{value} is outside {self.low:g} to {self.high:g}"
        return None


EVERY_DEVICE = {"sampling_seconds": Setting(1, HOUR, HOUR)}
"""sampling_seconds: how far apart readings are."""

SETTINGS: Mapping[str, Mapping[str, Setting]] = {
    "heat_pump": {
        **EVERY_DEVICE,
        "heating_curve_shift": Setting(-5, 5, 0),
        "hot_water_temperature": Setting(40, 60, 48),
    },
    "compressor": {**EVERY_DEVICE, "pressure_set_point": Setting(5, 10, 7.5), "drain_minutes": Setting(5, 240, 30)},
}


def settings_of(device_model: str | None) -> Mapping[str, Setting]:
    """The settings of a device model; a device from a recording has those of every device."""
    return SETTINGS.get(device_model or "", EVERY_DEVICE)


def apply(
    settings: Mapping[str, Setting], current: Mapping[str, Any], desired: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The configuration after `desired`, and why what was refused of it was refused, by name."""
    refused = {}
    taken = dict(current)
    for name, value in desired.items():
        problem = settings[name].problem(value) if name in settings else "this device has no such setting"
        if problem:
            refused[name] = problem
        else:
            taken[name] = value
    return taken, refused
