"""Predicted failures: the list that a planner works off, costliest first, and one page for each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse

from aftercare.wiring import Application
from console.drawings import risk_chart
from console.forms import Form
from console.prediction_drawings import growing_risk, telemetry
from console.render import show
from console.request import Id, Text
from console.ticket_view import mode_of, ticket_view
from domain.errors import InvalidInputError, NotFoundError
from service_desk.availability import Availability, availability_of
from store import choices, listings, predicted_failures, saved_views
from store.database import Connection
from store.listing_rows import DeviceRow, PredictionRow, TicketRow
from store.predicted_failures import Narrowing
from store.scope import customer_in_view

router = APIRouter()
PAGE = "/predictions"
ROWS = 100
FILTERS = ("device_model", "failure_mode", "customer", "site", "service_centre", "within")
POSITION = r"^-?[0-9]{1,18}_[0-9]{1,18}$"
LOOKS_BACK = timedelta(days=30)
LONGEST_VIEW = 2000


@router.get(PAGE)
def predictions(
    request: Request,
    device_model: Text = "",
    failure_mode: Text = "",
    customer: Text = "",
    site: Text = "",
    service_centre: Text = "",
    within: Text = "",
    after: Annotated[str | None, Query(pattern=POSITION)] = None,
) -> HTMLResponse:
    """Predicted failures by what a visit in time saves. within: days until the early bound of the failure."""
    app = request.app.state.application
    given = (device_model, failure_mode, customer, site, service_centre, within)
    wanted = {name: value for name, value in zip(FILTERS, given, strict=True) if value}
    narrowing = _narrowing(wanted, app.clock())
    with app.database.transaction() as connection:
        _require_known(app, connection, wanted)
        rows = predicted_failures.listing(connection, **narrowing, after=_position(after), limit=ROWS + 1)
        return show(
            request,
            "predictions.html",
            failures=rows[:ROWS],
            next=f"{rows[ROWS - 1].saving}_{rows[ROWS - 1].alarm_id}" if len(rows) > ROWS else None,
            wanted=wanted,
            query=urlencode(wanted),
            at_stake=predicted_failures.at_stake(connection, **narrowing),
            places=predicted_failures.places(connection),
            centres=choices.service_centres(connection),
            models=sorted(app.catalog.values(), key=lambda model: model.title),
            views=_views(connection, request),
            scoring_modes=sum(len(model.failure_modes) for model in app.catalog.values()),
        )


@router.post(f"{PAGE}/views")
def save_view(request: Request, form: Form) -> RedirectResponse:
    """Give the filters of the list a name."""
    name, query = form.get("name", "").strip(), form.get("query", "")
    if not 0 < len(name) <= 100:
        raise InvalidInputError("give the view a name of at most 100 characters")
    if len(query) > LONGEST_VIEW or not re.fullmatch(r"[\w%.~+=&-]*", query, re.ASCII):
        raise InvalidInputError("these filters cannot be kept: choose them anew in the list")
    user_id = request.scope["caller"].user_id
    with request.app.state.application.database.transaction() as connection:
        saved_views.save(connection, user_id=user_id, page=PAGE, name=name, query=query)
    return RedirectResponse(f"{PAGE}?{query}", 303)


@router.post(f"{PAGE}/views/{{saved_view_id}}/remove")
def remove_view(request: Request, saved_view_id: Id) -> RedirectResponse:
    """Forget a view."""
    user_id = request.scope["caller"].user_id
    with request.app.state.application.database.transaction() as connection:
        saved_views.remove(connection, user_id=user_id, saved_view_id=saved_view_id)
    return RedirectResponse(PAGE, 303)


@router.get(f"{PAGE}/{{prediction_id}}")
def prediction(request: Request, prediction_id: Id) -> HTMLResponse:
    """Everything that a planner needs to accept or to dismiss one predicted failure."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        row = listings.prediction(connection, prediction_id)
        case = predicted_failures.case_of(connection, prediction_id)
        device = listings.device(connection, row.device)
        ticket = listings.ticket(connection, case.ticket_id) if case.ticket_id else None
        mode = mode_of(app, row.device_model, row.failure_mode)
        model = app.catalog.get(row.device_model)
        values = ticket_view(connection, app, ticket) if ticket else {"ticket": None, "mode": mode}
        return show(
            request,
            "prediction.html",
            **values,
            prediction=row,
            case=case,
            device=device,
            availability=_availability(connection, app, device, row, ticket),
            curve=growing_risk(
                row, predicted_failures.risk_curve(connection, prediction_id), pins=_landmarks(row, ticket)
            ),
            risk=_risk(connection, row, app.clock()),
            telemetry=telemetry(connection, row, model, mode) if model and mode else [],
            bounds=[row.as_of + timedelta(hours=hours) for hours in (row.rul_low_hours, row.rul_high_hours)],
        )


def _narrowing(wanted: Mapping[str, str], now: datetime) -> Narrowing:
    within = wanted.get("within", "")
    if not re.fullmatch("[0-9]{0,3}", within, re.ASCII):
        raise InvalidInputError(f"{within[:40]!r} is no number of days to fail within: give 0 to 999")
    narrowing = cast("Narrowing", {name: value for name, value in wanted.items() if name != "within"})
    if within:
        narrowing["fails_before"] = now + timedelta(days=int(within))
    return narrowing


def _require_known(app: Application, connection: Connection, wanted: Mapping[str, str]) -> None:
    """What is not known reads otherwise as if nothing would fail there. Raises NotFoundError."""
    if "device_model" in wanted:
        app.device_model(wanted["device_model"])
    modes = {mode.name for model in app.catalog.values() for mode in model.failure_modes}
    if wanted.get("failure_mode", next(iter(modes), "")) not in modes:
        raise NotFoundError(f"no device model has a failure mode {wanted['failure_mode']!r}: see Models")
    if "service_centre" in wanted:
        choices.require_service_centre(connection, wanted["service_centre"])


def _position(after: str | None) -> tuple[int, int] | None:
    if after is None:
        return None
    saving, alarm_id = after.split("_")
    return int(saving), int(alarm_id)


def _views(connection: Connection, request: Request) -> list[saved_views.SavedView]:
    if customer_in_view() is not None:
        return []
    return saved_views.list_views(connection, user_id=request.scope["caller"].user_id, page=PAGE)


def _availability(
    connection: Connection, app: Application, device: DeviceRow, row: PredictionRow, ticket: TicketRow | None
) -> list[Availability]:
    """Of the kit, while nothing is reserved yet. A customer's user is not told what lies on whose shelf."""
    mode = mode_of(app, row.device_model, row.failure_mode)
    if mode is None or customer_in_view() is not None or (ticket and ticket.state != "suggested"):
        return []
    return availability_of(connection, kit=mode.kit, service_centre=device.service_centre, now=app.clock())


def _landmarks(row: PredictionRow, ticket: TicketRow | None) -> list[tuple[datetime, str]]:
    """What stands on the time axis of the growing risk."""
    decision: Mapping[str, Any] = ticket.decision if ticket else {}
    told = [(row.as_of + timedelta(hours=row.rul_low_hours), "Early bound")]
    if ticket and ticket.planned_for:
        told.append((ticket.planned_for, "Visit"))
    elif decision.get("visit_at"):
        told.append((datetime.fromisoformat(decision["visit_at"]), "Best date"))
    return told


def _risk(connection: Connection, row: PredictionRow, now: datetime) -> Any:
    since = row.as_of - LOOKS_BACK
    points = listings.risk_over_time(connection, device_id=row.device_id, since=since, until=max(now, row.as_of))
    own = [point for point in points if point.failure_mode == row.failure_mode]
    return risk_chart(own, row.alarm_threshold, pins=[(row.as_of, "This prediction")])
