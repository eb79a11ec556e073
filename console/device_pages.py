"""One device: how it stands, its charts over any stretch of time, and the same numbers as a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse

from console.command_form import commands_for
from console.drawings import channel_charts, pins_of, read_channels, risk_chart
from console.render import show
from console.request import Text
from console.time_window import SPANS, window_of
from console.troubleshooting_pages import waiting_for
from diagnostics.twin_documents import delta
from domain.device_model import DeviceModel
from domain.errors import NotFoundError
from store import commands, listings, troubleshooting, twins
from store.database import Connection
from store.device_timeline import DeviceTimeline, connectivity, device_timeline
from store.latest import latest_of_device
from store.listing_rows import DeviceRow

router = APIRouter(prefix="/devices")
RECENT, COMMANDS = 10, 3
TABLE_ROWS = 120
MOST_CHOSEN = 12


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address of charts asks for."""

    span: str | None
    since: str | None
    until: str | None
    channel: list[str]


def _wanted(
    span: Text | None = None,
    since: Text | None = None,
    until: Text | None = None,
    channel: Annotated[list[Text] | None, Query(max_length=MOST_CHOSEN)] = None,
) -> Wanted:
    return Wanted(span, since, until, list(dict.fromkeys(channel or [])))


WantedCharts = Annotated[Wanted, Depends(_wanted)]


@router.get("/{name}")
def device(request: Request, name: Text, wanted: WantedCharts) -> HTMLResponse:
    """One device: live values, risk, channels, what happened to it, and what is open."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        row = listings.device(connection, name)
        model: DeviceModel | None = app.catalog.get(row.device_model)
        twin = twins.get(connection, name)
        looked_into = troubleshooting.listing(connection, device=name, limit=RECENT)
        return show(
            request,
            "device.html",
            device=row,
            **_charts(request, connection, row, model, wanted),
            latest=latest_of_device(connection, model, device_id=row.device_id) if model else {},
            events=listings.device_events(connection, device_id=row.device_id, limit=25),
            connectivity=connectivity(connection, device_id=row.device_id, limit=RECENT),
            alarms=listings.alarms(connection, device_name=name, limit=RECENT),
            tickets=listings.tickets(connection, device_name=name, limit=RECENT),
            looked_into=looked_into,
            asks=waiting_for(request, looked_into),
            trees=[mode for mode in model.failure_modes if mode.troubleshooting] if model else [],
            twin=twin,
            not_so_yet=delta(twin.desired, twin.reported),
            commands=commands.listing(connection, device=name, limit=COMMANDS),
            types=commands_for(request.scope["caller"], model),
        )


@router.get("/{name}/charts")
def charts(request: Request, name: Text, wanted: WantedCharts) -> HTMLResponse:
    """The charts of the device's page alone, for a page that is open already."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        row = listings.device(connection, name)
        model = app.catalog.get(row.device_model)
        return show(request, "device_charts.html", device=row, **_charts(request, connection, row, model, wanted))


@router.get("/{name}/readings")
def readings(request: Request, name: Text, wanted: WantedCharts) -> HTMLResponse:
    """What the charts show, as a table."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        row = listings.device(connection, name)
        model = app.catalog.get(row.device_model)
        if model is None:
            raise NotFoundError(f"the catalog of this server has no device model {row.device_model!r}")
        window = window_of(wanted.span, wanted.since, wanted.until, newest=row.last_seen_at or app.clock())
        found = read_channels(connection, row, model, window, chosen=wanted.channel, points=TABLE_ROWS)
    return show(
        request,
        "device_readings.html",
        device=row,
        window=window,
        chosen=wanted.channel,
        spans=SPANS,
        readings=found,
        channels=[model.channel(channel) for channel in found.channels],
    )


def _charts(
    request: Request, connection: Connection, row: DeviceRow, model: DeviceModel | None, wanted: Wanted
) -> dict[str, Any]:
    app = request.app.state.application
    window = window_of(wanted.span, wanted.since, wanted.until, newest=row.last_seen_at or app.clock())
    timeline = device_timeline(connection, device_id=row.device_id, since=window.since, until=window.until)
    drawn = []
    if model is not None:
        found = read_channels(connection, row, model, window, chosen=wanted.channel)
        drawn = channel_charts(found, model, window, timeline, wide=bool(wanted.channel))
    return {
        "model": model,
        "window": window,
        "spans": SPANS,
        "chosen": wanted.channel,
        "timeline": timeline,
        "channels": drawn,
        "predictions": _predictions(connection, row, model, window.since, window.until, timeline) if model else [],
    }


def _predictions(
    connection: Connection,
    row: DeviceRow,
    model: DeviceModel,
    since: datetime,
    until: datetime,
    timeline: DeviceTimeline,
) -> list[Any]:
    """The newest prediction per failure mode, the likeliest first, with its mode and its risk over the window."""
    modes = [(model.name, mode.name) for mode in model.failure_modes]
    newest = listings.latest_predictions(connection, modes=modes, device_name=row.name)
    risk = listings.risk_over_time(connection, device_id=row.device_id, since=since, until=until)
    return [
        (
            prediction,
            model.failure_mode(prediction.failure_mode),
            risk_chart(
                [point for point in risk if point.failure_mode == prediction.failure_mode],
                prediction.alarm_threshold,
                window=(since, until),
                pins=pins_of(timeline),
            ),
        )
        for prediction in sorted(newest, key=lambda prediction: -prediction.risk)
    ]
