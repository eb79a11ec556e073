"""Sparkplug B (Eclipse Sparkplug 3.0.0): births, data and deaths of edge nodes and of the devices behind them.

An edge node is the device of its own name; the device `d` behind the edge node `e` is our device `e:d`. So no edge
node may have a colon in its own name.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from google.protobuf.message import DecodeError

from domain.device import DEVICE_NAME, Connectivity, DeviceStatus
from domain.device_time import to_microseconds
from domain.payload_text import shown
from domain.topic import BEHIND
from ingest.codecs.decoded import Decoded, PayloadError
from ingest.codecs.samples import is_channel_name
from ingest.codecs.sparkplug_numbers import BD_SEQ, BOOLEAN, NUMERIC, read_data
from ingest.codecs.sparkplug_parts import SparkplugBirth, SparkplugMetric, SparkplugPart, SparkplugSource
from ingest.codecs.sparkplug_schema import Payload
from ingest.codecs.timestamps import read_timestamp

MAX_METRICS = 20_000
MAX_NAME = 512
COMPRESSED = b"SPBV1.0_COMPRESSED"
REBIRTH = "Node Control/Rebirth"
FLOAT, DOUBLE = 9, 10
DATATYPE_OF_FIELD = {"float_value": FLOAT, "double_value": DOUBLE, "boolean_value": BOOLEAN}
"""Which datatype a field tells without being told; an integer's says nothing about its sign."""


def decode_sparkplug(topic: str, payload: bytes, received_at: datetime) -> Decoded:
    """`spBv1.0/{group}/{N or D}{BIRTH, DATA or DEATH}/{edge node}[/{device}]`.

    A birth and data that tells everything by itself come out as samples; other data waits in `sparkplug` for
    `read_by_birth`. Births and deaths count from their arrival: a death is written before it happens, and of the two
    clocks only ours saw both.
    """
    kind, source, device = _read_topic(topic)
    message = _read_payload(payload)
    if kind == "DEATH":
        offline = DeviceStatus(device, received_at, Connectivity.OFFLINE, dated=False)
        part = SparkplugPart(source, is_death=True, bd_seq=_bd_seq(message))
        return Decoded(device, statuses=[offline], sparkplug=part)
    metrics, skipped = _read_metrics(message)
    decoded = Decoded(device, skipped=skipped, sparkplug=SparkplugPart(source, data=metrics))
    if kind == "BIRTH":
        birth = SparkplugBirth(_read_names(message), _bd_seq(message))
        online = DeviceStatus(device, received_at, Connectivity.ONLINE, dated=False)
        read = read_by_birth(decoded, birth)
        return replace(read, statuses=[online], sparkplug=SparkplugPart(source, birth=birth))
    if all(metric.name is not None and metric.datatype for metric in metrics):
        return read_by_birth(decoded, None)
    return decoded


def read_by_birth(decoded: Decoded, birth: SparkplugBirth | None) -> Decoded:
    """Samples out of data that waits for its birth. Raises PayloadError when the birth does not tell enough."""
    assert decoded.sparkplug is not None
    samples, skipped = read_data(decoded.sparkplug.data, birth)
    return replace(decoded, samples=samples, skipped=decoded.skipped + skipped, sparkplug=None)


def is_of_earlier_connection(death: int | None, birth: int | None) -> bool:
    """Whether a death's bdSeq comes before that of the latest birth; they count from 0 to 255 and begin anew.

    A later one counts, because there are clients that say goodbye with the number of their next connection.
    """
    return death is not None and birth is not None and 0 < (birth - death) % 256 < 128


def rebirth_request(source: SparkplugSource, at: datetime) -> tuple[str, bytes]:
    """Topic and payload of the command that has an edge node publish its births, and those of its devices, again."""
    request = Payload(timestamp=to_microseconds(at) // 1000)
    request.metrics.add(name=REBIRTH.encode(), datatype=BOOLEAN, boolean_value=True)
    return f"spBv1.0/{source.group_id}/NCMD/{source.edge_node}", request.SerializeToString()


def device_name(source: SparkplugSource) -> str:
    """The name under which the device is registered."""
    return f"{source.edge_node}{BEHIND}{source.device_id}" if source.device_id else source.edge_node


def _read_topic(topic: str) -> tuple[str, SparkplugSource, str]:
    _, group_id, message_type, *names = topic.split("/")
    source = SparkplugSource(group_id, *names)
    device = device_name(source)
    if BEHIND in source.edge_node or not DEVICE_NAME.fullmatch(device):
        raise PayloadError(
            "topic",
            f"device name {shown(device)} may only have letters, digits and _ . -, and at most 128 characters",
        )
    if not is_channel_name(group_id, MAX_NAME):
        raise PayloadError("topic", f"group {shown(group_id)} has more than {MAX_NAME} or control characters")
    return message_type[1:], source, device


def _read_payload(payload: bytes) -> Any:
    try:
        message = Payload.FromString(payload)
    except DecodeError as error:
        raise PayloadError("sparkplug", f"not a Sparkplug B payload: {error}") from None
    if message.uuid == COMPRESSED:
        raise PayloadError("sparkplug", "compressed payloads are not read: switch the compression off")
    if len(message.metrics) > MAX_METRICS:
        raise PayloadError("sparkplug", f"{len(message.metrics)} metrics are more than {MAX_METRICS}: send fewer")
    return message


def _read_metrics(message: Any) -> tuple[list[SparkplugMetric], int]:
    """The numbers of a message, and how many values were left out because they are none."""
    found, skipped = [], 0
    for metric in message.metrics:
        if metric.is_null or metric.is_transient:  # null is no value, and a transient one is not to be stored
            continue
        field = metric.WhichOneof("value")
        datatype = metric.datatype or DATATYPE_OF_FIELD.get(field, 0)
        if field is None or (datatype and datatype not in NUMERIC):
            skipped += 1
            continue
        ts = read_timestamp(metric.timestamp or message.timestamp or None)
        name = _name(metric.name) if metric.HasField("name") else None
        alias = metric.alias if metric.HasField("alias") else None
        if name is None and alias is None:
            raise PayloadError("sparkplug", "a metric has neither name nor alias")
        found.append(SparkplugMetric(ts, name, alias, datatype, getattr(metric, field)))
    return found, skipped


def _read_names(message: Any) -> list[tuple[str, int | None, int]]:
    named: dict[str, tuple[str, int | None, int]] = {}
    aliases: set[int] = set()
    for metric in message.metrics:
        name = _name(metric.name)
        alias = metric.alias if metric.HasField("alias") else None
        if name in named or alias in aliases:
            raise PayloadError("sparkplug", f"the birth has two metrics with name {shown(name)} or alias {alias}")
        if alias is not None:
            aliases.add(alias)
        named[name] = (name, alias, metric.datatype)
    return list(named.values())


def _bd_seq(message: Any) -> int | None:
    """The number that tells which connection a birth or death of an edge node belongs to."""
    for metric in message.metrics:
        if metric.name == BD_SEQ.encode():
            field = metric.WhichOneof("value")
            return int(getattr(metric, field)) if field in ("int_value", "long_value") else None
    return None


def _name(raw: bytes) -> str:
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        raise PayloadError("sparkplug", f"metric name {shown(raw)} is not UTF-8") from None
    if not is_channel_name(name, MAX_NAME):
        raise PayloadError(
            "sparkplug", f"metric name {shown(name)} is empty, longer than {MAX_NAME} or has control characters"
        )
    return name
