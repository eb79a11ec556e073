"""Hears NOTIFY on a connection of its own and comes back by itself when the database was away."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import psycopg
import structlog
from psycopg import sql

from domain.errors import UnavailableError
from store.database import Connection, connect, describe_url

log = structlog.get_logger()
FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0
KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""A listener only reads, so without these a server that vanished would go unnoticed for hours."""


def listen(url: str, *channels: str, timeout: float) -> Iterator[bool]:
    """Yield True when there may be something new, False after `timeout` seconds of silence. Never ends by itself.

    The first True comes as soon as the connection listens, and again after each reconnection: what was committed
    before can be read then, so nothing is missed. While the database is away False comes at least every 5 s and on
    each failed attempt, so that the caller can look whether it should stop. Channels: `outbox` (a change was
    committed), `feed` (changes were numbered), `unjudged_readings` (there are readings that no alarm rule has seen).
    """
    wait = FIRST_WAIT
    while True:
        try:
            with connect(url, autocommit=True, application_name="aftercare listen", **KEEPALIVE) as connection:
                for channel in channels:
                    connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                wait = FIRST_WAIT
                yield True
                yield from _hear(connection, timeout)
        except (psycopg.OperationalError, UnavailableError) as error:
            log.warning("database away", database=describe_url(url), reason=str(error).strip(), retry_in=round(wait, 1))
        yield False
        time.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - jitter needs no secrecy
        wait = min(wait * 2, LONGEST_WAIT)


def _hear(connection: Connection, timeout: float) -> Iterator[bool]:
    """Several notifications that arrive together are one True. Raises psycopg.OperationalError when the line breaks."""
    while True:
        yield bool(list(connection.notifies(timeout=timeout, stop_after=1)))
