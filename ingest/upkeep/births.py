"""Keeps the Sparkplug births from growing without end. What is dropped too early is asked for again."""

from __future__ import annotations

from datetime import datetime

import structlog

from domain.topic import BEHIND
from store.database import Connection, Database
from store.retry import in_transaction
from store.sparkplug_births import drop_beyond, drop_old

log = structlog.get_logger()


def drop_births(database: Database, now: datetime) -> int:
    """Drop births that nothing needs any more, and those beyond what is kept of one edge node; how many."""

    def work(connection: Connection) -> tuple[int, int]:
        return drop_old(connection, now, BEHIND), drop_beyond(connection)

    old, beyond = in_transaction(database, work)
    if beyond:
        log.warning("more Sparkplug births than are kept of an edge node", dropped=beyond)
    if old:
        log.info("old Sparkplug births dropped", dropped=old)
    return old + beyond
