"""People who are told of alarms: who may be added, with a line in the audit log for each change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from alerts.receivers import check_name
from domain.business_hours import find_zone
from domain.delivery import Person
from domain.errors import InvalidInputError
from store import audit, people
from store.database import Connection


def change_person(connection: Connection, person: Person, *, who: str, now: datetime) -> None:
    """Make somebody known, or change what is known. Raises InvalidInputError for a time zone that there is not."""
    check_name(person.name)
    for group in person.groups:
        check_name(group)
    try:
        find_zone(person.time_zone)
    except InvalidInputError as error:
        raise InvalidInputError(
            f"there is no time zone {person.time_zone[:80]!r}: give an IANA name such as Europe/Berlin"
        ) from error
    quiet = person.quiet_hours
    if quiet is not None and (quiet.begin == quiet.end or quiet.begin.tzinfo or quiet.end.tzinfo):
        raise InvalidInputError(f"quiet hours {quiet.begin}-{quiet.end} have no length, or a zone: give two times")
    people.put(connection, replace(person, groups=tuple(dict.fromkeys(person.groups))))
    _note(connection, "set", person.name, who=who, now=now)


def remove_person(connection: Connection, name: str, *, who: str, now: datetime) -> None:
    """Forget a person with their channels. Raises NotFoundError."""
    people.remove(connection, name)
    _note(connection, "removed", name, who=who, now=now)


def _note(connection: Connection, action: str, name: str, *, who: str, now: datetime) -> None:
    audit.record(connection, at=now, who=who, action=action, object_kind="person", object_id=name)
