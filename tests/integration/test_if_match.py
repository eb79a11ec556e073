"""An edit with If-Match takes effect only on what its sender has seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import START
from .test_api import problem
from .test_api_alarms import raise_alarm

if TYPE_CHECKING:
    import httpx

    from .conftest import Site

V1 = "/api/v1"


def overtaken(answer: httpx.Response) -> dict[str, Any]:
    body = problem(answer, 412)
    assert answer.headers["etag"]
    present: dict[str, Any] = body["present"]
    return present


def test_an_alarm_is_changed_only_as_it_was_seen(site: Site) -> None:
    alarm_id = raise_alarm(site.desk, site.desk.add_device("d1"))
    alarm = f"{V1}/alarms/{alarm_id}"
    with site.client() as client:
        seen = client.get(alarm).headers["etag"]
        raise_alarm(site.desk, site.desk.value("SELECT device_id FROM devices"))
        assert client.get(alarm).headers["etag"] == seen, "one more occurrence is no other alarm to decide upon"
        taken = client.post(f"{alarm}/assign", json={"assigned_to": "anna"}, headers={"If-Match": seen})
        assert taken.headers["etag"] != seen
        late = client.post(f"{alarm}/assign", json={"assigned_to": "bert"}, headers={"If-Match": seen})
        assert overtaken(late)["assigned_to"] == "anna"
        assert late.headers["etag"] == taken.headers["etag"]
        either = f'"other", {late.headers["etag"]}'
        assert client.post(f"{alarm}/acknowledge", headers={"If-Match": either}).status_code == 200
        assert client.post(f"{alarm}/acknowledge", headers={"If-Match": "*"}).status_code == 200
        problem(client.post(f"{V1}/alarms/99/acknowledge", headers={"If-Match": seen}), 404)


def test_of_several_who_saw_the_same_one_wins(site: Site) -> None:
    alarm_id = raise_alarm(site.desk, site.desk.add_device("d1"))
    with site.client() as client, ThreadPoolExecutor(6) as pool:
        seen = {"If-Match": client.get(f"{V1}/alarms/{alarm_id}").headers["etag"]}

        def take(name: str) -> int:
            body = {"assigned_to": name}
            return client.post(f"{V1}/alarms/{alarm_id}/assign", json=body, headers=seen).status_code

        assert sorted(pool.map(take, "abcdef")) == [200, 412, 412, 412, 412, 412]


def test_a_tickets_tag_is_its_version(site: Site) -> None:
    ticket_id = site.desk.add_ticket("d1")
    ticket = f"{V1}/tickets/{ticket_id}"
    planning = {"planned_for": "2026-02-01T08:00:00Z"}
    with site.client() as client:
        assert client.get(ticket).headers["etag"] == '"1"'
        planned = client.post(f"{ticket}/plan", json=planning, headers={"If-Match": '"1"'})
        assert planned.headers["etag"] == f'"{planned.json()["version"]}"'
        assert overtaken(client.post(f"{ticket}/start", headers={"If-Match": '"1"'}))["state"] == "planned"
        assert overtaken(client.post(f"{ticket}/book", headers={"If-Match": '"1"'}))["state"] == "planned"
        assert client.post(f"{ticket}/start", headers={"If-Match": planned.headers["etag"]}).status_code == 200


def test_a_users_rights_are_changed_as_they_were_seen(site: Site) -> None:
    with site.client() as client:
        client.post(f"{V1}/users", json={"name": "anna", "role": "viewer"})
        seen = client.get(f"{V1}/users/anna").headers["etag"]
        client.post(f"{V1}/users/anna/disable", headers={"If-Match": seen})
        late = client.put(f"{V1}/users/anna/rights", json={"role": "planner"}, headers={"If-Match": seen})
        assert overtaken(late)["disabled_at"] is not None
        assert client.get(f"{V1}/users/anna").json()["role"] == "viewer"
        problem(client.get(f"{V1}/users/nobody"), 404)


def test_a_site_is_described_anew_only_as_it_was_seen(site: Site) -> None:
    description = {"customer": "Acme", "site": "Plant 1", "time_zone": "UTC", "hours": "Mo-Fr 08:00-17:00"}
    with site.client() as client:
        first = client.put(f"{V1}/sites/descriptions", json=description)
        assert first.headers["etag"] == '"1"', first.text
        second = client.put(f"{V1}/sites/descriptions", json=description, headers={"If-Match": '"1"'})
        assert second.json()["version"] == 2
        late = client.put(f"{V1}/sites/descriptions", json=description, headers={"If-Match": '"1"'})
        assert overtaken(late)["version"] == 2
        other = {**description, "site": "Plant 2"}
        problem(client.put(f"{V1}/sites/descriptions", json=other, headers={"If-Match": '"1"'}), 412)


def test_what_hangs_on_a_ticket_is_changed_as_the_ticket_was_seen(site: Site) -> None:
    ticket = f"{V1}/tickets/{site.desk.add_ticket('d1')}"
    site.desk.rows("UPDATE tickets SET failure_mode = %s", site.desk.failure_mode)
    with site.client() as client:
        paused = client.post(f"{ticket}/pause", json={"reason": "waiting_for_part"}, headers={"If-Match": '"1"'})
        assert (paused.status_code, paused.headers["etag"]) == (200, '"2"'), paused.text
        assert client.get(ticket).headers["etag"] == '"2"'
        assert overtaken(client.post(f"{ticket}/resume", headers={"If-Match": '"1"'}))["version"] == 2
        assert client.post(f"{ticket}/resume", headers={"If-Match": '"2"'}).headers["etag"] == '"3"'
        decided = client.post(f"{ticket}/entitlement", json={"cause": "misuse"}, headers={"If-Match": '"3"'})
        assert decided.headers["etag"] == '"4"', decided.text
        assert client.post(f"{ticket}/start").json()["version"] == 5
        resolved = client.post(f"{ticket}/resolve").headers["etag"]
        said = client.post(f"{ticket}/feedback", json={"satisfaction": 4}, headers={"If-Match": resolved})
        assert said.json()["satisfaction"] == 4
        assert client.get(ticket).headers["etag"] == said.headers["etag"] != resolved


def test_of_several_who_store_the_same_paper_one_wins(site: Site) -> None:
    site.desk.add_device("d1")
    technician = {"technician": "anna", "service_centre": "north"}
    warranty = {"warranty_no": "W1", "device": "d1", "term_months": 24}
    with site.client() as client, ThreadPoolExecutor(6) as pool:
        for path, paper in (("technicians", technician), ("warranties", warranty)):
            stored = client.put(f"{V1}/{path}", json=paper)
            assert stored.headers["etag"] == '"1"', stored.text

            def store(_: int, path: str = path, paper: dict[str, Any] = paper) -> int:
                return client.put(f"{V1}/{path}", json=paper, headers={"If-Match": '"1"'}).status_code

            assert sorted(pool.map(store, range(6))) == [200, 412, 412, 412, 412, 412], path


@pytest.fixture
def objects(site: Site) -> dict[str, object]:
    """One of each that has an address, by its name there."""
    ticket_id = site.desk.add_ticket("d1")
    site.desk.rows("INSERT INTO service_centres VALUES ('south') ON CONFLICT DO NOTHING")
    [[transfer_id]] = site.desk.rows(
        "INSERT INTO part_transfers (part_no, quantity, from_centre, to_centre, state, takes, created_at, who) "
        "VALUES (%s, 1, 'south', 'north', 'suggested', '1 day', %s, 'anna') RETURNING transfer_id",
        site.desk.part_no,
        START,
    )
    [[return_id]] = site.desk.rows(
        "INSERT INTO part_returns (ticket_id, component, service_centre, state, expected_at) "
        "VALUES (%s, 'fan', 'north', 'expected', %s) RETURNING return_id",
        ticket_id,
        START,
    )
    with site.client() as client:
        client.post(f"{V1}/users", json={"name": "anna", "role": "viewer"})
        client.put(f"{V1}/people/anna", json={"groups": ["ops"]})
        client.put(f"{V1}/escalations/night", json={"steps": [{"after_minutes": 10, "calls": ["anna"]}]})
        erp = client.post(f"{V1}/webhooks", json={"name": "erp", "url": "https://192.0.32.7/in"}).json()
    alarm_id = raise_alarm(site.desk, site.desk.add_device("d2"))
    named = {"ticket_id": ticket_id, "transfer_id": transfer_id, "return_id": return_id, "alarm_id": alarm_id}
    return {**named, "name": "anna", "person": "anna", "policy": "night", "receiver_id": erp["receiver_id"]}


def test_every_edit_that_takes_a_tag_refuses_a_stale_one(site: Site, objects: dict[str, object]) -> None:
    edits, read = 0, 0
    with site.client() as client:
        paths = client.get(f"{V1}/openapi.json").json()["paths"]
        for path, methods in paths.items():
            for method, operation in methods.items():
                address = path.format_map(objects) if edit_of(operation) else ""
                if not address:
                    continue
                edits += 1
                body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
                late = client.request(method, address, json=body, headers={"If-Match": '"stale"'})
                assert overtaken(late) is not None, address
                assert "look at how it stands now, and decide again" in late.json()["detail"]
                for seen in (one for one in (path, path.rpartition("/")[0]) if is_tagged(paths.get(one, {}))):
                    read += 1
                    assert client.get(seen.format_map(objects)).headers["etag"] == late.headers["etag"], address
    assert edits - read == 5, "sites, warranties, contracts and technicians are seen in lists, webhooks as receivers"
    assert read > 28


def is_tagged(methods: dict[str, Any]) -> bool:
    return "ETag" in methods.get("get", {}).get("responses", {}).get("200", {}).get("headers", {})


def test_who_is_told_and_how_is_changed_only_as_it_was_seen(site: Site, objects: dict[str, object]) -> None:
    edits = {
        "people/anna": ("PUT", "people/anna", {"groups": ["night"]}),
        "escalations/night": ("PUT", "escalations/night", {"steps": [{"after_minutes": 5, "calls": ["anna"]}]}),
        f"receivers/{objects['receiver_id']}": ("POST", f"webhooks/{objects['receiver_id']}/rotate", None),
        "transfer-times": ("PUT", "transfer-times", {"from_centre": "north", "to_centre": "south", "hours": 6}),
    }
    with site.client() as client:
        for address, (method, edit, body) in edits.items():
            seen = client.get(f"{V1}/{address}").headers["etag"]
            first, late = (
                client.request(method, f"{V1}/{edit}", json=body, headers={"If-Match": seen}) for _ in range(2)
            )
            assert first.status_code == 200, first.text
            overtaken(late)
            assert first.headers["etag"] == late.headers["etag"] == client.get(f"{V1}/{address}").headers["etag"], edit
        removals = {"escalations/night", f"receivers/{objects['receiver_id']}", "people/anna"}
        for address in sorted(removals):
            overtaken(client.delete(f"{V1}/{address}", headers={"If-Match": '"stale"'}))
            seen = client.get(f"{V1}/{address}").headers["etag"]
            assert client.delete(f"{V1}/{address}", headers={"If-Match": seen}).status_code == 204
            problem(client.delete(f"{V1}/{address}", headers={"If-Match": seen}), 404)


def edit_of(operation: dict[str, Any]) -> bool:
    return any(parameter["name"].lower() == "if-match" for parameter in operation.get("parameters", ()))
