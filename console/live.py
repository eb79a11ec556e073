"""The live part: each change of the feed as the very row that its page shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from access.rules import is_open
from aftercare.event_stream import EventStream, frame
from aftercare.wiring import Application
from console.offers import keep_allowed
from console.render import environment
from console.request import LARGEST_ID
from domain.account import Caller, Role
from domain.errors import NotFoundError
from store import listings
from store.outbox import FeedEntry

router = APIRouter()
POSITION = re.compile(r"[0-9]{1,18}")


def row_encoder(application: Application) -> Callable[[FeedEntry], bytes]:
    """Encodes a change as its row in HTML; once for all viewers."""
    titles = {mode.name: mode.title for model in application.catalog.values() for mode in model.failure_modes}

    def encode(entry: FeedEntry) -> bytes:
        template = environment().get_template(f"{entry.kind}_row.html")
        try:
            with application.database.transaction() as connection:
                read = listings.alarm if entry.kind == "alarm" else listings.ticket
                row = read(connection, entry.subject_id)
        except NotFoundError:
            return frame("gone", entry.feed_seq, f"{entry.kind}-{entry.subject_id}")
        values = {entry.kind: row, "titles": titles, "now": application.clock(), "live": True}
        return frame(entry.kind, entry.feed_seq, template.render(values))

    return encode


@dataclass(frozen=True, slots=True)
class Offered:
    """Encodes rows with the buttons of one role; equal ones encode once for all their viewers."""

    encode: Callable[[FeedEntry], bytes]
    role: Role
    customer: str | None

    def __call__(self, entry: FeedEntry) -> bytes:
        caller = Caller(0, "", self.role, self.customer)
        return keep_allowed(self.encode(entry).decode(), lambda method, path: is_open(method, path, caller)).encode()


@router.get("/live")
def live(
    request: Request,
    last_event_id: Annotated[str | None, Header()] = None,
    after: Annotated[int | None, Query(ge=0, le=LARGEST_ID)] = None,
) -> Response:
    """Rows as they change, from the change after `after` on."""
    resume = int(last_event_id) if last_event_id and POSITION.fullmatch(last_event_id) else after
    caller: Caller = request.scope["caller"]
    encode = Offered(request.app.state.encode_row, caller.role, caller.customer)
    return EventStream(request.app.state.feed, encode, resume)
