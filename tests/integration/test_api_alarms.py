"""What operators do with alarms over HTTP, twice and at once, and how sites stand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from alerts import lifecycle
from domain.alarm import AlarmSource, Occurrence, Severity

from .conftest import HOUR, START

if TYPE_CHECKING:
    from .conftest import Desk, Site

NOW = START + 100 * HOUR


def raise_alarm(desk: Desk, device_id: int, severity: Severity = Severity.MINOR, kind: str = "rule:hot") -> int:
    with desk.database.transaction() as connection:
        return lifecycle.raise_alarm(
            connection,
            Occurrence(
                device_id=device_id,
                alarm_type=kind,
                severity=severity,
                source=AlarmSource.RULE,
                message="Too hot: 11 Cel",
            ),
            now=NOW,
        ).alarm.alarm_id


def changes(desk: Desk) -> list[str]:
    return [change for (change,) in desk.rows("SELECT payload ->> 'change' FROM outbox ORDER BY outbox_id")]


def test_a_double_click_is_one_change(site: Site) -> None:
    alarm_id = raise_alarm(site.desk, site.desk.add_device("d1"))
    bodies = {"assign": {"assigned_to": "anna"}, "acknowledge": None}
    with site.client() as client, ThreadPoolExecutor(4) as pool:
        for step, body in bodies.items():
            answers = list(
                pool.map(lambda _: client.post(f"/api/v1/alarms/{alarm_id}/{step}", json=body), range(6))  # noqa: B023
            )
            assert {answer.status_code for answer in answers} == {200}
        assert answers[0].json()["assigned_to"] == "anna"
        assert (
            client.post(f"/api/v1/alarms/{alarm_id}/assign", json={"assigned_to": None}).json()["assigned_to"] is None
        )
    assert changes(site.desk) == ["raised", "assigned", "acknowledged", "assigned"]
    assert site.desk.rows(
        "SELECT action, who FROM audit_log WHERE object_kind = 'alarm' AND who <> 'aftercare' ORDER BY audit_id"
    ) == [("assigned", "local"), ("acknowledged", "local"), ("assigned", "local")]


def test_comments_are_kept_in_order(site: Site) -> None:
    alarm_id = raise_alarm(site.desk, site.desk.add_device("d1"))
    with site.client() as client:
        for text in ("first", " second "):
            assert client.post(f"/api/v1/alarms/{alarm_id}/comments", json={"comment": text}).status_code == 201
        said = client.get(f"/api/v1/alarms/{alarm_id}/comments").json()
        assert [(one["who"], one["comment"]) for one in said] == [("local", "first"), ("local", "second")]
        assert client.post(f"/api/v1/alarms/{alarm_id}/comments", json={"comment": "  "}).status_code == 422
        assert client.post("/api/v1/alarms/404/comments", json={"comment": "x"}).status_code == 404
        assert client.get("/api/v1/alarms/404/members").status_code == 404


def test_shelved_alarms_wake_by_themselves_or_by_hand(site: Site) -> None:
    first, second = (raise_alarm(site.desk, site.desk.add_device(name)) for name in ("d1", "d2"))
    with site.client() as client:
        for alarm_id in (first, second):
            until = (NOW + HOUR).isoformat()
            assert client.post(f"/api/v1/alarms/{alarm_id}/shelve", json={"until": until}).status_code == 200
        assert len(client.get("/api/v1/alarms", params={"shelved": True}).json()["items"]) == 2
        assert client.post(f"/api/v1/alarms/{first}/unshelve").json()["shelved_until"] is None
        with site.desk.database.transaction() as connection:
            assert lifecycle.wake(connection, now=NOW + HOUR / 2) == 0
            assert lifecycle.wake(connection, now=NOW + HOUR) == 1
        assert client.get("/api/v1/alarms", params={"shelved": True}).json()["items"] == []
    assert changes(site.desk)[-2:] == ["woken", "woken"]


def test_what_nobody_acknowledges_is_told_again_less_and_less_often(desk: Desk) -> None:
    seen, unseen = (raise_alarm(desk, desk.add_device(name)) for name in ("d1", "d2"))
    raise_alarm(desk, desk.add_device("d3"), Severity.WARNING)
    with desk.database.transaction() as connection:
        lifecycle.acknowledge(connection, alarm_id=seen, who="anna", now=NOW)
    at = []
    for minute in range(0, 3000, 10):
        with desk.database.transaction() as connection:
            now = NOW + timedelta(minutes=minute)
            at += [minute] * lifecycle.remind(connection, after=timedelta(minutes=30), now=now)
    assert at == [30, 90, 210, 450, 930, 1890]
    assert desk.rows("SELECT DISTINCT subject_id FROM outbox WHERE payload ->> 'change' = 'reminded'") == [(unseen,)]


def test_a_site_is_as_bad_as_the_worst_of_its_devices(site: Site) -> None:
    for name, severity in (("d1", Severity.MINOR), ("d2", Severity.CRITICAL), ("d3", None)):
        device_id = site.desk.add_device(name)
        site.desk.rows(
            "UPDATE devices SET customer = 'Dairy', site = %s WHERE device_id = %s", f"Plant {name[1:]}", device_id
        )
        if severity:
            raise_alarm(site.desk, device_id, severity)
    site.desk.rows("UPDATE devices SET site = 'Plant 1' WHERE name = 'd2'")
    with site.client() as client:
        first = client.get("/api/v1/sites", params={"limit": 1}).json()
        assert [first["items"][0][key] for key in ("site", "devices", "active_alarms", "worst_severity")] == [
            "Plant 1", 2, 2, "CRITICAL"
        ]  # fmt: skip
        rest = client.get("/api/v1/sites", params={"after": first["next"]}).json()
        assert [(one["site"], one["worst_severity"]) for one in rest["items"]] == [("Plant 3", None)]
        found = client.get("/api/v1/alarms", params={"site": "Plant 1", "severity": "CRITICAL"}).json()["items"]
        assert [one["device"] for one in found] == ["d2"]


def test_an_alarm_of_a_site_is_shown(site: Site) -> None:
    with site.desk.database.transaction() as connection:
        lifecycle.raise_alarm(
            connection,
            Occurrence(
                site=("Dairy", "Plant 9"),
                alarm_type="site_offline",
                severity=Severity.MAJOR,
                source=AlarmSource.CONNECTIVITY,
                message="Site offline: 5 of 5 devices",
            ),
            now=NOW,
        )
    with site.client() as client:
        [alarm] = client.get("/api/v1/alarms").json()["items"]
        assert (alarm["device"], alarm["device_model"], alarm["site"]) == (None, "", "Plant 9")
        assert "Site Plant 9" in client.get("/alarms").text


def test_deferred_alarms_can_be_listed(site: Site) -> None:
    alarm_id = raise_alarm(site.desk, site.desk.add_device("d1"))
    for _ in range(2):
        with site.desk.database.transaction() as connection:
            lifecycle.defer(connection, alarm_id=alarm_id, deferred=True, now=NOW, reason="no visit is free")
    with site.client() as client:
        assert [one["alarm_id"] for one in client.get("/api/v1/alarms", params={"deferred": True}).json()["items"]] == [
            alarm_id
        ]
    assert changes(site.desk) == ["raised", "deferred"]
