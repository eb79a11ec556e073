"""An alarm's page, and what people do there; forms are sent as a browser without JavaScript does."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.lifecycle import raise_alarm
from domain.alarm import AlarmSource, Occurrence, Severity
from store import absences
from tests.integration.conftest import HOUR, START

SIGHT = "<script>alert(1)</script>"


@pytest.fixture
def busy(site: Any) -> Any:
    """Two devices, each with an alarm: the first has occurred five times."""
    first, second = site.desk.add_device("engine-1"), site.desk.add_device("engine-2")
    for hour in range(5):
        site.desk.act(site.desk.predict(first, hours=hour))
    site.desk.act(site.desk.predict(second, precision=None))
    return site


def test_an_alarm_shows_its_history_and_people_act_on_it_without_javascript(busy: Any) -> None:
    with busy.client(follow_redirects=True) as client:
        page = client.get("/alarms/1").text
        assert [text for text in ("Raised", "By nobody yet", "5 times", "Looked after by") if text not in page] == []
        assert "By " in client.post("/alarms/1/acknowledge", data={"back": "/alarms/1"}).text
        shelved = client.post("/alarms/1/shelve", data={"hours": "8", "back": "/alarms/1"}).text
        assert "Shelved until" in shelved
        assert "Bring back" in shelved
        assert "Shelved until" not in client.post("/alarms/1/unshelve").text
        assert 'value="anna"' in client.post("/alarms/1/assign", data={"assigned_to": " anna "}).text
        given_to_nobody = client.post("/alarms/1/assign", data={"assigned_to": ""}).text
        assert 'value="anna"' not in given_to_nobody
        assert "<dt>Looked after</dt>" not in given_to_nobody
        told = client.post("/alarms/1/comment", data={"comment": f"on my way {SIGHT}"}).text
    assert "on my way &lt;script&gt;" in told
    done = [action for (action,) in busy.desk.rows("SELECT action FROM audit_log WHERE object_kind = 'alarm' "
                                                   "AND object_id = '1' ORDER BY audit_id")]  # fmt: skip
    assert done == ["raised", "acknowledged", "shelved", "woken", "assigned", "assigned", "commented"]


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/alarms/1/comment", {"comment": "  "}, 422),
        ("/alarms/1/shelve", {"hours": "never"}, 422),
        ("/alarms/99/assign", {"assigned_to": "anna"}, 404),
        ("/alarms/1/explode", {}, 404),
        ("/alarms/1/shelve", {"hours": "1" * 5000}, 422),
        ("/alarms/bulk", {"act": "acknowledge", "alarm": "0" * 19 + "9" * 100}, 422),
        ("/users/local/tokens", {"days": "0000019999999"}, 422),
        ("/users/a%00b/disable", {}, 422),
        ("/tickets/1/plan", {"planned_for": "9999-12-31T23:30"}, 422),
        ("/tickets/1/accept", {"version": "1" * 20}, 422),
    ],
)
def test_what_cannot_be_done_is_said(busy: Any, path: str, form: dict[str, str], status: int) -> None:
    with busy.client() as client:
        assert client.post(path, data=form).status_code == status
        assert client.get("/alarms/99").status_code == 404


def test_what_waits_for_a_visit_is_listed_apart(busy: Any) -> None:
    waiting = busy.desk.value("SELECT max(alarm_id) FROM alarms")
    busy.desk.rows("UPDATE alarms SET deferred = true WHERE alarm_id = %s", waiting)
    with busy.client() as client:
        page = client.get("/alarms?view=deferred").text
        assert (f'id="alarm-{waiting}"' in page, 'id="alarm-1"' in page) == (True, False)
        assert "no visit is left in time" in client.get(f"/alarms/{waiting}").text


def test_the_devices_of_a_site_that_is_offline_are_listed(busy: Any) -> None:
    with busy.desk.database.transaction() as connection:
        raised = raise_alarm(
            connection,
            Occurrence(
                site=("Dairy", "Plant 1"),
                alarm_type="site_offline",
                severity=Severity.MAJOR,
                source=AlarmSource.CONNECTIVITY,
                message="Site offline: 2 of 2 devices",
            ),
            now=START,
        )
        absences.set_members(connection, alarm_id=raised.alarm.alarm_id, device_ids=[1, 2], now=START)
        absences.set_members(connection, alarm_id=raised.alarm.alarm_id, device_ids=[1], now=START + HOUR)
    with busy.client() as client:
        page = client.get(f"/alarms/{raised.alarm.alarm_id}").text
    assert [text for text in ("engine-1", "engine-2", "not yet", "1 of them still offline") if text not in page] == []
