"""Stock and reservations: whatever happens in whatever order, nothing is oversold and the ledgers add up."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from domain.device_model import KitLine
from domain.errors import ConflictError, InvalidInputError, NotFoundError
from domain.stock import Reservation, Stock
from service_desk import releasing, reserving, shelves
from store.database import Connection
from store.reservations import held
from store.retry import in_transaction

if TYPE_CHECKING:
    from .conftest import Desk

NOW = datetime(2026, 1, 3, tzinfo=UTC)
PARTS = ("P1", "P2", "P3")


def add_parts(desk: Desk) -> None:
    for part_no in PARTS:
        desk.rows("INSERT INTO parts VALUES (%s, '', 100, 'EUR', '1 day') ON CONFLICT DO NOTHING", part_no)


def reserve(
    connection: Connection, ticket_id: int, kit: list[KitLine], need_by: datetime = NOW, service_centre: str = "north"
) -> list[Reservation]:
    return reserving.reserve_kit(
        connection,
        ticket_id=ticket_id,
        service_centre=service_centre,
        kit=kit,
        need_by=need_by,
        who="test",
        now=NOW,
    )


def receive(connection: Connection, part_no: str, quantity: int, service_centre: str = "north") -> Stock:
    return shelves.receive(
        connection, service_centre=service_centre, part_no=part_no, quantity=quantity, who="test", now=NOW
    )


def adjust(
    connection: Connection, part_no: str, counted: int, service_centre: str = "north", reason: str = "count"
) -> Stock:
    return shelves.adjust(
        connection, service_centre=service_centre, part_no=part_no, counted=counted, who="test", now=NOW, reason=reason
    )


def test_a_receipt_fills_back_orders_first_needed_first(desk: Desk) -> None:
    add_parts(desk)
    late, soon = desk.add_ticket("d1"), desk.add_ticket("d2")
    with desk.database.transaction() as connection:
        reserve(connection, late, [KitLine("P1", 1)], NOW + timedelta(days=9))
        reserve(connection, soon, [KitLine("P1", 1)], NOW + timedelta(days=1))
        assert receive(connection, "P1", 1) == Stock("north", "P1", on_hand=1, allocated=1, on_order=0)
    with desk.database.transaction() as connection:
        assert [row.state for row in held(connection, ticket_id=soon)] == ["reserved"]
        assert [row.state for row in held(connection, ticket_id=late)] == ["backordered"]
    desk.check_ledgers()


def test_a_substitute_that_arrives_goes_to_who_needs_it_first_of_all_for_whom_it_would_do(desk: Desk) -> None:
    add_parts(desk)
    own, soon, other = desk.add_ticket("d1"), desk.add_ticket("d2"), desk.add_ticket("d3")
    with desk.database.transaction() as connection:
        reserve(connection, own, [KitLine("P2", 1)], NOW + timedelta(days=5))
        reserve(connection, soon, [KitLine("P1", 1, ("P2",))], NOW + timedelta(days=1))
        reserve(connection, other, [KitLine("P1", 1)])
    with desk.database.transaction() as connection:
        assert receive(connection, "P2", 1).free == 0
    with desk.database.transaction() as connection:
        [filled] = held(connection, ticket_id=soon)
        assert (filled.state, filled.part_no, filled.instead_of) == ("reserved", "P2", "P1")
        assert [row.state for row in held(connection, ticket_id=own)] == ["backordered"]
        assert [row.state for row in held(connection, ticket_id=other)] == ["backordered"]
        assert "instead_of" in str(desk.value("SELECT detail FROM ticket_events WHERE what = 'part_reserved'"))
        releasing.release(connection, ticket_id=soon, who="test", now=NOW, reason="")
    with desk.database.transaction() as connection:
        assert [row.state for row in held(connection, ticket_id=own)] == ["reserved"]
    desk.check_ledgers()


def test_a_back_order_that_does_not_fit_does_not_hold_up_a_smaller_one(desk: Desk) -> None:
    add_parts(desk)
    large, small = desk.add_ticket("d1"), desk.add_ticket("d2")
    with desk.database.transaction() as connection:
        reserve(connection, large, [KitLine("P1", 3)])
        reserve(connection, small, [KitLine("P1", 1)], NOW + timedelta(days=1))
        assert receive(connection, "P1", 2).free == 1
    desk.check_ledgers()


def test_a_released_part_goes_to_who_waits_for_it(desk: Desk) -> None:
    add_parts(desk)
    first, second = desk.add_ticket("d1"), desk.add_ticket("d2")
    with desk.database.transaction() as connection:
        receive(connection, "P1", 1)
        reserve(connection, first, [KitLine("P1", 1)])
        reserve(connection, second, [KitLine("P1", 1)])
        releasing.release(connection, ticket_id=first, who="test", now=NOW, reason="")
        assert [row.state for row in held(connection, ticket_id=second)] == ["reserved"]
    desk.check_ledgers()


def test_a_kit_reserved_twice_is_held_once(desk: Desk) -> None:
    add_parts(desk)
    ticket_id = desk.add_ticket("d1")
    with desk.database.transaction() as connection:
        receive(connection, "P1", 5)
        kit = [KitLine("P1", 1), KitLine("P1", 1), KitLine("P2", 1)]
        assert reserve(connection, ticket_id, kit) == reserve(connection, ticket_id, kit)
        assert [(row.part_no, row.quantity, row.state) for row in held(connection, ticket_id=ticket_id)] == [
            ("P1", 2, "reserved"),
            ("P2", 1, "backordered"),
        ]
    desk.check_ledgers()


def test_what_is_on_order_goes_down_as_it_arrives(desk: Desk) -> None:
    add_parts(desk)
    with desk.database.transaction() as connection:
        shelves.order(connection, service_centre="north", part_no="P1", quantity=2, who="test", now=NOW)
        assert receive(connection, "P1", 3) == Stock("north", "P1", on_hand=3, allocated=0, on_order=0)
    desk.check_ledgers()


@pytest.mark.parametrize(
    ("service_centre", "part_no", "quantity", "error", "message"),
    [
        ("north", "NOPE", 1, NotFoundError, "unknown part 'NOPE'"),
        ("moon", "P1", 1, NotFoundError, "unknown service centre 'moon'"),
        ("north", "P1", 0, InvalidInputError, "quantity 0"),
        ("north", "P1", -3, InvalidInputError, "quantity -3"),
        ("north", "P1", 10**20, InvalidInputError, "is not between"),
    ],
)
def test_a_wrong_receipt_is_named_and_changes_nothing(
    desk: Desk, service_centre: str, part_no: str, quantity: int, error: type[Exception], message: str
) -> None:
    add_parts(desk)
    with pytest.raises(error, match=message), desk.database.transaction() as connection:
        receive(connection, part_no, quantity, service_centre)
    assert desk.rows("SELECT * FROM stock_journal") == []


def test_a_count_cannot_take_off_what_is_reserved(desk: Desk) -> None:
    add_parts(desk)
    ticket_id = desk.add_ticket("d1")
    with desk.database.transaction() as connection:
        receive(connection, "P1", 2)
        reserve(connection, ticket_id, [KitLine("P1", 2)])
        with pytest.raises(ConflictError, match="2 are reserved for tickets, so 1 cannot be all"):
            adjust(connection, "P1", 1)


def test_a_count_of_the_shelf_fills_back_orders_and_changes_nothing_the_second_time(desk: Desk) -> None:
    add_parts(desk)
    ticket_id = desk.add_ticket("d1")
    with desk.database.transaction() as connection:
        reserve(connection, ticket_id, [KitLine("P1", 2)])
        for _ in range(2):
            assert adjust(connection, "P1", 3) == Stock("north", "P1", on_hand=3, allocated=2, on_order=0)
    assert desk.rows("SELECT movement, on_hand_change, reason FROM stock_journal ORDER BY journal_id") == [
        ("adjust", 3, "count"),
        ("reserve", 0, ""),
    ]
    desk.check_ledgers()


@pytest.mark.parametrize(
    ("counted", "reason", "message"),
    [
        (-1, "count", "a count of -1 is not between"),
        (10**20, "count", "is not between"),
        (1, " ", "only with a reason"),
    ],
)
def test_a_wrong_count_is_named(desk: Desk, counted: int, reason: str, message: str) -> None:
    add_parts(desk)
    with desk.database.transaction() as connection, pytest.raises(InvalidInputError, match=message):
        adjust(connection, "P1", counted, reason=reason)


@pytest.mark.parametrize(
    ("book", "balance"),
    [
        (shelves.order, Stock("north", "P1", on_hand=0, allocated=0, on_order=2)),
        (shelves.receive, Stock("north", "P1", on_hand=2, allocated=0, on_order=0)),
    ],
)
def test_a_reference_is_booked_once_for_each_part(desk: Desk, book: Callable[..., Stock], balance: Stock) -> None:
    add_parts(desk)
    booking = {"service_centre": "north", "who": "test", "now": NOW, "reference": "PO-1"}

    def again(number: int) -> Stock:
        return in_transaction(desk.database, lambda connection: book(connection, part_no="P1", quantity=2, **booking))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(again, range(8))) == [balance] * 8
    with desk.database.transaction() as connection:
        book(connection, part_no="P2", quantity=1, **booking)
        with pytest.raises(ConflictError, match="'PO-1' of P1 at north is in the journal with 2, not 3"):
            book(connection, part_no="P1", quantity=3, **booking)
    assert desk.value("SELECT count(*) FROM stock_journal") == 2
    desk.check_ledgers()


def test_no_more_is_called_off_than_is_on_order(desk: Desk) -> None:
    add_parts(desk)
    with desk.database.transaction() as connection:
        booking = {"service_centre": "north", "part_no": "P1", "who": "test", "now": NOW}
        shelves.order(connection, quantity=3, **booking)
        assert shelves.order(connection, quantity=-2, **booking).on_order == 1
        with pytest.raises(ConflictError, match="1 on order, so 2 cannot be called off"):
            shelves.order(connection, quantity=-2, **booking)
        with pytest.raises(InvalidInputError, match="quantity 0"):
            shelves.order(connection, quantity=0, **booking)
    desk.check_ledgers()


def test_the_journal_refuses_to_be_rewritten(desk: Desk) -> None:
    add_parts(desk)
    with desk.database.transaction() as connection:
        receive(connection, "P1", 2)
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        desk.rows("DELETE FROM stock_journal")
