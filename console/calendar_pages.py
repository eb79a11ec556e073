"""The calendar: a service centre's visits of one week, against what its technicians can do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from console.render import show
from console.request import Text
from domain.errors import InvalidInputError
from domain.visit import VisitState
from store import choices, technicians, visits

router = APIRouter()
DAY, DAYS = timedelta(days=1), 7
STATES = [VisitState.BOOKED, VisitState.DONE]


@router.get("/calendar")
def calendar(request: Request, centre: Text = "", week: Text = "") -> HTMLResponse:
    """One week, from Monday to Sunday in UTC. week: any day of it, as 2026-03-02; empty: this week."""
    app = request.app.state.application
    since = _monday(week, app.clock())
    until = since + DAYS * DAY
    with app.database.transaction() as connection:
        centres = choices.service_centres(connection)
        chosen = centre or next(iter(centres), "")
        booked = visits.list_visits(connection, service_centre=chosen, states=STATES, since=since, until=until)
        by_hand = visits.planned_by_hand(connection, service_centre=chosen, since=since, until=until)
        working = technicians.list_technicians(connection, service_centre=chosen, active=True)
    days = [since + number * DAY for number in range(DAYS)]
    taken = sum((min(one.ends_at, until) - max(one.starts_at, since) for one in booked), timedelta())
    return show(
        request,
        "calendar.html",
        centre=chosen,
        centres=centres,
        since=since,
        weeks=[(since - DAYS * DAY).date(), (since + DAYS * DAY).date()],
        days=[
            (
                day,
                [one for one in booked if max(one.starts_at, since).astimezone(UTC).date() == day.date()],
                [one for one in by_hand if one.planned_for.astimezone(UTC).date() == day.date()],
            )
            for day in days
        ],
        taken_hours=taken / timedelta(hours=1),
        capacity_hours=sum(one.hours_a_week for one in working.values()) if working else None,
        technicians=len(working),
        unnamed=sum(1 for one in booked if not one.technician) + len(by_hand),
    )


def _monday(week: str, now: datetime) -> datetime:
    try:
        day = date.fromisoformat(week) if week else now.astimezone(UTC).date()
        monday = day - timedelta(days=day.weekday())
        _ = monday - 2 * DAYS * DAY, monday + 2 * DAYS * DAY
    except (ValueError, OverflowError) as error:
        raise InvalidInputError(f"{week!r} is not a day of the calendar: write it as 2026-03-02") from error
    return datetime(monday.year, monday.month, monday.day, tzinfo=UTC)
