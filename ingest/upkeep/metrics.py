"""Figures of one upkeep process, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily

from store.database import Connection, Database
from store.database_gauges import DatabaseGauges
from store.sizes import backlog

ROUND_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300)


class UpkeepMetrics:
    """Counted for each round over all device models; the backlog is asked for when somebody looks."""

    def __init__(self, database: Database) -> None:
        self.registry = registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"aftercare_upkeep_{name}", text, labels, registry=registry)

        self.round_seconds = Histogram(
            "aftercare_upkeep_round_seconds", "Time of a round", buckets=ROUND_SECONDS, registry=registry
        )
        self.stretches = counter("stretches_taken", "Written stretches taken into the latest values", "device_model")
        self.buckets = counter("buckets_rolled_up", "Finest buckets rolled up", "device_model")
        self.births = counter("sparkplug_births_dropped", "Births that are kept no longer")
        self.outages = counter("database_failures", "Rounds put off because the database was not able to")
        self.latest_round = Gauge(
            "aftercare_upkeep_latest_round_timestamp_seconds", "When the latest round ended", registry=registry
        )
        registry.register(DatabaseGauges(database, _backlog))


def _backlog(connection: Connection) -> Iterator[GaugeMetricFamily]:
    behind = backlog(connection)
    yield GaugeMetricFamily("aftercare_upkeep_backlog_writes", "Writes not taken yet", behind.writes)
    yield GaugeMetricFamily("aftercare_upkeep_backlog_buckets", "Buckets not rolled up yet", behind.buckets)
