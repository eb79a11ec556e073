"""Prints the figures of remote commands. Example: python -m bench.diagnostics --json diagnostics.json"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import click
import numpy as np

from aftercare.logs import configure_logging
from bench.diagnostics.bare_paho import BareAsker
from bench.diagnostics.stage import Stage, stage, until
from bench.figures import Figure, figure, show
from domain.errors import AftercareError

RATE = 20.0
"""Single commands a second, at even distances."""
KILL_AT = (0.1, 0.5, 0.9)
"""How much of a fleet command the platform has sent when it is killed."""


def round_trips(on: Stage, bare: BareAsker, count: int) -> list[Figure]:
    """One device at a time: from the request until its end is stored, beside the same question in bare paho."""
    limits = [bare.ask([on.devices[number % len(on.devices)]]) * 1000 for number in range(count)]
    warm = on.command(on.devices[-1])  # until it has ended, the platform is not ready
    _ended(on)
    began = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))
        on.command(on.devices[number % len(on.devices)])
    _ended(on)
    with on.database.transaction() as connection:
        rows = connection.execute(
            b"SELECT extract(epoch FROM finished_at - requested_at)::float8 FROM commands "
            b"WHERE state = 'succeeded' AND command_id > %s",
            (warm,),
        ).fetchall()
    taken = [seconds * 1000 for (seconds,) in rows]
    p50, p99 = (float(np.quantile(taken, share)) for share in (0.5, 0.99))
    bare50, bare99 = (float(np.quantile(limits, share)) for share in (0.5, 0.99))
    return [
        figure("commands that succeeded", len(taken), "", "asked", count, "all", met=len(taken) == count),
        figure("round trip, p50", p50, "ms", "bare paho, p50", bare50, "-", met=True),
        figure("round trip, p99", p99, "ms", "bare paho, p99", bare99, "under 200 ms", met=p99 < 200),
    ]


def _ended(on: Stage) -> None:
    until(lambda: on.one("SELECT count(*) FROM commands WHERE finished_at IS NULL") == 0, "not all commands ended")


def fleet_command(on: Stage, bare: BareAsker) -> list[Figure]:
    """One request for every device, until the last has ended."""
    limit = bare.ask(on.devices)
    began = time.perf_counter()
    fleet_id = on.command_all()
    until(lambda: on.unfinished(fleet_id) == 0, "the fleet command did not end")
    took = time.perf_counter() - began
    name = f"one command to {len(on.devices):,} devices"
    return [figure(name, took, "s", "bare paho", limit, "under 10 s", met=took < 10)]


def killed_platform(on: Stage) -> list[Figure]:
    """The platform is killed in the middle of fleet commands and started again; the devices count."""
    fleets = [_kill(on, share) for share in KILL_AT]
    with on.database.transaction() as connection:
        rows = connection.execute(
            b"SELECT command_id, state FROM commands WHERE fleet_id = ANY(%s)", (fleets,)
        ).fetchall()
    lines = on.executions.read_text(encoding="utf-8").splitlines()[1:]
    executed = Counter(line.split(",")[1].partition("-")[0] for line in lines)
    once = sum(executed[str(command_id)] == 1 for command_id, _ in rows)
    stuck = sum(state != "succeeded" for _, state in rows)
    return [
        figure("killed: executed exactly once", once, "", "commands", len(rows), "all", met=once == len(rows)),
        figure("killed: stuck or failed", stuck, "", "commands", len(rows), "none", met=not stuck),
    ]


def _kill(on: Stage, share: float) -> int:
    with on.platform() as process:
        time.sleep(3.0)  # it has begun, and waits for something to do
        fleet_id = on.command_all()
        sent = "SELECT count(*) FROM commands WHERE fleet_id = %s AND state <> 'queued'"
        until(lambda: on.one(sent, fleet_id) >= share * len(on.devices), "nothing was sent")
        process.kill()
        process.wait()
    with on.platform():
        until(lambda: on.unfinished(fleet_id) == 0, "commands were stuck after the restart")
    return fleet_id


@click.command()
@click.option("--devices", type=click.IntRange(1, 9999), default=1000, show_default=True, help="Connected at once.")
@click.option("--short", is_flag=True, help="Very little of it: does it run? The figures mean nothing.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
def main(devices: int, short: bool, json_file: Path | None) -> None:
    """Print how fast commands come back, and whether a killed platform sends any twice."""
    configure_logging("error")
    count = 20 if short else devices
    try:
        with stage(count) as on:
            bare = BareAsker(on.mqtt_port)
            with on.platform():
                figures = [*round_trips(on, bare, 20 if short else 600), *fleet_command(on, bare)]
            bare.close()
            figures += killed_platform(on)
    except AftercareError as error:
        raise click.ClickException(str(error)) from error
    show(f"Remote commands, {count:,} devices connected", figures, json_file)


if __name__ == "__main__":
    main()
