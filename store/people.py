"""People who are told of alarms."""

from __future__ import annotations

from domain.delivery import Person, QuietHours
from domain.errors import NotFoundError
from store.database import Connection
from store.sql import load

SQL = load("people")


def put(connection: Connection, person: Person) -> None:
    """Add a person, or change what is known of them."""
    quiet = person.quiet_hours
    values = {
        "person": person.name,
        "groups": list(person.groups),
        "time_zone": person.time_zone,
        "quiet_from": quiet.begin if quiet else None,
        "quiet_to": quiet.end if quiet else None,
        "critical_passes": person.critical_passes,
    }
    connection.execute(SQL["put"], values)


def list_people(connection: Connection) -> list[Person]:
    """Everybody, by name."""
    return [
        Person(name, zone, tuple(groups), QuietHours(begin, end) if begin is not None else None, passes)
        for name, zone, groups, begin, end, passes in connection.execute(SQL["list"])
    ]


def get(connection: Connection, name: str) -> Person:
    """Raises NotFoundError."""
    for person in list_people(connection):
        if person.name == name:
            return person
    raise NotFoundError(f"nobody is called {name!r}: 'aftercare people add' makes them known")


def lock(connection: Connection, name: str) -> None:
    """Keep what is known of a person as it is until the transaction ends, if there is one."""
    connection.execute(SQL["lock"], {"person": name})


def remove(connection: Connection, name: str) -> None:
    """Forget a person with their channels. Raises NotFoundError."""
    if not connection.execute(SQL["remove"], {"person": name}).rowcount:
        raise NotFoundError(f"nobody is called {name!r}: look them up in the list")
