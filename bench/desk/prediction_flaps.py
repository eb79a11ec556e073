"""A fleet whose predicted risk comes and goes, and the service desk that acts on it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta

from domain.clock import system_clock
from domain.device_model import DeviceModel, FailureMode
from domain.prediction import Prediction
from service_desk.predictions import act_on_predictions
from store import predictions
from store.database import Database

AT_ONCE = 5
"""Predictions between two looks at the clock, by which a change's age is told."""
HOUR = timedelta(hours=1)
VERSION = b"""
    WITH run AS (
        INSERT INTO training_runs (device_model, started_at) VALUES (%(model)s, now()) RETURNING training_run_id
    )
    INSERT INTO model_versions (training_run_id, device_model, failure_mode, task, status, alarm_threshold, metrics,
        data_from, data_to, row_count, device_count, features, code_version, library_versions, artifact_sha256,
        created_at)
    SELECT training_run_id, %(model)s, %(mode)s, 'risk', 'champion', 0.5, '{"alarm_precision": 1}',
        now(), now(), 1, 1, '[]', 'bench', '{}', 'none', now() FROM run
    RETURNING model_version_id
"""


@dataclass(frozen=True, slots=True)
class PredictionFlaps:
    """Predictions of one failure mode for the devices of Plant 1, by a model version that is trusted."""

    database: Database
    device_model: DeviceModel
    mode: FailureMode
    model_version_id: int
    devices: list[str]

    @classmethod
    def begin(cls, database: Database, device_model: DeviceModel) -> PredictionFlaps:
        """Make the model version known."""
        mode = device_model.failure_modes[0]
        with database.transaction() as connection:
            [(version,)] = connection.execute(VERSION, {"model": device_model.name, "mode": mode.name})
            names = connection.execute(b"SELECT name FROM devices WHERE site = 'Plant 1' ORDER BY name").fetchall()
        return cls(database, device_model, mode, int(version), [name for (name,) in names])

    def record(self, risk: float) -> None:
        """One prediction for each device, as of now."""
        now = system_clock()
        made = [
            Prediction(name, self.mode.name, now, self.mode.horizon, risk, 20 * HOUR, 10 * HOUR, 30 * HOUR)
            for name in self.devices
        ]
        with self.database.transaction() as connection:
            predictions.record(connection, made, model_version_id=self.model_version_id, at=now)

    def act(self, stop: threading.Event) -> None:
        """Act on the newest of each device, over and over, until `stop` is set."""
        after = (0, "")
        while not stop.is_set():
            with self.database.transaction() as connection:
                waiting = predictions.waiting(
                    connection, device_model=self.device_model.name, after=after, limit=AT_ONCE
                )
            act_on_predictions(self.database, self.device_model, waiting, now=system_clock())
            after = (waiting[-1].device_id, waiting[-1].prediction.failure_mode) if waiting else (0, "")
            stop.wait(0 if waiting else 0.1)
