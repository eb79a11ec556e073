"""Booking a visit, on the real database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from domain.errors import ConflictError, InvalidInputError, NotFoundError
from domain.ticket import Ticket
from domain.visit import Technician, Visit, VisitKind, VisitState
from service_desk import booking, shelves, tickets
from service_desk.found_faults import open_found
from service_desk.maintenance import import_maintenance, planned_visits
from store import technicians, visits
from store.retry import in_transaction

if TYPE_CHECKING:
    from .conftest import Desk

NOW = datetime(2026, 1, 5, 6, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
SKILL = "blades"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    mode = replace(desk.device_model.failure_modes[0], skills=(SKILL,), visit_length=4 * HOUR)
    desk.device_model = replace(desk.device_model, failure_modes=[mode])
    desk.catalog = {**desk.catalog, desk.device_model.name: desk.device_model}
    return desk


def employ(desk: Desk, name: str, **fields: Any) -> None:
    with desk.database.transaction() as connection:
        technicians.save(
            connection, Technician(**{"technician": name, "service_centre": "north", "skills": (SKILL,), **fields})
        )


def open_ticket(desk: Desk, name: str = "d1", *, rul_low: float = 60) -> int:
    device_id = desk.add_device(name)
    with desk.database.transaction() as connection:
        shelves.receive(connection, service_centre="north", part_no=desk.part_no, quantity=1, who="test", now=NOW)
    opened = desk.act(desk.predict(device_id, hours=102, rul_low=rul_low))
    assert opened.ticket_id is not None
    return int(opened.ticket_id)


def book(desk: Desk, ticket_id: int, **choice: Any) -> Ticket:
    def work(connection: Any) -> Ticket:
        return booking.book(
            connection, desk.catalog, **{"ticket_id": ticket_id, "who": "planner", "now": NOW, **choice}
        )

    return in_transaction(desk.database, work)


def visit_list(desk: Desk, **wanted: Any) -> list[Visit]:
    with desk.database.transaction() as connection:
        return visits.list_visits(connection, **wanted)


def test_a_slot_with_who_has_the_skill_in_time_is_booked_and_the_customer_told(desk: Desk) -> None:
    employ(desk, "anna")
    employ(desk, "ben", skills=())
    employ(desk, "carl", service_centre="south")
    ticket_id = open_ticket(desk)
    ticket = book(desk, ticket_id)
    [visit] = visit_list(desk)
    assert (visit.technician, visit.tickets, visit.state) == ("anna", (ticket_id,), VisitState.BOOKED)
    assert ticket.state == "planned"
    assert ticket.planned_for == visit.starts_at
    assert visit.starts_at <= ticket.need_by
    told = desk.value("SELECT payload -> 'detail' ->> 'customer_notice' FROM outbox ORDER BY outbox_id DESC LIMIT 1")
    assert told.startswith("A technician will visit d1 on ")


def test_moved_and_cancelled_visits_free_their_slot(desk: Desk) -> None:
    employ(desk, "anna")
    ticket_id = open_ticket(desk)
    book(desk, ticket_id, starts_at=NOW + 3 * HOUR)
    moved = book(desk, ticket_id, starts_at=NOW + 5 * HOUR)
    assert moved.planned_for == NOW + 5 * HOUR
    assert [visit.state for visit in visit_list(desk)] == ["cancelled", "booked"]
    with desk.database.transaction() as connection:
        tickets.cancel(connection, ticket_id=ticket_id, reason="scrapped", who="planner", now=NOW)
    assert {visit.state for visit in visit_list(desk)} == {"cancelled"}
    told = desk.rows("SELECT detail ->> 'customer_notice' FROM ticket_events ORDER BY ticket_event_id")
    assert "has moved to" in told[-2][0]
    assert "does not take place" in told[-1][0]


def test_a_centre_without_capacity_says_so_and_offers_the_next_possibility(desk: Desk) -> None:
    ticket_id = open_ticket(desk, rul_low=20)
    with pytest.raises(ConflictError, match="north has no technician with blades at work"):
        book(desk, ticket_id)
    employ(desk, "anna", closed_days=tuple((NOW + timedelta(days=day)).date() for day in range(7)))
    with pytest.raises(
        ConflictError, match=r"nobody free until .* The next possibility is 2026-01-12 08:00 UTC with anna"
    ):
        book(desk, ticket_id)
    far = NOW + timedelta(days=30, hours=4)
    with desk.database.transaction() as connection:
        visit_id = import_maintenance(
            connection, device="d1", reference="M-1", starts_at=far, ends_at=far + HOUR, who="erp", now=NOW
        )
        offered = booking.offers(connection, desk.catalog, ticket_id=ticket_id, now=NOW)
    assert [(offer.in_time, offer.visit_id) for offer in offered.offers] == [(False, None), (False, visit_id)]
    assert "The next possibility is 2026-01-12 08:00 UTC" in offered.problem
    late = book(desk, ticket_id, technician="anna")
    assert late.planned_for == datetime(2026, 1, 12, 8, tzinfo=UTC)


def test_what_cannot_be_booked_is_told(desk: Desk) -> None:
    employ(desk, "anna")
    employ(desk, "ben", skills=("pumps",))
    employ(desk, "gone", active=False)
    ticket_id = open_ticket(desk)
    refused: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"technician": "ben"}, InvalidInputError, "ben cannot do .* it needs blades"),
        ({"technician": "gone"}, InvalidInputError, "no technician 'gone' at work"),
        ({"technician": "nobody"}, InvalidInputError, "no technician 'nobody'"),
        ({"starts_at": NOW - HOUR}, InvalidInputError, "cannot be planned for"),
        ({"starts_at": NOW.replace(hour=22)}, ConflictError, "anna does not work then"),
        ({"visit_id": 99}, ConflictError, "visit 99 cannot take ticket"),
        ({"version": 7}, ConflictError, "someone else"),
        ({"ticket_id": 99}, NotFoundError, "ticket 99"),
    ]
    for choice, error, told in refused:
        with pytest.raises(error, match=told):
            book(desk, **{"ticket_id": ticket_id, **choice})
    assert visit_list(desk) == []
    with desk.database.transaction() as connection:
        tickets.cancel(connection, ticket_id=ticket_id, reason="scrapped", who="planner", now=NOW)
    with pytest.raises(ConflictError, match="is cancelled: no visit"):
        book(desk, ticket_id)


def test_a_double_click_books_once(desk: Desk) -> None:
    employ(desk, "anna")
    ticket_id = open_ticket(desk)
    version = desk.value("SELECT version FROM tickets")

    def click(_: int) -> str:
        try:
            return str(book(desk, ticket_id, version=version).state)
        except ConflictError:
            return "refused"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(click, range(4))) == ["planned", "refused", "refused", "refused"]
    assert len(visit_list(desk)) == 1


def test_planners_never_take_the_same_slot(desk: Desk) -> None:
    employ(desk, "anna")
    employ(desk, "ben")
    numbers = [open_ticket(desk, f"d{number}") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda ticket_id: book(desk, ticket_id, technician="anna"), numbers))
    booked = [visit for visit in visit_list(desk) if visit.technician == "anna"]
    assert len(booked) == 8
    assert all(one.ends_at <= other.starts_at for one, other in pairwise(booked))


def test_the_database_itself_refuses_an_overlap(desk: Desk) -> None:
    employ(desk, "anna")
    device_id = desk.add_device("d1")
    slot: dict[str, Any] = {"technician_id": 1, "starts_at": NOW, "ends_at": NOW + HOUR, "who": "test", "now": NOW}
    with desk.database.transaction() as connection:
        visits.add(connection, device_id=device_id, kind=VisitKind.REPAIR, **slot)
        with pytest.raises(ConflictError, match="booked for that time meanwhile"):
            visits.add(connection, device_id=device_id, kind=VisitKind.REPAIR, **slot)
        visits.add(
            connection,
            device_id=device_id,
            kind=VisitKind.REPAIR,
            **{**slot, "starts_at": NOW + HOUR, "ends_at": NOW + 2 * HOUR},
        )


def test_a_repair_joins_planned_maintenance_and_leaves_it_again(desk: Desk) -> None:
    employ(desk, "anna")
    ticket_id = open_ticket(desk)
    starts_at = NOW + 4 * HOUR
    planned: dict[str, Any] = {
        "device": "d1",
        "reference": "M-1",
        "starts_at": starts_at,
        "ends_at": starts_at + 2 * HOUR,
        "who": "erp",
        "now": NOW,
    }
    with desk.database.transaction() as connection:
        visit_id = import_maintenance(connection, **planned)
        assert import_maintenance(connection, **planned) == visit_id
        offered = booking.offers(connection, desk.catalog, ticket_id=ticket_id, now=NOW)
    assert [offer.visit_id for offer in offered.offers] == [visit_id, None]
    assert offered.problem == ""
    book(desk, ticket_id, visit_id=visit_id)
    [visit] = visit_list(desk)
    assert (visit.technician, visit.tickets, visit.ends_at - visit.starts_at) == ("anna", (ticket_id,), 6 * HOUR)
    with pytest.raises(ConflictError, match="a ticket has joined it"), desk.database.transaction() as connection:
        import_maintenance(connection, **planned)
    with desk.database.transaction() as connection:
        tickets.cancel(connection, ticket_id=ticket_id, reason="scrapped", who="planner", now=NOW)
    [visit] = visit_list(desk)
    assert (visit.state, visit.tickets, visit.ends_at - visit.starts_at) == ("booked", (), 2 * HOUR)


def test_who_takes_a_visit_over_has_the_skills_for_everything_in_it(desk: Desk) -> None:
    [mode] = desk.device_model.failure_modes
    other = replace(mode, name="leak", event_codes=("leak",), skills=("pipes",))
    desk.device_model = replace(desk.device_model, failure_modes=[mode, other])
    desk.catalog = {**desk.catalog, desk.device_model.name: desk.device_model}
    employ(desk, "anna")
    ticket_id = open_ticket(desk)
    book(desk, ticket_id, starts_at=NOW + 2 * HOUR)
    [visit] = visit_list(desk)
    employ(desk, "ben", skills=("pipes",))
    with desk.database.transaction() as connection:
        leak = open_found(
            connection,
            desk.device_model,
            other,
            device_id=desk.value("SELECT device_id FROM devices"),
            kit=(),
            summary="It leaks.",
            who="test",
            now=NOW,
        )
    with pytest.raises(ConflictError, match="nobody with the skill has the time"):
        book(desk, leak, visit_id=visit.visit_id)
    employ(desk, "carl", skills=("pipes", SKILL))
    book(desk, leak, visit_id=visit.visit_id)
    assert [(one.technician, one.tickets) for one in visit_list(desk)] == [("carl", (ticket_id, leak))]
    told = "SELECT detail ->> 'customer_notice' FROM ticket_events WHERE ticket_id = %s AND what = 'planned'"
    assert "to prevent a failure" in desk.value(told, ticket_id)
    assert "to repair it" in desk.value(told, leak)


def test_a_repair_does_not_join_a_visit_that_became_too_late(desk: Desk) -> None:
    employ(desk, "anna")
    ticket_id = open_ticket(desk)
    late = NOW + timedelta(days=9)
    with desk.database.transaction() as connection:
        visit_id = import_maintenance(
            connection, device="d1", reference="M-1", starts_at=late, ends_at=late + HOUR, who="erp", now=NOW
        )
    desk.rows("UPDATE tickets SET decision = jsonb_set(decision, '{joins_visit}', %s::text::jsonb)", visit_id)
    again = desk.predict(desk.value("SELECT device_id FROM devices"), hours=103, rul_low=59)
    assert desk.act(again).ticket == "hastened"
    decision, detail = desk.rows(
        "SELECT t.decision, e.detail FROM tickets t JOIN ticket_events e USING (ticket_id) WHERE e.what = 'hastened'"
    )[0]
    assert (decision["joins_visit"], detail["no_longer_joins"]) == (None, visit_id)
    assert desk.act(desk.predict(again.device_id, hours=104, rul_low=58)).ticket is None
    desk.rows("UPDATE tickets SET decision = jsonb_set(decision, '{joins_visit}', %s::text::jsonb)", visit_id)
    book(desk, ticket_id)
    assert [visit.starts_at < late for visit in visit_list(desk) if visit.tickets] == [True]


def test_maintenance_by_the_catalogs_interval_is_planned_once(desk: Desk) -> None:
    device_id = desk.add_device("d1")
    desk.rows("UPDATE devices SET installed_at = '2025-01-10 07:00Z'")
    model = replace(desk.device_model, maintenance_interval=timedelta(days=180))
    with desk.database.transaction() as connection:
        [first] = planned_visits(connection, model, device_id=device_id, now=NOW)
        [again] = planned_visits(connection, model, device_id=device_id, now=NOW)
    assert first == again
    assert first.starts_at == datetime(2026, 1, 5, 8, tzinfo=UTC)  # two intervals on, when business opens


def test_two_that_plan_a_maintenance_at_once_plan_one(desk: Desk) -> None:
    device_id = desk.add_device("d1")
    desk.rows("UPDATE devices SET installed_at = '2025-01-10 07:00Z'")
    model = replace(desk.device_model, maintenance_interval=timedelta(days=180))

    def plan() -> list[Visit]:
        with desk.database.transaction() as connection:
            return planned_visits(connection, model, device_id=device_id, now=NOW)

    with ThreadPoolExecutor(1) as other:
        with desk.database.transaction() as connection:
            first = planned_visits(connection, model, device_id=device_id, now=NOW)
            second = other.submit(plan)
            with pytest.raises(TimeoutError):
                second.result(timeout=0.3)
        assert second.result(timeout=10) == first


def test_work_that_is_done_ends_the_visit(desk: Desk) -> None:
    employ(desk, "anna")
    ticket_id = open_ticket(desk)
    book(desk, ticket_id, starts_at=NOW + 3 * HOUR)
    with desk.database.transaction() as connection:
        tickets.start(connection, ticket_id=ticket_id, who="anna", now=NOW + 3 * HOUR)
        tickets.resolve(connection, ticket_id=ticket_id, who="anna", now=NOW + 6 * HOUR)
    assert [visit.state for visit in visit_list(desk)] == ["done"]
