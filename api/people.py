"""People who are told of alarms, with their channels and quiet hours."""

from __future__ import annotations

from datetime import time
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from alerts import receivers
from alerts.personal import change_person, remove_person
from api.receivers import ReceiverState, Texts, Wanted
from api.request import App, Text, Who
from api.versions import OVERTAKEN, REMOVED, TAGGED, Editing, tag, tagged
from domain.clock import system_clock
from domain.delivery import OF_PEOPLE, Person, QuietHours, Receiver, ReceiverKind
from domain.errors import InvalidInputError
from store import people
from store import receivers as stored
from store.database import Connection

router = APIRouter(tags=["delivery"])


class PersonDetail(BaseModel):
    """Somebody who is told; quiet hours are by the clock of their time zone."""

    time_zone: Text = Field(default="UTC", examples=["Europe/Berlin"])
    groups: Texts = Field(default=[], examples=[["ops"]])
    quiet_from: time | None = Field(default=None, examples=["22:00"])
    quiet_to: time | None = Field(default=None, examples=["06:30"])
    critical_passes: bool = True


class KnownPerson(PersonDetail):
    name: str = Field(examples=["alice"])
    channels: list[ReceiverState]


class NewChannel(BaseModel):
    name: Text = Field(examples=["mail"])
    address: Annotated[str, Field(max_length=2000)] = Field(
        examples=["mailtos://me:secret@example.com?to=a@example.com"]
    )
    subscription: Wanted = Field(default_factory=lambda: Wanted.model_validate(OF_PEOPLE))


PersonName = Annotated[Text, Path(description="The person's name")]


@router.get("/people", operation_id="list_people")
def list_people(app: App) -> list[KnownPerson]:
    """Everybody who is told of alarms."""
    with app.database.transaction() as connection:
        channels = stored.list_receivers(connection, ReceiverKind.CHANNEL)
        return [_known(person, channels) for person in people.list_people(connection)]


@router.get("/people/{person}", operation_id="get_person", responses=TAGGED)
def get_person(app: App, response: Response, person: PersonName) -> KnownPerson:
    """Somebody who is told of alarms."""
    with app.database.transaction() as connection:
        return tagged(response, _read_person(connection, person), _tag_of_person)


@router.put("/people/{person}", operation_id="set_person", responses=OVERTAKEN)
def set_person(edit: Editing, person: PersonName, detail: PersonDetail) -> KnownPerson:
    """Make somebody known, or change what is known of them."""
    quiet = None
    if detail.quiet_from is not None or detail.quiet_to is not None:
        if detail.quiet_from is None or detail.quiet_to is None:
            raise InvalidInputError("quiet hours need quiet_from and quiet_to, or neither")
        quiet = QuietHours(detail.quiet_from, detail.quiet_to)
    known = Person(person, detail.time_zone, tuple(detail.groups), quiet, detail.critical_passes)
    return edit.run(
        lock=partial(people.lock, name=person),
        change=partial(change_person, person=known, who=edit.who, now=system_clock()),
        read=partial(_read_person, name=person),
        tag_of=_tag_of_person,
    )


@router.delete("/people/{person}", operation_id="remove_person", status_code=204, responses=REMOVED)
def forget_person(edit: Editing, person: PersonName) -> None:
    """Forget a person with their channels."""
    edit.remove(
        lock=partial(people.lock, name=person),
        change=partial(remove_person, name=person, who=edit.who, now=system_clock()),
        read=partial(_read_person, name=person),
        tag_of=_tag_of_person,
    )


@router.post("/people/{person}/channels", operation_id="add_channel", status_code=201)
def add_channel(app: App, who: Who, person: PersonName, new: NewChannel) -> ReceiverState:
    """Tell somebody by one more channel."""
    with app.database.transaction() as connection:
        added = receivers.add_channel(
            connection,
            person=person,
            name=new.name,
            address=new.address,
            local=app.settings.local_receivers,
            who=who,
            now=system_clock(),
            subscription=new.subscription.subscription(),
        )
    return ReceiverState.model_validate(added)


def _read_person(connection: Connection, name: str) -> KnownPerson:
    return _known(people.get(connection, name), stored.list_receivers(connection, ReceiverKind.CHANNEL))


def _tag_of_person(person: KnownPerson) -> str:
    detail = person.model_dump(exclude={"channels"})
    return tag(detail, [channel.receiver_id for channel in person.channels])


def _known(person: Person, channels: list[Receiver]) -> KnownPerson:
    quiet = person.quiet_hours
    return KnownPerson(
        name=person.name,
        time_zone=person.time_zone,
        groups=list(person.groups),
        quiet_from=quiet.begin if quiet else None,
        quiet_to=quiet.end if quiet else None,
        critical_passes=person.critical_passes,
        channels=[ReceiverState.model_validate(one) for one in channels if one.person == person],
    )
