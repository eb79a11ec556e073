"""Whatever planners, technicians, predictions and stock do in whatever order: the books add up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from domain.errors import AftercareError
from domain.ticket import ClosureCode
from domain.visit import Technician
from service_desk import booking, shelves, tickets
from service_desk.maintenance import import_maintenance
from store import technicians

if TYPE_CHECKING:
    from .conftest import Desk

HOUR = timedelta(hours=1)


class Moves(RuleBasedStateMachine):
    """Each rule does one thing that may be refused; nothing but a clear refusal is allowed."""

    desk: Desk
    numbers: Iterator[int]

    def __init__(self) -> None:
        super().__init__()
        own = next(self.numbers)
        self.centre = f"centre{own}"
        self.names = [f"device{own}-{number}" for number in range(3)]
        self.devices = [self.desk.add_device(name, service_centre=self.centre) for name in self.names]
        self.technicians = [f"anna{own}", f"ben{own}"]
        self.hours, self.refused = 96.0, False
        with self.desk.database.transaction() as connection:
            for name in self.technicians:
                technicians.save(connection, Technician(technician=name, service_centre=self.centre, weekly_hours=12))

    @property
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + self.hours * HOUR

    def attempt(self, work: Callable[[Any], object]) -> None:
        try:
            with self.desk.database.transaction() as connection:
                work(connection)
        except AftercareError:
            self.refused = True

    def ticket(self, place: int) -> int:
        known = self.desk.rows(
            "SELECT ticket_id FROM tickets WHERE device_id = ANY (%s) ORDER BY ticket_id DESC LIMIT 6", self.devices
        )
        return int(known[place % len(known)][0]) if known else 2**40

    @rule(device=st.integers(0, 2), risk=st.sampled_from([0.0, 0.3, 0.9]), rul_low=st.integers(5, 80))
    def predict(self, device: int, risk: float, rul_low: int) -> None:
        self.hours += 1
        self.desk.act(self.desk.predict(self.devices[device], hours=self.hours, risk=risk, rul_low=rul_low))

    @rule(quantity=st.integers(1, 2))
    def receive(self, quantity: int) -> None:
        self.attempt(
            lambda connection: shelves.receive(
                connection,
                service_centre=self.centre,
                part_no=self.desk.part_no,
                quantity=quantity,
                who="w",
                now=self.now,
            )
        )

    @rule(place=st.integers(0, 5), later=st.integers(-2, 90), who=st.sampled_from([None, 0, 1]))
    def book_at(self, place: int, later: int, who: int | None) -> None:
        self._book(place, technician=None if who is None else self.technicians[who], starts_at=self.now + later * HOUR)

    @rule(place=st.integers(0, 5), who=st.sampled_from([None, 0, 1]))
    def book(self, place: int, who: int | None) -> None:
        self._book(place, technician=None if who is None else self.technicians[who])

    @rule(place=st.integers(0, 5), back=st.integers(0, 5))
    def join(self, place: int, back: int) -> None:
        newest = self.desk.value("SELECT coalesce(max(visit_id), 1) FROM visits")
        self._book(place, visit_id=max(newest - back, 1))

    def _book(self, place: int, **choice: Any) -> None:
        self.attempt(
            lambda connection: booking.book(
                connection, self.desk.catalog, ticket_id=self.ticket(place), who="p", now=self.now, **choice
            )
        )

    @rule(device=st.integers(0, 2), number=st.integers(1, 3), later=st.integers(1, 60))
    def maintain(self, device: int, number: int, later: int) -> None:
        starts_at = self.now + later * HOUR
        self.attempt(
            lambda connection: import_maintenance(
                connection, device=self.names[device], reference=f"M-{self.centre}-{number}", starts_at=starts_at,
                ends_at=starts_at + 2 * HOUR, who="erp", now=self.now,
            )
        )  # fmt: skip

    @rule(place=st.integers(0, 5), move=st.sampled_from(["accept", "plan", "start", "resolve", "cancel", "close"]),
          code=st.sampled_from(list(ClosureCode)), again=st.booleans())  # fmt: skip
    def make_move(self, place: int, move: str, code: ClosureCode, again: bool) -> None:
        for _ in range(1 + again):
            self._move(place, move, code)

    def _move(self, place: int, move: str, code: ClosureCode) -> None:
        step: dict[str, Any] = {"ticket_id": self.ticket(place), "who": "p", "now": self.now}
        moves: dict[str, Callable[[Any], object]] = {
            "accept": lambda connection: tickets.accept(connection, self.desk.catalog, **step),
            "plan": lambda connection: tickets.plan(connection, planned_for=self.now + HOUR, **step),
            "start": lambda connection: tickets.start(connection, **step),
            "resolve": lambda connection: tickets.resolve(connection, **step),
            "cancel": lambda connection: tickets.cancel(connection, reason="no need", **step),
            "close": lambda connection: tickets.close(connection, self.desk.catalog, closure_code=code, **step),
        }
        self.attempt(moves[move])

    @rule(place=st.integers(0, 5), code=st.sampled_from(list(ClosureCode)))
    def work_off(self, place: int, code: ClosureCode) -> None:
        for move in ("accept", "book", "start", "resolve", "close"):
            if move == "book":
                self._book(place)
            else:
                self._move(place, move, code)

    @invariant()
    def the_ledgers_add_up(self) -> None:
        self.desk.check_ledgers()

    @invariant()
    def settled_tickets_hold_nothing(self) -> None:
        assert not self.desk.rows(
            "SELECT t.ticket_id FROM tickets t JOIN part_reservations r USING (ticket_id) "
            "WHERE t.state IN ('closed', 'cancelled') AND r.state NOT IN ('consumed', 'released')"
        )

    @invariant()
    def at_most_one_ticket_of_a_device_is_unsettled(self) -> None:
        assert not self.desk.rows(
            "SELECT device_id FROM tickets WHERE state IN ('suggested', 'open', 'planned', 'in_progress') "
            "GROUP BY device_id, failure_mode HAVING count(*) > 1"
        )

    @invariant()
    def nobody_is_at_two_places(self) -> None:
        assert not self.desk.rows(
            "SELECT a.visit_id FROM visits a JOIN visits b ON a.technician_id = b.technician_id "
            "AND a.visit_id < b.visit_id AND a.during && b.during WHERE a.state = 'booked' AND b.state = 'booked'"
        )

    @invariant()
    def booked_repairs_have_a_ticket_and_the_length_of_their_work(self) -> None:
        assert not self.desk.rows(
            "SELECT v.visit_id FROM visits v LEFT JOIN tickets t USING (visit_id) WHERE v.state = 'booked' "
            "GROUP BY v.visit_id HAVING upper(v.during) - lower(v.during) <> "
            "coalesce(v.maintenance_length, '0') + coalesce(sum(t.visit_share), '0')"
        )
        assert not self.desk.rows(
            "SELECT ticket_id FROM tickets JOIN visits USING (visit_id) WHERE tickets.state = 'planned' "
            "AND (visits.state <> 'booked' OR planned_for <> lower(during))"
        )


def test_whatever_is_done_the_books_add_up(
    database_url: str, make_desk: Callable[[str], AbstractContextManager[Desk]]
) -> None:
    with make_desk(database_url) as desk:
        machine = type("TheMoves", (Moves,), {"desk": desk, "numbers": count()})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=20,
                stateful_step_count=30,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
        for state in ("booked", "done", "cancelled"):
            assert desk.value("SELECT count(*) FROM visits WHERE state = %s", state), f"no visit was ever {state}"


pytestmark = pytest.mark.timeout(300)
