"""Who did what, when and to which thing: for admins."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from console.render import show
from console.request import After, Text
from domain.clock import read_instant
from domain.errors import InvalidInputError
from store import audit, users

router = APIRouter()
ROWS = 100
PAGES = {"alarm": "/alarms/{}", "ticket": "/tickets/{}", "device": "/devices/{}"}
"""Where a thing is shown that the log names."""


@router.get("/audit-log")
def audit_log(
    request: Request,
    who: Text = "",
    kind: Text = "",
    since: Text = "",
    until: Text = "",
    after: After = None,
) -> HTMLResponse:
    """Lines, newest first."""
    begin, end = _instant(since), _instant(until)
    wanted = {"who": who, "kind": kind, "since": _as_typed(begin), "until": _as_typed(end)}
    with request.app.state.application.database.transaction() as connection:
        rows = audit.listing(
            connection,
            who=who or None,
            kind=kind or None,
            since=begin,
            until=end,
            after=after,
            limit=ROWS + 1,
        )
        return show(
            request,
            "audit_log.html",
            lines=rows[:ROWS],
            next=rows[ROWS - 1].audit_id if len(rows) > ROWS else None,
            wanted={name: value for name, value in wanted.items() if value},
            names=[user.name for user in users.list_users(connection)],
            kinds=audit.kinds(connection),
            pages=PAGES,
        )


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return read_instant(text)
    except ValueError as error:
        raise InvalidInputError(f"{text[:40]!r} is not a date and time: write 2026-03-01T08:00 (UTC)") from error


def _as_typed(moment: datetime | None) -> str:
    """As a form's field takes it, in UTC."""
    return f"{moment:%Y-%m-%dT%H:%M}" if moment else ""
