"""Remote commands: asked for once, sent once, and moved on by what devices answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from psycopg.rows import kwargs_row
from psycopg.types.json import Jsonb

from domain.command import Command, CommandState
from domain.errors import NotFoundError
from store.database import Connection
from store.sql import fitted, load

SQL = load("commands")


@dataclass(frozen=True, slots=True)
class Target:
    """A device that a command is meant for, and how many it was sent lately."""

    device_id: int
    device_model: str
    lately: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A command that is on its way to the broker."""

    command_id: int
    device: str
    command: str
    arguments: Mapping[str, Any]
    correlation: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LockedCommand:
    """What it takes to judge a response."""

    command_id: int
    device: str
    state: CommandState
    correlation: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Advance:
    """What a response changes."""

    command_id: int
    state: CommandState
    progress: float | None = None
    result: Mapping[str, Any] | None = None
    error_code: str = ""
    error_message: str = ""


@dataclass(frozen=True, slots=True)
class NewStep:
    """Something that a device told of a command just now."""

    command_id: int
    digest: bytes
    ts: datetime
    state: CommandState
    progress: float | None


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a device told of a command."""

    ts: datetime
    received_at: datetime
    state: CommandState
    progress: float | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """Unfinished commands. oldest: when the one was asked for that has waited longest for a device within reach."""

    queued: int
    sending: int
    awaited: int
    oldest: datetime | None


def hold_requests(connection: Connection) -> None:
    """Others who ask for commands wait until this transaction ends."""
    connection.execute(SQL["hold_requests"])


def targets(
    connection: Connection, names: Collection[str], since: datetime, customer: str | None = None
) -> dict[str, Target]:
    """The named devices that exist and are the customer's (None: anybody's), with how many commands each was sent since
    then."""
    wanted = {"names": list(names), "since": since, "customer": customer}
    rows = connection.execute(SQL["devices_of_names"], wanted)
    return {name: Target(*fields) for name, *fields in rows}


def device_of_ticket(connection: Connection, ticket_id: int) -> int:
    """Id of the ticket's device. Raises NotFoundError."""
    row = connection.execute(SQL["ticket_device"], {"ticket_id": ticket_id}).fetchone()
    if row is None:
        raise NotFoundError(f"ticket {ticket_id} does not exist: look it up in the list")
    return int(row[0])


def add(
    connection: Connection,
    *,
    device_ids: Sequence[int],
    correlations: Sequence[bytes],
    command: str,
    arguments: Mapping[str, Any],
    at: datetime,
    who: str,
    expires_at: datetime,
    timeout: timedelta,
    ticket_id: int | None = None,
    fleet_id: int | None = None,
) -> list[int]:
    """Queue the command for each of these devices; the ids of what was queued, in their order."""
    rows = connection.execute(
        SQL["add"],
        {
            "device_ids": list(device_ids),
            "correlations": list(correlations),
            "command": command,
            "arguments": Jsonb(dict(arguments)),
            "at": at,
            "who": who,
            "expires_at": expires_at,
            "timeout": timeout,
            "ticket_id": ticket_id,
            "fleet_id": fleet_id,
        },
    )
    return [command_id for (command_id,) in rows]


def claim(connection: Connection, *, now: datetime, limit: int) -> list[Outgoing]:
    """Take queued commands, the oldest first; they are `sending` once this is committed. `now` is the machine's."""
    rows = connection.execute(SQL["claim"], {"now": now, "limit": limit})
    return sorted((Outgoing(*row) for row in rows), key=lambda outgoing: outgoing.command_id)


def note_sent(connection: Connection, echoes: Sequence[tuple[int, bytes]], *, at: datetime) -> int:
    """The broker has these commands, by id and correlation; how many had not been known to be sent."""
    values = {"ids": [one for one, _ in echoes], "correlations": [secret for _, secret in echoes], "at": at}
    return connection.execute(SQL["note_sent"], values).rowcount


def requeue(connection: Connection) -> int:
    """What is `sending` has not reached the broker, as the caller knows: queue it again; how many."""
    return connection.execute(SQL["requeue"]).rowcount


def refuse_sent(connection: Connection, command_id: int, *, code: str, message: str, at: datetime) -> None:
    """The broker did not take it."""
    connection.execute(SQL["refuse_sent"], {"command_id": command_id, "code": code, "message": message, "at": at})


def lock(connection: Connection, command_ids: Collection[int]) -> dict[int, LockedCommand]:
    """Those of these commands that exist, locked until the transaction ends."""
    rows = connection.execute(SQL["lock"], {"ids": sorted(set(command_ids))})
    return {row[0]: LockedCommand(row[0], row[1], CommandState(row[2]), *row[3:]) for row in rows}


def add_steps(connection: Connection, steps: Sequence[NewStep], *, at: datetime) -> None:
    """Keep what devices told."""
    values = {
        "ids": [step.command_id for step in steps],
        "digests": [step.digest for step in steps],
        "ts": [step.ts for step in steps],
        "states": [step.state for step in steps],
        "progress": [step.progress for step in steps],
        "at": at,
    }
    connection.execute(SQL["add_steps"], values)


def knows_step(connection: Connection, *, command_id: int, digest: bytes) -> bool:
    """Whether this very response came before."""
    [(known,)] = connection.execute(SQL["knows_step"], {"command_id": command_id, "digest": digest})
    return bool(known)


def advance(connection: Connection, changes: Sequence[Advance], *, at: datetime, now: datetime) -> None:
    """Move locked commands on, each once; `at` by the platform's clock, `now` by the machine's."""
    results = [change.result for change in changes]
    values = {
        "ids": [change.command_id for change in changes],
        "states": [change.state for change in changes],
        "progress": [change.progress for change in changes],
        "results": [None if result is None else orjson.dumps(result).decode() for result in results],
        "error_codes": [change.error_code for change in changes],
        "error_messages": [change.error_message for change in changes],
        "final": [change.state.is_final for change in changes],
        "at": at,
        "now": now,
    }
    connection.execute(SQL["advance"], values)


def cancel(connection: Connection, command_id: int, *, at: datetime) -> bool:
    """Call a queued command back; False when it is queued no more."""
    return connection.execute(SQL["cancel"], {"command_id": command_id, "at": at}).rowcount == 1


def time_out(connection: Connection, *, now: datetime, at: datetime, limit: int) -> list[int]:
    """End what has waited for too long by the machine's `now`; the ids, at most `limit`."""
    rows = connection.execute(SQL["time_out"], {"now": now, "at": at, "limit": limit})
    return [command_id for (command_id,) in rows]


def listing(
    connection: Connection,
    *,
    device: str | None = None,
    fleet_id: int | None = None,
    ticket_id: int | None = None,
    state: CommandState | None = None,
    after: int | None = None,
    limit: int,
) -> list[Command]:
    """Commands, newest first; `after` is the id of the last one of the page before."""
    return _rows(
        connection, device=device, fleet_id=fleet_id, ticket_id=ticket_id, state=state, after=after, limit=limit
    )


def get(connection: Connection, command_id: int) -> Command:
    """One command. Raises NotFoundError."""
    found = _rows(connection, command_id=command_id, limit=1)
    if not found:
        raise NotFoundError(f"command {command_id} does not exist: look it up in the list")
    return found[0]


def steps(connection: Connection, command_id: int) -> list[Step]:
    """What the device told, in the order in which it came."""
    rows = connection.execute(SQL["steps"], {"command_id": command_id})
    return [Step(ts, received_at, CommandState(state), progress) for ts, received_at, state, progress in rows]


def backlog(connection: Connection) -> Backlog:
    """What is unfinished."""
    row = connection.execute(SQL["backlog"]).fetchone()
    assert row is not None
    return Backlog(*row)


NO_FILTER = dict.fromkeys(("command_id", "device", "fleet_id", "ticket_id", "state", "after"))


def _rows(connection: Connection, **wanted: object) -> list[Command]:
    with connection.cursor(row_factory=kwargs_row(_command)) as cursor:
        return cursor.execute(fitted(SQL, "listing", "asker"), {**NO_FILTER, **wanted}).fetchall()


def _command(*, state: str, **fields: Any) -> Command:
    return Command(state=CommandState(state), **fields)
