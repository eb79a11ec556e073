"""The two fleets of the demo: C-MAPSS engines from files, or devices that the simulator makes up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from device_sim.fleet import simulate_fleet
from device_sim.remote.machine import Machine, machines_of
from domain.device_model import DeviceModel
from domain.errors import InvalidInputError

FD001_HISTORY_UNITS = 80
CENTRES = ("north", "south")
SIMULATED_MODELS = ("heat_pump", "compressor")
DEVICES_PER_MODEL = 24
HISTORY = timedelta(days=180)
LIVE = timedelta(days=30)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ModelHistory:
    """What is imported for one device model: devices, readings and events up to the live start."""

    device_model: str
    devices: pd.DataFrame
    readings: pd.DataFrame
    events: pd.DataFrame


@dataclass(frozen=True, slots=True)
class DemoFleet:
    """History to import, and what the live devices publish from `start` to `end` (device time), unless a command
    changes it: `machines` answer these, by device; recordings have none."""

    title: str
    history: Sequence[ModelHistory]
    live_readings: pd.DataFrame
    live_events: pd.DataFrame
    start: datetime
    end: datetime
    machines: Mapping[str, Machine] = field(default_factory=dict)

    @property
    def live_devices(self) -> int:
        return int(self.live_readings["device"].nunique())


def fd001_fleet(folder: Path, device_model: DeviceModel, now: datetime) -> DemoFleet:
    """Units 1 to 80 of train_FD001 as history, 81 to 100 live, one cycle as one hour.

    Live device time ends a little before `now`, so that no reading comes from the future.
    Raises InvalidInputError when the file is missing or is not C-MAPSS.
    """
    rows = _read_fd001(folder, device_model)
    lives = rows.groupby("unit")["cycle"].max()
    live_units = lives.index[lives.index > FD001_HISTORY_UNITS]
    start = _whole_hour(now) - HOUR * (int(lives.loc[live_units].max()) + 2)
    history_start = start - HOUR * (int(lives.max()) + 24)
    is_live = rows["unit"].to_numpy() > FD001_HISTORY_UNITS
    origin = np.where(is_live, np.datetime64(_naive(start), "us"), np.datetime64(_naive(history_start), "us"))
    stamps = origin + rows["cycle"].to_numpy().astype("timedelta64[h]")
    rows = rows.assign(device=[f"engine-{unit:03d}" for unit in rows["unit"]], ts=pd.to_datetime(stamps, utc=True))
    failures = _failures(rows, device_model)
    columns = ["device", "ts", *(channel.name for channel in device_model.channels)]
    history = ModelHistory(
        device_model=device_model.name,
        devices=_engines(rows),
        readings=rows.loc[~is_live, columns],
        events=failures[failures["ts"] < pd.Timestamp(start)],
    )
    live_events = failures[failures["ts"] >= pd.Timestamp(start)]
    end = live_events["ts"].max().to_pydatetime()
    return DemoFleet("C-MAPSS FD001 engines", [history], rows.loc[is_live, columns], live_events, start, end)


def simulated_fleet(now: datetime, *, seed: int) -> DemoFleet:
    """Heat pumps and compressors that the simulator makes up: half a year of history, then a month live.

    The same seed gives the same fleet for the same hour of `now`; live device time ends a little before it.
    """
    start = _whole_hour(now) - LIVE - HOUR
    began = start - HISTORY
    whole = [
        simulate_fleet(model, DEVICES_PER_MODEL, began, (HISTORY + LIVE) // HOUR, seed) for model in SIMULATED_MODELS
    ]
    history, live = zip(*(fleet.cut(start) for fleet in whole), strict=True)
    return DemoFleet(
        title="Simulated heat pumps and compressors",
        history=[ModelHistory(part.device_model, part.devices, part.readings, part.events) for part in history],
        # Each device model has its own channels: a channel that a device lacks is empty here, and is not sent.
        live_readings=pd.concat([part.readings for part in live], ignore_index=True),
        live_events=pd.concat([part.events for part in live], ignore_index=True),
        start=start,
        end=start + LIVE,
        machines={name: machine for part in live for name, machine in machines_of(part).items()},
    )


def _read_fd001(folder: Path, device_model: DeviceModel) -> pd.DataFrame:
    names = ["unit", "cycle", *(channel.name for channel in device_model.channels)]
    for file in (folder / "train_FD001.txt", folder / "train_FD001.txt.xz"):
        if file.is_file():
            break
    else:
        raise InvalidInputError(f"{folder} holds no train_FD001.txt (or .xz): give the folder of the C-MAPSS files")
    try:
        rows = pd.read_csv(file, sep=r"\s+", header=None)
    except (ValueError, OSError) as error:
        raise InvalidInputError(f"{file} cannot be read as C-MAPSS: {error}") from error
    if rows.shape[1] != len(names):
        raise InvalidInputError(f"{file} has {rows.shape[1]} columns, C-MAPSS has {len(names)}")
    rows.columns = pd.Index(names)
    return rows


def _failures(rows: pd.DataFrame, device_model: DeviceModel) -> pd.DataFrame:
    mode = device_model.failure_modes[0]
    last = rows.groupby("device", as_index=False).agg(ts=("ts", "max"))
    return last.assign(kind="failure", code=mode.event_codes[0], component=mode.component)


def _engines(rows: pd.DataFrame) -> pd.DataFrame:
    starts = rows.groupby("device", as_index=False).agg(unit=("unit", "first"), installed_at=("ts", "min"))
    return pd.DataFrame(
        {
            "name": starts["device"],
            "serial": [f"FD001-{unit}" for unit in starts["unit"]],
            "customer": [f"Airline {'ABCD'[unit % 4]}" for unit in starts["unit"]],
            "site": [f"Hangar {unit % 6 + 1}" for unit in starts["unit"]],
            "service_centre": [CENTRES[unit % len(CENTRES)] for unit in starts["unit"]],
            "installed_at": starts["installed_at"],
            "firmware": "1.0",
        }
    )


def _whole_hour(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
