"""What a payload says once it is decoded, and the error when it says nothing that can be stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from domain.device import DeviceEvent, DeviceStatus
from domain.errors import AftercareError
from ingest.codecs.sparkplug_parts import SparkplugPart


class PayloadError(AftercareError):
    """A message cannot be stored. `label` names the kind of mistake for a counter; the message tells a device
    engineer what is wrong and what to send instead."""

    def __init__(self, label: str, message: str) -> None:
        super().__init__(message)
        self.label = label


class Sample(NamedTuple):
    """Channel values at one instant. `ts` is microseconds since 1970 (UTC), as the database's binary form wants it: a
    datetime for each row would cost more than decoding its values."""

    ts: int
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Decoded:
    """Everything that one message says about one device.

    skipped: values of a kind that no channel can hold, left out. sparkplug: what has to do with birth certificates,
    for which a message alone does not suffice.
    """

    device: str
    samples: Sequence[Sample] = ()
    events: Sequence[DeviceEvent] = ()
    statuses: Sequence[DeviceStatus] = ()
    skipped: int = 0
    sparkplug: SparkplugPart | None = None
