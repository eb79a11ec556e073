"""Wear as a gamma process per failure mode, from new to failed, and new again after the repair."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from device_sim.physics.streams import Streams

MOST_LIVES = 500


@dataclass(frozen=True, slots=True)
class WearMode:
    """How one failure mode comes about.

    mean_life: hours to failure at stress 1. life_cv: coefficient of variation that the gamma process alone gives.
    unit_sd: spread of the wear rate over units (log-normal). threshold_sd: spread of the wear at which it fails.
    sharpness: exponent of the signature over wear; high means late and sudden. severity_sd: spread of how loudly a
    life shows its wear. cleanable: share of the wear since the last cleaning that a cleaning takes off.
    """

    name: str
    component: str
    mean_life: float
    life_cv: float = 0.06
    unit_sd: float = 0.15
    threshold_sd: float = 0.02
    sharpness: float = 6.0
    severity_sd: float = 0.12
    cleanable: float = 0.0


@dataclass(frozen=True, slots=True)
class Cleaning:
    """The device cleaned itself of one mode's wear, by name, before the hour `hour` (an index)."""

    mode: str
    hour: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Failed at the hour `failed`, works again from the hour `repaired` (indices; may lie past the end)."""

    mode: WearMode
    failed: int
    repaired: int


@dataclass(slots=True)
class Lives:
    """What wear did to one device.

    wear: fraction of the nominal wear limit by mode and hour. signature: how strongly the wear shows, 0 when new and
    about 1 at failure. running: False from failure to repair.
    """

    wear: dict[str, np.ndarray]
    signature: dict[str, np.ndarray]
    running: np.ndarray
    failures: list[Failure] = field(default_factory=list)


def run_lives(
    modes: Sequence[WearMode],
    stress: Mapping[str, np.ndarray],
    streams: Streams,
    cleanings: Sequence[Cleaning] = (),
) -> Lives:
    """Wear a device down, mode by mode, over the hours for which `stress` (about 1 on average) is given.

    Wear is a gamma process (van Noortwijk 2009, doi 10.1016/j.ress.2007.03.019): in one hour it grows by
    Gamma(shape = stress / (life_cv^2 mean_life), scale = life_cv^2). The first mode to reach its threshold stops
    the device; the repair makes that component as good as new and leaves the others as they are. What comes before
    a cleaning does not depend on it; a cleaning while the device is down does nothing.
    """
    count = len(next(iter(stress.values())))
    processes = [_Process(mode, stress[mode.name], streams) for mode in modes]
    downtimes = streams.generator("downtime").integers(6, 31, MOST_LIVES)
    lives = Lives(
        wear={mode.name: np.zeros(count) for mode in modes},
        signature={mode.name: np.zeros(count) for mode in modes},
        running=np.ones(count, dtype=bool),
    )
    begin, to_clean = 0, deque(sorted(cleanings, key=lambda cleaning: cleaning.hour))
    while begin < count:
        while to_clean and to_clean[0].hour < begin:
            to_clean.popleft()
        worn = min(processes, key=_Process.next_failure)
        failed = min(worn.next_failure(), count)
        end = min(failed, to_clean[0].hour) if to_clean else failed
        for process in processes:
            name = process.mode.name
            lives.wear[name][begin:end], lives.signature[name][begin:end] = process.between(begin, end)
        if end < failed:
            cleaned = to_clean.popleft().mode
            next(process for process in processes if process.mode.name == cleaned).clean(end)
            begin = end
            continue
        if failed == count:
            break
        begin = failed + int(downtimes[len(lives.failures)])
        lives.failures.append(Failure(worn.mode, failed, begin))
        lives.running[failed:begin] = False
        for process in processes:
            process.stand_still(failed, begin)
        worn.renew(begin)
    return lives


class _Process:
    """The wear of one mode: one long cumulated path, of which each life is a piece."""

    def __init__(self, mode: WearMode, stress: np.ndarray, streams: Streams) -> None:
        self.mode = mode
        rate = stress * streams.factor(f"{mode.name} unit", mode.unit_sd)
        shape = rate / (mode.life_cv**2 * mode.mean_life)
        steps = streams.generator(f"{mode.name} wear").gamma(shape, mode.life_cv**2)
        self._path = np.concatenate([[0.0], np.cumsum(steps)])
        self._thresholds = streams.generator(f"{mode.name} threshold").lognormal(0.0, mode.threshold_sd, MOST_LIVES)
        self._severities = streams.generator(f"{mode.name} severity").lognormal(0.0, mode.severity_sd, MOST_LIVES)
        self._life = 0
        # A fleet is not new on the day that the recording begins: nothing shows yet at a third of the wear limit.
        self._origin = -float(streams.generator(f"{mode.name} age").uniform(0.0, 0.35))
        self._caked = 0.0

    def next_failure(self) -> int:
        """The hour at which this life ends if nothing stops the device before."""
        return int(np.searchsorted(self._path, self._origin + self._thresholds[self._life]))

    def between(self, begin: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        wear = self._path[begin:end] - self._origin
        return wear, self._severities[self._life] * wear**self.mode.sharpness

    def stand_still(self, begin: int, end: int) -> None:
        end = min(end, len(self._path) - 1)
        self._origin += self._path[end] - self._path[begin]

    def clean(self, hour: int) -> None:
        """Most of what came on since the last cleaning comes off; the rest is caked on for good."""
        wear = self._path[hour] - self._origin
        self._caked = wear - self.mode.cleanable * (wear - self._caked)
        self._origin = self._path[hour] - self._caked

    def renew(self, begin: int) -> None:
        self._life += 1
        self._caked = 0.0
        self._origin = self._path[min(begin, len(self._path) - 1)]
