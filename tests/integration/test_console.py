"""The console's pages against a real server and database; forms are sent as a browser without JavaScript does."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from console import ticket_pages

SIGHT = "<script>alert(1)</script>"


@pytest.fixture
def busy(site: Any) -> Any:
    """One device with an open ticket, another with a suggested one, and some telemetry."""
    first = site.desk.add_device("engine-1")
    second = site.desk.add_device("engine-2")
    for hour in range(5):
        site.desk.act(site.desk.predict(first, hours=hour))
    site.desk.act(site.desk.predict(second, precision=None))
    site.desk.rows("UPDATE devices SET last_seen_at = '2026-01-02', customer = %s", SIGHT)
    site.desk.rows(
        "INSERT INTO readings_turbofan_fd001 (ts, device_id, t24) SELECT t, %s, 640 + extract(hour FROM t) "
        "FROM generate_series('2026-01-01'::timestamptz, '2026-01-02', '1 hour') t",
        first,
    )
    site.desk.rows("INSERT INTO device_events VALUES ('2026-01-01 12:00', %s, 'failure', 'hpc_degradation')", first)
    return site


def test_pages_say_what_to_do_while_there_is_nothing(site: Any) -> None:
    with site.client() as client:
        for path in (
            "/",
            "/tickets",
            "/tickets?state=open",
            "/alarms",
            "/alarms?view=all",
            "/alarms?view=shelved",
            "/devices",
            "/parts",
        ):
            page = client.get(path)
            assert page.status_code == 200, path
            assert 'class="empty"' in page.text, path


SHOWN = [
    ("/", ["High-pressure compressor worn out", "engine-1", "Suggested", "data-feed="]),
    ("/tickets", ["Ticket 1", "Ticket 2", "P2"]),
    ("/tickets?state=suggested", ["Ticket 2"]),
    ("/tickets/1", ["Expected cost", "HPC-BLADE-SET", "Backordered", "Borescope", "Plan", "act from here"]),
    ("/tickets/2", ["Accept and reserve parts", "Dismiss"]),
    ("/alarms", ["engine-1", "Acknowledge", "Shelve 8 h"]),
    ("/devices", ["engine-1", "engine-2", "1 to settle"]),
    ("/devices/engine-1", ["<svg", "failure: hpc_degradation", "°R", "100%"]),
    ("/devices/engine-1?span=1y", ["Zoom out", "As a table"]),
    ("/devices/engine-1?channel=t24", ["All channels", "stacked"]),
    ("/devices/engine-1/charts?since=2026-01-01T00:00Z&until=2026-01-01T06:00Z", ["data-drawn", "Earlier"]),
    ("/devices/engine-1/readings?span=24h", ["640", "Every reading"]),
    ("/fleet", ["2 devices", "2 alarms", "No site"]),
    ("/parts", ["Waiting for stock", "HPC-BLADE-SET", "EUR 3,500.00"]),
]


def test_pages_show_what_is_in_the_database(busy: Any) -> None:
    with busy.client() as client:
        for path, texts in SHOWN:
            page = client.get(path)
            assert page.status_code == 200, path
            assert [text for text in texts if text not in page.text] == [], path
            assert SIGHT not in page.text, path
            assert " style=" not in page.text, path
            assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=", page.text), path
            assert "http://" not in page.text.replace("http://www.w3.org", ""), path


def test_a_ticket_shows_the_risk_of_its_decision_and_the_risk_now(site: Any) -> None:
    device = site.desk.add_device("engine-3")
    site.desk.act(site.desk.predict(device, risk=0.61, rul_low=400))
    site.desk.act(site.desk.predict(device, hours=1, risk=0.72, rul_low=1))
    site.desk.act(site.desk.predict(device, hours=2, risk=0.83, rul_low=1))
    with site.client() as client:
        assert ">83%<" in client.get("/tickets").text
        page = client.get("/tickets/1").text
    assert "Hastened" in page
    assert re.findall(r"</svg>(\d+%)</span>", page) == ["72%", "83%"]


def kind_of(link: str) -> tuple[str, ...]:
    """Charts have links to endlessly many stretches of time: one of each sort is enough."""
    address = urlsplit(link)
    return address.path, *sorted({name for name, _ in parse_qsl(address.query, keep_blank_values=True)})


def test_every_link_of_the_pages_leads_somewhere(busy: Any) -> None:
    seen, waiting = {kind_of("/")}, {"/"}
    with busy.client() as client:
        while waiting:
            path = waiting.pop()
            answer = client.get(path)
            assert answer.status_code == 200, path
            if answer.headers["content-type"].startswith("text/html"):
                for link in re.findall(r'(?:href|src)="(/[^"]*)"', answer.text):
                    if kind_of(link := link.replace("&amp;", "&")) not in seen:
                        seen.add(kind_of(link))
                        waiting.add(link)
    assert {(one,) for one in ("/tickets/1", "/devices/engine-2", "/static/console.css", "/static/live.js")} <= seen


def test_a_planner_takes_a_suggestion_to_its_end(busy: Any) -> None:
    with busy.client(follow_redirects=True) as client:
        assert "Backordered" in client.post("/tickets/2/accept", data={"version": "1"}).text
        planned = client.post("/tickets/2/plan", data={"planned_for": "2026-01-20T09:30", "version": "2"})
        assert "2026-01-20 09:30" in planned.text
        assert "Work is done" in client.post("/tickets/2/start", data={"version": "3"}).text
        assert "Choose" in client.post("/tickets/2/resolve", data={"version": "4"}).text
        closed = client.post("/tickets/2/close", data={"closure_code": "no_fault_found", "version": "5"})
        assert "No fault found" in closed.text
        assert "Released" in closed.text


def test_a_page_that_is_out_of_date_changes_nothing(busy: Any) -> None:
    with busy.client() as client:
        assert client.post("/tickets/2/cancel", data={"reason": "scrapped", "version": "1"}).status_code == 303
        late = client.post("/tickets/2/accept", data={"version": "1"})
    assert late.status_code == 409
    assert "Somebody was faster" in late.text
    assert busy.desk.value("SELECT state FROM tickets WHERE ticket_id = 2") == "cancelled"


def test_what_cannot_be_done_now_is_not_called_a_lost_race(busy: Any) -> None:
    with busy.client() as client:
        refused = client.post("/tickets/2/resolve", data={"version": "1"})
        past = client.post("/tickets/1/plan", data={"planned_for": "2020-01-01T00:00"})
    assert refused.status_code == 409
    assert "That cannot be done now" in refused.text
    assert "planned for 2020-01-01 00:00 UTC: it is 2026-01-05 04:00 UTC" in past.text


def test_an_operator_acknowledges_and_shelves(busy: Any) -> None:
    with busy.client(follow_redirects=True) as client:
        page = client.post("/alarms/1/acknowledge", data={"back": "/alarms?view=all"})
        assert page.url.path == "/alarms"
        assert "Acknowledged by local" in page.text
        shelved = {"hours": "8", "back": "/alarms?view=shelved"}
        assert "Shelved until" in client.post("/alarms/1/shelve", data=shelved).text
        assert 'id="alarm-1"' not in client.get("/alarms").text
        assert client.post("/alarms/1/acknowledge", data={"back": "//evil.example"}).url.host == "127.0.0.1"


WRONG_FORMS: list[tuple[str, dict[str, str], int]] = [
    ("/tickets/1/plan", {"planned_for": "tomorrow"}, 422),
    ("/tickets/1/plan", {"planned_for": "2020-01-01T00:00"}, 422),
    ("/tickets/1/cancel", {"reason": " "}, 422),
    ("/tickets/1/close", {"closure_code": "confirmed"}, 409),
    ("/tickets/1/close", {}, 422),
    ("/tickets/1/explode", {}, 404),
    ("/tickets/99/accept", {}, 404),
    ("/alarms/1/shelve", {"hours": "-1"}, 422),
    ("/alarms/99999999999999999999/acknowledge", {}, 422),
]


def test_a_wrong_form_is_answered_with_a_page(busy: Any) -> None:
    with busy.client() as client:
        for path, form, status in WRONG_FORMS:
            answer = client.post(path, data=form)
            assert answer.status_code == status, path
            assert answer.headers["content-type"].startswith("text/html"), path
            assert 'class="panel pad notice"' in answer.text, path


def test_what_does_not_exist_is_told_on_a_page(site: Any) -> None:
    with site.client() as client:
        for path in ("/nonsense", "/tickets/77", "/devices/nobody", "/static/nothing.js"):
            answer = client.get(path)
            assert answer.status_code == 404, path
            assert answer.headers["content-type"].startswith("text/html"), path


def test_a_ticket_whose_failure_mode_left_the_catalog_is_shown_without_guidance(busy: Any) -> None:
    with busy.client() as client:
        assert "Check first" in client.get("/tickets/1").text
        busy.desk.rows("UPDATE tickets SET failure_mode = 'long_gone'")
        page = client.get("/tickets/1")

    assert page.status_code == 200
    assert "long_gone" in page.text
    assert "Check first" not in page.text


def test_further_tickets_of_a_state_and_of_a_device_are_found_by_their_links(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticket_pages, "ROWS", 1)
    first = site.desk.add_device("engine-1")
    second = site.desk.add_device("engine-2")
    site.desk.rows(
        "INSERT INTO tickets (device_id, failure_mode, state, priority, summary, opened_at, need_by, closed_at) "
        "SELECT unnest(%s), 'wear', 'closed', 3, '', now(), now(), now()",
        [first, second, second],
    )
    with site.client() as client:
        for wanted, shown in (("state=closed", [3, 2, 1]), ("device=engine-2", [3, 2])):
            address, found = f"/tickets?{wanted}", []
            while address:
                page = client.get(address).text
                found += [int(number) for number in re.findall(r'id="ticket-(\d+)"', page)]
                link = re.search(r'href="([^"]*after=[^"]*)"', page)
                address = html.unescape(link[1]) if link else ""
            assert found == shown
        for form in ("/commands?device=&state=", "/tickets?state=&device=engine-2"):
            assert client.get(form).status_code == 200
