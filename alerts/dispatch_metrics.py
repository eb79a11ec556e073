"""Figures of the receivers, for Prometheus: what this process sent, and how every receiver does."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from domain.delivery import ReceiverState
from domain.errors import AftercareError
from store.database import Database
from store.receivers import list_receivers


class DispatchMetrics(Collector):
    """Of all receivers; how they do is asked for when somebody looks."""

    def __init__(self, database: Database, registry: CollectorRegistry) -> None:
        self._database = database
        self._delivered = Counter(
            "aftercare_deliver_receiver_changes_delivered", "Changes that it took", ["receiver"], registry=registry
        )
        self._failed = Counter(
            "aftercare_deliver_receiver_failures", "Attempts that failed", ["receiver"], registry=registry
        )
        registry.register(self)

    def note(self, receiver: str, delivered: int, *, failures: int) -> None:
        """What became of one batch."""
        self._delivered.labels(receiver).inc(delivered)
        self._failed.labels(receiver).inc(failures)

    def describe(self) -> Iterator[GaugeMetricFamily]:
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Nothing while the database is away."""
        try:
            with self._database.transaction() as connection:
                found = list_receivers(connection)
        except AftercareError:
            return
        stopped = GaugeMetricFamily("aftercare_deliver_receiver_stopped", "1: stopped", labels=["receiver"])
        row = GaugeMetricFamily("aftercare_deliver_receiver_failures_in_a_row", "0: it is well", labels=["receiver"])
        failed = GaugeMetricFamily("aftercare_deliver_receiver_refused", "Refused for good", labels=["receiver"])
        for receiver in found:
            stopped.add_metric([receiver.name], float(receiver.state is ReceiverState.STOPPED))
            row.add_metric([receiver.name], receiver.failures)
            failed.add_metric([receiver.name], receiver.failed)
        yield from (stopped, row, failed)
