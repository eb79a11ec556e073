"""SenML in JSON (RFC 8428) on `devices/{device}/senml`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from domain.device_time import EARLIEST, LATEST
from domain.payload_text import shown
from ingest.codecs.decoded import Decoded, PayloadError
from ingest.codecs.json_payloads import read_device, read_entries
from ingest.codecs.samples import MAX_CHANNEL_NAME, group_samples, is_channel_name

VERSION = 10
NOT_ABSOLUTE = 1 << 28
"""A time below this many seconds counts from now (RFC 8428, 4.5.3)."""
UNDERSTOOD = frozenset({"bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut"})
REFUSED = {"vs": "text", "vd": "binary data", "s": "a sum"}


def decode_senml(topic: str, payload: bytes, received_at: datetime) -> Decoded:
    """A pack of records; base values hold from the record that has them on. Units are taken to be the catalog's."""
    device = read_device(topic)
    samples = group_samples(_points(device, read_entries(payload)))
    if not samples:
        raise PayloadError("values", "no record has a value: leave the message out when there is nothing to tell")
    return Decoded(device, samples=samples)


def _points(device: str, records: list[dict[str, Any]]) -> Iterator[tuple[int, str, float]]:
    base: dict[str, Any] = {}
    for record in records:
        base |= {label: value for label, value in record.items() if label.startswith("b")}
        _check_labels(record)
        if any(not label.startswith("b") for label in record):  # otherwise it only sets base values
            yield _instant(base, record), _channel(device, base, record), _value(base, record)


def _check_labels(record: Mapping[str, Any]) -> None:
    """RFC 8428, 4.4: who does not understand a label that ends with _ must not guess at the rest."""
    if isinstance(record.get("bver", VERSION), bool) or record.get("bver", VERSION) not in range(1, VERSION + 1):
        raise PayloadError("senml", f"bver {shown(record['bver'])} is not a version up to {VERSION}")
    for label in record:
        if label.endswith("_") and label not in UNDERSTOOD:
            raise PayloadError("senml", f"label {shown(label)} has to be understood, and is not: leave it out")


def _instant(base: Mapping[str, Any], record: Mapping[str, Any]) -> int:
    seconds = _number(base, "bt") + _number(record, "t")
    if abs(seconds) < NOT_ABSOLUTE:
        raise PayloadError(
            "ts",
            "a time that counts from now cannot tell a repeated message from a new one: "
            "send bt, or t, as seconds since 1970",
        )
    if not EARLIEST <= seconds * 1_000_000 < LATEST:
        raise PayloadError("ts", f"the time {seconds:.17g} s lies outside 1990 to 2099: send seconds since 1970")
    return round(seconds * 1_000_000)


def _channel(device: str, base: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """What is left of the name once the device is taken off: the base name, or the device's own name."""
    name, base_name = record.get("n", ""), base.get("bn", "")
    if not isinstance(name, str) or not isinstance(base_name, str):
        raise PayloadError("senml", f"the name {shown(name if base_name == '' else base_name)} is not text")
    channel = name or base_name.replace(":", "/").rpartition("/")[2]
    channel = channel.removeprefix(f"{device}/").removeprefix(f"{device}:").lstrip("/:")
    if not is_channel_name(channel):
        raise PayloadError(
            "senml",
            f"{shown(base_name + name)} names no channel: "
            f"what follows the base name has 1 to {MAX_CHANNEL_NAME} printable characters",
        )
    return channel


def _value(base: Mapping[str, Any], record: Mapping[str, Any]) -> float:
    for label, what in REFUSED.items():
        if label in record:
            raise PayloadError("values", f"{label} is {what}, which a channel cannot hold: send v or vb")
    if "vb" in record:
        if not isinstance(record["vb"], bool) or "v" in record:
            raise PayloadError("values", f"vb {shown(record['vb'])} is not true or false alone")
        return float(record["vb"])
    if "v" not in record and "bv" not in base:
        raise PayloadError("values", f"the record {shown(record)} has no value: send v or vb")
    value = _number(base, "bv") + _number(record, "v")
    if not math.isfinite(value):
        raise PayloadError("values", "bv and v add up to more than a number can hold")
    return value


def _number(record: Mapping[str, Any], label: str) -> float:
    value = record.get(label, 0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PayloadError("senml", f"{label} {shown(value)} is not a number")
    return float(value)
