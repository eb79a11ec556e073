"""The writing thread: collects messages into batches, commits them, and only then lets them be acknowledged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import structlog

from domain.device_model import DeviceModel
from ingest.backoff import Backoff
from ingest.batch import assemble
from ingest.clock_check import Horizon, endless
from ingest.codecs import Decoded, PayloadError
from ingest.collector import BatchLimits, Collector
from ingest.directory import DeviceDirectory
from ingest.inbox import Inbox
from ingest.message import Delivery, Incoming, Packed, read
from ingest.message_reader import MessageReader
from ingest.metrics import IngestMetrics
from ingest.sightings import Sightings
from ingest.sparkplug_births import BirthDirectory
from ingest.writing import write_batch
from store.database import Connection
from store.failures import is_of_the_database

log = structlog.get_logger()
AT_ONE_TIME = timedelta(seconds=1)
"""Messages that came within it are heard at the time of the last one."""


class _DatabaseAwayError(Exception):
    """The time to drain is over and the database has not come back."""


class BatchWriter:
    """Writes until the inbox is closed and empty. While the database is away it acknowledges nothing."""

    def __init__(
        self,
        *,
        connect: Callable[[], Connection],
        catalog: Mapping[str, DeviceModel],
        inbox: Inbox,
        acknowledge: Callable[[Sequence[Delivery]], None],
        limits: BatchLimits,
        births: BirthDirectory,
        metrics: IngestMetrics,
        backoff: Backoff,
        horizon: Horizon = endless,
    ) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._directory = DeviceDirectory()
        self._collector = Collector(inbox, MessageReader(self._directory.known, catalog, horizon), limits)
        self._horizon = horizon
        self._catalog = catalog
        self._acknowledge = acknowledge
        self._births = births
        self._sightings = Sightings()
        self._metrics = metrics
        self._backoff = backoff
        self._draining = threading.Event()
        self._give_up_at = float("inf")

    def run(self) -> None:
        """Write everything that comes, in order."""
        try:
            self._collector.start()
            while incoming := self._collector.take():
                self._metrics.received.inc(len(incoming))
                for part in _by_arrival(incoming):
                    self._store(part)
        except _DatabaseAwayError:
            log.warning("database still away at the stop: what is unwritten stays with the broker")
        finally:
            self._collector.stop()
            self._disconnect()

    def drain(self, seconds: float) -> None:
        """Write what is in the inbox, and give up on a database that stays away for so long."""
        self._give_up_at = time.monotonic() + seconds
        self._collector.hurry()
        self._draining.set()

    def _store(self, incoming: Sequence[Incoming], *, again: bool = False) -> None:
        """Write messages; when the database refuses something in them, find out which and reject those.

        A lone message is tried once more with devices looked up anew: what it named may have changed under way.
        """
        try:
            self._commit(incoming)
        except Exception as error:
            if is_of_the_database(error) or isinstance(error, _DatabaseAwayError):
                raise
            self._directory.forget()
            incoming = [read(message) for message, _ in incoming]
            if len(incoming) > 1:
                middle = len(incoming) // 2
                self._store(incoming[:middle])
                self._store(incoming[middle:])
                return
            if not again:
                self._store(incoming, again=True)
                return
            [(message, _)] = incoming
            log.error("message refused", topic=message.topic, exc_info=error)
            refusal = PayloadError("database", f"the database refused it: {_first_line(error)}")
            self._commit([Incoming(message, refusal)])

    def _commit(self, incoming: Sequence[Incoming]) -> None:
        """Write messages in one transaction and let them be acknowledged; wait for the database if need be."""
        while True:
            try:
                self._write(incoming)
                break
            except Exception as error:
                if not is_of_the_database(error):
                    raise
                self._disconnect()
                self._wait(error)
        self._backoff.reset()
        self._acknowledge([message.delivery for message, _ in incoming if message.delivery is not None])

    def _write(self, incoming: Sequence[Incoming]) -> None:
        started = time.perf_counter()
        if self._connection is None:
            self._connection = self._connect()
        with self._connection.transaction():
            self._directory.look_for_removals(self._connection)
            readable = self._births.read(self._connection, self._read_anew(incoming))
            names = {content.device for _, content in readable if isinstance(content, Decoded)}
            devices = self._directory.find(self._connection, names)
            batch = assemble(readable, devices, self._catalog, self._horizon())
            batch.heard_at = incoming[-1].message.received_at
            report = write_batch(self._connection, batch, self._sightings)
        self._births.confirm()
        self._sightings.confirm()
        seconds = time.perf_counter() - started
        self._metrics.count(len(incoming), batch, report, seconds)
        if batch.rejected:
            first = batch.rejected[0]
            log.warning("messages rejected", count=len(batch.rejected), topic=first.topic, reason=first.reason)
        log.debug("batch committed", messages=len(incoming), rows=report.rows, merged=report.merged, seconds=seconds)

    def _read_anew(self, incoming: Sequence[Incoming]) -> Sequence[Incoming]:
        """The messages, those read anew that were packed for a device that has been removed since."""
        removed = self._directory.removed
        if not removed:
            return incoming
        return [
            read(one.message) if isinstance(one.content, Packed) and one.content.device.device_id in removed else one
            for one in incoming
        ]

    def _wait(self, error: Exception) -> None:
        delay = self._backoff.next()
        self._metrics.outages.inc()
        log.warning("database cannot take the batch, trying again", reason=_first_line(error), retry_in=round(delay, 2))
        if time.monotonic() + delay > self._give_up_at:
            raise _DatabaseAwayError
        if self._draining.is_set():
            time.sleep(delay)
        else:
            self._draining.wait(delay)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _by_arrival(incoming: Sequence[Incoming]) -> Sequence[Sequence[Incoming]]:
    """What came long before the rest, and the rest: a batch is heard at one time, and what a guard had kept
    must not make its devices look alive now."""
    earliest = max(one.message.received_at for one in incoming) - AT_ONE_TIME
    kept = [one for one in incoming if one.message.received_at < earliest]
    return [kept, [one for one in incoming if one.message.received_at >= earliest]] if kept else [incoming]


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
