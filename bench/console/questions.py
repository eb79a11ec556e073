"""A page or a list that is asked for, and the names and ids that addresses are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.console.telemetry import ONE_HERTZ
from store.database import Database
from store.scope import seen_by

API = "/api/v1"
CUSTOMER, SITE = "Customer 007", "Plant 1"
UNSETTLED = b"('suggested', 'open', 'planned', 'in_progress')"
SUBJECTS: Mapping[str, bytes] = {
    "device": b"SELECT name FROM devices ORDER BY hashint8(device_id) LIMIT 20",
    "alarm": b"SELECT alarm_id FROM alarms ORDER BY hashint8(alarm_id) LIMIT 20",
    "ticket": b"SELECT ticket_id FROM tickets WHERE state IN " + UNSETTLED + b" ORDER BY hashint8(ticket_id) LIMIT 20",
    "prediction": b"SELECT prediction_id FROM alarms WHERE prediction_id IS NOT NULL "
    b"ORDER BY hashint8(alarm_id) LIMIT 20",
    "command": b"SELECT command_id FROM commands ORDER BY hashint8(command_id) LIMIT 20",
    "run": b"SELECT run_id FROM troubleshooting_runs ORDER BY hashint8(run_id) LIMIT 20",
    "middle_alarm": b"SELECT max(alarm_id) / 2 FROM alarms",
    "middle_ticket": b"SELECT max(ticket_id) / 2 FROM tickets",
    "middle_prediction": b"SELECT max(prediction_id) / 2 FROM predictions",
    "middle_device": b"SELECT (min(device_id) + max(device_id)) / 2 FROM devices",
}
OF_THE_MAKER: Mapping[str, bytes] = {
    "model": b"SELECT model_version_id FROM model_versions ORDER BY 1 LIMIT 20",
    "mode": b"SELECT device_model || '/' || failure_mode FROM model_versions ORDER BY 1 LIMIT 20",
    "fleet_command": b"SELECT fleet_id FROM fleet_commands ORDER BY 1 LIMIT 20",
    "rejected": b"SELECT rejected_id FROM rejected_messages ORDER BY 1 LIMIT 20",
    "one_hertz": b"SELECT name FROM devices WHERE device_model = '"
    + ONE_HERTZ.encode()
    + b"' ORDER BY device_id LIMIT 1",
}
"""Of which customers' users see nothing."""


@dataclass(frozen=True, slots=True)
class Question:
    """A page or a list, by addresses that are asked in turn, and the milliseconds that it may take at p95."""

    name: str
    addresses: Sequence[str]
    goal: float


def subjects(database: Database, customer: str | None = None) -> dict[str, list[Any]]:
    """Names and ids of the whole fleet, or of what a customer's users see of it."""
    queries = SUBJECTS if customer is not None else {**SUBJECTS, **OF_THE_MAKER}
    with seen_by(customer), database.transaction() as connection:
        return {name: [row[0] for row in connection.execute(query)] for name, query in queries.items()}


def each(addresses: str, found: Sequence[Any]) -> list[str]:
    """An address for each of what was found, which stands where `{}` is."""
    return [addresses.format(one) for one in found]
