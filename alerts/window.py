"""What is to be sent to one receiver next, and what is noted when it was sent; in the caller's transactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.answers import REFUSALS, Answer, Verdict, wait_after_failures, wait_after_refusals
from domain.delivery import Receiver, ReceiverKind, ReceiverState
from store import deliveries, receivers
from store.database import Connection
from store.deliveries import Delivery
from store.receivers import Secret

WINDOW = 1000
"""Changes that wait for one receiver outside the outbox at most."""
PAGE = 500
BATCH = 100


@dataclass(frozen=True, slots=True)
class Work:
    """What to send to a receiver now, or from when on there may be something to send; None: when a change comes."""

    receiver: Receiver
    secret: Secret
    batch: Sequence[Delivery]
    wait_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempted:
    """What became of a batch. refused: one change of a subject at most. away: the answer that ended the batch."""

    delivered: Sequence[Delivery] = ()
    refused: Sequence[tuple[Delivery, str]] = field(default=())
    away: Answer | None = None


def next_work(connection: Connection, receiver_id: int, *, now: datetime) -> Work | None:
    """Fill the receiver's window from the feed, and take from it what is due; None when it is gone or stopped.

    Of a receiver that has failed only one subject's first change is taken, to see whether it is well again.
    """
    if not receivers.lock(connection, receiver_id):
        return None
    receiver = receivers.get(connection, receiver_id)
    secret = receivers.secret(connection, receiver_id)
    if receiver.next_try_at is not None and receiver.next_try_at > now:
        return Work(receiver, secret, (), receiver.next_try_at)
    _fill(connection, receiver, now)
    limit = BATCH if receiver.person is None else WINDOW
    batch = deliveries.due(connection, receiver_id, now=now, limit=limit)
    if receiver.person is not None:
        batch = _leave_for_later(connection, receiver, batch, now)
    elif receiver.failures:
        batch = batch[:1]
    return Work(receiver, secret, batch, deliveries.next_due(connection, receiver_id))


def note_attempted(
    connection: Connection,
    receiver: Receiver,
    attempted: Attempted,
    *,
    now: datetime,
    chance: float,
    give_up_after: timedelta,
) -> ReceiverState:
    """Write down what became of a batch; the state in which it leaves the receiver."""
    if attempted.delivered:
        deliveries.done(connection, [delivery.delivery_id for delivery in attempted.delivered])
    answered = len(attempted.delivered) + len(attempted.refused)
    if answered:
        receivers.note_delivered(connection, receiver.receiver_id, count=len(attempted.delivered), now=now)
    for delivery, reason in attempted.refused:
        refusals = delivery.attempts + 1
        if refusals >= REFUSALS:
            deliveries.fail(connection, delivery.delivery_id, error=reason, now=now)
        else:
            due_at = now + wait_after_refusals(refusals)
            deliveries.put_off(connection, delivery.delivery_id, error=reason, due_at=due_at)
    if attempted.away is None:
        return ReceiverState.ACTIVE
    failures, since = (1, now) if answered else (receiver.failures + 1, receiver.failing_since or now)
    wait = max(wait_after_failures(failures, chance), attempted.away.retry_after)
    receivers.note_away(connection, receiver.receiver_id, error=attempted.away.reason, next_try_at=now + wait, now=now)
    if attempted.away.verdict is Verdict.GONE or now - since >= give_up_after:
        receivers.stop(connection, receiver.receiver_id, error=attempted.away.reason)
        return ReceiverState.STOPPED
    return ReceiverState.ACTIVE


def _fill(connection: Connection, receiver: Receiver, now: datetime) -> None:
    position, room = receiver.feed_seq, WINDOW - receiver.waiting
    while room > 0:
        limit = min(room, PAGE)
        changes = deliveries.read_changes(connection, after=position, limit=limit)
        wanted = [change for change in changes if receiver.wants(change.change)]
        if wanted:
            in_order = receiver.kind is ReceiverKind.WEBHOOK
            deliveries.queue(connection, receiver.receiver_id, wanted, in_order=in_order, now=now)
        if changes:
            position = changes[-1].feed_seq
            receivers.move(connection, receiver.receiver_id, position)
        if len(changes) < limit:
            return
        room -= len(wanted)


def _leave_for_later(
    connection: Connection, receiver: Receiver, batch: Sequence[Delivery], now: datetime
) -> list[Delivery]:
    """In quiet hours only what may pass, and what came before it of the same alarm; the rest is due after them."""
    assert receiver.person is not None
    told_from = {
        delivery.delivery_id: receiver.person.told_from(str(delivery.entry.payload.get("severity", "")), now)
        for delivery in batch
    }
    last_that_passes = {
        delivery.subject: delivery.entry.feed_seq for delivery in batch if told_from[delivery.delivery_id] <= now
    }
    later = [d for d in batch if d.entry.feed_seq > last_that_passes.get(d.subject, -1)]
    for delivery in later:
        deliveries.put_off_only(connection, [delivery.delivery_id], due_at=told_from[delivery.delivery_id])
    return [delivery for delivery in batch if delivery not in later]
