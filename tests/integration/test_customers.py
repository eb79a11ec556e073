"""A customer's user sees that customer's devices and nothing of another's: every page, every list, and the feed."""

from __future__ import annotations

import io
import re
import threading
import zipfile
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from psycopg.types.json import Jsonb

import api.app
import console.app
from aftercare.access import COOKIE
from aftercare.settings import load_settings
from aftercare.wiring import Application
from alerts import lifecycle
from domain.account import Role
from domain.alarm import AlarmSource, Occurrence, Severity
from domain.errors import ForbiddenError
from domain.troubleshooting import Outcome
from store import commands, listings, problem_reports, troubleshooting, twins
from store.database import Database
from store.scope import seen_by

from .conftest import HOUR, START, Desk, Site, session_of
from .test_access import routes

V1 = "/api/v1"
OURS, THEIRS = "Acme Dairies", "Globex Foods"


@pytest.fixture
def two_customers(site: Site) -> Site:
    """Each with a device that has events, readings, an alarm with a comment, a ticket and a contract."""
    desk = site.desk
    for customer in (OURS, THEIRS):
        word = customer.partition(" ")[0].lower()
        device_id = desk.add_device(f"{word}-1")
        plant = f"{word} plant"
        desk.rows("UPDATE devices SET customer = %s, site = %s WHERE device_id = %s", customer, plant, device_id)
        desk.rows("INSERT INTO device_events VALUES (%s, %s, 'error', %s)", START, device_id, f"{word}-code")
        table = desk.device_model.readings_table
        desk.rows(f"INSERT INTO {table} (ts, device_id, mach) VALUES (%s, %s, 0.5)", START, device_id)
        desk.rows(
            f"INSERT INTO latest_{desk.device_model.name} (device_id, ts, whole) VALUES (%s, %s, false)",
            device_id,
            START,
        )
        desk.act(desk.predict(device_id))
        alarm_id = desk.value("SELECT alarm_id FROM alarms WHERE device_id = %s", device_id)
        desk.rows(
            "INSERT INTO alarm_comments (alarm_id, at, who, comment) VALUES (%s, %s, 'x', %s)",
            alarm_id,
            START,
            f"{word}-comment",
        )
        desk.rows(
            "INSERT INTO sites (customer, site, time_zone, hours, holidays, closed_days, travel_cost) "
            "VALUES (%s, %s, 'UTC', 'Mo-Fr 08:00-17:00', '', '{}', 0)",
            customer,
            plant,
        )
        with desk.database.transaction() as connection:
            lifecycle.raise_alarm(
                connection,
                Occurrence(
                    site=(customer, plant),
                    alarm_type="silent site",
                    severity=Severity.MAJOR,
                    source=AlarmSource.CONNECTIVITY,
                    message=f"{word} site is silent",
                ),
                now=START,
            )  # fmt: skip
    return site


def paths(desk: Any, things: dict[str, str] | None = None) -> list[str]:
    """Every GET route of both, with the names and ids of these things, else of the other customer's."""
    application = Application(
        settings=load_settings(database_url=desk.database.url),
        clock=lambda: START,
        catalog=desk.catalog,
        database=desk.database,
    )
    theirs = (
        {
            name: str(desk.value(f"SELECT max({name}) FROM {table}"))
            for name, table in (("alarm_id", "alarms"), ("ticket_id", "tickets"), ("prediction_id", "predictions"))
        }
        | {"name": "globex-1", "device": "globex-1", "device_model": desk.device_model.name}
        | (things or {})
    )
    made = []
    for app in (api.app.create_app(application), console.app.create_app(application)):
        for method, path in routes(app, theirs):
            if method == "GET" and path not in (f"{V1}/feed", "/live"):
                made.append(path)
    return made


def test_no_route_shows_anything_of_another_customer(two_customers: Site) -> None:
    cookies = {COOKIE: session_of(two_customers.desk.database, "guest", Role.VIEWER, OURS)}
    shown, forbidden = [], []
    with two_customers.client(cookies=cookies) as client, two_customers.client() as admin:
        for path in paths(two_customers.desk):
            answer = client.get(path)
            assert answer.status_code in (200, 403, 404, 422), (path, answer.text)
            if answer.status_code == 200:
                assert not re.search("globex", f"{path} {answer.text}", re.IGNORECASE), path
            (forbidden if answer.status_code == 403 else shown).append(path)
        for listing in ("devices", "alarms", "tickets", "predictions", "predictions/latest", "sites", "tickets/needed"):
            rows = client.get(f"{V1}/{listing}").json()["items"]
            assert rows, listing
            assert len(admin.get(f"{V1}/{listing}").json()["items"]) == 2 * len(rows), listing
        assert len(client.get(f"{V1}/latest/{two_customers.desk.device_model.name}").json()["devices"]) == 1
        for page in ("/", "/tickets", "/alarms", "/devices", "/devices/acme-1", "/tickets/1"):
            assert client.get(page).status_code == 200, page
        for path in ("devices/acme-1", "devices/acme-1/events", "alarms/1", "alarms/1/comments", "tickets/1"):
            assert client.get(f"{V1}/{path}").status_code == 200, path
        range_of = {"channels": "mach", "since": "2025-12-31T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
        assert client.get(f"{V1}/devices/acme-1/telemetry", params=range_of).status_code == 200
        assert client.get(f"{V1}/devices/globex-1/telemetry", params=range_of).status_code == 404
        assert client.get(f"{V1}/devices", params={"customer": THEIRS}).json()["items"] == []
        assert client.post("/sign-out").status_code == 303
    assert f"{V1}/devices" in shown
    assert f"{V1}/users" in forbidden


@pytest.fixture
def with_secrets(two_customers: Site) -> Site:
    """What the maker reckons of our ticket has amounts and words that are easily found."""
    desk = two_customers.desk
    line = {"label": "Visit", "minor": 123454321}
    option = {"name": "now", "title": "Now", "at": None, "chosen": True, "total": 123454321, "lines": [line]}
    decision = {"action": "act_now", "reason": "maker-reason", "currency": "EUR", "saving": 123454321,
                "saving_lines": [line], "options": [option], "notice_hours": 1, "notice_reason": "maker-notice",
                "penalty_reason": ""}  # fmt: skip
    shares = [
        {"payer": "manufacturer", "reference": "W-1", "percent": 60, "minor": 777171, "reason": "warranty W-1 pays"},
        {"payer": "customer", "reference": "", "percent": 40, "minor": 424242, "reason": "what is left"},
    ]
    paid = {"kind": "parts", "label": "1 × FAN", "minor": 1201413, "shares": shares}
    payers = {"manufacturer": 777171, "contract": 0, "customer": 424242}
    entitlement = {"decided_at": START.isoformat(), "cause": "", "currency": "EUR", "total": 1201413, "payers": payers,
                   "lines": [paid], "considered": [], "unknown": []}  # fmt: skip
    detail = {"payers": payers, "note": "maker-note", "gate": "maker-gate"}
    desk.rows("UPDATE tickets SET decision = %s, entitlement = %s", Jsonb(decision), Jsonb(entitlement))
    desk.rows("UPDATE ticket_events SET who = 'maker-anna', detail = %s", Jsonb(detail))
    _name_the_staff(desk)
    desk.rows(
        "UPDATE outbox SET payload = payload || %s WHERE kind = 'ticket'",
        Jsonb({"who": "maker-anna", "detail": detail}),
    )
    desk.rows("UPDATE alarms SET saving = 123454321")
    desk.rows(
        "UPDATE outbox SET payload = payload || %s WHERE kind = 'alarm'",
        Jsonb({"who": "maker-anna", "ack_by": "maker-anna", "assigned_to": "maker-bob",
               "escalation": {"calls": ["maker-bob"]}}),
    )  # fmt: skip
    return two_customers


def _name_the_staff(desk: Desk) -> None:
    """Of our device, everything that keeps who did it was done by the maker's people, and some of it by guest too."""
    device = desk.value("SELECT device_id FROM devices WHERE name = 'acme-1'")
    desk.rows("UPDATE alarm_comments SET who = 'maker-anna'")
    with desk.database.transaction() as connection:
        lifecycle.acknowledge(connection, alarm_id=1, who="maker-anna", now=START)
        lifecycle.assign(connection, alarm_id=1, assigned_to="maker-bob", who="maker-anna", now=START)
        for who in ("maker-anna", "guest"):
            twins.lock(connection, device)
            twins.desire(
                connection, device_id=device, desired={}, changes={"speed": [1, 2]}, at=START, who="maker-anna"
            )
            commands.add(
                connection, device_ids=[device], correlations=[who.ljust(16).encode()], command="snapshot",
                arguments={}, at=START, who=who, expires_at=START, timeout=HOUR, ticket_id=1, fleet_id=None,
            )  # fmt: skip
            run_id = troubleshooting.start(
                connection, device_id=device, failure_mode=desk.failure_mode, alarm_type="x", step="look", who=who,
                now=START,
            )  # fmt: skip
            assert run_id is not None
            troubleshooting.note(
                connection, run_id, at=START, step="look", title="Look", answer="yes", who=who, note="", command_id=None
            )
            troubleshooting.end(connection, run_id, outcome=Outcome.STOPPED, reason="done", at=START)
            problem_reports.add(
                connection,
                device_id=device,
                ticket_id=1,
                problem="It hums",
                token=who,
                readings=b"",
                who=who,
                now=START,
            )  # fmt: skip


SECRETS = re.compile(r"123454321|1,234,543|777171|7,771\.71|1201413|12,014\.13|maker-")


def test_no_route_tells_a_customer_what_the_maker_reckons(with_secrets: Site) -> None:
    cookies = {COOKIE: session_of(with_secrets.desk.database, "guest", Role.VIEWER, OURS)}
    own = {"alarm_id": "1", "ticket_id": "1", "prediction_id": "1", "name": "acme-1", "device": "acme-1"}
    own |= {"command_id": "1", "run_id": "1", "report_id": "1"}
    with with_secrets.client(cookies=cookies) as client, with_secrets.client() as admin:
        walked = paths(with_secrets.desk, own)
        for path in [*walked, f"{V1}/customer-export?format=jsonl", f"{V1}/exports/tickets?format=jsonl"]:
            answer = client.get(path)
            assert not SECRETS.search(_unpacked(answer)), path
        page, told = client.get("/tickets/1"), client.get(f"{V1}/tickets/1").json()
        assert page.status_code == 200
        for words in ("You pay", "4,242.42", "warranty W-1 pays", "60 %"):
            assert words in page.text, words
        assert (told["decision"], told["entitlement"]["payers"]) == ({}, {"customer": 424242})
        assert told["entitlement"]["lines"][0]["shares"][0]["reason"] == "warranty W-1 pays"
        assert {event["who"] for event in told["events"]} == {""}
        assert client.get(f"{V1}/tickets/1/entitlement").json() == told["entitlement"]
        assert client.get(f"{V1}/tickets/1/slots").status_code == 403
        exported = client.get(f"{V1}/exports/tickets", params={"format": "jsonl"}).json()
        assert (exported["decision"], exported["entitlement"]) == ({}, told["entitlement"])
        for path in ("/tickets/1", "/predictions/1", f"{V1}/tickets/1", f"{V1}/exports/tickets"):
            assert SECRETS.search(admin.get(path).text), path


def test_customers_read_the_names_of_their_own_and_service_for_everybody_else(with_secrets: Site) -> None:
    of_guest = {COOKIE: session_of(with_secrets.desk.database, "guest", Role.VIEWER, OURS)}
    session_of(with_secrets.desk.database, "maker-anna", Role.OPERATOR)
    asked = {
        "commands?device=acme-1": "requested_by",
        "troubleshooting?device=acme-1": "started_by",
        "devices/acme-1/twin/history": "who",
        "alarms/1/comments": "who",
    }
    with with_secrets.client(cookies=of_guest) as client, with_secrets.client() as admin:
        for path, field in asked.items():
            answers = [asker.get(f"{V1}/{path}").json() for asker in (client, admin)]
            lists = [answer if isinstance(answer, list) else answer["items"] for answer in answers]
            ours, all_of_them = ({row[field] for row in rows} for rows in lists)
            own = {"guest"} & all_of_them
            assert (ours, all_of_them) == ({"service"} | own, {"maker-anna"} | own), path
        assert client.get(f"{V1}/devices/acme-1/twin").json()["desired_by"] == "service"
        alarm = client.get(f"{V1}/alarms/1").json()
        assert (alarm["acknowledged"], alarm["ack_by"], alarm["assigned_to"]) == (True, "service", None)
        for path, words in (("/alarms/1", "Acknowledged</strong> by service"), ("/tickets/1", "guest")):
            assert words in client.get(path).text, path
        assert "maker-bob" in admin.get("/alarms/1").text


def test_the_feed_does_not_tell_it_either(with_secrets: Site) -> None:
    cookies = {COOKIE: session_of(with_secrets.desk.database, "guest", Role.VIEWER, OURS)}
    for path in (f"{V1}/feed?after=0", "/live?after=0"):
        with with_secrets.client(cookies=cookies) as client, client.stream("GET", path) as stream:
            heard = b""
            for piece in stream.iter_bytes():
                heard += piece
                if heard.count(b"event: ticket") and heard.count(b"event: alarm"):
                    break
        assert not SECRETS.search(heard.decode())


def _unpacked(answer: httpx.Response) -> str:
    if answer.headers.get("content-type") != "application/zip":
        return answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist())


def test_what_nobody_has_shown_to_customers_they_cannot_read(two_customers: Site) -> None:
    desk = two_customers.desk
    desk.rows("CREATE TABLE new_thing (secret text)")
    for statement in ("SELECT * FROM new_thing", "SELECT * FROM outbox", "SELECT * FROM users", "DELETE FROM alarms"):
        with seen_by(OURS), pytest.raises(ForbiddenError):
            desk.rows(statement)
    with seen_by(""):
        assert desk.rows("SELECT * FROM devices WHERE customer <> ''") == []
    with seen_by(OURS):
        assert desk.value("SELECT count(*) FROM devices") == 1
    assert desk.value("SELECT count(*) FROM devices") == 2


def test_they_can_read_no_column_that_holds_the_name_of_a_person(desk: Desk) -> None:
    readable = desk.rows(
        "SELECT DISTINCT table_name || '.' || column_name FROM information_schema.column_privileges "
        "WHERE grantee = 'aftercare_customer' AND column_name ~ '^who$|_by$|^assigned_to$|^person$' "
        "AND column_name <> 'need_by'"
    )
    by_machines = {"connectivity_changes.told_by", "devices.connectivity_by", "predictions.failed_by"}
    assert {name for (name,) in readable} == by_machines


def test_the_processes_may_look_as_a_customer_does(two_customers: Site, as_app: Callable[[str], str]) -> None:
    with Database(as_app(two_customers.desk.database.url)) as database:
        for customer, seen in ((OURS, ["acme-1"]), (None, ["acme-1", "globex-1"])):
            with seen_by(customer), database.transaction() as connection:
                assert [row.name for row in listings.devices(connection)] == seen


def test_the_feed_tells_a_customer_of_their_own_and_is_encoded_once_for_them(two_customers: Site) -> None:
    cookies = {COOKIE: session_of(two_customers.desk.database, "guest", Role.VIEWER, OURS)}
    for path in (f"{V1}/feed?after=0", "/live?after=0"):
        heard = b""
        with two_customers.client(cookies=cookies) as client, client.stream("GET", path) as stream:
            pieces = stream.iter_bytes()
            while heard.count(b"id: ") < 3:
                heard += next(pieces)
            change = threading.Thread(target=lambda: _acknowledge_all(two_customers))
            change.start()
            while heard.count(b"id: ") < 4:
                heard += next(pieces)
            change.join()
        assert b"acme" in heard
        assert b"lobex" not in heard


def _acknowledge_all(site: Site) -> None:
    for (alarm_id,) in site.desk.rows("SELECT alarm_id FROM alarms ORDER BY alarm_id DESC"):
        with site.desk.database.transaction() as connection:
            lifecycle.comment(connection, alarm_id=alarm_id, who="x", comment="seen", now=START)


def test_a_stream_ends_when_the_session_does(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aftercare.event_stream.HEARTBEAT", 0.2)
    with site.client() as client, client.stream("GET", f"{V1}/feed") as stream:
        pieces = stream.iter_bytes()
        assert b"retry" in next(pieces)
        assert b"still here" in next(pieces)
        site.desk.rows("DELETE FROM sessions")
        assert sum(1 for _ in pieces) < 5
