"""What was predicted in a stretch of time, one prediction a device: enough to tell what another threshold would do."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from domain.prediction_columns import PredictionColumns
from store.database import Connection
from store.sql import load

SQL = load("recorded_predictions")
HOUR = 3600.0
ARRAY_HEADER = 20
"""Bytes before the numbers of an array of one dimension, as PostgreSQL sends it; each has its length before it."""
NUMBER = np.dtype([("length", ">i4"), ("value", ">f4")])


def first_above(
    connection: Connection,
    *,
    device_model: str,
    failure_mode: str,
    since: datetime,
    until: datetime,
    threshold: float,
    limit: int,
) -> list[PredictionColumns]:
    """Of each device with a prediction after `since` up to `until` the first whose risk reached the threshold, with its
    risk curve, else the one with the greatest risk, without; of at most `limit`
    devices, in any order."""
    wanted = {
        "device_model": device_model,
        "failure_mode": failure_mode,
        "since": since,
        "until": until,
        "threshold": threshold,
        "limit": limit,
    }
    with connection.cursor(binary=True) as cursor:
        groups = cursor.execute(SQL["first_above"], wanted).fetchall()
    return [
        PredictionColumns(
            horizon,
            np.array(devices, dtype=np.int64),
            np.array(centres, dtype=object),
            np.rint(np.array(as_of) * 1e6).astype(np.int64),
            np.array(risk),
            np.array(lives).T / HOUR,
            _curves(curves or b"", len(devices), steps),
        )
        for horizon, steps, devices, centres, as_of, risk, *lives, curves in groups
    ]


def _curves(sent: bytes, rows: int, steps: int) -> NDArray[np.float32]:
    """A row each; all have one length."""
    if not steps:
        return np.empty((rows, 0), dtype=np.float32)
    array = np.dtype([("header", f"V{ARRAY_HEADER}"), ("numbers", NUMBER, (steps,))])
    return np.frombuffer(sent, dtype=array)["numbers"]["value"].astype(np.float32)
