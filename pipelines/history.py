"""What training reads of one device model: everything."""

from __future__ import annotations

from datetime import datetime

from domain.device_model import DeviceModel
from models.features import History
from store import frames
from store.database import Connection


def read_history(connection: Connection, device_model: DeviceModel, *, until: datetime) -> History:
    """All that is stored of the device model's devices before `until`."""
    return History(
        frames.read_frame(connection, device_model, until=until),
        frames.read_events_frame(connection, device_model, until=until),
        frames.read_devices_frame(connection, device_model),
        frames.read_components_frame(connection, device_model),
    )
