"""Figures of one delivering process, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from domain.clock import Clock
from domain.errors import AftercareError
from store.database import Database
from store.outbox import delivery_backlog


class DeliveryMetrics:
    """Of one transport. What waits is asked for when somebody looks."""

    def __init__(self, database: Database, transport: str, clock: Clock) -> None:
        self.registry = registry = CollectorRegistry()
        self.delivered = Counter(
            "aftercare_deliver_changes_delivered", "Changes that the receiver has confirmed", registry=registry
        )
        self.failed = Counter(
            "aftercare_deliver_failures", "Attempts put off: receiver or database was away", registry=registry
        )
        self.latest = Gauge(
            "aftercare_deliver_latest_timestamp_seconds", "When a change was last delivered", registry=registry
        )
        registry.register(_Waiting(database, transport, clock))

    def note_delivered(self, changes: int) -> None:
        """So many changes of the feed are behind us."""
        if changes:
            self.delivered.inc(changes)
            self.latest.set_to_current_time()


class _Waiting(Collector):
    def __init__(self, database: Database, transport: str, clock: Clock) -> None:
        self._database = database
        self._transport = transport
        self._clock = clock

    def describe(self) -> Iterator[GaugeMetricFamily]:
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Nothing while the database is away."""
        try:
            with self._database.transaction() as connection:
                waiting = delivery_backlog(connection, transport=self._transport)
        except AftercareError:
            return
        lag = (self._clock() - waiting.oldest).total_seconds() if waiting.oldest else 0.0
        yield GaugeMetricFamily("aftercare_deliver_backlog_changes", "Changes that wait", waiting.changes)
        yield GaugeMetricFamily("aftercare_deliver_lag_seconds", "Age of the oldest change that waits", lag)
