"""Asks devices to do something: who may, which arguments, and how often. What is asked here is sent by `sender`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from diagnostics.command_state import require_cancellable
from domain.account import Role
from domain.catalog_commands import LONGEST_VALIDITY
from domain.clock import system_clock
from domain.command import Command, CommandType, FleetCommand
from domain.command_arguments import check_arguments
from domain.device_model import DeviceModel
from domain.errors import (
    AftercareError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    TooManyAttemptsError,
)
from store import audit, fleet_commands
from store import commands as stored
from store.commands import Target
from store.database import Connection

MOST_DEVICES = 10_000
CORRELATION_BYTES = 16
Catalog = Mapping[str, DeviceModel]


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of a device. confirmed: they have confirmed what the catalog asks to confirm. valid_for: how
    long it may wait for the device; None: as the catalog says."""

    command: str
    arguments: Mapping[str, Any]
    confirmed: bool = False
    valid_for: timedelta | None = None
    ticket_id: int | None = None


def request(
    connection: Connection,
    catalog: Catalog,
    device: str,
    wish: Wish,
    *,
    who: str,
    role: Role,
    now: datetime,
    customer: str | None = None,
) -> Command:
    """Queue a command for one device. customer: whose user asks, for a device of theirs and a command of self-service;
    not in their scope, in which nothing can be written.

    Raises NotFoundError (device, command or ticket), InvalidInputError (arguments), ForbiddenError (role),
    ConflictError (to be confirmed first, or another device's ticket), TooManyAttemptsError (rate limit).
    """
    stored.hold_requests(connection)
    target = _targets(connection, catalog, [device], now, customer).get(device)
    command_type = _check(catalog, device, target, wish, role, customer)
    assert target is not None
    if wish.ticket_id is not None and stored.device_of_ticket(connection, wish.ticket_id) != target.device_id:
        raise ConflictError(f"ticket {wish.ticket_id} is about another device than {device}")
    [command_id] = _add(connection, command_type, [target], wish, who, now)
    audit.record(
        connection,
        at=now,
        who=who,
        action=f"commanded {wish.command}",
        object_kind="device",
        object_id=device,
        detail={"command_id": command_id, "arguments": dict(wish.arguments)},
    )
    return stored.get(connection, command_id)


def request_fleet(
    connection: Connection, catalog: Catalog, devices: Sequence[str], wish: Wish, *, who: str, role: Role, now: datetime
) -> FleetCommand:
    """Queue a command for each of many devices that may be sent it; the others are told of in `refused`.

    Raises InvalidInputError when there is no device or too many, and what kept out the first when it kept out all.
    """
    names = list(dict.fromkeys(devices))
    if not 0 < len(names) <= MOST_DEVICES or wish.ticket_id is not None:
        raise InvalidInputError(f"a fleet command is for 1 to {MOST_DEVICES} devices, and for no ticket")
    stored.hold_requests(connection)
    found = _targets(connection, catalog, names, now)
    accepted: dict[str, list[Target]] = {}
    refused: dict[str, AftercareError] = {}
    for name in names:
        target = found.get(name)
        try:
            _check(catalog, name, target, wish, role)
        except AftercareError as error:
            refused[name] = error
            continue
        assert target is not None
        accepted.setdefault(target.device_model, []).append(target)
    if not accepted:
        raise next(iter(refused.values()))
    reasons = {name: str(error) for name, error in refused.items()}
    fleet_id = fleet_commands.add(
        connection, command=wish.command, arguments=wish.arguments, refused=reasons, at=now, who=who
    )
    for device_model, targets in accepted.items():
        _add(connection, catalog[device_model].command(wish.command), targets, wish, who, now, fleet_id)
    audit.record(
        connection,
        at=now,
        who=who,
        action=f"commanded {wish.command}",
        object_kind="fleet",
        object_id=fleet_id,
        detail={"devices": len(names) - len(refused), "arguments": dict(wish.arguments)},
    )
    return fleet_commands.get(connection, fleet_id)


def devices_where(connection: Connection, where: Mapping[str, str | None]) -> list[str]:
    """Names of the devices of a device_model, customer and site: those of the three that are given.

    Raises InvalidInputError when none is given or too many devices are found, NotFoundError, naming which of the three
    finds none, when there is none.
    """
    if not any(where.values()):
        raise InvalidInputError("say which devices: name them, or give a device model, a customer or a site")
    names = fleet_commands.devices(connection, **where, limit=MOST_DEVICES + 1)
    if not names:
        raise NotFoundError(f"{_nobody(connection, where)}: look for them in the list of devices")
    if len(names) > MOST_DEVICES:
        raise InvalidInputError(f"more than {MOST_DEVICES} devices are so: choose fewer at once")
    return names


def _nobody(connection: Connection, where: Mapping[str, str | None]) -> str:
    """Which condition no device fulfils, or that none fulfils all of them."""
    given = {name: value for name, value in where.items() if value}
    words = {name: f"the {name.replace('_', ' ')} {value!r}" for name, value in given.items()}
    for name, value in given.items():
        if not fleet_commands.devices(connection, **{name: value}, limit=1):
            return f"no device is of {words[name]}"
    return f"there are devices of {', and of '.join(words.values())}, but none of all of these"


def cancel(connection: Connection, command_id: int, *, who: str, now: datetime) -> Command:
    """Call back a command that has not gone out. Raises NotFoundError or ConflictError."""
    if not stored.cancel(connection, command_id, at=now):
        require_cancellable(command_id, stored.get(connection, command_id).state)
        raise ConflictError(f"command {command_id} is just going out: look at it again")
    audit.record(connection, at=now, who=who, action="cancelled", object_kind="command", object_id=command_id)
    return stored.get(connection, command_id)


def _targets(
    connection: Connection, catalog: Catalog, names: Sequence[str], now: datetime, customer: str | None = None
) -> dict[str, Target]:
    """The rate limits of device models differ; the longest of them is looked back for all, to be on the safe side."""
    longest = max((model.command_limit.within for model in catalog.values()), default=timedelta(0))
    return stored.targets(connection, names, now - longest, customer)


def _check(
    catalog: Catalog, device: str, target: Target | None, wish: Wish, role: Role, customer: str | None = None
) -> CommandType:
    if target is None:
        raise NotFoundError(f"device {device!r} is not registered: import it, or check its name")
    model = catalog.get(target.device_model)
    if model is None:
        raise NotFoundError(f"device model {target.device_model!r} of {device} is not in the catalog of this server")
    command = model.command(wish.command)
    if customer is not None and not command.self_service:
        raise ForbiddenError(f"{command.name} is not for the users of a customer: ask the service desk")
    if customer is None and not role.includes(command.role):
        raise ForbiddenError(f"{command.name} needs the role {command.role}, and yours is {role}")
    check_arguments(command, wish.arguments)
    if wish.valid_for is not None and not timedelta(seconds=1) <= wish.valid_for <= LONGEST_VALIDITY:
        raise InvalidInputError(f"a command is valid for 1 second to {LONGEST_VALIDITY.days} days")
    if command.confirm and not wish.confirmed:
        raise ConflictError(f"{command.name} has to be confirmed: {command.confirm}")
    limit = model.command_limit
    if target.lately >= limit.commands:
        raise TooManyAttemptsError(
            f"{device} was sent {target.lately} commands within {limit.within}, and {limit.commands} are the most: "
            "wait a while"
        )
    return command


def _add(
    connection: Connection,
    command: CommandType,
    targets: Sequence[Target],
    wish: Wish,
    who: str,
    now: datetime,
    fleet_id: int | None = None,
) -> list[int]:
    """The broker and the device count down by the clock on the wall, also in a replay."""
    return stored.add(
        connection,
        device_ids=[target.device_id for target in targets],
        correlations=[secrets.token_bytes(CORRELATION_BYTES) for _ in targets],
        command=command.name,
        arguments=check_arguments(command, wish.arguments),
        at=now,
        who=who,
        expires_at=system_clock() + (wish.valid_for or command.valid_for),
        timeout=command.timeout,
        ticket_id=wish.ticket_id,
        fleet_id=fleet_id,
    )
