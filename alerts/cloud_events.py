"""A change of the feed as a CloudEvents 1.0 event in structured mode."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from store.outbox import FeedEntry

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


def event_of(entry: FeedEntry, source: str) -> bytes:
    """The event. `id` is the change's number in the feed; the extension `sequence` sorts as text as the feed does, and
    `partitionkey` names the alarm or ticket within which the order of deliveries is that of the feed."""
    return _event(
        source,
        event_id=str(entry.feed_seq),
        event_type=f"aftercare.{entry.kind}.{entry.payload.get('change', 'changed')}",
        subject=f"{entry.kind}s/{entry.subject_id}",
        at=entry.at,
        data=dict(entry.payload),
        sequence=f"{entry.feed_seq:019d}",
        partitionkey=f"{entry.kind}-{entry.subject_id}",
    )


def test_event(source: str, event_id: str, at: datetime) -> bytes:
    """An event that tells nothing, to try a receiver with."""
    return _event(
        source, event_id=event_id, event_type="aftercare.test", subject="test", at=at, data={"message": "It works."}
    )


def _event(
    source: str, *, event_id: str, event_type: str, subject: str, at: datetime, data: dict[str, Any], **extensions: str
) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": source,
            "type": event_type,
            "subject": subject,
            "time": at.isoformat(),
            "datacontenttype": "application/json",
            **extensions,
            "data": data,
        }
    )
