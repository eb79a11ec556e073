"""An edit with If-Match takes effect only on what its sender has seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

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
