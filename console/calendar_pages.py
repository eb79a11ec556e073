"""The calendar: a service centre's visits of one week, against what its technicians can do."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from console.render import show
from console.request import Text
from console.viewer_zone import asked_zone, viewer_zone
from domain.business_hours import first_instant
from domain.errors import InvalidInputError
from domain.visit import VisitState
from store import choices, technicians, visits

router = APIRouter()
DAY, DAYS = timedelta(days=1), 7
STATES = [VisitState.BOOKED, VisitState.DONE]


@router.get("/calendar")
def calendar(request: Request, centre: Text = "", week: Text = "") -> HTMLResponse:
    """One week, from Monday to Sunday by the viewer's clock. week: any day of it, as 2026-03-02; empty: this week."""
    app = request.app.state.application
    zone = viewer_zone(request)
    today = app.clock().astimezone(zone).date()
    monday = _monday(week, today)
    days = [monday + number * DAY for number in range(DAYS)]
    since, until = first_instant(zone, monday, 0), first_instant(zone, monday + DAYS * DAY, 0)

    def of_day(moment: datetime, day: date) -> bool:
        return max(moment, since).astimezone(zone).date() == day

    with app.database.transaction() as connection:
        centres = choices.service_centres(connection)
        if centre:
            choices.require_service_centre(connection, centre)
        chosen = centre or next(iter(centres), "")
        booked = visits.list_visits(connection, service_centre=chosen, states=STATES, since=since, until=until)
        by_hand = visits.planned_by_hand(connection, service_centre=chosen, since=since, until=until)
        working = technicians.list_technicians(connection, service_centre=chosen, active=True)
    taken = sum((min(one.ends_at, until) - max(one.starts_at, since) for one in booked), timedelta())
    return show(
        request,
        "calendar.html",
        centre=chosen,
        centres=centres,
        asked_zone=asked_zone(request),
        today=today,
        monday=monday,
        weeks=[monday - DAYS * DAY, monday + DAYS * DAY],
        days=[
            (
                day,
                [one for one in booked if of_day(one.starts_at, day)],
                [one for one in by_hand if of_day(one.planned_for, day)],
            )
            for day in days
        ],
        taken_hours=taken / timedelta(hours=1),
        capacity_hours=sum(one.hours_a_week for one in working.values()) if working else None,
        technicians=len(working),
        unnamed=sum(1 for one in booked if not one.technician) + len(by_hand),
    )


def _monday(week: str, today: date) -> date:
    try:
        day = date.fromisoformat(week) if week else today
        monday = day - timedelta(days=day.weekday())
        _ = monday - 2 * DAYS * DAY, monday + 2 * DAYS * DAY
    except (ValueError, OverflowError) as error:
        raise InvalidInputError(f"{week!r} is not a day of the calendar: write it as 2026-03-02") from error
    return monday
