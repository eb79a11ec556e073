"""A reported problem is one ticket however often it is sent, with the readings of the day before it."""

from __future__ import annotations

import gzip
from datetime import timedelta
from typing import Any

import pytest

from aftercare.access import COOKIE
from domain.account import Role
from service_desk.problem_reports import MOST_A_DAY

from .conftest import START, Site, session_of

REPORTS = "/api/v1/problem-reports"
TOLD = {"device": "acme-1", "problem": "It rattles <b>loudly</b>", "token": "made-anew-1"}


@pytest.fixture
def served(site: Site) -> Site:
    """A device of each of two customers, with readings of two days before it was last heard."""
    for customer in ("acme", "globex"):
        device_id = site.desk.add_device(f"{customer}-1")
        site.desk.rows(
            "UPDATE devices SET customer = %s, last_seen_at = %s WHERE device_id = %s", customer, START, device_id
        )
        site.desk.rows(
            f"INSERT INTO {site.desk.device_model.readings_table} (ts, device_id, mach) "
            "SELECT %s::timestamptz - i * interval '30 minutes', %s, i FROM generate_series(0, 95) i",
            START,
            device_id,
        )
    return site


def signed_in(site: Site, name: str, role: Role, customer: str | None = None) -> Any:
    return site.client(cookies={COOKIE: session_of(site.desk.database, name, role, customer)})


def test_a_report_is_one_ticket_with_the_last_day_that_retention_leaves(served: Site) -> None:
    with signed_in(served, "maria", Role.VIEWER, "acme") as maria, served.client() as planner:
        assert "Report a problem" in maria.get("/devices/acme-1").text
        assert "What is wrong?" in maria.get("/devices/acme-1/problem").text
        sent = [maria.post("/problem-reports", data=TOLD) for _ in range(2)]
        assert [answer.status_code for answer in sent] == [303, 303]
        assert len({answer.headers["location"] for answer in sent}) == 1
        assert served.desk.value("SELECT count(*) FROM problem_reports") == 1
        served.desk.rows(f"DELETE FROM {served.desk.device_model.readings_table}")
        more = maria.post(REPORTS, json={**TOLD, "problem": "Now it smells", "token": "made-anew-2"})
        assert (more.status_code, f"/tickets/{more.json()['ticket_id']}") == (201, sent[0].headers["location"])
        for client in (maria, planner):
            page = client.get(sent[0].headers["location"]).text
            assert "It rattles &lt;b&gt;loudly" in page
            assert "Now it smells" in page
            kept = client.get("/problem-reports/1/readings")
            assert kept.headers["content-type"] == "application/gzip"
            lines = gzip.decompress(kept.content).decode().splitlines()
            assert lines[0].startswith("ts,")
            assert [line.partition(",")[0] for line in lines[1:]] == [
                (START - timedelta(minutes=30 * i)).isoformat() for i in reversed(range(48))
            ]
        ticket = planner.get(f"/api/v1/tickets/{more.json()['ticket_id']}").json()
        assert (ticket["failure_mode"], ticket["state"]) == ("reported_problem", "open")
        assert "Reported problem" in planner.get("/tickets").text


def test_a_reported_problem_is_worked_on_and_closed_like_any_ticket(served: Site) -> None:
    with served.client() as planner:
        ticket_id = planner.post(REPORTS, json=TOLD).json()["ticket_id"]
        for move in ("start", "resolve"):
            answer = planner.post(f"/api/v1/tickets/{ticket_id}/{move}")
            assert answer.status_code == 200, answer.text
        answer = planner.post(f"/api/v1/tickets/{ticket_id}/close", json={"closure_code": "confirmed"})
        assert answer.status_code == 200, answer.text
        assert planner.post(REPORTS, json={**TOLD, "token": "made-anew-2"}).json()["ticket_id"] != ticket_id
    assert served.desk.rows("SELECT DISTINCT kind FROM device_events") == [("log",)]


def test_what_is_refused(served: Site) -> None:
    with (
        signed_in(served, "maria", Role.VIEWER, "acme") as maria,
        signed_in(served, "vera", Role.VIEWER) as vera,
        signed_in(served, "george", Role.VIEWER, "globex") as george,
    ):
        for client, status, change in (
            (maria, 404, {"device": "globex-1"}),
            (maria, 404, {"device": "no-such"}),
            (vera, 403, {}),
            (maria, 422, {"problem": " "}),
            (maria, 422, {"problem": "x" * 2001}),
            (maria, 422, {"problem": "a\0b"}),
            (maria, 422, {"token": "short"}),
        ):
            answer = client.post(REPORTS, json={**TOLD, **change})
            assert answer.status_code == status, (change, answer.text)
        assert served.desk.value("SELECT count(*) FROM tickets") == 0
        for number in range(MOST_A_DAY):
            assert maria.post(REPORTS, json={**TOLD, "token": f"made-anew-{number}"}).status_code == 201
        assert maria.post(REPORTS, json={**TOLD, "token": "one-too-many"}).status_code == 429
        assert maria.post(REPORTS, json=TOLD).status_code == 201
        assert george.get("/problem-reports/1/readings").status_code == 404
        assert george.get("/devices/acme-1/problem").status_code == 404


def test_a_customer_sees_the_date_of_the_visit_and_where_the_data_is(served: Site) -> None:
    with signed_in(served, "maria", Role.VIEWER, "acme") as maria, served.client() as planner:
        maria.post(REPORTS, json=TOLD)
        served.desk.rows("UPDATE tickets SET state = 'planned', planned_for = '2026-02-03T09:30Z'")
        page = maria.get("/devices/acme-1").text
        assert "visit <" in page
        assert "2026-02-03" in page
        home = maria.get("/").text
        assert 'href="/api/v1/customer-export"' in home
        assert "waiting for stock" not in home
        assert "waiting for stock" in planner.get("/").text
        assert maria.get("/api/v1/customer-export").headers["content-type"] == "application/zip"
