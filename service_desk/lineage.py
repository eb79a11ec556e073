"""A ticket traced back: alarm, prediction, model version, training run, and the raw readings that the model saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from domain.device_model import DeviceModel
from store import lineage
from store.database import Connection

LINKS: Mapping[str, tuple[str, ...]] = {
    "ticket": ("ticket_id", "state", "failure_mode", "opened_at", "closure_code", "device", "device_model"),
    "alarm": ("alarm_id", "alarm_type", "raised_at", "cleared_at"),
    "prediction": ("prediction_id", "as_of", "risk", "rul_hours", "predicted_at"),
    "model_version": (
        "model_version_id", "model_status", "model_created_at", "code_version", "artifact_sha256", "data_from",
        "data_to", "row_count", "device_count",
    ),
    "training_run": ("training_run_id", "flow_run_id", "training_started_at", "training_finished_at"),
}  # fmt: skip


def lineage_of(connection: Connection, catalog: Mapping[str, DeviceModel], ticket_id: int) -> dict[str, Any]:
    """Every link by name, None for one that the ticket does not have, and the readings that the prediction was made
    from: the longest window before its last one.

    The model version tells the range and the number of the rows that it learnt from. Raises NotFoundError.
    """
    row = lineage.trace(connection, ticket_id)
    links: dict[str, Any] = {
        name: {field: row[field] for field in fields} if row[fields[0]] is not None else None
        for name, fields in LINKS.items()
    }
    device_model = catalog.get(row["device_model"])
    links["readings"] = None
    if row["prediction_id"] is not None and device_model is not None:
        since = row["as_of"] - device_model.features.look_back
        seen = lineage.read_range(connection, device_model, device_id=row["device_id"], since=since, until=row["as_of"])
        links["readings"] = asdict(seen)
    return links
