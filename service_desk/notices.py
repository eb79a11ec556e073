"""What the customer is told of a visit, in the time of the site; the feed carries it with the change of the ticket."""

from __future__ import annotations

from datetime import datetime

from domain.business_hours import find_zone
from store import entitlement
from store.database import Connection
from store.tickets import FiledTicket


def planned_notice(connection: Connection, filed: FiledTicket, starts_at: datetime) -> str:
    """A visit was planned, or moved when it was planned before."""
    when = _local(connection, filed, starts_at)
    before = filed.ticket.planned_for
    if before is not None and before != starts_at:
        return f"The service visit to {filed.ticket.device} has moved to {when}."
    why = "to prevent a failure" if filed.ticket.prediction_id is not None else "to repair it"
    return f"A technician will visit {filed.ticket.device} on {when} {why}. You need not do anything."


def cancelled_notice(filed: FiledTicket) -> str:
    """A planned visit was called off; empty when the customer was told of none."""
    if filed.ticket.planned_for is None:
        return ""
    return f"The planned service visit to {filed.ticket.device} is not necessary any more and does not take place."


def done_notice(filed: FiledTicket) -> str:
    """The work is done, and an opinion is asked for."""
    return f"The work on {filed.ticket.device} is done. Please tell us how satisfied you are, from 1 to 5."


def _local(connection: Connection, filed: FiledTicket, instant: datetime) -> str:
    facts = entitlement.device_facts(connection, device_id=filed.device_id)
    described = entitlement.list_sites(connection, customer=facts.customer, site=facts.site)
    zone = described[0].time_zone if described else facts.centre_time_zone
    return f"{instant.astimezone(find_zone(zone)):%A %d %B %Y at %H:%M} ({zone})"
