"""A problem that somebody reports becomes a ticket of its own kind, or joins the one that is being settled."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.device_model import REPORTED_PROBLEM, DeviceModel
from domain.errors import InvalidInputError, TooManyAttemptsError
from service_desk import found_faults
from service_desk.ticket_record import record_change
from store import problem_reports, tickets
from store.database import Connection

MOST_A_DAY = 10
"""Reports of one device; each keeps a day of readings."""
LONGEST_PROBLEM, LONGEST_TOKEN, SUMMARY = 2000, 100, 100


def report(
    connection: Connection,
    device_model: DeviceModel,
    *,
    device_id: int,
    problem: str,
    token: str,
    readings: bytes,
    who: str,
    now: datetime,
) -> int:
    """The ticket's id. A report whose `token` came before changes nothing.

    Raises InvalidInputError, or TooManyAttemptsError after ten reports within a day.
    """
    problem = problem.strip()
    if not problem or len(problem) > LONGEST_PROBLEM or "\x00" in problem:
        raise InvalidInputError(f"say in 1 to {LONGEST_PROBLEM} characters what is wrong")
    if not token.isascii() or not token.isprintable() or not 8 <= len(token) <= LONGEST_TOKEN:
        raise InvalidInputError(
            f"the token needs 8 to {LONGEST_TOKEN} ASCII characters: make a new one for each report"
        )
    tickets.hold_case(connection, device_id=device_id, failure_mode=REPORTED_PROBLEM)
    before = problem_reports.ticket_of_token(connection, device_id=device_id, token=token)
    if before is not None:
        return before
    if problem_reports.count_since(connection, device_id=device_id, since=now - timedelta(days=1)) >= MOST_A_DAY:
        raise TooManyAttemptsError(
            f"{MOST_A_DAY} problems were reported of this device within a day: call your service"
        )
    ticket_id = tickets.unsettled(connection, device_id=device_id, failure_mode=REPORTED_PROBLEM)
    if ticket_id is None:
        ticket_id = found_faults.open_found(
            connection,
            device_model,
            device_model.failure_mode(REPORTED_PROBLEM),
            device_id=device_id,
            kit=(),
            summary=f"Reported: {' '.join(problem.split())[:SUMMARY]}",
            who=who,
            now=now,
        )
    record_change(
        connection, ticket_id=ticket_id, what="problem_reported", who=who, now=now, detail={"reason": problem}
    )
    problem_reports.add(
        connection,
        device_id=device_id,
        ticket_id=ticket_id,
        problem=problem,
        token=token,
        readings=readings,
        who=who,
        now=now,
    )
    return ticket_id
