"""A device's twin: the configuration that it reports, and the one that somebody wants it to have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Settings = Mapping[str, Any]
"""Settings by name; values as JSON has them."""


class TwinSide(StrEnum):
    """Which of the two documents."""

    DESIRED = "desired"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class Twin:
    """What is wanted of a device, and what it says of itself.

    desired_version grows with each change. looked_at_version: the desired version that the device has seen last;
    None: it never said. refused: what it would not take, with its reasons. delivered_version: the desired version
    that the broker holds for it.
    """

    device: str
    desired: Settings = field(default_factory=dict)
    desired_version: int = 0
    desired_at: datetime | None = None
    desired_by: str = ""
    delivered_version: int = 0
    reported: Settings = field(default_factory=dict)
    reported_at: datetime | None = None
    looked_at_version: int | None = None
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TwinChange:
    """One change of one side: by setting what it was and became; None: it was not there. `who` is the device itself
    for what it reports."""

    twin_change_id: int
    at: datetime
    side: TwinSide
    version: int
    who: str
    changes: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class ReportedComponent:
    """What a device says is built in."""

    component: str
    serial: str = ""
    revision: str = ""
