"""Tables as they leave the platform: read in pieces, so that their size does not matter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from store.database import Connection
from store.sql import load

SQL = load("exports")
ROWS_AT_ONCE = 10_000
PREDICTION_COLUMNS: Mapping[str, type] = {
    "prediction_id": int,
    "device": str,
    "device_model": str,
    "failure_mode": str,
    "as_of": datetime,
    "horizon_hours": float,
    "risk": float,
    "rul_hours": float,
    "rul_low_hours": float,
    "rul_high_hours": float,
    "alarm_threshold": float,
    "model_version": int,
    "created_at": datetime,
    "contributions": str,
}


def read_predictions(
    connection: Connection, *, since: datetime | None = None, device_model: str | None = None
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Predictions as of `since` and later, up to 10,000 rows of `PREDICTION_COLUMNS` at once, all of one snapshot.

    Times are UTC, durations hours; contributions are a JSON list of {channel, effect, text, log_odds}.
    """
    with connection.cursor(name="export") as cursor:
        cursor.execute(SQL["predictions"], {"since": since, "device_model": device_model})
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield rows
