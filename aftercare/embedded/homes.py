"""Where the data of embedded services lies on this machine, and what is left there by other runs."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aftercare.embedded.binaries import DEBIAN_FOLDER, PRIVILEGED_HOME, privileged_folder


@dataclass(frozen=True, slots=True)
class DataHome:
    """The data of the services of one state folder, or of one throw-away run. size: in bytes, of what this user may
    read. used_at: when one of its services was last started or stopped."""

    folder: Path
    size: int
    used_at: datetime
    in_use: bool


def data_homes(services_dir: Path, state_dir: Path) -> list[DataHome]:
    """Those that belong to another state folder than `state_dir`, by name."""
    own = Path(privileged_folder(state_dir)).name
    roots = [_under(services_dir, PRIVILEGED_HOME), Path(PRIVILEGED_HOME)]
    folders = [folder for root in roots if root.is_dir() for folder in sorted(root.iterdir())]
    homes = []
    for folder in folders:
        if _is_home(folder) and folder.name != own:
            with suppress(FileNotFoundError):  # a run that ends takes its data away
                homes.append(_describe(folder))
    return homes


def host_path(told: str, services_dir: Path) -> Path:
    """Where a folder that a service told lies on this machine: the service may see the Debian folder as its root.

    Of the two places it is the one of which more exists.
    """
    places = [_under(services_dir, told), Path(told)]
    return min(places, key=lambda place: sum(not os.path.exists(path) for path in (place, *place.parents)))  # noqa: PTH110 - False when hidden


def _under(services_dir: Path, path: str) -> Path:
    return services_dir.absolute() / DEBIAN_FOLDER / path.lstrip("/")


def _is_home(folder: Path) -> bool:
    return len(folder.name) == 8 and not set(folder.name) - set("0123456789abcdef") and folder.is_dir()


def _describe(folder: Path) -> DataHome:
    size, locks = 0, []
    for place, _, files in os.walk(folder):
        for name in files:
            path = Path(place, name)
            try:
                size += path.lstat().st_blocks * 512
            except OSError:  # a service that runs removes files all the time
                continue
            if name.endswith(".lock") and len(path.relative_to(folder).parts) <= 2:
                locks.append(path)
    used_at = max([path.stat().st_mtime for path in (folder, *locks, *folder.iterdir())])
    return DataHome(folder, size, datetime.fromtimestamp(used_at, UTC), any(map(_is_held, locks)))


def _is_held(lock: Path) -> bool:
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
