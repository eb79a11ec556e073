"""Runs one booking of the command line in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from aftercare import wiring
from aftercare.settings import load_settings
from aftercare.wiring import Catalog
from store.database import Connection
from store.migrate import require_current
from store.retry import in_transaction

T = TypeVar("T")


def book(work: Callable[[Connection, Catalog, datetime], T]) -> T:
    """What `work` makes of a connection, the catalog and the time. Raises what it raises."""
    application = wiring.build(load_settings(), pool_size=1, application="aftercare stock")

    def checked(connection: Connection) -> T:
        require_current(connection)
        return work(connection, application.catalog, application.clock())

    with application.database as database:
        return in_transaction(database, checked)
