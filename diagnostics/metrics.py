"""Figures of the process that speaks with devices, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import GaugeMetricFamily

from domain.clock import Clock
from store import commands, twins
from store.database import Connection, Database
from store.database_gauges import DatabaseGauges


class DiagnosticsMetrics:
    """Counted for each batch. What waits is asked for when somebody looks."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.registry = registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"aftercare_diagnostics_{name}", text, labels, registry=registry)

        self.messages = counter("messages_taken", "Messages committed, refused ones included")
        self.steps = counter("steps_taken", "Answers that moved a command on")
        self.reports = counter("reports_taken", "Reports of twins that were stored")
        self.repeated = counter("messages_repeated", "Messages that had come before, or were older than what is known")
        self.rejected = counter("messages_rejected", "Messages not taken: in rejected_messages, or dropped", "reason")
        self.dropped = counter("messages_dropped", "Messages of strangers beyond what is kept of them")
        self.sent = counter("commands_sent", "Commands given to the broker")
        self.requeued = counter("commands_requeued", "Commands that had not reached the broker, queued again")
        self.timed_out = counter("commands_timed_out", "Commands that waited for too long")
        self.twins = counter("twins_delivered", "Desired documents that the broker holds")
        self.outages = counter("outages", "Times that the broker or the database was away")
        self.connected = Gauge(
            "aftercare_diagnostics_connected", "1 while this process speaks with devices", registry=registry
        )

        def waiting(connection: Connection) -> Iterator[GaugeMetricFamily]:
            behind = commands.backlog(connection)
            lag = (clock() - behind.oldest).total_seconds() if behind.oldest else 0.0
            yield GaugeMetricFamily("aftercare_diagnostics_commands_queued", "Commands to be sent", behind.queued)
            yield GaugeMetricFamily(
                "aftercare_diagnostics_commands_awaited", "Commands that a device has not answered", behind.awaited
            )
            yield GaugeMetricFamily(
                "aftercare_diagnostics_lag_seconds", "Age of the oldest command that could be sent", lag
            )
            yield GaugeMetricFamily(
                "aftercare_diagnostics_twins_waiting", "Desired documents to be delivered", twins.waiting(connection)
            )

        registry.register(DatabaseGauges(database, waiting))
