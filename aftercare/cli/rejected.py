"""`aftercare rejected`."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict

import click

from aftercare import wiring
from aftercare.settings import load_settings
from domain.payload_text import on_one_line, printable, readable
from store import rejected_listing
from store.migrate import require_current
from store.rejected_listing import RejectedRow


@click.command(epilog="Example: aftercare rejected --device press-17 --reason 'time zone'")
@click.option("--device", help="Only those on topics of this device; '(other names)' for topics that name none.")
@click.option("--reason", help="Only those whose reason contains this text.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@click.option("--show", "rejected_id", type=click.IntRange(1, 2**63 - 1), help="One message by its number, whole.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line; with --show the payload in Base64 too.")
def rejected(device: str | None, reason: str | None, limit: int, rejected_id: int | None, as_json: bool) -> None:
    """List messages that could not be stored, the last rejected first: why, from whom, how often and when.

    They wait until 'aftercare replay-rejected' can store them. What is no text is shown as hexadecimal digits.
    """
    if rejected_id is not None and (device is not None or reason is not None):
        raise click.UsageError("--show takes no --device and no --reason: a number names one message")
    application = wiring.build(load_settings(), pool_size=1, application="aftercare rejected")
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        if rejected_id is not None:
            _show(rejected_listing.message(connection, rejected_id), as_json)
            return
        rows = rejected_listing.waiting(connection, device=device, reason=reason, limit=limit + 1)
    for row in rows[:limit]:
        click.echo(json.dumps(_document(row)) if as_json else _line(row))
    if len(rows) > limit:
        click.echo(f"there are more than {limit}: raise --limit, or narrow by --device and --reason", err=True)
    if not rows and not as_json:
        click.echo("no rejected message waits" + (" that is so" if device is not None or reason is not None else ""))


def _line(row: RejectedRow) -> str:
    times = f"{row.times} times, {row.first_at:%Y-%m-%d %H:%M:%S} to " if row.times > 1 else ""
    return (
        f"{row.rejected_id}  {_safe(row.topic)}  {times}{row.last_at:%Y-%m-%d %H:%M:%S}, {row.size:,} bytes\n"
        f"    {_safe(row.reason)}"
    )


def _show(row: RejectedRow, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**_document(row), "payload_base64": base64.b64encode(row.payload).decode()}))
    else:
        click.echo(_line(row))
        click.echo(readable(row.payload))


def _document(row: RejectedRow) -> dict[str, object]:
    fields = asdict(row) | {"first_at": row.first_at.isoformat(), "last_at": row.last_at.isoformat()}
    return fields | {"payload": readable(row.payload, cut=row.is_cut)}


def _safe(text: str) -> str:
    return on_one_line(printable(text))
