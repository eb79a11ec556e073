"""The ingest process: a thread that subscribes, a thread that writes, and an orderly end."""

from __future__ import annotations

import signal
import sys
import threading
from functools import partial
from random import Random

import structlog

from aftercare.broker_address import parse_broker_url
from aftercare.wiring import Application
from domain.errors import AftercareError, ConfigurationError
from ingest.backoff import Backoff
from ingest.clock_check import horizon_of
from ingest.collector import BatchLimits
from ingest.heartbeat import Heartbeat, Progress
from ingest.inbox import Inbox
from ingest.metrics import IngestMetrics
from ingest.sparkplug_births import BirthDirectory
from ingest.subscriber import Subscriber
from ingest.wakeup import Wakeup
from ingest.writer import BatchWriter
from store.database import Connection, connect, describe_url
from store.migrate import pending_migrations
from store.reading_batches import missing_channels

log = structlog.get_logger()
SWITCH_SECONDS = 0.0003
"""How long a thread keeps the interpreter while another waits for it. Of Python's own 5 ms the writer lost that much at
each answer of the database, because decoding never waits: a third of the speed with messages of many rows."""
DRAIN_SECONDS = 8.0
"""How long a stop waits for the database: less than what supervisors grant before they kill."""
# A connection that was cut without a word is noticed within 20 seconds.
KEEPALIVE = {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}


class Ingest:
    """Built from an application; `run` returns when `stop` was called and everything in hand is written."""

    def __init__(self, application: Application) -> None:
        """Raises ConfigurationError when the broker's address is wrong."""
        settings = application.settings
        self._application = application
        self._wakeup = Wakeup()
        self._inbox = Inbox(on_room=self._wakeup.set)
        self.metrics = IngestMetrics(queue_length=lambda: len(self._inbox), clock=application.clock)
        random = Random(settings.ingest_id)  # noqa: S311 -- spreads retries of replicas, guards nothing
        self._subscriber = Subscriber(
            address=parse_broker_url(settings.mqtt_url, settings.mqtt_ca_file),
            client_id=f"aftercare-ingest-{settings.ingest_id}",
            group=settings.ingest_group,
            session_expiry=settings.ingest_session_expiry,
            inbox=self._inbox,
            wakeup=self._wakeup,
            clock=application.clock,
            metrics=self.metrics,
            backoff=Backoff(random),
        )
        self._connect = partial(connect, application.database.url, application_name="aftercare ingest", **KEEPALIVE)
        self._writer = BatchWriter(
            connect=self._connect,
            catalog=application.catalog,
            inbox=self._inbox,
            acknowledge=self._subscriber.acknowledge,
            limits=BatchLimits(settings.ingest_batch_rows, settings.ingest_batch_wait.total_seconds()),
            births=BirthDirectory(
                request=self._subscriber.publish,
                connection_number=lambda: self._subscriber.connection_number,
                clock=application.clock,
                metrics=self.metrics,
            ),
            metrics=self.metrics,
            backoff=Backoff(random, longest=5.0),
            horizon=horizon_of(application.clock, settings.clock_tolerance),
        )
        self._heartbeat = Heartbeat(
            connect=self._connect,
            ingest_id=settings.ingest_id,
            session_expiry=settings.ingest_session_expiry,
            clock=application.clock,
            progress=self._progress,
        )
        self._stopping = self._draining = False
        self._written = threading.Event()

    def stop(self, *_: object) -> None:
        """Read nothing more, write and acknowledge what is in hand, and return from `run`. Fit for a signal."""
        self._stopping = True
        self._subscriber.stop_reading()

    def run(self) -> None:
        """Work until `stop`. Raises UnavailableError or ConfigurationError when it cannot begin."""
        with self._connect() as connection:
            self._check_schema(connection)
        if self._application.settings.metrics_port:
            self.metrics.serve(self._application.settings.metrics_port)
        writing = threading.Thread(target=self._write, name="ingest-writer", daemon=True)
        writing.start()
        threading.Thread(target=self._heartbeat.run, name="ingest-heartbeat", daemon=True).start()
        log.info("ingest started", database=describe_url(self._application.database.url))
        self._subscriber.run(self._finished)
        self._heartbeat.stop()
        if not self._stopping:
            raise AftercareError("the writing thread ended by itself: the log above says why; start ingest again")
        log.info("ingest stopped", unwritten=len(self._inbox))

    def _progress(self) -> Progress:
        return Progress(
            listening=self.metrics.is_subscribed and self._inbox.has_room,
            taken_in=self._inbox.taken_in,
            stored=self.metrics.messages_committed,
        )

    def _write(self) -> None:
        try:
            self._writer.run()
        except Exception:
            log.exception("the writing thread failed")
        finally:
            self._written.set()
            self._wakeup.set()

    def _finished(self) -> bool:
        if self._stopping and not self._draining:
            self._draining = True
            self._inbox.close()
            self._writer.drain(DRAIN_SECONDS)
        return self._written.is_set()

    def _check_schema(self, connection: Connection) -> None:
        pending = pending_migrations(connection)
        if pending:
            raise ConfigurationError(f"{pending[0]} is not applied to the database: run 'aftercare migrate'")
        for device_model in self._application.catalog.values():
            missing = missing_channels(connection, device_model)
            if missing:
                raise ConfigurationError(
                    f"{device_model.readings_table} has no column {missing[0]}: run 'aftercare migrate'"
                )


def run(application: Application) -> None:
    """Run ingest in this process until SIGTERM or SIGINT."""
    sys.setswitchinterval(SWITCH_SECONDS)
    ingest = Ingest(application)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ingest.stop)
    ingest.run()
