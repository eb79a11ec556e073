"""What every simulated device model is made of, and one device's history out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from device_sim.physics.calendar import Hours
from device_sim.physics.self_test import SelfCheck
from device_sim.physics.streams import Streams
from device_sim.physics.wear import Cleaning, Failure, Lives, WearMode, run_lives

HOURS_BETWEEN_ERRORS = 24 * 45


@dataclass(frozen=True, slots=True)
class Operation:
    """What a healthy device is asked to do: named quantities by hour, and the stress on each failure mode."""

    quantities: Mapping[str, np.ndarray]
    stress: Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class DevicePhysics:
    """One device model.

    operate: hours and outdoor temperature to operation. measure: operation and the wear's signatures to sensor values.
    decimals: resolution of each channel; its keys are the channels in order. harmless_errors: codes of error events
    that foretell nothing. self_checks: what the self-test looks at.
    """

    device_model: str
    prefix: str
    decimals: Mapping[str, int]
    modes: Sequence[WearMode]
    harmless_errors: Sequence[str]
    self_checks: Sequence[SelfCheck]
    operate: Callable[[Hours, np.ndarray, Streams], Operation]
    measure: Callable[[Operation, Lives, Streams], Mapping[str, np.ndarray]]


@dataclass(frozen=True, slots=True)
class DeviceHistory:
    """One simulated device: `channels` by hour, of which only `running` hours are reported; what failed; errors.

    signature: how strongly the wear shows, by failure mode and hour.
    """

    channels: Mapping[str, np.ndarray]
    signature: Mapping[str, np.ndarray]
    running: np.ndarray
    failures: Sequence[Failure]
    errors: Sequence[tuple[int, str]]


def simulate_device(
    physics: DevicePhysics, hours: Hours, outdoor: np.ndarray, streams: Streams, cleanings: Sequence[Cleaning] = ()
) -> DeviceHistory:
    """Operate, wear, clean and measure one device. Deterministic in `streams` and `cleanings`."""
    operation = physics.operate(hours, outdoor, streams)
    lives = run_lives(physics.modes, operation.stress, streams, cleanings)
    measured = physics.measure(operation, lives, streams)
    return DeviceHistory(
        channels={name: np.round(measured[name], decimals) for name, decimals in physics.decimals.items()},
        signature=lives.signature,
        running=lives.running,
        failures=lives.failures,
        errors=_harmless_errors(physics, lives.running, streams),
    )


def _harmless_errors(physics: DevicePhysics, running: np.ndarray, streams: Streams) -> list[tuple[int, str]]:
    happens = streams.generator("error").random(len(running)) < 1 / HOURS_BETWEEN_ERRORS
    codes = streams.generator("error code").integers(0, len(physics.harmless_errors), len(running))
    return [(int(hour), physics.harmless_errors[codes[hour]]) for hour in np.flatnonzero(happens & running)]
