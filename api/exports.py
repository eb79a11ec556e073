"""Tables as files, streamed however long they are: CSV, Parquet or JSON lines."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator, Iterator
from enum import StrEnum
from typing import Annotated, Any

import anyio
import structlog
from fastapi import APIRouter, Depends, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from aftercare.table_formats import encode
from aftercare.wiring import Application
from api.request import App, Filter, Instant, Text
from domain.errors import InvalidInputError, UnavailableError
from store import listings
from store.database import Connection
from store.exports import (
    ALARMS,
    DEVICES,
    PREDICTIONS,
    STOCK_JOURNAL,
    TICKETS,
    Export,
    read_export,
    read_readings,
    reading_columns,
)

log = structlog.get_logger()
router = APIRouter(prefix="/exports", tags=["exports"])
MOST_AT_ONCE = 4
"""Exports of one process: each holds a connection of the pool until its last row."""
SEND_LIMIT = 60.0
"""Seconds that one piece may take before a client that does not read is let go."""


class Form(StrEnum):
    """How an export is written."""

    CSV = "csv"
    PARQUET = "parquet"
    JSON_LINES = "jsonl"


MEDIA_TYPES = {
    Form.CSV: "text/csv",
    Form.PARQUET: "application/vnd.apache.parquet",
    Form.JSON_LINES: "application/x-ndjson",
}


def _form(
    form: Annotated[
        Form | None, Query(alias="format", description="Default: the first of Accept that is one of them, else csv")
    ] = None,
    accept: Annotated[str, Header(description="Taken when `format` is left out", examples=["text/csv"])] = "",
) -> Form:
    if form is not None:
        return form
    wanted = [one.partition(";")[0].strip().lower() for one in accept.split(",")]
    return next((form for name in wanted for form, media in MEDIA_TYPES.items() if media == name), Form.CSV)


Wanted = Annotated[Form, Depends(_form)]
Since = Annotated[Instant | None, Query(description="From this instant on", examples=["2026-01-01T00:00:00Z"])]
Until = Annotated[Instant | None, Query(description="Before this instant", examples=["2026-02-01T00:00:00Z"])]


class Download(Response):
    """Sends the pieces one after the other as the client takes them, and ends what makes them when it has them all or
    has gone: servers take what is sent to nobody without a word."""

    def __init__(self, pieces: Generator[bytes, None, None], media_type: str, file_name: str) -> None:
        super().__init__(media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{file_name}"'})
        del self.headers["content-length"]
        self._pieces = pieces
        self._first = next(pieces)  # what is refused is refused before anything is sent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_until_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            piece: bytes | None = self._first
            while piece is not None and not gone.done():
                async with asyncio.timeout(SEND_LIMIT):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await run_in_threadpool(next, self._pieces, None)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(self._pieces.close)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Slots:
    """So many exports may run at once."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(MOST_AT_ONCE)

    def pieces(self, app: Application, write: Callable[[Connection], Iterator[bytes]]) -> Generator[bytes, None, None]:
        """The file in pieces; closing it ends the transaction. Raises UnavailableError when there is no slot."""
        if not self._free.acquire(blocking=False):
            raise UnavailableError(f"{MOST_AT_ONCE} exports are running: try again when one has ended")
        try:
            with app.database.transaction() as connection:
                yield from write(connection)
        finally:
            self._free.release()


SLOTS = Slots()


def _documented() -> dict[str, Any]:
    content = {media: {"schema": {"type": "string"}} for media in MEDIA_TYPES.values()}
    content[MEDIA_TYPES[Form.PARQUET]]["schema"]["format"] = "binary"
    return {
        "response_class": Response,
        "responses": {200: {"description": "The table, with a line of names in CSV", "content": content}},
    }


@router.get("/devices", operation_id="export_devices", **_documented())
def export_devices(app: App, form: Wanted, device_model: Filter = None) -> Download:
    """Every device by name."""
    return _download(app, form, DEVICES, "devices", device_model=device_model)


@router.get("/predictions", operation_id="export_predictions", **_documented())
def export_predictions(
    app: App, form: Wanted, since: Since = None, until: Until = None, device_model: Filter = None
) -> Download:
    """Predictions by when they are as of, in the order in which they were made."""
    return _download(app, form, PREDICTIONS, "predictions", since=since, until=until, device_model=device_model)


@router.get("/alarms", operation_id="export_alarms", **_documented())
def export_alarms(
    app: App, form: Wanted, since: Since = None, until: Until = None, device_model: Filter = None
) -> Download:
    """Alarms by when they were raised, oldest first."""
    return _download(app, form, ALARMS, "alarms", since=since, until=until, device_model=device_model)


@router.get("/tickets", operation_id="export_tickets", **_documented())
def export_tickets(
    app: App, form: Wanted, since: Since = None, until: Until = None, device_model: Filter = None
) -> Download:
    """Tickets by when they were opened, oldest first, with who pays and the sum behind each."""
    return _download(app, form, TICKETS, "tickets", since=since, until=until, device_model=device_model)


@router.get("/stock-journal", operation_id="export_stock_journal", **_documented())
def export_stock_journal(app: App, form: Wanted, since: Since = None, until: Until = None) -> Download:
    """Every movement of stock, oldest first; their sums are the balances."""
    return _download(app, form, STOCK_JOURNAL, "stock-journal", since=since, until=until)


@router.get("/readings", operation_id="export_readings", **_documented())
def export_readings(
    app: App,
    form: Wanted,
    device: Annotated[Text, Query(description="The device's name", examples=["hp-0042"])],
    since: Annotated[Instant, Query(description="From this instant on", examples=["2026-01-01T00:00:00Z"])],
    until: Annotated[Instant, Query(description="Before this instant", examples=["2026-02-01T00:00:00Z"])],
) -> Download:
    """The readings of one device as it sent them, oldest first, a column for each channel."""
    if since >= until:
        raise InvalidInputError(f"since {since} is not before until {until}")
    with app.database.transaction() as connection:
        model = app.catalog.get(listings.device(connection, device).device_model)
    if model is None:
        raise InvalidInputError(f"the device model of {device!r} is not in the catalog of this server")

    def write(connection: Connection) -> Iterator[bytes]:
        rows = read_readings(connection, model, device=device, since=since, until=until)
        return encode(form, reading_columns(model), rows)

    return Download(SLOTS.pieces(app, write), MEDIA_TYPES[form], f"readings.{form}")


def _download(app: Application, form: Form, export: Export, name: str, **wanted: Any) -> Download:
    def write(connection: Connection) -> Iterator[bytes]:
        return encode(form, export.columns, read_export(connection, export, **wanted))

    return Download(SLOTS.pieces(app, write), MEDIA_TYPES[form], f"{name}.{form}")
