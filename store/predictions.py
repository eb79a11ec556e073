"""Predictions: recorded once, acted on once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from domain.errors import NotFoundError
from domain.prediction import Contribution, Prediction, RecordedPrediction
from store.database import Connection
from store.sql import load

SQL = load("predictions")
SMALLEST = 1e-30
"""Smaller probabilities are stored as 0: single precision, of which the risk curve is stored, ends a little below."""


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
            "failed_by": [_array(prediction.failed_by) for prediction in predictions],
        },
    )
    return cursor.rowcount


def _array(values: Sequence[float]) -> str | None:
    return f"{{{','.join('0' if value < SMALLEST else f'{value:.6g}' for value in values)}}}" if values else None


def waiting(
    connection: Connection, *, device_model: str, after: tuple[int, str] = (0, ""), limit: int | None = None
) -> Sequence[RecordedPrediction]:
    """The newest prediction per device and failure mode that was not acted on yet, in this order.

    after: device id and failure mode behind which to begin. limit: at most so many.
    """
    device_id, failure_mode = after
    parameters = {"device_model": device_model, "after_device": device_id, "after_mode": failure_mode, "limit": limit}
    return [_recorded(row) for row in connection.execute(SQL["waiting"], parameters)]


def get_recorded(connection: Connection, prediction_id: int) -> RecordedPrediction:
    """A prediction as it was acted on. Raises NotFoundError."""
    row = connection.execute(SQL["recorded"], {"prediction_id": prediction_id}).fetchone()
    if row is None:
        raise NotFoundError(f"prediction {prediction_id} does not exist")
    return _recorded(row)


def _recorded(row: tuple[Any, ...]) -> RecordedPrediction:
    (
        prediction_id, device_id, device, mode, as_of, horizon, risk, rul, low, high, contributions, failed_by,
        threshold, precision,
    ) = row  # fmt: skip
    told = [Contribution(**item) for item in contributions]
    prediction = Prediction(device, mode, as_of, horizon, risk, rul, low, high, told, tuple(failed_by or ()))
    return RecordedPrediction(prediction_id, device_id, prediction, alarm_threshold=threshold, precision=precision)


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


def times_retracted(
    connection: Connection, recorded: RecordedPrediction, *, alarm_type: str, component: str, now: datetime
) -> int:
    """How often the alarm of this failure mode was cleared within the horizon before `now`, of this component."""
    values = {
        "device_id": recorded.device_id,
        "alarm_type": alarm_type,
        "component": component,
        "since": now - recorded.prediction.horizon,
    }
    [(times,)] = connection.execute(SQL["times_retracted"], values)
    return int(times)


def stayed_below(connection: Connection, recorded: RecordedPrediction, *, level: float, times: int) -> bool:
    """Whether the risk of so many predictions just before this one was below a level; False when there are fewer."""
    values = {
        "device_id": recorded.device_id,
        "failure_mode": recorded.prediction.failure_mode,
        "as_of": recorded.prediction.as_of,
        "level": level,
        "times": times,
    }
    [(below,)] = connection.execute(SQL["count_below"], values)
    return bool(below == times)


def mark_uneventful(connection: Connection, recorded: Sequence[RecordedPrediction], *, at: datetime) -> set[int]:
    """Note that these predictions, none of which raises an alarm, were acted on, where no alarm and no ticket is there
    that they could change. Returns the ids of those that were; a case that someone else decides about is left out."""
    asked = {
        "prediction_ids": [one.prediction_id for one in recorded],
        "device_ids": [one.device_id for one in recorded],
        "failure_modes": [one.prediction.failure_mode for one in recorded],
    }
    # The second statement sees what the holders of the locks before us have committed.
    locked = [key for (key,) in connection.execute(SQL["try_lock_cases"], asked)]
    return {key for (key,) in connection.execute(SQL["mark_uneventful"], {"prediction_ids": locked, "at": at})}
