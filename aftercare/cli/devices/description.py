"""What a person says of a device: the options of one, and the rows of a file."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from aftercare.provisioning import check
from aftercare.wiring import Catalog
from domain.clock import read_instant
from domain.device import Device
from domain.errors import InvalidInputError

REQUIRED = ("name", "device_model")
COLUMNS = (*REQUIRED, "serial", "customer", "site", "service_centre", "installed_at", "firmware")
DEFAULT_CENTRE = "main"
MAX_LENGTH = 200


@dataclass(slots=True)
class DeviceFile:
    """The devices of a file by name with their line numbers, and the lines that describe none, with the reason."""

    devices: dict[str, tuple[int, Device]] = field(default_factory=dict)
    rejects: list[tuple[int, str]] = field(default_factory=list)


def device_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that describe one device."""
    for option in reversed(
        (
            click.option("--device-model", required=True, help="A device model of the catalog."),
            click.option("--serial", default="", help="Serial number."),
            click.option("--customer", default="", help="Who owns or runs it."),
            click.option("--site", default="", help="Where it stands."),
            click.option("--service-centre", default=DEFAULT_CENTRE, show_default=True, help="Who serves the site."),
            click.option("--installed-at", default="", help="ISO 8601; UTC unless it says otherwise."),
        )
    ):
        command = option(command)
    return command


def describe(texts: Mapping[str, str], catalog: Catalog) -> Device:
    """A device out of its fields as text. Raises InvalidInputError."""
    fields: dict[str, Any] = {name: texts.get(name, "").strip() for name in COLUMNS}
    for name, text in fields.items():
        if not text.isprintable() or len(text) > MAX_LENGTH:
            raise InvalidInputError(f"{name} has control characters or more than {MAX_LENGTH} characters")
    fields["service_centre"] = fields["service_centre"] or DEFAULT_CENTRE
    fields["installed_at"] = _instant(fields["installed_at"])
    device = Device(**fields)
    check(device, catalog)
    return device


def read_device_file(path: Path, catalog: Catalog) -> DeviceFile:
    """Read a CSV file. Raises InvalidInputError when it is no CSV file of devices at all."""
    content = DeviceFile()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            _check_header(path, rows.fieldnames or ())
            for row in rows:
                try:
                    device = _device_of(row, catalog)
                    if device.name in content.devices:
                        first = content.devices[device.name][0]
                        raise InvalidInputError(f"device {device.name!r} stands in line {first} already")
                except InvalidInputError as error:
                    content.rejects.append((rows.line_num, str(error)))
                else:
                    content.devices[device.name] = rows.line_num, device
    except (csv.Error, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{path} is not CSV in UTF-8: {error}") from error
    return content


def _device_of(row: Mapping[Any, Any], catalog: Catalog) -> Device:
    if None in row or None in row.values():
        raise InvalidInputError("the line has more or fewer fields than the first one")
    return describe(row, catalog)


def _check_header(path: Path, header: Sequence[str]) -> None:
    for name in REQUIRED:
        if name not in header:
            raise InvalidInputError(f"{path} has no column {name}: its first line names the columns")
    for name in header:
        if name not in COLUMNS:
            raise InvalidInputError(f"{path} has a column {name!r}, which is none of {', '.join(COLUMNS)}")


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return read_instant(text)
    except ValueError:
        raise InvalidInputError(f"installed_at {text!r} is not ISO 8601, such as 2026-01-31") from None
