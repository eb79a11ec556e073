"""Drift on a fleet that really drifted: one alarm, kept, acknowledged, and cleared when it is over."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aftercare.cli import main
from alerts import lifecycle
from alerts.transports.mqtt import alarm_topic
from models import drift as judging
from pipelines.drift import measure_device_model
from store import listings
from store.outbox import number_feed, read_feed

from .conftest import MODEL, NOW, TRAINED

if TYPE_CHECKING:
    from .conftest import Plant

MODE = TRAINED[0]
SHIFT = "UPDATE readings_heat_pump SET {0} = {0} * 1.5 WHERE ts > %s"


@pytest.fixture
def channel(plant: Plant) -> str:
    """A gauge that the model of the first mode reads, and that the weather does not move."""
    names = [channel.name for channel in plant.device_model.channels]
    spreads = plant.value("SELECT reference -> 'spreads' FROM model_versions WHERE failure_mode = %s", MODE)
    return min((spreads[f"{name}.value"]["usual"], name) for name in names if f"{name}.value" in spreads)[1]


def alarms(plant: Plant) -> list[tuple[Any, ...]]:
    return plant.rows(
        "SELECT device_id, device_model, active, count, acknowledged FROM alarms WHERE alarm_type = %s "
        "ORDER BY alarm_id",
        f"drift:{MODE}",
    )


def test_a_fleet_like_in_training_raises_nothing(plant: Plant) -> None:
    measured = measure_device_model(plant.application, plant.device_model)

    assert [(one.failure_mode, one.problem) for one in measured] == [(mode, "") for mode in TRAINED]
    assert [finding.message for one in measured for finding in one.findings if finding.drifted] == []
    assert plant.value("SELECT count(*) FROM drift_findings") == sum(len(one.findings) for one in measured) > 10
    assert alarms(plant) == []


def test_a_drifted_channel_raises_one_alarm_until_it_is_over(plant: Plant, channel: str) -> None:
    plant.rows(SHIFT.format(channel), NOW - timedelta(days=14))
    measure_device_model(plant.application, plant.device_model)
    assert alarms(plant) == [(None, MODEL, True, 1, False)]
    with plant.application.database.transaction() as connection:
        [row] = [row for row in listings.alarms(connection) if row.alarm_type == f"drift:{MODE}"]
        lifecycle.acknowledge(connection, alarm_id=row.alarm_id, who="anna", now=NOW)
    assert (row.device, row.device_model, row.severity, row.ticket_id) == (None, MODEL, "WARNING", None)
    assert "than in training" in row.message

    measure_device_model(plant.at(NOW + timedelta(hours=1)), plant.device_model)
    assert alarms(plant) == [(None, MODEL, True, 2, True)]

    plant.rows(SHIFT.format(channel).replace("* 1.5", "/ 1.5"), NOW - timedelta(days=14))
    measure_device_model(plant.at(NOW + timedelta(hours=2)), plant.device_model)
    assert alarms(plant) == [(None, MODEL, False, 2, True)]
    with plant.application.database.transaction() as connection:
        number_feed(connection)
    with plant.application.database.transaction() as connection:
        told = [one for one in read_feed(connection, after=0, limit=100) if one.subject_id == row.alarm_id]
    assert [one.payload["change"] for one in told] == ["raised", "acknowledged", "cleared"]
    assert {alarm_topic(one) for one in told} == {f"alarms/models/{MODEL}"}


def test_an_alarm_stays_while_a_channel_is_near_its_boundary(
    plant: Plant, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant.rows(SHIFT.format(channel), NOW - timedelta(days=14))
    measure_device_model(plant.application, plant.device_model)
    plant.rows(SHIFT.format(channel).replace("* 1.5", "/ 1.5"), NOW - timedelta(days=14))
    with monkeypatch.context() as patch:
        patch.setattr(judging, "CALM", 0.0)  # whatever is measured is near
        [measured, _] = measure_device_model(plant.at(NOW + timedelta(hours=1)), plant.device_model)
    assert not any(finding.drifted for finding in measured.findings)
    assert [active for _, _, active, _, _ in alarms(plant)] == [True]

    measure_device_model(plant.at(NOW + timedelta(hours=2)), plant.device_model)
    assert [active for _, _, active, _, _ in alarms(plant)] == [False]


def test_visits_that_find_nothing_are_drift_and_visits_that_do_end_it(plant: Plant) -> None:
    plant.rows(
        "UPDATE model_versions SET metrics = jsonb_set(metrics, '{alarm_precision}', '0.9') WHERE failure_mode = %s",
        MODE,
    )
    close(plant, "no_fault_found", 6)
    measure_device_model(plant.application, plant.device_model)
    assert plant.rows("SELECT alarm_type, severity FROM alarms WHERE active") == [(f"drift:{MODE}", "MINOR")]
    assert plant.rows("SELECT measure, boundary, sample, drifted FROM drift_findings WHERE kind = 'precision'") == [
        (0.0, 0.9, 6, True)
    ]

    close(plant, "confirmed", 45)
    measure_device_model(plant.at(NOW + timedelta(days=1)), plant.device_model)
    assert plant.value("SELECT count(*) FROM alarms WHERE active") == 0


def close(plant: Plant, closure_code: str, times: int) -> None:
    plant.rows(
        """
        WITH made AS (
            INSERT INTO predictions (device_id, failure_mode, as_of, horizon, risk, rul, rul_low, rul_high,
                model_version_id, created_at, acted_at)
            SELECT (SELECT min(device_id) FROM devices), failure_mode, now() + n * interval '1 second',
                interval '7 days', 0.9, interval '1 day', interval '1 day', interval '1 day', model_version_id,
                now(), now()
            FROM model_versions CROSS JOIN generate_series(1, %s) n WHERE failure_mode = %s
            RETURNING prediction_id, device_id, failure_mode
        )
        INSERT INTO tickets (device_id, failure_mode, state, priority, summary, opened_at, need_by, closure_code,
            closed_at, prediction_id)
        SELECT device_id, failure_mode, 'closed', 3, '', now(), now(), %s, now(), prediction_id FROM made
        """,
        times,
        MODE,
        closure_code,
    )


def test_a_mode_without_a_champion_has_its_alarm_cleared(plant: Plant, channel: str) -> None:
    plant.rows(SHIFT.format(channel), NOW - timedelta(days=14))
    measure_device_model(plant.application, plant.device_model)
    plant.rows("UPDATE model_versions SET status = 'retired' WHERE failure_mode = %s", MODE)
    measure_device_model(plant.at(NOW + timedelta(days=1)), plant.device_model)

    assert [active for _, _, active, _, _ in alarms(plant)] == [False]


def test_a_version_that_cannot_be_measured_is_told_and_the_others_go_on(
    plant: Plant, channel: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant.rows(SHIFT.format(channel), NOW - timedelta(days=14))
    measure_device_model(plant.application, plant.device_model)
    before = alarms(plant)
    plant.rows("UPDATE model_versions SET reference = '{}' WHERE failure_mode = %s", MODE)
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", plant.url)
    monkeypatch.setenv("AFTERCARE_CLOCK", f"{NOW.isoformat()}@0x0.000001")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr("sys.argv", ["aftercare", "drift", MODEL, "--json"])
    capsys.readouterr()
    with pytest.raises(SystemExit) as leaving:
        main()

    out = capsys.readouterr().out
    first, second = json.loads([line for line in out.splitlines() if line.startswith("[")][-1])
    assert ("train it again" in first["problem"], second["problem"], leaving.value.code) == (True, "", 0)
    assert second["findings"]
    assert alarms(plant) == before
