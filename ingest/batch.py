"""Collects what several messages say into what one transaction writes. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.device import DeviceEvent, DeviceStatus
from domain.device_model import DeviceModel
from domain.device_time import LATEST, to_microseconds
from ingest.clock_check import refusal
from ingest.codecs import Decoded, PayloadError
from ingest.message import Incoming, Message, Packed
from ingest.reading_rows import ReadingRows
from store.devices import DeviceRef, News
from store.reading_block import ReadingBlock
from store.rejected import RejectedMessage


@dataclass(slots=True)
class Batch:
    """What one transaction writes. heard_at: when it arrived; None when it was not heard from the devices just now."""

    catalog: Mapping[str, DeviceModel]
    readings: dict[str, ReadingRows] = field(default_factory=dict)
    events: list[tuple[int, DeviceEvent]] = field(default_factory=list)
    statuses: list[tuple[int, DeviceStatus]] = field(default_factory=list)
    news: dict[int, News] = field(default_factory=dict)
    rejected: list[RejectedMessage] = field(default_factory=list)
    rejections: Counter[str] = field(default_factory=Counter)
    skipped: int = 0
    heard_at: datetime | None = None

    def add(self, device: DeviceRef, decoded: Decoded) -> None:
        """Take in one message of a registered device whose model the catalog describes."""
        if decoded.samples:
            rows = self._rows_of(device)
            for sample in decoded.samples:
                rows.add(device.device_id, sample)
        self.skipped += decoded.skipped
        self.events.extend((device.device_id, event) for event in decoded.events)
        self.statuses.extend((device.device_id, status) for status in decoded.statuses)
        if decoded.events or decoded.statuses:
            self.news[device.device_id] = _newer(self.news.get(device.device_id), decoded)

    def add_packed(self, packed: Packed) -> None:
        """Take in one message whose rows are packed already."""
        self._rows_of(packed.device).add_packed(packed.device.device_id, packed.rows)

    def reject(self, message: Message, error: PayloadError) -> None:
        """Keep a message that cannot be stored, with the reason."""
        self.rejected.append(RejectedMessage(message.topic, message.payload, str(error), message.received_at))
        self.rejections[error.label] += 1

    def _rows_of(self, device: DeviceRef) -> ReadingRows:
        rows = self.readings.get(device.device_model)
        if rows is None:
            rows = self.readings[device.device_model] = ReadingRows(self.catalog[device.device_model])
        return rows


def assemble(
    incoming: Sequence[Incoming],
    devices: Mapping[str, DeviceRef],
    catalog: Mapping[str, DeviceModel],
    before: int = LATEST,
) -> Batch:
    """Collect messages in the order in which they came. `devices` are those of their devices that are registered.

    before: what lies at this instant (microseconds since 1970) or later is from the future.
    """
    batch = Batch(catalog)
    for message, content in incoming:
        if isinstance(content, Packed):
            batch.add_packed(content)
            continue
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
        elif (error := refusal(content, before)) is not None:
            batch.reject(message, error)
        else:
            batch.add(device, content)
    return batch


def _newer(known: News | None, decoded: Decoded) -> News:
    instants = [event.ts for event in decoded.events] + [status.ts for status in decoded.statuses]
    seen = [to_microseconds(instant) for instant in instants]
    told = bool(decoded.statuses)
    return News(max(seen), told) if known is None else News(max(known.seen, *seen), told or known.told)


def all_news(batch: Batch, blocks: Iterable[ReadingBlock]) -> dict[int, News]:
    """What the batch tells of its devices: events and statuses, and the newest of their readings in `blocks`."""
    news = dict(batch.news)
    for block in blocks:
        for device_id, ts in block.newest().items():
            known = news.get(device_id)
            news[device_id] = News(ts) if known is None else replace(known, seen=max(known.seen, ts))
    return news
