"""Tables as files over HTTP."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow.parquet
import pytest

from aftercare.access import COOKIE
from aftercare.table_formats import encode
from api import exports
from domain.account import Role
from store.exports import read_readings, reading_columns

from .conftest import START, session_of
from .test_api import problem
from .test_api_alarms import raise_alarm

if TYPE_CHECKING:
    from .conftest import Desk, Site

EXPORTS = "/api/v1/exports"


def add_readings(desk: Desk, device_id: int, count: int) -> None:
    desk.rows(
        f"INSERT INTO {desk.device_model.readings_table} (ts, device_id, mach) "
        "SELECT %s::timestamptz + i * interval '1 second', %s, i FROM generate_series(0, %s) i",
        START,
        device_id,
        count - 1,
    )


@pytest.fixture
def fleet(site: Site) -> Site:
    for customer in ("acme", "globex"):
        device_id = site.desk.add_device(f"{customer}-1")
        site.desk.rows("UPDATE devices SET customer = %s WHERE device_id = %s", customer, device_id)
        site.desk.act(site.desk.predict(device_id))
        raise_alarm(site.desk, device_id)
        add_readings(site.desk, device_id, 25)
    return site


def test_every_table_comes_in_every_format_with_the_same_rows(fleet: Site) -> None:
    readings = {"device": "acme-1", "since": START.isoformat(), "until": (START + timedelta(seconds=10)).isoformat()}
    wanted = {"devices": 2, "alarms": 4, "tickets": 2, "predictions": 2, "readings": 10}
    with fleet.client() as client:
        for name, count in {**wanted, "stock-journal": 0}.items():
            query = readings if name == "readings" else {}
            answers = {
                form: client.get(f"{EXPORTS}/{name}", params={**query, "format": form})
                for form in ("csv", "jsonl", "parquet")
            }
            for form, answer in answers.items():
                assert answer.status_code == 200, answer.text
                assert answer.headers["content-disposition"] == f'attachment; filename="{name}.{form}"'
            lines = list(csv.DictReader(io.StringIO(answers["csv"].text)))
            objects = [json.loads(line) for line in answers["jsonl"].text.splitlines()]
            table = pyarrow.parquet.read_table(io.BytesIO(answers["parquet"].content))
            assert len(lines) == len(objects) == table.num_rows == count, name
            if objects:
                assert list(lines[0]) == list(objects[0]) == table.column_names


def test_accept_chooses_the_format_and_bounds_the_rows(fleet: Site) -> None:
    with fleet.client(headers={"Accept": "application/x-ndjson, text/csv;q=0.5"}) as client:
        first = json.loads(client.get(f"{EXPORTS}/alarms").text.splitlines()[0])
        assert (first["device"], first["customer"], first["active"]) == ("acme-1", "acme", True)
        until = {"until": START.isoformat()}
        assert client.get(f"{EXPORTS}/alarms", params=until).text == ""
        assert client.get(f"{EXPORTS}/alarms", params={"device_model": "heat_pump"}).text == ""
        problem(client.get(f"{EXPORTS}/readings", params={"device": "acme-1"}), 422)
        bounds = {"since": START.isoformat(), "until": (START + timedelta(days=1)).isoformat()}
        problem(client.get(f"{EXPORTS}/readings", params={"device": "nobody", **bounds}), 404)
        problem(client.get(f"{EXPORTS}/alarms", params={"format": "xlsx"}), 422)


def test_a_customer_exports_their_own(fleet: Site) -> None:
    cookies = {COOKIE: session_of(fleet.desk.database, "guest", Role.VIEWER, "acme")}
    with fleet.client(cookies=cookies) as client:
        for name in ("devices", "alarms", "tickets", "predictions"):
            text = client.get(f"{EXPORTS}/{name}").text
            assert "acme-1" in text
            assert "globex" not in text
        problem(client.get(f"{EXPORTS}/stock-journal"), 403)
        bounds = {"since": START.isoformat(), "until": (START + timedelta(days=1)).isoformat()}
        problem(client.get(f"{EXPORTS}/readings", params={"device": "globex-1", **bounds}), 404)


def test_more_than_there_are_slots_are_told_to_wait_and_slots_come_back(
    fleet: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(exports, "SLOTS", exports.Slots())
    add_readings(fleet.desk, fleet.desk.add_device("long"), 100_000)
    bounds = {"device": "long", "since": START.isoformat(), "until": (START + timedelta(days=9)).isoformat()}
    with fleet.client() as client:
        with client.stream("GET", f"{EXPORTS}/readings", params=bounds) as unread:
            assert unread.status_code == 200
            problem(client.get(f"{EXPORTS}/devices"), 503)
        for _ in range(1000):
            if client.get(f"{EXPORTS}/devices").status_code == 200:
                break
        else:
            pytest.fail("the slot of a client that left is not free again")


def test_memory_does_not_grow_with_the_rows(desk: Desk) -> None:
    add_readings(desk, desk.add_device("long"), 100_000)
    columns = reading_columns(desk.device_model)
    peaks = {}
    for rows in (20_000, 100_000):
        with desk.database.transaction() as connection:
            until = START + timedelta(seconds=rows)
            batches = read_readings(connection, desk.device_model, device="long", since=START, until=until)
            tracemalloc.start()
            size = sum(len(piece) for piece in encode("csv", columns, batches))
            peaks[rows] = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    assert size > 3_000_000
    assert peaks[100_000] < 1.2 * peaks[20_000]
