"""The commands that a simulated device knows. Pure, but for what they do to the device.

A command is a generator: it yields how far it is, with the seconds of wall time until it goes on, and returns its
outcome. It changes the device when it gets there, not before.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from device_sim.errors import SimulatorError
from device_sim.remote.machine import Machine
from device_sim.remote.wire import File, Outcome

MOST_LOG_LINES = 100_000
CLEANINGS = {"clean_intake_filter": "clogged_intake_filter"}
"""The failure mode that a command cleans the device of: known where the machine can do it."""
WORK_SECONDS = 0.1
"""Wall time between two steps of a command that takes time."""


class CommandFailedError(SimulatorError):
    """A command came to nothing. code: for programs, as in docs/wire.md."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a command is, 0 to 1, and the seconds until it goes on."""

    fraction: float
    seconds: float = WORK_SECONDS


class Controller(Protocol):
    """What a command may do with the device that it runs on."""

    machine: Machine

    def device_time(self) -> float: ...
    def snapshot(self) -> dict[str, Any]: ...
    def sample(self, seconds: float, until: float) -> None: ...
    def configure(self, settings: Mapping[str, Any]) -> dict[str, str]: ...
    def restart(self) -> None: ...
    def clean(self, mode: str) -> None: ...


Work = Generator[Progress, None, Outcome]
Command = Callable[[Controller, Mapping[str, Any]], Work]


def snapshot(device: Controller, arguments: Mapping[str, Any]) -> Work:
    """Every channel now, and the configuration."""
    yield from ()
    return Outcome(device.snapshot())


def sampling(device: Controller, arguments: Mapping[str, Any]) -> Work:
    """A reading every `interval_seconds` for `duration_seconds` of device time; then as before."""
    seconds = _number(arguments, "interval_seconds", 1, 3600, default=10)
    until = device.device_time() + _number(arguments, "duration_seconds", 1, 7200, default=600)
    device.sample(seconds, until)
    yield from ()
    return Outcome({"interval_seconds": seconds, "until": int(until * 1000)})


def self_test(device: Controller, arguments: Mapping[str, Any]) -> Work:
    """What the machine finds wrong with itself."""
    for fraction in (0.25, 0.5, 0.75):
        yield Progress(fraction)
    checks = device.machine.self_test(device.device_time())
    return Outcome({"passed": all(check["passed"] for check in checks), "checks": checks})


def log(device: Controller, arguments: Mapping[str, Any]) -> Work:
    """The last `lines` lines of the controller's log, as a file."""
    lines = int(_number(arguments, "lines", 1, MOST_LOG_LINES, default=2000))
    yield Progress(0.5)
    text = "\n".join(device.machine.log_lines(device.device_time(), lines)) + "\n"
    return Outcome({}, (File("device.log", "text/plain", text.encode()),))


def restart(device: Controller, arguments: Mapping[str, Any]) -> Work:
    """Off and on again. Configuration and the memory of requests survive it."""
    yield Progress(0.5)
    device.restart()
    return Outcome({"firmware": device.machine.firmware})


def apply(device: Controller, arguments: Mapping[str, Any]) -> Work:
    """Set `settings`, all of them or none."""
    settings = arguments.get("settings")
    if not isinstance(settings, dict) or not settings:
        raise CommandFailedError("invalid_argument", "settings is an object with at least one setting")
    yield from ()
    refused = device.configure(settings)
    if refused:
        raise CommandFailedError("refused", "; ".join(f"{name}: {why}" for name, why in refused.items()))
    return Outcome({"applied": settings})


def clean_intake_filter(device: Controller, arguments: Mapping[str, Any]) -> Work:
    """Blow the intake filter through from inside, three pulses; what is not caked on comes off."""
    before = _filter_check(device)
    for fraction in (0.3, 0.6, 0.9):
        yield Progress(fraction)
    device.clean(CLEANINGS["clean_intake_filter"])
    return Outcome({"before": before, "after": _filter_check(device)})


def _filter_check(device: Controller) -> dict[str, Any]:
    checks = device.machine.self_test(device.device_time())
    return next(check for check in checks if check["component"] == "intake_filter")


def _number(arguments: Mapping[str, Any], name: str, low: float, high: float, *, default: float) -> float:
    value = arguments.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise CommandFailedError("invalid_argument", f"{name} is a number from {low:g} to {high:g}, not {value!r}")
    return value


COMMANDS: Mapping[str, Command] = {
    command.__name__: command for command in (snapshot, sampling, self_test, log, restart, apply, clean_intake_filter)
}
