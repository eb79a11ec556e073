"""The loop behind `aftercare alarms`: what was written is judged at once, what time brings about every few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from alerts import lifecycle
from alerts.absences import judge_absences
from alerts.rule_alarms import judge_silence, judge_written, retire_rules
from alerts.watch_metrics import WatchMetrics
from domain.clock import Clock
from domain.device_model import DeviceModel
from store.database import Database
from store.failures import is_of_the_database
from store.listen import listen
from store.presence import listening

log = structlog.get_logger()
ROUND_SECONDS = 1.0
TIME_SECONDS = 2.0
"""Between two looks at what happens by itself: silence, absence, the end of a shelving, a reminder."""


@dataclass(slots=True)
class Watch:
    """Judges for these device models. `reminder`: how long an alarm stays unacknowledged before it is told again."""

    database: Database
    device_models: Sequence[DeviceModel]
    clock: Clock
    metrics: WatchMetrics
    reminder: timedelta
    time_due: float = 0.0

    def run(self, stop: threading.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Go on until `stop` is set; `beat` is called in each round. A database that goes away is waited for.

        Several processes may run it. Raises ConfigurationError when the database's address is wrong.
        """
        retired = False
        for _ in listen(self.database.url, "unjudged_readings", timeout=ROUND_SECONDS):
            beat()
            if stop.is_set():
                return
            try:
                retired = retired or self._retire()
                while self._round(stop, beat) and not stop.is_set():
                    pass
            except Exception as error:
                if not is_of_the_database(error):
                    raise
                self.metrics.outages.inc()
                log.warning("alarms wait for the database", reason=str(error).strip().partition("\n")[0])
                stop.wait(ROUND_SECONDS)

    def go(self, stop: threading.Event, beat: Callable[[], None] = lambda: None) -> bool:
        """One round: what waits, a piece of each device model in turn, and what time has brought about if it is due.
        Whether more waits: readings may come as fast as they are judged, and time must not wait for them."""
        waiting = [device_model for device_model in self.device_models if device_model.alarm_rules]
        until = time.monotonic() + TIME_SECONDS
        while waiting and not stop.is_set() and time.monotonic() < until:
            waiting = [device_model for device_model in waiting if self._judge(device_model)]
            beat()
        if time.monotonic() >= self.time_due:
            self._judge_time()
            self.time_due = time.monotonic() + TIME_SECONDS
        return bool(waiting)

    def _round(self, stop: threading.Event, beat: Callable[[], None]) -> bool:
        with self.metrics.round_seconds.time():
            more = self.go(stop, beat)
        self.metrics.latest_round.set_to_current_time()
        return more

    def _judge(self, device_model: DeviceModel) -> int:
        judged = judge_written(self.database, device_model, self.clock())
        self.metrics.judged.labels(device_model.name).inc(judged.devices)
        self.metrics.told.labels(device_model.name).inc(judged.told)
        self.metrics.late.labels(device_model.name).inc(judged.late)
        self.metrics.history.labels(device_model.name).inc(judged.history)
        return judged.devices

    def _judge_time(self) -> None:
        now = self.clock()
        with self.database.transaction() as connection:
            heard = listening(connection)
        if heard is not None:
            for device_model in self.device_models:
                silent = judge_silence(self.database, device_model, heard, now)
                self.metrics.told.labels(device_model.name).inc(silent)
        self.metrics.absences.inc(judge_absences(self.database, self.device_models, now))
        with self.database.transaction() as connection:
            self.metrics.woken.inc(lifecycle.wake(connection, now=now))
        with self.database.transaction() as connection:
            self.metrics.reminded.inc(lifecycle.remind(connection, after=self.reminder, now=now))

    def _retire(self) -> bool:
        for device_model in self.device_models:
            if ended := retire_rules(self.database, device_model, self.clock()):
                log.info("alarms of rules cleared that are no more", device_model=device_model.name, alarms=ended)
        return True
