"""Every change of a ticket goes into its history, the feed and the audit log, with the change itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.ticket import Ticket
from store import changes, tickets
from store.changes import Change
from store.database import Connection


def record_change(
    connection: Connection,
    *,
    ticket_id: int,
    what: str,
    who: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> Ticket:
    """Record a change that the transaction has just made, and return the ticket as it is after it."""
    detail = detail or {}
    filed = tickets.get(connection, ticket_id)
    tickets.note_event(connection, ticket_id=ticket_id, at=now, who=who, what=what, detail=detail)
    payload = ticket_message(filed.ticket, what, who=who, at=now, detail=detail)
    changes.tell(connection, [Change("ticket", ticket_id, filed.device_id, payload, what, detail)], who=who, at=now)
    return filed.ticket


def ticket_message(ticket: Ticket, what: str, *, who: str, at: datetime, detail: Mapping[str, Any]) -> dict[str, Any]:
    """A ticket change as the feed carries it; times are ISO 8601 in UTC."""
    return {
        "change": what,
        "at": at.isoformat(),
        "who": who,
        "ticket_id": ticket.ticket_id,
        "device": ticket.device,
        "failure_mode": ticket.failure_mode,
        "state": ticket.state.value,
        "priority": ticket.priority,
        "summary": ticket.summary,
        "opened_at": ticket.opened_at.isoformat(),
        "need_by": ticket.need_by.isoformat(),
        "planned_for": ticket.planned_for.isoformat() if ticket.planned_for else None,
        "closure_code": ticket.closure_code.value if ticket.closure_code else None,
        "alarm_id": ticket.alarm_id,
        "prediction_id": ticket.prediction_id,
        "version": ticket.version,
        "detail": dict(detail),
    }
