"""Figures of one delivering process, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import GaugeMetricFamily

from domain.clock import Clock
from store.database import Connection, Database
from store.database_gauges import DatabaseGauges
from store.outbox import delivery_backlog


class DeliveryMetrics:
    """Of one transport. What waits is asked for when somebody looks."""

    def __init__(self, database: Database, transport: str, clock: Clock) -> None:
        self.registry = registry = CollectorRegistry()
        self.delivered = Counter(
            "aftercare_deliver_changes_delivered",
            "Changes that are behind us: of alarms, which the broker has confirmed, and of tickets",
            registry=registry,
        )
        self.failed = Counter(
            "aftercare_deliver_failures", "Attempts put off: receiver or database was away", registry=registry
        )
        self.latest = Gauge(
            "aftercare_deliver_latest_timestamp_seconds", "When a change was last delivered", registry=registry
        )

        def waiting(connection: Connection) -> Iterator[GaugeMetricFamily]:
            behind = delivery_backlog(connection, transport=transport)
            lag = (clock() - behind.oldest).total_seconds() if behind.oldest else 0.0
            yield GaugeMetricFamily("aftercare_deliver_backlog_changes", "Changes that wait", behind.changes)
            yield GaugeMetricFamily("aftercare_deliver_lag_seconds", "Age of the oldest change that waits", lag)

        registry.register(DatabaseGauges(database, waiting))

    def note_delivered(self, changes: int) -> None:
        """So many changes of the feed are behind us."""
        if changes:
            self.delivered.inc(changes)
            self.latest.set_to_current_time()
