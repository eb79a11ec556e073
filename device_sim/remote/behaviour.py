"""How a simulated device may fall short of a good one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from device_sim.errors import InvalidSimulationError

ALL = "*"


class Behaviour(StrEnum):
    """What is wrong with a device, as the platform sees it."""

    GOOD = "good"
    OFFLINE = "offline"
    """Never connects."""
    SLOW = "slow"
    """Takes two seconds more before each answer."""
    SILENT = "silent"
    """Acknowledges, and is never heard of this command again."""
    FAILING = "failing"
    """Every command ends as failed."""
    OLD = "old"
    """Its firmware knows no command but snapshot, and no twin."""
    CORRUPT = "corrupt"
    """A byte of each upload is wrong."""
    TRUNCATED = "truncated"
    """The last part of each upload is missing."""
    IMPOSTOR = "impostor"
    """Answers in the name of another device."""
    FORGER = "forger"
    """Answers with correlation data that it made up."""


def parse_behaviours(texts: Iterable[str], devices: Iterable[str]) -> Mapping[str, Behaviour]:
    """Read `DEVICE=BEHAVIOUR`, where DEVICE may be `*`; what comes later counts. Raises InvalidSimulationError."""
    found: dict[str, Behaviour] = {}
    known = set(devices)
    for text in texts:
        device, _, name = text.partition("=")
        if name not in list(Behaviour):
            raise InvalidSimulationError(
                f"{text!r} is not DEVICE=BEHAVIOUR: a behaviour is one of {', '.join(Behaviour)}"
            )
        if device != ALL and device not in known:
            raise InvalidSimulationError(f"{text!r}: there is no device {device!r} in this fleet, and * is all of them")
        found.update(dict.fromkeys(known if device == ALL else [device], Behaviour(name)))
    return found
