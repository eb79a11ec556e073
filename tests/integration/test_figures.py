"""The service manager's figures: what each counts, and that the tickets behind it are those."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from aftercare.access import COOKIE
from domain.account import Role

from .conftest import HOUR, START, Site, session_of

V1 = "/api/v1"
DAY = timedelta(days=1)
NOW = START + 100 * HOUR
"""Of the site's clock."""


@pytest.fixture
def closed(site: Site) -> dict[str, int]:
    """A ticket of each kind, closed in the weeks before START, by what it is for."""
    return {
        "avoided": close(site, "confirmed", days_ago=40),
        "foreseen": close(site, "confirmed", days_ago=40, fails=True),
        "by hand": close(site, "worn", days_ago=40, predicted=False, centre="south"),
        "nothing": close(site, "no_fault_found", days_ago=40),
        "two visits": close(site, "worn", days_ago=10, visits=2),
        "too young": close(site, "other", days_ago=10),
        "long ago": close(site, "worn", days_ago=200),
    }


def close(
    site: Site,
    code: str,
    *,
    days_ago: int,
    fails: bool = False,
    predicted: bool = True,
    visits: int = 1,
    centre: str = "north",
) -> int:
    desk = site.desk
    number = desk.value("SELECT count(*) FROM devices")
    device_id = desk.add_device(f"press-{number}", service_centre=centre)
    desk.rows("UPDATE devices SET customer = %s WHERE device_id = %s", "acme" if number % 2 else "globex", device_id)
    at = NOW - days_ago * DAY
    mode = desk.device_model.failure_modes[0]
    ticket_id = int(
        desk.value(
            "INSERT INTO tickets (device_id, failure_mode, state, priority, summary, opened_at, need_by, closed_at, "
            "closure_code, prediction_id) VALUES (%s, %s, 'closed', 3, '', %s, %s, %s, %s, %s) RETURNING ticket_id",
            device_id,
            mode.name,
            at - 5 * DAY,
            at - 5 * DAY + (10 + number) * HOUR,
            at,
            code,
            desk.predict(device_id).prediction_id if predicted else None,
        )
    )
    for _ in range(visits):
        desk.rows("INSERT INTO ticket_events (ticket_id, at, who, what) VALUES (%s, %s, 'x', 'started')", ticket_id, at)
    if fails:
        desk.rows(
            "INSERT INTO device_events (ts, device_id, kind, code) VALUES (%s, %s, 'failure', %s)",
            at - DAY,
            device_id,
            mode.event_codes[0],
        )
    return ticket_id


def test_every_figure_counts_what_it_says(site: Site, closed: dict[str, int]) -> None:
    desk = site.desk
    mode = desk.device_model.failure_modes[0]
    desk.rows("UPDATE model_versions SET data_to = %s", NOW - 300 * DAY)
    desk.rows(  # nobody had seen this one coming
        "INSERT INTO device_events (ts, device_id, kind, code) VALUES (%s, %s, 'failure', %s)",
        NOW - DAY,
        desk.add_device("press-x"),
        mode.event_codes[0],
    )
    desk.rows("INSERT INTO parts VALUES ('P-1', 'Part', 100, 'EUR', '1 day')")
    for name, reserved_at in (("avoided", NOW - DAY), ("foreseen", NOW), ("nothing", None)):
        desk.rows(
            "INSERT INTO part_reservations (ticket_id, part_no, service_centre, quantity, state, need_by, created_at, "
            "reserved_at) VALUES (%s, 'P-1', 'north', 1, 'consumed', %s, %s, %s)",
            closed[name],
            NOW,
            NOW - DAY,
            reserved_at,
        )
    for name, breached in (("avoided", None), ("foreseen", NOW - DAY)):
        desk.rows(
            "INSERT INTO sla_clocks (ticket_id, kind, contract_no, started_at, window_length, time_zone, hours, "
            "holidays, closed_days, pause_reasons, warn_at, due_at, stopped_at, breached_at) "
            "VALUES (%s, 'repair', 'C', %s, '1 day', 'UTC', '24/7', '', '{}', '{}', %s, %s, %s, %s)",
            closed[name],
            NOW - 3 * DAY,
            NOW,
            NOW,
            NOW - 2 * DAY,
            breached,
        )
    with site.client() as client:
        told = client.get(f"{V1}/figures").json()
        counts = {name: value for name, value in told["all"].items() if name not in ("device_model", "failure_mode")}
        assert counts == {
            "closed": 6,
            "avoided": 3,
            "foreseen": 1,
            "judged": 4,
            "right": 3,
            "no_fault_found": 1,
            "followed": 5,
            "fixed_at_once": 4,
            "median_notice_hours": 11.5,
        }
        assert [one["failure_mode"] for one in told["by_mode"]] == [mode.name]
        costs = mode.costs
        saved = 3 * (costs.emergency_visit.minor - costs.planned_visit.minor) - costs.needless_visit.minor
        assert told["saved"] == [{"minor": saved, "currency": desk.device_model.currency}]
        rest = ("failures", "failures_unforeseen", "promises", "promises_kept", "parts_asked", "parts_missing")
        assert [told[name] for name in rest] == [2, 1, 2, 1, 3, 2]

        assert client.get(f"{V1}/figures?service_centre=south").json()["all"]["closed"] == 1
        assert client.get(f"{V1}/figures?customer=acme").json()["all"]["closed"] == 3
        whole = client.get(f"{V1}/figures", params={"since": (NOW - 300 * DAY).isoformat()}).json()
        assert whole["all"]["closed"] == 7
        for bad in (
            "since=2027-01-01T00:00:00Z",
            "since=2026-01-01",
            "until=1900-01-01T00:00:00Z&since=1800-01-01T00:00Z",
        ):
            assert client.get(f"{V1}/figures?{bad}").status_code == 422, bad

        desk.rows("UPDATE model_versions SET data_to = %s", NOW - 2 * DAY)  # what was before could not be foreseen
        later = client.get(f"{V1}/figures").json()
        assert [later[name] for name in rest[:2]] == [1, 1]

        page = client.get("/figures").text
        assert "of 1 failures since the first model, 1 without a ticket" in page
        assert "1</a> promises missed of 2" in page
        behind = dict(re.findall(r'href="(/figures/tickets\?[^"]*figure=(\w+)[^"]*)"', page)[::-1])
        shown = {figure: shown_tickets(client, address) for address, figure in behind.items()}
    assert shown["avoided"] == {closed[name] for name in ("avoided", "by hand", "two visits")}
    assert shown["foreseen"] == {closed["foreseen"]}
    assert shown["no_fault_found"] == {closed["nothing"]}
    assert shown["not_fixed"] == {closed["two visits"]}
    assert shown["sla_missed"] == {closed["foreseen"]}
    assert shown["stock_outs"] == {closed["foreseen"], closed["nothing"]}
    assert len(shown["right"]) == 3
    assert len(shown["judged"]) == 4
    assert len(shown["closed"]) == 6


def shown_tickets(client: Any, address: str) -> set[int]:
    page = client.get(address.replace("&amp;", "&"))
    assert page.status_code == 200
    return {int(number) for number in re.findall(r'href="/tickets/(\d+)"', page.text)}


def test_the_pages_first_day_counts_whole_as_it_does_behind_its_links(site: Site, closed: dict[str, int]) -> None:
    first = (NOW - 90 * DAY).replace(hour=0, minute=1)
    site.desk.rows("UPDATE tickets SET closed_at = %s WHERE ticket_id = %s", first, closed["avoided"])
    with site.client() as client:
        page = client.get("/figures").text
        address, counted = re.findall(r'href="(/figures/tickets\?[^"]*figure=closed[^"]*)">(\d+)</a> closed', page)[0]
        assert closed["avoided"] in shown_tickets(client, address)
        assert len(shown_tickets(client, address)) == int(counted)


def test_what_the_workshop_finds_without_fault_counts_as_wrong(site: Site, closed: dict[str, int]) -> None:
    site.desk.rows("INSERT INTO parts VALUES ('P-1', 'Part', 100, 'EUR', '1 day')")
    for component, part_no in (("motor", "P-1"), ("lamp", None)):
        site.desk.rows(
            "INSERT INTO part_returns (ticket_id, component, part_no, service_centre, state, findings, expected_at) "
            "VALUES (%s, %s, %s, 'north', 'inspected', 'no_fault_found', %s)",
            closed["avoided" if part_no else "foreseen"],
            component,
            part_no,
            NOW,
        )
    with site.client() as client:
        told = client.get(f"{V1}/figures").json()["all"]
    assert [told[name] for name in ("avoided", "foreseen", "judged", "right", "no_fault_found")] == [2, 1, 4, 2, 2]


def test_a_period_without_tickets_and_bad_input_are_told(site: Site) -> None:
    with site.client() as client:
        assert "No ticket was closed in this period" in client.get("/figures").text
        assert client.get(f"{V1}/figures").json()["all"]["median_notice_hours"] is None
        for bad in ("since=x", "since=0001-01-01", "since=2026-03-01&until=2026-01-01"):
            assert client.get(f"/figures?{bad}").status_code == 422, bad
        assert client.get("/figures/tickets?figure=love").status_code == 404
        assert "No tickets here" in client.get("/figures/tickets?figure=avoided&after=5&customer=%3Cb%3E").text
    cookies = {COOKIE: session_of(site.desk.database, "guest", Role.VIEWER, "acme")}
    with site.client(cookies=cookies) as guest:
        for path in ("/figures", f"{V1}/figures", "/figures/tickets?figure=avoided"):
            assert guest.get(path).status_code == 403
