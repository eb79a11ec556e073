"""Scoring: the look-back alone, once only, and never stopped by one bad model."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import FunctionTransformer

from aftercare.wiring import Application
from domain.clock import ScaledClock
from domain.prediction import CURVE_STEPS, Prediction
from models.artifact import loads
from models.scoring import score
from pipelines import history as reading
from pipelines import scoring, scoring_part
from pipelines.history import read_history
from pipelines.scoring import score_device_model
from store.database import Database
from store.model_versions import champions, read_artifact
from store.predictions import record

from .conftest import MODEL, NOW, RUN, START, TRAINED

if TYPE_CHECKING:
    from .conftest import Plant

DESK = (
    "SELECT count(*), count(acted_at) FROM predictions",
    "SELECT sum(count) FROM alarms",
    ("SELECT count(*) FROM ticket_events"),
)


def desk(plant: Plant) -> list[Any]:
    """What a run may change: predictions and those acted on, occurrences of alarms, what happened to tickets."""
    return [plant.rows(statement) for statement in DESK]


def predictions(plant: Plant, failure_mode: str) -> pd.DataFrame:
    rows = plant.rows(
        "SELECT d.name, p.as_of, p.risk, p.rul, p.rul_low, p.rul_high FROM predictions p "
        "JOIN devices d USING (device_id) WHERE failure_mode = %s ORDER BY d.name",
        failure_mode,
    )
    return pd.DataFrame(rows, columns=["device", "as_of", "risk", "rul", "rul_low", "rul_high"])


# Day 9: first lives only. Day 72: devices in their second life. Day 96: three stand still after a failure.
@pytest.mark.parametrize("day", [9, 72, 96])
def test_the_look_back_gives_what_the_whole_history_gives(plant: Plant, day: int) -> None:
    now = START + timedelta(days=day)
    scored = score_device_model(plant.at(now), plant.device_model)

    assert scored.problems == []
    with plant.application.database.transaction() as connection:
        history = read_history(connection, plant.device_model, until=now)
        trained = {
            champion.failure_mode: loads(read_artifact(connection, sha256=champion.artifact_sha256))
            for champion in champions(connection, device_model=MODEL)
        }
    assert list(trained) == TRAINED
    for mode, model in trained.items():
        whole = pd.DataFrame(score(model, history, plant.device_model))
        stored = predictions(plant, mode)
        whole = whole[whole["device"].isin(stored["device"])].reset_index(drop=True)
        assert len(stored) == scored.devices
        assert stored["as_of"].tolist() == whole["as_of"].tolist()
        np.testing.assert_allclose(stored["risk"], whole["risk"], rtol=1e-6, err_msg=mode)
        for column in ("rul", "rul_low", "rul_high"):
            assert stored[column].tolist() == whole[column].tolist(), mode


def test_only_the_look_back_is_read(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = []

    def noted(*arguments: Any, **named: Any) -> pd.DataFrame:
        frames.append(read_scoring_frame(*arguments, **named))
        return frames[-1]

    read_scoring_frame = reading.read_scoring_frame
    monkeypatch.setattr(reading, "read_scoring_frame", noted)
    score_device_model(plant.application, plant.device_model)

    frame, longer = frames
    features = plant.device_model.features
    days = max(features.windows) + (len(TRAINED) * features.baseline)
    readings_a_day = 5  # four, and one more at the edge of a window
    assert 0 < len(frame) <= 12 * days.days * readings_a_day
    assert len(frame) < plant.value("SELECT count(*) FROM readings_heat_pump") / 3
    near = plant.value("SELECT count(DISTINCT device_id) FROM predictions WHERE rul < interval '9 days'")
    assert 0 < longer["device"].nunique() <= near < 12


def test_every_prediction_is_stored_with_its_risk_curve(plant: Plant) -> None:
    score_device_model(plant.application, plant.device_model)
    rows = plant.rows("SELECT risk, failed_by FROM predictions")
    assert rows
    for risk, failed_by in rows:
        assert failed_by[CURVE_STEPS - 1] == pytest.approx(risk, rel=1e-5, abs=1e-9)
        assert list(failed_by) == sorted(failed_by)


def test_chances_too_small_for_single_precision_are_stored_as_0(plant: Plant) -> None:
    [(device, version, failure_mode)] = plant.rows(
        "SELECT name, model_version_id, failure_mode FROM devices, model_versions LIMIT 1"
    )
    day, chances = timedelta(days=1), (0.0, 3e-101, 1e-45, 1e-9, 0.5)
    told = Prediction(device, failure_mode, datetime(2026, 1, 1, tzinfo=UTC), day, 0.5, day, day, day, (), chances)
    with plant.application.database.transaction() as connection:
        assert record(connection, [told], model_version_id=version, at=plant.application.clock()) == 1
    stored = plant.value("SELECT failed_by FROM predictions WHERE as_of = '2026-01-01Z'")
    assert stored == [0, 0, 0, pytest.approx(1e-9), 0.5]


def test_small_groups_and_pages_give_what_large_ones_give(
    plant: Plant, trained_database: tuple[str, Any], copy_database: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = score_device_model(plant.application, plant.device_model)
    monkeypatch.setattr(scoring_part, "DEVICES_AT_ONCE", 5)
    monkeypatch.setattr(scoring, "PREDICTIONS_AT_ONCE", 5)
    with copy_database(trained_database[0]) as url, Database(url) as database:
        other = replace(plant, application=replace(plant.application, database=database))
        assert score_device_model(other.application, other.device_model) == whole
        for mode in TRAINED:
            pd.testing.assert_frame_equal(predictions(other, mode), predictions(plant, mode))
        assert desk(other) == desk(plant)


def test_scoring_again_changes_nothing(plant: Plant) -> None:
    first = score_device_model(plant.application, plant.device_model)
    before = desk(plant)
    again = score_device_model(plant.application, plant.device_model)

    assert (first.devices, first.new_predictions, first.acted_on) == (12, 24, 24)
    assert (again.devices, again.new_predictions, again.acted_on) == (12, 0, 0)
    assert before[0] == [(24, 24)]
    assert before[1:] == desk(plant)[1:]
    assert plant.value("SELECT count(*) FROM tickets") >= 2


def test_a_run_that_was_killed_before_acting_is_made_up_for(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    class KilledError(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(scoring, "act_on_predictions", die)
        with pytest.raises(KilledError):
            score_device_model(plant.application, plant.device_model)
    assert desk(plant) == [[(24, 0)], [(None,)], [(0,)]]

    # By then every device has been silent for longer than anybody is scored for.
    later = score_device_model(plant.at(NOW + timedelta(days=30)), plant.device_model)

    assert (later.devices, later.new_predictions, later.acted_on) == (0, 0, 24)
    assert desk(plant)[0] == [(24, 24)]
    assert plant.value("SELECT count(*) FROM tickets") >= 2


def test_a_ticket_leads_back_to_the_readings(plant: Plant) -> None:
    score_device_model(plant.application, plant.device_model)

    lineage = plant.rows(
        "SELECT t.failure_mode, v.failure_mode, r.flow_run_id, r.state, v.data_from, v.data_to, v.row_count, "
        "v.artifact_sha256 = encode(sha256(f.content), 'hex'), p.risk >= v.alarm_threshold, a.prediction_id, "
        "p.as_of = (SELECT max(ts) FROM readings_heat_pump WHERE device_id = t.device_id) "
        "FROM tickets t JOIN alarms a USING (alarm_id) JOIN predictions p ON p.prediction_id = t.prediction_id "
        "JOIN model_versions v USING (model_version_id) JOIN training_runs r USING (training_run_id) "
        "JOIN model_artifacts f USING (artifact_sha256)"
    )

    assert len(lineage) == plant.value("SELECT count(*) FROM tickets") > 0
    bounds = plant.rows("SELECT min(ts), max(ts), count(*) FROM readings_heat_pump")
    for of_ticket, of_version, run, state, first, last, rows, same_bytes, over_threshold, from_alarm, latest in lineage:
        assert of_ticket == of_version
        assert (run, state) == (RUN, "completed")
        assert [(first, last, rows)] == bounds
        assert (same_bytes, over_threshold, latest) == (True, True, True)
        assert from_alarm is not None


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("substring(content FROM 1 FOR 5000)", "is damaged"),
        ("'nonsense'", "is damaged"),
        # Still a model, but with another threshold than the one that was measured.
        (r"""regexp_replace(encode(content, 'escape'), '"alarm_threshold": [0-9.]+', '"alarm_threshold": 0.999')"""
         "::bytea", "is damaged"),
        (None, "is not in model_artifacts"),
    ],
)  # fmt: skip
def test_a_damaged_artifact_costs_its_own_mode_only(plant: Plant, damage: str | None, told: str) -> None:
    of_mode = f"artifact_sha256 = (SELECT artifact_sha256 FROM model_versions WHERE failure_mode = '{TRAINED[0]}')"
    if damage is None:
        plant.rows(f"DELETE FROM model_artifacts WHERE {of_mode}")
    else:
        plant.rows(f"UPDATE model_artifacts SET content = {damage} WHERE {of_mode}")

    scored = score_device_model(plant.application, plant.device_model)

    [problem] = scored.problems
    assert problem.startswith(f"{TRAINED[0]}: ")
    assert told in problem
    assert len(predictions(plant, TRAINED[0])) == 0
    assert len(predictions(plant, TRAINED[1])) == scored.new_predictions == scored.acted_on == 12


def _of_another_library(header: dict[str, Any], body: bytes) -> bytes:
    header["libraries"]["scikit-learn"] = "0.24.2"
    return body


def _of_another_type(header: dict[str, Any], body: bytes) -> bytes:
    return _with_estimator(LinearRegression(), header, body)


def _of_an_untrusted_type(header: dict[str, Any], body: bytes) -> bytes:
    return _with_estimator(FunctionTransformer(os.system), header, body)


def _with_estimator(estimator: object, header: dict[str, Any], body: bytes) -> bytes:
    forged = skops.io.dumps(estimator)
    first = header["archives"]["risk_estimator"]
    rest = body[first["bytes"] :]
    first.update(bytes=len(forged), sha256=sha256(forged).hexdigest())
    return forged + rest


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_of_another_library, "was written with scikit-learn 0.24.2 and this is"),
        (_of_another_type, "risk_estimator is a LinearRegression: train the model again"),
        (_of_an_untrusted_type, "risk_estimator cannot be read: "),
    ],
)
def test_a_model_that_cannot_run_here_costs_its_own_mode_only(
    plant: Plant, change: Callable[[dict[str, Any], bytes], bytes], told: str
) -> None:
    digest = plant.value("SELECT artifact_sha256 FROM model_versions WHERE failure_mode = %s", TRAINED[0])
    with plant.application.database.transaction() as connection:
        header, _, body = read_artifact(connection, sha256=digest).partition(b"\n")
    described = json.loads(header)
    body = change(described, body)
    content = json.dumps(described).encode() + b"\n" + body
    forged = sha256(content).hexdigest()
    plant.rows("INSERT INTO model_artifacts (artifact_sha256, content) VALUES (%s, %s)", forged, content)
    plant.rows("UPDATE model_versions SET artifact_sha256 = %s WHERE failure_mode = %s", forged, TRAINED[0])

    scored = score_device_model(plant.application, plant.device_model)

    [problem] = scored.problems
    assert problem.startswith(f"{TRAINED[0]}: model version ")
    assert told in problem
    assert len(predictions(plant, TRAINED[0])) == 0
    assert len(predictions(plant, TRAINED[1])) == scored.new_predictions == scored.acted_on == 12


def test_a_mode_that_left_the_catalog_is_told_and_the_others_are_scored(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:  # recorded, and not acted on before the catalog changed
        patch.setattr(scoring, "act_on_predictions", lambda *_, **__: [])
        score_device_model(plant.application, plant.device_model)
    kept = [mode for mode in plant.device_model.failure_modes if mode.name != TRAINED[0]]

    scored = score_device_model(plant.application, replace(plant.device_model, failure_modes=kept))

    [problem] = scored.problems
    assert f"has no failure mode '{TRAINED[0]}'" in problem
    assert scored.acted_on == 12
    assert plant.rows("SELECT DISTINCT failure_mode, acted_at IS NULL FROM predictions ORDER BY 1") == [
        (TRAINED[0], True),
        (TRAINED[1], False),
    ]


def test_windows_that_changed_since_the_training_are_told(plant: Plant) -> None:
    features = replace(plant.device_model.features, baseline=timedelta(days=3))

    scored = score_device_model(plant.application, replace(plant.device_model, features=features))

    assert len(scored.problems) == 2
    assert all("train it again" in problem for problem in scored.problems)
    assert scored.new_predictions == 0


def test_tickets_are_opened_in_device_time(plant: Plant) -> None:
    clock = ScaledClock(NOW, wall_start=0.0, speed=3600.0)
    wall = iter(range(1000))
    application = replace(plant.application, clock=lambda: clock.at(next(wall) / 3600))

    score_device_model(application, plant.device_model)

    opened = [at for (at,) in plant.rows("SELECT opened_at FROM tickets")]
    assert opened
    assert all(NOW <= at < NOW + timedelta(seconds=1000) for at in opened)
    assert plant.value("SELECT count(*) FROM tickets WHERE need_by < opened_at") == 0


def test_nothing_is_scored_before_anything_is_trained(plant: Plant) -> None:
    application: Application = plant.application
    for name in ("compressor", "turbofan_fd001"):
        scored = score_device_model(application, application.catalog[name])
        assert (scored.devices, scored.new_predictions, scored.problems) == (0, 0, [])


def test_a_channel_that_vanished_since_the_training_is_named(plant: Plant) -> None:
    name = plant.device_model.channels[-1].name
    scored = score_device_model(plant.application, plant.device_model)
    assert scored.silent_channels == {}

    plant.rows(f"UPDATE readings_{MODEL} SET {name} = NULL WHERE ts > %s", NOW - timedelta(days=30))
    scored = score_device_model(plant.application, plant.device_model)

    assert scored.silent_channels == {"vanished": [name]}
    assert scored.problems == []
