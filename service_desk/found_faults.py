"""A ticket for a fault that was found without a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from alerts.rules import alarm_type
from domain.device_model import DeviceModel, FailureMode, KitLine
from service_desk.entitlement.settling import settle
from service_desk.reserving import reserve_kit
from service_desk.ticket_record import record_change
from store import tickets
from store.database import Connection

PRIORITY = 3


def open_found(
    connection: Connection,
    device_model: DeviceModel,
    mode: FailureMode,
    *,
    device_id: int,
    kit: Sequence[KitLine],
    summary: str,
    who: str,
    now: datetime,
) -> int:
    """Open a ticket that needs a visit within the failure mode's lead time, and reserve these parts; its id.

    The caller holds the case, and no ticket of it is unsettled.
    """
    need_by = now + mode.lead_time
    ticket_id = tickets.open_found(
        connection,
        device_id=device_id,
        failure_mode=mode.name,
        alarm_type=alarm_type(mode.name),
        priority=PRIORITY,
        summary=summary,
        need_by=need_by,
        visit_length=mode.visit_length,
        now=now,
    )
    settle(connection, device_model, ticket_id=ticket_id, now=now)
    record_change(connection, ticket_id=ticket_id, what="opened", who=who, now=now, detail={"reason": summary})
    service_centre = tickets.get(connection, ticket_id).service_centre
    reserve_kit(
        connection, ticket_id=ticket_id, service_centre=service_centre, kit=kit, need_by=need_by, who=who, now=now
    )
    return ticket_id
