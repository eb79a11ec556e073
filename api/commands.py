"""Remote commands to one device or to many, what became of them, and the files that they brought."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field, model_validator

from api.paging import Cursor, Limit, Page, page, read_cursor
from api.request import App, Filter, Id, Text, Who
from api.schemas import Answer
from diagnostics import commands
from diagnostics.commands import Wish
from domain import command as nouns
from domain.account import Caller
from domain.command import CommandState
from store import command_files, devices, fleet_commands
from store import commands as stored
from store.scope import seen_by

router = APIRouter(tags=["diagnostics"])


def _caller(request: Request) -> Caller:
    caller = request.scope["caller"]
    assert isinstance(caller, Caller)
    return caller


Asking = Annotated[Caller, Depends(_caller)]


class NewCommand(BaseModel):
    """What somebody wants of devices."""

    command: Text = Field(examples=["sampling"])
    arguments: dict[str, Any] = Field({}, examples=[{"interval_seconds": 5}])
    confirmed: bool = Field(False, description="What the catalog asks to confirm is confirmed")
    valid_for_seconds: Annotated[int, Field(ge=1, le=604_800)] | None = Field(
        None, description="How long it may wait for the device; none: as the catalog says"
    )

    def wish(self, ticket_id: int | None = None) -> Wish:
        """For the use case."""
        valid_for = None if self.valid_for_seconds is None else timedelta(seconds=self.valid_for_seconds)
        return Wish(self.command, self.arguments, self.confirmed, valid_for, ticket_id)


class DeviceCommand(NewCommand):
    """For one device."""

    device: Text = Field(examples=["hp-0042"])
    ticket_id: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = Field(None, description="Whose record it joins")


class DeviceFilter(BaseModel):
    """Devices that all of this is true of."""

    device_model: Text | None = Field(None, examples=["heat_pump"])
    customer: Text | None = None
    site: Text | None = None


class FleetCommandRequest(NewCommand):
    """For many devices: those named, or those that a filter finds."""

    devices: Annotated[list[Text], Field(min_length=1, max_length=commands.MOST_DEVICES)] | None = None
    where: DeviceFilter | None = None

    @model_validator(mode="after")
    def _either(self) -> FleetCommandRequest:
        if (self.devices is None) == (self.where is None):
            raise ValueError("give either devices or where")
        return self


class CommandFile(Answer):
    command_file_id: int
    command_id: int
    name: str = Field(examples=["device.log"])
    content_type: str = Field(examples=["text/plain"])
    size: int = Field(description="Bytes")
    sha256: str
    received_at: datetime


class Command(Answer):
    command_id: int = Field(examples=[4711])
    device: str = Field(examples=["hp-0042"])
    command: str = Field(examples=["sampling"])
    arguments: dict[str, Any]
    state: CommandState
    requested_at: datetime
    requested_by: str = Field(examples=["anna"])
    expires_at: datetime = Field(description="By the machine's clock, also in a replay")
    sent_at: datetime | None
    answered_at: datetime | None
    finished_at: datetime | None
    progress: float | None = Field(description="0 to 1, when the device tells")
    result: dict[str, Any] | None
    error_code: str
    error_message: str
    ticket_id: int | None
    fleet_id: int | None


class FleetCommand(Answer):
    fleet_id: int
    command: str
    arguments: dict[str, Any]
    requested_at: datetime
    requested_by: str
    states: dict[CommandState, int] = Field(description="How many of its commands are in which state")
    refused: dict[str, str] = Field(description="Why devices were left out, by name")
    total: int
    finished: int


class FleetAnswer(BaseModel):
    """What was queued, and why the other devices were left out."""

    fleet: FleetCommand
    refused: dict[str, str]


class CommandArgument(Answer):
    name: str
    title: str
    unit: str
    kind: nouns.ArgumentKind
    low: float | None
    high: float | None
    choices: list[str]
    default: float | str | bool | None


class CommandType(Answer):
    name: str
    title: str
    role: str
    confirm: str = Field(description="What whoever sends it has to confirm; empty: nothing")
    self_service: bool = Field(description="Customers' users may send it to their own devices")
    arguments: list[CommandArgument]


@router.get("/devices/{name}/command-types", operation_id="list_command_types")
def list_command_types(app: App, caller: Asking, name: Text) -> list[CommandType]:
    """What the device may be commanded, as its catalog file says; a customer's user is told what they may ask for."""
    with app.database.transaction() as connection:
        device_model = devices.get(connection, name).device.device_model
    model = app.catalog.get(device_model)
    types = model.commands if model else ()
    return [CommandType.model_validate(one) for one in types if caller.customer is None or one.self_service]


@router.post("/commands", operation_id="send_command", status_code=201)
def send_command(app: App, who: Who, caller: Asking, wanted: DeviceCommand) -> Command:
    """Queue a command for one device; a customer's user may for their own what the catalog leaves to customers."""
    with seen_by(None), app.database.transaction() as connection:  # `request` looks whose device it is
        command = commands.request(
            connection,
            app.catalog,
            wanted.device,
            wanted.wish(wanted.ticket_id),
            who=who,
            role=caller.role,
            now=app.clock(),
            customer=caller.customer,
        )
    return Command.model_validate(command)


@router.get("/commands", operation_id="list_commands")
def list_commands(
    app: App,
    request: Request,
    response: Response,
    device: Filter = None,
    state: CommandState | None = None,
    ticket_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    fleet_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Command]:
    """Commands, newest first."""
    key = read_cursor(after, int)
    with app.database.transaction() as connection:
        rows = stored.listing(
            connection,
            device=device,
            state=state,
            ticket_id=ticket_id,
            fleet_id=fleet_id,
            after=key[0] if key else None,
            limit=limit + 1,
        )
    return page(rows, limit, lambda row: (row.command_id,), Command, request, response)


@router.get("/commands/{command_id}", operation_id="get_command")
def get_command(app: App, command_id: Id) -> Command:
    """One command."""
    with app.database.transaction() as connection:
        return Command.model_validate(stored.get(connection, command_id))


@router.post("/commands/{command_id}/cancel", operation_id="cancel_command")
def cancel_command(app: App, who: Who, command_id: Id) -> Command:
    """Call back a command that has not gone out."""
    with app.database.transaction() as connection:
        return Command.model_validate(commands.cancel(connection, command_id, who=who, now=app.clock()))


@router.get("/commands/{command_id}/files", operation_id="list_command_files")
def list_command_files(app: App, command_id: Id) -> list[CommandFile]:
    """The files that a command brought."""
    with app.database.transaction() as connection:
        stored.get(connection, command_id)
        return [CommandFile.model_validate(one) for one in command_files.files(connection, command_id=command_id)]


@router.get(
    "/command-files/{command_file_id}",
    operation_id="get_command_file",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
)
def get_command_file(app: App, command_file_id: Id) -> Response:
    """A file as the device sent it; to be saved, never shown: it is a stranger's."""
    with app.database.transaction() as connection:
        name, _, content = command_files.content(connection, command_file_id)
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/octet-stream", headers=disposition)


@router.post("/fleet-commands", operation_id="send_fleet_command", status_code=201)
def send_fleet_command(app: App, who: Who, caller: Asking, wanted: FleetCommandRequest) -> FleetAnswer:
    """Queue a command for each of many devices that may be sent it."""
    with app.database.transaction() as connection:
        where = wanted.where.model_dump() if wanted.where else {}
        names = wanted.devices or commands.devices_where(connection, where)
        fleet = commands.request_fleet(
            connection, app.catalog, names, wanted.wish(), who=who, role=caller.role, now=app.clock()
        )
    return FleetAnswer(fleet=FleetCommand.model_validate(fleet), refused=dict(fleet.refused))


@router.get("/fleet-commands/{fleet_id}", operation_id="get_fleet_command")
def get_fleet_command(app: App, fleet_id: Id) -> FleetCommand:
    """How far a request for many devices has come."""
    with app.database.transaction() as connection:
        return FleetCommand.model_validate(fleet_commands.get(connection, fleet_id))
