"""How a ticket is closed becomes a device event: the label that the next training run learns from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from alerts.lifecycle import clear_type
from alerts.rules import alarm_type
from domain.device import DeviceEvent, EventKind
from domain.device_model import DeviceModel, FailureMode
from domain.errors import ConfigurationError, InvalidInputError
from domain.ticket import ClosureCode, Ticket, TicketState
from service_desk import releasing, returns
from service_desk.gates import note_closure
from service_desk.moves import move
from store import events, tickets
from store.database import Connection
from store.tickets import FiledTicket

WAS_THERE = frozenset({ClosureCode.CONFIRMED, ClosureCode.WORN})
"""Closure codes that say that the predicted component was worn and has been put right."""


def close(
    connection: Connection,
    catalog: Mapping[str, DeviceModel],
    *,
    ticket_id: int,
    closure_code: ClosureCode,
    who: str,
    now: datetime,
    worked_at: datetime | None = None,
    replaced: Sequence[str] = (),
    version: int | None = None,
) -> Ticket:
    """Close a resolved ticket with what was found. `worked_at`: when the work was done; None: when it was resolved.

    Confirmed and worn renew the failure mode's component, clear its alarm and consume the reserved parts; `replaced`
    names further components that were exchanged. When that component was not exchanged the parts are released, and the
    alarm stays until its prediction is retracted. Raises InvalidInputError, and as `moves.move`.
    """
    filed = tickets.lock(connection, ticket_id)
    device_model = catalog.get(filed.device_model)
    if device_model is None:
        raise ConfigurationError(f"device model {filed.device_model} of {filed.ticket.device} is in no catalog file")
    mode = device_model.failure_mode(filed.ticket.failure_mode)
    renewed = _renewed(device_model, mode, closure_code, replaced)
    if worked_at is None:
        worked_at = tickets.last_event(connection, ticket_id=ticket_id, what="resolved") or now
    elif worked_at > now:
        raise InvalidInputError(f"ticket {ticket_id}: work at {worked_at} lies in the future, it is {now}")
    ticket = move(
        connection,
        ticket_id=ticket_id,
        state=TicketState.CLOSED,
        what="closed",
        who=who,
        now=now,
        version=version,
        closure_code=closure_code,
        detail={"closure_code": closure_code.value, "worked_at": worked_at.isoformat(), "replaced": renewed},
    )
    _write_events(connection, filed, mode, closure_code, renewed, worked_at)
    if mode.component in renewed:
        clear_type(
            connection,
            device_id=filed.device_id,
            alarm_type=alarm_type(mode.name),
            who=who,
            now=now,
            reason=f"component replaced, ticket {ticket_id}",
        )
    settle = releasing.consume if mode.component in renewed else releasing.release
    settle(connection, ticket_id=ticket_id, who=who, now=now, reason=f"closed: {closure_code}")
    if ticket.prediction_id is not None and closure_code is not ClosureCode.OTHER:
        note_closure(connection, device_model=device_model.name, mode=mode, ticket_id=ticket_id, who=who, now=now)
    returns.expect(connection, filed, mode, renewed, now=now)
    return ticket


def _renewed(
    device_model: DeviceModel, mode: FailureMode, closure_code: ClosureCode, replaced: Sequence[str]
) -> list[str]:
    known = {component.name for component in device_model.components}
    for component in replaced:
        if component not in known:
            names = ", ".join(sorted(known))
            raise InvalidInputError(f"device model {device_model.name} has no component {component!r}; it has {names}")
    own = [mode.component] if closure_code in WAS_THERE and mode.component else []
    return sorted({*own, *replaced})


def _write_events(
    connection: Connection,
    filed: FiledTicket,
    mode: FailureMode,
    closure_code: ClosureCode,
    renewed: Sequence[str],
    worked_at: datetime,
) -> None:
    """A visit that exchanged nothing ends no life, so it is told as a log event and not as maintenance."""
    ticket = filed.ticket
    detail = {"ticket": ticket.ticket_id, "failure_mode": mode.name}
    kind = EventKind.MAINTENANCE if mode.component in renewed else EventKind.LOG
    found = [DeviceEvent(ticket.device, worked_at, kind, closure_code, mode.component, detail)]
    others = [
        DeviceEvent(
            ticket.device, worked_at, EventKind.MAINTENANCE, "replaced", component, {"ticket": ticket.ticket_id}
        )
        for component in renewed
        if component != mode.component
    ]
    events.insert(connection, [(filed.device_id, event) for event in found + others])
    for component in renewed:
        tickets.note_replacement(
            connection, ticket_id=ticket.ticket_id, device_id=filed.device_id, component=component, at=worked_at
        )
