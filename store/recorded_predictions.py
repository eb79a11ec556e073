"""What was predicted in a stretch of time, one prediction a device: enough to tell what another threshold would do."""

from __future__ import annotations

from datetime import datetime

from domain.prediction import Prediction
from store.database import Connection
from store.sql import load

SQL = load("recorded_predictions")


def first_above(
    connection: Connection,
    *,
    device_model: str,
    failure_mode: str,
    since: datetime,
    until: datetime,
    threshold: float,
    limit: int,
) -> list[tuple[str, Prediction]]:
    """Of each device with a prediction after `since` up to `until` its service centre and the first prediction whose
    risk reached the threshold, else the one with the greatest risk; of at most `limit` devices."""
    rows = connection.execute(
        SQL["first_above"],
        {
            "device_model": device_model,
            "failure_mode": failure_mode,
            "since": since,
            "until": until,
            "threshold": threshold,
            "limit": limit,
        },
    )
    return [
        (
            centre,
            Prediction(device, mode, as_of, horizon, risk, rul, rul_low, rul_high, failed_by=failed_by or ()),
        )
        for device, centre, mode, as_of, horizon, risk, rul, rul_low, rul_high, failed_by in rows
    ]
