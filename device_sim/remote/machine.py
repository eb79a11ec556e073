"""The machine behind a device's controller: what it measures now, what its self-test finds, how it cleans itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from device_sim.fleet import Fleet
from device_sim.member import Member
from device_sim.physics.wear import Cleaning


class Machine:
    """One device's readings, and where they were made up also its physics. Instants are seconds since 1970."""

    def __init__(self, name: str, readings: pd.DataFrame, member: Member | None = None) -> None:
        """readings: of this device alone, in order: device, ts, one column per channel."""
        self.name = name
        self._member = member
        self._cleanings: list[Cleaning] = []
        self._take(readings)

    @property
    def device_model(self) -> str | None:
        return self._member.physics.device_model if self._member else None

    @property
    def firmware(self) -> str:
        return str(self._member.identity["firmware"]) if self._member else "1.0"

    @property
    def components(self) -> list[dict[str, str]]:
        """What is built in: component, serial, revision; each component once."""
        if not self._member:
            return []
        names = dict.fromkeys(mode.component for mode in self._member.physics.modes)
        serial = self._member.identity["serial"]
        return [{"component": name, "serial": f"{serial}-{name}", "revision": "A"} for name in names]

    def channels(self, at: float) -> dict[str, float]:
        """The channels at this instant, between the readings before and after it; outside them the nearest."""
        measured = {name: float(np.interp(at, self._ts, values)) for name, values in self._values.items()}
        return {name: round(value, 3) for name, value in measured.items() if np.isfinite(value)}

    def self_test(self, at: float) -> list[dict[str, Any]]:
        """Each check with its figure and verdict; nothing where the physics is not known."""
        if not self._member:
            return []
        member = self._member
        history = member.history(self._cleanings)
        hours = np.flatnonzero(history.running[: member.hour_after(at) + 1])  # a machine that stands has worn already
        strength = {mode: float(values[hours[-1]]) for mode, values in history.signature.items()}
        return [check.measure(strength) for check in member.physics.self_checks]

    def can_clean(self, mode: str) -> bool:
        """Whether the machine has something that cleans it of this failure mode's wear."""
        return self._member is not None and any(
            known.name == mode and known.cleanable for known in self._member.physics.modes
        )

    def clean(self, mode: str, at: float) -> tuple[float, pd.DataFrame, pd.DataFrame]:
        """Clean at this instant. Returns from when on readings and events are others, and these."""
        member = self._member
        assert member
        hour = member.hour_after(at)
        since = float(member.hours.epoch[hour]) if hour < member.hours.count else np.inf
        self._cleanings.append(Cleaning(mode, hour))
        readings, events = member.report(member.history(self._cleanings))
        self._take(readings)
        return since, readings[_epoch(readings) >= since], events[_epoch(events) >= since]

    def log_lines(self, at: float, count: int) -> list[str]:
        """The controller's log: a line for each of the last readings."""
        last = int(np.searchsorted(self._ts, at, side="right"))
        rows = range(max(0, last - count), last)
        return [
            f"{datetime.fromtimestamp(self._ts[row], UTC).isoformat()} "
            + " ".join(f"{name}={values[row]:g}" for name, values in self._values.items() if np.isfinite(values[row]))
            for row in rows
        ]

    def _take(self, readings: pd.DataFrame) -> None:
        self._ts = _epoch(readings)
        channels = [name for name in readings.columns if name not in ("device", "ts")]
        self._values = {name: readings[name].to_numpy(dtype=float) for name in channels}


def machines_of(fleet: Fleet) -> dict[str, Machine]:
    """One machine for each device of a simulated fleet, by name."""
    by_device = dict(iter(fleet.readings.groupby("device", sort=False)))
    return {name: Machine(name, by_device[name], member) for name, member in fleet.members.items() if name in by_device}


def recorded_machines(readings: pd.DataFrame) -> dict[str, Machine]:
    """One machine for each device of a recording, by name; nobody knows their physics."""
    return {str(name): Machine(str(name), rows) for name, rows in readings.groupby("device", sort=False)}


def _epoch(frame: pd.DataFrame) -> np.ndarray:
    return pd.DatetimeIndex(pd.to_datetime(frame["ts"], utc=True)).as_unit("ms").asi8 / 1000
