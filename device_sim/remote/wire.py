"""Twin and commands as they are on the wire: topics, requests, responses and uploads. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from device_sim.errors import SimulatorError

PART_SIZE = 256 * 1024
MOST_PARTS = 64


class InvalidRequestError(SimulatorError):
    """A request that cannot be read, or a desired document that is none."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that a device heard. lifetime: seconds that it was still good for on arrival; None: for ever."""

    topic: str
    payload: bytes
    response_topic: str | None = None
    correlation: bytes | None = None
    lifetime: float | None = None


@dataclass(frozen=True, slots=True)
class Utterance:
    """A message of one device beside its scheduled readings and events. user: MQTT 5 user properties."""

    device: str
    topic: str
    payload: bytes
    correlation: bytes | None = None
    user: tuple[tuple[str, str], ...] = ()
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A command to carry out. answer_to: where to answer; correlation: what every answer bears."""

    id: str
    command: str
    arguments: Mapping[str, Any]
    answer_to: str
    correlation: bytes | None


@dataclass(frozen=True, slots=True)
class File:
    """A large result, before it is cut into parts."""

    name: str
    content_type: str
    content: bytes

    def description(self) -> dict[str, object]:
        """What the last response says of it."""
        return {
            "name": self.name,
            "size": len(self.content),
            "sha256": hashlib.sha256(self.content).hexdigest(),
            "parts": max(1, -(-len(self.content) // PART_SIZE)),
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command came to."""

    result: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[File, ...] = ()


def wanted_topics(device: str) -> list[str]:
    """What a device subscribes to, with QoS 1."""
    return [f"devices/{device}/twin/desired", f"devices/{device}/commands/+/request"]


def request_id(topic: str) -> str:
    """The id of `devices/{device}/commands/{id}/request`."""
    return topic.split("/")[3]


def read_request(device: str, heard: Incoming) -> Request:
    """Raises InvalidRequestError saying what is wrong."""
    number = request_id(heard.topic)
    body = _read_object(heard.payload)
    if str(body.get("id")) != number:
        raise InvalidRequestError(f"the topic says request {number}, and the payload says {body.get('id')!r}")
    command, arguments = body.get("command"), body.get("arguments", {})
    if not isinstance(command, str) or not isinstance(arguments, dict):
        raise InvalidRequestError("a request has a command as text, and its arguments as an object")
    own = f"devices/{device}/commands/{number}/response"
    # Whoever may write requests must not be able to make a device write anywhere else.
    if heard.response_topic not in (None, own):
        raise InvalidRequestError(f"the response topic {heard.response_topic} is not {own}")
    return Request(number, command, arguments, own, heard.correlation)


def read_desired(payload: bytes) -> tuple[int, dict[str, Any]]:
    """Version and settings of a desired twin. Raises InvalidRequestError saying what is wrong."""
    body = _read_object(payload)
    version, desired = body.get("version"), body.get("desired")
    if not isinstance(version, int) or isinstance(version, bool) or not isinstance(desired, dict):
        raise InvalidRequestError("a desired twin has a version as an integer, and desired as an object")
    return version, desired


def response(ts: float, state: str, **more: object) -> bytes:
    """The payload of one response. ts: seconds since 1970."""
    return json.dumps({"ts": int(ts * 1000), "state": state, **more}).encode()


def parts(device: str, request: Request, file: File) -> Iterator[Utterance]:
    """The file as messages, in order; each carries the checksum of the whole."""
    said = file.description()
    for part in range(int(str(said["parts"]))):
        piece = file.content[part * PART_SIZE : (part + 1) * PART_SIZE]
        user = (
            ("part", str(part + 1)),
            ("parts", str(said["parts"])),
            ("sha256", str(said["sha256"])),
            ("content-type", file.content_type),
            ("name", file.name),
        )
        yield Utterance(device, request.answer_to, piece, request.correlation, user)


def _read_object(payload: bytes) -> dict[str, Any]:
    try:
        body = json.loads(payload)
    except ValueError as error:
        raise InvalidRequestError(f"not JSON: {error}") from error
    if not isinstance(body, dict):
        raise InvalidRequestError("not a JSON object")
    return body
