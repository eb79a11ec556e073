"""Everything about a customer's devices as one ZIP: theirs, all of it, and nothing that is the maker's own."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
import zipfile

import pyarrow.parquet
import pytest

from aftercare.access import COOKIE
from aftercare.customer_archive import archive_pieces
from domain.account import Role
from store.scope import seen_by

from .conftest import START, Site, session_of
from .test_api_exports import add_readings
from .test_customers import OURS, THEIRS, two_customers

__all__ = ["two_customers"]
EXPORT = "/api/v1/customer-export"
COSTS = ("decision", "entitlement", "minor", "cost", "price", "on_hand", "service_centre", "ack_by", "comment")


@pytest.fixture
def served(two_customers: Site) -> Site:
    """Both with a command whose answer is a file, and a note of the maker's people in the ticket's history."""
    desk = two_customers.desk
    for device_id, word in desk.rows("SELECT device_id, split_part(name, '-', 1) FROM devices"):
        command_id = desk.value(
            "INSERT INTO commands (device_id, command, arguments, correlation, requested_at, requested_by, expires_at, "
            "timeout, deadline) VALUES (%s, 'fetch_log', '{}', decode(repeat('00', 16), 'hex'), now(), "
            "'planner-paula', now(), '1 min', now()) RETURNING command_id",
            device_id,
        )
        desk.rows(
            "INSERT INTO command_files (command_id, name, content_type, size, sha256, content, received_at) "
            "VALUES (%s, %s, 'text/plain', 3, '', %s, %s)",
            command_id,
            f"../../{word}.log",
            word.encode(),
            START,
        )
        desk.rows(
            "INSERT INTO ticket_events (ticket_id, at, who, what, detail) "
            "SELECT ticket_id, %s, 'planner-paula', 'moved', '{\"reason\": \"internal\"}' "
            "FROM tickets WHERE device_id = %s",
            START,
            device_id,
        )
    return two_customers


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def lines(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_a_customer_takes_home_all_of_theirs_and_nothing_else(served: Site) -> None:
    cookies = {COOKIE: session_of(served.desk.database, "guest", Role.VIEWER, OURS)}
    with served.client(cookies=cookies) as client:
        answer = client.get(EXPORT)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
        assert client.get(EXPORT, params={"customer": THEIRS}).status_code == 403
    files = unpacked(answer.content)
    assert not any(b"lobex" in name.encode() + content for name, content in files.items())
    for name, content in files.items():
        assert b"paula" not in content, name
        assert b"internal" not in content, name
    contents = json.loads(files["contents.json"])
    filled = {name.partition(".")[0] for name, count in contents["rows"].items() if count}
    assert filled >= {"devices", "events", "predictions", "alarms", "tickets", "ticket_history", "commands"}
    assert [row["mach"] for row in lines(files["readings/acme-1.csv"])] == ["0.5"]
    assert [files[name] for name in files if name.startswith("files/")] == [b"acme"]
    assert not any(".." in name.split("/") for name in files)
    for name, columns in contents["columns"].items():
        assert not [column for column in columns if any(word in column for word in COSTS)], name
        assert f"{name}.csv\n".encode() in files["README.txt"]
        assert files[f"{name}.csv"].decode().splitlines()[0].split(",") == list(columns)


def test_the_maker_gets_what_the_customer_gets_in_each_format(served: Site) -> None:
    with served.client() as client:
        assert client.get(EXPORT).status_code == 422
        assert client.get(EXPORT, params={"customer": OURS, "format": "xml"}).status_code == 422
        tables = {
            form: unpacked(client.get(EXPORT, params={"customer": OURS, "format": form}).content)
            for form in ("csv", "parquet", "jsonl")
        }
        unknown = client.get(EXPORT, params={"customer": OURS.lower()})
    assert (unknown.status_code, f"did you mean '{OURS}'" in unknown.json()["detail"]) == (422, True)
    for name in json.loads(tables["csv"]["contents.json"])["columns"]:
        rows = len(lines(tables["csv"][f"{name}.csv"]))
        assert pyarrow.parquet.read_table(io.BytesIO(tables["parquet"][f"{name}.parquet"])).num_rows == rows, name
        assert len(tables["jsonl"][f"{name}.jsonl"].splitlines()) == rows, name
    assert b"globex" not in b"".join(tables["jsonl"].values())


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_archive_is_never_whole_in_memory(served: Site, form: str) -> None:
    desk = served.desk
    device_id = desk.value("SELECT device_id FROM devices WHERE name = 'acme-1'")
    desk.rows(f"DELETE FROM {desk.device_model.readings_table}")
    peaks = []
    for count in (20_000, 60_000):
        desk.rows(f"DELETE FROM {desk.device_model.readings_table}")
        add_readings(desk, device_id, count)
        with seen_by(OURS), desk.database.transaction() as connection:
            tracemalloc.start()
            for _ in archive_pieces(connection, desk.catalog, customer=OURS, form=form, now=START):
                pass
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]
