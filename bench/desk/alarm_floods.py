"""What would flood people: a fleet that flaps, and a site that goes quiet. Real database, upkeep, watch, desk and feed.

Each device's reading goes beyond its limit and back every second; it is written, taken by upkeep, judged by the watch
and heard by a listener of the feed; once by a rule that damps, once by one that does not. Then each device's predicted
risk does the same. A change's latency is the time from its decision to its listener.

Example: python -m bench.desk.alarm_floods --seconds 60 --json floods.json
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import numpy as np
import orjson

from aftercare.embedded import EmbeddedPostgres, find_binaries
from aftercare.logs import configure_logging
from aftercare.settings import load_settings
from aftercare.wiring import load_catalog
from alerts.absences import judge_absences
from alerts.feed import Feed
from alerts.watch import Watch
from alerts.watch_metrics import WatchMetrics
from bench.desk.prediction_flaps import PredictionFlaps
from bench.figures import Figure, figure, show
from domain.alarm import Severity
from domain.alarm_rule import AlarmRule, Limit
from domain.clock import system_clock
from domain.device import Device
from domain.device_model import DeviceModel
from ingest.upkeep.readings import take_written
from store import devices, reading_batches
from store.database import Database
from store.migrate import migrate
from store.outbox import FeedEntry
from store.reading_block import ReadingBlock

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Stage:
    """A fresh database with a fleet that reads once a second: `flapping` devices at Plant 1, `site` at Plant 2."""

    database: Database
    device_model: DeviceModel
    flapping: int
    site: int

    def count(self, statement: str) -> int:
        with self.database.transaction() as connection:
            [(count,)] = connection.execute(statement.encode())
            return int(count)


def run(seconds: int = 60, flapping: int = 1000, site: int = 500) -> list[Figure]:
    """All floods; `seconds` of flapping each."""
    with _stage(flapping, site) as stage:
        damped, undamped = _rule("damped", 2 * SECOND), _rule("undamped", timedelta())
        return [
            *_flap(stage, seconds, damped, most=2 * flapping),
            *_flap(stage, seconds, undamped, most=None),
            *_flapping_predictions(stage, seconds),
            *_quiet_site(stage),
        ]


def _rule(name: str, clear_after: timedelta) -> AlarmRule:
    limit = Limit("vibration", bound=10, clear=8)
    return AlarmRule(name, "Flaps", Severity.MAJOR, limit, clear_after=clear_after, patience=3 * SECOND)


def _flap(stage: Stage, seconds: int, rule: AlarmRule, most: int | None) -> list[Figure]:
    """most: changes that are told at most."""
    model = replace(stage.device_model, alarm_rules=[rule])
    watch = Watch(stage.database, [model], system_clock, WatchMetrics(stage.database), timedelta(hours=1))

    def settled() -> bool:
        return stage.count("SELECT count(*) FROM unjudged_readings") == 0

    def work(stop: threading.Event) -> None:
        with _beside(lambda: _upkeep(stage.database, model, stop)):
            watch.run(stop)

    return _measure(stage, f"{rule.name} rule", seconds, work, lambda: _write(stage, seconds), settled, most)


def _flapping_predictions(stage: Stage, seconds: int) -> list[Figure]:
    flaps = PredictionFlaps.begin(stage.database, stage.device_model)

    def settled() -> bool:
        return stage.count("SELECT count(*) FROM predictions WHERE acted_at IS NULL") == 0

    def write() -> None:
        _every_second(seconds, lambda second: flaps.record(0.95 if second % 2 == 0 else 0.01))

    return _measure(stage, "predictions", seconds, flaps.act, write, settled, most=None)


def _measure(
    stage: Stage,
    name: str,
    seconds: int,
    work: Callable[[threading.Event], None],
    write: Callable[[], None],
    settled: Callable[[], bool],
    most: int | None,
) -> list[Figure]:
    """Write while `work` goes on in a thread, and wait until everything is settled and heard."""
    latencies, stop = list[float](), threading.Event()
    known = stage.count("SELECT count(*) FROM outbox")
    with _beside(lambda: work(stop)), _beside(lambda: asyncio.run(_listen(stage, latencies, stop))):
        try:
            write()
            _until(settled)
            told = stage.count("SELECT count(*) FROM outbox") - known
            _until(lambda: len(latencies) >= told)
        finally:
            stop.set()
    twice = stage.count(
        "SELECT count(*) FROM (SELECT FROM alarms WHERE active GROUP BY device_id, alarm_type HAVING count(*) > 1) a"
    )
    tickets = stage.count(
        "SELECT count(*) FROM (SELECT FROM tickets WHERE state NOT IN ('closed', 'cancelled') "
        "GROUP BY device_id, failure_mode HAVING count(*) > 1) t"
    )
    p99 = float(np.quantile(latencies, 0.99)) if latencies else float("inf")
    allowed = "-" if most is None else "at most 2 a device"
    flapping, cores = stage.flapping, float(os.cpu_count() or 1)
    return [
        figure(
            f"{name}: changes told", told, "", "flaps", flapping * seconds, allowed, met=most is None or told <= most
        ),
        figure(f"{name}: heard", len(latencies), "", "changes", max(told, 1), "all", met=len(latencies) == told),
        figure(f"{name}: devices with 2 uncleared alarms", twice, "", "devices", flapping, "none", met=not twice),
        figure(f"{name}: cases with 2 unsettled tickets", tickets, "", "devices", flapping, "none", met=not tickets),
        figure(f"{name}: feed latency, p99", p99, "s", "goal", 1.0, "below 1 s", met=p99 < 1.0),
        figure(f"{name}: load average then", os.getloadavg()[0], "", "cores", cores, "-", met=True),
    ]


@contextmanager
def _beside(work: Callable[[], None]) -> Iterator[None]:
    """In a thread until it ends by itself, which the block has to bring about."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _quiet_site(stage: Stage) -> list[Figure]:
    before = stage.count("SELECT count(*) FROM outbox")
    with stage.database.transaction() as connection:
        connection.execute("UPDATE devices SET connectivity = 'online' WHERE site = 'Plant 1'")
        connection.execute(
            "UPDATE devices SET connectivity = 'offline', connectivity_at = now() - interval '1 hour' "
            "WHERE site = 'Plant 2'"
        )
    began = time.perf_counter()
    for _ in range(3):
        judge_absences(stage.database, [stage.device_model], system_clock())
    took = time.perf_counter() - began
    told = stage.count("SELECT count(*) FROM outbox") - before
    members = stage.count("SELECT count(*) FROM alarm_members WHERE left_at IS NULL")
    return [
        figure("notifications of a site's outage", told, "", "devices", stage.site, "1", met=told == 1),
        figure("devices listed in it", members, "", "devices", stage.site, "all", met=members == stage.site),
        figure("time of three looks at it", took, "s", "goal", 2.0, "-", met=True),
    ]


def _write(stage: Stage, seconds: int) -> None:
    with stage.database.transaction() as connection:
        rows = connection.execute("SELECT device_id FROM devices WHERE site = 'Plant 1' ORDER BY device_id").fetchall()
    ids = np.array([device_id for (device_id,) in rows], dtype=np.int64)
    channels = [channel.name for channel in stage.device_model.channels]

    def write(second: int) -> None:
        values = np.full((len(ids), len(channels)), 5.0)
        values[:, channels.index("vibration")] = 11.0 if second % 2 == 0 else 5.0
        now = int(datetime.now(UTC).timestamp() * 1e6)
        block = ReadingBlock(device_id=ids, ts=np.full(len(ids), now, dtype=np.int64), values=values)
        with stage.database.transaction() as connection:
            reading_batches.write(connection, stage.device_model, block)

    _every_second(seconds, write)


def _every_second(seconds: int, write: Callable[[int], None]) -> None:
    began = time.monotonic()
    for second in range(seconds):
        time.sleep(max(0.0, began + second - time.monotonic()))
        write(second)


def _upkeep(database: Database, device_model: DeviceModel, stop: threading.Event) -> None:
    while not stop.wait(0.2):
        take_written(database, device_model)


async def _listen(stage: Stage, latencies: list[float], stop: threading.Event) -> None:
    """As a browser does: whoever is cut comes again with the number that it heard last."""
    feed, last = Feed(stage.database), None
    while not stop.is_set():
        subscription = await feed.subscribe(_encode)
        async for change in subscription.changes(last, 0.5):
            if change:
                told = orjson.loads(change)
                last = told["feed_seq"]
                latencies.append((datetime.now(UTC) - datetime.fromisoformat(told["at"])).total_seconds())
            if stop.is_set():
                break
        feed.unsubscribe(subscription)
    feed.close()


def _encode(entry: FeedEntry) -> bytes:
    return orjson.dumps({"feed_seq": entry.feed_seq, "at": entry.payload["at"]})


def _until(done: Callable[[], bool], within: float = 60.0) -> None:
    deadline = time.monotonic() + within
    while not done() and time.monotonic() < deadline:
        time.sleep(0.1)


@contextmanager
def _stage(flapping: int, at_site: int) -> Iterator[Stage]:
    catalog = load_catalog()
    model = replace(catalog["compressor"], reading_interval=SECOND, offline_tolerance=5 * 60 * SECOND)
    binaries = find_binaries(load_settings().services_dir)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(EmbeddedPostgres(binaries, folder, name="floods", throwaway=True))
        migrate(server.url, list(catalog.values()))
        database = stack.enter_context(Database(server.url, max_size=10))
        with database.transaction() as connection:
            for site, count in (("Plant 1", flapping), ("Plant 2", at_site)):
                fleet = [
                    Device(f"{site[-1]}-{number}", model.name, customer="Works", site=site, service_centre="north")
                    for number in range(count)
                ]
                devices.save(connection, fleet)
        yield Stage(database, model, flapping, at_site)


@click.command()
@click.option("--seconds", type=click.IntRange(2), default=60, show_default=True, help="How long the fleet flaps.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
def main(seconds: int, json_file: Path | None) -> None:
    """Print what reaches people of a flapping fleet and of a site's outage."""
    configure_logging("warning")
    show("Alarm floods", run(seconds), json_file)


if __name__ == "__main__":
    main()
