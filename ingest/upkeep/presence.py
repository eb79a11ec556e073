"""Calls devices offline that have fallen silent, and online again when they are heard."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from functools import partial

import structlog

from ingest.presence import judge
from store import presence
from store.database import Connection, Database
from store.presence import GRACE, INTERVALS, Listening
from store.retry import in_transaction

log = structlog.get_logger()
PIECE = 1000
"""Devices judged in one transaction: their rows are locked until it ends, and ingest writes them too."""


def judge_silence(database: Database, judged_until: datetime | None = None) -> datetime | None:
    """Judge every device once, and return until when; nothing is done when ingest has told nothing new since."""
    with database.transaction() as connection:
        listening = presence.listening(connection)
    if listening is None or listening.until == judged_until:
        return judged_until
    after: int | None = 0
    while after is not None:
        after = in_transaction(database, partial(_judge_piece, listening, after))
    return listening.until


def _judge_piece(listening: Listening, after: int, connection: Connection) -> int | None:
    """Judge some devices with ids above `after`; the last of them, or None when no more follow."""
    found = presence.candidates(connection, listening.until, missed=INTERVALS, grace=GRACE, after=after, limit=PIECE)
    verdicts = [(signs, verdict) for signs in found if (verdict := judge(signs, listening)) is not None]
    changed = presence.change(connection, verdicts) if verdicts else 0
    if changed:
        states = Counter(f"{verdict.state} by {verdict.told_by}" for _, verdict in verdicts)
        log.info("connectivity changed", devices=changed, judged=dict(states))
    return found[-1].device_id if len(found) == PIECE else None
