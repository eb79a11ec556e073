"""What became of failures and tickets: was the ticket open and the part reserved when the device failed?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.device_model import DeviceModel
from store.database import Connection
from store.sql import load

SQL = load("outcomes")


@dataclass(frozen=True, slots=True)
class FailureOutcome:
    """A failure that happened. `opened_at`: when its ticket was opened, None without one; `reserved_at`: when the last
    part of the kit was reserved, None when the kit was not complete at the failure."""

    device: str
    device_model: str
    failure_mode: str
    failed_at: datetime
    ticket_id: int | None
    opened_at: datetime | None
    reserved_at: datetime | None


@dataclass(frozen=True, slots=True)
class TicketOutcome:
    """A ticket that was opened. `failed_at`: the next failure of its device and mode, None when there was none;
    `last_seen_at`: how far the device's data goes."""

    ticket_id: int
    device: str
    device_model: str
    failure_mode: str
    opened_at: datetime
    state: str
    failed_at: datetime | None
    last_seen_at: datetime | None


def failure_outcomes(
    connection: Connection, catalog: Mapping[str, DeviceModel], *, since: datetime
) -> Sequence[FailureOutcome]:
    """Every failure since `since`, in order of time."""
    rows = connection.execute(SQL["failures"], {"since": since, **_codes(catalog)}).fetchall()
    return [FailureOutcome(*row) for row in rows]


def ticket_outcomes(
    connection: Connection, catalog: Mapping[str, DeviceModel], *, since: datetime
) -> Sequence[TicketOutcome]:
    """Every ticket opened (or accepted by a planner) since `since`; mere suggestions are left out."""
    rows = connection.execute(SQL["tickets"], {"since": since, **_codes(catalog)}).fetchall()
    return [TicketOutcome(*row) for row in rows]


def _codes(catalog: Mapping[str, DeviceModel]) -> dict[str, list[str]]:
    triples = [
        (model.name, code, mode.name)
        for model in catalog.values()
        for mode in model.failure_modes
        for code in mode.event_codes
    ]
    models, codes, modes = zip(*triples, strict=True)
    return {"device_models": list(models), "codes": list(codes), "failure_modes": list(modes)}
