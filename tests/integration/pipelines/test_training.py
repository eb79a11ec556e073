"""Training: a champion per mode with its lineage, and a reason where there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from aftercare.cli import main
from domain.device_model import DeviceModel, FailureMode
from domain.errors import NotFoundError
from domain.ticket import ClosureCode, TicketState
from models import training as model_training
from models.artifact import loads
from models.errors import TrainingError
from models.features import History
from models.held_out import pack, unpack
from models.lives import find_lives
from pipelines import training
from pipelines.scoring import score_device_model
from pipelines.training import device_models_to_train, train_device_model
from service_desk import tickets
from store.model_versions import champions, read_artifact

from .conftest import MODEL, NOW, RUN, START, TOO_FEW, TRAINED

if TYPE_CHECKING:
    from .conftest import Plant


def test_each_mode_has_a_champion_with_its_lineage(plant: Plant) -> None:
    versions = plant.rows(
        "SELECT failure_mode, status, device_count, row_count, data_from, data_to, jsonb_array_length(features), "
        "library_versions ? 'scikit-learn', (metrics ->> 'auc')::float8, (metrics ->> 'cost_rate')::float8, "
        "created_at, flow_run_id "
        "FROM model_versions JOIN training_runs USING (training_run_id) ORDER BY failure_mode"
    )
    [(first, last, rows)] = plant.rows("SELECT min(ts), max(ts), count(*) FROM readings_heat_pump")

    assert [version[0] for version in versions] == TRAINED
    for (
        _,
        status,
        devices,
        row_count,
        data_from,
        data_to,
        features,
        versions_told,
        auc,
        rate,
        created_at,
        run,
    ) in versions:
        assert (status, devices, row_count, data_from, data_to) == ("champion", 12, rows, first, last)
        assert features > 20
        assert versions_told
        assert auc > 0.8
        assert 1 / 10_000 < rate < 1 / 100
        assert (created_at, run) == (NOW, RUN)
    with plant.application.database.transaction() as connection:
        for champion in champions(connection, device_model=MODEL):
            content = read_artifact(connection, sha256=champion.artifact_sha256)
            assert sha256(content).hexdigest() == champion.artifact_sha256
            assert loads(content).alarm_threshold == champion.alarm_threshold


def test_a_mode_with_too_few_failures_is_told_and_the_others_are_trained(plant: Plant) -> None:
    told = {result.failure_mode: result for result in plant.first_training}

    assert sorted(told) == sorted([*TRAINED, TOO_FEW])
    assert told[TOO_FEW].model_version_id is None
    assert "4 failures" in told[TOO_FEW].problem
    assert "5 are needed" in told[TOO_FEW].problem
    assert all(told[mode].problem == "" for mode in TRAINED)
    [(state, message, finished)] = plant.rows("SELECT state, message, finished_at FROM training_runs")
    assert (state, finished) == ("completed", NOW)
    assert message == f"{TOO_FEW}: {told[TOO_FEW].problem}"


def test_training_again_on_the_same_data_makes_a_challenger(plant: Plant) -> None:
    first = dict(plant.rows("SELECT failure_mode, model_version_id FROM model_versions"))

    [result] = train_device_model(plant.application, only(plant, TRAINED[0]), "again")

    assert (result.status, result.model_version_id in first.values()) == ("challenger", False)
    assert "not better than the champion beyond noise: alarms cost +0.0%" in result.reason
    assert plant.rows("SELECT model_version_id, status FROM model_versions ORDER BY model_version_id") == [
        *sorted((version_id, "champion") for version_id in first.values()),
        (result.model_version_id, "challenger"),
    ]
    # The same data give the same bytes, which are stored once.
    assert plant.value("SELECT count(*) FROM model_artifacts") == 2


def test_a_challenger_that_beats_the_champion_takes_its_place(plant: Plant) -> None:
    mode = TRAINED[0]
    blunt(plant, mode)
    [result] = train_device_model(plant.application, only(plant, mode), "again")

    assert result.status == "champion"
    assert "than the champion beyond noise" in result.reason
    assert plant.rows(
        "SELECT status, comparison ? 'cost_change' FROM model_versions WHERE failure_mode = %s ORDER BY 1", mode
    ) == [("champion", True), ("retired", False)]
    assert plant.rows(
        "SELECT who, object_id FROM audit_log WHERE action = 'promoted' ORDER BY audit_id DESC LIMIT 1"
    ) == [("training", str(result.model_version_id))]


def blunt(plant: Plant, mode: str) -> None:
    """Have the champion say the same of everything that it was held out from."""
    [(version_id, content)] = plant.rows(
        "SELECT model_version_id, content FROM held_out_predictions JOIN model_versions USING (model_version_id) "
        "WHERE failure_mode = %s",
        mode,
    )
    plant.rows(
        "UPDATE held_out_predictions SET content = %s WHERE model_version_id = %s",
        pack(unpack(content).assign(risk=0.05)),
        version_id,
    )


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        ("DELETE FROM model_artifacts", "is not in model_artifacts"),
        ("UPDATE model_artifacts SET content = 'nonsense'", "is damaged"),
    ],
)
def test_a_champion_that_can_score_no_longer_is_replaced(plant: Plant, harm: str, why: str) -> None:
    plant.rows(harm)

    [result] = train_device_model(plant.application, only(plant, TRAINED[0]), "again")

    assert result.status == "champion"
    assert "can score no longer: model version" in result.reason
    assert why in result.reason
    scored = score_device_model(plant.application, only(plant, TRAINED[0]))
    assert (scored.new_predictions, [p for p in scored.problems if p.startswith(TRAINED[0])]) == (12, [])


def test_without_held_out_predictions_only_what_came_later_is_compared(plant: Plant) -> None:
    plant.rows("UPDATE held_out_predictions SET content = 'nonsense'")

    [result] = train_device_model(plant.application, only(plant, TRAINED[0]), "again")

    assert result.status == "challenger"
    assert result.reason == "only 0 failures to compare by; 5 are needed"


def only(plant: Plant, mode: str) -> DeviceModel:
    return replace(plant.device_model, failure_modes=[plant.device_model.failure_mode(mode)])


def test_only_what_happened_before_now_is_learnt_from(plant: Plant) -> None:
    early = START + timedelta(days=60)

    results = train_device_model(plant.at(early), plant.device_model, "")

    assert [result.model_version_id for result in results] == [None, None, None]
    assert "1 failures" in next(r.problem for r in results if r.failure_mode == "fouled_condenser")
    state = plant.rows("SELECT state, finished_at FROM training_runs ORDER BY training_run_id DESC LIMIT 1")
    assert state == [("failed", early)]


def test_a_run_that_broke_off_is_told(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(_history: object, _model: object, mode: object, **_options: object) -> None:
        if mode is plant.device_model.failure_modes[1]:
            raise MemoryError
        raise TrainingError("too few")

    monkeypatch.setattr(training, "train", break_off)
    with pytest.raises(MemoryError):
        train_device_model(plant.application, plant.device_model, "")

    [(state, message)] = plant.rows("SELECT state, message FROM training_runs ORDER BY training_run_id DESC LIMIT 1")
    assert state == "failed"
    assert message.endswith("too few; stopped after 1 of 3 failure modes: see the flow run's log")


def test_a_confirmed_closure_is_a_failure_to_learn_from(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    score_device_model(plant.application, plant.device_model)
    application, mode = plant.application, plant.device_model.failure_mode(TRAINED[1])
    [(ticket_id, device)] = plant.rows(
        "SELECT ticket_id, d.name FROM tickets JOIN devices d USING (device_id) WHERE failure_mode = %s AND NOT EXISTS "
        "(SELECT FROM device_events e WHERE e.device_id = d.device_id AND e.code = %s) LIMIT 1",
        mode.name,
        mode.name,
    )
    with application.database.transaction() as connection:
        if plant.value("SELECT state FROM tickets WHERE ticket_id = %s", ticket_id) == TicketState.SUGGESTED:
            tickets.accept(connection, application.catalog, ticket_id=ticket_id, who="planner", now=NOW)
        tickets.start(connection, ticket_id=ticket_id, who="technician", now=NOW)
        tickets.resolve(connection, ticket_id=ticket_id, who="technician", now=NOW)
        tickets.close(
            connection,
            application.catalog,
            ticket_id=ticket_id,
            closure_code=ClosureCode.CONFIRMED,
            who="technician",
            now=NOW,
        )
    lessons = []

    def noted(
        history: History, device_model: DeviceModel, mode: FailureMode, **options: Any
    ) -> model_training.TrainingOutcome:
        lessons.append(history)
        return model_training.train(history, device_model, mode, **options)

    monkeypatch.setattr(training, "train", noted)
    only = replace(plant.device_model, failure_modes=[mode])
    [result] = train_device_model(plant.at(NOW + timedelta(hours=1)), only, "")

    [history] = lessons
    lives = find_lives(history.readings, history.events, plant.device_model, mode)
    of_device = history.readings["device"] == device
    assert lives.failed[lives.of_row[of_device][-1]]
    before = next(r for r in plant.first_training if r.failure_mode == mode.name)
    assert result.metrics["failures"] == before.metrics["failures"] + 1


def run_cli(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["aftercare", *arguments])
    with pytest.raises(SystemExit) as leaving:
        main()
    return int(leaving.value.code or 0)


@pytest.mark.parametrize("arguments", [["train"], ["train", "compressor"], ["train", "--json"]])
def test_nothing_to_train_on_is_one_line(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", database_url)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)

    assert run_cli(monkeypatch, *arguments) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "aftercare: there is nothing to train on: bring history with 'aftercare import' or wait for telemetry\n"
    )


def test_a_run_without_a_single_model_is_not_a_success(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", plant.url)
    monkeypatch.setenv("AFTERCARE_CLOCK", "2026-02-01T00:00:00+00:00@0x0.000001")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)

    assert run_cli(monkeypatch, "train", MODEL) == 1

    out, err = capsys.readouterr()
    assert TOO_FEW in out
    assert err.splitlines()[-1] == "aftercare: no failure mode could be trained: the reasons stand above"


def test_a_mode_that_could_not_be_scored_is_not_a_success(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant.rows("DELETE FROM model_artifacts WHERE artifact_sha256 IN (SELECT min(artifact_sha256) FROM model_versions)")
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", plant.url)
    monkeypatch.setenv("AFTERCARE_CLOCK", f"{NOW.isoformat()}@0x0.000001")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)

    assert run_cli(monkeypatch, "score") == 1

    out, err = capsys.readouterr()
    assert "heat_pump: 12 devices scored, 12 new predictions" in out
    assert err.splitlines()[-1].startswith("aftercare: not everything could be scored: heat_pump ")


def test_an_unknown_device_model_is_named(plant: Plant) -> None:
    with pytest.raises(NotFoundError, match=r"'heatpump'.*compressor, heat_pump"):
        device_models_to_train(plant.application, ["heatpump"])


def test_a_device_model_without_readings_leaves_no_trace(plant: Plant) -> None:
    assert train_device_model(plant.application, plant.application.catalog["compressor"], "") == []
    assert plant.value("SELECT count(*) FROM training_runs") == 1


def test_what_nothing_is_learnt_from_is_told_and_kept(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    channel, *others = [channel.name for channel in plant.device_model.channels]
    plant.rows(f"UPDATE readings_{MODEL} SET {channel} = 7")
    plant.rows(
        "INSERT INTO device_events (device_id, ts, kind, code) SELECT device_id, %s, 'failure', 'F10' FROM devices",
        START,
    )
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", plant.url)
    monkeypatch.setenv("AFTERCARE_CLOCK", f"{NOW.isoformat()}@0x0.000001")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)

    assert run_cli(monkeypatch, "train", MODEL) == 0

    lines = capsys.readouterr().out.splitlines()
    assert f"{MODEL}: channels that carry nothing: constant: {channel}" in lines
    [told] = [line for line in lines if "no failure mode and no component" in line]
    assert "failure 'F10' (12)" in told
    silent = plant.rows("SELECT DISTINCT silent_channels FROM model_versions ORDER BY 1")
    assert silent == [({},), ({"constant": [channel]},)]

    plant.rows(f"UPDATE readings_{MODEL} SET {', '.join(f'{name} = NULL' for name in others)}")
    versions = "SELECT count(*) FROM model_versions"
    before = plant.value(versions)
    plant.rows("DELETE FROM device_events WHERE kind <> 'failure'")
    results = train_device_model(plant.application, plant.device_model, "")
    assert all(f"all {len(others) + 1 + len(plant.device_model.derived)} channels" in one.problem for one in results)
    assert plant.value(versions) == before
