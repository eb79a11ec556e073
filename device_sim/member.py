"""One device of a simulated fleet: who it is, and what it reports when it was cleaned at these hours, or never."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from device_sim.physics.calendar import HOUR, Hours
from device_sim.physics.device import DeviceHistory, DevicePhysics, simulate_device
from device_sim.physics.streams import Streams
from device_sim.physics.wear import Cleaning
from device_sim.sites import Site

EVENT_COLUMNS = ["device", "ts", "kind", "code", "component"]


@dataclass(frozen=True, slots=True)
class Member:
    """All that the simulation of one device depends on, but for the cleanings: the same member has the same past.

    identity: name, serial, customer, site, service_centre, installed_at, firmware. outdoor: degrees Celsius by hour.
    """

    identity: Mapping[str, object]
    physics: DevicePhysics
    hours: Hours
    outdoor: np.ndarray
    streams: Streams

    @property
    def name(self) -> str:
        return str(self.identity["name"])

    def history(self, cleanings: Sequence[Cleaning] = ()) -> DeviceHistory:
        """Simulate from the beginning; some 10 ms for a year."""
        return simulate_device(self.physics, self.hours, self.outdoor, self.streams, cleanings)

    def hour_after(self, epoch: float) -> int:
        """Index of the first hour at or after this instant; the number of hours when there is none."""
        return int(np.searchsorted(self.hours.epoch, epoch))

    def report(self, history: DeviceHistory) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Readings (device, ts, one column per channel) and events (device, ts, kind, code, component)."""
        return _readings(self.name, self.hours, history), _events(self.name, self.hours, history)


def make_member(
    physics: DevicePhysics, number: int, site: Site, grid: np.ndarray, outdoor: np.ndarray, seed: int
) -> Member:
    """The device with this number of its fleet. grid: whole hours since 1970 in seconds; outdoor: their weather."""
    streams = Streams(seed, physics.device_model, number)
    hours = Hours(grid + int(streams.generator("minute").integers(0, 60)) * 60)
    name = f"{physics.prefix}-{number + 1:04d}"
    return Member(_identity(name, physics, number, site, hours, streams), physics, hours, outdoor, streams)


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
