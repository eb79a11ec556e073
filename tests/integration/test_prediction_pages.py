"""The planner's pages of predicted failures, and what is done about one in one step."""

from __future__ import annotations

import re
from typing import Any

import pytest

from aftercare.access import COOKIE
from domain.account import Role
from tests.integration.conftest import session_of


@pytest.fixture
def predicted(site: Any) -> Any:
    """Three devices that are predicted to fail, one of them with a suggestion only, and a technician in the north."""
    for number, (risk, precision, centre) in enumerate(
        [(0.9, None, "north"), (0.6, 0.9, "north"), (0.95, 0.9, "south")]
    ):
        device = site.desk.add_device(f"engine-{number + 1}", service_centre=centre)
        site.desk.act(site.desk.predict(device, hours=90, risk=risk, rul_low=60, precision=precision))
    site.desk.rows("UPDATE devices SET customer = 'Air', site = 'Dock' WHERE name = 'engine-2'")
    site.desk.rows(
        "INSERT INTO technicians (technician, service_centre, skills, time_zone, hours, holidays, closed_days, "
        "shift_hours, active) VALUES ('Anna', 'north', %s, 'UTC', 'Mo-Su 06:00-22:00', '', '{}', 112, true)",
        list(site.desk.device_model.failure_modes[0].skills),
    )
    return site


def order(page: str) -> list[str]:
    names = [f"engine-{number}" for number in (1, 2, 3)]
    return sorted((name for name in names if f"/devices/{name}" in page), key=page.index)


def test_the_costliest_to_leave_alone_comes_first(predicted: Any) -> None:
    with predicted.client() as client:
        page = client.get("/predictions").text
    assert order(page) == ["engine-3", "engine-1", "engine-2"]
    assert "3 predicted, EUR" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("service_centre=south", ["engine-3"]),
        ("customer=Air&site=Dock", ["engine-2"]),
        ("device_model=heat_pump", []),
        ("failure_mode=hpc_degradation&service_centre=north", ["engine-1", "engine-2"]),
        ("within=1", []),
        ("within=7", ["engine-3", "engine-1", "engine-2"]),
    ],
)
def test_filters_stand_in_the_address(predicted: Any, query: str, found: list[str]) -> None:
    with predicted.client() as client:
        page = client.get(f"/predictions?{query}").text
    assert order(page) == found
    assert ("Nothing matches" in page) or found
    assert re.findall(r"(\d+) predicted", page) == [str(len(found)) for _ in found[:1]]


@pytest.mark.parametrize("query", ["after=1", "after=x_y"])
def test_an_address_that_was_tampered_with_is_refused(predicted: Any, query: str) -> None:
    with predicted.client() as client:
        assert client.get(f"/predictions?{query}").status_code == 422


@pytest.mark.parametrize(
    ("query", "status", "told"),
    [
        ("device_model=nope", 404, "has no device model"),
        ("failure_mode=nope", 404, "has a failure mode"),
        ("service_centre=nope", 404, "there are north, south"),
        ("within=abc", 422, "is no number of days"),
        ("within=-3", 422, "is no number of days"),
    ],
)
def test_what_there_is_not_is_named(predicted: Any, query: str, status: int, told: str) -> None:
    with predicted.client() as client:
        answer = client.get(f"/predictions?{query}")
    assert answer.status_code == status
    assert told in answer.text


def test_a_page_of_the_list_goes_on_where_the_last_ended(predicted: Any) -> None:
    saving, alarm_id = predicted.desk.rows("SELECT saving, alarm_id FROM alarms ORDER BY saving DESC")[0]
    with predicted.client() as client:
        assert order(client.get(f"/predictions?after={saving}_{alarm_id}").text) == ["engine-1", "engine-2"]


def test_each_user_names_views_of_their_own(predicted: Any) -> None:
    viewer = {COOKIE: session_of(predicted.desk.database, "vera", Role.VIEWER)}
    with predicted.client(follow_redirects=True, cookies=viewer) as client:
        page = client.post("/predictions/views", data={"name": "South", "query": "service_centre=south"})
        assert str(page.url).endswith("/predictions?service_centre=south")
        assert ">South</a>" in page.text
        for data in ({"name": " ", "query": ""}, {"name": "x", "query": '"><b'}, {"name": "x" * 101, "query": ""}):
            assert client.post("/predictions/views", data=data).status_code == 422
    with predicted.client(follow_redirects=True) as client:
        assert ">South</a>" not in client.get("/predictions").text
        assert client.post("/predictions/views/1/remove").status_code == 404
    with predicted.client(follow_redirects=True, cookies=viewer) as client:
        assert ">South</a>" not in client.post("/predictions/views/1/remove").text


def test_the_page_of_a_prediction_has_what_a_planner_decides_by(predicted: Any) -> None:
    predicted.desk.rows("UPDATE predictions SET failed_by = '{0.1, 0.4, 0.9}'")
    with predicted.client() as client:
        page = client.get("/predictions/1").text
    wanted = [
        "How the risk grows",
        "act from here",
        "Expected cost",
        "Who pays",
        "HPC-BLADE-SET",
        "to buy",
        "Borescope",
    ]
    wanted += ["Suggested", "Accept and reserve parts", "Dismiss", "Anna"]
    assert [text for text in wanted if text not in page] == []


def test_a_suggestion_is_accepted_with_its_date_in_one_step(predicted: Any) -> None:
    with predicted.client(follow_redirects=True) as client:
        data = {"version": "1", "accept": "yes", "slot": "best", "back": "/predictions/1"}
        page = client.post("/tickets/1/schedule", data=data)
        assert page.url.path == "/predictions/1"
        assert "by Anna" in page.text
        assert "Backordered" in page.text
        moved = client.post("/tickets/1/schedule", data={"slot": "hand", "planned_for": "2026-01-09T09:00"})
        assert "2026-01-09 09:00" in moved.text


def test_a_date_that_cannot_be_booked_leaves_the_suggestion_as_it_was(predicted: Any) -> None:
    choices = ["slot|2026-01-05T03:00|Anna", "slot|x|Anna", "slot|2026-01-08T09:00|Nobody", "visit|99", "visit|-", "?"]
    with predicted.client() as client:
        for slot in choices:
            answer = client.post("/tickets/1/schedule", data={"version": "1", "accept": "yes", "slot": slot})
            assert answer.status_code in (404, 409, 422), slot
    assert predicted.desk.value("SELECT state FROM tickets WHERE ticket_id = 1") == "suggested"
    assert predicted.desk.value("SELECT count(*) FROM part_reservations WHERE ticket_id = 1") == 0


def test_a_ticket_waits_and_goes_on_and_is_judged_by_the_customer(predicted: Any) -> None:
    with predicted.client(follow_redirects=True) as client:
        waiting = client.post("/tickets/2/pause", data={"reason": "waiting_for_customer"})
        assert "Go on" in waiting.text
        assert client.post("/tickets/2/pause", data={"reason": "holiday"}).status_code == 422
        client.post("/tickets/2/resume")
        assert client.post("/tickets/2/feedback", data={"satisfaction": "4"}).status_code == 409
        for move in ("start", "resolve"):
            client.post(f"/tickets/2/{move}")
        assert "How satisfied" in client.post("/tickets/2/close", data={"closure_code": "confirmed"}).text
        assert client.post("/tickets/2/feedback", data={"satisfaction": "6"}).status_code == 422
        assert "4 of 5" in client.post("/tickets/2/feedback", data={"satisfaction": "4", "comment": "quick"}).text
        lineage = client.get("/tickets/2/lineage").text
    assert "Model version" in lineage
    assert "None is kept" in lineage


def test_a_viewer_is_offered_nothing_that_is_refused(predicted: Any) -> None:
    viewer = {COOKIE: session_of(predicted.desk.database, "vera", Role.VIEWER)}
    with predicted.client(cookies=viewer) as client:
        for path in ("/predictions/1", "/tickets/1"):
            page = client.get(path)
            assert page.status_code == 200
            assert "Accept and reserve parts" not in page.text


def test_the_calendar_shows_a_week_against_what_its_technicians_can_do(predicted: Any) -> None:
    with predicted.client() as client:
        client.post("/tickets/1/schedule", data={"accept": "yes", "slot": "slot|2026-01-06T09:00|Anna"})
        client.post("/tickets/2/schedule", data={"slot": "hand", "planned_for": "2026-01-07T09:00"})
        week = client.get("/calendar?centre=north&week=2026-01-08").text
        for text in ("week from 2026-01-05", "2 h of 112 h", "Anna", "Ticket 1", "Ticket 2", "1 without a technician"):
            assert text in week, text
        assert "Ticket 1" not in client.get("/calendar?centre=north&week=2026-01-12").text
        assert "south has no technicians" in client.get("/calendar?centre=south").text
        nowhere = client.get("/calendar?centre=nope")
        assert nowhere.status_code == 404
        assert "there is no service centre" in nowhere.text
        for day in ("soon", "0001-01-01", "9999-12-31"):
            assert client.get(f"/calendar?week={day}").status_code == 422, day


@pytest.mark.parametrize(
    ("planned_for", "zone", "monday", "day"),
    [
        ("2026-01-11T12:00", "UTC", "2026-01-05", "Sun 11 Jan"),
        ("2026-01-11T12:00", "Pacific/Kiritimati", "2026-01-12", "Mon 12 Jan"),
        ("2026-03-22T23:30", "Europe/Berlin", "2026-03-23", "Mon 23 Mar"),
        ("2026-03-29T21:30", "Europe/Berlin", "2026-03-23", "Sun 29 Mar"),
        ("2026-03-29T22:30", "Europe/Berlin", "2026-03-30", "Mon 30 Mar"),
        ("2026-03-29T22:30", "Mars/../Base", "2026-03-23", "Sun 29 Mar"),
    ],
)
def test_the_days_of_the_calendar_are_the_viewers(
    predicted: Any, planned_for: str, zone: str, monday: str, day: str
) -> None:
    with predicted.client() as client:
        client.post("/tickets/2/plan", data={"planned_for": planned_for})
        client.cookies.set("zone", zone)
        week = client.get(f"/calendar?centre=north&week={monday}").text
        [column] = [section for section in week.split("<section")[1:] if f"<h2>{day}</h2>" in section]
        assert "Ticket 2" in column
        assert week.count(">Ticket 2<") == 1
