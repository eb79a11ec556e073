"""Our own JSON: telemetry, events and status on `devices/{device}/...` (docs/wire.md)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from domain.device import DEVICE_NAME, Connectivity, DeviceEvent, DeviceStatus, EventKind
from domain.device_time import to_datetime
from domain.payload_text import shown
from ingest.codecs.decoded import Decoded, PayloadError, Sample
from ingest.codecs.timestamps import read_timestamp

MAX_NAME = 128
MAX_DEPTH = 32
EVENT_KINDS = {kind.value: kind for kind in EventKind}
STATES = {"online": Connectivity.ONLINE, "offline": Connectivity.OFFLINE}


def decode_telemetry(topic: str, payload: bytes, received_at: datetime) -> Decoded:
    """`{"ts", "values": {channel: number}}` or an array of them."""
    return Decoded(read_device(topic), samples=[_sample(entry) for entry in read_entries(payload)])


def decode_events(topic: str, payload: bytes, received_at: datetime) -> Decoded:
    """`{"ts", "kind", "code", "component", "detail"}` or an array of them; ts and kind are required."""
    device = read_device(topic)
    return Decoded(device, events=[read_event(device, entry) for entry in read_entries(payload)])


def decode_status(topic: str, payload: bytes, received_at: datetime) -> Decoded:
    """`{"state": "online" / "offline", "ts"}`; without ts, as a last will must be, it counts from its arrival."""
    device = read_device(topic)
    (entry, *others) = read_entries(payload)
    if others:
        raise PayloadError("shape", "a status is one object, not an array of several")
    state = entry.get("state")
    if not isinstance(state, str) or state not in STATES:
        raise PayloadError("status", f"state {shown(state)} is neither online nor offline")
    ts = to_datetime(read_timestamp(entry["ts"])) if "ts" in entry else received_at
    return Decoded(device, statuses=[DeviceStatus(device, ts, STATES[state], dated="ts" in entry)])


def read_device(topic: str) -> str:
    """The device that `devices/{device}/...` names. Raises PayloadError."""
    device = topic.split("/", 2)[1]
    if not DEVICE_NAME.fullmatch(device):
        raise PayloadError("topic", f"device name {shown(device)} may only have letters, digits and _ . : -")
    return device


def read_entries(payload: bytes) -> list[dict[str, Any]]:
    """The objects of a payload that is one or an array of them. Raises PayloadError."""
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise PayloadError("json", f"not JSON: {error}") from None
    entries = document if isinstance(document, list) else [document]
    if not entries:
        raise PayloadError("shape", "the array is empty: send at least one object")
    for entry in entries:
        if not isinstance(entry, dict):
            raise PayloadError("shape", f"{shown(entry)} is not an object: send one object or an array of them")
    return entries


def _sample(entry: Mapping[str, Any]) -> Sample:
    ts = read_timestamp(entry.get("ts"))
    values = entry.get("values")
    if not isinstance(values, dict):
        raise PayloadError("values", f"values is {shown(values)}: send an object of channels and numbers")
    if not "".join(values).isprintable() or "" in values or any(len(name) > MAX_NAME for name in values):
        raise PayloadError("values", f"a channel name is empty, longer than {MAX_NAME} or has control characters")
    numbers = {name: _number(name, value) for name, value in values.items() if value is not None}
    if not numbers:
        raise PayloadError("values", "values holds no number: leave the message out when there is nothing to tell")
    return Sample(ts, numbers)


def _number(channel: str, value: object) -> float:
    if isinstance(value, float | int):  # orjson refuses what does not fit into a float
        return float(value)
    what = "text" if isinstance(value, str) else shown(value)
    raise PayloadError("values", f"channel {channel!r} is {what}: send a number, or true or false")


def read_event(device: str, entry: Mapping[str, Any]) -> DeviceEvent:
    """One event out of its JSON object. Raises PayloadError."""
    ts = to_datetime(read_timestamp(entry.get("ts")))
    kind = entry.get("kind")
    if not isinstance(kind, str) or kind not in EVENT_KINDS:
        raise PayloadError("event", f"kind {shown(kind)} is none of {', '.join(EVENT_KINDS)}")
    detail = entry.get("detail") or {}
    if not isinstance(detail, dict):
        raise PayloadError("event", f"detail is {shown(detail)}: send an object")
    _check_detail(detail)
    return DeviceEvent(device, ts, EVENT_KINDS[kind], _name(entry, "code"), _name(entry, "component"), detail)


def _name(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key) or ""
    if not isinstance(value, str) or len(value) > MAX_NAME or not value.isprintable():
        raise PayloadError("event", f"{key} {shown(value)} is not text of at most {MAX_NAME} printable characters")
    return value


def _check_detail(detail: Mapping[str, Any]) -> None:
    """PostgreSQL's jsonb holds no U+0000, and nobody reads a detail that is nested deeper than a person can follow."""
    level: list[Any] = [detail]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            children = [*item, *item.values()] if isinstance(item, dict) else item
            if any(isinstance(child, str) and "\0" in child for child in children):
                raise PayloadError("event", "detail holds the character U+0000: leave it out")
            below += [child for child in children if isinstance(child, dict | list)]
        if not below:
            return
        level = below
    raise PayloadError("event", f"detail is nested deeper than {MAX_DEPTH} levels")
