"""What was predicted in a stretch of time, one prediction a device: enough to tell what another threshold would do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

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
    risk curve, else the one with the greatest risk, without; of at most `limit` devices."""
    wanted = {
        "device_model": device_model,
        "failure_mode": failure_mode,
        "since": since,
        "until": until,
        "threshold": threshold,
        "limit": limit,
    }
    with connection.cursor(binary=True) as cursor:
        rows = cursor.execute(SQL["first_above"], wanted).fetchall()
    told = []
    for horizon, alike in _alike(rows):
        _, curves, centres, devices, as_of, risk, *lives = zip(*alike, strict=True)
        told.append(
            PredictionColumns(
                horizon,
                np.array(devices, dtype=np.int64),
                np.array(centres, dtype=object),
                np.rint(np.array(as_of) * 1e6).astype(np.int64),
                np.array(risk),
                np.array(lives).T / HOUR,
                _curves(curves),
            )
        )
    return told


def _alike(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[timedelta, list[tuple[Any, ...]]]]:
    """Those of one horizon and one length of curve together, in their order."""
    groups: defaultdict[tuple[timedelta, int], list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        groups[row[0], len(row[1] or b"")].append(row)
    for (horizon, _), alike in groups.items():
        yield horizon, alike


def _curves(sent: Sequence[bytes | None]) -> NDArray[np.float32]:
    """A row each; all were sent with one length, or not at all."""
    steps = max(len(sent[0] or b"") - ARRAY_HEADER, 0) // NUMBER.itemsize
    if not steps:
        return np.empty((len(sent), 0), dtype=np.float32)
    array = np.dtype([("header", f"V{ARRAY_HEADER}"), ("numbers", NUMBER, (steps,))])
    numbers = np.frombuffer(b"".join(one or b"" for one in sent), dtype=array)["numbers"]
    return numbers["value"].astype(np.float32)
