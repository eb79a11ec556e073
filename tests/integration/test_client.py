"""The client against a real server: every list, move and error, a line that is lost, and the feed taken up again."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from access import accounts
from aftercare.client import Client, OvertakenError, calls, client, logistics, logistics_records, records
from domain.account import Role
from domain.clock import system_clock
from domain.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    TooManyAttemptsError,
    UnavailableError,
)

from .conftest import HOUR, START
from .test_api_alarms import raise_alarm

if TYPE_CHECKING:
    from .conftest import Desk, Site


def token_of(desk: Desk, role: Role = Role.PLANNER, customer: str | None = None) -> str:
    """A token of a program with this role."""
    now, name = system_clock(), f"program of {customer} as {role}"
    with desk.database.transaction() as connection:
        accounts.add_program(connection, name=name, role=role, customer=customer, who="test", now=now)
        return accounts.create_token(connection, name, label="", who="test", now=now).token


@pytest.fixture
def planner(site: Site) -> Iterator[Client]:
    with Client(site.url, token=token_of(site.desk), retries=2, sleep=lambda seconds: None) as planner:
        yield planner


@pytest.fixture
def ticket_id(site: Site) -> int:
    """Of a device whose prediction raised an alarm."""
    site.desk.act(site.desk.predict(site.desk.add_device("engine 1")))
    return int(site.desk.value("SELECT ticket_id FROM tickets"))


def test_what_there_is_is_read_by_type(site: Site, planner: Client, ticket_id: int) -> None:
    [device] = planner.devices(device_model=site.desk.device_model.name)
    assert planner.device("engine 1") == device
    assert device.unsettled_tickets == 1
    [prediction] = planner.latest_predictions(device=device.name)
    assert [prediction] == list(planner.predictions(device=device.name))
    assert prediction.as_of == START
    [alarm] = planner.alarms(active=True, device=device.name)
    assert planner.alarm(alarm.alarm_id).etag
    assert alarm.ticket_id == ticket_id
    [ticket] = planner.tickets(state=["open", "suggested"])
    assert planner.ticket(ticket_id) == ticket
    assert isinstance(ticket.need_by - START, timedelta)
    assert site.desk.part_no in {part.part_no for part in planner.parts()}
    assert list(planner.tickets(state=["closed"])) == []


def test_a_ticket_is_led_to_its_end(site: Site, planner: Client, ticket_id: int) -> None:
    ticket = planner.ticket(ticket_id)
    if ticket.state == "suggested":
        ticket = planner.accept_ticket(ticket_id, if_match=ticket.etag)
    planned = planner.plan_ticket(ticket_id, planned_for=START + 110 * HOUR, if_match=ticket.etag)
    with pytest.raises(OvertakenError, match="somebody was quicker") as late:
        planner.start_ticket(ticket_id, if_match=ticket.etag)
    assert late.value.present["state"] == "planned"
    assert late.value.etag == planned.etag
    planner.start_ticket(ticket_id, if_match=late.value.etag)
    planner.resolve_ticket(ticket_id)
    assert planner.close_ticket(ticket_id, "worn").closure_code == "worn"
    with pytest.raises(ConflictError):
        planner.cancel_ticket(ticket_id, "nobody is there")


def test_what_hangs_on_a_ticket_is_changed_as_it_was_seen(site: Site, planner: Client, ticket_id: int) -> None:
    seen = planner.ticket(ticket_id)
    assert planner.pause_ticket(ticket_id, "waiting_for_part", if_match=seen.etag) == []
    with pytest.raises(OvertakenError) as late:
        planner.resume_ticket(ticket_id, if_match=seen.etag)
    planner.resume_ticket(ticket_id, if_match=late.value.etag)
    assert "payers" in planner.decide_entitlement(ticket_id, "misuse")
    if seen.state == "suggested":
        planner.accept_ticket(ticket_id)
    planner.start_ticket(ticket_id)
    planner.resolve_ticket(ticket_id)
    assert planner.give_feedback(ticket_id, 5, "quick").satisfaction == 5


def test_an_alarm_is_dealt_with(site: Site, planner: Client) -> None:
    alarm_id = raise_alarm(site.desk, site.desk.add_device("d1"))
    seen = planner.alarm(alarm_id)
    assert planner.acknowledge_alarm(alarm_id, if_match=seen.etag).acknowledged
    with pytest.raises(OvertakenError):
        planner.assign_alarm(alarm_id, "anna", if_match=seen.etag)
    assert planner.assign_alarm(alarm_id, "anna").assigned_to == "anna"
    assert planner.assign_alarm(alarm_id, None).assigned_to is None
    assert planner.shelve_alarm(alarm_id, until=START + 200 * HOUR).shelved_until == START + 200 * HOUR


def test_lists_are_followed_to_their_end(site: Site, planner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "PAGE", 2)
    for number in range(5):
        site.desk.add_device(f"d{number}")
    assert [device.name for device in planner.devices()] == [f"d{number}" for number in range(5)]


def test_what_is_refused_is_an_error_of_its_kind_with_the_servers_words(site: Site, planner: Client) -> None:
    with pytest.raises(NotFoundError, match="device 'nobody' "):
        planner.device("nobody")
    with pytest.raises(InvalidInputError, match=r"query\.severity"):
        list(planner.alarms(severity="LOUD"))
    with pytest.raises(NotSignedInError, match="API token"), Client(site.url, token="made-up") as stranger:
        list(stranger.devices())
    with Client(site.url, token=token_of(site.desk, Role.VIEWER)) as viewer, pytest.raises(ForbiddenError):
        viewer.acknowledge_alarm(1)


def losing_answers(lost: int, status: int | None = None, **headers: str) -> Callable[..., Any]:
    """Sends requests on, and loses the first answers, or has others in their place."""
    real, seen = httpx.HTTPTransport.handle_request, []

    def handle(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        answer = real(transport, request)
        seen.append(request)
        if len(seen) > lost:
            return answer
        answer.read()
        if status is None:
            raise httpx.ReadError("the line is dead", request=request)
        return httpx.Response(status, headers=headers)

    return handle


def test_a_change_whose_answer_is_lost_is_done_once(
    site: Site, ticket_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.desk.rows("UPDATE tickets SET state = 'open'")
    slept: list[float] = []
    with Client(site.url, token=token_of(site.desk), sleep=slept.append) as planner:
        seen = planner.ticket(ticket_id)
        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", losing_answers(2))
        planned = planner.plan_ticket(ticket_id, planned_for=START + 110 * HOUR, if_match=seen.etag)
    assert planned.version == seen.version + 1
    assert len(slept) == 2
    assert slept[0] < slept[1]


def test_the_server_says_how_long_to_wait(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    with Client(site.url, token=token_of(site.desk), sleep=slept.append) as planner:
        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", losing_answers(1, 503, **{"Retry-After": "7"}))
        assert list(planner.devices()) == []
        assert slept == [7]
        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", losing_answers(1, 429, **{"Retry-After": "900"}))
        with pytest.raises(TooManyAttemptsError):
            list(planner.devices())
    assert slept == [7]


def test_nobody_there_is_told_after_the_last_try() -> None:
    slept: list[float] = []
    with (
        Client("http://127.0.0.1:1", token="t", retries=2, sleep=slept.append) as planner,
        pytest.raises(UnavailableError, match="no answer from 127"),
    ):
        planner.device("d1")
    assert len(slept) == 2


def test_too_many_requests_pass_after_a_while(
    desk: Desk, serve_with: Callable[..., AbstractContextManager[Site]]
) -> None:
    with serve_with(api_rate=1) as site, Client(site.url, token=token_of(desk)) as planner:
        for _ in range(11):
            list(planner.devices())


def test_readings_come_as_they_were_sent(site: Site, planner: Client) -> None:
    site.desk.add_device("d1")
    channel = site.desk.device_model.channels[0].name
    site.desk.rows(
        f"INSERT INTO readings_{site.desk.device_model.name} (device_id, ts, {channel}) "
        "SELECT device_id, %s + n * interval '1 minute', n FROM devices, generate_series(0, 9) n",
        START,
    )
    readings = list(planner.readings("d1", since=START, until=START + HOUR))
    assert [reading[channel] for reading in readings] == list(range(10))
    drawn = planner.telemetry("d1", since=START, until=START + HOUR, channels=[channel])
    assert drawn.channels[0].mean == list(range(10))
    with pytest.raises(InvalidInputError):
        next(planner.readings("d1", since=START, until=START))


def test_a_command_is_sent_and_called_back(site: Site, planner: Client) -> None:
    site.desk.rows(
        "INSERT INTO devices (name, device_model, service_centre) VALUES ('hp-1', 'heat_pump', 'north')",
    )
    sent = planner.send_command("hp-1", "sampling", {"interval_seconds": 5}, confirmed=True)
    assert planner.command(sent.command_id).arguments["interval_seconds"] == 5
    assert planner.cancel_command(sent.command_id).state == "cancelled"
    assert [one.command_id for one in planner.commands(device="hp-1")] == [sent.command_id]


def test_parts_on_their_way_are_followed(site: Site, planner: Client, ticket_id: int) -> None:
    parts, part_no = planner.logistics, site.desk.part_no
    site.desk.rows(
        "INSERT INTO part_stock (service_centre, part_no, on_hand) VALUES ('south', %s, 3) "
        "ON CONFLICT (service_centre, part_no) DO UPDATE SET on_hand = 3",
        part_no,
    )
    counted = parts.count_parts(part_no, 4, service_centre="south", reason="one more lay there")
    assert (counted.on_hand, counted.free) == (4, 4)
    for _ in range(2):
        came = parts.receive_parts(part_no, 2, service_centre="south", reference="DN-1")
        assert came.on_hand == 6
    parts.set_transfer_time("south", "north", hours=6)
    assert [(way.from_centre, way.hours) for way in parts.transfer_times()] == [("south", 6)]
    sent = parts.send_parts(part_no, 1, from_centre="south", to_centre="north")
    assert [one.transfer_id for one in parts.transfers(state=["in_transit"])] == [sent.transfer_id]
    seen = parts.transfer(sent.transfer_id)
    assert parts.book_transfer_in(sent.transfer_id, if_match=seen.etag).etag != seen.etag
    with pytest.raises(OvertakenError):
        parts.cancel_transfer(sent.transfer_id, "late", if_match=seen.etag)
    with pytest.raises(ConflictError):
        parts.ship_transfer(sent.transfer_id)
    site.desk.rows(
        "INSERT INTO part_returns (ticket_id, component, service_centre, state, expected_at) "
        "VALUES (%s, 'fan', 'north', 'expected', %s)",
        ticket_id,
        START,
    )
    [expected] = parts.returns(state=["expected"])
    back = parts.receive_return(expected.return_id, if_match=parts.returned(expected.return_id).etag)
    assert parts.inspect_return(back.return_id, "worn", note="dry", if_match=back.etag).findings == "worn"
    assert parts.findings() == []


def test_technicians_manuals_and_guidance_are_read(site: Site, planner: Client) -> None:
    anna = planner.set_technician(records.Technician("anna", "north", skills=["cooling"]))
    assert planner.technicians(service_centre="north") == [anna]
    assert planner.set_technician(replace(anna, active=False)).version == 2
    with pytest.raises(ConflictError):
        planner.set_technician(anna)
    site.desk.rows("INSERT INTO devices (name, device_model, service_centre) VALUES ('hp-1', 'heat_pump', 'north')")
    manual = planner.manuals("hp-1")[0]
    assert planner.manual("heat_pump", manual.name).startswith(b"# What it does")
    assert {found.device_model for found in planner.guidance("compressor")} == {"heat_pump"}


def test_the_feed_is_taken_up_where_its_line_was_lost(site: Site, planner: Client) -> None:
    first = raise_alarm(site.desk, site.desk.add_device("d0"))
    feed = planner.feed(after=0)
    assert next(feed).document["alarm_id"] == first
    for subscription in list(site.feed._subscriptions):
        subscription.end()
    second = raise_alarm(site.desk, site.desk.add_device("d1"))
    assert next(feed).document["alarm_id"] == second


def test_each_path_and_field_of_the_client_is_documented(site: Site) -> None:
    with site.client() as browser:
        document = browser.get("/api/v1/openapi.json").json()
    paths = {f"/api/v1{path}" for module in (client, logistics) for path in paths_of(inspect.getsource(module))}
    assert paths <= document["paths"].keys()
    left_out = {path for path in document["paths"].keys() - paths if path.startswith(LEFT_OUT)}
    assert document["paths"].keys() - paths - left_out == set(), "call it, or say why not"
    assert [one for one in LEFT_OUT if not any(path.startswith(one) for path in left_out)] == []
    schemas = document["components"]["schemas"]
    of_both = [*vars(records).values(), *vars(logistics_records).values()]
    for record in of_both:
        if inspect.isclass(record) and is_dataclass(record) and record is not records.Change:
            known = schemas[record.__name__]["properties"].keys() | {"etag"}
            assert {field.name for field in fields(record)} <= known, record


OF_ADMINS = ("api-tokens", "audit-log", "escalations", "people", "receivers", "users", "webhooks")
OF_MODELS = ("gates", "model-versions", "predictions/{prediction_id}")
OF_PAPERS = ("capacities", "contracts", "sites", "warranties")
OF_OPERATION = ("health", "me", "metrics", "rejected-messages")
AS_FILES = ("command-files", "commands/{command_id}/files", "customer-export", "exports/")
ON_PAGES = (
    "alarms/bulk",
    "alarms/{alarm_id}/",
    "devices/bulk",
    "devices/{name}/",
    "figures",
    "fleet-commands",
    "latest/",
    "orders",
    "problem-reports",
    "reorder-list",
    "reservations",
    "tickets/bulk",
    "tickets/needed",
    "tickets/{ticket_id}/",
    "troubleshooting",
    "visits",
)
LEFT_OUT = tuple(
    f"/api/v1/{one}" for group in (OF_ADMINS, OF_MODELS, OF_PAPERS, OF_OPERATION, AS_FILES, ON_PAGES) for one in group
)
"""What the client leaves to `aftercare`, to the console, and to plain HTTP for files: nobody asked for it yet."""


def paths_of(source: str) -> set[str]:
    """Literals that are paths."""
    nodes = ast.walk(ast.parse(source))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if text.startswith("/") and len(text) > 1}
