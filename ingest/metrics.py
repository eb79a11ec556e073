"""Counters of one ingest process, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from domain.clock import Clock, system_clock
from domain.device_time import to_datetime
from ingest.batch import Batch
from ingest.writing import BatchReport

BATCH_ROWS = (1, 10, 100, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000)


class IngestMetrics:
    """Counted for each batch, not for each message."""

    def __init__(self, queue_length: Callable[[], float], clock: Clock = system_clock) -> None:
        self.registry = registry = CollectorRegistry()
        self._clock = clock
        self._newest: datetime | None = None

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"aftercare_ingest_{name}", text, labels, registry=registry)

        self.received = counter("messages_received", "Messages read from the broker")
        self.committed = counter("messages_committed", "Messages whose rows are committed, rejected ones included")
        self.acknowledged = counter("messages_acknowledged", "Messages acknowledged to the broker")
        self.stale = counter("acknowledgements_stale", "Not sent, the connection was lost: the message comes again")
        self.rows = counter("rows_committed", "New readings committed")
        self.events = counter("events_committed", "New device events committed")
        self.merged = counter("rows_merged", "Readings that fell on a stored (device, ts)")
        self.conflicts = counter("row_conflicts", "Merged readings with a value that gave way to the first one")
        self.rejected = counter("messages_rejected", "Messages not stored: in rejected_messages, or dropped", "reason")
        self.dropped = counter("messages_dropped", "Messages of strangers beyond what is kept of them")
        self.skipped = counter("values_skipped", "Values left out: text and other things that no channel can hold")
        self.undeclared = counter(
            "undeclared_values", "Values of channels that the catalog does not declare, kept in extra", "device_model"
        )
        self.rebirths = counter("sparkplug_rebirths_requested", "Births asked of Sparkplug edge nodes")
        self.stale_deaths = counter("sparkplug_deaths_stale", "Deaths of an earlier connection, without effect")
        self.outages = counter("database_failures", "Writes put off because the database was not able to")
        self.connections = counter("broker_connections", "Connections to the broker begun")
        self.adopted = counter("sessions_adopted", "Sessions of lost replicas that were emptied and ended")
        self.guards = counter("guards_made", "Sessions begun at the broker that guard against its restart")
        self.guarded = counter("messages_guarded", "Read from guards after a restart, those that came twice included")
        self.subscribed = Gauge(
            "aftercare_ingest_subscribed", "1 while the broker has granted the subscriptions", registry=registry
        )
        self.batch_rows = Histogram(
            "aftercare_ingest_batch_rows", "Rows in a batch", buckets=BATCH_ROWS, registry=registry
        )
        self.commit_seconds = Histogram("aftercare_ingest_commit_seconds", "Time to write a batch", registry=registry)
        Gauge("aftercare_ingest_queue_messages", "Messages waiting", registry=registry).set_function(queue_length)
        Gauge("aftercare_ingest_lag_seconds", "Age of the newest committed ts", registry=registry).set_function(
            self._lag
        )

    def count(self, messages: int, batch: Batch, report: BatchReport, seconds: float) -> None:
        """Note one committed batch."""
        self.committed.inc(messages)
        self.rows.inc(report.rows)
        self.events.inc(report.events)
        self.merged.inc(report.merged)
        self.conflicts.inc(report.conflicts)
        self.skipped.inc(batch.skipped)
        self.dropped.inc(report.dropped)
        for name, rows in batch.readings.items():
            if rows.undeclared_values:
                self.undeclared.labels(name).inc(rows.undeclared_values)
        for label, count in batch.rejections.items():
            self.rejected.labels(label).inc(count)
        self.batch_rows.observe(report.rows + report.merged + report.events)
        self.commit_seconds.observe(seconds)
        if report.newest is not None:
            newest = to_datetime(report.newest)
            self._newest = max(newest, self._newest or newest)

    def _lag(self) -> float:
        """Seconds; NaN until something is committed."""
        return (self._clock() - self._newest).total_seconds() if self._newest else float("nan")

    @property
    def is_subscribed(self) -> bool:
        """Whether the broker has granted the subscriptions of the present connection."""
        return bool(self.registry.get_sample_value("aftercare_ingest_subscribed"))

    @property
    def messages_committed(self) -> int:
        """How many messages are committed, rejected ones included."""
        return int(self.registry.get_sample_value("aftercare_ingest_messages_committed_total") or 0)
