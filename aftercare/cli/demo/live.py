"""The live part of the demo: devices publish, people work, and ingest may be killed meanwhile."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from concurrent.futures import Future
from datetime import datetime

import pandas as pd

from aftercare.cli.demo.display import Display
from aftercare.cli.demo.fleets import DemoFleet
from aftercare.cli.demo.loop import live_outcomes, wait_for_readings
from aftercare.cli.demo.people import People
from aftercare.one_machine import Platform
from aftercare.supervisor import Supervisor
from device_sim.broker import parse_broker_url
from device_sim.errors import SimulatorError
from device_sim.publisher import Publisher
from device_sim.remote.answering import Answering
from device_sim.replay_clock import ReplayClock
from device_sim.schedule import Schedule
from device_sim.summary import Summary
from domain.clock import ScaledClock
from domain.device_model import DeviceModel
from domain.errors import AftercareError
from store.database import Database

LOOK_SECONDS = 0.5
PATIENCE = 15.0


class Live:
    """One live replay; `run` it once."""

    def __init__(
        self,
        platform: Platform,
        processes: Supervisor,
        database: Database,
        catalog: Mapping[str, DeviceModel],
        fleet: DemoFleet,
        clock: ScaledClock,
    ) -> None:
        self._processes, self._database, self._catalog = processes, database, catalog
        self._fleet, self._clock = fleet, clock
        self._sent_file = platform.data_dir / "sent.csv"
        self._people = People(database, catalog, platform.http_url, fleet.start)
        self._publisher = Publisher(
            Schedule(fleet.live_readings, fleet.live_events),
            ReplayClock(clock.start.timestamp(), clock.wall_start, clock.speed),
            parse_broker_url(platform.mqtt_url),
            patience=PATIENCE,
            sent=self._sent_file,
            answering=Answering(fleet.machines) if fleet.machines else None,
        )

    def run(self, display: Display, *, kills: int) -> list[tuple[str, datetime]]:
        """Publish everything, wait until it is stored and the people are done; gives what the broker confirmed.

        Ingest is killed `kills` times, evenly over the replay. Raises AftercareError when devices cannot publish.
        """
        kill_at = [
            self._clock.start + (self._fleet.end - self._clock.start) * (n + 1) / (kills + 1) for n in range(kills)
        ]
        self._people.start()
        publishing = self._publisher.start()
        with display.live(total=len(self._fleet.live_readings)) as line:
            while not publishing.done():
                time.sleep(LOOK_SECONDS)
                now = self._clock()
                if kill_at and now >= kill_at[0]:
                    kill_at.pop(0)
                    os.kill(self._processes.pid("ingest"), signal.SIGKILL)
                failures, tickets = live_outcomes(self._database, self._catalog, self._fleet)
                line.update(
                    sent=self._publisher.progress().acknowledged,
                    device_time=min(now, self._fleet.end),
                    tickets=len(tickets),
                    failures=len(failures),
                )
        summary = _result(publishing)
        with display.step("storing the last readings"):
            wait_for_readings(self._database, self._catalog, self._fleet, summary.readings.total())
        self._people.finish()
        return self._sent()

    def _sent(self) -> list[tuple[str, datetime]]:
        rows = pd.read_csv(self._sent_file)
        rows = rows[rows["kind"] == "reading"]
        times = pd.to_datetime(rows["ts"], format="ISO8601", utc=True)
        return list(zip(rows["device"].astype(str), times.dt.to_pydatetime(), strict=True))


def _result(publishing: Future[Summary]) -> Summary:
    try:
        return publishing.result()
    except SimulatorError as error:
        raise AftercareError(f"the demo's devices could not publish: {error}") from error
