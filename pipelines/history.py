"""What training and scoring read of one device model: everything, or the look-back of each device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import pandas as pd

from domain.device_model import DeviceModel, FailureMode
from models.features import History
from models.lives import current_life_starts
from store import frames
from store.database import Connection
from store.scoring_frames import FIRST_LIFE, latest_readings, read_scoring_events, read_scoring_frame


def read_history(connection: Connection, device_model: DeviceModel, *, until: datetime) -> History:
    """All that is stored of the device model's devices before `until`."""
    return History(
        frames.read_frame(connection, device_model, until=until),
        frames.read_events_frame(connection, device_model, until=until),
        frames.read_devices_frame(connection, device_model),
        frames.read_components_frame(connection, device_model),
    )


def read_look_back(
    connection: Connection,
    device_model: DeviceModel,
    modes: Sequence[FailureMode],
    *,
    devices: Sequence[str],
    until: datetime,
    further: timedelta = timedelta(),
) -> History:
    """What the features of each named device's latest reading before `until` depend on, for these failure modes; and
    those of the readings within `further` before it in the same life."""
    latest = latest_readings(connection, device_model, devices=devices, until=until)
    events = read_scoring_events(connection, device_model, devices=devices, until=until, further=further)
    starts = sorted(set(_life_starts(device_model, modes, latest, events)))
    return History(
        read_scoring_frame(connection, device_model, until=until, life_starts=starts, further=further),
        events,
        frames.read_devices_frame(connection, device_model, devices=devices),
        frames.read_components_frame(connection, device_model, devices=devices),
    )


def _life_starts(
    device_model: DeviceModel, modes: Sequence[FailureMode], latest: Mapping[str, datetime], events: pd.DataFrame
) -> Iterator[tuple[str, datetime]]:
    """Starts of the lives that the latest readings belong to: a device that failed or was repaired since then and has
    sent nothing yet is still scored on the life that ended."""
    before = events[events["ts"] < events["device"].map(latest)] if latest else events
    for mode in modes:
        renewed = current_life_starts(before, device_model, mode)
        for name in latest:
            yield name, renewed[name].to_pydatetime() if name in renewed else FIRST_LIFE
