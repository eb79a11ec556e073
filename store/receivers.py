"""Receivers of changes: webhooks and channels of people, and how each of them does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from domain.delivery import Person, Receiver, ReceiverKind, ReceiverState, Subscription
from domain.errors import ConflictError, NotFoundError
from store import people
from store.database import Connection
from store.sql import load

SQL = load("receivers")


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a receiver is and what deliveries to it are signed with; never to be shown."""

    address: str = field(repr=False)
    secret: str = field(repr=False)
    previous_secret: str | None = field(repr=False)
    previous_until: datetime | None


def add(
    connection: Connection,
    *,
    kind: ReceiverKind,
    name: str,
    address: str,
    shown_address: str,
    subscription: Subscription,
    feed_seq: int,
    now: datetime,
    secret: str = "",
    person: str | None = None,
) -> int:
    """A new receiver that is sent what comes after `feed_seq`; its id. Raises ConflictError when the name is taken."""
    values = {
        "kind": kind,
        "name": name,
        "person": person,
        "shown_address": shown_address,
        "subscription": Jsonb(asdict(subscription)),
        "feed_seq": feed_seq,
        "now": now,
    }
    try:
        [(receiver_id,)] = connection.execute(SQL["add"], values)
    except psycopg.errors.UniqueViolation as error:
        raise ConflictError(f"a receiver is named {name!r} already: choose another name or remove that one") from error
    connection.execute(SQL["add_secret"], {"receiver_id": receiver_id, "address": address, "secret": secret})
    connection.execute(SQL["announce"])
    return int(receiver_id)


def list_receivers(connection: Connection, kind: ReceiverKind | None = None) -> list[Receiver]:
    """All of one kind, or all, by name."""
    return _read(connection, kind=kind, receiver_id=None)


def get(connection: Connection, receiver_id: int) -> Receiver:
    """Raises NotFoundError."""
    found = _read(connection, kind=None, receiver_id=receiver_id)
    if not found:
        raise NotFoundError(f"receiver {receiver_id} does not exist: look it up in the list")
    return found[0]


def of_kind(connection: Connection, receiver_id: int, kind: ReceiverKind) -> Receiver:
    """The receiver, if it is of that kind. Raises NotFoundError."""
    receiver = get(connection, receiver_id)
    if receiver.kind is not kind:
        raise NotFoundError(f"receiver {receiver_id} is a {receiver.kind} and no {kind}")
    return receiver


def find(connection: Connection, kind: ReceiverKind, name: str) -> Receiver:
    """The receiver of that name. Raises NotFoundError."""
    row = connection.execute(SQL["find"], {"kind": kind, "name": name}).fetchone()
    if row is None:
        raise NotFoundError(f"no {kind} is named {name!r}: look it up in the list")
    return get(connection, row[0])


def active(connection: Connection) -> dict[int, str]:
    """Names of the receivers that are not stopped, by id."""
    return dict(connection.execute(SQL["active"]).fetchall())


def lock(connection: Connection, receiver_id: int) -> bool:
    """Keep the receiver as it is until the transaction ends; False when it is gone or stopped."""
    row = connection.execute(SQL["lock"], {"receiver_id": receiver_id}).fetchone()
    return row is not None and row[0] == ReceiverState.ACTIVE


def secret(connection: Connection, receiver_id: int) -> Secret:
    """Raises NotFoundError."""
    row = connection.execute(SQL["secret"], {"receiver_id": receiver_id}).fetchone()
    if row is None:
        raise NotFoundError(f"receiver {receiver_id} does not exist: look it up in the list")
    return Secret(*row)


def rotate(connection: Connection, receiver_id: int, *, secret: str, until: datetime) -> None:
    """Sign with `secret` from now on, and with the one before as well `until` then."""
    connection.execute(SQL["rotate"], {"receiver_id": receiver_id, "secret": secret, "until": until})


def remove(connection: Connection, receiver_id: int) -> None:
    """Forget a receiver with everything that waits for it."""
    connection.execute(SQL["remove"], {"receiver_id": receiver_id})


def move(connection: Connection, receiver_id: int, feed_seq: int) -> None:
    """Note that the feed was read for it up to there."""
    connection.execute(SQL["move"], {"receiver_id": receiver_id, "feed_seq": feed_seq})


def note_delivered(connection: Connection, receiver_id: int, *, count: int, now: datetime) -> None:
    """It took `count` changes: it is well."""
    connection.execute(SQL["note_delivered"], {"receiver_id": receiver_id, "count": count, "now": now})


def note_away(connection: Connection, receiver_id: int, *, error: str, next_try_at: datetime, now: datetime) -> None:
    """It could not be reached or was not well; it is tried again at `next_try_at`."""
    values = {"receiver_id": receiver_id, "error": error, "next_try_at": next_try_at, "now": now}
    connection.execute(SQL["note_away"], values)


def stop(connection: Connection, receiver_id: int, *, error: str) -> None:
    """Send it nothing until it is resumed."""
    connection.execute(SQL["stop"], {"receiver_id": receiver_id, "error": error})


def resume(connection: Connection, receiver_id: int) -> None:
    """Try it again at once."""
    connection.execute(SQL["resume"], {"receiver_id": receiver_id})
    connection.execute(SQL["announce"])


def hold(connection: Connection, receiver_id: int) -> bool:
    """Be the one who delivers to it while this connection lives; False when another process is. It autocommits."""
    [(taken,)] = connection.execute(SQL["try_lock"], {"receiver_id": receiver_id})
    return bool(taken)


def let_go(connection: Connection, receiver_id: int) -> None:
    """Deliver to it no more; another process may."""
    connection.execute(SQL["unlock"], {"receiver_id": receiver_id})


def read_subscription(stored: dict[str, Sequence[str]]) -> Subscription:
    """What `asdict` made of one."""
    return Subscription(**{name: tuple(values) for name, values in stored.items()})


def _read(connection: Connection, *, kind: ReceiverKind | None, receiver_id: int | None) -> list[Receiver]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(SQL["list"], {"kind": kind, "receiver_id": receiver_id}).fetchall()
    persons = {person.name: person for person in people.list_people(connection)} if rows else {}
    return [_receiver(row, persons) for row in rows]


def _receiver(row: dict[str, Any], persons: dict[str, Person]) -> Receiver:
    row["kind"], row["state"] = ReceiverKind(row["kind"]), ReceiverState(row["state"])
    row["subscription"] = read_subscription(row["subscription"])
    row["person"] = persons.get(row["person"])
    return Receiver(**row)
