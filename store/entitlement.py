"""Sites, warranties, service contracts and sales of devices; each change needs the version that the caller saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from domain.device_model import DeviceModel
from domain.entitlement import ClockHours, Contract, DeviceSale, PauseReason, Site, StartBasis, Warranty
from domain.errors import ChangedMeanwhileError, NotFoundError
from store import devices
from store.database import Connection
from store.rollup_tables import latest_table
from store.sql import load

SQL = load("entitlement")
EVERY = 1_000_000


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What warranties and contracts ask of a device."""

    device: str
    device_model: str
    customer: str
    site: str
    installed_at: datetime | None
    manufactured_on: date | None
    purchased_on: date | None
    sold_to: str | None
    centre_time_zone: str


def list_sites(
    connection: Connection,
    *,
    customer: str | None = None,
    site: str | None = None,
    after: tuple[str, str] = ("", ""),
    limit: int = EVERY,
) -> list[Site]:
    """Described sites by customer and name."""
    wanted = {"customer": customer, "site": site, "after_customer": after[0], "after_site": after[1], "limit": limit}
    return [Site(**row) for row in _rows(connection, "list_sites", wanted)]


def list_warranties(
    connection: Connection,
    *,
    warranty_no: str | None = None,
    device_id: int | None = None,
    after: str = "",
    limit: int = EVERY,
) -> list[Warranty]:
    """Warranties by number: all, the named one, or those that are about a device or its model."""
    wanted = {"warranty_no": warranty_no, "device_id": device_id, "after": after, "limit": limit}
    rows = _rows(connection, "list_warranties", wanted)
    return [Warranty(**{**row, "starts_from": StartBasis(row["starts_from"])}) for row in rows]


def list_contracts(
    connection: Connection,
    *,
    contract_no: str | None = None,
    device_id: int | None = None,
    after: str = "",
    limit: int = EVERY,
) -> list[Contract]:
    """Contracts by number: all, the named one, or those whose scope a device falls into."""
    wanted = {"contract_no": contract_no, "device_id": device_id, "after": after, "limit": limit}
    rows = _rows(connection, "list_contracts", wanted)
    return [
        Contract(
            **{
                **row,
                "hours": ClockHours(row["hours"]),
                "pause_reasons": tuple(PauseReason(reason) for reason in row["pause_reasons"]),
            }
        )
        for row in rows
    ]


def save(connection: Connection, paper: Site | Warranty | Contract) -> int:
    """Store it as new, or as the version after the one that it bears (None: after the present one).

    Returns the stored version. Raises NotFoundError for a device, device model, site or service centre that there is
    not, ConflictError when someone else has changed it since.
    """
    values: dict[str, Any] = asdict(paper)
    query, title = _statement(paper)
    for name, value in values.items():
        if isinstance(value, tuple):
            values[name] = list(value)
    if not isinstance(paper, Site):
        values["device_id"] = device_id(connection, paper.device) if paper.device else None
    try:
        row = connection.execute(SQL[query], values).fetchone()
    except psycopg.errors.ForeignKeyViolation as error:
        raise NotFoundError(f"{title}: {_unknown(error)}") from error
    if row is None:
        raise ChangedMeanwhileError(f"{title} was changed by someone else in the meantime: load it again")
    if isinstance(paper, Site) and paper.service_centre:
        connection.execute(SQL["serve_devices_of_site"], values)
    return int(row[0])


def save_sale(connection: Connection, sale: DeviceSale) -> None:
    """Note when a device was made and sold; what is None stays as it was. Raises NotFoundError."""
    connection.execute(SQL["save_device_sale"], {**asdict(sale), "device_id": device_id(connection, sale.device)})


def device_facts(connection: Connection, *, device_id: int) -> DeviceFacts:
    """Raises NotFoundError."""
    with connection.cursor(row_factory=class_row(DeviceFacts)) as cursor:
        facts = cursor.execute(SQL["device_facts"], {"device_id": device_id}).fetchone()
    if facts is None:
        raise NotFoundError(f"device {device_id} does not exist")
    return facts


def latest_value(connection: Connection, device_model: DeviceModel, *, device_id: int, channel: str) -> float | None:
    """The newest value of a channel; None when the device never sent it, or its model has no such channel."""
    if channel not in {known.name for known in device_model.channels}:
        return None
    statement = sql.SQL(SQL["latest_value"]).format(
        column=sql.Identifier(f"{channel}_value"), latest=sql.Identifier(latest_table(device_model))
    )
    row = connection.execute(statement, {"device_id": device_id}).fetchone()
    return row[0] if row else None


def note_entitlement(connection: Connection, *, ticket_id: int, entitlement: Mapping[str, Any]) -> None:
    """Store with a ticket who pays what."""
    connection.execute(SQL["note_entitlement"], {"ticket_id": ticket_id, "entitlement": Jsonb(entitlement)})


def device_id(connection: Connection, name: str) -> int:
    """Raises NotFoundError."""
    found = devices.find(connection, [name])
    if name not in found:
        raise NotFoundError(f"device {name!r} is not registered")
    return found[name].device_id


def _rows(connection: Connection, query: str, values: Mapping[str, object]) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(SQL[query], values).fetchall()
    return [{key: tuple(value) if isinstance(value, list) else value for key, value in row.items()} for row in rows]


def _statement(paper: Site | Warranty | Contract) -> tuple[str, str]:
    if isinstance(paper, Site):
        return "save_sites", f"site {paper.site} of {paper.customer}"
    if isinstance(paper, Warranty):
        return "save_warranties", f"warranty {paper.warranty_no}"
    return "save_contracts", f"contract {paper.contract_no}"


def _unknown(error: psycopg.errors.ForeignKeyViolation) -> str:
    constraint = error.diag.constraint_name or ""
    if "service_centre" in constraint:
        return "there is no such service centre: it comes into being when a device is registered with it"
    if "customer_site" in constraint:
        return "its site is not described: import the site first"
    return "the catalog has no such device model"
