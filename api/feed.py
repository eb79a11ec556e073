"""The alarm and ticket feed as server-sent events."""

from __future__ import annotations

import re
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from aftercare.event_stream import EventStream, frame
from api.request import LARGEST_ID
from domain.errors import InvalidInputError
from store.outbox import FeedEntry

router = APIRouter(tags=["feed"])
POSITION = re.compile(r"[0-9]{1,18}")


def encode(entry: FeedEntry) -> bytes:
    """A change as an event of its kind; its data is the change as JSON."""
    document = {"feed_seq": entry.feed_seq, "kind": entry.kind, "at": entry.at, **entry.payload}
    return frame(entry.kind, entry.feed_seq, orjson.dumps(document, option=orjson.OPT_UTC_Z).decode())


@router.get(
    "/feed",
    operation_id="follow_feed",
    status_code=200,
    response_class=EventStream,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
def follow_feed(
    request: Request,
    last_event_id: Annotated[str | None, Header(description="Resume after this change; wins over `after`")] = None,
    after: Annotated[
        int | None, Query(ge=0, le=LARGEST_ID, description="Begin after this change; none: from now on")
    ] = None,
) -> Response:
    """Alarm and ticket changes as they are committed, each once and in order; event ids are positions in the feed."""
    return EventStream(request.app.state.feed, encode, resume_point(last_event_id, after))


def resume_point(last_event_id: str | None, after: int | None) -> int | None:
    """Where to go on. Raises InvalidInputError when Last-Event-ID is not one of this feed's."""
    if not last_event_id:
        return after
    if not POSITION.fullmatch(last_event_id):
        raise InvalidInputError(f"Last-Event-ID {last_event_id!r} is not a position in the feed: leave it out")
    return int(last_event_id)
