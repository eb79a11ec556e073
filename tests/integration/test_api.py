"""The HTTP API against a real server and database."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from ingest.upkeep.readings import take_written

V1 = "/api/v1"


def walk(client: httpx.Client, path: str, **query: object) -> list[dict[str, Any]]:
    """All items of a list by its cursor."""
    items: list[dict[str, Any]] = []
    address: str | None = str(httpx.URL(V1 + path, params={"limit": 2, **query}))
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert len(body["items"]) <= 2
        items += body["items"]
        address = answer.links["next"]["url"] if body["next"] else None
        assert ("next" in answer.links) == (body["next"] is not None)
    return items


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


@pytest.fixture
def fleet(site: Any) -> Any:
    """Five devices, of which three have an alarm, a ticket and a part reserved or waited for."""
    for number in range(5):
        device_id = site.desk.add_device(f"engine-{number}")
        for hour in range(3):
            recorded = site.desk.predict(device_id, hours=hour, risk=0.9 if number < 3 else 0.1)
            site.desk.act(recorded)
    return site


def test_every_list_gives_each_row_once(fleet: Any) -> None:
    keys = {
        "/devices": ("name", 5),
        "/alarms": ("alarm_id", 3),
        "/tickets": ("ticket_id", 3),
        "/tickets/needed": ("ticket_id", 3),
        "/predictions": ("prediction_id", 15),
        "/predictions/latest": ("prediction_id", 5),
        "/reservations": ("reservation_id", 3),
        "/model-versions": ("model_version_id", 1),
    }
    with fleet.client() as client:
        for path, (key, count) in keys.items():
            found = [item[key] for item in walk(client, path)]
            assert len(found) == count, path
            assert len(set(found)) == count, path
        parts = [item["part_no"] for item in walk(client, "/parts")]
        assert parts == sorted({part.part_no for model in fleet.desk.catalog.values() for part in model.parts})


def test_rows_that_come_between_two_pages_shift_nothing(fleet: Any) -> None:
    with fleet.client() as client:
        first = client.get(f"{V1}/predictions", params={"limit": 5}).json()
        fleet.desk.predict(fleet.desk.add_device("engine-9"))
        second = client.get(f"{V1}/predictions", params={"limit": 5, "after": first["next"]}).json()
    ids = [item["prediction_id"] for item in first["items"] + second["items"]]
    assert ids == list(range(ids[0], ids[0] - 10, -1))


def test_events_of_one_instant_are_paged_without_loss(site: Any) -> None:
    device_id = site.desk.add_device("engine-1")
    for code in "abcde":
        site.desk.rows("INSERT INTO device_events VALUES ('2026-01-01', %s, 'log', %s)", device_id, code)
    with site.client() as client:
        codes = [event["code"] for event in walk(client, "/devices/engine-1/events")]
    assert codes == ["e", "d", "c", "b", "a"]


def test_a_ticket_tells_its_sum_its_life_and_its_parts(fleet: Any) -> None:
    with fleet.client() as client:
        ticket = client.get(f"{V1}/tickets/1").json()
    assert ticket["decision"]["action"] == "act_now"
    assert [event["what"] for event in ticket["events"]] == ["opened"]
    assert [reservation["state"] for reservation in ticket["reservations"]] == ["backordered"]
    assert ticket["parts_needed"] == 1
    assert ticket["parts_ready"] == 0
    assert ticket["need_by"].endswith("Z")


def test_a_ticket_goes_from_open_to_closed(fleet: Any) -> None:
    with fleet.client() as client:
        planned = client.post(f"{V1}/tickets/1/plan", json={"planned_for": "2026-02-01T08:00:00Z", "version": 1})
        assert planned.json()["state"] == "planned"
        problem(client.post(f"{V1}/tickets/1/start", json={"version": 1}), 409)
        assert client.post(f"{V1}/tickets/1/start").json()["state"] == "in_progress"
        assert client.post(f"{V1}/tickets/1/resolve").json()["state"] == "resolved"
        closed = client.post(f"{V1}/tickets/1/close", json={"closure_code": "confirmed"}).json()
    assert closed["state"] == "closed"
    assert {event["who"] for event in closed["events"][1:]} == {"local"}
    assert fleet.desk.value("SELECT count(*) FROM device_events WHERE kind = 'maintenance'") == 1


def test_an_alarm_is_acknowledged_and_shelved(fleet: Any) -> None:
    with fleet.client() as client:
        assert client.post(f"{V1}/alarms/1/acknowledge").json()["ack_by"] == "local"
        shelved = client.post(f"{V1}/alarms/1/shelve", json={"until": "2026-02-01T00:00:00+01:00"}).json()
        assert shelved["shelved_until"] == "2026-01-31T23:00:00Z"
        problem(client.post(f"{V1}/alarms/1/shelve", json={"until": "2025-01-01T00:00:00Z"}), 422)


def test_a_contribution_is_told_in_probability_and_in_log_odds(fleet: Any) -> None:
    told = {"channel": "vibration", "effect": 0.21, "text": "Vibration 2 mm/s above", "log_odds": 1.4}
    fleet.desk.rows("UPDATE predictions SET contributions = %s::jsonb", json.dumps([told]))
    with fleet.client() as client:
        assert walk(client, "/predictions", device="engine-1")[0]["contributions"] == [told]


def test_filters_narrow_the_lists(fleet: Any) -> None:
    fleet.desk.rows("UPDATE devices SET customer = 'Nordwind' WHERE name = 'engine-4'")
    with fleet.client() as client:
        assert [item["name"] for item in walk(client, "/devices", customer="Nordwind")] == ["engine-4"]
        assert [item["name"] for item in walk(client, "/devices", text="NORDW")] == ["engine-4"]
        assert walk(client, "/devices", device_model="heat_pump") == []
        assert len(walk(client, "/predictions", device="engine-1")) == 3
        assert walk(client, "/alarms", severity="WARNING") == []
        assert len(walk(client, "/alarms", active=True)) == 3
        assert [item["device"] for item in walk(client, "/tickets", device="engine-2", state="open")] == ["engine-2"]


def test_a_parameter_that_nobody_knows_is_refused_by_its_name(fleet: Any) -> None:
    with fleet.client() as client:
        lists = ["/devices", "/alarms", "/tickets", "/tickets/needed", "/parts", "/reservations", "/model-versions"]
        for path in (*lists, "/predictions", "/predictions/latest", "/rejected-messages", "/devices/engine-1"):
            body = problem(client.get(V1 + path, params={"stat": "open"}), 422)
            assert [one["place"] for one in body["errors"]] == ["query.stat"], path
        body = problem(client.get(f"{V1}/alarms", params={"devise": "engine-1"}), 422)
        assert "active, severity, device, acknowledged" in body["detail"]


def test_a_device_tells_when_it_was_heard_beside_what_its_own_clock_told(fleet: Any) -> None:
    fleet.desk.rows("UPDATE devices SET last_seen_at = '2026-01-02', heard_at = '2026-01-03' WHERE name = 'engine-1'")
    with fleet.client() as client:
        told = client.get(f"{V1}/devices/engine-1").json()
        page = client.get("/devices/engine-1").text
    assert (told["last_seen_at"], told["heard_at"]) == ("2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z")
    assert "Last heard" in page
    assert "2026-01-03 00:00" in page


def test_telemetry_comes_in_buckets_that_keep_the_spike(site: Any) -> None:
    device_id = site.desk.add_device("engine-1")
    site.desk.rows(
        "INSERT INTO readings_turbofan_fd001 (ts, device_id, t24) SELECT t, %s, "
        "CASE WHEN t = '2026-01-01 12:34' THEN 999 ELSE 640 END "
        "FROM generate_series('2026-01-01'::timestamptz, '2026-01-01 23:59', '1 minute') t",
        device_id,
    )
    query = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z", "channels": "t24", "points": 48}
    with site.client() as client:
        answer = client.get(f"{V1}/devices/engine-1/telemetry", params=query).json()
        assert answer["bucket_seconds"] == 1800
        assert len(answer["ts"]) == 48
        [channel] = answer["channels"]
        assert max(channel["high"]) == 999
        assert min(channel["low"]) == 640
        assert channel["unit"] == "degR"
        problem(client.get(f"{V1}/devices/engine-1/telemetry", params={**query, "channels": "nonsense"}), 404)
        problem(client.get(f"{V1}/devices/engine-1/telemetry", params={**query, "until": query["since"]}), 422)


ERRORS = [
    ("GET", "/nonsense", 404),
    ("GET", "/devices/nobody", 404),
    ("GET", "/tickets/77", 404),
    ("POST", "/alarms/77/acknowledge", 404),
    ("DELETE", "/devices", 405),
    ("GET", "/devices?limit=0", 422),
    ("GET", "/devices?limit=501", 422),
    ("GET", "/devices?after=nonsense", 422),
    ("GET", "/tickets?after=WyJhIl0", 422),
    ("GET", "/devices/%00", 422),
    ("GET", "/devices?customer=%00", 422),
    ("GET", "/tickets/99999999999999999999", 422),
    ("GET", "/alarms?severity=LOUD", 422),
    ("POST", "/tickets/1/close", 422),
    ("GET", "/feed?after=-1", 422),
]


def test_every_error_is_a_problem_document(site: Any) -> None:
    with site.client() as client:
        for method, path, status in ERRORS:
            body = problem(client.request(method, V1 + path), status)
            assert body["instance"].startswith("/api/v1/")


def test_health_and_metrics_tell_how_the_server_is(site: Any) -> None:
    with site.client() as client:
        health = client.get(f"{V1}/health").json()
        assert health["status"] == "ok"
        assert "PostgreSQL" in health["database_tier"] or "TimescaleDB" in health["database_tier"]
        client.get(f"{V1}/devices/nobody")
        metrics = client.get(f"{V1}/metrics").text
    assert 'aftercare_http_requests_total{method="GET",route="/devices/{name}",status="404"} 1.0' in metrics
    assert "aftercare_feed_listeners 0.0" in metrics


def test_openapi_names_every_operation_once(site: Any) -> None:
    with site.client() as client:
        document = client.get(f"{V1}/openapi.json").json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)
    assert all(operation["tags"] and operation["description"] for operation in operations)
    assert "Problem" in document["components"]["schemas"]
    assert "HTTPValidationError" not in str(operations)


def test_other_sites_are_refused(site: Any) -> None:
    site.desk.act(site.desk.predict(site.desk.add_device("engine-1")))
    with site.client() as client:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            problem(client.post(f"{V1}/alarms/1/acknowledge", headers=headers), 403)
            assert client.post("/alarms/1/acknowledge", headers=headers).status_code == 403
        assert client.post("/alarms/1/acknowledge", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
        headers = client.get("/").headers
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert headers["x-content-type-options"] == "nosniff"


def test_times_are_read_with_their_zone_only(fleet: Any) -> None:
    with fleet.client() as client:
        problem(client.post(f"{V1}/tickets/1/plan", json={"planned_for": "2026-02-01T08:00:00"}), 422)
    assert fleet.desk.value("SELECT planned_for FROM tickets WHERE ticket_id = 1") is None


def test_the_newest_values_of_a_device_and_of_its_fleet(site: Any) -> None:
    model = site.desk.device_model
    for number in range(2):
        site.desk.rows(
            "WITH new AS (INSERT INTO dirty_batches (device_model, device_ids, first_ts, last_ts) "
            "VALUES (%s, ARRAY[%s::bigint], ARRAY['2026-01-01'::timestamptz], ARRAY['2026-01-01'::timestamptz])) "
            f"INSERT INTO {model.readings_table} (device_id, ts, mach) VALUES (%s, '2026-01-01', %s)",
            model.name,
            device_id := site.desk.add_device(f"engine-{number}"),
            device_id,
            number,
        )
    take_written(site.desk.database, model)

    with site.client() as client:
        one = client.get(f"{V1}/devices/engine-1/latest").json()
        fleet = client.get(f"{V1}/latest/{model.name}").json()
        problem(client.get(f"{V1}/devices/nobody/latest"), 404)
        problem(client.get(f"{V1}/latest/nothing"), 404)

    assert one == [{"channel": "mach", "ts": "2026-01-01T00:00:00Z", "value": 1.0}]
    assert fleet["devices"] == ["engine-0", "engine-1"]
    assert [dict(zip(fleet["channels"], row, strict=True))["mach"] for row in fleet["values"]] == [0.0, 1.0]
