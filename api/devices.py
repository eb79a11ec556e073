"""Devices, their telemetry and their events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.paging import Cursor, Limit, Page, page, read_cursor
from api.request import App, DeviceName, Filter, Instant
from api.schemas import Channel, Device, DeviceEvent, Telemetry
from domain.device_model import DeviceModel
from domain.errors import InvalidInputError
from store import listings
from store.readings import ReadingRange, read_range

router = APIRouter(prefix="/devices", tags=["devices"])
DEFAULT_RANGE = timedelta(hours=24)


@router.get("", operation_id="list_devices")
def list_devices(
    app: App,
    request: Request,
    response: Response,
    device_model: Filter = None,
    customer: Filter = None,
    site: Filter = None,
    text: Filter = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Device]:
    """Devices by name."""
    key = read_cursor(after, str)
    with app.database.transaction() as connection:
        rows = listings.devices(
            connection,
            device_model=device_model,
            customer=customer,
            site=site,
            text=text,
            after=key[0] if key else None,
            limit=limit + 1,
        )
    return page(rows, limit, lambda row: (row.name,), Device, request, response)


@router.get("/{name}", operation_id="get_device")
def get_device(app: App, name: DeviceName) -> Device:
    """One device with what is open on it."""
    with app.database.transaction() as connection:
        return Device.model_validate(listings.device(connection, name))


@router.get("/{name}/telemetry", operation_id="get_telemetry")
def get_telemetry(
    app: App,
    name: DeviceName,
    since: Annotated[Instant | None, Query(description="Default: 24 h before `until`")] = None,
    until: Annotated[Instant | None, Query(description="Default: when the device was last seen")] = None,
    channels: Annotated[
        str | None, Query(description="Names with commas between; default: all", max_length=5000)
    ] = None,
    points: Annotated[int, Query(ge=1, le=5000, description="Most instants to return")] = 500,
) -> Telemetry:
    """Readings with since <= ts < until; in buckets with least, mean and greatest value when there are many."""
    with app.database.transaction() as connection:
        device = listings.device(connection, name)
        model = app.catalog.get(device.device_model)
        if model is None:
            raise InvalidInputError(f"device model {device.device_model!r} is not in the catalog of this server")
        begin, end = _range(since, until, device.last_seen_at or app.clock())
        readings = read_range(
            connection,
            model,
            device_id=device.device_id,
            since=begin,
            until=end,
            channels=channels.split(",") if channels else None,
            points=points,
        )
    return _telemetry(name, begin, end, model, readings)


@router.get("/{name}/events", operation_id="list_device_events")
def list_device_events(
    app: App, request: Request, response: Response, name: DeviceName, limit: Limit = 50, after: Cursor = None
) -> Page[DeviceEvent]:
    """What happened to a device, newest first."""
    key = read_cursor(after, datetime, str, str, str)
    with app.database.transaction() as connection:
        device = listings.device(connection, name)
        rows = listings.device_events(connection, device_id=device.device_id, after=key, limit=limit + 1)
    return page(rows, limit, lambda row: (row.ts, row.kind, row.code, row.component), DeviceEvent, request, response)


def _range(since: datetime | None, until: datetime | None, newest: datetime) -> tuple[datetime, datetime]:
    end = until or newest + timedelta(microseconds=1)
    begin = since or end - DEFAULT_RANGE
    if begin >= end:
        raise InvalidInputError(f"since {begin} is not before until {end}")
    return begin, end


def _telemetry(device: str, since: datetime, until: datetime, model: DeviceModel, readings: ReadingRange) -> Telemetry:
    return Telemetry(
        device=device,
        since=since,
        until=until,
        bucket_seconds=readings.bucket.total_seconds() if readings.bucket else None,
        ts=list(readings.ts),
        channels=[
            Channel(
                name=name,
                title=model.channel(name).title,
                unit=model.channel(name).unit,
                low=list(summary.low),
                mean=list(summary.mean),
                high=list(summary.high),
            )
            for name, summary in readings.channels.items()
        ],
    )
