"""What the doctor looks at on this machine: room on its disks, and what runs of Aftercare have left there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from aftercare.cli.doctor.findings import Status
from aftercare.embedded import find_binaries
from aftercare.embedded.homes import data_homes, host_path
from aftercare.settings import Settings
from domain.errors import UnavailableError
from store.cluster import data_directory
from store.database import connect

MIN_FREE = 2_000_000_000
HOMES_SHOWN = 3
MUCH_LEFT = 100_000_000


def check_services(settings: Settings) -> tuple[Status, str]:
    """Where 'aftercare up' would take the services from that no setting names."""
    if settings.database_url is not None and settings.mqtt_url is not None:
        return Status.SKIPPED, "the settings name database and broker, so none is brought along"
    binaries = find_binaries(settings.services_dir)
    told = f"PostgreSQL and broker from {binaries.origin}: 'aftercare up' starts what no setting names"
    if binaries.shortcoming:
        return Status.NOTE, f"{told}. {binaries.shortcoming}"
    return Status.OK, told


def check_disk(settings: Settings) -> tuple[Status, str]:
    """Room for the state folder."""
    return _room(settings.state_dir, "make room, or set AFTERCARE_STATE_DIR to a folder that has")


def check_data(settings: Settings) -> tuple[Status, str]:
    """Room for the data of PostgreSQL, when that runs on this machine."""
    assert settings.database_url is not None, "the check of the database comes first"
    with connect(settings.database_url) as connection:
        told = data_directory(connection)
    if told is None:
        return Status.SKIPPED, (
            "PostgreSQL's data is on another machine, or the user of AFTERCARE_DATABASE_URL may not know where"
        )
    return _room(host_path(told, settings.services_dir), "make room: PostgreSQL stops when its disk is full")


def check_homes(settings: Settings) -> tuple[Status, str]:
    """Data of 'aftercare up' with other state folders, and of runs that were killed."""
    homes = data_homes(settings.services_dir, settings.state_dir)
    idle = sorted((home for home in homes if not home.in_use), key=lambda home: -home.size)
    size = sum(home.size for home in idle)
    told = f"{len(homes) - len(idle)} other runs go on; {len(idle)} that do not have left {size / 1e6:,.0f} MB"
    if size < MUCH_LEFT:
        return Status.OK, told
    named = "; ".join(
        f"{home.folder} ({home.size / 1e6:,.0f} MB, {home.used_at:%Y-%m-%d})" for home in idle[:HOMES_SHOWN]
    )
    return Status.NOTE, f"{told}, the largest in {named}. Remove those whose state folder nobody needs any more"


def _room(folder: Path, mend: str) -> tuple[Status, str]:
    there = next(path for path in (folder, *folder.parents) if os.path.exists(path))  # noqa: PTH110 - False when hidden
    free = shutil.disk_usage(there).free
    if free < MIN_FREE:
        raise UnavailableError(f"{folder} has {free / 1e9:.1f} GB free: {mend}")
    return Status.OK, f"{folder} has {free / 1e9:,.0f} GB free"
