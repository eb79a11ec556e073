"""What was replaced comes back: opened by closing its ticket, received, inspected, counted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from domain.errors import ConflictError, InvalidInputError, NotFoundError
from domain.part_return import Finding
from domain.ticket import ClosureCode
from service_desk import returns, tickets
from service_desk.gates import look_at_gate
from store.returns import findings_by_mode, listing

from .conftest import HOUR, START

if TYPE_CHECKING:
    from .conftest import Desk

NOW = START + timedelta(days=9)
BY = {"who": "workshop", "now": NOW}


def close(desk: Desk, name: str, code: ClosureCode, **more: Any) -> int:
    outcome = desk.act(desk.predict(desk.add_device(name)))
    ticket_id = outcome.ticket_id
    assert ticket_id is not None
    with desk.database.transaction() as connection:
        move = {"ticket_id": ticket_id, "who": "technician", "now": START + 9 * HOUR}
        tickets.start(connection, **move)
        tickets.resolve(connection, **move)
        tickets.close(connection, desk.catalog, closure_code=code, **move, **more)
    return ticket_id


def waiting(desk: Desk) -> list[tuple[int, str, str | None, str]]:
    with desk.database.transaction() as connection:
        return [(row.ticket_id, row.component, row.part_no, row.state) for row in listing(connection)]


def test_closing_a_ticket_that_replaced_components_expects_them_back(desk: Desk) -> None:
    ticket_id = close(desk, "d1", ClosureCode.WORN, replaced=["fan"])
    close(desk, "d2", ClosureCode.NO_FAULT_FOUND)
    component = desk.device_model.failure_modes[0].component
    assert sorted(waiting(desk)) == sorted(
        [(ticket_id, component, desk.part_no, "expected"), (ticket_id, "fan", None, "expected")]
    )


def test_what_is_found_becomes_an_event_and_is_counted_by_failure_mode(desk: Desk) -> None:
    ticket_id = close(desk, "d1", ClosureCode.CONFIRMED)
    close(desk, "d2", ClosureCode.NO_FAULT_FOUND)
    with desk.database.transaction() as connection:
        returns.receive(connection, return_id=1, **BY)
        returns.inspect(
            connection, desk.catalog, return_id=1, findings=Finding.NO_FAULT_FOUND, note="runs as new", **BY
        )
    assert desk.rows("SELECT kind, code, detail FROM device_events WHERE code LIKE 'returned%%'") == [
        (
            "log",
            "returned_no_fault_found",
            {"return": 1, "ticket": ticket_id, "failure_mode": desk.failure_mode, "findings": "no_fault_found"},
        )
    ]
    with desk.database.transaction() as connection:
        [row] = findings_by_mode(connection)
    assert (row.failure_mode, row.closed, row.closed_no_fault_found) == (desk.failure_mode, 2, 1)
    assert (row.returned, row.no_fault_found, row.worn) == (1, 1, 0)
    history = [what for (what,) in desk.rows("SELECT what FROM ticket_events WHERE ticket_id = %s", ticket_id)]
    assert history[-2:] == ["part_returned", "part_inspected"]


def test_a_component_that_came_back_without_fault_counts_against_the_precision(desk: Desk) -> None:
    mode = desk.device_model.failure_modes[0]

    def known() -> tuple[int, int]:
        with desk.database.transaction() as connection:
            found = look_at_gate(connection, device_model=desk.device_model.name, mode=mode, held_out=0.9)
        return found.right, found.wrong

    close(desk, "d1", ClosureCode.CONFIRMED, replaced=["fan"])
    assert known() == (1, 0)
    for component, expected in (("fan", (1, 0)), (mode.component, (0, 1))):
        return_id = desk.value("SELECT return_id FROM part_returns WHERE component = %s", component)
        with desk.database.transaction() as connection:
            returns.receive(connection, return_id=return_id, **BY)
            returns.inspect(connection, desk.catalog, return_id=return_id, findings=Finding.NO_FAULT_FOUND, **BY)
        assert known() == expected, component
    findings = desk.rows("SELECT right_closures, wrong_closures FROM gate_findings ORDER BY gate_finding_id")
    assert findings == [(1, 0), (0, 1)]


def test_a_part_without_fault_goes_back_onto_the_shelf_to_who_waits(desk: Desk) -> None:
    close(desk, "d1", ClosureCode.WORN)
    waiter = desk.act(desk.predict(desk.add_device("d2")))
    assert [row.state for row in waiter.reservations] == ["backordered"]
    with desk.database.transaction() as connection:
        returns.receive(connection, return_id=1, **BY)
        returns.inspect(connection, desk.catalog, return_id=1, findings=Finding.NO_FAULT_FOUND, restock=True, **BY)
    state = desk.value("SELECT state FROM part_reservations WHERE ticket_id = %s", waiter.ticket_id)
    assert state == "reserved"
    assert desk.rows("SELECT on_hand_change, reference FROM stock_journal WHERE movement = 'return'") == [
        (1, "return 1")
    ]
    desk.check_ledgers()


def test_nothing_is_inspected_before_it_came_or_twice_nor_put_back_broken(desk: Desk) -> None:
    close(desk, "d1", ClosureCode.WORN)
    with desk.database.transaction() as connection:
        with pytest.raises(NotFoundError, match="return 7 does not exist"):
            returns.receive(connection, return_id=7, **BY)
        with pytest.raises(ConflictError, match="return 1 has not come back yet"):
            returns.inspect(connection, desk.catalog, return_id=1, findings=Finding.NO_FAULT_FOUND, restock=True, **BY)
        returns.receive(connection, return_id=1, **BY)
        with pytest.raises(InvalidInputError, match="cannot go back onto a shelf"):
            returns.inspect(connection, desk.catalog, return_id=1, findings=Finding.WORN, restock=True, **BY)
        with pytest.raises(ConflictError, match="return 1 is received already"):
            returns.receive(connection, return_id=1, **BY)
        returns.inspect(connection, desk.catalog, return_id=1, findings=Finding.WORN, **BY)
        with pytest.raises(ConflictError, match="return 1 was inspected already: worn"):
            returns.inspect(connection, desk.catalog, return_id=1, findings=Finding.DAMAGED, **BY)


def test_returns_over_http(site: Any) -> None:
    close(site.desk, "d1", ClosureCode.WORN)
    with site.client() as client:
        [row] = client.get("/api/v1/returns?state=expected").json()["items"]
        path = f"/api/v1/returns/{row['return_id']}"
        assert client.post(f"{path}/inspect", json={"findings": "broken"}).status_code == 422
        assert client.post(f"{path}/inspect", json={"findings": "worn"}).status_code == 409
        assert client.post(f"{path}/receive").json()["state"] == "received"
        assert client.post(f"{path}/receive").status_code == 409
        found = client.post(f"{path}/inspect", json={"findings": "defective", "note": "blade tip"}).json()
        assert (found["state"], found["findings"], found["note"]) == ("inspected", "defective", "blade tip")
        [findings] = client.get("/api/v1/returns/findings").json()
        assert (findings["closed"], findings["defective"]) == (1, 1)
