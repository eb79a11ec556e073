"""A receiver that is down for an hour, beside others: what is lost, what is out of order, and what it costs the others.

The hour is five minutes on the wall: the clock of delivery runs so much faster that back-off and give-up are those of
an hour. The changes come evenly over it; the receivers are real HTTP servers in this process.

Example: python -m bench.desk.receivers --json receivers.json
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click
from prometheus_client import CollectorRegistry

from aftercare.embedded import EmbeddedPostgres, find_binaries
from aftercare.logs import configure_logging
from aftercare.settings import load_settings
from aftercare.wiring import load_catalog
from alerts import receivers
from alerts.dispatch import DispatchSettings, dispatch
from alerts.dispatch_metrics import DispatchMetrics
from bench.figures import Figure, figure, show
from domain.clock import ScaledClock, system_clock
from domain.delivery import Subscription
from store import outbox
from store.database import Database
from store.migrate import migrate

HOUR = 3600.0
ALARMS = 500
WELL = ("one", "two", "three")


@dataclass
class Receiver:
    """A webhook's server. down: answers nothing but 503."""

    down: bool = False
    events: list[tuple[int, str, float]] = field(default_factory=list)
    port: int = 0

    def serve(self, stack: ExitStack) -> None:
        """On a free port until the stack ends."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if not receiver.down:
                    receiver.events.append((int(event["id"]), event["subject"], time.time()))
                self.send_response(503 if receiver.down else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)

    def first_times(self) -> dict[int, float]:
        """When each change came first, by number."""
        times: dict[int, float] = {}
        for number, _, at in self.events:
            times.setdefault(number, at)
        return times

    def out_of_order(self) -> int:
        """Changes that came, the first time, after a later one of their alarm."""
        latest: dict[str, int] = {}
        seen: set[int] = set()
        wrong = 0
        for number, subject, _ in self.events:
            if number in seen:
                continue
            seen.add(number)
            wrong += number < latest.get(subject, 0)
            latest[subject] = max(number, latest.get(subject, 0))
        return wrong


def measure(database: Database, changes: int, seconds: float, *, outage: bool) -> dict[str, float]:
    """Run an hour in so many seconds. With outage one of the receivers is down until its end."""
    with ExitStack() as stack:
        servers = {name: Receiver() for name in (*WELL, "down")}
        servers["down"].down = outage
        for name, server in servers.items():
            server.serve(stack)
            with database.transaction() as connection:
                receivers.add_webhook(
                    connection,
                    name=f"{name} {outage}",
                    url=f"http://127.0.0.1:{server.port}/",
                    subscription=Subscription(),
                    local=True,
                    who="bench",
                    now=system_clock(),
                )
        stop = threading.Event()
        arguments = {
            "clock": ScaledClock(datetime.now(UTC), time.time(), HOUR / seconds),
            "stop": stop,
            "metrics": DispatchMetrics(database, CollectorRegistry()),
            "settings": DispatchSettings(local=True),
        }
        thread = threading.Thread(target=dispatch, args=(database,), kwargs=arguments)
        thread.start()
        written = _write(database, changes, seconds)
        servers["down"].down = False
        up_at = time.time()
        deadline = up_at + 2 * seconds + 60
        while any(len(server.first_times()) < changes for server in servers.values()) and time.time() < deadline:
            time.sleep(0.05)
        caught_up = time.time() - up_at
        stop.set()
        thread.join()
    late = sorted(
        at - written[number] for name in WELL for number, at in servers[name].first_times().items() if number in written
    )
    return {
        "p50": late[len(late) // 2],
        "p99": late[int(len(late) * 0.99)],
        "lost": float(sum(changes - len(server.first_times()) for server in servers.values())),
        "out_of_order": float(sum(server.out_of_order() for server in servers.values())),
        "repeated": float(sum(len(server.events) - len(server.first_times()) for server in servers.values())),
        "caught_up": caught_up,
        "rate": len(servers) * changes / (seconds + caught_up),
        "asked": len(servers) * changes / seconds,
    }


def _write(database: Database, changes: int, seconds: float) -> dict[int, float]:
    """Write the changes evenly over the hour; when each committed, by its number in the feed."""
    began, at_once = time.time(), 10
    committed: dict[int, float] = {}
    for first in range(0, changes, at_once):
        time.sleep(max(0.0, began + first / changes * seconds - time.time()))
        with database.transaction() as connection:
            for number in range(first, min(first + at_once, changes)):
                payload = {"change": "raised", "severity": "MAJOR", "device": "d", "message": "too hot"}
                outbox.append(
                    connection,
                    kind="alarm",
                    subject_id=number % ALARMS,
                    device_id=None,
                    payload=payload,
                    at=system_clock(),
                )
        now = time.time()
        with database.transaction() as connection:
            rows = connection.execute(b"SELECT outbox_id FROM outbox ORDER BY outbox_id DESC LIMIT %s", (at_once,))
            committed.update({outbox_id: now for (outbox_id,) in rows})
    with database.transaction() as connection:
        outbox.number_feed(connection)
        numbers = dict(connection.execute(b"SELECT outbox_id, feed_seq FROM outbox").fetchall())
    return {numbers[outbox_id]: at for outbox_id, at in committed.items()}


def figures_of(changes: int, seconds: float, quiet: dict[str, float], down: dict[str, float]) -> list[Figure]:
    """The figures beside their limits."""
    return [
        figure("changes lost", down["lost"], "", f"of {changes:,} for each", changes, "0", met=not down["lost"]),
        figure(
            "out of order within an alarm", down["out_of_order"], "", "changes", changes, "0",
            met=not down["out_of_order"],
        ),
        figure(
            "p99 of the others, one receiver down", down["p99"] * 1000, "ms", "with none down", quiet["p99"] * 1000,
            "<= 1.5 x, or under 1 s", met=down["p99"] <= max(1.5 * quiet["p99"], 1.0),
        ),
        figure(
            "p50 of the others, one receiver down", down["p50"] * 1000, "ms", "with none down", quiet["p50"] * 1000,
            "<= 1.5 x, or under 1 s", met=down["p50"] <= max(1.5 * quiet["p50"], 1.0),
        ),
        figure(
            "repeated, one receiver down", down["repeated"], "", "with none down", max(quiet["repeated"], 1), "-",
            met=True,
        ),
        figure(
            "delivered, receivers in this process too", quiet["rate"], "/s", "came in", quiet["asked"], "-", met=True,
        ),
        figure(
            "caught up after the hour", down["caught_up"], "s", "in which it came, s", seconds, "< 1 x",
            met=down["caught_up"] < seconds,
        ),
    ]  # fmt: skip


def run(changes: int, seconds: float) -> list[Figure]:
    """The figures, on a fresh server of its own: an hour without an outage and one with it, `seconds` each."""
    with tempfile.TemporaryDirectory() as folder:
        binaries = find_binaries(load_settings().services_dir)
        with EmbeddedPostgres(binaries, Path(folder), name="bench", throwaway=True) as server:
            url = server.url_of("postgres")
            migrate(url, list(load_catalog().values()))
            with Database(url) as database:
                quiet = measure(database, changes, seconds, outage=False)
                with database.transaction() as connection:
                    connection.execute(b"DELETE FROM receivers")
                down = measure(database, changes, seconds, outage=True)
    return figures_of(changes, seconds, quiet, down)


@click.command(epilog="Example: python -m bench.desk.receivers --changes 2000")
@click.option("--changes", default=10_000, show_default=True, type=click.IntRange(100))
@click.option("--seconds", default=300.0, show_default=True, type=click.FloatRange(10), help="What the hour takes.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures here.")
def main(changes: int, seconds: float, json_file: Path | None) -> None:
    """Measure a receiver's outage of an hour beside an hour without one."""
    configure_logging("error")
    show("A receiver that is down for an hour", run(changes, seconds), json_file)


if __name__ == "__main__":
    main()
