from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from domain.business_hours import BusinessHours
from domain.entitlement import ClockHours, ClockKind, Contract, PauseReason
from service_desk.sla.promises import Pause, promises, state_of

OFFICE = BusinessHours("UTC", "Mo-Fr 08:00-17:00")
OPENED = datetime(2026, 1, 9, 15, tzinfo=UTC)  # a Friday
HOUR = timedelta(hours=1)


def contract(number: str, **fields: object) -> Contract:
    return Contract(contract_no=number, customer="Acme", valid_from=date(2026, 1, 1), **fields)


def test_the_earliest_due_of_several_contracts_is_measured() -> None:
    slow = contract("slow", response_hours=4.0, repair_hours=8.0)
    clock = contract("clock", response_hours=5.0, hours=ClockHours.ALWAYS)
    response, repair = promises([slow, clock], OFFICE, OPENED)
    assert (response.kind, response.contract_no) == (ClockKind.RESPONSE, "clock")  # 20:00 against Monday 10:00
    assert (repair.kind, repair.contract_no) == (ClockKind.REPAIR, "slow")
    assert state_of(repair, [], OPENED).due_at == datetime(2026, 1, 12, 14, tzinfo=UTC)
    assert promises([contract("none")], OFFICE, OPENED) == []


def test_a_pause_counts_only_for_a_reason_that_the_contract_names() -> None:
    [clock] = promises([contract("c", repair_hours=8.0, pause_reasons=(PauseReason.CUSTOMER,))], OFFICE, OPENED)
    stop, go = OPENED + HOUR, OPENED + 72 * HOUR  # Friday 16:00 to Monday 15:00: an hour and seven
    by_customer, by_part = (Pause(reason, stop, go) for reason in PauseReason)
    assert state_of(clock, [by_part], go).remaining == -HOUR
    assert state_of(clock, [by_customer], go).remaining == 7 * HOUR
    assert not state_of(clock, [by_customer, by_part], go).paused


def test_an_unfinished_pause_holds_the_clock() -> None:
    [clock] = promises([contract("c", repair_hours=2.0)], OFFICE, OPENED)
    waiting = [Pause(PauseReason.PART, OPENED + HOUR)]
    late = OPENED + 30 * 24 * HOUR
    state = state_of(clock, waiting, late)
    assert (state.paused, state.breached, state.elapsed) == (True, False, HOUR)
    assert state_of(clock, [], late).breached


def test_a_stopped_clock_stands_still() -> None:
    [clock] = promises([contract("c", repair_hours=2.0)], OFFICE, OPENED)
    stopped = replace(clock, stopped_at=OPENED + HOUR)
    assert state_of(stopped, [], OPENED + 1000 * HOUR).elapsed == HOUR
