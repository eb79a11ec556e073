"""The alarms that an operator watches, and what is done with several of them at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse

from alerts import lifecycle
from console.forms import inside, number
from console.render import show
from console.request import After, Text
from domain.alarm import Severity
from domain.clock import read_instant
from domain.errors import ConflictError, InvalidInputError, NotFoundError
from store import fleet, listings
from store.database import Connection
from store.outbox import latest_feed_seq

router = APIRouter()
ROWS = 100
AT_ONCE = 500
LARGEST_FORM = 40_000
LONGEST_SHELVING = timedelta(days=90)


class View(StrEnum):
    """Which alarms: in sight, out of sight, those that can wait, or all that ever were."""

    ACTIVE = "active"
    SHELVED = "shelved"
    DEFERRED = "deferred"
    ALL = "all"


VIEWS: Mapping[View, Mapping[str, bool]] = {
    View.ACTIVE: {"active": True, "shelved": False},
    View.SHELVED: {"shelved": True},
    View.DEFERRED: {"active": True, "deferred": True},
    View.ALL: {},
}


@router.get("/alarms")
def alarms(
    request: Request,
    view: str = View.ACTIVE,
    severity: Severity | str = "",
    device: Text = "",
    customer: Text = "",
    site: Text = "",
    device_model: Text = "",
    unseen: str = "",
    after: After = None,
    changed: int | None = None,
    unchanged: int = 0,
) -> HTMLResponse:
    """Alarms, newest first."""
    app = request.app.state.application
    chosen = View(view) if view in list(View) else View.ACTIVE
    where = {"severity": severity, "device": device, "customer": customer, "site": site, "device_model": device_model}
    where = {name: value for name, value in where.items() if value}
    filters: dict[str, Any] = {"device_name" if name == "device" else name: value for name, value in where.items()}
    filters |= VIEWS[chosen]
    if unseen:
        filters["acknowledged"], where["seen"] = False, "no"
    with app.database.transaction() as connection:
        feed_seq = latest_feed_seq(connection)
        rows = listings.alarms(connection, **filters, after=after, limit=ROWS + 1)
        counts = fleet.alarm_counts(connection).values()
    return show(
        request,
        "alarms.html",
        feed_seq=feed_seq,
        most={"alarm": ROWS},
        alarms=rows[:ROWS],
        next=rows[ROWS - 1].alarm_id if len(rows) > ROWS else None,
        first_page=after is None,
        view=chosen.value,
        where=where,
        wanted={
            **{name: value for name, value in where.items() if name != "seen"},
            **({"unseen": "1"} if unseen else {}),
        },
        totals={
            View.ACTIVE.value: sum(one.active for one in counts),
            View.SHELVED.value: sum(one.shelved for one in counts),
            View.DEFERRED.value: sum(one.deferred for one in counts),
        },
        severities=list(Severity),
        models=sorted(app.catalog.values(), key=lambda model: model.title),
        changed=changed,
        unchanged=unchanged,
    )


async def _chosen(request: Request) -> Mapping[str, list[str]]:
    body = await request.body()
    if len(body) > LARGEST_FORM:
        raise InvalidInputError("the form is too large: choose fewer alarms, or shorten the comment")
    return parse_qs(body.decode("utf-8", "replace").replace("\x00", ""))


@router.post("/alarms/bulk")
def change_alarms(request: Request, form: Annotated[Mapping[str, list[str]], Depends(_chosen)]) -> RedirectResponse:
    """Acknowledge, shelve, assign or comment what was ticked. What was cleared meanwhile is left and counted."""
    app = request.app.state.application
    now = app.clock()
    ids = sorted({number(text, "the number of an alarm") for text in form.get("alarm", [])})
    if not ids:
        raise InvalidInputError("no alarm is ticked: tick those that are meant, at the left of each row")
    if len(ids) > AT_ONCE:
        raise InvalidInputError(f"{len(ids)} alarms are too many at once: tick up to {AT_ONCE}")
    act = _act_of(form, request.scope["who"], now)
    changed = 0
    with app.database.transaction() as connection:
        for alarm_id in ids:  # in the order of their numbers, so that two operators never wait for each other
            try:
                act(connection, alarm_id)
                changed += 1
            except (ConflictError, NotFoundError):
                continue
    target = inside((form.get("back") or [""])[0], "/alarms")
    told = urlencode({"changed": changed, "unchanged": len(ids) - changed})
    return RedirectResponse(f"{target}{'&' if '?' in target else '?'}{told}", 303)


def _act_of(form: Mapping[str, list[str]], who: str, now: datetime) -> Callable[[Connection, int], object]:
    """What to do with each of them. Raises InvalidInputError or NotFoundError."""
    wanted, text = _one(form, "act"), _one(form, "text").strip()
    step: dict[str, Any] = {"who": who, "now": now}
    if wanted == "acknowledge":
        return lambda connection, alarm_id: lifecycle.acknowledge(connection, alarm_id=alarm_id, **step)
    if wanted == "shelve":
        until = _until(form, now)
        return lambda connection, alarm_id: lifecycle.shelve(connection, alarm_id=alarm_id, until=until, **step)
    if wanted == "assign":
        person = text[:100] or None
        return lambda connection, alarm_id: lifecycle.assign(connection, alarm_id=alarm_id, assigned_to=person, **step)
    if wanted == "comment":
        if not text:
            raise InvalidInputError("the comment is empty: write something")
        return lambda connection, alarm_id: lifecycle.comment(
            connection, alarm_id=alarm_id, comment=text[:4000], **step
        )
    raise NotFoundError(f"nothing is called {wanted!r} that could be done with alarms: use the buttons of the list")


def _until(form: Mapping[str, list[str]], now: datetime) -> datetime:
    """`until` when it is given, else so many hours from now; at most 90 days ahead. Raises InvalidInputError."""
    text, hours = _one(form, "until"), _one(form, "hours")
    if text:
        try:
            moment = read_instant(text)
        except ValueError as error:
            raise InvalidInputError(f"{text!r} is not a date and time: choose until when to shelve") from error
    else:
        moment = now + timedelta(hours=number(hours, "a number of hours: choose until when to shelve", most=99_999))
    if not now < moment <= now + LONGEST_SHELVING:
        raise InvalidInputError(
            f"alarms are shelved until a time within {LONGEST_SHELVING.days} days, not until {moment}"
        )
    return moment


def _one(form: Mapping[str, list[str]], name: str) -> str:
    return (form.get(name) or [""])[0]
