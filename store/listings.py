"""Read models of the API and the console: lists by keyset, so that a page costs the same however deep it lies.

Every list takes `after`, the key of the last row of the page before (None for the first page), and `limit`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, LiteralString, TypeVar

from psycopg import sql
from psycopg.rows import class_row

from domain.errors import NotFoundError
from domain.money import Money
from store.database import Connection
from store.listing_rows import (
    AlarmCommentRow,
    AlarmMemberRow,
    AlarmRow,
    DeviceRow,
    EventRow,
    Overview,
    PartRow,
    PredictionRow,
    ReservationRow,
    RiskPoint,
    SiteRow,
    StockRow,
    TicketEventRow,
    TicketRow,
)
from store.sql import fitted, in_view, load
from store.tickets import papers

SQL = load("listings")
UNSETTLED = ("suggested", "open", "planned", "in_progress")
EVERY_ALARM: Mapping[str, Any] = dict.fromkeys(
    (
        "active",
        "severity",
        "device",
        "alarm_id",
        "acknowledged",
        "shelved",
        "deferred",
        "customer",
        "site",
        "device_model",
        "of_site",
    )
)

Row = TypeVar("Row")
EventKey = tuple[datetime, str, str, str]
TicketKey = tuple[datetime, int]


def devices(
    connection: Connection,
    *,
    device_model: str | None = None,
    customer: str | None = None,
    site: str | None = None,
    text: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[DeviceRow]:
    """Devices by name. `text` is looked for in name, serial, customer and site."""
    pattern = None if text is None else "%" + re.sub(r"([%_\\])", r"\\\1", text) + "%"
    wanted = {"device_model": device_model, "customer": customer, "site": site, "pattern": pattern, "name": None}
    return _rows(connection, DeviceRow, SQL["devices"], {**wanted, "after": after, "limit": limit})


def device(connection: Connection, name: str) -> DeviceRow:
    """The device of that name. Raises NotFoundError."""
    wanted = {"device_model": None, "customer": None, "site": None, "pattern": None, "name": name}
    return _one(_rows(connection, DeviceRow, SQL["devices"], {**wanted, "after": None, "limit": 1}), f"device {name!r}")


def device_events(
    connection: Connection, *, device_id: int, after: EventKey | None = None, limit: int = 50
) -> list[EventRow]:
    """What happened to a device, newest first."""
    ts, kind, code, component = after or (None, None, None, None)
    key = {"ts": ts, "kind": kind, "code": code, "component": component}
    return _rows(connection, EventRow, SQL["device_events"], {"device_id": device_id, **key, "limit": limit})


def predictions(
    connection: Connection,
    *,
    device_name: str | None = None,
    failure_mode: str | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[PredictionRow]:
    """Predictions, newest first."""
    wanted = {"device": device_name, "failure_mode": failure_mode, "prediction_id": None}
    return _rows(connection, PredictionRow, SQL["predictions"], {**wanted, "after": after, "limit": limit})


def prediction(connection: Connection, prediction_id: int) -> PredictionRow:
    """One prediction. Raises NotFoundError."""
    wanted = {"device": None, "failure_mode": None, "prediction_id": prediction_id, "after": None, "limit": 1}
    return _one(_rows(connection, PredictionRow, SQL["predictions"], wanted), f"prediction {prediction_id}")


def latest_predictions(
    connection: Connection,
    *,
    modes: Sequence[tuple[str, str]],
    device_name: str | None = None,
    after: tuple[int, str] | None = None,
    limit: int = 50,
) -> list[PredictionRow]:
    """The newest prediction per device and failure mode. `modes` lists (device model, failure mode) of the catalog."""
    after_device, after_mode = after or (None, None)
    return _rows(
        connection,
        PredictionRow,
        SQL["latest_predictions"],
        {
            "device_models": [model for model, _ in modes],
            "failure_modes": [mode for _, mode in modes],
            "device": device_name,
            "after_device": after_device,
            "after_mode": after_mode,
            "limit": limit,
        },
    )


def risk_over_time(
    connection: Connection, *, device_id: int, since: datetime, until: datetime, points: int = 240
) -> list[RiskPoint]:
    """Risk per failure mode between two instants, at most `points` buckets each, oldest first."""
    width = max((until - since) / points, timedelta(seconds=1))
    parameters = {"device_id": device_id, "since": since, "until": until, "width": width}
    return _rows(connection, RiskPoint, SQL["risk_over_time"], parameters)


def alarms(
    connection: Connection,
    *,
    active: bool | None = None,
    severity: str | None = None,
    device_name: str | None = None,
    acknowledged: bool | None = None,
    shelved: bool | None = None,
    deferred: bool | None = None,
    customer: str | None = None,
    site: str | None = None,
    device_model: str | None = None,
    of_site: bool | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[AlarmRow]:
    """Alarms, newest first. customer, site, device_model: of the alarm's device, or what the alarm is about. of_site:
    only those about a site as such, or only the others."""
    wanted = {
        **EVERY_ALARM,
        "active": active,
        "severity": severity,
        "device": device_name,
        "acknowledged": acknowledged,
        "shelved": shelved,
        "deferred": deferred,
        "customer": customer,
        "site": site,
        "device_model": device_model,
        "of_site": of_site,
    }
    return _alarms(connection, {**wanted, "after": after, "limit": limit})


def alarm(connection: Connection, alarm_id: int) -> AlarmRow:
    """One alarm. Raises NotFoundError."""
    wanted = {**EVERY_ALARM, "alarm_id": alarm_id, "after": None, "limit": 1}
    return _one(_alarms(connection, wanted), f"alarm {alarm_id}")


def alarm_comments(connection: Connection, alarm_id: int) -> list[AlarmCommentRow]:
    """What people wrote under an alarm, oldest first. Raises NotFoundError."""
    alarm(connection, alarm_id)
    query = fitted(SQL, "alarm_comments", "commenter")
    return _rows(connection, AlarmCommentRow, query, {"alarm_id": alarm_id})


def alarm_members(connection: Connection, alarm_id: int) -> list[AlarmMemberRow]:
    """The devices that a site's alarm stands for, by name; none for any other alarm. Raises NotFoundError."""
    alarm(connection, alarm_id)
    return _rows(connection, AlarmMemberRow, SQL["alarm_members"], {"alarm_id": alarm_id})


def sites(
    connection: Connection, *, customer: str | None = None, after: tuple[str, str] | None = None, limit: int = 50
) -> list[SiteRow]:
    """Sites by customer and name, each as bad as the worst of its alarms."""
    after_customer, after_site = after or (None, None)
    wanted = {"customer": customer, "after_customer": after_customer, "after_site": after_site, "limit": limit}
    return _rows(connection, SiteRow, SQL["sites"], wanted)


def tickets(
    connection: Connection,
    *,
    states: Sequence[str] | None = None,
    device_name: str | None = None,
    ticket_ids: Sequence[int] | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[TicketRow]:
    """Tickets, newest first; of all states when `states` is None, and of any number when `ticket_ids` is."""
    wanted = {
        "states": list(states) if states else None,
        "device": device_name,
        "ticket_ids": None if ticket_ids is None else list(ticket_ids),
    }
    return _tickets(connection, "newest_tickets_first", {**wanted, "after": after, "limit": limit})


def tickets_by_need(
    connection: Connection, *, states: Sequence[str] = UNSETTLED, after: TicketKey | None = None, limit: int = 50
) -> list[TicketRow]:
    """Tickets by when part and technician must be there, soonest first."""
    need_by, ticket_id = after or (None, None)
    wanted = {"states": list(states), "need_by": need_by, "ticket_id": ticket_id, "limit": limit}
    return _tickets(connection, "soonest_need_first", wanted)


def ticket(connection: Connection, ticket_id: int) -> TicketRow:
    """One ticket. Raises NotFoundError."""
    return _one(tickets(connection, ticket_ids=[ticket_id], limit=1), f"ticket {ticket_id}")


def ticket_events(connection: Connection, ticket_id: int) -> list[TicketEventRow]:
    """The life of a ticket, oldest first; customers are told neither who did it nor what they noted."""
    return _rows(connection, TicketEventRow, in_view(SQL, "ticket_events"), {"ticket_id": ticket_id})


def reservations(
    connection: Connection,
    *,
    state: str | None = None,
    part_no: str | None = None,
    ticket_id: int | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[ReservationRow]:
    """Part reservations, newest first."""
    wanted = {"state": state, "part_no": part_no, "ticket_id": ticket_id}
    return _rows(connection, ReservationRow, SQL["reservations"], {**wanted, "after": after, "limit": limit})


def parts(connection: Connection, *, after: str | None = None, limit: int = 50) -> list[PartRow]:
    """Parts by number, each with its stock per service centre."""
    rows = connection.execute(SQL["parts"], {"after": after, "limit": limit}).fetchall()
    return [
        PartRow(part_no, description, Money(minor, currency), lead_time_days, [StockRow(**entry) for entry in stock])
        for part_no, description, minor, currency, lead_time_days, stock in rows
    ]


def overview(connection: Connection, *, now: datetime) -> Overview:
    """Counts of everything that is open."""
    return _rows(connection, Overview, SQL["overview"], {"now": now})[0]


def _alarms(connection: Connection, parameters: Mapping[str, Any]) -> list[AlarmRow]:
    return _rows(connection, AlarmRow, fitted(SQL, "alarms", "alarm_people"), parameters)


def _tickets(connection: Connection, which: str, parameters: Mapping[str, Any]) -> list[TicketRow]:
    rows = sql.SQL(SQL["ticket_rows"]).format(papers=papers())
    return _rows(connection, TicketRow, rows + sql.SQL("\n") + sql.SQL(SQL[which]), parameters)


def _rows(
    connection: Connection, row: type[Row], query: LiteralString | sql.Composed, parameters: Mapping[str, Any]
) -> list[Row]:
    with connection.cursor(row_factory=class_row(row)) as cursor:
        return cursor.execute(query, parameters).fetchall()


def _one(rows: Sequence[Row], what: str) -> Row:
    if not rows:
        raise NotFoundError(f"{what} does not exist: look it up in the list")
    return rows[0]
