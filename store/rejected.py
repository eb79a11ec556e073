"""Messages that could not be stored, kept with the reason until they are replayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from typing import Any

from domain.topic import sender_of
from store import quarantine
from store.database import Connection
from store.quarantine import Quarantined
from store.sql import load

SQL = load("rejected")


@dataclass(frozen=True, slots=True)
class RejectedMessage:
    """A message as it came, and why it could not be stored."""

    topic: str
    payload: bytes
    reason: str
    received_at: datetime


def record(connection: Connection, messages: Sequence[RejectedMessage]) -> int:
    """Keep these messages, and return how many of strangers are dropped for going beyond their cap.

    One that waits already is counted again instead of kept twice.
    """
    if not messages:
        return 0
    ordered = sorted(messages, key=lambda message: (message.topic, message.payload))
    senders = [sender_of(message.topic) for message in ordered]
    sizes = [len(one.topic) + len(one.payload) + quarantine.ROW_OVERHEAD for one in ordered]
    held = quarantine.usage(connection, sorted(set(senders)))
    admitted = quarantine.admit(list(zip(senders, sizes, strict=True)), held)
    kept = [_parameters(*one) for one in compress(zip(ordered, senders, strict=True), admitted)]
    new = iter(_record_each(connection, kept))
    became = [next(new) if admission else None for admission in admitted]
    strangers: dict[str, Quarantined] = {}
    for message, sender, size, is_new in zip(ordered, senders, sizes, became, strict=True):
        if sender in held.strangers:
            strangers[sender] = _add(strangers.get(sender), sender, message.received_at, size, is_new)
    quarantine.note(connection, strangers)
    return admitted.count(False)


def take_waiting(
    connection: Connection, *, after: int = 0, reason: str | None = None, sender: str | None = None, limit: int = 500
) -> list[tuple[int, RejectedMessage]]:
    """Messages with an id above `after` that wait for a replay, locked until the transaction ends; what devices say
    of commands and twins is not replayed.

    reason: only those whose reason contains this text. sender: only those on topics of this device.
    """
    parameters = {"after": after, "reason": reason, "sender": sender, "limit": limit}
    rows = connection.execute(SQL["take_waiting"], parameters)
    return [(rejected_id, RejectedMessage(*fields)) for rejected_id, *fields in rows]


def mark_replayed(connection: Connection, rejected_ids: Sequence[int], at: datetime) -> None:
    """Note that these messages were stored after all."""
    connection.execute(SQL["mark_replayed"], {"ids": list(rejected_ids), "at": at})


def renew_reasons(connection: Connection, reasons: Mapping[int, str]) -> None:
    """Note why these messages, by id, cannot be stored now."""
    connection.execute(SQL["renew_reasons"], {"ids": list(reasons), "reasons": list(reasons.values())})


def _parameters(message: RejectedMessage, sender: str) -> dict[str, Any]:
    return {
        "topic": message.topic.replace("\0", "\ufffd"),  # text in PostgreSQL holds no U+0000
        "payload": message.payload,
        "reason": message.reason,
        "received_at": message.received_at,
        "sender": sender,
    }


def _record_each(connection: Connection, messages: Sequence[dict[str, Any]]) -> list[bool]:
    """Keep each, and tell whether it is a new one."""
    if not messages:
        return []
    with connection.cursor() as cursor:
        cursor.executemany(SQL["record"], messages, returning=True)
        new = [cursor.fetchall()[0][0]]
        while cursor.nextset():
            new.append(cursor.fetchall()[0][0])
    return new


def _add(known: Quarantined | None, sender: str, at: datetime, size: int, is_new: bool | None) -> Quarantined:
    """`known` with one message more; `is_new` is None for one that was dropped."""
    known = known or Quarantined(sender, 0, 0, 0, at, at)
    return Quarantined(
        sender,
        known.messages + bool(is_new),
        known.bytes + (size if is_new else 0),
        known.dropped + (is_new is None),
        min(known.first_at, at),
        max(known.last_at, at),
    )
