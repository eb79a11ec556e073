"""Stock on its way between service centres, and how long the ways take."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.paging import Cursor, Limit, Page, page, read_cursor
from api.request import LARGEST_ID, App, Id, Text, Who
from api.schemas import Answer
from api.versions import OVERTAKEN, TAGGED, Edit, Editing, tag, tagged
from domain.stock import TransferState
from service_desk import transfers
from store import part_network
from store import transfers as store_transfers
from store.database import Connection
from store.retry import in_transaction

router = APIRouter(tags=["parts"])


class Transfer(Answer):
    """Stock that goes from one centre to another, for a ticket or to fill a shelf."""

    transfer_id: int = Field(examples=[3])
    part_no: str = Field(examples=["COMP-22"])
    description: str
    quantity: int = Field(examples=[1])
    from_centre: str = Field(examples=["bremen"])
    to_centre: str = Field(examples=["hamburg"])
    state: TransferState
    ticket_id: int | None = Field(description="Null when it fills a shelf")
    device: str | None
    need_by: datetime | None
    created_at: datetime
    shipped_at: datetime | None
    arrives_at: datetime | None = Field(description="When what was shipped should be there")
    ended_at: datetime | None
    who: str
    reason: str


class Sending(BaseModel):
    """Free stock that is shipped to another shelf."""

    part_no: Text
    quantity: int
    from_centre: Text
    to_centre: Text


class CallingOff(BaseModel):
    """Why nothing is sent."""

    reason: Text = Field(min_length=1, examples=["The last one stays there"])


class TransferTime(Answer):
    """How long parts are under way; the way back takes as long unless it is listed too."""

    from_centre: str
    to_centre: str
    hours: float = Field(ge=0, le=10_000, examples=[6.0])


@router.get("/transfers", operation_id="list_transfers")
def list_transfers(
    app: App,
    request: Request,
    response: Response,
    state: Annotated[list[TransferState] | None, Query(description="May be given several times")] = None,
    ticket: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Transfer]:
    """Transfers, newest first."""
    key = read_cursor(after, int)
    with app.database.transaction() as connection:
        rows = store_transfers.listing(
            connection, states=state, ticket_id=ticket, after=key[0] if key else None, limit=limit + 1
        )
    return page(rows, limit, lambda row: (row.transfer_id,), Transfer, request, response)


@router.get("/transfers/{transfer_id}", operation_id="get_transfer", responses=TAGGED)
def get_transfer(app: App, response: Response, transfer_id: Id) -> Transfer:
    """One transfer."""
    with app.database.transaction() as connection:
        return tagged(response, _read(connection, transfer_id), _tag)


@router.post("/transfers", operation_id="send_parts", status_code=201)
def send_parts(app: App, who: Who, sending: Sending) -> Transfer:
    """Ship free stock to another shelf."""

    def work(connection: Connection) -> Transfer:
        sent = transfers.send(connection, **sending.model_dump(), who=who, now=app.clock())
        return _read(connection, sent.transfer_id)

    return in_transaction(app.database, work)


@router.post("/transfers/{transfer_id}/ship", operation_id="ship_transfer", responses=OVERTAKEN)
def ship_transfer(edit: Editing, transfer_id: Id) -> Transfer:
    """A suggested transfer leaves its shelf."""
    return _move(edit, transfer_id, transfers.ship)


@router.post("/transfers/{transfer_id}/arrive", operation_id="book_transfer_in", responses=OVERTAKEN)
def book_transfer_in(edit: Editing, transfer_id: Id) -> Transfer:
    """What was under way is on the shelf."""
    return _move(edit, transfer_id, transfers.arrive)


@router.post("/transfers/{transfer_id}/cancel", operation_id="cancel_transfer", responses=OVERTAKEN)
def cancel_transfer(edit: Editing, transfer_id: Id, calling_off: CallingOff) -> Transfer:
    """A suggestion that nobody follows: its ticket waits at its own centre."""
    return _move(edit, transfer_id, partial(transfers.cancel, reason=calling_off.reason))


@router.get("/transfer-times", operation_id="list_transfer_times", responses=TAGGED)
def list_transfer_times(app: App, response: Response) -> list[TransferTime]:
    """Every way that is not the usual day; the tag is of all of them."""
    with app.database.transaction() as connection:
        return tagged(response, _read_ways(connection), _tag_of_ways)


@router.put("/transfer-times", operation_id="set_transfer_time", responses=OVERTAKEN)
def set_transfer_time(edit: Editing, way: TransferTime) -> TransferTime:
    """Say how long parts are under way between two centres."""
    takes = timedelta(hours=way.hours)
    edit.run(
        lock=part_network.lock_transfer_times,
        change=partial(
            part_network.set_transfer_time, from_centre=way.from_centre, to_centre=way.to_centre, takes=takes
        ),
        read=_read_ways,
        tag_of=_tag_of_ways,
    )
    return way


def _move(edit: Edit, transfer_id: int, how: Callable[..., object]) -> Transfer:
    return edit.run(
        lock=partial(transfers.lock, transfer_id=transfer_id),
        change=partial(how, transfer_id=transfer_id, who=edit.who, now=edit.app.clock()),
        read=partial(_read, transfer_id=transfer_id),
        tag_of=_tag,
    )


def _read(connection: Connection, transfer_id: int) -> Transfer:
    return Transfer.model_validate(store_transfers.get_row(connection, transfer_id))


def _read_ways(connection: Connection) -> list[TransferTime]:
    return [
        TransferTime(from_centre=from_centre, to_centre=to_centre, hours=takes / timedelta(hours=1))
        for from_centre, to_centre, takes in part_network.list_transfer_times(connection)
    ]


def _tag_of_ways(ways: list[TransferTime]) -> str:
    return tag(*ways)


def _tag(transfer: Transfer) -> str:
    return tag(transfer.transfer_id, transfer.state)
