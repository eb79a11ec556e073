"""Starts, pauses, stops and watches the SLA clocks of tickets. Each change is in the ticket's history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog

from alerts.lifecycle import SYSTEM
from domain.business_hours import BusinessHours
from domain.entitlement import ClockKind, Contract, PauseReason
from domain.errors import ConflictError
from domain.ticket import Ticket, TicketState
from service_desk.sla import alarms
from service_desk.sla.promises import Pause, SlaClock, promises, state_of
from service_desk.ticket_record import record_change
from store import sla_clocks, tickets
from store.database import Connection, Database
from store.retry import in_transaction
from store.sla_clocks import ClockRow

log = structlog.get_logger()
AT_ONCE = 500
ENDS: dict[ClockKind, frozenset[TicketState]] = {
    ClockKind.RESPONSE: frozenset(TicketState) - {TicketState.SUGGESTED, TicketState.OPEN},
    ClockKind.REPAIR: frozenset({TicketState.RESOLVED, TicketState.CLOSED, TicketState.CANCELLED}),
}
"""In which states of the ticket a clock stands still for good."""


def start_clocks(
    connection: Connection, *, ticket_id: int, contracts: Sequence[Contract], site_hours: BusinessHours, now: datetime
) -> None:
    """Start what the contracts promise for a ticket that has just opened; clocks that it has already go on."""
    for clock in promises(contracts, site_hours, now):
        state = state_of(clock, [], now)
        sla_clocks.start(connection, ticket_id=ticket_id, clock=_row(clock), warn_at=state.warn_at, due_at=state.due_at)
    sla_clocks.note_due(connection, ticket_id=ticket_id)


def follow(connection: Connection, *, ticket_id: int, state: TicketState, now: datetime) -> None:
    """The ticket has moved to `state`: stop the clocks that it ends, and the pause of a ticket that is over.

    A response that was given stays given. A repair that is begun again was none: its clock goes on as if it had never
    stopped, and is told of anew.
    """
    if state in ENDS[ClockKind.REPAIR]:
        sla_clocks.end_pause(connection, ticket_id=ticket_id, now=now)
    pauses, filed = read_pauses(connection, ticket_id), tickets.get(connection, ticket_id)
    for clock in read_clocks(connection, ticket_id):
        stopped = clock.stopped_at
        if state in ENDS[clock.kind]:
            stopped = stopped or now
        elif clock.kind is ClockKind.REPAIR:
            stopped = None
        if stopped != clock.stopped_at:
            _settle(connection, ticket_id, clock, stopped, pauses, now)
            if stopped:
                alarms.clear(connection, filed, kind=clock.kind, now=now)
            else:
                sla_clocks.tell_again(connection, ticket_id=ticket_id, kind=clock.kind)
    sla_clocks.note_due(connection, ticket_id=ticket_id)


def pause(connection: Connection, *, ticket_id: int, reason: PauseReason, who: str, now: datetime) -> Ticket:
    """Nobody can go on with the ticket. Raises NotFoundError, or ConflictError when it is over or paused already."""
    ticket = tickets.lock(connection, ticket_id).ticket
    if ticket.state in ENDS[ClockKind.REPAIR]:
        raise ConflictError(f"ticket {ticket_id} is {ticket.state}: nothing is left to wait for")
    if not sla_clocks.begin_pause(connection, ticket_id=ticket_id, reason=reason, now=now):
        raise ConflictError(f"ticket {ticket_id} is paused already: resume it first")
    _renew(connection, ticket_id, now)
    tickets.next_version(connection, ticket_id)
    detail = {"reason": reason.value.replace("_", " ")}
    return record_change(connection, ticket_id=ticket_id, what="paused", who=who, now=now, detail=detail)


def resume(connection: Connection, *, ticket_id: int, who: str, now: datetime) -> Ticket:
    """The ticket goes on. Raises NotFoundError, or ConflictError when it is not paused."""
    tickets.lock(connection, ticket_id)
    if not sla_clocks.end_pause(connection, ticket_id=ticket_id, now=now):
        raise ConflictError(f"ticket {ticket_id} is not paused: nothing is to be resumed")
    _renew(connection, ticket_id, now)
    tickets.next_version(connection, ticket_id)
    return record_change(connection, ticket_id=ticket_id, what="resumed", who=who, now=now)


def watch_clocks(database: Database, now: datetime) -> int:
    """Tell once of each clock that is about to breach, and once of each that has, and raise its alarm; how many.

    Any number of processes may call it.
    """
    with database.transaction() as connection:
        waiting = sla_clocks.reached(connection, now=now, limit=AT_ONCE)
    return sum(in_transaction(database, partial(_tell, ticket_id=ticket_id, now=now)) for ticket_id in waiting)


def read_clocks(connection: Connection, ticket_id: int) -> list[SlaClock]:
    """The clocks of a ticket, that of the response first."""
    return [clock_of(row) for row in sla_clocks.clocks(connection, ticket_id=ticket_id)]


def read_pauses(connection: Connection, ticket_id: int) -> list[Pause]:
    """The pauses of a ticket, oldest first."""
    rows = sla_clocks.pauses(connection, ticket_id=ticket_id)
    return [Pause(PauseReason(row.reason), row.began_at, row.ended_at) for row in rows]


def clock_of(row: ClockRow) -> SlaClock:
    """A stored clock."""
    return SlaClock(
        kind=ClockKind(row.kind),
        contract_no=row.contract_no,
        started_at=row.started_at,
        window=row.window_length,
        hours=BusinessHours(row.time_zone, row.hours, row.holidays, tuple(row.closed_days)),
        pause_reasons=frozenset(PauseReason(reason) for reason in row.pause_reasons),
        stopped_at=row.stopped_at,
    )


def _tell(connection: Connection, *, ticket_id: int, now: datetime) -> int:
    filed = tickets.lock(connection, ticket_id)
    reached = sla_clocks.note_reached(connection, ticket_id=ticket_id, now=now)
    for one in reached:
        what = f"{one.kind}_{'breached' if one.breached else 'due_soon'}"
        detail = {"contract_no": one.contract_no, "due_at": one.due_at.isoformat()}
        record_change(connection, ticket_id=ticket_id, what=what, who=SYSTEM, now=now, detail=detail)
        alarms.tell(
            connection,
            filed,
            kind=one.kind,
            contract_no=one.contract_no,
            due_at=one.due_at,
            breached=one.breached,
            now=now,
        )
        log.info("sla clock reached", ticket_id=ticket_id, what=what, contract_no=one.contract_no)
    return len(reached)


def _renew(connection: Connection, ticket_id: int, now: datetime) -> None:
    pauses = read_pauses(connection, ticket_id)
    for clock in read_clocks(connection, ticket_id):
        if clock.stopped_at is None:
            _settle(connection, ticket_id, clock, None, pauses, now)
    sla_clocks.note_due(connection, ticket_id=ticket_id)


def _settle(
    connection: Connection,
    ticket_id: int,
    clock: SlaClock,
    stopped_at: datetime | None,
    pauses: Sequence[Pause],
    now: datetime,
) -> None:
    """Store where the clock stands, with `stopped_at` as it is now."""
    state = state_of(replace(clock, stopped_at=stopped_at), pauses, max(now, clock.started_at))
    sla_clocks.set_state(
        connection,
        ticket_id=ticket_id,
        kind=clock.kind,
        stopped_at=stopped_at,
        paused=state.paused,
        warn_at=state.warn_at,
        due_at=state.due_at,
    )


def _row(clock: SlaClock) -> ClockRow:
    return ClockRow(
        kind=clock.kind,
        contract_no=clock.contract_no,
        started_at=clock.started_at,
        window_length=clock.window,
        time_zone=clock.hours.time_zone,
        hours=clock.hours.hours,
        holidays=clock.hours.holidays,
        closed_days=clock.hours.closed_days,
        pause_reasons=sorted(clock.pause_reasons),
    )
