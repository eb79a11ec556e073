"""Figures of one process that watches alarms, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily

from store.database import Connection, Database
from store.database_gauges import DatabaseGauges
from store.rule_memories import backlog

ROUND_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60)


class WatchMetrics:
    """Counted as it is done; the backlog is asked for when somebody looks."""

    def __init__(self, database: Database) -> None:
        self.registry = registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"aftercare_alarms_{name}", text, labels, registry=registry)

        self.round_seconds = Histogram(
            "aftercare_alarms_round_seconds", "Time of a round", buckets=ROUND_SECONDS, registry=registry
        )
        self.judged = counter("devices_judged", "Stretches of readings run past the rules", "device_model")
        self.told = counter("rule_changes", "Alarms raised or cleared by rules", "device_model")
        self.late = counter("devices_too_late", "Stretches of which a part came too late to be judged", "device_model")
        self.history = counter("devices_history", "Stretches that were too old to raise anything", "device_model")
        self.absences = counter("connectivity_changes", "Alarms raised or cleared because devices are offline or back")
        self.woken = counter("woken", "Alarms whose time on the shelf was over")
        self.reminded = counter("reminders", "Alarms told again because nobody acknowledged them")
        self.outages = counter("database_failures", "Rounds put off because the database was not able to")
        self.latest_round = Gauge(
            "aftercare_alarms_latest_round_timestamp_seconds", "When the latest round ended", registry=registry
        )
        registry.register(DatabaseGauges(database, _backlog))


def _backlog(connection: Connection) -> Iterator[GaugeMetricFamily]:
    yield GaugeMetricFamily(
        "aftercare_alarms_backlog_devices", "Devices with readings not judged yet", backlog(connection)
    )
