"""What a customer takes home of their devices: tables, readings and files, as the transaction sees them.

Who sees what is row security's (`store.scope`); what is in no column here stays with the maker: sums and prices, who of
the maker's people did something, their comments, and stock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from psycopg.rows import class_row

from domain.device_model import DeviceModel
from store.database import Connection
from store.exports import Export, Rows, stream_rows
from store.sql import load

SQL = load("customer_export")


@dataclass(frozen=True, slots=True)
class OwnDevice:
    """A device whose readings are a file."""

    device_id: int
    name: str
    device_model: str


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that a device sent; its name is the device's choice."""

    command_file_id: int
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class OwnTable:
    """A table of the export, and what a reader is told of it."""

    name: str
    about: str
    export: Export


def _table(name: str, about: str, **columns: type) -> OwnTable:
    return OwnTable(name, about, Export(name, columns))


_TABLES = (
    _table(
        "devices",
        "Each device: what it is, where it stands, when it was last heard.",
        **dict.fromkeys(("device", "device_model", "serial", "customer", "site"), str),
        installed_at=datetime,
        firmware=str,
        attributes=dict,
        last_seen_at=datetime,
        connectivity=str,
    ),
    _table(
        "components",
        "What is built in, and was; replaced_by_ticket: the ticket in whose visit it was taken out.",
        **dict.fromkeys(("device", "component", "serial", "revision"), str),
        **dict.fromkeys(("installed_at", "removed_at"), datetime),
        replaced_by_ticket=int,
    ),
    _table(
        "events",
        "Errors, maintenance, failures, changes of configuration and log lines of the devices.",
        device=str,
        ts=datetime,
        **dict.fromkeys(("kind", "code", "component"), str),
        detail=dict,
    ),
    _table(
        "connectivity",
        "When devices came online and went offline, and what told it.",
        device=str,
        at=datetime,
        state=str,
        told_by=str,
    ),
    _table(
        "predictions",
        "Risk of failure within horizon_hours of as_of (0 to 1), and remaining useful life in hours with its interval.",
        prediction_id=int,
        **dict.fromkeys(("device", "failure_mode"), str),
        as_of=datetime,
        **dict.fromkeys(("horizon_hours", "risk", "rul_hours", "rul_low_hours", "rul_high_hours"), float),
    ),
    _table(
        "alarms",
        "Alarms of the devices and of whole sites, when they were raised and cleared.",
        alarm_id=int,
        **dict.fromkeys(("device", "site", "alarm_type", "severity"), str),
        active=bool,
        count=int,
        **dict.fromkeys(("raised_at", "last_at", "cleared_at"), datetime),
        **dict.fromkeys(("source", "failure_mode", "message"), str),
    ),
    _table(
        "tickets",
        "Service tickets: by when it must be done, when it is planned, what is promised, what was found, who pays.",
        ticket_id=int,
        **dict.fromkeys(("device", "failure_mode", "state"), str),
        priority=int,
        summary=str,
        **dict.fromkeys(("opened_at", "need_by", "planned_for", "sla_response_due", "sla_repair_due"), datetime),
        closure_code=str,
        closed_at=datetime,
        **dict.fromkeys(("alarm_id", "prediction_id"), int),
        who_pays=dict,
    ),
    _table(
        "problem_reports",
        "Problems that you reported, and the ticket of each.",
        report_id=int,
        device=str,
        ticket_id=int,
        reported_at=datetime,
        problem=str,
    ),
    _table("ticket_history", "What happened to each ticket, and when.", ticket_id=int, at=datetime, what=str),
    _table(
        "visits",
        "Visits of technicians and maintenance, booked, done and cancelled.",
        visit_id=int,
        **dict.fromkeys(("device", "kind", "state"), str),
        **dict.fromkeys(("begins_at", "ends_at"), datetime),
    ),
    _table(
        "parts",
        "Parts that were fitted, or are to be, and for which ticket.",
        ticket_id=int,
        **dict.fromkeys(("device", "part_no", "description"), str),
        quantity=int,
        fitted=bool,
        fitted_at=datetime,
    ),
    _table(
        "commands",
        "What devices were asked from afar, and their answers; files that they sent are in files/, by command.",
        command_id=int,
        **dict.fromkeys(("device", "command"), str),
        arguments=dict,
        state=str,
        **dict.fromkeys(("requested_at", "finished_at"), datetime),
        result=dict,
        **dict.fromkeys(("error_code", "error_message"), str),
        ticket_id=int,
    ),
    _table(
        "troubleshooting",
        "Guided troubleshooting: a line for each step, with what it found and how the whole ended.",
        run_id=int,
        **dict.fromkeys(("device", "failure_mode"), str),
        **dict.fromkeys(("started_at", "ended_at"), datetime),
        outcome=str,
        **dict.fromkeys(("ticket_id", "position"), int),
        at=datetime,
        **dict.fromkeys(("step", "answer"), str),
        command_id=int,
    ),
    _table(
        "twins",
        "Settings of each device: what is desired of it and what it reports.",
        device=str,
        desired=dict,
        desired_version=int,
        desired_at=datetime,
        reported=dict,
        reported_at=datetime,
    ),
    _table(
        "twin_changes",
        "Each change of these settings: by setting what it was and what it became.",
        device=str,
        at=datetime,
        side=str,
        version=int,
        changes=dict,
    ),
)


def own_tables() -> tuple[OwnTable, ...]:
    """All of them, in the order of the export."""
    return _TABLES


def own_devices(connection: Connection) -> list[OwnDevice]:
    """By name."""
    with connection.cursor(row_factory=class_row(OwnDevice)) as cursor:
        return cursor.execute(SQL["names"]).fetchall()


def read_table(connection: Connection, table: OwnTable) -> Iterator[Rows]:
    """Up to 10,000 rows at once."""
    return stream_rows(connection, SQL[table.export.query], {})


def read_own_readings(connection: Connection, model: DeviceModel, device: OwnDevice) -> Iterator[Rows]:
    """The columns of `reading_columns(model)`, up to 10,000 rows at once."""
    statement = sql.SQL(SQL["readings"]).format(
        channels=sql.SQL(", ").join(sql.Identifier(channel.name) for channel in model.channels),
        table=sql.Identifier(model.readings_table),
    )
    return stream_rows(connection, statement, {"device_id": device.device_id})


def read_sent_files(connection: Connection) -> Iterator[SentFile]:
    """One by one: each may have megabytes."""
    with connection.cursor(name="files", row_factory=class_row(SentFile)) as cursor:
        cursor.itersize = 1
        cursor.execute(SQL["command_files"])
        yield from cursor
