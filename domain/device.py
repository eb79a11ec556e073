"""Devices, what they report, and what happens to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.errors import InvalidInputError

DEVICE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
"""A device's name stands in MQTT topics, so it has no `/`, `+`, `#`, `$` or blanks."""


class EventKind(StrEnum):
    """What a device event tells."""

    ERROR = "error"
    MAINTENANCE = "maintenance"
    FAILURE = "failure"
    CONFIG = "config"
    LOG = "log"


class Connectivity(StrEnum):
    """Whether a device can be reached."""

    UNKNOWN = "unknown"
    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Device:
    """One installed device. `service_centre` names the centre that serves its site; `attributes` are texts and numbers
    that do not change, by name."""

    name: str
    device_model: str
    serial: str = ""
    customer: str = ""
    site: str = ""
    service_centre: str = ""
    installed_at: datetime | None = None
    firmware: str = ""
    attributes: Mapping[str, str | float] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not DEVICE_NAME.fullmatch(self.name):
            raise InvalidInputError(
                f"device name {self.name!r} cannot stand in a topic: use letters, digits and _ . : - (at most 128)"
            )


@dataclass(frozen=True, slots=True)
class Reading:
    """The channel values of one device at one instant (aware, UTC)."""

    device: str
    ts: datetime
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """Something that happened to a device: an error, a repair, a failure, a change of configuration."""

    device: str
    ts: datetime
    kind: EventKind
    code: str = ""
    component: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """What a device (or its last will) says of its connection. `dated` is False when it bore no time of its own: `ts`
    is its arrival then."""

    device: str
    ts: datetime
    state: Connectivity
    dated: bool = True
