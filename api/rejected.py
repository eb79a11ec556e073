"""Messages that could not be stored, and wait for a replay."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.paging import Cursor, Limit, Page, page, read_cursor
from api.request import App, Filter, Id, Text
from api.schemas import Answer
from domain.payload_text import readable
from store import rejected_listing
from store.rejected_listing import RejectedRow

router = APIRouter(prefix="/rejected-messages", tags=["devices"])


class RejectedMessage(Answer):
    rejected_id: int = Field(examples=[12])
    topic: str = Field(examples=["devices/press-17/telemetry"])
    device: str = Field(description="The name in the topic; empty when it names none", examples=["press-17"])
    reason: str = Field(examples=["ts is missing"])
    times: int = Field(description="How often these very bytes came on this topic", examples=[1])
    first_at: datetime
    last_at: datetime
    size: int = Field(description="Bytes of the payload", examples=[128])


class RejectedPayload(RejectedMessage):
    """With all that was sent."""

    payload_base64: str
    payload_text: str = Field(description="UTF-8 without control characters, anything else as hexadecimal digits")


@router.get("", operation_id="list_rejected_messages")
def list_rejected_messages(
    app: App,
    request: Request,
    response: Response,
    device: Filter = None,
    reason: Annotated[Text | None, Query(description="A text that the reason contains")] = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[RejectedMessage]:
    """What waits for a replay, the last rejected first."""
    key = read_cursor(after, int)
    with app.database.transaction() as connection:
        rows = rejected_listing.waiting(
            connection, device=device, reason=reason, after=key[0] if key else None, limit=limit + 1
        )
    return page(rows, limit, lambda row: (row.rejected_id,), RejectedMessage, request, response)


@router.get("/{rejected_id}", operation_id="get_rejected_message")
def get_rejected_message(app: App, rejected_id: Id) -> RejectedPayload:
    """One message with its payload."""
    with app.database.transaction() as connection:
        row: RejectedRow = rejected_listing.message(connection, rejected_id)
    return RejectedPayload(
        **RejectedMessage.model_validate(row).model_dump(),
        payload_base64=base64.b64encode(row.payload).decode(),
        payload_text=readable(row.payload),
    )
