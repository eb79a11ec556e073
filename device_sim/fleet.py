"""A simulated fleet as data frames: devices, readings and events, in the form that `aftercare import` reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from device_sim.errors import InvalidSimulationError
from device_sim.member import Member, make_member
from device_sim.physics import PHYSICS
from device_sim.physics.calendar import HOUR, Hours, outdoor_temperature
from device_sim.physics.streams import Streams
from device_sim.sites import CLIMATES, SITES

TIMESTAMP = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Fleet:
    """Devices of one device model and what they reported.

    devices: name, serial, customer, site, service_centre, installed_at, firmware. readings: device, ts and one column
    per channel. events: device, ts, kind, code, component. Times are aware, in UTC; rows are sorted by device and ts.
    members: by name, what it takes to simulate one of them again, cleaned on the way.
    """

    device_model: str
    devices: pd.DataFrame
    readings: pd.DataFrame
    events: pd.DataFrame
    members: Mapping[str, Member] = field(default_factory=dict)

    def cut(self, at: datetime) -> tuple[Fleet, Fleet]:
        """What was reported before `at`, and from `at` on; nothing is in both."""
        early_readings, early_events = self.readings["ts"] < at, self.events["ts"] < at
        return (
            replace(self, readings=self.readings[early_readings], events=self.events[early_events]),
            replace(self, readings=self.readings[~early_readings], events=self.events[~early_events]),
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
        make_member(physics, number, site, grid, weather[site.service_centre], seed)
        for number, site in enumerate(sites)
    ]
    readings, events = zip(*(member.report(member.history()) for member in members), strict=True)
    return Fleet(
        device_model,
        pd.DataFrame([member.identity for member in members]),
        pd.concat(readings, ignore_index=True),
        pd.concat(events, ignore_index=True),
        {member.name: member for member in members},
    )
