"""The audit log: who did what, when and to which thing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.paging import Cursor, Limit, Page, page, read_cursor
from api.request import App, Instant, Text
from api.schemas import Answer
from store import audit

router = APIRouter(prefix="/audit-log", tags=["access"])


class AuditLine(Answer):
    audit_id: int = Field(examples=[812])
    at: datetime = Field(description="By the platform's clock; sign-ins and users by the machine's")
    who: str = Field(examples=["alice"])
    action: str = Field(examples=["acknowledged"])
    object_kind: str = Field(description="`request` where nothing better was noted", examples=["alarm"])
    object_id: str = Field(examples=["17"])
    detail: dict[str, Any]


@router.get("", operation_id="list_audit_log")
def list_audit_log(
    app: App,
    request: Request,
    response: Response,
    who: Annotated[Text | None, Query(description="The user's name")] = None,
    kind: Annotated[Text | None, Query(description="Of what thing: alarm, ticket, user, ...")] = None,
    since: Instant | None = None,
    until: Instant | None = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[AuditLine]:
    """Lines, newest first; `until` is not included."""
    key = read_cursor(after, int)
    with app.database.transaction() as connection:
        rows = audit.listing(
            connection,
            who=who,
            kind=kind,
            since=since,
            until=until,
            after=key[0] if key else None,
            limit=limit + 1,
        )
    return page(rows, limit, lambda row: (row.audit_id,), AuditLine, request, response)
