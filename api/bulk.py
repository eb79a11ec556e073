"""Many at once, each answered for itself: what one refuses the others still get."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from aftercare import provisioning
from aftercare.wiring import Application
from alerts import lifecycle
from api.alarms import Name, Shelving
from api.errors import status_of
from api.request import LARGEST_ID, App, Instant, Text, Who
from domain.device import Device
from domain.errors import AftercareError, UnavailableError
from service_desk import tickets
from store.retry import in_transaction

router = APIRouter()
MOST = 500
Ids = Annotated[
    list[Annotated[int, Field(ge=1, le=LARGEST_ID)]], Field(min_length=1, max_length=MOST, examples=[[17, 18, 21]])
]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Outcome(BaseModel):
    """What became of one of them."""

    id: int = Field(examples=[17])
    status: int = Field(description="As if it had been asked alone: 200, 404, 409, 422", examples=[200])
    detail: str = Field(default="", description="Why not", examples=["alarm 18 does not exist"])


class Outcomes(BaseModel):
    """In the order of the request, each once."""

    done: int = Field(examples=[2])
    refused: int = Field(examples=[1])
    items: list[Outcome]


class OfAlarms(BaseModel):
    alarm_ids: Ids


class AcknowledgeAlarms(OfAlarms):
    action: Literal["acknowledge", "unshelve"]


class ShelveAlarms(OfAlarms, Shelving):
    action: Literal["shelve"]


class AssignAlarms(OfAlarms):
    action: Literal["assign"]
    assigned_to: Name | None = Field(description="null: nobody", examples=["anna"])


class CommentAlarms(OfAlarms):
    action: Literal["comment"]
    comment: Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"^[^\x00]*$")] = Field(
        examples=["Power cut in the district"]
    )


class OfTickets(BaseModel):
    ticket_ids: Ids


class MoveTickets(OfTickets):
    action: Literal["accept", "start", "resolve"]


class PlanTickets(OfTickets):
    action: Literal["plan"]
    planned_for: Instant = Field(examples=["2026-03-02T08:00:00Z"])


class CancelTickets(OfTickets):
    action: Literal["cancel"]
    reason: Text = Field(min_length=1, examples=["The line is scrapped next week"])


class DeviceDescription(BaseModel):
    """A device to register, or what is to be known of it from now on."""

    name: Line = Field(examples=["hp-0042"])
    device_model: Line = Field(examples=["heat_pump"])
    serial: Line = Field("", examples=["SN-7781"])
    customer: Line = Field("", examples=["Northern Dairies"])
    site: Line = Field("", examples=["Plant 2"])
    service_centre: Line = Field("main", min_length=1, examples=["hamburg"])
    installed_at: Instant | None = Field(None, examples=["2025-05-01T00:00:00Z"])
    firmware: Line = Field("", examples=["2.4.1"])


class Devices(BaseModel):
    devices: list[DeviceDescription] = Field(min_length=1, max_length=MOST)


class DeviceOutcome(BaseModel):
    """What became of one device."""

    name: str = Field(examples=["hp-0042"])
    status: int = Field(
        description="201 registered, 200 brought up to date, 409 known as another model, 422 refused", examples=[201]
    )
    detail: str = Field(default="", description="Why not")


class DeviceOutcomes(BaseModel):
    """In the order of the request."""

    done: int = Field(examples=[2])
    refused: int = Field(examples=[0])
    items: list[DeviceOutcome]


@router.post("/alarms/bulk", operation_id="change_alarms", tags=["alarms"])
def change_alarms(
    app: App,
    who: Who,
    wanted: Annotated[AcknowledgeAlarms | ShelveAlarms | AssignAlarms | CommentAlarms, Field(discriminator="action")],
) -> Outcomes:
    """Acknowledge, shelve, unshelve, assign or comment on up to 500 alarms."""
    values = wanted.model_dump(exclude={"action", "alarm_ids"})
    return _each(app, who, wanted.alarm_ids, "alarm_id", partial(getattr(lifecycle, wanted.action), **values))


@router.post("/tickets/bulk", operation_id="move_tickets", tags=["tickets"])
def move_tickets(
    app: App,
    who: Who,
    wanted: Annotated[MoveTickets | PlanTickets | CancelTickets, Field(discriminator="action")],
) -> Outcomes:
    """Accept, plan, start, resolve or cancel up to 500 tickets."""
    values: dict[str, Any] = wanted.model_dump(exclude={"action", "ticket_ids"})
    if wanted.action == "accept":
        values["catalog"] = app.catalog
    return _each(app, who, wanted.ticket_ids, "ticket_id", partial(getattr(tickets, wanted.action), **values))


@router.post("/devices/bulk", operation_id="register_devices", tags=["devices"])
def register_devices(app: App, who: Who, wanted: Devices) -> DeviceOutcomes:
    """Register up to 500 devices, or bring what is known of them up to date; a device keeps its device model.

    Passwords for the broker are given by `aftercare devices credentials`.
    """
    items: dict[int, DeviceOutcome] = {}
    good: dict[str, Device] = {}
    places: dict[str, int] = {}
    for place, description in enumerate(wanted.devices):
        try:
            device = Device(**description.model_dump())
            provisioning.check(device, app.catalog)
        except AftercareError as error:
            items[place] = DeviceOutcome(name=description.name, status=status_of(error), detail=str(error))
            continue
        if device.name in good:
            items[place] = DeviceOutcome(name=device.name, status=422, detail="the request names it twice")
        else:
            good[device.name], places[device.name] = device, place
    enrolment = in_transaction(
        app.database,
        lambda connection: provisioning.enrol(connection, app.catalog, list(good.values()), who=who, now=app.clock()),
    )
    for name, place in places.items():
        if name in enrolment.of_another_model:
            detail = f"it is a {enrolment.of_another_model[name]}, and a device keeps its model"
            items[place] = DeviceOutcome(name=name, status=409, detail=detail)
        else:
            items[place] = DeviceOutcome(name=name, status=201 if name in enrolment.added else 200)
    done = sum(item.status < 400 for item in items.values())
    return DeviceOutcomes(done=done, refused=len(items) - done, items=[items[place] for place in sorted(items)])


def _each(app: Application, who: str, ids: Iterable[int], key: str, change: Callable[..., object]) -> Outcomes:
    """Each in a transaction of its own, in the order of their ids, so that two requests do not wait in a ring."""
    asked, now = list(dict.fromkeys(ids)), app.clock()
    outcomes = {one: _one(app, one, partial(change, **{key: one}, who=who, now=now)) for one in sorted(asked)}
    done = sum(outcome.status < 400 for outcome in outcomes.values())
    return Outcomes(done=done, refused=len(asked) - done, items=[outcomes[one] for one in asked])


def _one(app: Application, one: int, change: Callable[..., object]) -> Outcome:
    try:
        in_transaction(app.database, change)
    except UnavailableError:
        raise
    except AftercareError as error:
        return Outcome(id=one, status=status_of(error), detail=str(error))
    return Outcome(id=one, status=200)
