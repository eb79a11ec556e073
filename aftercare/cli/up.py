"""`aftercare up`."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from access.accounts import FIRST_ADMIN
from aftercare.logs import configure_logging
from aftercare.one_machine import Platform, run_platform
from aftercare.settings import load_settings
from store.database import describe_url


@click.command(epilog="Example: AFTERCARE_HTTP_PORT=9000 aftercare up")
def up() -> None:
    """Run everything on this machine until Ctrl-C.

    PostgreSQL, the broker and Prefect are brought along unless AFTERCARE_DATABASE_URL, AFTERCARE_MQTT_URL and
    PREFECT_API_URL name others; theirs are the ports AFTERCARE_EMBEDDED_DATABASE_PORT (5433), _MQTT_PORT (1883) and
    _PREFECT_PORT (4200). The data stays for the next time. All of it listens on this machine alone.
    """
    settings = load_settings()
    configure_logging(settings.log_level)
    for variable, address in (
        ("AFTERCARE_DATABASE_URL", settings.database_url),
        ("AFTERCARE_MQTT_URL", settings.mqtt_url),
        ("PREFECT_API_URL", settings.prefect_api_url),
    ):
        if address is not None:
            click.echo(f"{variable} is set, so that service is not brought along; unset it to have ours")
    click.echo("starting; the first time takes half a minute")
    with _until_signal(), run_platform(settings) as platform:
        _show(platform)
        threading.Event().wait()


@contextmanager
def _until_signal() -> Iterator[None]:
    """Leave the block on Ctrl-C or SIGTERM, which is how `up` ends well, also while it is still starting."""

    def interrupt(*_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # stopping goes on undisturbed
        click.echo("stopping")
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    with suppress(KeyboardInterrupt):
        yield
    click.echo("stopped")


def _show(platform: Platform) -> None:
    for title, value in (
        ("console", platform.http_url),
        ("API", f"{platform.http_url}/api/v1/openapi.json"),
        ("broker", platform.mqtt_url.rsplit("@", 1)[-1]),
        ("database", f"{describe_url(platform.database_url).removeprefix('database ')} ({platform.tier})"),
        ("Prefect", platform.prefect_api_url.removesuffix("/api")),
        ("data", str(platform.data_dir)),
    ):
        click.echo(f"  {title:<9} {value}")
    if platform.admin_password:
        click.echo(f"first start: sign in as {FIRST_ADMIN} with the one-time password {platform.admin_password}")
    if platform.shortcoming:
        click.echo(f"note: {platform.shortcoming}")
    password = platform.data_dir / "postgres.password"
    if password.exists():
        click.echo(f"for commands in another shell: export {_settings(platform, password)}")
    click.echo("running; Ctrl-C stops everything")


def _settings(platform: Platform, password: Path) -> str:
    """What leads another command here; it reads the password from its file, so that no log holds it."""
    database = platform.database_url.replace(password.read_text(), f"$(cat '{password}')")
    return (
        f'AFTERCARE_DATABASE_URL="{database}" AFTERCARE_MQTT_URL={platform.mqtt_url} '
        f"PREFECT_API_URL={platform.prefect_api_url}"
    )
