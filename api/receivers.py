"""Webhooks and channels: where changes are sent, and how delivery to them does."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from alerts import receivers
from alerts.answers import Verdict
from alerts.trial import try_receiver
from api.request import App, Id, Text, Who
from api.schemas import Answer, ShownOnce
from api.versions import OVERTAKEN, REMOVED, TAGGED, Edit, Editing, tag, tagged
from domain.clock import system_clock
from domain.delivery import ReceiverKind, Subscription
from store import deliveries
from store import receivers as stored
from store.database import Connection
from store.retry import in_transaction

router = APIRouter(tags=["delivery"])
MOST = 100
Texts = Annotated[list[Text], Field(max_length=MOST)]


class Wanted(Answer):
    """What passes: an empty list lets everything pass."""

    kinds: Texts = Field(default=["alarm"], examples=[["alarm", "ticket"]])
    changes: Texts = Field(default=[], examples=[["raised", "cleared"]])
    severities: Texts = Field(default=[], examples=[["CRITICAL", "MAJOR"]])
    device_models: Texts = Field(default=[], examples=[["heat_pump"]])
    customers: Texts = Field(default=[], examples=[["Northern Dairies"]])
    sites: Texts = Field(default=[], examples=[["Plant 2"]])

    def subscription(self) -> Subscription:
        return Subscription(**{name: tuple(values) for name, values in self.model_dump().items()})


class ReceiverState(Answer):
    """A webhook or channel, and how it does."""

    receiver_id: int = Field(examples=[3])
    name: str = Field(examples=["erp"])
    shown_address: str = Field(description="Without passwords and tokens", examples=["https://erp.example.com/in"])
    subscription: Wanted
    state: str = Field(description="active, or stopped until it is resumed", examples=["active"])
    created_at: datetime
    failures: int = Field(description="In a row; 0: it is well", examples=[0])
    failing_since: datetime | None
    next_try_at: datetime | None
    last_error: str = Field(examples=["it answered 500"])
    delivered: int = Field(examples=[412])
    last_delivered_at: datetime | None
    waiting: int = Field(description="Changes taken from the feed that it has not had", examples=[0])
    failed: int = Field(description="Changes that it refused for good", examples=[0])
    both_secrets_until: datetime | None = Field(
        description="Until then deliveries are signed with the secret before the last rotation too"
    )


class NewWebhook(BaseModel):
    name: Text = Field(examples=["erp"])
    url: Text = Field(examples=["https://erp.example.com/aftercare"])
    subscription: Wanted = Wanted()
    from_beginning: bool = Field(default=False, description="Also what the outbox still holds")


class WebhookSecret(ReceiverState, ShownOnce):
    """With the secret that verifies its signatures: answered only once."""

    secret: str = Field(examples=["whsec_..."])


class RefusedChange(Answer):
    feed_seq: int = Field(examples=[1234])
    kind: str = Field(examples=["alarm"])
    subject_id: int = Field(examples=[17])
    attempts: int = Field(examples=[5])
    last_error: str = Field(examples=["it answered 422"])
    failed_at: datetime


class Trial(BaseModel):
    taken: bool
    reason: str = Field(examples=["it answered 500"])


class ResumedReceiver(BaseModel):
    receiver: ReceiverState
    again: int = Field(description="Refused changes that are sent once more")
    overtaken: int = Field(description="Refused changes that are not: a later one of the same alarm was taken")


@router.get("/webhooks", operation_id="list_webhooks")
def list_webhooks(app: App) -> list[ReceiverState]:
    """Every webhook by name, and how it does."""
    with app.database.transaction() as connection:
        return [ReceiverState.model_validate(one) for one in stored.list_receivers(connection, ReceiverKind.WEBHOOK)]


@router.post("/webhooks", operation_id="add_webhook", status_code=201)
def add_webhook(app: App, who: Who, new: NewWebhook) -> WebhookSecret:
    """Send changes to an address from now on. The secret is answered only here and by a rotation."""
    with app.database.transaction() as connection:
        added = receivers.add_webhook(
            connection,
            name=new.name,
            url=new.url,
            subscription=new.subscription.subscription(),
            local=app.settings.local_receivers,
            who=who,
            now=system_clock(),
            from_beginning=new.from_beginning,
        )
    return _with_secret(added)


@router.post("/webhooks/{receiver_id}/rotate", operation_id="rotate_webhook_secret", responses=OVERTAKEN)
def rotate(edit: Editing, receiver_id: Id) -> WebhookSecret:
    """Give it a new secret; for 24 hours deliveries are signed with both."""

    def work(connection: Connection) -> WebhookSecret:
        webhook = stored.of_kind(connection, receiver_id, ReceiverKind.WEBHOOK)
        _require_as_seen(edit, connection, receiver_id)
        return _with_secret(receivers.rotate_secret(connection, webhook, who=edit.who, now=system_clock()))

    return tagged(edit.response, in_transaction(edit.app.database, work), _tag)


@router.get("/receivers/{receiver_id}", operation_id="get_receiver", responses=TAGGED)
def get_receiver(app: App, response: Response, receiver_id: Id) -> ReceiverState:
    """One webhook or channel."""
    with app.database.transaction() as connection:
        return tagged(response, _read(connection, receiver_id), _tag)


@router.get("/receivers/{receiver_id}/refused", operation_id="list_refused")
def refused(app: App, receiver_id: Id) -> list[RefusedChange]:
    """What it refused for good, latest first, at most 100."""
    with app.database.transaction() as connection:
        stored.get(connection, receiver_id)
        return [RefusedChange.model_validate(one) for one in deliveries.failed(connection, receiver_id, limit=MOST)]


@router.post("/receivers/{receiver_id}/test", operation_id="test_receiver")
def test(app: App, receiver_id: Id) -> Trial:
    """Send it one event or message at once."""
    with app.database.transaction() as connection:
        receiver, secret = stored.get(connection, receiver_id), stored.secret(connection, receiver_id)
    settings = app.settings
    answer = try_receiver(
        receiver, secret, source=settings.event_source, local=settings.local_receivers, clock=system_clock
    )
    return Trial(taken=answer.verdict is Verdict.DELIVERED, reason=answer.reason)


@router.post("/receivers/{receiver_id}/resume", operation_id="resume_receiver", responses=OVERTAKEN)
def resume(edit: Editing, receiver_id: Id) -> ResumedReceiver:
    """Try it again at once, with what it had refused."""

    def work(connection: Connection) -> receivers.Resumed:
        _require_as_seen(edit, connection, receiver_id)
        return receivers.resume(connection, stored.get(connection, receiver_id), who=edit.who, now=system_clock())

    resumed = in_transaction(edit.app.database, work)
    state = tagged(edit.response, ReceiverState.model_validate(resumed.receiver), _tag)
    return ResumedReceiver(receiver=state, again=resumed.again, overtaken=resumed.overtaken)


@router.delete("/receivers/{receiver_id}", operation_id="remove_receiver", status_code=204, responses=REMOVED)
def remove(edit: Editing, receiver_id: Id) -> None:
    """Send it nothing any more, and forget what waits for it."""

    def work(connection: Connection) -> None:
        _require_as_seen(edit, connection, receiver_id)
        receivers.remove(connection, stored.get(connection, receiver_id), who=edit.who, now=system_clock())

    in_transaction(edit.app.database, work)


def _with_secret(new: receivers.NewSecret) -> WebhookSecret:
    return WebhookSecret(**ReceiverState.model_validate(new.receiver).model_dump(), secret=new.secret)


def _require_as_seen(edit: Edit, connection: Connection, receiver_id: int) -> None:
    lock, read = partial(stored.lock, receiver_id=receiver_id), partial(_read, receiver_id=receiver_id)
    edit.require(connection, lock=lock, read=read, tag_of=_tag)


def _read(connection: Connection, receiver_id: int) -> ReceiverState:
    return ReceiverState.model_validate(stored.get(connection, receiver_id))


def _tag(receiver: ReceiverState) -> str:
    """Of what people decide upon: what was delivered meanwhile changes nothing of it."""
    return tag(receiver.receiver_id, receiver.state, receiver.failed, receiver.both_secrets_until)
