"""Who speaks for the platform to devices: one process at a time, over one session at the broker."""

from __future__ import annotations

import uuid

from store.database import Connection
from store.ingest_slots import watch_line
from store.sql import load

SQL = load("diagnostics_session")


def hold(connection: Connection) -> bool:
    """Speak for the platform for as long as this connection lives; False when another does. It autocommits."""
    watch_line(connection)
    [(held,)] = connection.execute(SQL["try_hold"])
    return bool(held)


def is_held(connection: Connection) -> bool:
    """Whether some process speaks for the platform now."""
    [(held,)] = connection.execute(SQL["held"])
    return bool(held)


def begin_epoch(connection: Connection) -> tuple[str, int]:
    """The name of the session at the broker, which never changes, and the number of the epoch that begins now."""
    [(client_id, epoch)] = connection.execute(
        SQL["begin_epoch"], {"client_id": f"aftercare-diagnostics-{uuid.uuid4().hex[:12]}"}
    )
    return str(client_id), int(epoch)


def is_current(connection: Connection, epoch: int) -> bool:
    """Whether this epoch lasts; if so it does until the transaction ends."""
    return connection.execute(SQL["fence"], {"epoch": epoch}).fetchone() is not None
