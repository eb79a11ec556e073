"""A simulated fleet as data frames: devices, readings and events, in the form that `aftercare import` reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from device_sim.errors import InvalidSimulationError
from device_sim.physics import PHYSICS
from device_sim.physics.calendar import HOUR, Hours, outdoor_temperature
from device_sim.physics.device import DeviceHistory, DevicePhysics, simulate_device
from device_sim.physics.streams import Streams
from device_sim.sites import CLIMATES, SITES, Site

TIMESTAMP = "%Y-%m-%dT%H:%M:%SZ"
EVENT_COLUMNS = ["device", "ts", "kind", "code", "component"]


@dataclass(frozen=True, slots=True)
class Fleet:
    """Devices of one device model and what they reported.

    devices: name, serial, customer, site, service_centre, installed_at, firmware. readings: device, ts and one column
    per channel. events: device, ts, kind, code, component. Times are aware, in UTC; rows are sorted by device and ts.
    """

    device_model: str
    devices: pd.DataFrame
    readings: pd.DataFrame
    events: pd.DataFrame

    def cut(self, at: datetime) -> tuple[Fleet, Fleet]:
        """What was reported before `at`, and from `at` on; nothing is in both."""
        early_readings, early_events = self.readings["ts"] < at, self.events["ts"] < at
        return (
            Fleet(self.device_model, self.devices, self.readings[early_readings], self.events[early_events]),
            Fleet(self.device_model, self.devices, self.readings[~early_readings], self.events[~early_events]),
        )

    def write_csv(self, folder: Path) -> dict[str, Path]:
        """Write readings.csv, events.csv and devices.csv into `folder`, which is made when missing."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = {}
        for name, frame in (("readings", self.readings), ("events", self.events), ("devices", self.devices)):
            paths[name] = folder / f"{name}.csv"
            frame.to_csv(paths[name], index=False, date_format=TIMESTAMP)
        return paths


def simulate_fleet(device_model: str, devices: int, start: datetime, hours: int, seed: int) -> Fleet:
    """Simulate `devices` devices from `start` (aware; rounded down to the hour) for `hours` hours.

    The same seed gives the same devices bit for bit: the first ten of a fleet of forty are the fleet of ten, and the
    first month of a year is the month. Raises InvalidSimulationError.
    """
    physics = PHYSICS.get(device_model)
    if physics is None:
        raise InvalidSimulationError(f"no simulated fleet {device_model!r}: choose from {', '.join(PHYSICS)}")
    if devices < 1 or hours < 1 or seed < 0:
        raise InvalidSimulationError(
            f"fleet {device_model}: {devices} devices for {hours} hours with seed {seed} cannot be simulated: "
            "give at least 1 device, 1 hour and a seed of 0 or more"
        )
    if start.tzinfo is None:
        raise InvalidSimulationError(f"start {start.isoformat()} has no time zone: add one, for example +00:00")
    grid = np.arange(hours) * HOUR + int(start.timestamp()) // HOUR * HOUR
    sites = [SITES[device_model][number % len(SITES[device_model])] for number in range(devices)]
    weather = {
        centre: outdoor_temperature(Hours(grid), CLIMATES[centre], Streams(seed, f"weather {centre}"))
        for centre in sorted({site.service_centre for site in sites})
    }
    members = [
        _simulate_member(physics, number, site, grid, weather[site.service_centre], seed)
        for number, site in enumerate(sites)
    ]
    identities, readings, events = zip(*members, strict=True)
    return Fleet(
        device_model,
        pd.DataFrame(identities),
        pd.concat(readings, ignore_index=True),
        pd.concat(events, ignore_index=True),
    )


def _simulate_member(
    physics: DevicePhysics, number: int, site: Site, grid: np.ndarray, outdoor: np.ndarray, seed: int
) -> tuple[dict[str, object], pd.DataFrame, pd.DataFrame]:
    streams = Streams(seed, physics.device_model, number)
    # Each device reports at its own minute of the hour.
    hours = Hours(grid + int(streams.generator("minute").integers(0, 60)) * 60)
    history = simulate_device(physics, hours, outdoor, streams)
    name = f"{physics.prefix}-{number + 1:04d}"
    identity = _identity(name, physics, number, site, hours, streams)
    return identity, _readings(name, hours, history), _events(name, hours, history)


def _identity(
    name: str, physics: DevicePhysics, number: int, site: Site, hours: Hours, streams: Streams
) -> dict[str, object]:
    age_days = int(streams.generator("installed").integers(30, 900))
    return {
        "name": name,
        "serial": f"{physics.prefix}{streams.generator('serial').integers(10**6):06d}{number + 1:04d}",
        "customer": site.customer,
        "site": site.site,
        "service_centre": site.service_centre,
        "installed_at": _times(hours.epoch[:1] - age_days * 24 * HOUR)[0],
        "firmware": str(streams.generator("firmware").choice(["2.4.1", "2.5.0", "2.5.3"])),
    }


def _readings(name: str, hours: Hours, history: DeviceHistory) -> pd.DataFrame:
    columns = {channel: values[history.running] for channel, values in history.channels.items()}
    return pd.DataFrame({"device": name, "ts": _times(hours.epoch[history.running]), **columns})


def _events(name: str, hours: Hours, history: DeviceHistory) -> pd.DataFrame:
    """Failures and repairs happen half an hour before the first reading that is missing, or that is there again."""
    first, half_hour = int(hours.epoch[0]), HOUR // 2
    rows: list[tuple[int, str, str, str]] = [
        (first + hour * HOUR + half_hour, "error", code, "") for hour, code in history.errors
    ]
    for failure in history.failures:
        mode = failure.mode
        rows.append((first + failure.failed * HOUR - half_hour, "failure", mode.name, mode.component))
        if failure.repaired < hours.count:
            rows.append((first + failure.repaired * HOUR - half_hour, "maintenance", "replaced", mode.component))
    rows.sort()
    epochs = np.array([row[0] for row in rows], dtype=np.int64)
    texts = [list(column) for column in zip(*(row[1:] for row in rows), strict=True)] or [[], [], []]
    return pd.DataFrame(dict(zip(EVENT_COLUMNS, [[name] * len(rows), _times(epochs), *texts], strict=True)))


def _times(epoch: np.ndarray) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime(epoch, unit="s", utc=True))
