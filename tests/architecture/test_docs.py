"""What the pages for operators and device engineers name is there."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client import CollectorRegistry

from aftercare.wiring import Catalog
from alerts.delivery_metrics import DeliveryMetrics
from alerts.feed import Feed
from alerts.watch_metrics import WatchMetrics
from api.metrics import Metrics
from diagnostics.metrics import DiagnosticsMetrics
from domain.clock import system_clock
from ingest.metrics import IngestMetrics
from ingest.upkeep.metrics import UpkeepMetrics
from store.database import Database

DOCS = Path(__file__).parents[2] / "docs"


def exposed(registry: CollectorRegistry) -> set[str]:
    """The names as Prometheus knows them; those of a histogram without their endings."""
    return {metric.name + ("_total" if metric.type == "counter" else "") for metric in registry.collect()}


def test_the_table_of_metrics_is_complete_and_names_none_that_is_not_there(database_url: str) -> None:
    listed = set(re.findall(r"(?m)^\| `(aftercare_\w+)` \|", (DOCS / "operations.md").read_text(encoding="utf-8")))
    with Database(database_url) as database:
        registries = {
            "ingest": IngestMetrics(lambda: 0).registry,
            "upkeep": UpkeepMetrics(database).registry,
            "alarms": WatchMetrics(database).registry,
            "diagnostics": DiagnosticsMetrics(database, system_clock).registry,
            "deliver": DeliveryMetrics(database, "mqtt", system_clock).registry,
            "http": Metrics(Feed(database)).registry,
        }
        there = set().union(*map(exposed, registries.values()))

    processes = tuple(f"aftercare_{name}_" for name in (*registries, "feed"))
    assert there - listed == set()
    assert {name for name in listed if name.startswith(processes)} - there == set()


def test_examples_on_the_wire_name_channels_of_the_catalog(catalog: Catalog) -> None:
    text = (DOCS / "wire.md").read_text(encoding="utf-8")
    values = ", ".join(re.findall(r'"values": \{("[^}]*)\}', text))
    named = set(re.findall(r'"(\w+)":', values)) | set(re.findall(r'"n": "(\w+)"', text))

    assert named
    assert named - {channel.name for channel in catalog["heat_pump"].channels} == set()
