"""What the API answers, as the client gives it. Fields that a newer server adds are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Device:
    """An installed device and what is open on it."""

    name: str
    device_model: str
    serial: str
    customer: str
    site: str
    service_centre: str
    installed_at: datetime | None
    firmware: str
    last_seen_at: datetime | None
    connectivity: str
    active_alarms: int
    worst_severity: str | None
    unsettled_tickets: int


@dataclass(frozen=True, slots=True)
class Channel:
    """Least, mean and greatest value of each bucket; None where it has none."""

    name: str
    title: str
    unit: str
    low: Sequence[float | None]
    mean: Sequence[float | None]
    high: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Readings with since <= ts < until in buckets; `bucket_seconds` None: each reading as it is."""

    device: str
    since: datetime
    until: datetime
    bucket_seconds: float | None
    ts: Sequence[datetime]
    channels: Sequence[Channel]


@dataclass(frozen=True, slots=True)
class Contribution:
    """How much a channel moved the risk, in probability."""

    channel: str
    effect: float
    text: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """Risk within the horizon, and remaining useful life with its interval."""

    prediction_id: int
    device: str
    device_model: str
    failure_mode: str
    as_of: datetime
    horizon_hours: float
    risk: float
    rul_hours: float
    rul_low_hours: float
    rul_high_hours: float
    contributions: Sequence[Contribution]
    model_version_id: int
    alarm_threshold: float


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm of a device, a site or a device model."""

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
    failure_mode: str | None
    prediction_id: int | None
    message: str
    ticket_id: int | None
    assigned_to: str | None
    etag: str = ""
    """Of one that was asked for by itself; in lists there is none."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A service ticket."""

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
    closure_code: str | None
    closed_at: datetime | None
    alarm_id: int | None
    prediction_id: int | None
    version: int
    parts_needed: int
    parts_ready: int

    @property
    def etag(self) -> str:
        """For `if_match`."""
        return f'"{self.version}"'


@dataclass(frozen=True, slots=True)
class Sla:
    """A clock of a ticket; seconds are of the time that its contract counts."""

    kind: str
    contract_no: str
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    elapsed_seconds: float
    remaining_seconds: float
    paused: bool
    breached: bool


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What came after a ticket; `first_visit_fix` None while it cannot be known."""

    satisfaction: int | None
    comment: str
    visits: int | None
    first_visit_fix: bool | None


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` counts the currency's minor unit, such as cents."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Stock:
    """Pieces of a part at one service centre."""

    service_centre: str
    on_hand: int
    allocated: int
    on_order: int
    backordered: int


@dataclass(frozen=True, slots=True)
class Part:
    """A spare part and where it lies."""

    part_no: str
    description: str
    unit_cost: Money
    lead_time_days: float
    stock: Sequence[Stock]


@dataclass(frozen=True, slots=True)
class Command:
    """A remote command and what became of it."""

    command_id: int
    device: str
    command: str
    arguments: Mapping[str, Any]
    state: str
    requested_at: datetime
    requested_by: str
    expires_at: datetime
    finished_at: datetime | None
    progress: float | None
    result: Mapping[str, Any] | None
    error_code: str
    error_message: str
    ticket_id: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """A change of an alarm or a ticket: `feed_seq` is where to go on after it, `document` all that is told of it."""

    feed_seq: int
    kind: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Manual:
    """A manual of a device model; `kind`: md, txt or pdf."""

    name: str
    title: str
    kind: str
    language: str


@dataclass(frozen=True, slots=True)
class GuidanceFound:
    """A text of guidance or a manual; the words that were looked for stand between ⟦ and ⟧."""

    device_model: str
    subject: str
    kind: str
    title: str
    language: str
    told: str


@dataclass(frozen=True, slots=True)
class Technician:
    """Who visits devices, with skills and shifts; `version` None: not stored yet."""

    technician: str
    service_centre: str
    skills: Sequence[str] = ()
    time_zone: str = "UTC"
    hours: str = "Mo-Fr 08:00-17:00"
    holidays: str = ""
    closed_days: Sequence[date] = ()
    weekly_hours: float | None = None
    active: bool = True
    version: int | None = None
