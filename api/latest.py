"""The newest values of a device and of a fleet."""

from __future__ import annotations

from fastapi import APIRouter

from api.request import App, DeviceName, Text
from api.schemas import FleetLatest, LatestValue
from domain.errors import NotFoundError
from store import listings
from store.latest import latest_of_device, latest_of_fleet

router = APIRouter(tags=["devices"])


@router.get("/devices/{name}/latest", operation_id="get_latest")
def get_latest(app: App, name: DeviceName) -> list[LatestValue]:
    """The newest value of each channel that the device has sent, about a second old."""
    with app.database.transaction() as connection:
        device = listings.device(connection, name)
        model = app.catalog.get(device.device_model)
        newest = latest_of_device(connection, model, device_id=device.device_id) if model else {}
    return [LatestValue(channel=channel, ts=ts, value=value) for channel, (ts, value) in newest.items()]


@router.get("/latest/{device_model}", operation_id="get_fleet_latest")
def get_fleet_latest(app: App, device_model: Text) -> FleetLatest:
    """The newest values of every device of one model, about a second old: one answer, however many there are."""
    if device_model not in app.catalog:
        raise NotFoundError(f"there is no device model {device_model!r} in the catalog of this server")
    with app.database.transaction() as connection:
        found = latest_of_fleet(connection, app.catalog[device_model])
    # Not validated: to look at each of so many numbers once more takes as long as to read them.
    return FleetLatest.model_construct(channels=found.channels, devices=found.devices, ts=found.ts, values=found.values)
