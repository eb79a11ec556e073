"""`aftercare doctor` on services that are fit and on services that are not."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from aftercare.cli.doctor import database as database_checks
from aftercare.cli.doctor import machine as machine_checks
from aftercare.cli.main import commands
from aftercare.embedded import EmbeddedBroker, Origin
from domain.device import Device
from store import devices, diagnostics_session, ingest_slots, undeclared
from store.database import connect


@pytest.fixture
def findings(database_url, mqtt_url, monkeypatch):
    """What the doctor finds, by check; the services are those of the tests unless told otherwise."""

    def examine(*options, mqtt=mqtt_url, database=database_url):
        monkeypatch.setenv("AFTERCARE_DATABASE_URL", database)
        monkeypatch.setenv("AFTERCARE_MQTT_URL", mqtt)
        result = CliRunner().invoke(commands, ["doctor", "--json", *options])
        found = {one["check"]: one for one in json.loads(result.output)}
        assert result.exit_code == (1 if any(one["status"] == "wrong" for one in found.values()) else 0)
        return found

    return examine


def test_services_that_are_fit_are_found_so(findings):
    found = findings("--probe")

    for check in ("settings", "catalog", "database", "schema", "clock", "channels", "broker", "disk", "data", "queue"):
        assert found[check]["status"] == "ok", found[check]["text"]
    assert "Timescale" in found["database"]["text"] or "PostgreSQL" in found["database"]["text"]


def test_a_broker_that_keeps_a_thousand_messages_only_is_found_by_the_probe(findings, binaries, tmp_path, monkeypatch):
    if binaries.origin is Origin.WHEELS:
        pytest.skip("no Mosquitto on this machine")
    limited = lambda *given: f"listener {given[0]} 127.0.0.1\nallow_anonymous true\n"  # noqa: E731 - as it comes
    monkeypatch.setattr("aftercare.embedded.broker.mosquitto_config", limited)
    with EmbeddedBroker(binaries, tmp_path, name="limited", throwaway=True) as broker:
        assert findings(mqtt=broker.url)["broker"]["status"] == "ok"
        queue = findings("--probe", mqtt=broker.url)["queue"]

    assert queue["status"] == "wrong"
    assert "kept 1000 of 1500" in queue["text"]
    assert "max_queued_messages 0" in queue["text"]


def test_nobody_there_is_told_with_the_mend(findings):
    found = findings(mqtt="mqtt://127.0.0.1:1", database="postgresql://postgres@127.0.0.1:1/nowhere")

    assert "start the broker" in found["broker"]["text"]
    assert "Check AFTERCARE_DATABASE_URL" in found["database"]["text"]


def test_one_cause_is_told_once(findings):
    found = findings(database="postgresql://postgres@127.0.0.1:1/nowhere")

    assert [check for check, one in found.items() if one["status"] == "wrong"] == ["database"]
    assert found["upkeep"]["status"] == "skipped"
    assert found["clock"]["text"] == "cannot be looked at without database"


def test_a_schema_that_is_not_current_is_told_once(findings, database_url):
    with connect(database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM schema_migrations")
    found = findings()

    assert [check for check, one in found.items() if one["status"] == "wrong"] == ["schema"]
    assert "aftercare migrate" in found["schema"]["text"]
    assert found["clock"]["status"] == "ok"


def test_what_no_setting_names_is_skipped(binaries, monkeypatch):
    for name in ("AFTERCARE_DATABASE_URL", "AFTERCARE_MQTT_URL", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    result = CliRunner().invoke(commands, ["doctor"])

    assert result.exit_code == 0, result.output
    for check in ("database", "broker", "prefect"):
        assert f"skipped  {check}" in result.output
    assert "services  PostgreSQL and broker from" in result.output


def test_channels_that_no_catalog_declares_are_named_with_a_device_that_sends_them(findings, database_url):
    now = datetime.now(UTC)
    with connect(database_url, autocommit=True) as connection:
        devices.save(connection, [Device("pump", "compressor", service_centre="main")])
        [(device_id,)] = connection.execute("SELECT device_id FROM devices")
        undeclared.note(connection, "compressor", {"oil_smell": device_id, "load": device_id}, now)
        undeclared.note(connection, "compressor", {"long_ago": device_id}, now - timedelta(days=2))
    channels = findings()["channels"]

    assert channels["status"] == "note"
    assert "'oil_smell' of compressor" in channels["text"]
    assert "from pump" in channels["text"]
    assert "long_ago" not in channels["text"]


def test_little_room_and_clocks_that_differ_are_told(findings, monkeypatch):
    monkeypatch.setattr(machine_checks, "MIN_FREE", 1 << 62)
    monkeypatch.setattr(database_checks, "MAX_SKEW", timedelta(seconds=-1))

    found = findings()

    assert "make room" in found["disk"]["text"]
    assert "PostgreSQL stops when its disk is full" in found["data"]["text"]
    assert "keep both by NTP" in found["clock"]["text"]


def test_commands_that_nobody_sends_are_told(findings, database_url):
    assert findings()["commands"]["status"] == "note"
    with connect(database_url, autocommit=True) as connection:
        devices.save(connection, [Device("pump", "compressor", service_centre="main")])
        connection.execute(
            "INSERT INTO commands (device_id, command, arguments, correlation, requested_at, requested_by, expires_at, "
            "timeout, deadline) SELECT device_id, 'snapshot', '{}', decode(repeat('00', 16), 'hex'), now(), 'anna', "
            "now(), '1 s', now() FROM devices"
        )
        told = findings()["commands"]
        assert told["status"] == "wrong"
        assert "start 'aftercare diagnostics'" in told["text"]

        assert diagnostics_session.hold(connection)
        assert findings()["commands"]["status"] == "ok"


def test_slots_that_no_ingest_holds_are_named(findings, database_url):
    with connect(database_url, autocommit=True) as connection:
        for slot, name in ((1, "alive"), (2, "lost"), (3, "just-left")):
            assert ingest_slots.hold(connection, "ingest", slot, name)
        for slot in (2, 3):
            ingest_slots.let_go(connection, "ingest", slot)

        assert "ingest processes: 1" in findings()["replicas"]["text"]
        assert "slot 3 of group ingest waits" in findings()["replicas"]["text"]

        connection.execute("UPDATE ingest_slots SET held_at = held_at - interval '2 minutes' WHERE slot <> 3")
        replicas = findings()["replicas"]

    assert replicas["status"] == "wrong"
    assert "slot 2 of group ingest, last lost's, for 0:02:0" in replicas["text"]
    assert "slot 1" not in replicas["text"]
    assert "slot 3" not in replicas["text"]
    assert "aftercare ingest" in replicas["text"]
