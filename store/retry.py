"""Runs a piece of work in a transaction of its own, and again when the database asks for it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

import psycopg
import structlog

from domain.errors import UnavailableError
from store.database import Connection, Database

log = structlog.get_logger()
T = TypeVar("T")
ATTEMPTS = 6


def in_transaction(database: Database, work: Callable[[Connection], T]) -> T:
    """Commit `work` and return its result; a deadlock or serialization failure begins it anew.

    Raises UnavailableError when it failed so six times, and whatever `work` raises.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with database.transaction() as connection:
                return work(connection)
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure) as error:
            log.info("transaction repeated", attempt=attempt, reason=type(error).__name__)
            time.sleep(random.uniform(0, 0.02 * attempt))  # noqa: S311 - jitter needs no secrecy
    raise UnavailableError(f"{database.name} is too busy: {ATTEMPTS} attempts ended in a deadlock, try again later")
