"""What arrives at the platform's session: docs/wire.md tells the form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.command import CommandState
from domain.twin import ReportedComponent


class MessageError(Exception):
    """This message cannot be taken. `label` is short, for counting; the text is for people."""

    def __init__(self, label: str, text: str) -> None:
        super().__init__(text)
        self.label = label


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as the broker gave it. mid: by which it is acknowledged."""

    topic: str
    payload: bytes
    mid: int = 0
    retained: bool = False
    correlation: bytes | None = None
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Echo:
    """The broker has this request: it is one of ours."""

    device: str
    command_id: int
    correlation: bytes


@dataclass(frozen=True, slots=True)
class FileClaim:
    """A file that a result says was sent before it."""

    name: str
    size: int
    sha256: bytes
    parts: int


@dataclass(frozen=True, slots=True)
class Response:
    """A step that a device tells of. digest: SHA-256 of the payload, by which a repeated one is known."""

    device: str
    command_id: int
    correlation: bytes
    digest: bytes
    ts: datetime
    state: CommandState
    progress: float | None = None
    result: Mapping[str, Any] | None = None
    error_code: str = ""
    error_message: str = ""
    files: tuple[FileClaim, ...] = ()


@dataclass(frozen=True, slots=True)
class UploadPart:
    """A piece of a large result."""

    device: str
    command_id: int
    correlation: bytes
    sha256: bytes
    part: int
    parts: int
    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """What a device reports of itself. firmware None and no components: it did not say."""

    device: str
    ts: datetime
    reported: Mapping[str, Any]
    version: int | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    firmware: str | None = None
    components: tuple[ReportedComponent, ...] = ()


@dataclass(frozen=True, slots=True)
class Marker:
    """Our own: everything that we published before it has come back by now."""

    nonce: bytes


Message = Echo | Response | UploadPart | Report | Marker


def wire_id(command_id: int, correlation: bytes) -> str:
    """How a command is called on the wire: a device remembers ids, and those of another database are not ours."""
    return f"{command_id}-{hashlib.sha256(correlation).hexdigest()[:8]}"
