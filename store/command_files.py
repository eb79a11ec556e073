"""Large results of commands: their parts while they come, and the files that they become."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from domain.command import CommandFile
from domain.errors import NotFoundError
from store.database import Connection
from store.sql import load

SQL = load("command_files")


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part that has come."""

    part: int
    parts: int
    content_type: str
    content: bytes


def held_bytes(connection: Connection, *, command_id: int, sha256: bytes, part: int) -> int:
    """How much a command's uploads hold beside this part."""
    [(held,)] = connection.execute(SQL["held"], {"command_id": command_id, "sha256": sha256, "part": part})
    return int(held)


def keep_part(
    connection: Connection,
    *,
    command_id: int,
    sha256: bytes,
    part: int,
    parts: int,
    name: str,
    content_type: str,
    content: bytes,
) -> bool:
    """Keep a part; False when another one with its number is there, which stays."""
    [(agrees,)] = connection.execute(
        SQL["keep_part"],
        {
            "command_id": command_id,
            "sha256": sha256,
            "part": part,
            "parts": parts,
            "name": name,
            "content_type": content_type,
            "content": content,
        },
    )
    return bool(agrees)


def parts(connection: Connection, *, command_id: int, sha256: bytes) -> list[StoredPart]:
    """The parts that have come of one file, in their order."""
    return [StoredPart(*row) for row in connection.execute(SQL["parts"], {"command_id": command_id, "sha256": sha256})]


def add_file(
    connection: Connection,
    *,
    command_id: int,
    name: str,
    content_type: str,
    sha256: bytes,
    content: bytes,
    at: datetime,
) -> None:
    """Keep a file with its command."""
    connection.execute(
        SQL["add_file"],
        {
            "command_id": command_id,
            "name": name,
            "content_type": content_type,
            "size": len(content),
            "sha256": sha256,
            "content": content,
            "at": at,
        },
    )


def drop_parts(connection: Connection, command_ids: Collection[int]) -> None:
    """Forget the parts of commands that have ended."""
    if command_ids:
        connection.execute(SQL["drop_parts"], {"ids": list(command_ids)})


def files(connection: Connection, *, command_id: int | None = None, ticket_id: int | None = None) -> list[CommandFile]:
    """The files of one command, or of all commands of a ticket, oldest first."""
    with connection.cursor(row_factory=class_row(CommandFile)) as cursor:
        return cursor.execute(SQL["files"], {"command_id": command_id, "ticket_id": ticket_id}).fetchall()


def content(connection: Connection, command_file_id: int) -> tuple[str, str, bytes]:
    """Name, content type and content of a file. Raises NotFoundError."""
    row = connection.execute(SQL["content"], {"command_file_id": command_file_id}).fetchone()
    if row is None:
        raise NotFoundError(f"file {command_file_id} does not exist: look it up at its command")
    name, content_type, data = row
    return name, content_type, bytes(data)
