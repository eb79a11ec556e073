"""Gives rejected messages another try: after a device was registered, a catalog mended, or a codec corrected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from domain.clock import Clock
from domain.device_model import DeviceModel
from ingest.batch import assemble
from ingest.clock_check import horizon_of
from ingest.codecs import Decoded
from ingest.message import Incoming, Message, read
from ingest.sparkplug_births import read_as_of_arrival
from ingest.writing import write_batch
from store import devices, rejected
from store.database import Connection, Database
from store.failures import is_of_the_database

PIECE = 500


@dataclass(slots=True)
class ReplayReport:
    """How many rejected messages were tried, how many of them are stored now, and why the others are not."""

    tried: int = 0
    stored: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def failed(self) -> int:
        """How many were tried and wait on."""
        return self.tried - self.stored


def replay_rejected(
    database: Database,
    catalog: Mapping[str, DeviceModel],
    clock: Clock,
    *,
    reason: str | None = None,
    sender: str | None = None,
    limit: int | None = None,
    tolerance: timedelta = timedelta(0),
) -> ReplayReport:
    """Try rejected messages again, oldest first: all, or those whose reason contains `reason`, or those on topics of
    the device `sender`, at most `limit`. Devices' clocks may be ahead by `tolerance`.

    A message is stored and marked as replayed in one transaction; one that fails again waits on, with the reason why
    it fails now.
    """
    report = ReplayReport()
    horizon = horizon_of(clock, tolerance)
    after = 0
    while limit is None or report.tried < limit:
        with database.transaction() as connection:
            size = PIECE if limit is None else min(PIECE, limit - report.tried)
            waiting = rejected.take_waiting(connection, after=after, reason=reason, sender=sender, limit=size)
            if not waiting:
                break
            after = waiting[-1][0]
            report.tried += len(waiting)
            incoming = {key: read(Message(one.topic, one.payload, one.received_at)) for key, one in waiting}
            failed = _store(connection, incoming, catalog, horizon())
            stored = [key for key in incoming if key not in failed]
            rejected.mark_replayed(connection, stored, clock())
            rejected.renew_reasons(connection, failed)
            report.stored += len(stored)
            report.reasons.update(failed.values())
    return report


def _store(
    connection: Connection, incoming: Mapping[int, Incoming], catalog: Mapping[str, DeviceModel], before: int
) -> dict[int, str]:
    """Store each message that can be stored by itself, so that one which the database refuses spoils no other; the
    others with the reason."""
    contents = [one.content for one in incoming.values()]
    known = devices.find(connection, {content.device for content in contents if isinstance(content, Decoded)})
    failed = {}
    for key, one in incoming.items():
        try:
            with connection.transaction():
                batch = assemble([read_as_of_arrival(connection, one)], known, catalog, before)
                if batch.rejected:
                    failed[key] = batch.rejected[0].reason
                else:
                    write_batch(connection, batch)
        except Exception as error:
            if is_of_the_database(error):
                raise
            failed[key] = f"the database refuses it: {str(error).strip().partition(chr(10))[0]}"
    return failed
