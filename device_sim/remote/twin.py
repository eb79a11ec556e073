"""A device's own side of its twin: what it is set to, what it was asked for, what it refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from device_sim.remote.machine import Machine
from device_sim.remote.settings import apply, settings_of
from device_sim.remote.wire import InvalidRequestError, read_desired


class Twin:
    """The configuration of one device. Instants are device time in seconds since 1970."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._known = settings_of(machine.device_model)
        self.settings: dict[str, Any] = {name: setting.factory for name, setting in self._known.items()}
        self._version: int | None = None
        self._refused: dict[str, str] = {}
        self._told_at = 0

    def look_at(self, payload: bytes) -> bool:
        """Apply what can be applied of a desired document. False for an old one, to which there is nothing to say."""
        try:
            version, desired = read_desired(payload)
        except InvalidRequestError as error:
            self._refused = {"document": str(error)}
            return True
        if self._version is not None and version < self._version:
            return False
        self.settings, self._refused = apply(self._known, self.settings, desired)
        self._version = version
        return True

    def configure(self, settings: Mapping[str, Any]) -> dict[str, str]:
        """All of them or none; returns why what was refused, by name."""
        taken, refused = apply(self._known, self.settings, settings)
        if not refused:
            self.settings = taken
        return refused

    def reported(self, at: float) -> bytes:
        """The document for `twin/reported`; of two documents the one with the later `ts` counts."""
        self._told_at = max(int(at * 1000), self._told_at + 1)
        body: dict[str, Any] = {"ts": self._told_at, "reported": self.settings}
        if self._version is not None:
            body["version"] = self._version
        if self._refused:
            body["refused"] = self._refused
        body["firmware"] = self._machine.firmware
        if self._machine.components:
            body["components"] = self._machine.components
        return json.dumps(body).encode()
