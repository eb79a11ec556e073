"""Reporting a problem: whose device it is, its last day of readings, and the ticket; for API and console alike."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta
from functools import partial

from aftercare.table_formats import encode
from aftercare.wiring import Application
from domain.account import Caller, Role
from domain.device_model import DeviceModel
from domain.errors import ForbiddenError, NotFoundError
from service_desk import problem_reports
from store import listings
from store.database import Connection
from store.exports import read_readings, reading_columns
from store.retry import in_transaction
from store.scope import seen_by

HOURS = 24
MOST_BYTES = 32 * 2**20
"""Of readings with one report, packed; the newest hours are kept."""


def report_problem(app: Application, caller: Caller, *, device: str, problem: str, token: str) -> int:
    """The ticket's id. A customer's user reports of their own devices, others need to be operators.

    Raises NotFoundError, ForbiddenError, and as `service_desk.problem_reports.report`.
    """
    if caller.customer is None and not caller.role.includes(Role.OPERATOR):
        raise ForbiddenError(f"this needs the role {Role.OPERATOR}, and {caller.name} is {caller.role}")
    report = partial(_report, app=app, caller=caller, device=device, problem=problem, token=token)
    with seen_by(None):  # a customer's user may read only; `_report` looks whose device it is
        return in_transaction(app.database, report)


def _report(connection: Connection, *, app: Application, caller: Caller, device: str, problem: str, token: str) -> int:
    row, now = listings.device(connection, device), app.clock()
    if caller.customer is not None and row.customer != caller.customer:
        raise NotFoundError(f"device {device} does not exist")
    model = app.catalog.get(row.device_model)
    if model is None:
        raise NotFoundError(f"the catalog of this server has no device model {row.device_model!r}")
    until = min(now, row.last_seen_at or now) + timedelta(microseconds=1)
    return problem_reports.report(
        connection,
        model,
        device_id=row.device_id,
        problem=problem,
        token=token,
        readings=_last_day(connection, model, device, until),
        who=caller.name,
        now=now,
    )


def _last_day(connection: Connection, model: DeviceModel, device: str, until: datetime) -> bytes:
    """CSV in gzip. Packed hour by hour from the newest on, since packed pieces in a row are one packed file."""
    columns, hour = reading_columns(model), timedelta(hours=1)
    heading = b"".join(encode("csv", columns, []))
    packed: list[bytes] = []
    for back in range(HOURS):
        end = until - back * hour
        rows = read_readings(connection, model, device=device, since=end - hour, until=end)
        text = b"".join(encode("csv", columns, rows)).removeprefix(heading)
        packed.insert(0, gzip.compress(text, mtime=0) if text else b"")
        if sum(map(len, packed)) > MOST_BYTES:
            break
    return gzip.compress(heading, mtime=0) + b"".join(packed) if any(packed) else b""
