"""What the listings return: one frozen row per concept, in the words and units of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.money import Money


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device with what is open on it. `worst_severity` is that of its uncleared alarms. `last_seen_at` is the newest
    time that it told, by its own clock; `heard_at` when its newest message arrived, by the platform's."""

    device_id: int
    name: str
    device_model: str
    device_model_title: str
    serial: str
    customer: str
    site: str
    service_centre: str
    installed_at: datetime | None
    firmware: str
    last_seen_at: datetime | None
    heard_at: datetime | None
    connectivity: str
    active_alarms: int
    worst_severity: str | None
    unsettled_tickets: int


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that happened to a device."""

    ts: datetime
    kind: str
    code: str
    component: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """A prediction with the threshold of the model version that made it; risk and threshold in [0, 1]."""

    prediction_id: int
    device_id: int
    device: str
    device_model: str
    failure_mode: str
    as_of: datetime
    horizon_hours: float
    risk: float
    rul_hours: float
    rul_low_hours: float
    rul_high_hours: float
    contributions: Sequence[Mapping[str, Any]]
    model_version_id: int
    alarm_threshold: float
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """The highest risk of one failure mode in one bucket of time, with the lowest remaining useful life."""

    failure_mode: str
    at: datetime
    risk: float
    rul_low_hours: float


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """An alarm; `device` is None when it is about a site, or a device model as such. `ticket_id` is the unsettled
    ticket of the same device and failure mode; `members` counts the devices that a site's alarm stands for."""

    alarm_id: int
    device: str | None
    device_model: str
    customer: str
    site: str
    alarm_type: str
    severity: str
    active: bool
    acknowledged: bool
    shelved_until: datetime | None
    count: int
    raised_at: datetime
    last_at: datetime
    cleared_at: datetime | None
    ack_by: str | None
    ack_at: datetime | None
    source: str
    failure_mode: str | None
    prediction_id: int | None
    message: str
    ticket_id: int | None
    assigned_to: str | None
    deferred: bool
    members: int


@dataclass(frozen=True, slots=True)
class AlarmCommentRow:
    """What someone wrote under an alarm."""

    at: datetime
    who: str
    comment: str


@dataclass(frozen=True, slots=True)
class AlarmMemberRow:
    """A device that a site's alarm stands for, or stood for until it was back (`left_at`)."""

    device: str
    joined_at: datetime
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site with the worst of its uncleared alarms, those of its devices and its own."""

    customer: str
    site: str
    devices: int
    offline: int
    active_alarms: int
    worst_severity: str | None
    unacknowledged: int


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A ticket; of its `parts_needed` reservations, `parts_ready` have the part set aside. `risk` and `rul_low_hours`
    are of the newest prediction, for a settled ticket the newest before it closed."""

    ticket_id: int
    device: str
    device_model: str
    customer: str
    site: str
    service_centre: str
    failure_mode: str
    state: str
    priority: int
    summary: str
    opened_at: datetime
    need_by: datetime
    planned_for: datetime | None
    sla_response_due: datetime | None
    sla_repair_due: datetime | None
    entitlement: Mapping[str, Any]
    decision: Mapping[str, Any]
    closure_code: str | None
    closed_at: datetime | None
    alarm_id: int | None
    prediction_id: int | None
    version: int
    risk: float | None
    rul_low_hours: float | None
    parts_needed: int
    parts_ready: int


@dataclass(frozen=True, slots=True)
class TicketEventRow:
    """One step in the life of a ticket."""

    ticket_event_id: int
    at: datetime
    who: str
    what: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReservationRow:
    """So many of a part set aside, or waited for, for one ticket."""

    reservation_id: int
    ticket_id: int
    device: str
    part_no: str
    description: str
    service_centre: str
    quantity: int
    state: str
    need_by: datetime
    created_at: datetime
    reserved_at: datetime | None
    ended_at: datetime | None
    instead_of: str | None


@dataclass(frozen=True, slots=True)
class StockRow:
    """Pieces of a part at one service centre; `backordered` is what tickets wait for."""

    service_centre: str
    on_hand: int
    allocated: int
    on_order: int
    backordered: int


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part with its stock per service centre."""

    part_no: str
    description: str
    unit_cost: Money
    lead_time_days: float
    stock: Sequence[StockRow]


@dataclass(frozen=True, slots=True)
class Overview:
    """How the fleet stands: counts by connectivity, severity, ticket state and reservation state."""

    devices: Mapping[str, int]
    alarms: Mapping[str, int]
    tickets: Mapping[str, int]
    reservations: Mapping[str, int]
    unacknowledged: int
    needed_within_week: int
    overdue: int
    latest_prediction_at: datetime | None
