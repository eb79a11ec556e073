"""The feed of changes, followed over lost lines (HTML Living Standard, section 9.2, server-sent events)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import httpx

from aftercare.client.connection import Connection
from aftercare.client.records import Change
from domain.errors import UnavailableError

SILENCE = 45.0
"""Seconds after which a line is taken for lost: the server says that it is there every 15."""


def follow(connection: Connection, path: str, after: int | None) -> Iterator[Change]:
    """Changes after the number `after`, each once and in order; None: from now on.

    Raises UnavailableError when the server cannot be reached time and again, or what it refuses with.
    """
    pauses = connection.pauses()
    while True:
        try:
            query = {} if after is None else {"after": after}
            with connection.stream(path, params=query, timeout=httpx.Timeout(10, read=SILENCE)) as answer:
                for position, change in read_events(answer.iter_lines()):
                    after, pauses = position, connection.pauses()
                    if change is not None:
                        yield change
            lost = UnavailableError(f"{connection.http.base_url.host} ended the feed")
        except UnavailableError as error:
            lost = error
        pause = next(pauses)
        if pause is None:
            raise lost
        connection.sleep(pause)


def read_events(lines: Iterable[str]) -> Iterator[tuple[int, Change | None]]:
    """Where the stream has come to, and the change there, None for the place where it begins."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if line:
            fields[name] = f"{fields[name]}\n{value}" if name == "data" and name in fields else value
            continue
        if "id" in fields:
            position, document = int(fields["id"]), fields.get("data")
            yield position, Change(position, fields.get("event", ""), json.loads(document)) if document else None
        fields = {}
