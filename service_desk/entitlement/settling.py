"""A ticket's entitlement: decided and stored when it is suggested or opens, and again when the cause is known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from domain.device_model import DeviceModel
from domain.errors import ConfigurationError, ConflictError
from domain.ticket import Ticket, TicketState
from service_desk.entitlement.assessment import assess
from service_desk.sla.clocks import start_clocks
from service_desk.ticket_record import record_change
from store import entitlement, tickets
from store.database import Connection

SETTLED = frozenset({TicketState.CLOSED, TicketState.CANCELLED})


def settle(connection: Connection, device_model: DeviceModel, *, ticket_id: int, now: datetime) -> None:
    """Store who pays the ticket, and start the clocks that contracts promise unless it is only suggested."""
    filed = tickets.get(connection, ticket_id)
    found = assess(connection, device_model, device_id=filed.device_id, failure_mode=filed.ticket.failure_mode, now=now)
    entitlement.note_entitlement(connection, ticket_id=ticket_id, entitlement=found.document)
    if filed.ticket.state is not TicketState.SUGGESTED:
        start_clocks(connection, ticket_id=ticket_id, contracts=found.contracts, site_hours=found.site_hours, now=now)


def reassess(
    connection: Connection,
    catalog: Mapping[str, DeviceModel],
    *,
    ticket_id: int,
    cause: str,
    who: str,
    now: datetime,
) -> Ticket:
    """Decide anew who pays, as of the day on which the ticket opened, now that the cause is known.

    Clocks stay as they are. Raises NotFoundError, or ConflictError when the ticket is closed or cancelled.
    """
    filed = tickets.lock(connection, ticket_id)
    ticket = filed.ticket
    if ticket.state in SETTLED:
        raise ConflictError(f"ticket {ticket_id} is {ticket.state}: who pays it is settled")
    device_model = catalog.get(filed.device_model)
    if device_model is None:
        raise ConfigurationError(f"device model {filed.device_model} of {ticket.device} is in no catalog file")
    found = assess(
        connection,
        device_model,
        device_id=filed.device_id,
        failure_mode=ticket.failure_mode,
        now=ticket.opened_at,
        cause=cause.strip(),
    )
    entitlement.note_entitlement(connection, ticket_id=ticket_id, entitlement=found.document)
    tickets.next_version(connection, ticket_id)
    detail = {"cause": cause.strip(), "payers": found.document["payers"]}
    return record_change(connection, ticket_id=ticket_id, what="entitlement_decided", who=who, now=now, detail=detail)
