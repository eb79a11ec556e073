"""`aftercare devices`: which devices there are, and how the broker knows them."""

from __future__ import annotations

import click

from aftercare.cli.devices.credentials import credentials, write_passwords
from aftercare.cli.devices.quarantine import accept, discard, quarantined
from aftercare.cli.devices.registry import add, import_devices, list_devices
from aftercare.cli.devices.visits import visits


@click.group(epilog="Example: aftercare devices add press-17 --device-model compressor")
def devices() -> None:
    """Register devices, give them credentials, and take in strangers."""


for command in (add, import_devices, list_devices, credentials, write_passwords, quarantined, accept, discard, visits):
    devices.add_command(command)
