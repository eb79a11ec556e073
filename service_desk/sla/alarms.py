"""The alarms of SLA clocks: raised when a promise is nearly missed, escalated when it is missed, then cleared."""

from __future__ import annotations

from datetime import datetime

from alerts import lifecycle
from domain.alarm import AlarmSource, Occurrence, Severity
from domain.entitlement import ClockKind
from store.database import Connection
from store.tickets import FiledTicket


def alarm_type(kind: ClockKind, failure_mode: str) -> str:
    """The type of the alarm about a promise; there is one unsettled ticket of a failure mode, so it is about one."""
    return f"sla_{kind}:{failure_mode}"


def tell(
    connection: Connection,
    filed: FiledTicket,
    *,
    kind: ClockKind,
    contract_no: str,
    due_at: datetime,
    breached: bool,
    now: datetime,
) -> None:
    """Raise the alarm of a promise that is nearly missed; `breached`: that is missed, which is more urgent."""
    ticket, when = filed.ticket, f"{due_at:%Y-%m-%d %H:%M} UTC"
    how = f"was due {when} and is late" if breached else f"is due {when}, three quarters of its time are over"
    lifecycle.raise_alarm(
        connection,
        Occurrence(
            device_id=filed.device_id,
            alarm_type=alarm_type(kind, ticket.failure_mode),
            severity=Severity.MAJOR if breached else Severity.MINOR,
            source=AlarmSource.CONTRACT,
            message=f"Ticket {ticket.ticket_id}: the {kind} promised by contract {contract_no} {how}",
            failure_mode=ticket.failure_mode,
        ),
        now=now,
    )


def clear(connection: Connection, filed: FiledTicket, *, kind: ClockKind, now: datetime) -> None:
    """The promise was kept, late or in time, or the ticket was called off."""
    lifecycle.clear_type(
        connection,
        device_id=filed.device_id,
        alarm_type=alarm_type(kind, filed.ticket.failure_mode),
        who=lifecycle.SYSTEM,
        now=now,
        reason=f"ticket {filed.ticket.ticket_id} is {filed.ticket.state}",
    )
