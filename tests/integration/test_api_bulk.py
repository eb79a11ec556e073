"""Many alarms, tickets or devices in one request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.account import Role

from .conftest import session_of
from .test_api import problem
from .test_api_alarms import raise_alarm

if TYPE_CHECKING:
    from .conftest import Site

V1 = "/api/v1"


def test_each_alarm_is_answered_for_itself(site: Site) -> None:
    first, second, cleared = (raise_alarm(site.desk, site.desk.add_device(f"d{n}")) for n in range(3))
    site.desk.rows("UPDATE alarms SET active = false, cleared_at = now() WHERE alarm_id = %s", cleared)
    with site.client() as client:
        until = {"action": "shelve", "until": "2026-02-01T00:00:00Z"}
        answer = client.post(
            f"{V1}/alarms/bulk", json={"alarm_ids": [second, 99, first, cleared, first], **until}
        ).json()
        assert [(one["id"], one["status"]) for one in answer["items"]] == [
            (second, 200),
            (99, 404),
            (first, 200),
            (cleared, 409),
        ]
        assert (answer["done"], answer["refused"]) == (2, 2)
        assert "was cleared" in answer["items"][3]["detail"]
        for body in (
            {"action": "acknowledge"},
            {"action": "assign", "assigned_to": "anna"},
            {"action": "comment", "comment": "Power cut"},
            {"action": "unshelve"},
        ):
            done = client.post(f"{V1}/alarms/bulk", json={"alarm_ids": [first, second], **body})
            assert done.json()["done"] == 2, done.text
        alarms = client.get(f"{V1}/alarms", params={"active": True}).json()["items"]
        assert {(one["ack_by"], one["assigned_to"], one["shelved_until"]) for one in alarms} == {
            ("local", "anna", None)
        }
        for wrong in ({"action": "shelve"}, {"action": "clear"}, {}):
            problem(client.post(f"{V1}/alarms/bulk", json={"alarm_ids": [1], **wrong}), 422)
        problem(client.post(f"{V1}/alarms/bulk", json={"alarm_ids": list(range(1, 502)), "action": "acknowledge"}), 422)


def test_a_bulk_request_with_a_key_is_one(site: Site) -> None:
    alarm_id = raise_alarm(site.desk, site.desk.add_device("d1"))
    body = {"alarm_ids": [alarm_id, 99], "action": "comment", "comment": "Power cut"}
    with site.client(headers={"Idempotency-Key": "k"}) as client:
        assert client.post(f"{V1}/alarms/bulk", json=body).json() == client.post(f"{V1}/alarms/bulk", json=body).json()
    assert site.desk.value("SELECT count(*) FROM alarm_comments") == 1


def test_tickets_move_as_each_may(site: Site) -> None:
    one, other = site.desk.add_ticket("d1"), site.desk.add_ticket("d2")
    site.desk.rows("UPDATE tickets SET state = 'closed', closed_at = now() WHERE ticket_id = %s", other)
    with site.client() as client:
        body = {"ticket_ids": [one, other], "action": "cancel", "reason": "Scrapped"}
        items = client.post(f"{V1}/tickets/bulk", json=body).json()["items"]
        assert [item["status"] for item in items] == [200, 409]
        assert client.get(f"{V1}/tickets/{one}").json()["state"] == "cancelled"
    with site.client(cookies={"aftercare_session": session_of(site.desk.database, "op", Role.OPERATOR)}) as operator:
        problem(operator.post(f"{V1}/tickets/bulk", json=body), 403)


def test_devices_are_registered_and_brought_up_to_date(site: Site) -> None:
    model = site.desk.device_model.name
    wanted = [
        {"name": "new-1", "device_model": model, "customer": "Acme"},
        {"name": "new-1", "device_model": model},
        {"name": "no/topic", "device_model": model},
        {"name": "new-2", "device_model": "toaster"},
    ]
    with site.client() as client:
        answer = client.post(f"{V1}/devices/bulk", json={"devices": wanted}).json()
        assert [item["status"] for item in answer["items"]] == [201, 422, 422, 422]
        again = [
            {"name": "new-1", "device_model": model, "site": "Plant 2"},
            {"name": "new-1", "device_model": "toaster"},
        ]
        answer = client.post(f"{V1}/devices/bulk", json={"devices": again}).json()
        assert [item["status"] for item in answer["items"]] == [200, 422]
        other = next(name for name in site.desk.catalog if name != model)
        answer = client.post(f"{V1}/devices/bulk", json={"devices": [{"name": "new-1", "device_model": other}]}).json()
        assert [item["status"] for item in answer["items"]] == [409]
        assert client.get(f"{V1}/devices/new-1").json()["site"] == "Plant 2"


def test_a_time_of_no_calendar_is_refused_before_it_breaks_a_list(site: Site) -> None:
    device = {"name": "new-1", "device_model": site.desk.device_model.name}
    token = {"user": "local", "expires_at": "9999-12-31T23:00:00-14:00"}
    with site.client() as client:
        for installed_at in ("9999-12-31T23:00:00-14:00", "0001-01-01T00:00:00+14:00"):
            problem(
                client.post(f"{V1}/devices/bulk", json={"devices": [{**device, "installed_at": installed_at}]}), 422
            )
        problem(client.post(f"{V1}/api-tokens", json=token), 422)
        problem(client.get(f"{V1}/figures", params={"until": "0001-01-01T00:00:00Z"}), 422)
        assert client.get(f"{V1}/devices").status_code == client.get("/users").status_code == 200
