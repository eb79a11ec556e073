"""What the API answers: UTC times, hours and seconds named so, money as minor units with a currency."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """Reads its fields from a row of the listings."""

    model_config = ConfigDict(from_attributes=True)


class ShownOnce(BaseModel):
    """Holds a secret, so that the answer is kept nowhere."""


class Money(Answer):
    minor: int = Field(description="Whole number of the currency's minor unit, such as cents", examples=[350000])
    currency: str = Field(description="ISO 4217", examples=["EUR"])


class Device(Answer):
    name: str = Field(examples=["hp-0042"])
    device_model: str = Field(examples=["heat_pump"])
    device_model_title: str = Field(examples=["Heat pump"])
    serial: str = Field(examples=["SN-7781"])
    customer: str = Field(examples=["Northern Dairies"])
    site: str = Field(examples=["Plant 2"])
    service_centre: str = Field(examples=["hamburg"])
    installed_at: datetime | None
    firmware: str = Field(examples=["2.4.1"])
    last_seen_at: datetime | None = Field(description="Newest time that it told, by its own clock")
    heard_at: datetime | None = Field(description="When its newest message arrived, by the platform's clock")
    connectivity: str = Field(examples=["online"])
    active_alarms: int = Field(examples=[1])
    worst_severity: str | None = Field(examples=["MAJOR"])
    unsettled_tickets: int = Field(examples=[1])


class DeviceEvent(Answer):
    ts: datetime
    kind: str = Field(examples=["maintenance"])
    code: str = Field(examples=["confirmed"])
    component: str = Field(examples=["compressor"])
    detail: dict[str, Any]


class Channel(Answer):
    name: str = Field(examples=["discharge_temperature"])
    title: str = Field(examples=["Discharge temperature"])
    unit: str = Field(examples=["degC"])
    low: list[float | None]
    mean: list[float | None]
    high: list[float | None]


class Telemetry(Answer):
    """Readings in buckets of time; the extremes of each bucket are kept, so a spike stays visible."""

    device: str = Field(examples=["hp-0042"])
    since: datetime
    until: datetime
    bucket_seconds: float | None = Field(description="null: each reading as it is", examples=[300.0])
    ts: list[datetime] = Field(description="Begin of each bucket that holds readings; a channel's lists go with it")
    channels: list[Channel]


class LatestValue(Answer):
    channel: str = Field(examples=["discharge_temperature"])
    ts: datetime
    value: float


class FleetLatest(Answer):
    """The newest value of each channel of each device of one model, about a second old."""

    channels: list[str] = Field(description="The order of the values")
    devices: list[str] = Field(description="By name; `ts` and `values` go with it")
    ts: list[datetime] = Field(description="When each device sent its newest reading")
    values: list[list[float | None]] = Field(description="null: never sent")


class Contribution(Answer):
    channel: str = Field(examples=["discharge_temperature"])
    effect: float = Field(description="How much it moved the risk, in probability", examples=[0.21])
    text: str = Field(examples=["Discharge temperature 9 K above this unit's own start"])
    log_odds: float = Field(0.0, description="How much it moved the log-odds of the risk", examples=[1.4])


class Prediction(Answer):
    prediction_id: int = Field(examples=[8123])
    device: str = Field(examples=["hp-0042"])
    device_model: str = Field(examples=["heat_pump"])
    failure_mode: str = Field(examples=["compressor_wear"])
    as_of: datetime = Field(description="Device time of the last reading that the model saw")
    horizon_hours: float = Field(examples=[336.0])
    risk: float = Field(description="Probability of failing by this mode within the horizon", examples=[0.83])
    rul_hours: float = Field(description="Remaining useful life", examples=[120.0])
    rul_low_hours: float = Field(examples=[80.0])
    rul_high_hours: float = Field(examples=[190.0])
    contributions: list[Contribution]
    model_version_id: int = Field(examples=[3])
    alarm_threshold: float = Field(description="Risk from which acting is cheaper than waiting", examples=[0.4])
    created_at: datetime


class Alarm(Answer):
    alarm_id: int = Field(examples=[17])
    device: str | None = Field(description="None: about a site, or a device model as such", examples=["hp-0042"])
    device_model: str = Field(description="Empty: about a site", examples=["heat_pump"])
    customer: str = Field(examples=["Northern Dairies"])
    site: str = Field(examples=["Plant 2"])
    alarm_type: str = Field(examples=["predicted:compressor_wear"])
    severity: str = Field(examples=["MAJOR"])
    active: bool
    acknowledged: bool
    shelved_until: datetime | None
    count: int = Field(examples=[4])
    raised_at: datetime
    last_at: datetime
    cleared_at: datetime | None
    ack_by: str | None
    ack_at: datetime | None
    source: str = Field(examples=["prediction"])
    failure_mode: str | None = Field(examples=["compressor_wear"])
    prediction_id: int | None = Field(examples=[8123])
    message: str = Field(examples=["Compressor worn: 83 % within 14 days"])
    ticket_id: int | None = Field(description="Unsettled ticket of the same device and failure mode", examples=[5])
    assigned_to: str | None = Field(examples=["anna"])
    deferred: bool = Field(description="More is predicted than can be worked off, and this can wait best")
    members: int = Field(description="Devices that a site's alarm stands for", examples=[0])


class AlarmComment(Answer):
    at: datetime
    who: str = Field(examples=["anna"])
    comment: str = Field(examples=["Called the site: they are cleaning the hall"])


class AlarmMember(Answer):
    device: str = Field(examples=["hp-0042"])
    joined_at: datetime
    left_at: datetime | None = Field(description="When it was back")


class Site(Answer):
    customer: str = Field(examples=["Northern Dairies"])
    site: str = Field(examples=["Plant 2"])
    devices: int = Field(examples=[12])
    offline: int = Field(examples=[1])
    active_alarms: int = Field(examples=[3])
    worst_severity: str | None = Field(examples=["MAJOR"])
    unacknowledged: int = Field(examples=[1])


class Ticket(Answer):
    ticket_id: int = Field(examples=[5])
    device: str = Field(examples=["hp-0042"])
    device_model: str = Field(examples=["heat_pump"])
    customer: str = Field(examples=["Northern Dairies"])
    site: str = Field(examples=["Plant 2"])
    service_centre: str = Field(examples=["hamburg"])
    failure_mode: str = Field(examples=["compressor_wear"])
    state: str = Field(examples=["open"])
    priority: int = Field(description="1 is the most urgent, 5 the least", examples=[2])
    summary: str = Field(examples=["Replace the compressor of hp-0042"])
    opened_at: datetime
    need_by: datetime = Field(description="Part and technician must be there by then")
    planned_for: datetime | None
    sla_response_due: datetime | None
    sla_repair_due: datetime | None
    entitlement: dict[str, Any]
    closure_code: str | None
    closed_at: datetime | None
    alarm_id: int | None = Field(examples=[17])
    prediction_id: int | None = Field(examples=[8123])
    version: int = Field(examples=[1])
    parts_needed: int = Field(examples=[2])
    parts_ready: int = Field(examples=[2])


class TicketEvent(Answer):
    at: datetime
    who: str = Field(examples=["planner"])
    what: str = Field(examples=["accepted"])
    detail: dict[str, Any]


class Reservation(Answer):
    reservation_id: int = Field(examples=[9])
    ticket_id: int = Field(examples=[5])
    device: str = Field(examples=["hp-0042"])
    part_no: str = Field(examples=["COMP-22"])
    description: str = Field(examples=["Scroll compressor 22 kW"])
    service_centre: str = Field(examples=["hamburg"])
    quantity: int = Field(examples=[1])
    state: str = Field(examples=["reserved"])
    need_by: datetime
    created_at: datetime
    reserved_at: datetime | None
    ended_at: datetime | None
    instead_of: str | None = Field(description="The part of the kit that this one is a substitute for")


class TicketDetail(Ticket):
    """A ticket with the sum behind it, its life and its parts."""

    decision: dict[str, Any] = Field(description="Cost of acting now and of waiting, line by line, in minor units")
    events: list[TicketEvent]
    reservations: list[Reservation]


class Stock(Answer):
    service_centre: str = Field(examples=["hamburg"])
    on_hand: int = Field(examples=[4])
    allocated: int = Field(examples=[1])
    on_order: int = Field(examples=[0])
    backordered: int = Field(description="Pieces that tickets wait for", examples=[0])


class Part(Answer):
    part_no: str = Field(examples=["COMP-22"])
    description: str = Field(examples=["Scroll compressor 22 kW"])
    unit_cost: Money
    lead_time_days: float = Field(examples=[14.0])
    stock: list[Stock]


class ModelVersion(Answer):
    model_version_id: int = Field(examples=[3])
    training_run_id: int = Field(examples=[2])
    device_model: str = Field(examples=["heat_pump"])
    failure_mode: str = Field(examples=["compressor_wear"])
    task: str = Field(examples=["failure"])
    status: str = Field(examples=["champion"])
    alarm_threshold: float = Field(examples=[0.4])
    metrics: dict[str, Any]
    data_from: datetime
    data_to: datetime
    row_count: int = Field(examples=[120000])
    device_count: int = Field(examples=[80])
    features: list[str]
    code_version: str
    library_versions: dict[str, str]
    silent_channels: dict[str, list[str]] = Field(examples=[{"constant": ["fan_speed"]}])
    artifact_sha256: str
    created_at: datetime


class Health(Answer):
    status: str = Field(examples=["ok"])
    version: str = Field(examples=["0.1.0"])
    database_tier: str = Field(examples=["TimescaleDB Apache"])
    pending_migrations: list[str]
    feed_listeners: int = Field(examples=[3])
