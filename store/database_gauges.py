"""Gauges for Prometheus that are read from the database when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from domain.errors import AftercareError
from store.database import Connection, Database


class DatabaseGauges(Collector):
    """What `read` finds; nothing while the database is away."""

    def __init__(self, database: Database, read: Callable[[Connection], Iterable[GaugeMetricFamily]]) -> None:
        self._database = database
        self._read = read

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: to register asks no database."""
        return iter(())

    def collect(self) -> list[GaugeMetricFamily]:
        """The gauges as they stand."""
        try:
            with self._database.transaction() as connection:
                return list(self._read(connection))
        except AftercareError:
            return []
