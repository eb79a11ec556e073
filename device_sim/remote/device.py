"""One device's controller: hears its twin and its commands, carries each out once, and answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from device_sim.remote.behaviour import Behaviour
from device_sim.remote.commands import CLEANINGS, COMMANDS, CommandFailedError, Work
from device_sim.remote.machine import Machine
from device_sim.remote.twin import Twin
from device_sim.remote.wire import (
    Incoming,
    InvalidRequestError,
    Outcome,
    Request,
    Utterance,
    parts,
    read_request,
    request_id,
    response,
)

REMEMBERED = 24 * 3600.0
"""Seconds that a request without an expiry is remembered."""
MARGIN = 60.0
"""Seconds that a request is remembered beyond its expiry: the broker may deliver it once more."""
SLOW_SECONDS = 2.0
Replan = Callable[[str, float, pd.DataFrame, pd.DataFrame], None]
"""Told of a device, an instant in seconds, and the readings and events that are to be published from then on."""


@dataclass(slots=True)
class Remembered:
    """A request that was seen: what was answered last, and until when (wall time) it is remembered."""

    last: bytes
    until: float


@dataclass(frozen=True, slots=True)
class Running:
    """A command at work."""

    request: Request
    work: Work


class Device:
    """The controller. `hear` and `go_on` give what the device says to it, in order. `now` is wall time throughout."""

    def __init__(
        self,
        machine: Machine,
        behaviour: Behaviour,
        clock: Callable[[float], float],
        executed: Callable[[str, Request], None],
        replan: Replan,
        impersonated: str,
    ) -> None:
        """clock: device time at a wall time. executed: told of each command that is begun. impersonated: the device
        in whose name an impostor answers."""
        self.machine = machine
        self.behaviour = behaviour
        self.sampling: tuple[float, float] | None = None
        self._clock, self._executed, self._replan = clock, executed, replan
        self._impersonated = impersonated
        self._twin = Twin(machine)
        self._seen: dict[str, Remembered] = {}
        self._now = 0.0
        self._aside: list[Utterance] = []

    def introduce(self, now: float) -> list[Utterance]:
        """The twin as it is: said after each connection."""
        self._now = now
        return [] if self.behaviour is Behaviour.OLD else [self._reported()]

    def hear(self, heard: Incoming, now: float) -> tuple[list[Utterance], Running | None]:
        """What the device says to a message, and the command that it begins."""
        self._now = now
        if heard.topic.endswith("/twin/desired"):
            return self._desired(heard), None
        return self._request(heard)

    def go_on(self, running: Running, now: float) -> tuple[list[Utterance], float | None]:
        """The next step of a command, and the seconds until the one after it; None: that was the last."""
        self._now = now
        request = running.request
        if self.behaviour is Behaviour.SILENT:
            return [], None
        try:
            if self.behaviour is Behaviour.FAILING:
                raise CommandFailedError("device_error", "the controller does not reach the machine")
            progress = next(running.work)
        except StopIteration as end:
            return [*self._take_aside(), *self._succeeded(request, end.value)], None
        except CommandFailedError as error:
            return [*self._take_aside(), self._failed(request, error.code, str(error))], None
        return [self._said(request, "running", progress=progress.fraction)], progress.seconds + self.delay()

    def tick(self, now: float) -> None:
        """It is `now`."""
        self._now = now

    def delay(self) -> float:
        """Seconds between acknowledging a command and beginning with it."""
        return SLOW_SECONDS if self.behaviour is Behaviour.SLOW else 0.0

    def device_time(self) -> float:
        return self._clock(self._now)

    def snapshot(self) -> dict[str, Any]:
        at = self.device_time()
        return {
            "ts": int(at * 1000),
            "values": self.machine.channels(at),
            "settings": self._twin.settings,
            "firmware": self.machine.firmware,
        }

    def sample(self, seconds: float, until: float) -> None:
        self.sampling = (seconds, until)

    def configure(self, settings: Mapping[str, Any]) -> dict[str, str]:
        """All or none; returns why what was refused."""
        refused = self._twin.configure(settings)
        if not refused:
            self._aside.append(self._reported())
        return refused

    def restart(self) -> None:
        self.sampling = None
        for state in ("offline", "online"):
            body = json.dumps({"state": state, "ts": int(self.device_time() * 1000) + (state == "online")}).encode()
            self._aside.append(Utterance(self.machine.name, f"devices/{self.machine.name}/status", body, retain=True))
        self._aside.append(self._reported())

    def clean(self, mode: str) -> None:
        self._replan(self.machine.name, *self.machine.clean(mode, self.device_time()))

    def interval(self) -> tuple[float, float]:
        """Seconds between readings, and until when (device time) that is so."""
        at = self.device_time()
        if self.sampling and at >= self.sampling[1]:
            self.sampling = None
        return self.sampling or (float(self._twin.settings["sampling_seconds"]), float("inf"))

    def _desired(self, heard: Incoming) -> list[Utterance]:
        heeded = bool(heard.payload) and self.behaviour is not Behaviour.OLD and self._twin.look_at(heard.payload)
        return [self._reported()] if heeded else []

    def _request(self, heard: Incoming) -> tuple[list[Utterance], Running | None]:
        number, device = request_id(heard.topic), self.machine.name
        known = self._seen.get(number)
        answer_to = f"devices/{device}/commands/{number}/response"
        if known and self._now < known.until:
            return [Utterance(device, answer_to, known.last, heard.correlation)], None
        self._forget()
        self._seen[number] = Remembered(b"", self._now + (heard.lifetime or REMEMBERED) + MARGIN)
        try:
            request = self._disguised(read_request(device, heard))
        except InvalidRequestError as error:
            unread = Request(number, "", {}, answer_to, heard.correlation)
            return [self._failed(unread, "invalid_request", str(error))], None
        command = COMMANDS.get(request.command)
        if command is None or not self._knows(request.command):
            message = f"firmware {self.machine.firmware} knows no {request.command}"
            return [self._failed(request, "unknown_command", message)], None
        self._executed(device, request)
        return [self._said(request, "acknowledged")], Running(request, command(self, request.arguments))

    def _knows(self, command: str) -> bool:
        if self.behaviour is Behaviour.OLD:
            return command == "snapshot"
        return command not in CLEANINGS or self.machine.can_clean(CLEANINGS[command])

    def _disguised(self, request: Request) -> Request:
        if self.behaviour is Behaviour.IMPOSTOR:
            return replace(request, answer_to=f"devices/{self._impersonated}/commands/{request.id}/response")
        if self.behaviour is Behaviour.FORGER:
            return replace(request, correlation=b"\x00" * 16)
        return request

    def _succeeded(self, request: Request, outcome: Outcome) -> Iterator[Utterance]:
        result = dict(outcome.result)
        if outcome.files:
            result["files"] = [file.description() for file in outcome.files]
        for file in outcome.files:
            yield from self._spoilt(list(parts(self.machine.name, request, file)))
        yield self._said(request, "succeeded", result=result)

    def _spoilt(self, upload: list[Utterance]) -> list[Utterance]:
        if self.behaviour is Behaviour.TRUNCATED:
            return upload[:-1]
        if self.behaviour is Behaviour.CORRUPT:
            last = upload[-1]
            return [*upload[:-1], replace(last, payload=bytes([last.payload[0] ^ 0xFF]) + last.payload[1:])]
        return upload

    def _failed(self, request: Request, code: str, message: str) -> Utterance:
        return self._said(request, "failed", error={"code": code, "message": message})

    def _said(self, request: Request, state: str, **more: object) -> Utterance:
        body = response(self.device_time(), state, **more)
        self._seen[request.id].last = body
        return Utterance(self.machine.name, request.answer_to, body, request.correlation)

    def _reported(self) -> Utterance:
        body = self._twin.reported(self.device_time())
        return Utterance(self.machine.name, f"devices/{self.machine.name}/twin/reported", body)

    def _take_aside(self) -> list[Utterance]:
        said, self._aside = self._aside, []
        return said

    def _forget(self) -> None:
        if len(self._seen) > 100:
            self._seen = {number: seen for number, seen in self._seen.items() if seen.until > self._now}
