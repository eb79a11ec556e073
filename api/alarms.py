"""Alarms: what needs to be seen, acknowledged or shelved."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from alerts import lifecycle
from api.paging import Cursor, Limit, Page, page, read_cursor
from api.request import App, Filter, Id, Instant, Who
from api.schemas import Alarm, AlarmComment, AlarmMember
from api.versions import OVERTAKEN, TAGGED, Edit, Editing, tag, tagged
from domain.alarm import Severity
from store import alarms, listings
from store.database import Connection

router = APIRouter(prefix="/alarms", tags=["alarms"])


class Shelving(BaseModel):
    """Out of sight until then."""

    until: Instant = Field(examples=["2026-03-01T08:00:00Z"])


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


class Assignment(BaseModel):
    """Who looks after it; null for nobody."""

    assigned_to: Name | None = Field(examples=["anna"])


class NewComment(BaseModel):
    """What there is to say about it."""

    comment: Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"^[^\x00]*$")] = Field(
        examples=["Called the site: they are cleaning the hall"]
    )


@router.get("", operation_id="list_alarms")
def list_alarms(
    app: App,
    request: Request,
    response: Response,
    active: Annotated[bool | None, Query(description="Only active ones, only cleared ones, or all")] = None,
    severity: Severity | None = None,
    device: Filter = None,
    acknowledged: bool | None = None,
    shelved: bool | None = None,
    deferred: Annotated[bool | None, Query(description="Only those that can wait, or only the others")] = None,
    customer: Filter = None,
    site: Filter = None,
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
            acknowledged=acknowledged,
            shelved=shelved,
            deferred=deferred,
            customer=customer,
            site=site,
            after=key[0] if key else None,
            limit=limit + 1,
        )
    return page(rows, limit, lambda row: (row.alarm_id,), Alarm, request, response)


@router.get("/{alarm_id}", operation_id="get_alarm", responses=TAGGED)
def get_alarm(app: App, response: Response, alarm_id: Id) -> Alarm:
    """One alarm."""
    with app.database.transaction() as connection:
        return tagged(response, _read(connection, alarm_id), _tag)


@router.post("/{alarm_id}/acknowledge", operation_id="acknowledge_alarm", responses=OVERTAKEN)
def acknowledge_alarm(edit: Editing, alarm_id: Id) -> Alarm:
    """Note that someone has seen it; the first one stands."""
    return _change(edit, alarm_id, lifecycle.acknowledge)


@router.post("/{alarm_id}/shelve", operation_id="shelve_alarm", responses=OVERTAKEN)
def shelve_alarm(edit: Editing, alarm_id: Id, shelving: Shelving) -> Alarm:
    """Put an active alarm out of sight for a while."""
    return _change(edit, alarm_id, partial(lifecycle.shelve, until=shelving.until))


@router.post("/{alarm_id}/unshelve", operation_id="unshelve_alarm", responses=OVERTAKEN)
def unshelve_alarm(edit: Editing, alarm_id: Id) -> Alarm:
    """Bring it back into sight before its time."""
    return _change(edit, alarm_id, lifecycle.unshelve)


@router.post("/{alarm_id}/assign", operation_id="assign_alarm", responses=OVERTAKEN)
def assign_alarm(edit: Editing, alarm_id: Id, assignment: Assignment) -> Alarm:
    """Give it to someone, or to nobody."""
    assign = partial(lifecycle.assign, assigned_to=assignment.assigned_to)
    return _change(edit, alarm_id, assign)


@router.get("/{alarm_id}/comments", operation_id="list_alarm_comments")
def list_comments(app: App, alarm_id: Id) -> list[AlarmComment]:
    """What people wrote under it, oldest first."""
    with app.database.transaction() as connection:
        return [AlarmComment.model_validate(row) for row in listings.alarm_comments(connection, alarm_id)]


@router.post("/{alarm_id}/comments", operation_id="comment_alarm", status_code=201)
def comment_alarm(app: App, who: Who, alarm_id: Id, said: NewComment) -> list[AlarmComment]:
    """Write something under it."""
    with app.database.transaction() as connection:
        lifecycle.comment(connection, alarm_id=alarm_id, comment=said.comment, who=who, now=app.clock())
        return [AlarmComment.model_validate(row) for row in listings.alarm_comments(connection, alarm_id)]


@router.get("/{alarm_id}/members", operation_id="list_alarm_members")
def list_members(app: App, alarm_id: Id) -> list[AlarmMember]:
    """The devices that a site's alarm stands for."""
    with app.database.transaction() as connection:
        return [AlarmMember.model_validate(row) for row in listings.alarm_members(connection, alarm_id)]


def _change(edit: Edit, alarm_id: int, change: Callable[..., object]) -> Alarm:
    return edit.run(
        lock=partial(alarms.lock, alarm_id=alarm_id),
        change=partial(change, alarm_id=alarm_id, who=edit.who, now=edit.app.clock()),
        read=partial(_read, alarm_id=alarm_id),
        tag_of=_tag,
    )


def _read(connection: Connection, alarm_id: int) -> Alarm:
    return Alarm.model_validate(listings.alarm(connection, alarm_id))


def _tag(alarm: Alarm) -> str:
    """Of what an operator decides upon: one more occurrence changes nothing of it."""
    shelved_until, seen_by = alarm.shelved_until, (alarm.acknowledged, alarm.ack_by)
    return tag(alarm.alarm_id, alarm.severity, alarm.active, seen_by, shelved_until, alarm.assigned_to, alarm.deferred)
