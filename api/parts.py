"""Parts with their stock, reservations, and what to buy."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api import returns, shelves, transfers
from api.paging import Cursor, Limit, Page, page, read_cursor
from api.request import LARGEST_ID, App, Filter, Id
from api.schemas import Answer, Money, Part, Reservation
from domain.ticket import ReservationState
from service_desk import reorder, supply
from service_desk.sourcing import Way
from store import listings, tickets

router = APIRouter(tags=["parts"])
router.include_router(shelves.router)
router.include_router(transfers.router)
router.include_router(returns.router)


class ReorderLine(Answer):
    """A part that a service centre should buy, and why."""

    service_centre: str = Field(examples=["hamburg"])
    part_no: str = Field(examples=["COMP-22"])
    description: str
    unit_cost: Money
    lead_time_days: float
    expected: float = Field(description="Pieces that failures within the lead time take on average", examples=[3.2])
    needed: int = Field(description="So many are enough with the wanted probability", examples=[6])
    free: int
    on_order: int
    under_way: int = Field(description="Sent from another centre, for no ticket")
    waited_for: int = Field(description="Pieces that tickets wait for")
    order: int = Field(examples=[3])
    why: str = Field(examples=["3.2 expected within 12 d lead time, 95% need 6, 2 free, 1 on order: order 3"])


class ReorderList(Answer):
    """What to buy: the demand as it was worked out last, against what lies and is awaited now."""

    as_of: datetime | None = Field(
        description="When the demand was worked out: after each scoring run, within minutes after tickets changed, "
        "and each hour. Null while it never was, and then only what tickets wait for is listed: see that "
        "`aftercare upkeep` runs, or run `aftercare stock reorder`"
    )
    items: list[ReorderLine] = Field(description="By service centre and part")


class SupplyWay(BaseModel):
    """One way in which a part could come, and by how much that is late."""

    way: Way
    part_no: str
    service_centre: str
    arrives_at: datetime
    late_hours: float


class PartSupply(BaseModel):
    """A part that a ticket holds or waits for."""

    part_no: str
    instead_of: str | None
    quantity: int
    state: ReservationState
    service_centre: str = Field(description="Where it lies, is waited for, or is being sent")
    transfer_id: int | None
    arrives_at: datetime | None = Field(description="When what was shipped should be there")
    ways: list[SupplyWay] = Field(description="Of a part that is waited for, the best first and a purchase last")


@router.get("/parts", operation_id="list_parts")
def list_parts(app: App, request: Request, response: Response, limit: Limit = 50, after: Cursor = None) -> Page[Part]:
    """Parts by number, each with its stock per service centre."""
    key = read_cursor(after, str)
    with app.database.transaction() as connection:
        rows = listings.parts(connection, after=key[0] if key else None, limit=limit + 1)
    return page(rows, limit, lambda row: (row.part_no,), Part, request, response)


@router.get("/reservations", operation_id="list_reservations")
def list_reservations(
    app: App,
    request: Request,
    response: Response,
    state: ReservationState | None = None,
    part_no: Filter = None,
    ticket: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Reservation]:
    """Part reservations, newest first."""
    key = read_cursor(after, int)
    with app.database.transaction() as connection:
        rows = listings.reservations(
            connection,
            state=state,
            part_no=part_no,
            ticket_id=ticket,
            after=key[0] if key else None,
            limit=limit + 1,
        )
    return page(rows, limit, lambda row: (row.reservation_id,), Reservation, request, response)


@router.get("/reorder-list", operation_id="list_reorder")
def list_reorder(
    app: App, level: Annotated[float, Query(gt=0, lt=1, description="Probability that each part lasts")] = reorder.LEVEL
) -> ReorderList:
    """What to buy for which service centre, from the fleet's predictions, and why."""
    with app.database.transaction() as connection:
        found = reorder.forecast(connection, level=level)
    return ReorderList(as_of=found.as_of, items=[_reorder_line(line) for line in found.to_order])


@router.get("/tickets/{ticket_id}/supply", operation_id="get_ticket_supply")
def get_ticket_supply(app: App, ticket_id: Id) -> list[PartSupply]:
    """Where a ticket's parts are, when they arrive, and how those could come that are missing."""
    now = app.clock()
    with app.database.transaction() as connection:
        filed = tickets.get(connection, ticket_id)
        model = app.catalog.get(filed.device_model)
        modes = model.failure_modes if model else ()
        kit = next((mode.kit for mode in modes if mode.name == filed.ticket.failure_mode), ())
        supplies = supply.supply_of(connection, ticket_id=ticket_id, kit=kit, now=now)
    return [_part_supply(known) for known in supplies]


def _part_supply(known: supply.PartSupply) -> PartSupply:
    held, transfer = known.reservation, known.transfer
    return PartSupply(
        part_no=held.part_no,
        instead_of=held.instead_of,
        quantity=held.quantity,
        state=held.state,
        service_centre=held.service_centre,
        transfer_id=transfer.transfer_id if transfer else None,
        arrives_at=transfer.arrives_at if transfer else None,
        ways=[
            SupplyWay(
                way=way.way,
                part_no=way.part_no,
                service_centre=way.service_centre,
                arrives_at=way.arrives_at,
                late_hours=way.late(held.need_by) / timedelta(hours=1),
            )
            for way in known.ways
        ],
    )


def _reorder_line(line: reorder.ReorderLine) -> ReorderLine:
    part, requirement = line.part, line.requirement
    return ReorderLine(
        service_centre=line.service_centre,
        part_no=part.part_no,
        description=part.description,
        unit_cost=Money.model_validate(part.unit_cost),
        lead_time_days=part.lead_time / timedelta(days=1),
        expected=round(requirement.expected, 3),
        needed=requirement.needed,
        free=line.position.free,
        on_order=line.position.on_order,
        under_way=line.position.under_way,
        waited_for=line.position.waited_for,
        order=requirement.order,
        why=line.why,
    )
