"""What the charts of a prediction show: how the risk grows, and the telemetry that moved it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from console.charts import Chart, Pin, Series, chart
from console.drawings import channel_charts
from console.time_window import Window
from domain.device_model import Channel, DeviceModel, FailureMode
from store.database import Connection
from store.device_timeline import device_timeline
from store.listing_rows import PredictionRow
from store.readings import read_range

CHANNELS = 4
LOOKS_BACK = 2


def growing_risk(
    prediction: PredictionRow, curve: Sequence[float], *, pins: Sequence[tuple[datetime, str]]
) -> Chart | None:
    """Probability of having failed by each date up to the horizon; None when the model version tells none."""
    if not curve:
        return None
    step = timedelta(hours=prediction.horizon_hours) / len(curve)
    dates = [prediction.as_of + number * step for number in range(len(curve) + 1)]
    shares = [0.0, *curve]
    series = Series(dates, shares, shares, shares)
    return chart(
        series, dates[0], dates[-1], pins=[Pin(*pin) for pin in pins], threshold=prediction.alarm_threshold, share=True
    )


def driving_channels(contributions: Sequence[Mapping[str, Any]], model: DeviceModel, most: int = CHANNELS) -> list[str]:
    """Names of the measured channels that moved the risk most, the strongest first. A derived channel is not measured:
    it is left to the words."""
    measured = {channel.name for channel in model.channels}
    strongest = sorted(contributions, key=lambda one: -abs(one["effect"]))
    return list(dict.fromkeys(one["channel"] for one in strongest if one["channel"] in measured))[:most]


def telemetry(
    connection: Connection, prediction: PredictionRow, model: DeviceModel, mode: FailureMode
) -> list[tuple[Channel, Chart | None]]:
    """The channels that drove the prediction, over twice the time that its model or its horizon looks at, with what was
    done to the device and what broke on the time axis."""
    names = driving_channels(prediction.contributions, model)
    if not names:
        return []
    since = prediction.as_of - LOOKS_BACK * max(model.features.look_back, mode.horizon)
    until = prediction.as_of + timedelta(microseconds=1)
    device_id = prediction.device_id
    timeline = device_timeline(connection, device_id=device_id, since=since, until=until)
    readings = read_range(connection, model, device_id=device_id, since=since, until=until, channels=names, points=240)
    drawn = channel_charts(readings, model, Window(since, until), timeline, wide=False)
    return [(one.channel, one.chart) for one in drawn]
