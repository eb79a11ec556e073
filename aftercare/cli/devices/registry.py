"""`aftercare devices add`, `import` and `list`."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click

from aftercare import provisioning, wiring
from aftercare.cli.devices.description import describe, device_options, read_device_file
from aftercare.settings import load_settings
from aftercare.wiring import Application
from domain.errors import ConfigurationError
from store import devices
from store.migrate import require_current

WHO = "command line"


def build() -> Application:
    """What each of these commands works with."""
    return wiring.build(load_settings(), pool_size=1, application="aftercare devices")


@click.command(epilog="Example: aftercare devices add press-17 --device-model compressor --customer Acme --site Halle")
@click.argument("name")
@device_options
def add(name: str, **fields: str) -> None:
    """Register the device NAME; from then on what it sends is stored."""
    application = build()
    device = describe({"name": name, **fields}, application.catalog)
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        provisioning.register(connection, application.catalog, device, who=WHO, now=application.clock())
    click.echo(f"{name} is registered; 'aftercare devices credentials {name}' gives it a password at the broker")


@click.command("import", epilog="Example: aftercare devices import fleet.csv --passwords passwords.csv")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--passwords",
    "password_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Give the new devices passwords, written to this new file and nowhere else: name,password.",
)
def import_devices(file: Path, password_file: Path | None) -> None:
    """Register the devices of a CSV FILE, or bring what is known of them up to date.

    Columns: name,device_model and any of serial,customer,site,service_centre,installed_at,firmware. Importing a file
    again changes nothing. Lines that describe no device are told with their number, and the exit code is 1.
    """
    application = build()
    content = read_device_file(file, application.catalog)
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        enrolment = provisioning.enrol(
            connection,
            application.catalog,
            [device for _, device in content.devices.values()],
            who=WHO,
            now=application.clock(),
            with_passwords=password_file is not None,
        )
        if password_file is not None:
            _write_passwords(password_file, enrolment.passwords)  # before the commit: a password lost is worth nothing
    rejects = content.rejects + [
        (content.devices[name][0], f"device {name!r} is registered as a {device_model}")
        for name, device_model in enrolment.of_another_model.items()
    ]
    for line, reason in sorted(rejects):
        click.echo(f"{file}:{line}: {reason}", err=True)
    click.echo(f"{len(enrolment.added)} registered, {len(enrolment.known)} known, {len(rejects)} rejected")
    sys.exit(1 if rejects else 0)


@click.command("list", epilog="Example: aftercare devices list --device-model compressor --json")
@click.option("--device-model", help="Only devices of this model.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_devices(device_model: str | None, as_json: bool) -> None:
    """Every device by name: model, customer, site, connection, and when it was last seen."""
    application = build()
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        for known in devices.stream(connection, device_model=device_model):
            device = known.device
            if as_json:
                fields = {**asdict(device), "connectivity": known.connectivity, "last_seen_at": known.last_seen_at}
                click.echo(json.dumps(fields, default=str))
            else:
                seen = f"{known.last_seen_at:%Y-%m-%d %H:%M}" if known.last_seen_at else "never"
                place = ", ".join(filter(None, (device.customer, device.site))) or "-"
                click.echo(f"{device.name}  {device.device_model}  {place}  {known.connectivity}, last seen {seen}")


def _write_passwords(path: Path, passwords: Mapping[str, str]) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be made: {error.strerror}; give a file that is not there yet"
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("name", "password"))
        rows.writerows(passwords.items())
