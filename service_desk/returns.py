"""What was taken out of a device comes back (RMA), is looked at, and what is found stays with the device's history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.device import DeviceEvent, EventKind
from domain.device_model import DeviceModel, FailureMode
from domain.errors import ConflictError, InvalidInputError
from domain.part_return import Finding, PartReturn, ReturnState
from service_desk import gates
from service_desk.back_orders import fill_back_orders
from service_desk.ticket_record import record_change
from store import events, returns, tickets
from store.database import Connection
from store.stock import StockKey, lock_stock, move_stock
from store.tickets import FiledTicket


def expect(
    connection: Connection, filed: FiledTicket, mode: FailureMode, components: Sequence[str], *, now: datetime
) -> None:
    """Open a return for each component that a visit took out; the failure mode's own is the first part of its kit."""
    for component in components:
        returns.expect(
            connection,
            ticket_id=filed.ticket.ticket_id,
            component=component,
            part_no=mode.kit[0].part_no if mode.kit and component == mode.component else None,
            service_centre=filed.service_centre,
            now=now,
        )


def receive(connection: Connection, *, return_id: int, who: str, now: datetime) -> PartReturn:
    """It is there. Raises NotFoundError, or ConflictError when it was there already."""
    returned = returns.lock(connection, return_id)
    if returned.state is not ReturnState.EXPECTED:
        raise ConflictError(f"return {return_id} is {returned.state} already")
    returns.receive(connection, return_id, now=now)
    _record(connection, returned, "part_returned", who, now, {})
    return returns.lock(connection, return_id)


def inspect(
    connection: Connection,
    catalog: Mapping[str, DeviceModel],
    *,
    return_id: int,
    findings: Finding,
    who: str,
    now: datetime,
    note: str = "",
    restock: bool = False,
) -> PartReturn:
    """Say what was found: it becomes an event of the device, beside the label that closing the ticket wrote.

    A predicted component without fault counts against its failure mode, whose gate is found anew. restock: nothing is
    wrong with it, and it goes back onto the shelf, to whoever waits for it.
    Raises NotFoundError, ConflictError when it was not received or inspected already, InvalidInputError when it cannot
    be restocked.
    """
    returned = returns.lock(connection, return_id)
    if returned.state is ReturnState.EXPECTED:
        raise ConflictError(f"return {return_id} has not come back yet: receive it first")
    if returned.state is ReturnState.INSPECTED:
        raise ConflictError(f"return {return_id} was inspected already: {returned.findings}")
    if restock and (findings is not Finding.NO_FAULT_FOUND or returned.part_no is None):
        raise InvalidInputError(
            f"return {return_id} cannot go back onto a shelf: only a part with a number that has no fault can"
        )
    returns.inspect(connection, return_id, findings=findings, note=note, restocked=restock, who=who, now=now)
    filed = tickets.get(connection, returned.ticket_id)
    mode = filed.ticket.failure_mode
    detail = {"return": return_id, "ticket": returned.ticket_id, "failure_mode": mode, "findings": findings.value}
    event = DeviceEvent(filed.ticket.device, now, EventKind.LOG, f"returned_{findings}", returned.component, detail)
    events.insert(connection, [(filed.device_id, event)])
    _record(connection, returned, "part_inspected", who, now, {"findings": findings.value, "note": note})
    if findings is Finding.NO_FAULT_FOUND:
        _look_at_gate(connection, catalog, filed, returned.component, who, now)
    if restock and returned.part_no is not None:
        _restock(connection, (returned.service_centre, returned.part_no), return_id, who, now)
    return returns.lock(connection, return_id)


def _look_at_gate(
    connection: Connection,
    catalog: Mapping[str, DeviceModel],
    filed: FiledTicket,
    component: str,
    who: str,
    now: datetime,
) -> None:
    device_model, ticket = catalog.get(filed.device_model), filed.ticket
    if device_model is None or ticket.prediction_id is None:  # what is in no catalog file any more has no gate
        return
    mode = device_model.failure_mode(ticket.failure_mode)
    if component == mode.component:
        gates.note_closure(
            connection, device_model=device_model.name, mode=mode, ticket_id=ticket.ticket_id, who=who, now=now
        )


def _restock(connection: Connection, key: StockKey, return_id: int, who: str, now: datetime) -> None:
    lock_stock(connection, [key])
    stock = move_stock(connection, key, "return", who=who, now=now, on_hand=1, reference=f"return {return_id}")
    fill_back_orders(connection, stock, who=who, now=now)


def _record(
    connection: Connection, returned: PartReturn, what: str, who: str, now: datetime, detail: dict[str, str]
) -> None:
    place = {"return_id": returned.return_id, "component": returned.component, "part_no": returned.part_no}
    record_change(connection, ticket_id=returned.ticket_id, what=what, who=who, now=now, detail={**place, **detail})
