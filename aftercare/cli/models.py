"""`aftercare models`: which version scores, why, and how to change it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import click
from rich.table import Column, Table

from aftercare import wiring
from aftercare.cli.tables import print_table
from aftercare.settings import load_settings
from aftercare.wiring import Application
from domain.silent_channels import tell_silent
from store import championships, model_versions
from store.migrate import require_current
from store.model_versions import Version

WHO = click.option("--who", default="command line", show_default=True, help="Name that the audit log shows.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(epilog="Example: aftercare models rollback heat_pump fouled_condenser")
def models() -> None:
    """Model versions: list, show, promote, roll back.

    Training makes a challenger. It becomes the champion, the version that scores, when it beats the champion beyond
    noise on readings that neither learnt from. Versions are never deleted.
    """


@models.command("list", epilog="Example: aftercare models list heat_pump --json")
@click.argument("device_model", required=False)
@click.argument("failure_mode", required=False)
@JSON
def list_versions(device_model: str | None, failure_mode: str | None, *, as_json: bool) -> None:
    """Every version with its status and the reason for it, the newest first."""
    with _platform() as application, application.database.transaction() as connection:
        found = model_versions.versions(connection, device_model=device_model, failure_mode=failure_mode)
        if not found and device_model:  # versions stay when their device model has left the catalog
            model = application.device_model(device_model)
            if failure_mode:
                model.failure_mode(failure_mode)
    if as_json:
        for version in found:
            click.echo(_json(version))
        return
    if not found:
        wanted = " ".join(filter(None, (device_model, failure_mode)))
        click.echo(f"no version{f' of {wanted}' if wanted else ''} yet: 'aftercare train' makes them")
        return
    dates = Column("trained\ndata to", no_wrap=True)
    table = Table("version", "device model\nfailure mode", dates, "why", show_lines=True)
    for v in found:
        table.add_row(
            f"{v.model_version_id}\n{v.status}",
            f"{v.device_model}\n{v.failure_mode}",
            f"{v.created_at:%Y-%m-%d %H:%M}\n{v.data_to:%Y-%m-%d %H:%M}",
            v.reason,
        )
    print_table(table)


@models.command(epilog="Example: aftercare models show 12")
@click.argument("version", type=click.IntRange(min=1))
@JSON
def show(version: int, *, as_json: bool) -> None:
    """The whole lineage of VERSION: data, features, code and library versions, figures, and when it scored."""
    with _platform() as application, application.database.transaction() as connection:
        found = model_versions.get_version(connection, version)
        beginnings = championships.beginnings(connection, model_version_id=version)
    if as_json:
        click.echo(_json(found, championships=[asdict(one) for one in beginnings]))
        return
    table = Table(show_header=False)
    for name, value in {**asdict(found), "silent_channels": tell_silent(found.silent_channels)}.items():
        table.add_row(name.replace("_", " "), _text(value))
    for one in beginnings:
        table.add_row("champion since", f"{one.began_at:%Y-%m-%d %H:%M} by {one.who}: {one.reason}")
    print_table(table)


@models.command(epilog="Example: aftercare models promote 12 --reason 'fewer false alarms in the field test'")
@click.argument("version", type=click.IntRange(min=1))
@click.option("--reason", default="promoted by hand", show_default=True, help="Why, for the records.")
@WHO
@JSON
def promote(version: int, *, reason: str, who: str, as_json: bool) -> None:
    """Make VERSION the champion of its failure mode, whatever the comparison said; it must be able to score."""
    from aftercare.version_loading import require_runnable

    with _platform() as application:
        with application.database.transaction() as connection:
            found = model_versions.get_version(connection, version)
        require_runnable(application.database, application.catalog, found)
        with application.database.transaction() as connection:
            before = championships.promote(
                connection, model_version_id=version, who=who, reason=reason, at=application.clock()
            )
    _tell(found, before, as_json)


@models.command(epilog="Example: aftercare models rollback heat_pump fouled_condenser --reason 'false alarms'")
@click.argument("device_model")
@click.argument("failure_mode")
@click.option("--reason", default="rolled back by hand", show_default=True, help="Why, for the records.")
@WHO
@JSON
def rollback(device_model: str, failure_mode: str, *, reason: str, who: str, as_json: bool) -> None:
    """Let the champion before the present one score again; once more leads one further back."""
    from aftercare.version_loading import require_runnable

    place = {"device_model": device_model, "failure_mode": failure_mode}
    with _platform() as application, application.database.transaction() as connection:
        application.device_model(device_model).failure_mode(failure_mode)
        _, target = championships.previous(connection, **place)
        found = model_versions.get_version(connection, target.model_version_id)
        require_runnable(application.database, application.catalog, found)
        before, _ = championships.roll_back(connection, **place, who=who, reason=reason, at=application.clock())
    _tell(found, before, as_json)


@contextmanager
def _platform() -> Iterator[Application]:
    application = wiring.build(load_settings(), pool_size=2, application="aftercare models")
    with application.database:
        with application.database.transaction() as connection:
            require_current(connection)
        yield application


def _tell(champion: Version, before: int | None, as_json: bool) -> None:
    names = {"device_model": champion.device_model, "failure_mode": champion.failure_mode}
    if as_json:
        click.echo(json.dumps({**names, "champion": champion.model_version_id, "before": before}))
        return
    instead = f" instead of version {before}" if before is not None else ""
    click.echo(
        f"{names['failure_mode']} of {names['device_model']}: version {champion.model_version_id} scores{instead}"
    )


def _json(version: Version, **more: object) -> str:
    return json.dumps({**asdict(version), **more}, default=str)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{name}: {_text(item)}" for name, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"{len(value)}: {', '.join(map(str, value))}"
    return str(value)
