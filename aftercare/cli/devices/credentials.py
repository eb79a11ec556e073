"""`aftercare devices credentials` and `write-password-file`."""

from __future__ import annotations

from pathlib import Path

import click

from aftercare import provisioning
from aftercare.broker_passwords import generate_password, read_password_file, write_password_file
from aftercare.cli.devices.registry import WHO, build
from store.credentials import hashes
from store.migrate import require_current

PATH = click.Path(dir_okay=False, path_type=Path)


@click.command(epilog="Example: aftercare devices credentials press-17 --rotate")
@click.argument("name")
@click.option("--rotate", is_flag=True, help="Replace the password that the device has.")
def credentials(name: str, rotate: bool) -> None:
    """Give the device NAME a password at the broker, and print it: this once, for only its hash is kept.

    The broker knows it after 'aftercare devices write-password-file' and a SIGHUP.
    """
    application = build()
    password = generate_password()
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        provisioning.issue(connection, name, password, who=WHO, now=application.clock(), rotate=rotate)
    click.echo(password)


@click.command("write-password-file", epilog="Example: aftercare devices write-password-file /etc/mosquitto/passwords")
@click.argument("path", type=PATH)
@click.option("--platform-users", type=PATH, help="File with the platform's own users; PATH itself unless given.")
def write_passwords(path: Path, platform_users: Path | None) -> None:
    """Write Mosquitto's password file: every device that has credentials, and the platform's own users.

    The platform's users are 'aftercare' and names that begin with 'aftercare-'; their lines are taken over as they
    are. The file is replaced at once; send the broker a SIGHUP to read it.
    """
    application = build()
    present = read_password_file(path)
    source = read_password_file(platform_users) if platform_users else present
    own = {user: digest for user, digest in source.items() if provisioning.is_platform_user(user)}
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        of_devices = hashes(connection)
    write_password_file(path, {**of_devices, **own})
    gone = sorted(set(present) - set(own) - set(of_devices))
    if gone:
        click.echo(f"left out, for no device of that name has credentials: {', '.join(gone[:10])}", err=True)
    if not own:
        click.echo("the file has no user of the platform: ingest cannot log in with it", err=True)
    click.echo(f"{path}: {len(of_devices)} devices, {len(own)} users of the platform; send the broker a SIGHUP")
