"""`aftercare devices`: registering, credentials and quarantine, on the real database."""

import json
from datetime import UTC, datetime, timedelta

import orjson
import psycopg
import pytest
from click.testing import CliRunner

from aftercare.cli.main import commands
from domain.errors import AftercareError, ConflictError, InvalidInputError, NotFoundError
from store import quarantine, rejected
from store.database import Database
from store.rejected import RejectedMessage

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MODEL = "turbofan_fd001"


@pytest.fixture
def run(database_url, monkeypatch):
    """Runs the command and gives what it printed; an error of ours is raised."""
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", database_url)

    def call(*arguments, code=0):
        result = CliRunner().invoke(commands, ["devices", *map(str, arguments)])
        if isinstance(result.exception, AftercareError):
            raise result.exception
        assert result.exit_code == code, result.output
        return result.output

    return call


@pytest.fixture
def rows(database_url):
    def ask(statement):
        with psycopg.connect(database_url) as connection:
            return connection.execute(statement).fetchall()

    return ask


def test_a_device_is_added_once_with_its_components(run, rows, catalog):
    assert "credentials press-17" in run("add", "press-17", "--device-model", MODEL, "--installed-at", "2026-01-01")
    with pytest.raises(ConflictError, match="registered already"):
        run("add", "press-17", "--device-model", MODEL)

    [device] = map(json.loads, run("list", "--json").splitlines())
    assert (device["name"], device["service_centre"], device["connectivity"]) == ("press-17", "main", "unknown")
    assert sorted(rows("SELECT component FROM components")) == sorted((one.name,) for one in catalog[MODEL].components)
    assert rows("SELECT who, action, object_id FROM audit_log") == [("command line", "register", "press-17")]


def test_a_file_that_is_imported_again_changes_nothing(run, rows, tmp_path):
    path = tmp_path / "fleet.csv"
    path.write_text(f"name,device_model,site\na,{MODEL},Halle\nb,{MODEL},Ulm\n")

    assert run("import", path).splitlines() == ["2 registered, 0 known, 0 rejected"]
    before = rows("SELECT * FROM devices ORDER BY name")
    assert run("import", path).splitlines() == ["0 registered, 2 known, 0 rejected"]
    assert rows("SELECT * FROM devices ORDER BY name") == before


def test_rejected_lines_are_told_and_the_others_are_taken(run, rows, tmp_path):
    path = tmp_path / "fleet.csv"
    path.write_text(f"name,device_model\na,{MODEL}\nb,toaster\nc,compressor\n")
    run("add", "c", "--device-model", MODEL)

    told = run("import", path, code=1)

    assert f"{path}:3: the catalog has no device model 'toaster'" in told
    assert f"{path}:4: device 'c' is registered as a {MODEL}" in told
    assert rows("SELECT name, device_model FROM devices ORDER BY name") == [("a", MODEL), ("c", MODEL)]


def test_passwords_of_a_file_are_written_once_and_for_new_devices_only(run, rows, tmp_path):
    path, passwords = tmp_path / "fleet.csv", tmp_path / "passwords.csv"
    path.write_text(f"name,device_model\na,{MODEL}\nb,{MODEL}\n")
    run("add", "a", "--device-model", MODEL)

    run("import", path, "--passwords", passwords)

    [_, line] = passwords.read_text().splitlines()
    assert line.startswith("b,")
    assert passwords.stat().st_mode & 0o777 == 0o600
    assert line[2:] not in str(rows("SELECT * FROM device_credentials"))
    with pytest.raises(AftercareError, match="not there yet"):
        run("import", path, "--passwords", passwords)


def test_credentials_are_given_once_and_can_be_rotated(run, rows):
    with pytest.raises(NotFoundError, match="not registered"):
        run("credentials", "press-17")
    run("add", "press-17", "--device-model", MODEL)
    first = run("credentials", "press-17").strip()
    with pytest.raises(ConflictError, match="--rotate"):
        run("credentials", "press-17")
    before = rows("SELECT password_hash FROM device_credentials")

    second = run("credentials", "press-17", "--rotate").strip()

    assert first != second
    assert rows("SELECT password_hash FROM device_credentials") != before


def test_the_password_file_keeps_the_platforms_users_and_drops_who_has_gone(run, tmp_path):
    path = tmp_path / "passwords"
    path.write_text("aftercare:$7$1$a$b\naftercare-probe:$7$1$c$d\ngone:$7$1$e$f\n")
    path.chmod(0o640)
    run("add", "press-17", "--device-model", MODEL)
    run("credentials", "press-17")

    told = run("write-password-file", path)

    users = [line.partition(":")[0] for line in path.read_text().splitlines()]
    assert users == ["aftercare", "aftercare-probe", "press-17"]
    assert path.stat().st_mode & 0o777 == 0o640
    assert "no device of that name has credentials: gone" in told
    assert [entry.name for entry in tmp_path.iterdir()] == ["passwords"], "nothing is left beside it"


def test_a_password_file_that_cannot_be_written_stays_as_it_is(run, tmp_path):
    with pytest.raises(AftercareError, match="cannot be written"):
        run("write-password-file", tmp_path / "nowhere" / "passwords")


def reading(name, minute, payload=None):
    ts = (NOON + timedelta(minutes=minute)).isoformat()
    payload = payload or orjson.dumps({"ts": ts, "values": {"mach": 0.5}})
    return RejectedMessage(f"devices/{name}/telemetry", payload, f"device {name!r} is not registered", NOON)


def test_a_stranger_is_accepted_with_everything_that_it_sent(run, rows, database_url):
    with Database(database_url) as database, database.transaction() as connection:
        sent = [reading("late", minute) for minute in range(1200)] + [reading("other", 0)]
        assert rejected.record(connection, sent) == 0
        assert rejected.record(connection, [reading("late", 0)]) == 0
    strangers = {one["sender"]: one for one in map(json.loads, run("quarantined", "--json").splitlines())}
    assert {name: one["messages"] for name, one in strangers.items()} == {"late": 1200, "other": 1}

    told = run("accept", "late", "--device-model", MODEL)

    assert "1200 of the 1200 messages" in told
    assert rows(f"SELECT count(*), max(ts) FROM readings_{MODEL}") == [(1200, NOON + timedelta(minutes=1199))]
    assert [json.loads(line)["sender"] for line in run("quarantined", "--json").splitlines()] == ["other"]
    assert run("discard", "other") == "1 messages of other are deleted\n"
    assert run("quarantined") == "no stranger has sent anything\n"


def test_a_stranger_cannot_be_accepted_as_what_nobody_describes(run):
    with pytest.raises(InvalidInputError, match="no device model 'toaster'"):
        run("accept", "late", "--device-model", "toaster")
    with pytest.raises(NotFoundError, match="not in quarantine"):
        run("discard", "late")


def test_what_goes_beyond_the_cap_is_dropped_and_counted_per_stranger(database_url):
    with Database(database_url) as database, database.transaction() as connection:
        flood = [reading("loud", 0, payload=bytes([number]) * (1 << 20)) for number in range(20)]
        dropped = rejected.record(connection, flood)
        dropped += rejected.record(connection, flood)
        assert rejected.record(connection, [reading("quiet", 0)]) == 0
        strangers = {one.sender: one for one in quarantine.list_strangers(connection)}

    assert strangers["loud"].messages == 15
    assert strangers["loud"].bytes <= quarantine.PER_SENDER
    assert strangers["loud"].dropped == dropped
    assert strangers["quiet"].messages == 1
