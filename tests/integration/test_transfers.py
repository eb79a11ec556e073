"""Stock between service centres: suggested for tickets, sent, arrived, called off; the ledgers add up all the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from domain.device_model import KitLine
from domain.errors import ConflictError, InvalidInputError, NotFoundError
from domain.stock import Reservation
from service_desk import releasing, reserving, shelves, transfers
from store.part_network import set_transfer_time
from store.reservations import held
from store.retry import in_transaction
from store.stock import list_stock
from store.transfers import listing

if TYPE_CHECKING:
    from .conftest import Desk

NOW = datetime(2026, 1, 3, tzinfo=UTC)
DAY = timedelta(days=1)
BY = {"who": "test", "now": NOW}
KIT = [KitLine("P1", 1, ("P2",))]


@pytest.fixture
def network(desk: Desk) -> Desk:
    """Three centres; parts are six hours under way from south, and a day from west."""
    desk.rows("INSERT INTO parts VALUES ('P1', '', 100, 'EUR', '9 days'), ('P2', '', 100, 'EUR', '9 days')")
    desk.rows("INSERT INTO service_centres VALUES ('west')")
    with desk.database.transaction() as connection:
        set_transfer_time(connection, from_centre="south", to_centre="north", takes=timedelta(hours=6))
    return desk


def stock_up(desk: Desk, service_centre: str, part_no: str, quantity: int) -> None:
    with desk.database.transaction() as connection:
        shelves.receive(connection, service_centre=service_centre, part_no=part_no, quantity=quantity, **BY)


def reserve(desk: Desk, ticket_id: int, days: float = 2) -> Reservation:
    with desk.database.transaction() as connection:
        [reservation] = reserving.reserve_kit(
            connection, ticket_id=ticket_id, service_centre="north", kit=KIT, need_by=NOW + days * DAY, **BY
        )
    return reservation


def holding(desk: Desk, ticket_id: int) -> list[tuple[str, str, str]]:
    with desk.database.transaction() as connection:
        return [(row.part_no, row.service_centre, row.state.value) for row in held(connection, ticket_id=ticket_id)]


def suggested(desk: Desk) -> int:
    with desk.database.transaction() as connection:
        [row] = listing(connection, states=["suggested"])
    return row.transfer_id


def balance(desk: Desk, service_centre: str, part_no: str) -> tuple[int, int]:
    with desk.database.transaction() as connection:
        [stock] = [row for row in list_stock(connection, service_centre=service_centre) if row.part_no == part_no]
    return stock.on_hand, stock.allocated


def history(desk: Desk, ticket_id: int) -> list[str]:
    rows = desk.rows("SELECT what FROM ticket_events WHERE ticket_id = %s ORDER BY ticket_event_id", ticket_id)
    return [what for (what,) in rows]


def test_a_part_of_the_nearest_other_centre_is_reserved_there_and_sent(network: Desk) -> None:
    for centre in ("west", "south"):
        stock_up(network, centre, "P1", 1)
    ticket_id = network.add_ticket("d1")
    assert reserve(network, ticket_id).service_centre == "south"
    transfer_id = suggested(network)
    assert balance(network, "south", "P1") == (1, 1)
    network.check_ledgers()
    with network.database.transaction() as connection:
        shipped = transfers.ship(connection, transfer_id=transfer_id, **BY)
    assert shipped.arrives_at(NOW) == NOW + timedelta(hours=6)
    assert holding(network, ticket_id) == [("P1", "north", "in_transit")]
    assert (balance(network, "south", "P1"), balance(network, "north", "P1")) == ((0, 0), (0, 0))
    network.check_ledgers()
    with network.database.transaction() as connection:
        transfers.arrive(connection, transfer_id=transfer_id, **BY)
    assert holding(network, ticket_id) == [("P1", "north", "reserved")]
    assert balance(network, "north", "P1") == (1, 1)
    assert history(network, ticket_id) == ["transfer_suggested", "part_shipped", "part_arrived"]
    network.check_ledgers()


def test_a_substitute_is_held_in_the_parts_place_and_only_once(network: Desk) -> None:
    stock_up(network, "north", "P2", 2)
    ticket_id = network.add_ticket("d1")
    first = reserve(network, ticket_id)
    assert (first.part_no, first.instead_of) == ("P2", "P1")
    assert reserve(network, ticket_id) == first
    assert balance(network, "north", "P2") == (2, 1)


def test_a_transfer_that_is_called_off_leaves_its_ticket_waiting_at_home(network: Desk) -> None:
    stock_up(network, "south", "P2", 1)
    ticket_id, other = network.add_ticket("d1"), network.add_ticket("d2")
    reserve(network, ticket_id)
    with network.database.transaction() as connection:
        with pytest.raises(InvalidInputError, match="only with a reason"):
            transfers.cancel(connection, transfer_id=suggested(network), reason=" ", **BY)
        transfers.cancel(connection, transfer_id=suggested(network), reason="south needs it", **BY)
    assert holding(network, ticket_id) == [("P1", "north", "backordered")]
    network.check_ledgers()
    assert reserve(network, other).service_centre == "south"
    stock_up(network, "north", "P1", 1)
    assert holding(network, ticket_id) == [("P1", "north", "reserved")]
    network.check_ledgers()


def test_a_transfer_that_is_called_off_leaves_its_ticket_what_would_do_at_home(network: Desk) -> None:
    stock_up(network, "south", "P1", 1)
    ticket_id = network.add_ticket("d1")
    reserve(network, ticket_id)
    stock_up(network, "north", "P2", 1)
    with network.database.transaction() as connection:
        transfers.cancel(connection, transfer_id=suggested(network), reason="south needs it", **BY)
    assert holding(network, ticket_id) == [("P2", "north", "reserved")]
    network.check_ledgers()


@pytest.mark.parametrize("end", [releasing.release, releasing.consume])
def test_a_ticket_that_ends_takes_its_suggestion_with_it(network: Desk, end: object) -> None:
    stock_up(network, "south", "P1", 1)
    ticket_id = network.add_ticket("d1")
    reserve(network, ticket_id)
    transfer_id = suggested(network)
    with network.database.transaction() as connection:
        end(connection, ticket_id=ticket_id, reason="", **BY)
    network.check_ledgers()
    with (
        network.database.transaction() as connection,
        pytest.raises(ConflictError, match="cancelled and not suggested"),
    ):
        transfers.ship(connection, transfer_id=transfer_id, **BY)


def test_what_is_under_way_when_its_ticket_ends_goes_to_who_waits(network: Desk) -> None:
    stock_up(network, "south", "P1", 1)
    ticket_id, other = network.add_ticket("d1"), network.add_ticket("d2")
    reserve(network, ticket_id)
    transfer_id = suggested(network)
    with network.database.transaction() as connection:
        transfers.ship(connection, transfer_id=transfer_id, **BY)
    assert reserve(network, other).state == "backordered"
    with network.database.transaction() as connection:
        releasing.release(connection, ticket_id=ticket_id, reason="", **BY)
        transfers.arrive(connection, transfer_id=transfer_id, **BY)
    assert holding(network, other) == [("P1", "north", "reserved")]
    network.check_ledgers()


def test_free_stock_is_sent_and_fills_back_orders_where_it_arrives(network: Desk) -> None:
    ticket_id = network.add_ticket("d1")
    reserve(network, ticket_id)
    stock_up(network, "west", "P1", 2)
    with network.database.transaction() as connection:
        sent = transfers.send(connection, part_no="P1", quantity=1, from_centre="west", to_centre="north", **BY)
        assert sent.arrives_at(NOW) == NOW + DAY
    network.check_ledgers()
    with network.database.transaction() as connection:
        transfers.arrive(connection, transfer_id=sent.transfer_id, **BY)
    assert holding(network, ticket_id) == [("P1", "north", "reserved")]
    assert balance(network, "west", "P1") == (1, 0)
    network.check_ledgers()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"quantity": 3}, ConflictError, "2 are free, so 3 cannot be sent"),
        ({"quantity": 0}, InvalidInputError, "quantity 0"),
        ({"to_centre": "west"}, InvalidInputError, "is at west already"),
        ({"to_centre": "moon"}, NotFoundError, "unknown service centre 'moon'"),
        ({"part_no": "NOPE"}, NotFoundError, "unknown part 'NOPE'"),
    ],
)
def test_what_cannot_be_sent_is_named(
    network: Desk, change: dict[str, object], error: type[Exception], message: str
) -> None:
    stock_up(network, "west", "P1", 2)
    asked = {"part_no": "P1", "quantity": 1, "from_centre": "west", "to_centre": "north", **change}
    with pytest.raises(error, match=message), network.database.transaction() as connection:
        transfers.send(connection, **asked, **BY)
    network.check_ledgers()


def test_a_double_click_ships_and_books_in_once(network: Desk) -> None:
    stock_up(network, "south", "P1", 1)
    reserve(network, network.add_ticket("d1"))
    transfer_id = suggested(network)

    def attempt(move: object) -> bool:
        try:
            in_transaction(network.database, lambda connection: move(connection, transfer_id=transfer_id, **BY))
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, [transfers.ship] * 4)) == 1
        assert sum(pool.map(attempt, [transfers.arrive] * 4)) == 1
    assert balance(network, "north", "P1") == (1, 1)
    network.check_ledgers()
    with network.database.transaction() as connection, pytest.raises(NotFoundError, match="transfer 99 does not exist"):
        transfers.ship(connection, transfer_id=99, **BY)


def test_stock_that_is_taken_while_a_kit_is_planned_is_not_sold_twice(network: Desk) -> None:
    for centre in ("north", "south", "west"):
        stock_up(network, centre, "P1", 2)
    tickets = [network.add_ticket(f"d{number}") for number in range(9)]
    with ThreadPoolExecutor(9) as pool:
        taken = list(pool.map(lambda ticket_id: reserve(network, ticket_id), tickets))
    assert sum(row.state == "reserved" for row in taken) == 6
    assert sorted(row.service_centre for row in taken if row.state == "reserved") == [
        *["north"] * 2,
        *["south"] * 2,
        *["west"] * 2,
    ]
    network.check_ledgers()


def test_a_way_to_an_unknown_centre_is_named(network: Desk) -> None:
    with (
        pytest.raises(NotFoundError, match="unknown service centre 'moon'"),
        network.database.transaction() as connection,
    ):
        set_transfer_time(connection, from_centre="moon", to_centre="north", takes=DAY)
