"""Adds, changes and removes receivers; each with a line in the audit log."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from alerts.addresses import check_url, resolve
from alerts.signing import new_secret
from alerts.transports.channel import check_channel
from domain.alarm import Severity
from domain.delivery import OF_PEOPLE, Receiver, ReceiverKind, Subscription
from domain.errors import InvalidInputError
from store import audit, deliveries, outbox, people
from store import receivers as stored
from store.database import Connection

NAME = re.compile(r"[\w][\w .@-]{0,79}")
BOTH_VALID = timedelta(hours=24)
"""How long the old secret signs along after a new one was given."""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A webhook and its secret, which nothing shows a second time."""

    receiver: Receiver
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Resumed:
    """A receiver that is tried again. again: refused changes that are sent once more. overtaken: those that are not."""

    receiver: Receiver
    again: int
    overtaken: int


def add_webhook(
    connection: Connection,
    *,
    name: str,
    url: str,
    subscription: Subscription,
    local: bool,
    who: str,
    now: datetime,
    from_beginning: bool = False,
) -> NewSecret:
    """A webhook that is sent what changes from now on, or all that the outbox still holds.

    Raises InvalidInputError when the address, name or subscription cannot be, ConflictError when the name is taken.
    """
    shown = check_url(url)
    parts = urlsplit(url)
    assert parts.hostname is not None
    try:
        resolve(parts.hostname, parts.port or 443, local=local)
    except OSError as error:
        raise InvalidInputError(f"nothing knows the host {parts.hostname}: correct the address ({error})") from error
    check_subscription(subscription)
    secret = new_secret()
    receiver_id = stored.add(
        connection,
        kind=ReceiverKind.WEBHOOK,
        name=check_name(name),
        address=url,
        shown_address=shown,
        subscription=subscription,
        feed_seq=0 if from_beginning else _end_of_feed(connection),
        now=now,
        secret=secret,
    )
    _note(connection, "added", receiver_id, who=who, now=now)
    return NewSecret(stored.get(connection, receiver_id), secret)


def add_channel(
    connection: Connection,
    *,
    person: str,
    name: str,
    address: str,
    local: bool,
    who: str,
    now: datetime,
    subscription: Subscription = OF_PEOPLE,
) -> Receiver:
    """A channel by which a person is told from now on. `name` tells it from their others.

    Raises NotFoundError, InvalidInputError or ConflictError.
    """
    people.get(connection, person)
    check_subscription(subscription)
    receiver_id = stored.add(
        connection,
        kind=ReceiverKind.CHANNEL,
        name=f"{person}/{check_name(name)}",
        address=address,
        shown_address=check_channel(address, local=local),
        subscription=subscription,
        feed_seq=_end_of_feed(connection),
        now=now,
        person=person,
    )
    _note(connection, "added", receiver_id, who=who, now=now)
    return stored.get(connection, receiver_id)


def rotate_secret(connection: Connection, receiver: Receiver, *, who: str, now: datetime) -> NewSecret:
    """Give a webhook a new secret; for a day each delivery is signed with the old one as well."""
    secret = new_secret()
    stored.rotate(connection, receiver.receiver_id, secret=secret, until=now + BOTH_VALID)
    _note(connection, "secret rotated", receiver.receiver_id, who=who, now=now)
    return NewSecret(stored.get(connection, receiver.receiver_id), secret)


def resume(connection: Connection, receiver: Receiver, *, who: str, now: datetime) -> Resumed:
    """Try a receiver again at once, with what it had refused, unless a later change of the same alarm arrived."""
    stored.lock(connection, receiver.receiver_id)
    again, overtaken = deliveries.send_failed_again(connection, receiver.receiver_id, now=now)
    stored.resume(connection, receiver.receiver_id)
    _note(connection, "resumed", receiver.receiver_id, who=who, now=now)
    return Resumed(stored.get(connection, receiver.receiver_id), again, overtaken)


def remove(connection: Connection, receiver: Receiver, *, who: str, now: datetime) -> None:
    """Forget a receiver with everything that waits for it."""
    _note(connection, "removed", receiver.receiver_id, who=who, now=now)
    stored.remove(connection, receiver.receiver_id)


def check_name(name: str) -> str:
    """Raises InvalidInputError when it cannot be shown in a list or typed in a command."""
    if not NAME.fullmatch(name):
        raise InvalidInputError(
            f"{name[:80]!r} cannot be a name: give up to 80 letters, digits, spaces, '_', '-', '.', '@'"
        )
    return name


def check_subscription(subscription: Subscription) -> None:
    """Raises InvalidInputError when it names a kind or severity that there is not, or no kind at all."""
    for wanted, known, noun in (
        (subscription.kinds, ("alarm", "ticket"), "kind of change"),
        (subscription.severities, tuple(Severity), "severity"),
    ):
        for value in wanted:
            if value not in known:
                raise InvalidInputError(f"there is no {noun} {value[:80]!r}: there are {', '.join(known)}")
    if not subscription.kinds:
        raise InvalidInputError("a subscription without a kind of change gets nothing: name alarm, ticket or both")


def _end_of_feed(connection: Connection) -> int:
    outbox.number_feed(connection)
    return outbox.latest_feed_seq(connection)


def _note(connection: Connection, action: str, receiver_id: int, *, who: str, now: datetime) -> None:
    receiver = stored.get(connection, receiver_id)
    detail = {"name": receiver.name, "address": receiver.shown_address}
    audit.record(
        connection, at=now, who=who, action=action, object_kind=receiver.kind, object_id=receiver_id, detail=detail
    )
