"""Everything about a customer's devices as one ZIP, made while it is sent: no more than a batch of rows is held."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, Any, cast
from urllib.parse import quote
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import orjson

from aftercare.table_formats import Sink, encode
from aftercare.wiring import Catalog
from domain.device_model import DeviceModel
from store.customer_export import own_devices, own_tables, read_own_readings, read_sent_files, read_table
from store.database import Connection
from store.exports import Columns, Rows, reading_columns

README = """Data of the devices of {customer}, as of {now}.

Tables, one file each:
{tables}

readings/DEVICE.{form}  (a colon in the device's name is %3A)
    What the device measured, oldest first, as it sent it and as far back as single readings are kept: ts, a column for
    each channel, and extra, what it sent beyond these.

files/NUMBER-NAME
    Files that devices sent in answer to a command.

contents.json
    Of each table its columns with types, and how many rows each file has; of each device model its channels with units
    and its failure modes; the devices whose readings are left out because this server does not know their device model.
    It is written last: an archive without it is not whole.

Times are UTC. Columns of JSON hold JSON text. Empty: not known. device, ticket_id, prediction_id, alarm_id and
command_id link the tables.
"""
TYPES = {int: "integer", float: "number", str: "text", bool: "boolean", datetime: "time", dict: "JSON", list: "JSON"}


def archive_pieces(
    connection: Connection, catalog: Catalog, *, customer: str, form: str, now: datetime
) -> Iterator[bytes]:
    """The ZIP in pieces, of what this transaction sees; tables and readings in one of `table_formats`."""
    archive = _Archive(now)
    devices = own_devices(connection)
    rows: dict[str, int] = {}
    yield from archive.member("README.txt", [_readme(customer, form, now)])
    for table in own_tables():
        name = f"{table.name}.{form}"
        batches = _counted(rows, name, read_table(connection, table))
        yield from archive.member(name, encode(form, table.export.columns, batches), packed=form == "parquet")
    for device in devices:
        if device.device_model in catalog:
            model, name = catalog[device.device_model], f"readings/{quote(device.name)}.{form}"
            batches = _counted(rows, name, read_own_readings(connection, model, device))
            yield from archive.member(name, encode(form, reading_columns(model), batches), packed=form == "parquet")
    for file in read_sent_files(connection):
        yield from archive.member(f"files/{file.command_file_id}-{_harmless(file.name)}", [file.content])
    contents = {
        "customer": customer,
        "as_of": now,
        "rows": rows,
        "columns": {table.name: _types(table.export.columns) for table in own_tables()},
        "device_models": {
            name: _described(catalog[name])
            for name in sorted({device.device_model for device in devices} & set(catalog))
        },
        "left_out": [device.name for device in devices if device.device_model not in catalog],
    }
    yield from archive.member("contents.json", [orjson.dumps(contents, option=orjson.OPT_INDENT_2)])
    yield archive.end()


class _Archive:
    """A ZIP of which pieces are taken while it grows."""

    def __init__(self, now: datetime) -> None:
        self._sink = Sink()
        self._zip = ZipFile(cast(IO[bytes], self._sink), "w")
        self._date = (max(now.year, 1980), now.month, now.day, now.hour, now.minute, now.second)

    def member(self, name: str, pieces: Iterable[bytes], *, packed: bool = False) -> Iterator[bytes]:
        """A file of this content. `packed`: it would not get smaller."""
        info = ZipInfo(name, self._date)
        info.compress_type = ZIP_STORED if packed else ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        with self._zip.open(info, "w", force_zip64=True) as file:
            for piece in pieces:
                file.write(piece)
                yield self._sink.take()

    def end(self) -> bytes:
        self._zip.close()
        return self._sink.take()


def _readme(customer: str, form: str, now: datetime) -> bytes:
    tables = "\n".join(f"{table.name}.{form}\n    {table.about}" for table in own_tables())
    return README.format(customer=customer, now=now.isoformat(), tables=tables, form=form).encode()


def _counted(rows: dict[str, int], name: str, batches: Iterable[Rows]) -> Iterator[Rows]:
    rows[name] = 0
    for batch in batches:
        rows[name] += len(batch)
        yield batch


def _harmless(name: str) -> str:
    """A device chose it: it must not lead out of the folder that somebody unpacks into."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)[:100]


def _types(columns: Columns) -> dict[str, str]:
    return {name: TYPES[kind] for name, kind in columns.items()}


def _described(model: DeviceModel) -> dict[str, Any]:
    return {
        "title": model.title,
        "channels": [{"name": one.name, "title": one.title, "unit": one.unit} for one in model.channels],
        "failure_modes": [{"name": one.name, "title": one.title} for one in model.failure_modes],
    }
