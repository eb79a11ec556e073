"""Writes one batch inside a transaction that the caller owns."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.batch import Batch, all_news
from ingest.sightings import Sightings
from store import devices, events, presence, reading_batches, rejected, undeclared
from store.database import Connection


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What became of a batch.

    rows: new readings. merged: readings that fell on a (device, ts) that was there already. conflicts: those of them
    with a value that had to give way to the first one. events: new events. rejected: messages kept as they came.
    dropped: messages of strangers beyond what is kept of them. newest: latest ts of all, in microseconds since 1970.
    """

    rows: int
    merged: int
    conflicts: int
    events: int
    rejected: int
    dropped: int = 0
    newest: int | None = None


def write_batch(connection: Connection, batch: Batch, sightings: Sightings | None = None) -> BatchReport:
    """Store everything in the batch. Nothing of it is stored unless the caller commits.

    sightings: of the process that writes, which tells the signs of life that are due; without it all of them are.
    """
    readings = [(rows.device_model, rows.block()) for _, rows in sorted(batch.readings.items())]
    written = [reading_batches.write(connection, device_model, block) for device_model, block in readings]
    new_events = events.insert(connection, batch.events)
    news = all_news(batch, (block for _, block in readings))
    due = sightings.due(news, batch.heard_at) if sightings and batch.heard_at else news
    devices.note_news(connection, due, batch.heard_at)
    presence.note_statuses(connection, batch.statuses, batch.heard_at)
    dropped = rejected.record(connection, batch.rejected)
    _note_undeclared(connection, batch)
    return BatchReport(
        rows=sum(one.inserted for one in written),
        merged=sum(one.merged for one in written) + sum(rows.merged for rows in batch.readings.values()),
        conflicts=sum(one.conflicts for one in written) + sum(rows.conflicts for rows in batch.readings.values()),
        events=new_events,
        rejected=len(batch.rejected) - dropped,
        dropped=dropped,
        newest=max((one.seen for one in news.values()), default=None),
    )


def _note_undeclared(connection: Connection, batch: Batch) -> None:
    """Of what was heard just now; a replay brings old names."""
    for name, rows in sorted(batch.readings.items()):
        if rows.undeclared and batch.heard_at is not None:
            undeclared.note(connection, name, rows.undeclared, batch.heard_at)
