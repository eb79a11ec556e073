"""Remote commands: what a device model understands, and what became of one that was sent to a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.account import Role


class ArgumentKind(StrEnum):
    """What an argument of a command is."""

    NUMBER = "number"
    INTEGER = "integer"
    TEXT = "text"
    BOOLEAN = "boolean"
    SETTINGS = "settings"
    """An object of settings by name."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument; `low` and `high` bound a number in `unit`, `choices` a text. `default` None: it has to be given."""

    name: str
    title: str
    unit: str = "1"
    kind: ArgumentKind = ArgumentKind.NUMBER
    low: float | None = None
    high: float | None = None
    choices: Sequence[str] = ()
    default: float | str | bool | None = None


@dataclass(frozen=True, slots=True)
class CommandType:
    """A command that devices of a model understand.

    role: who may send it. confirm: what whoever sends it has to confirm first; empty: nothing. timeout: how long the
    device may take from one sign of life to the next. valid_for: how long it may wait for the device unless told
    otherwise. self_service: a customer's users may send it to their own devices.
    """

    name: str
    title: str
    role: Role = Role.OPERATOR
    confirm: str = ""
    timeout: timedelta = timedelta(seconds=30)
    valid_for: timedelta = timedelta(minutes=5)
    arguments: Sequence[Argument] = ()
    self_service: bool = False


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most so many commands `within` so long, for one device."""

    commands: int
    within: timedelta


USUAL_LIMIT = RateLimit(10, timedelta(minutes=1))


class CommandState(StrEnum):
    """How far a command has come; `diagnostics/command_state.py` says what follows what.

    SENDING: it may have reached the broker. SENT: it has.
    """

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (self.SUCCEEDED, self.FAILED, self.TIMED_OUT, self.CANCELLED)


@dataclass(frozen=True, slots=True)
class Command:
    """A command to one device, without the secret that its responses bear.

    requested_at and what follows are of the platform's clock; expires_at of the machine's, at whatever speed the
    platform's clock runs. progress: 0 to 1. fleet_id: the request for many devices that it is part of.
    """

    command_id: int
    device: str
    command: str
    arguments: Mapping[str, Any]
    state: CommandState
    requested_at: datetime
    requested_by: str
    expires_at: datetime
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    finished_at: datetime | None = None
    progress: float | None = None
    result: Mapping[str, Any] | None = None
    error_code: str = ""
    error_message: str = ""
    ticket_id: int | None = None
    fleet_id: int | None = None


@dataclass(frozen=True, slots=True)
class CommandFile:
    """A large result that came in parts; its content is kept beside."""

    command_file_id: int
    command_id: int
    name: str
    content_type: str
    size: int
    sha256: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class FleetCommand:
    """One request for many devices; `states` counts its commands, `refused` says why which devices were left out."""

    fleet_id: int
    command: str
    arguments: Mapping[str, Any]
    requested_at: datetime
    requested_by: str
    refused: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[CommandState, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.states.values())

    @property
    def finished(self) -> int:
        return sum(count for state, count in self.states.items() if state.is_final)
