"""Guided troubleshooting over the real broker: what a run does by itself, what it asks, and what its end changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from paho.mqtt.client import Client, MQTTMessage

from diagnostics.metrics import DiagnosticsMetrics
from diagnostics.troubleshooting import runs
from diagnostics.troubleshooting.service import Troubleshooter
from domain.account import Caller, Role
from domain.clock import system_clock
from domain.device import Device
from domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from domain.prediction import Prediction, RecordedPrediction
from domain.troubleshooting import Outcome, Run
from service_desk import shelves
from service_desk.predictions import act_on_prediction
from store import devices, predictions
from store import troubleshooting as stored

from .conftest import Station, wait_for
from .killed_process import diagnostics_process

FILTER = "clogged_intake_filter"
HOUR = timedelta(hours=1)
ANNA = Caller(1, "anna", Role.OPERATOR)
Result = Mapping[str, Any]


class Compressors:
    """Compressors that answer commands with these results; one without a result fails."""

    def __init__(self, station: Station, **results: Result | None) -> None:
        self.station, self.results = station, results
        self.executed: list[str] = []
        station.devices.client.on_message = self._receive
        self.name = f"{station.devices.prefix}-sc"
        with station.database.transaction() as connection:
            devices.save(connection, [Device(self.name, "compressor", customer="Air", service_centre="north")])
        station.bring_online([self.name])
        self.device_id = station.rows("SELECT device_id FROM devices WHERE name = %s", self.name)[0][0]

    def _receive(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        if message.topic.split("/")[1] != self.name or not self.station.devices.answer:
            return
        command = orjson.loads(message.payload)["command"]
        self.executed.append(command)
        result = self.results.get(command)
        if result is None:
            error = {"code": "unknown_command", "message": "never heard of it"}
            self.station.devices.tell(message, state="failed", error=error)
        else:
            self.station.devices.tell(message, state="succeeded", result=result)

    def predict(self, risk: float = 0.9, *, ago: timedelta = HOUR, mode: str = FILTER) -> RecordedPrediction:
        """Record a prediction and act on it."""
        now = system_clock()
        told = Prediction(self.name, mode, now - ago, 168 * HOUR, risk, 60 * HOUR, 50 * HOUR, 70 * HOUR)
        [(version,)] = self.station.rows(
            "WITH run AS (INSERT INTO training_runs (device_model, started_at) VALUES ('compressor', now()) "
            "RETURNING training_run_id) INSERT INTO model_versions (training_run_id, device_model, failure_mode, task, "
            "status, alarm_threshold, metrics, data_from, data_to, row_count, device_count, features, code_version, "
            "library_versions, artifact_sha256, created_at) SELECT training_run_id, 'compressor', %s, 'risk', "
            "'challenger', 0.5, '{\"alarm_precision\": 0.9}', now(), now(), 1, 1, '[]', 'test', '{}', 'none', now() "
            "FROM run RETURNING model_version_id",
            mode,
        )
        with self.station.database.transaction() as connection:
            predictions.record(connection, [told], model_version_id=version, at=now)
            [recorded] = predictions.waiting(connection, device_model="compressor")
            act_on_prediction(connection, self.station.catalog["compressor"], recorded, now)
        return recorded

    def run(self) -> Run:
        """The newest run."""
        with self.station.database.transaction() as connection:
            return stored.listing(connection, device=self.name, limit=1)[0]

    def ended(self) -> Run:
        wait_for(lambda: self.run().ended_at is not None)
        return self.run()

    def start(self, mode: str, role: Role = Role.OPERATOR, now: datetime | None = None) -> Run:
        with self.station.database.transaction() as connection:
            return runs.start(
                connection,
                self.station.catalog,
                device=self.name,
                failure_mode=mode,
                who="anna",
                role=role,
                now=now or system_clock(),
            )

    def answer(self, told: str, step: str, caller: Caller = ANNA) -> Run:
        run_id = self.run().run_id
        with self.station.database.transaction() as connection:
            return runs.answer(
                connection, self.station.catalog, run_id, told, step=step, caller=caller, now=system_clock()
            )

    def rows(self, columns: str, table: str) -> list[tuple[Any, ...]]:
        return self.station.rows(f"SELECT {columns} FROM {table} WHERE device_id = %s", self.device_id)

    def stock(self, *part_numbers: str) -> None:
        with self.station.database.transaction() as connection:
            for part_no in part_numbers:
                shelves.receive(
                    connection, service_centre="north", part_no=part_no, quantity=5, who="test", now=system_clock()
                )


@contextmanager
def guiding(station: Station) -> Iterator[None]:
    """What goes on with runs by itself, in this block."""
    stop = threading.Event()
    guide = Troubleshooter(
        station.database, station.catalog, system_clock, DiagnosticsMetrics(station.database, system_clock)
    )
    thread = threading.Thread(target=guide.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)


@pytest.fixture
def guided(speaking_station: Station) -> Iterator[Station]:
    with guiding(speaking_station):
        yield speaking_station


def self_test(drop: float) -> Result:
    return {"passed": drop < 36, "checks": [{"check": "filter_drop_at_full_load", "value": drop, "limit": 36}]}


def test_a_predicted_failure_is_mended_from_afar_without_a_ticket(guided: Station) -> None:
    machine = Compressors(guided, self_test=self_test(44.5), clean_intake_filter={"after": {"passed": True}})
    machine.predict()

    run = machine.ended()

    assert (run.outcome, run.prediction_id is not None, run.ticket_id) == (Outcome.FIXED, True, None)
    assert machine.executed == ["self_test", "clean_intake_filter"]
    assert machine.rows("active", "alarms") == [(False,)]
    assert machine.rows("ticket_id", "tickets") == []
    assert machine.rows("kind, code, component", "device_events") == [("maintenance", "confirmed", "intake_filter")]
    with guided.database.transaction() as connection:
        assert [entry.answer for entry in stored.trail(connection, run.run_id)] == ["yes", "yes"]

    machine.predict(ago=timedelta(seconds=-1))
    assert machine.rows("active", "alarms") == [(False,)], "the model has not seen the fix yet"
    guided.rows("UPDATE troubleshooting_runs SET ended_at = ended_at - '3 days'::interval")
    machine.predict(ago=timedelta(seconds=-2))
    assert machine.rows("state, failure_mode", "tickets") == [("open", FILTER)], "it did not hold: a visit"


@pytest.mark.parametrize(
    ("results", "told"),
    [
        ({"self_test": self_test(40), "clean_intake_filter": {"after": {"passed": False}}}, "caked"),
        ({"self_test": self_test(40), "clean_intake_filter": {"after": "free"}}, "no after.passed"),
        ({"self_test": {"checks": "all good"}}, "has no checks.filter_drop_at_full_load.value"),
        ({}, "unknown_command"),
    ],
)
def test_what_cannot_be_mended_or_found_out_is_a_ticket_with_parts(
    guided: Station, results: dict[str, Result], told: str
) -> None:
    machine = Compressors(guided, **results)
    machine.stock("SC-FILTER-INTAKE")
    machine.predict()

    run = machine.ended()

    assert run.outcome is Outcome.TICKET
    assert told in run.reason
    assert (run.parts, run.tools) == ({"SC-FILTER-INTAKE": 1}, ("Differential pressure gauge", "Vacuum cleaner"))
    assert machine.rows("ticket_id, state, prediction_id", "tickets") == [(run.ticket_id, "open", run.prediction_id)]
    assert guided.rows("SELECT part_no, state FROM part_reservations") == [("SC-FILTER-INTAKE", "reserved")]
    assert {row[0] for row in machine.rows("ticket_id", "commands")} == {run.ticket_id}
    [(detail,)] = guided.rows("SELECT detail FROM ticket_events WHERE what = 'troubleshot'")
    assert detail["run"] == run.run_id


def test_a_device_that_never_answers_ends_in_a_ticket_with_the_reason(guided: Station) -> None:
    guided.devices.answer = False
    machine = Compressors(guided)
    machine.predict()
    # Only then: that it is sent gives the command a new deadline.
    wait_for(lambda: guided.rows("SELECT 1 FROM commands WHERE state = 'sent'") != [])
    guided.rows("UPDATE commands SET deadline = now()")

    assert "did not answer self_test in time" in machine.ended().reason
    assert machine.rows("state", "tickets") == [("open",)]


def test_a_free_filter_is_no_fault_and_opens_no_ticket(guided: Station) -> None:
    machine = Compressors(guided, self_test=self_test(22))
    machine.predict()

    assert machine.ended().outcome is Outcome.NO_FAULT
    machine.predict(ago=timedelta(0))
    assert machine.rows("active, count", "alarms") == [(True, 2)], "it stays until the prediction is taken back"
    assert machine.rows("ticket_id", "tickets") == []
    assert machine.rows("kind, code", "device_events") == [("log", "no_fault_found")]


def test_a_fix_begun_by_hand_calls_an_unplanned_ticket_off_and_frees_its_parts(guided: Station) -> None:
    machine = Compressors(guided, self_test=self_test(40), clean_intake_filter={"after": {"passed": True}})
    machine.stock("SC-FILTER-INTAKE")
    compressor = guided.catalog["compressor"]
    by_hand = [replace(mode, troubleshooting=None) for mode in compressor.failure_modes]
    guided.catalog = {**guided.catalog, "compressor": replace(compressor, failure_modes=by_hand)}
    machine.predict()
    guided.catalog = {**guided.catalog, "compressor": compressor}
    [(ticket_id, state)] = machine.rows("ticket_id, state", "tickets")
    assert state == "open"

    machine.start(FILTER)

    assert machine.ended().ticket_id == ticket_id
    assert machine.rows("state", "tickets") == [("cancelled",)]
    assert guided.rows("SELECT state FROM part_reservations") == [("released",)]
    assert machine.rows("active", "alarms") == [(False,)]


def test_a_prediction_that_is_taken_back_ends_its_run(station: Station) -> None:
    machine = Compressors(station)
    machine.predict()
    machine.predict(risk=0.01, ago=timedelta(0))
    assert machine.run().outcome is Outcome.WITHDRAWN


def test_people_answer_questions_and_the_ticket_has_the_parts_of_the_ending(station: Station) -> None:
    machine = Compressors(station)
    machine.stock("SC-OIL-20L")
    run = machine.start("oil_degradation")
    assert run.step == "oil_level"

    for refused, answer in (
        (InvalidInputError, lambda: machine.answer("perhaps", "oil_level")),
        (ConflictError, lambda: machine.answer("yes", "self_test")),
        (ConflictError, lambda: machine.start("oil_degradation")),
        (NotFoundError, lambda: machine.start("rust")),
        (ForbiddenError, lambda: machine.start("bearing_wear", Role.VIEWER)),
    ):
        with pytest.raises(refused):
            answer()
    ended = machine.answer("no", "oil_level", Caller(2, "the customer", Role.VIEWER, "Air"))

    assert (ended.outcome, ended.parts) == (Outcome.TICKET, {"SC-OIL-20L": 2})
    assert machine.rows("state, prediction_id", "tickets") == [("open", None)]
    with pytest.raises(ConflictError):
        machine.answer("no", "oil_level")
    with pytest.raises(ConflictError), station.database.transaction() as connection:
        runs.stop(connection, ended.run_id, reason="enough", who="anna", now=system_clock())


def test_a_question_that_nobody_answers_ends_in_a_ticket(station: Station) -> None:
    machine = Compressors(station)
    machine.start("oil_degradation", now=system_clock() - timedelta(hours=30))
    with guiding(station):
        assert "nobody answered within 24 h" in machine.ended().reason


def test_telemetry_is_looked_at_by_itself(station: Station) -> None:
    machine = Compressors(station)
    station.rows(
        "INSERT INTO readings_compressor (ts, device_id, vibration) "
        "SELECT now() - n * '1 hour'::interval, %s, 3.1 FROM generate_series(1, 20) AS n",
        machine.device_id,
    )
    run = machine.start("bearing_wear")
    assert run.step == "noise"
    with station.database.transaction() as connection:
        [looked] = stored.trail(connection, run.run_id)
    assert (looked.answer, looked.note) == ("no", "mean 3.1 mm/s, asked for above 4")
    assert machine.answer("no", "noise").outcome is Outcome.NO_FAULT


def test_a_step_that_has_left_the_catalog_ends_in_a_ticket(station: Station) -> None:
    machine = Compressors(station)
    run = machine.start("oil_degradation")
    station.rows("UPDATE troubleshooting_runs SET step = 'gone', wakes_at = NULL WHERE run_id = %s", run.run_id)
    with guiding(station):
        assert "left the catalog" in machine.ended().reason


def test_a_kill_in_the_middle_sends_no_command_twice_and_leaves_no_run_stuck(
    station: Station, database_url: str, mqtt_url: str
) -> None:
    machine = Compressors(station, self_test=self_test(40), clean_intake_filter={"after": {"passed": True}})
    machine.predict()
    for enough in (lambda: "self_test" in machine.executed, lambda: machine.run().ended_at is not None):
        with diagnostics_process(database_url, mqtt_url) as process:
            wait_for(enough)
            process.kill()

    assert machine.run().outcome is Outcome.FIXED
    assert machine.executed == ["self_test", "clean_intake_filter"]
