"""The faults, each a few lines on what runs. A fault ends when what it broke may work again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from signal import SIGINT, SIGKILL

from bench.chaos.stage import Stage
from domain.errors import UnavailableError

DOWN_SECONDS = 60.0
DISK_WAIT_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a fault strikes, how long what it broke stays broken, and the seconds from one stroke to the next."""

    times: int
    gap: float
    down: float = 0.0


@dataclass(frozen=True, slots=True)
class Fault:
    """`strike` is called `times` times with the number of the stroke and the seconds that the harm is to last."""

    strike: Callable[[Stage, int, float], None]
    full: Pace
    short: Pace | None
    needs_disk: bool = False


def kill_ingest(stage: Stage, number: int, down: float) -> None:
    """SIGKILL of one replica, the other one the next time."""
    replica = stage.replicas[number % len(stage.replicas)]
    replica.kill()
    time.sleep(down)
    replica.start()


def kill_both(stage: Stage, _number: int, down: float) -> None:
    """SIGKILL of every replica at once."""
    for replica in stage.replicas:
        replica.kill()
    time.sleep(down)
    for replica in stage.replicas:
        replica.start()


def restart_ingest(stage: Stage, number: int, down: float) -> None:
    """One replica is stopped in an orderly way and is away for a while, then the other."""
    replica = stage.replicas[number % len(stage.replicas)]
    replica.stop()
    time.sleep(down)
    replica.start()


def stop_database(stage: Stage, _number: int, _down: float) -> None:
    """PostgreSQL's fast stop; the supervisor starts it again."""
    stage.signal_server(SIGINT)


def kill_database(stage: Stage, _number: int, _down: float) -> None:
    """SIGKILL of PostgreSQL's first process; the supervisor starts it again."""
    stage.signal_server(SIGKILL)


def restart_broker(stage: Stage, _number: int, down: float) -> None:
    """SIGTERM: Mosquitto saves what it has."""
    stage.broker.stop()
    time.sleep(down)
    stage.broker.start()


def cut_network(stage: Stage, _number: int, down: float) -> None:
    """Nothing gets through between ingest and the database, and nobody is told."""
    stage.line.cut()
    time.sleep(down)
    stage.line.mend()


def fill_disk(stage: Stage, _number: int, down: float) -> None:
    """Not a block is free for the database, for so long after it noticed."""
    assert stage.disk is not None
    complaints = stage.server_log().count("No space left on device")
    stage.disk.fill()
    deadline = time.monotonic() + DISK_WAIT_SECONDS
    try:
        while stage.server_log().count("No space left on device") == complaints:
            if time.monotonic() > deadline:
                raise UnavailableError(f"the disk is full and PostgreSQL did not notice in {DISK_WAIT_SECONDS} s")
            time.sleep(0.2)
        time.sleep(down)
    finally:
        stage.disk.free()


FAULTS = {
    "ingest-kill": Fault(kill_ingest, Pace(20, 4.0), Pace(2, 3.0)),
    "ingest-kill-both": Fault(kill_both, Pace(3, 10.0, down=5.0), None),
    "ingest-restart": Fault(restart_ingest, Pace(2, 10.0, down=40.0), Pace(1, 2.0, down=2.0)),
    "database-stop": Fault(stop_database, Pace(5, 15.0), Pace(1, 4.0)),
    "database-kill": Fault(kill_database, Pace(5, 15.0), Pace(1, 4.0)),
    "broker-restart": Fault(restart_broker, Pace(5, 8.0, down=1.0), Pace(1, 3.0, down=0.5)),
    "network-cut": Fault(cut_network, Pace(1, 5.0, down=DOWN_SECONDS), None),
    "disk-full": Fault(fill_disk, Pace(1, 5.0, down=15.0), Pace(1, 2.0, down=3.0), needs_disk=True),
}
