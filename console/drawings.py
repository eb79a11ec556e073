"""What the charts of a page show: channels, risk, and the pins of what happened to the device."""

from __future__ import annotations

from datetime import datetime

from console.charts import NARROW, WIDE, Chart, Series, chart
from domain.device_model import Channel, DeviceModel
from store.database import Connection
from store.listing_rows import DeviceRow, EventRow, RiskPoint
from store.readings import read_range

PINNED = ("failure", "maintenance")


def channel_charts(
    connection: Connection,
    device: DeviceRow,
    model: DeviceModel,
    since: datetime,
    until: datetime,
    events: list[EventRow],
) -> list[tuple[Channel, Chart | None]]:
    """A chart per channel of the device model; None where there are no readings."""
    readings = read_range(connection, model, device_id=device.device_id, since=since, until=until, points=240)
    charts = []
    for channel in model.channels:
        summary = readings.channels[channel.name]
        series = Series(readings.ts, summary.mean, summary.low, summary.high)
        charts.append((channel, chart(series, since, until, pins=pins_of(events), width=NARROW)))
    return charts


def risk_chart(
    points: list[RiskPoint],
    threshold: float | None,
    *,
    window: tuple[datetime, datetime] | None = None,
    pins: list[tuple[datetime, str]],
) -> Chart | None:
    """Risk over the window (none: over its own points), with the threshold from which to act."""
    if not points:
        return None
    since, until = window or (points[0].at, points[-1].at)
    risks = [point.risk for point in points]
    series = Series([point.at for point in points], risks, risks, risks)
    return chart(series, since, until, pins=pins, threshold=threshold, share=True, width=NARROW if window else WIDE)


def pins_of(events: list[EventRow]) -> list[tuple[datetime, str]]:
    """Failures and maintenance, for the time axis."""
    return [(event.ts, f"{event.kind}: {event.code or event.component}") for event in events if event.kind in PINNED]
