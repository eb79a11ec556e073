"""Whatever storekeepers and planners do, in whatever order and however many at once, the ledgers add up."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from bench.desk import reservations
from domain.device_model import KitLine
from domain.errors import ConflictError
from service_desk import releasing, reserving, shelves, transfers
from store.database import Connection
from store.reservations import held
from store.stock import list_stock
from store.transfers import listing

if TYPE_CHECKING:
    from .conftest import Desk

NOW = datetime(2026, 1, 3, tzinfo=UTC)
PARTS = ("P1", "P2")
BY = {"who": "test", "now": NOW}
some_part = st.sampled_from(PARTS)
some_centre = st.sampled_from((0, 1))
some_kit = st.lists(
    st.builds(KitLine, some_part, st.integers(1, 3), st.sampled_from([(), ("P2",)])), min_size=1, max_size=3
).map(lambda kit: [line for line in kit if line.part_no not in line.substitutes] or [KitLine("P1", 1)])


class Storekeeper(RuleBasedStateMachine):
    """Random bookings on few parts of two new centres, one transaction each, against the real database."""

    desk: ClassVar[Desk]

    def __init__(self) -> None:
        super().__init__()
        self.parts = {name: f"{name}-{uuid.uuid4().hex}" for name in PARTS}
        for part_no in self.parts.values():
            self.desk.rows("INSERT INTO parts VALUES (%s, '', 100, 'EUR', '3 days')", part_no)
        self.centres = [uuid.uuid4().hex for _ in range(2)]
        for centre in self.centres:
            self.desk.rows("INSERT INTO service_centres VALUES (%s)", centre)
        self.tickets: list[int] = []
        for part_no in PARTS:
            self.receives(part_no, 0, 3)

    def attempt(self, work: Callable[[Connection], object], *, possible: bool = True) -> None:
        with (
            self.desk.database.transaction() as connection,
            nullcontext() if possible else pytest.raises(ConflictError),
        ):
            work(connection)

    def balance(self, part_no: str, centre: int) -> tuple[int, int, int]:
        with self.desk.database.transaction() as connection:
            balances = {row.part_no: row for row in list_stock(connection, service_centre=self.centres[centre])}
        stock = balances.get(self.parts[part_no])
        return (stock.on_hand, stock.allocated, stock.on_order) if stock else (0, 0, 0)

    def transfers_that_are(self, state: str) -> list[int]:
        with self.desk.database.transaction() as connection:
            rows = listing(connection, states=[state], limit=500)
        return [row.transfer_id for row in rows if row.from_centre in self.centres]

    @rule(part_no=some_part, centre=some_centre, quantity=st.integers(1, 2))
    def receives(self, part_no: str, centre: int, quantity: int) -> None:
        place = {"service_centre": self.centres[centre], "part_no": self.parts[part_no]}
        self.attempt(lambda connection: shelves.receive(connection, quantity=quantity, **place, **BY))

    @rule(part_no=some_part, centre=some_centre, quantity=st.sampled_from((-2, -1, 1, 2)))
    def orders(self, part_no: str, centre: int, quantity: int) -> None:
        place = {"service_centre": self.centres[centre], "part_no": self.parts[part_no]}
        self.attempt(
            lambda connection: shelves.order(connection, quantity=quantity, **place, **BY),
            possible=self.balance(part_no, centre)[2] + quantity >= 0,
        )

    @rule(kit=some_kit, centre=some_centre, days=st.integers(0, 5))
    def reserves(self, kit: list[KitLine], centre: int, days: int) -> None:
        self.tickets.append(self.desk.add_ticket(uuid.uuid4().hex))
        own = [
            KitLine(self.parts[line.part_no], line.quantity, tuple(self.parts[name] for name in line.substitutes))
            for line in kit
        ]
        order = {"ticket_id": self.tickets[-1], "service_centre": self.centres[centre], "kit": own}
        need_by = NOW + timedelta(days=days)
        self.attempt(lambda connection: reserving.reserve_kit(connection, need_by=need_by, **order, **BY))

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), end=st.sampled_from([releasing.release, releasing.consume]))
    def ends(self, data: st.DataObject, end: Callable[..., object]) -> None:
        ticket_id = self.tickets.pop(data.draw(st.integers(0, len(self.tickets) - 1)))
        self.attempt(lambda connection: end(connection, ticket_id=ticket_id, reason="", **BY))
        with self.desk.database.transaction() as connection:
            assert held(connection, ticket_id=ticket_id) == []

    @rule(part_no=some_part, centre=some_centre, change=st.integers(-2, 2))
    def counts(self, part_no: str, centre: int, change: int) -> None:
        on_hand, allocated, _ = self.balance(part_no, centre)
        counted = max(on_hand + change, 0)
        place = {"service_centre": self.centres[centre], "part_no": self.parts[part_no]}
        self.attempt(
            lambda connection: shelves.adjust(connection, counted=counted, reason="count", **place, **BY),
            possible=counted >= allocated,
        )

    @rule(part_no=some_part, centre=some_centre, quantity=st.integers(1, 3))
    def sends(self, part_no: str, centre: int, quantity: int) -> None:
        on_hand, allocated, _ = self.balance(part_no, centre)
        way = {"from_centre": self.centres[centre], "to_centre": self.centres[1 - centre]}
        self.attempt(
            lambda connection: transfers.send(connection, part_no=self.parts[part_no], quantity=quantity, **way, **BY),
            possible=on_hand - allocated >= quantity,
        )

    @rule(data=st.data(), move=st.sampled_from([transfers.ship, transfers.arrive, transfers.cancel]))
    def moves_a_transfer(self, data: st.DataObject, move: Callable[..., object]) -> None:
        suggested, under_way = self.transfers_that_are("suggested"), self.transfers_that_are("in_transit")
        if not suggested + under_way:
            return
        transfer_id = data.draw(st.sampled_from(suggested + under_way))
        more = {"reason": "no van"} if move is transfers.cancel else {}
        self.attempt(
            lambda connection: move(connection, transfer_id=transfer_id, **more, **BY),
            possible=transfer_id in (under_way if move is transfers.arrive else suggested),
        )

    @invariant()
    def adds_up(self) -> None:
        self.desk.check_ledgers()


def test_whatever_happens_the_ledgers_add_up(desk: Desk) -> None:
    Storekeeper.desk = desk
    run_state_machine_as_test(
        Storekeeper,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_64_workers_on_few_parts_never_oversell_nor_deadlock(desk: Desk) -> None:
    tally = reservations.work(desk.database, workers=64, operations=1280)
    assert tally.operations == 1280
    assert tally.failed == 0
    assert tally.kinds.keys() == {"reserve", "release", "consume", "receive", "ship", "arrive", "send"}
    assert reservations.mismatches(desk.database) == 0
    desk.check_ledgers()
