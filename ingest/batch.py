"""Collects what several messages say into what one transaction writes. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.device import DeviceEvent
from domain.device_model import DeviceModel
from ingest.codecs import Decoded, PayloadError, Sample
from ingest.codecs.timestamps import to_microseconds
from ingest.message import Incoming, Message
from store.devices import DeviceRef, News
from store.rejected import RejectedMessage

DEVICE_ID, TS, FIRST_CHANNEL, EXTRA = 0, 1, 2, -1


class ReadingRows:
    """Rows of one device model, one for each (device, ts); the first value of a channel wins."""

    def __init__(self, device_model: DeviceModel) -> None:
        self.device_model = device_model
        self.merged = 0
        self.conflicts = 0
        self._channels = tuple(channel.name for channel in device_model.channels)
        self._rows: dict[tuple[int, int], list[Any]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, device_id: int, sample: Sample) -> None:
        """Take in one sample; a part of a row that is here already fills its gaps."""
        ts, values = sample
        row: list[Any] = [device_id, ts, *map(values.get, self._channels), None]
        if len(row) - row.count(None) - FIRST_CHANNEL < len(values):
            row[EXTRA] = {name: value for name, value in values.items() if name not in self._channels}
        stored = self._rows.setdefault((device_id, ts), row)
        if stored is not row:
            self.merged += 1
            self.conflicts += _fill(stored, row)

    def ordered(self) -> Sequence[Sequence[Any]]:
        """The rows as `store.reading_batches.write` takes them, in the order of its primary key."""
        return [self._rows[key] for key in sorted(self._rows)]


@dataclass(slots=True)
class Batch:
    """What one transaction writes."""

    catalog: Mapping[str, DeviceModel]
    readings: dict[str, ReadingRows] = field(default_factory=dict)
    events: list[tuple[int, DeviceEvent]] = field(default_factory=list)
    news: dict[int, News] = field(default_factory=dict)
    rejected: list[RejectedMessage] = field(default_factory=list)
    rejections: Counter[str] = field(default_factory=Counter)

    def add(self, device: DeviceRef, decoded: Decoded) -> None:
        """Take in one message of a registered device whose model the catalog describes."""
        if decoded.samples:
            rows = self.readings.get(device.device_model)
            if rows is None:
                rows = self.readings[device.device_model] = ReadingRows(self.catalog[device.device_model])
            for sample in decoded.samples:
                rows.add(device.device_id, sample)
        self.events.extend((device.device_id, event) for event in decoded.events)
        self.news[device.device_id] = _newer(self.news.get(device.device_id), decoded)

    def reject(self, message: Message, error: PayloadError) -> None:
        """Keep a message that cannot be stored, with the reason."""
        self.rejected.append(RejectedMessage(message.topic, message.payload, str(error), message.received_at))
        self.rejections[error.label] += 1


def assemble(
    incoming: Sequence[Incoming], devices: Mapping[str, DeviceRef], catalog: Mapping[str, DeviceModel]
) -> Batch:
    """Collect messages in the order in which they came. `devices` are those of their devices that are registered."""
    batch = Batch(catalog)
    for message, content in incoming:
        if isinstance(content, PayloadError):
            batch.reject(message, content)
            continue
        device = devices.get(content.device)
        if device is None:
            batch.reject(message, PayloadError("unknown_device", f"device {content.device!r} is not registered"))
        elif device.device_model not in catalog:
            batch.reject(
                message, PayloadError("unknown_device_model", f"the catalog has no device model {device.device_model}")
            )
        else:
            batch.add(device, content)
    return batch


def _fill(row: list[Any], later: Sequence[Any]) -> bool:
    """Fill the gaps of `row` from `later`, and tell whether a value of `later` had to give way."""
    conflict = False
    for position in range(FIRST_CHANNEL, len(row) - 1):
        value = later[position]
        if value is not None:
            if row[position] is None:
                row[position] = value
            elif row[position] != value:
                conflict = True
    if later[EXTRA]:
        extra = row[EXTRA] or {}
        conflict = conflict or any(extra.get(name, value) != value for name, value in later[EXTRA].items())
        row[EXTRA] = {**later[EXTRA], **extra}
    return conflict


def _newer(known: News | None, decoded: Decoded) -> News:
    """The latest of everything. Of two statuses of one instant the later to arrive counts: a last will is written
    when its connection begins, so it may bear the instant of the message that told the device was online."""
    seen = [sample.ts for sample in decoded.samples] + [to_microseconds(event.ts) for event in decoded.events]
    state, state_at = (known.state, known.state_at) if known else (None, None)
    for status in decoded.statuses:
        told_at = to_microseconds(status.ts)
        seen.append(told_at)
        if state_at is None or told_at >= state_at:
            state, state_at = status.state, told_at
    return News(max(seen if known is None else [known.seen, *seen]), state, state_at)
