"""Calls devices offline that have fallen silent, and online again when they are heard."""

from __future__ import annotations

from datetime import datetime

import structlog

from ingest.presence import GRACE, INTERVALS, judge
from store import presence
from store.database import Connection, Database
from store.retry import in_transaction

log = structlog.get_logger()


def judge_silence(database: Database, judged_until: datetime | None = None) -> datetime | None:
    """Judge every device once, and return until when; nothing is done when ingest has told nothing new since."""

    def work(connection: Connection) -> datetime | None:
        listening = presence.listening(connection)
        if listening is None or listening.until == judged_until:
            return judged_until
        for signs in presence.candidates(connection, listening.until, missed=INTERVALS, grace=GRACE):
            verdict = judge(signs, listening)
            if verdict is not None and presence.change(connection, signs, verdict):
                log.info(
                    "connectivity changed", device_id=signs.device_id, state=verdict.state, told_by=verdict.told_by
                )
        return listening.until

    return in_transaction(database, work)
