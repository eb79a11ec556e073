"""What is known of a fleet: the frames that features are built from."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd


def _nothing_of(*columns: str) -> pd.DataFrame:
    frame = pd.DataFrame({name: pd.Series(dtype="str") for name in columns})
    return frame.assign(installed_at=pd.Series(dtype="datetime64[us, UTC]"))


def no_devices() -> pd.DataFrame:
    """Nothing known of any device beside its readings."""
    return _nothing_of("device")


def no_components() -> pd.DataFrame:
    """Nothing known of what is built in."""
    return _nothing_of("device", "component")


@dataclass(frozen=True, slots=True)
class History:
    """Frames of one device model's devices, as `store.frames` reads them; ts and installed_at are UTC.

    readings: device, ts, one float column per channel; sorted by device and ts, each pair once.
    events: device, ts, kind, code, component, failure_mode.
    devices: device, installed_at (NaT: not known), and one column per declared attribute; may lack devices.
    components: device, component, installed_at: every component that ever was built in.
    """

    readings: pd.DataFrame
    events: pd.DataFrame
    devices: pd.DataFrame = field(default_factory=no_devices)
    components: pd.DataFrame = field(default_factory=no_components)
