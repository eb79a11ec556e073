"""What of the stored data no model could learn from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.device_model import DeviceModel
from domain.silent_channels import SilentChannels
from domain.unmatched_events import unmatched_events
from models.features import History
from models.silent_channels import silent_channels

TELLING = ["kind", "code", "component", "failure_mode"]


@dataclass(frozen=True, slots=True)
class LearntFrom:
    """What of a device model's data nothing could be learnt from: channels, and how many events by what they are."""

    silent_channels: SilentChannels = field(default_factory=dict)
    unmatched_events: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, history: History, device_model: DeviceModel) -> LearntFrom:
        alike = Counter(history.events[TELLING].astype(str).itertuples(index=False, name=None))
        return cls(silent_channels(history.readings, device_model), unmatched_events(device_model, alike))
