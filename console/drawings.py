"""What the charts of a page show: channels, risk, and what happened to the device meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from console.charts import NARROW, WIDE, Chart, Pin, Series, Stretch, chart
from console.time_window import Window
from console.words import label
from domain.device_model import Channel, DeviceModel
from store.database import Connection
from store.device_timeline import DeviceTimeline
from store.listing_rows import DeviceRow, RiskPoint
from store.readings import ReadingRange, read_range

POINTS_NARROW, POINTS_WIDE = 240, 480
GAP = 3
"""Points further apart than so many buckets, or usual intervals of the device, are not joined."""


@dataclass(frozen=True, slots=True)
class ChannelChart:
    """One channel of the device model over the window; `chart` is None where there are no readings."""

    channel: Channel
    chart: Chart | None


def read_channels(
    connection: Connection,
    device: DeviceRow,
    model: DeviceModel,
    window: Window,
    *,
    chosen: Sequence[str] = (),
    points: int | None = None,
) -> ReadingRange:
    """What the charts of these channels are drawn from, all channels when none is chosen. Raises NotFoundError for one
    that the device model does not have."""
    return read_range(
        connection,
        model,
        device_id=device.device_id,
        since=window.since,
        until=window.until,
        channels=chosen or None,
        points=points or (POINTS_WIDE if chosen else POINTS_NARROW),
    )


def channel_charts(
    readings: ReadingRange, model: DeviceModel, window: Window, timeline: DeviceTimeline, *, wide: bool
) -> list[ChannelChart]:
    """A chart for each channel that was read, all with the same time axis."""
    pins, stretches = pins_of(timeline), stretches_of(timeline)
    gap = GAP * (readings.bucket or model.reading_interval)
    charts = []
    for name, summary in readings.channels.items():
        drawn = chart(
            Series(readings.ts, summary.mean, summary.low, summary.high, gap),
            window.since,
            window.until,
            pins=pins,
            stretches=stretches,
            width=WIDE if wide else NARROW,
        )
        charts.append(ChannelChart(model.channel(name), drawn))
    return charts


def risk_chart(
    points: list[RiskPoint],
    threshold: float | None,
    *,
    window: tuple[datetime, datetime] | None = None,
    pins: Sequence[tuple[datetime, str] | Pin],
) -> Chart | None:
    """Risk over the window (none: over its own points), with the threshold from which to act."""
    if not points:
        return None
    since, until = window or (points[0].at, points[-1].at)
    risks = [point.risk for point in points]
    return chart(
        Series([point.at for point in points], risks, risks, risks),
        since,
        until,
        pins=[Pin(*pin) for pin in pins],
        threshold=threshold,
        share=True,
        width=NARROW if window else WIDE,
    )


def pins_of(timeline: DeviceTimeline) -> list[Pin]:
    """Events and visits, for the time axis; oldest first, so that later ones lie on top."""
    events = [
        Pin(event.ts, f"{event.kind}: {event.code or event.component or 'reported'}", event.kind)
        for event in timeline.events
    ]
    visits = [
        Pin(
            visit.begins,
            f"visit {'booked' if visit.state == 'booked' else 'made'} for {visit.kind}",
            "visit",
            f"/tickets/{visit.ticket_id}" if visit.ticket_id else "",
        )
        for visit in timeline.visits
    ]
    return sorted([*events, *visits], key=lambda pin: pin.at)


def stretches_of(timeline: DeviceTimeline) -> list[Stretch]:
    """Alarms, for as long as they were active."""
    return [
        Stretch(
            alarm.raised_at,
            alarm.cleared_at,
            f"{label(alarm.severity.lower())}: {alarm.message}",
            alarm.severity.lower(),
        )
        for alarm in reversed(timeline.alarms)
    ]
