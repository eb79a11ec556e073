"""What became of failures and tickets, counted from the database."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from domain.device import DeviceEvent, EventKind
from domain.ticket import ClosureCode
from service_desk import releasing, shelves, tickets
from store import events
from store.outcomes import FailureOutcome, TicketOutcome, failure_outcomes, ticket_outcomes

from .conftest import HOUR, START

if TYPE_CHECKING:
    from .conftest import Desk

WHO = "planner"


def at(hours: float) -> datetime:
    return START + hours * HOUR


def fail(desk: Desk, device: str, hours: float, *, code: str | None = None) -> None:
    device_id = desk.value("SELECT device_id FROM devices WHERE name = %s", device)
    code = code or desk.device_model.failure_modes[0].event_codes[0]
    with desk.database.transaction() as connection:
        events.insert(connection, [(device_id, DeviceEvent(device, at(hours), EventKind.FAILURE, code))])


def stock(desk: Desk, hours: float, quantity: int = 1) -> None:
    with desk.database.transaction() as connection:
        shelves.receive(
            connection, service_centre="north", part_no=desk.part_no, quantity=quantity, who=WHO, now=at(hours)
        )


def open_ticket(desk: Desk, device_id: int, hours: float, *, precision: float = 0.9) -> int:
    outcome = desk.act(desk.predict(device_id, hours=hours, precision=precision))
    assert outcome.ticket_id is not None
    return outcome.ticket_id


def cancel(desk: Desk, ticket_id: int, hours: float) -> None:
    with desk.database.transaction() as connection:
        tickets.cancel(connection, ticket_id=ticket_id, who=WHO, now=at(hours), reason="not needed")


def failures(desk: Desk, *, since: float = 0) -> list[FailureOutcome]:
    with desk.database.transaction() as connection:
        return list(failure_outcomes(connection, desk.catalog, since=at(since)))


def opened(desk: Desk, *, since: float = 0) -> list[TicketOutcome]:
    with desk.database.transaction() as connection:
        return list(ticket_outcomes(connection, desk.catalog, since=at(since)))


def test_a_failure_that_was_foreseen(desk: Desk) -> None:
    stock(desk, 0)
    ticket_id = open_ticket(desk, desk.add_device("d"), 10)
    fail(desk, "d", 30)

    name, mode = desk.device_model.name, desk.failure_mode
    assert failures(desk) == [FailureOutcome("d", name, mode, at(30), ticket_id, at(10), at(10))]
    [ticket] = opened(desk)
    assert (ticket.ticket_id, ticket.opened_at, ticket.state, ticket.failed_at) == (ticket_id, at(10), "open", at(30))


def test_a_failure_out_of_the_blue(desk: Desk) -> None:
    device_id = desk.add_device("d")
    fail(desk, "d", 30)
    open_ticket(desk, device_id, 31)

    [failure] = failures(desk)
    assert (failure.ticket_id, failure.opened_at, failure.reserved_at) == (None, None, None)
    assert [ticket.failed_at for ticket in opened(desk)] == [None]


def test_a_ticket_that_was_cancelled_before_does_not_count(desk: Desk) -> None:
    stock(desk, 0)
    cancel(desk, open_ticket(desk, desk.add_device("early"), 10), 20)
    late = open_ticket(desk, desk.add_device("late"), 10)
    fail(desk, "early", 30)
    fail(desk, "late", 30)
    cancel(desk, late, 40)

    assert [(f.device, f.ticket_id) for f in failures(desk)] == [("early", None), ("late", late)]


def test_a_suggestion_counts_from_when_it_is_accepted(desk: Desk) -> None:
    stock(desk, 0, 2)
    ids = {name: open_ticket(desk, desk.add_device(name), 10, precision=0.1) for name in ("ignored", "taken", "tardy")}
    with desk.database.transaction() as connection:
        tickets.accept(connection, desk.catalog, ticket_id=ids["taken"], who=WHO, now=at(20))
    for name in ids:
        fail(desk, name, 30)
    with desk.database.transaction() as connection:
        tickets.accept(connection, desk.catalog, ticket_id=ids["tardy"], who=WHO, now=at(31))

    found = {f.device: (f.ticket_id, f.opened_at, f.reserved_at) for f in failures(desk)}
    nothing = (None, None, None)
    assert found == {"ignored": nothing, "taken": (ids["taken"], at(20), at(20)), "tardy": nothing}
    assert [(t.device, t.opened_at) for t in opened(desk)] == [("taken", at(20)), ("tardy", at(31))]


def test_a_second_failure_needs_a_ticket_of_its_own(desk: Desk) -> None:
    stock(desk, 0, 2)
    device_id = desk.add_device("d")
    first = open_ticket(desk, device_id, 10)
    fail(desk, "d", 30)
    fail(desk, "d", 60)
    assert [f.ticket_id for f in failures(desk)] == [first, None]

    with desk.database.transaction() as connection:
        tickets.start(connection, ticket_id=first, who=WHO, now=at(61))
        tickets.resolve(connection, ticket_id=first, who=WHO, now=at(62))
        code = ClosureCode.CONFIRMED
        tickets.close(connection, desk.catalog, ticket_id=first, closure_code=code, who=WHO, now=at(62))
    second = open_ticket(desk, device_id, 80)
    fail(desk, "d", 90)

    assert [f.ticket_id for f in failures(desk)] == [first, None, second]
    assert [(t.ticket_id, t.failed_at) for t in opened(desk)] == [(first, at(30)), (second, at(90))]
    # A look at the last failure alone still knows of the ones before.
    assert [f.ticket_id for f in failures(desk, since=60)] == [None, second]


def test_the_failure_of_another_mode_is_not_the_ticket_s(desk: Desk) -> None:
    open_ticket(desk, desk.add_device("d"), 10)
    open_ticket(desk, desk.add_device("other"), 10)
    fail(desk, "d", 30, code="something else")

    assert failures(desk) == []
    assert [t.failed_at for t in opened(desk)] == [None, None]


def test_a_backordered_part_is_not_reserved(desk: Desk) -> None:
    for name in ("never", "late", "in time"):
        device = name.replace(" ", "-")
        open_ticket(desk, desk.add_device(device, service_centre=device), 10)
    part = {"part_no": desk.part_no, "quantity": 1, "who": WHO}
    with desk.database.transaction() as connection:
        shelves.receive(connection, service_centre="in-time", now=at(20), **part)
    for name in ("never", "late", "in-time"):
        fail(desk, name, 30)
    with desk.database.transaction() as connection:
        shelves.receive(connection, service_centre="late", now=at(31), **part)

    assert {f.device: f.reserved_at for f in failures(desk)} == {"never": None, "late": None, "in-time": at(20)}
    assert all(f.opened_at == at(10) for f in failures(desk))


def test_a_part_that_was_released_before_the_failure_is_not_reserved(desk: Desk) -> None:
    stock(desk, 0, 2)
    early, late = (open_ticket(desk, desk.add_device(name), 10) for name in ("early", "late"))
    with desk.database.transaction() as connection:
        releasing.release(connection, ticket_id=early, who=WHO, now=at(20), reason="wrong part")
    fail(desk, "early", 30)
    fail(desk, "late", 30)
    with desk.database.transaction() as connection:
        releasing.release(connection, ticket_id=late, who=WHO, now=at(31), reason="wrong part")

    assert {f.device: f.reserved_at for f in failures(desk)} == {"early": None, "late": at(10)}


def test_half_a_kit_is_not_reserved(desk: Desk) -> None:
    stock(desk, 0)
    ticket_id = open_ticket(desk, desk.add_device("d"), 10)
    other = desk.value("SELECT part_no FROM parts WHERE part_no <> %s LIMIT 1", desk.part_no)
    desk.rows(
        "INSERT INTO part_reservations (ticket_id, part_no, service_centre, quantity, state, need_by, created_at) "
        "VALUES (%s, %s, 'north', 1, 'backordered', %s, %s)",
        ticket_id,
        other,
        at(20),
        at(10),
    )
    fail(desk, "d", 30)

    assert [f.reserved_at for f in failures(desk)] == [None]


def test_only_what_happened_since(desk: Desk) -> None:
    first, second = desk.add_device("first"), desk.add_device("second")
    open_ticket(desk, first, 10)
    open_ticket(desk, second, 50)
    fail(desk, "first", 20)
    fail(desk, "second", 60)

    assert [f.device for f in failures(desk, since=40)] == ["second"]
    assert [t.device for t in opened(desk, since=40)] == ["second"]
