"""The processes of the embedded services, found and signalled as whoever they belong to."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path
from signal import Signals

from aftercare.embedded import Binaries
from domain.errors import UnavailableError


def find_below(pid: int, name: str) -> int:
    """Process `name` among the descendants of `pid`, the nearest. Raises UnavailableError when there is none."""
    generation = [pid]
    while generation:
        for one in generation:
            with suppress(OSError):
                if Path(f"/proc/{one}/comm").read_text().strip() == name:
                    return one
        generation = [child for one in generation for child in _children(one)]
    raise UnavailableError(f"no process {name} below {pid}: it is down already")


def send(binaries: Binaries, number: Signals, pid: int) -> None:
    """Raises UnavailableError when that process is gone."""
    run_as_owner(binaries, "kill", f"-{number.value}", str(pid))


def run_as_owner(binaries: Binaries, *command: str) -> None:
    """Run a command with the rights that the services were started with. Raises UnavailableError with its words."""
    done = subprocess.run(
        [*(["sudo", "-n"] if binaries.sudo else []), *command], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise UnavailableError(f"{command[0]} failed: {(done.stderr or done.stdout).strip() or done.returncode}")


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
