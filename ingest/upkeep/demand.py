"""Lets the demand forecasts be worked out anew, beside the rounds: for a large fleet that takes seconds."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from aftercare.wiring import Application
from service_desk.demand_forecast import renew
from store.retry import in_transaction

LOOK_SECONDS = 60.0
"""Between two looks at whether something has changed that the forecasts rest on."""
SHARE = 20
"""Working them out takes one part in so many of the time, however often tickets change."""
log = structlog.get_logger()


@dataclass(slots=True)
class DemandWatch:
    """At most one look at a time, in a thread of `aside`."""

    application: Application
    aside: ThreadPoolExecutor
    due: float = 0.0
    running: Future[float] | None = None

    def look(self) -> None:
        """Begin a look when it is time. Raises what the last one raised."""
        now = time.monotonic()
        if self.running is not None and self.running.done():
            ended, self.running = self.running, None
            self.due = now + LOOK_SECONDS
            self.due = now + max(LOOK_SECONDS, SHARE * ended.result())
        if self.running is None and now >= self.due:
            self.running = self.aside.submit(self._renew)

    def _renew(self) -> float:
        begin, application = time.monotonic(), self.application
        standing = in_transaction(
            application.database,
            lambda connection: renew(connection, application.catalog, now=application.clock()),
        )
        seconds = time.monotonic() - begin
        if standing is not None:
            log.info("demand worked out", predictions=standing.predictions, seconds=round(seconds, 2))
        return seconds
