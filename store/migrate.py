"""Brings a database to the current schema: the numbered .sql files, then one readings table per catalog file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files

import psycopg
from psycopg import sql

from domain.device_model import DeviceModel
from domain.errors import ConfigurationError, UnavailableError
from store.columnar import keep_columnar
from store.database import Connection, Tier, connect, detect_tier
from store.retention import READINGS_CHUNK
from store.roles import grant_customers, grant_roles
from store.rollup_tables import sync_rollup_tables
from store.sql import load

SQL = load("database")


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What a migration did. new_tables: those of device models; new_columns: in tables that were there."""

    tier: Tier
    applied: Sequence[str]
    new_columns: Sequence[str]
    new_tables: Sequence[str] = ()
    roles: Sequence[str] = ()


def migrate(
    url: str,
    device_models: Sequence[DeviceModel],
    *,
    app_password: str | None = None,
    read_password: str | None = None,
) -> MigrationReport:
    """Apply what is missing, all of it or nothing. Several processes may call it at once; one works, the others wait.

    With passwords the roles of `store.roles` may log in and do what is theirs. Raises UnavailableError when the
    database cannot be reached, ConfigurationError when a later version migrated it or this user may not make roles.
    """
    with connect(url, autocommit=True) as connection:
        tier = detect_tier(connection)
        if tier.has_hypertables:
            _create_extension(connection)
            tier = detect_tier(connection)  # only now it tells its licence
    with connect(url) as connection:
        connection.execute(SQL["lock_migrations"])
        connection.execute(SQL["create_migrations_table"])
        _refuse_newer(connection)
        applied = [_apply(connection, name) for name in pending_migrations(connection)]
        before = _tables(connection)
        columns = [column for model in device_models for column in _sync_device_model(connection, model, tier)]
        tables = sorted(_tables(connection) - before)
        _sync_view(connection)
        grant_customers(connection)
        roles = grant_roles(connection, app_password=app_password, read_password=read_password)
    return MigrationReport(tier, applied, columns, tables, roles)


def pending_migrations(connection: Connection) -> list[str]:
    """Names of the migrations that this database has not seen."""
    return sorted(_migrations() - _applied(connection))


def require_current(connection: Connection, device_models: Iterable[DeviceModel] = ()) -> None:
    """Raises ConfigurationError when a migration is missing, or is there that this program does not know, or one of
    these device models or a channel of theirs has no place yet."""
    _refuse_newer(connection)
    if pending := pending_migrations(connection):
        raise ConfigurationError(f"{pending[0]} is not applied to the database: run 'aftercare migrate'")
    for model in device_models:
        columns = {name for (name,) in connection.execute(SQL["table_columns"], {"table": model.readings_table})}
        if missing := [channel.name for channel in model.channels if channel.name not in columns]:
            what = f"channel {missing[0]} of {model.name}" if columns else f"device model {model.name}"
            raise ConfigurationError(f"{what} is in the catalog and not in the database yet: run 'aftercare migrate'")


def _refuse_newer(connection: Connection) -> None:
    if newer := sorted(_applied(connection) - _migrations()):
        raise ConfigurationError(
            f"{connection.info.dbname} has {newer[-1]}, of which this version of Aftercare knows nothing: "
            "run the version that migrated it, or a later one"
        )


def _migrations() -> set[str]:
    return {entry.name for entry in (files("store") / "migrations").iterdir() if entry.name.endswith(".sql")}


def _applied(connection: Connection) -> set[str]:
    if not connection.execute(SQL["table_columns"], {"table": "schema_migrations"}).fetchone():
        return set()
    return {name for (name,) in connection.execute(SQL["applied_migrations"])}


def _tables(connection: Connection) -> set[str]:
    return {name for (name,) in connection.execute(SQL["tables"])}


def _create_extension(connection: Connection) -> None:
    try:
        connection.execute(SQL["create_timescaledb"])
    except psycopg.errors.UniqueViolation:
        pass  # another process created it between the check and the creation
    except psycopg.errors.InsufficientPrivilege as error:
        raise UnavailableError(
            f"{connection.info.dbname}: the timescaledb extension is missing and this user may not create it: "
            "let a superuser run CREATE EXTENSION timescaledb"
        ) from error


def _apply(connection: Connection, name: str) -> str:
    text = (files("store") / "migrations" / name).read_text(encoding="utf-8")
    connection.execute(text.encode())
    connection.execute(SQL["note_migration"], {"name": name})
    return name


def _sync_device_model(connection: Connection, model: DeviceModel, tier: Tier) -> list[str]:
    connection.execute(
        SQL["upsert_device_model"],
        {
            "name": model.name,
            "title": model.title,
            "reading_interval": model.reading_interval,
            "currency": model.currency,
        },
    )
    for part in model.parts:
        connection.execute(
            SQL["upsert_part"],
            {
                "part_no": part.part_no,
                "description": part.description,
                "unit_cost": part.unit_cost.minor,
                "currency": part.unit_cost.currency,
                "lead_time": part.lead_time,
            },
        )
    return _sync_readings_table(connection, model, tier)


def _sync_readings_table(connection: Connection, model: DeviceModel, tier: Tier) -> list[str]:
    table = model.readings_table
    existing = {name for (name,) in connection.execute(SQL["table_columns"], {"table": table})}
    if not existing:
        connection.execute(
            sql.SQL(
                "CREATE TABLE {} (ts timestamptz NOT NULL, device_id bigint NOT NULL, extra jsonb, "
                "PRIMARY KEY (device_id, ts))"
            ).format(sql.Identifier(table))
        )
        if tier.has_hypertables:
            connection.execute(SQL["create_hypertable"], {"table": table, "chunk": READINGS_CHUNK})
    missing = [channel for channel in model.channels if channel.name not in existing]
    for channel in missing:
        connection.execute(
            sql.SQL("ALTER TABLE {} ADD COLUMN {} double precision").format(
                sql.Identifier(table), sql.Identifier(channel.name)
            )
        )
    if tier is Tier.COMMUNITY:
        keep_columnar(connection, model)
    sync_rollup_tables(connection, model, tier)
    return [f"{table}.{channel.name}" for channel in missing] if existing else []


def _sync_view(connection: Connection) -> None:
    """The view `telemetry` (ts, device, channel, value) over every readings table."""
    selects = []
    for (name,) in connection.execute(SQL["readings_tables"]).fetchall():
        table = f"readings_{name}"
        columns = [
            column
            for (column,) in connection.execute(SQL["table_columns"], {"table": table})
            if column not in ("ts", "device_id", "extra")
        ]
        pairs = sql.SQL(", ").join(
            sql.SQL("({}, r.{})").format(sql.Literal(column), sql.Identifier(column)) for column in sorted(columns)
        )
        selects.append(
            sql.SQL(
                "SELECT r.ts, d.name AS device, c.channel, c.value FROM {} r JOIN devices d USING (device_id) "
                "CROSS JOIN LATERAL (VALUES {}) AS c (channel, value) WHERE c.value IS NOT NULL"
            ).format(sql.Identifier(table), pairs)
        )
    if selects:  # replaced, not dropped: people may have built views upon it
        connection.execute(sql.SQL("CREATE OR REPLACE VIEW telemetry AS ") + sql.SQL(" UNION ALL ").join(selects))
