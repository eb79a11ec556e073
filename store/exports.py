"""Tables as they leave the platform: read in pieces, so that their size does not matter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import sql

from domain.device_model import DeviceModel
from store.database import Connection
from store.sql import fitted, load

SQL = load("exports")
ROWS_AT_ONCE = 10_000

Rows = Sequence[tuple[Any, ...]]
Columns = Mapping[str, type]
"""What a column holds, in the order of the row: int, float, str, bool, datetime in UTC, or dict and list for JSON as
text. Each may be None."""


@dataclass(frozen=True, slots=True)
class Export:
    """A table that leaves as a file. parts: those of the query that customers have others of."""

    query: str
    columns: Columns
    parts: Sequence[str] = ()


DEVICES = Export(
    "devices",
    {
        **dict.fromkeys(("device", "device_model", "serial", "customer", "site", "service_centre"), str),
        "installed_at": datetime,
        "firmware": str,
        "attributes": dict,
        "last_seen_at": datetime,
        "heard_at": datetime,
        "connectivity": str,
    },
)
PREDICTIONS = Export(
    "predictions",
    {
        "prediction_id": int,
        **dict.fromkeys(("device", "device_model", "failure_mode"), str),
        "as_of": datetime,
        **dict.fromkeys(
            ("horizon_hours", "risk", "rul_hours", "rul_low_hours", "rul_high_hours", "alarm_threshold"), float
        ),
        "model_version": int,
        "created_at": datetime,
        "contributions": list,
    },
)
"""Durations are hours; contributions a list of {channel, effect, text, log_odds}."""
ALARMS = Export(
    "alarms",
    {
        "alarm_id": int,
        **dict.fromkeys(("device", "device_model", "customer", "site", "alarm_type", "severity"), str),
        **dict.fromkeys(("active", "acknowledged"), bool),
        **dict.fromkeys(("ack_by", "assigned_to"), str),
        "ack_at": datetime,
        "shelved_until": datetime,
        "deferred": bool,
        "count": int,
        **dict.fromkeys(("raised_at", "last_at", "cleared_at"), datetime),
        **dict.fromkeys(("source", "failure_mode"), str),
        "prediction_id": int,
        "message": str,
    },
    parts=["alarm_people"],
)
TICKETS = Export(
    "tickets",
    {
        "ticket_id": int,
        **dict.fromkeys(("device", "device_model", "customer", "site", "service_centre", "failure_mode", "state"), str),
        "priority": int,
        "summary": str,
        **dict.fromkeys(("opened_at", "need_by", "planned_for", "sla_response_due", "sla_repair_due"), datetime),
        "closure_code": str,
        "closed_at": datetime,
        **dict.fromkeys(("alarm_id", "prediction_id", "version"), int),
        **dict.fromkeys(("entitlement", "decision"), dict),
    },
    parts=["ticket_papers"],
)
STOCK_JOURNAL = Export(
    "stock_journal",
    {
        "journal_id": int,
        "at": datetime,
        **dict.fromkeys(("service_centre", "part_no", "movement"), str),
        **dict.fromkeys(("on_hand_change", "allocated_change", "on_order_change", "reservation_id"), int),
        **dict.fromkeys(("who", "reason", "reference"), str),
    },
)


def reading_columns(device_model: DeviceModel) -> Columns:
    """Those of the readings of a device of this model: its channels, and what it sent beyond them."""
    return {"ts": datetime, **dict.fromkeys((channel.name for channel in device_model.channels), float), "extra": dict}


def read_export(
    connection: Connection,
    export: Export,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    device_model: str | None = None,
) -> Iterator[Rows]:
    """Up to 10,000 rows at once, all of one snapshot, with since <= the row's own time < until.

    That time is when a prediction is as of, an alarm was raised, a ticket opened, stock moved; devices have none.
    """
    return stream_rows(
        connection,
        fitted(SQL, export.query, *export.parts),
        {"since": since, "until": until, "device_model": device_model},
    )


def read_readings(
    connection: Connection, device_model: DeviceModel, *, device: str, since: datetime, until: datetime
) -> Iterator[Rows]:
    """The readings of one device with since <= ts < until, as they were sent, up to 10,000 at once."""
    statement = sql.SQL(SQL["readings"]).format(
        channels=sql.SQL(", ").join(sql.Identifier(channel.name) for channel in device_model.channels),
        table=sql.Identifier(device_model.readings_table),
    )
    return stream_rows(connection, statement, {"device": device, "since": since, "until": until})


def stream_rows(
    connection: Connection, query: LiteralString | sql.Composed, parameters: Mapping[str, Any]
) -> Iterator[Rows]:
    """What the query finds, up to 10,000 rows at once; one such stream of a connection at a time."""
    with connection.cursor(name="export") as cursor:
        cursor.execute(query, parameters)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield rows
