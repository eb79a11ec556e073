"""Alarms: what needs to be seen, acknowledged or shelved."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from alerts import lifecycle
from api.paging import Cursor, Limit, Page, page, read_cursor
from api.request import App, Filter, Id, Who
from api.schemas import Alarm
from domain.alarm import Severity
from store import listings

router = APIRouter(prefix="/alarms", tags=["alarms"])


class Shelving(BaseModel):
    """Out of sight until then."""

    until: AwareDatetime = Field(examples=["2026-03-01T08:00:00Z"])


@router.get("", operation_id="list_alarms")
def list_alarms(
    app: App,
    request: Request,
    response: Response,
    active: Annotated[bool | None, Query(description="Only active ones, only cleared ones, or all")] = None,
    severity: Severity | None = None,
    device: Filter = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Alarm]:
    """Alarms, newest first."""
    key = read_cursor(after, int)
    with app.database.transaction() as connection:
        rows = listings.alarms(
            connection,
            active=active,
            severity=severity,
            device_name=device,
            after=key[0] if key else None,
            limit=limit + 1,
        )
    return page(rows, limit, lambda row: (row.alarm_id,), Alarm, request, response)


@router.get("/{alarm_id}", operation_id="get_alarm")
def get_alarm(app: App, alarm_id: Id) -> Alarm:
    """One alarm."""
    with app.database.transaction() as connection:
        return Alarm.model_validate(listings.alarm(connection, alarm_id))


@router.post("/{alarm_id}/acknowledge", operation_id="acknowledge_alarm")
def acknowledge_alarm(app: App, who: Who, alarm_id: Id) -> Alarm:
    """Note that someone has seen it; the first one stands."""
    with app.database.transaction() as connection:
        lifecycle.acknowledge(connection, alarm_id=alarm_id, who=who, now=app.clock())
        return Alarm.model_validate(listings.alarm(connection, alarm_id))


@router.post("/{alarm_id}/shelve", operation_id="shelve_alarm")
def shelve_alarm(app: App, who: Who, alarm_id: Id, shelving: Shelving) -> Alarm:
    """Put an active alarm out of sight for a while."""
    with app.database.transaction() as connection:
        lifecycle.shelve(connection, alarm_id=alarm_id, until=shelving.until, who=who, now=app.clock())
        return Alarm.model_validate(listings.alarm(connection, alarm_id))
