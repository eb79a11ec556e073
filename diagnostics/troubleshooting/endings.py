"""What the end of a run does: to the alarm, to the ticket and its parts, and to what the next training learns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog

from alerts import lifecycle
from alerts.rules import alarm_type
from domain.device import DeviceEvent, EventKind
from domain.device_model import DeviceModel, FailureMode, KitLine
from domain.ticket import UNPLANNED, ClosureCode, TicketState
from domain.troubleshooting import Ending, Outcome, Run
from service_desk import tickets
from service_desk.found_faults import open_found
from service_desk.raising import raise_and_open
from service_desk.reserving import reserve_kit
from service_desk.ticket_record import record_change
from store import events, predictions
from store import tickets as store_tickets
from store import troubleshooting as stored
from store.database import Connection
from store.troubleshooting import Place

log = structlog.get_logger()


def conclude(
    connection: Connection,
    run: Run,
    place: Place,
    model: DeviceModel,
    mode: FailureMode,
    ending: Ending,
    *,
    now: datetime,
) -> None:
    """End a locked run, whose case is held, as its ending says.

    fixed: the alarm is cleared, a ticket that nobody has planned is cancelled and its parts are free; the fault counts
    as confirmed and the component's life begins anew. no_fault: such a ticket is cancelled, and the alarm stays until
    its prediction is retracted. ticket: one is open, with the parts that the ending names.
    """
    kit, tools = _kit(mode, ending), mode.guidance.tools if ending.tools is None else ending.tools
    visit = ending.outcome is Outcome.TICKET
    stored.end(
        connection,
        run.run_id,
        outcome=ending.outcome,
        reason=ending.title,
        at=now,
        parts={line.part_no: line.quantity for line in kit} if visit else None,
        tools=tools if visit else (),
    )
    ticket_id: int | None
    if visit:
        ticket_id = _have_ticket(connection, run, place, model, mode, kit, ending, now)
    else:
        _tell_training(connection, run, place, mode, ending, now)
        ticket_id = _call_off(connection, run, place, ending, now)
    if ending.outcome is Outcome.FIXED:
        lifecycle.clear_type(
            connection,
            device_id=place.device_id,
            alarm_type=alarm_type(mode.name),
            who=run.started_by,
            now=now,
            reason=f"mended from afar, run {run.run_id}: {ending.title}",
        )
    if ticket_id is not None:
        stored.attach(connection, run.run_id, ticket_id)
        detail = {"run": run.run_id, "outcome": ending.outcome.value, "reason": ending.title}
        record_change(connection, ticket_id=ticket_id, what="troubleshot", who=run.started_by, now=now, detail=detail)
    log.info(
        "troubleshooting ended",
        device=run.device,
        failure_mode=mode.name,
        run_id=run.run_id,
        outcome=ending.outcome,
        ticket_id=ticket_id,
    )


def _kit(mode: FailureMode, ending: Ending) -> Sequence[KitLine]:
    if ending.parts is None:
        return mode.kit
    of_kit = {line.part_no: line for line in mode.kit}
    return [of_kit.get(part_no, KitLine(part_no, 1)) for part_no in ending.parts]


def _have_ticket(
    connection: Connection,
    run: Run,
    place: Place,
    model: DeviceModel,
    mode: FailureMode,
    kit: Sequence[KitLine],
    ending: Ending,
    now: datetime,
) -> int:
    """The unsettled ticket, which gets what it lacks; else the one that the prediction opens now, or a plain one."""
    unsettled = store_tickets.unsettled(connection, device_id=place.device_id, failure_mode=mode.name)
    if unsettled is None and run.prediction_id is not None:
        recorded = predictions.get_recorded(connection, run.prediction_id)
        met = store_tickets.lock_case(connection, recorded, component=mode.component, event_codes=mode.event_codes)
        unsettled = raise_and_open(connection, model, mode, recorded, met, now, kit).ticket_id
    if unsettled is None:
        return open_found(
            connection,
            model,
            mode,
            device_id=place.device_id,
            kit=kit,
            summary=f"{mode.title}: {ending.title}",
            who=run.started_by,
            now=now,
        )
    filed = store_tickets.get(connection, unsettled)
    if filed.ticket.state is not TicketState.SUGGESTED:
        reserve_kit(
            connection,
            ticket_id=unsettled,
            service_centre=filed.service_centre,
            kit=kit,
            need_by=filed.ticket.need_by,
            who=run.started_by,
            now=now,
        )
    return unsettled


def _call_off(connection: Connection, run: Run, place: Place, ending: Ending, now: datetime) -> int | None:
    """Cancel the ticket unless somebody has planned it: then they are told, and decide. Its id, if there is one."""
    unsettled = store_tickets.unsettled(connection, device_id=place.device_id, failure_mode=place.failure_mode)
    if unsettled is None:
        return run.ticket_id
    if store_tickets.get(connection, unsettled).ticket.state in UNPLANNED:
        reason = f"settled from afar, run {run.run_id}: {ending.title}"
        tickets.cancel(connection, ticket_id=unsettled, reason=reason, who=run.started_by, now=now)
    return unsettled


def _tell_training(
    connection: Connection, run: Run, place: Place, mode: FailureMode, ending: Ending, now: datetime
) -> None:
    """As a visit that is closed would: mended ends a life whose fault was confirmed, no fault ends none."""
    fixed = ending.outcome is Outcome.FIXED
    event = DeviceEvent(
        run.device,
        now,
        EventKind.MAINTENANCE if fixed else EventKind.LOG,
        ClosureCode.CONFIRMED if fixed else ClosureCode.NO_FAULT_FOUND,
        mode.component,
        {"failure_mode": mode.name, "troubleshooting": run.run_id, "remote": True},
    )
    events.insert(connection, [(place.device_id, event)])
