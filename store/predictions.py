"""Predictions: recorded once, acted on once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from domain.prediction import Contribution, Prediction, RecordedPrediction
from store.database import Connection
from store.sql import load

SQL = load("predictions")


def record(connection: Connection, predictions: Sequence[Prediction], *, model_version_id: int, at: datetime) -> int:
    """Store predictions of one failure mode; those already stored are left alone. Returns how many were new."""
    if not predictions:
        return 0
    first = predictions[0]
    cursor = connection.execute(
        SQL["record"],
        {
            "failure_mode": first.failure_mode,
            "horizon": first.horizon,
            "model_version_id": model_version_id,
            "at": at,
            "devices": [prediction.device for prediction in predictions],
            "as_of": [prediction.as_of for prediction in predictions],
            "risk": [prediction.risk for prediction in predictions],
            "rul": [prediction.rul for prediction in predictions],
            "rul_low": [prediction.rul_low for prediction in predictions],
            "rul_high": [prediction.rul_high for prediction in predictions],
            "contributions": [
                json.dumps([asdict(contribution) for contribution in prediction.contributions])
                for prediction in predictions
            ],
        },
    )
    return cursor.rowcount


def waiting(connection: Connection, *, device_model: str) -> Sequence[RecordedPrediction]:
    """The newest prediction per device and failure mode that was not acted on yet."""
    rows = connection.execute(SQL["waiting"], {"device_model": device_model}).fetchall()
    return [
        RecordedPrediction(
            prediction_id=prediction_id,
            device_id=device_id,
            prediction=Prediction(
                device, mode, as_of, horizon, risk, rul, low, high, [Contribution(**item) for item in contributions]
            ),
            alarm_threshold=threshold,
            precision=precision,
        )
        for (
            prediction_id, device_id, device, mode, as_of, horizon, risk, rul, low, high, contributions,
            threshold, precision,
        ) in rows
    ]  # fmt: skip


def mark_acted(connection: Connection, recorded: RecordedPrediction, *, at: datetime) -> None:
    """Note that alarm and ticket agree with this prediction; call it in the transaction that made them agree."""
    connection.execute(
        SQL["mark_acted"],
        {
            "device_id": recorded.device_id,
            "failure_mode": recorded.prediction.failure_mode,
            "as_of": recorded.prediction.as_of,
            "at": at,
        },
    )
