"""`aftercare doctor` on services that are fit and on services that are not."""

import json

import pytest
from click.testing import CliRunner

from aftercare.cli import doctor as doctor_module
from aftercare.cli.main import commands
from aftercare.embedded import EmbeddedBroker, Origin
from store import ingest_slots
from store.database import connect


@pytest.fixture
def findings(database_url, mqtt_url, monkeypatch):
    """What the doctor finds, by check; the services are those of the tests unless told otherwise."""

    def examine(*options, mqtt=mqtt_url, database=database_url):
        monkeypatch.setenv("AFTERCARE_DATABASE_URL", database)
        monkeypatch.setenv("AFTERCARE_MQTT_URL", mqtt)
        result = CliRunner().invoke(commands, ["doctor", "--json", *options])
        found = {one["check"]: one for one in json.loads(result.output)}
        assert result.exit_code == (0 if all(one["ok"] for one in found.values()) else 1)
        return found

    return examine


def test_services_that_are_fit_are_found_so(findings):
    found = findings("--probe")

    for check in ("settings", "catalog", "database", "clock", "broker", "disk", "queue"):
        assert found[check]["ok"], found[check]["text"]
    assert "Timescale" in found["database"]["text"] or "PostgreSQL" in found["database"]["text"]


def test_a_broker_that_keeps_a_thousand_messages_only_is_found_by_the_probe(findings, binaries, tmp_path, monkeypatch):
    if binaries.origin is Origin.WHEELS:
        pytest.skip("no Mosquitto on this machine")
    limited = lambda *given: f"listener {given[0]} 127.0.0.1\nallow_anonymous true\n"  # noqa: E731 - as it comes
    monkeypatch.setattr("aftercare.embedded.broker.mosquitto_config", limited)
    with EmbeddedBroker(binaries, tmp_path, name="limited", throwaway=True) as broker:
        assert findings(mqtt=broker.url)["broker"]["ok"]
        queue = findings("--probe", mqtt=broker.url)["queue"]

    assert not queue["ok"]
    assert "kept 1000 of 1500" in queue["text"]
    assert "max_queued_messages 0" in queue["text"]


def test_nobody_there_is_told_with_the_mend(findings):
    found = findings(mqtt="mqtt://127.0.0.1:1", database="postgresql://postgres@127.0.0.1:1/nowhere")

    assert "start the broker" in found["broker"]["text"]
    assert "Check AFTERCARE_DATABASE_URL" in found["database"]["text"]


def test_little_room_and_clocks_that_differ_are_told(findings, monkeypatch):
    monkeypatch.setattr(doctor_module, "MIN_FREE", 1 << 62)
    monkeypatch.setattr(doctor_module, "MAX_SKEW", doctor_module.timedelta(seconds=-1))

    found = findings()

    assert "make room" in found["disk"]["text"]
    assert "keep both by NTP" in found["clock"]["text"]


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

    assert not replicas["ok"]
    assert "slot 2 of group ingest, last lost's, for 0:02:0" in replicas["text"]
    assert "slot 1" not in replicas["text"]
    assert "slot 3" not in replicas["text"]
    assert "aftercare ingest" in replicas["text"]
