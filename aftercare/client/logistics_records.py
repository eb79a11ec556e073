"""What the API answers about parts on shelves and on their way, as the client gives it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Balance:
    """A part's balance at one service centre."""

    service_centre: str
    part_no: str
    on_hand: int
    allocated: int
    free: int
    on_order: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """Stock that goes from one centre to another; `ticket_id` None: it fills a shelf."""

    transfer_id: int
    part_no: str
    description: str
    quantity: int
    from_centre: str
    to_centre: str
    state: str
    ticket_id: int | None
    device: str | None
    need_by: datetime | None
    created_at: datetime
    shipped_at: datetime | None
    arrives_at: datetime | None
    ended_at: datetime | None
    who: str
    reason: str
    etag: str = ""
    """Of one that was asked for by itself; in lists there is none."""


@dataclass(frozen=True, slots=True)
class TransferTime:
    """How long parts are under way; the way back takes as long unless it is listed too."""

    from_centre: str
    to_centre: str
    hours: float


@dataclass(frozen=True, slots=True)
class Return:
    """A component that was taken out; `return_id` is its RMA number."""

    return_id: int
    ticket_id: int
    device: str
    device_model: str
    failure_mode: str
    closure_code: str | None
    component: str
    part_no: str | None
    service_centre: str
    state: str
    findings: str | None
    note: str
    restocked: bool
    expected_at: datetime
    received_at: datetime | None
    inspected_at: datetime | None
    inspected_by: str | None
    etag: str = ""
    """Of one that was asked for by itself; in lists there is none."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Closed tickets of a failure mode, and what was found of the components that came back."""

    device_model: str
    failure_mode: str
    closed: int
    closed_no_fault_found: int
    returned: int
    worn: int
    defective: int
    no_fault_found: int
    damaged: int
