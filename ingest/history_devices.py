"""Which devices rows of history may name, and why another name cannot be imported. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.device import DEVICE_NAME
from domain.payload_text import shown


@dataclass(frozen=True, slots=True)
class KnownDevices:
    """Devices of the device model that is imported, by name. others: device models of those of other ones."""

    ids: Mapping[str, int]
    others: Mapping[str, str] = field(default_factory=dict)

    def why_not(self, name: str) -> str:
        """What is wrong with the name of a device that is none of `ids`."""
        if not name:
            return "no device is named"
        if name in self.others:
            return f"{name} is a device of model {self.others[name]}"
        if not DEVICE_NAME.fullmatch(name):
            return f"{shown(name)} cannot be the name of a device: use at most 128 letters, digits, . _ : and -"
        return f"{name} is not registered: list it in the file of --devices, or import without one"
