"""Figures of the receivers, for Prometheus: what this process sent, and how every receiver does."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily

from domain.delivery import ReceiverState
from store.database import Connection, Database
from store.database_gauges import DatabaseGauges
from store.receivers import list_receivers


class DispatchMetrics:
    """Of all receivers; how they do is asked for when somebody looks."""

    def __init__(self, database: Database, registry: CollectorRegistry) -> None:
        self._delivered = Counter(
            "aftercare_deliver_receiver_changes_delivered", "Changes that it took", ["receiver"], registry=registry
        )
        self._failed = Counter(
            "aftercare_deliver_receiver_failures", "Attempts that failed", ["receiver"], registry=registry
        )
        registry.register(DatabaseGauges(database, _standing))

    def note(self, receiver: str, delivered: int, *, failures: int) -> None:
        """What became of one batch."""
        self._delivered.labels(receiver).inc(delivered)
        self._failed.labels(receiver).inc(failures)


def _standing(connection: Connection) -> Iterator[GaugeMetricFamily]:
    stopped = GaugeMetricFamily("aftercare_deliver_receiver_stopped", "1: stopped", labels=["receiver"])
    row = GaugeMetricFamily("aftercare_deliver_receiver_failures_in_a_row", "0: it is well", labels=["receiver"])
    failed = GaugeMetricFamily("aftercare_deliver_receiver_refused", "Refused for good", labels=["receiver"])
    for receiver in list_receivers(connection):
        stopped.add_metric([receiver.name], float(receiver.state is ReceiverState.STOPPED))
        row.add_metric([receiver.name], receiver.failures)
        failed.add_metric([receiver.name], receiver.failed)
    yield from (stopped, row, failed)
