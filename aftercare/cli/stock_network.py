"""`aftercare stock reorder`, `send`, `transfers`, `ship`, `arrive` and `way`: parts of all service centres together."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta

import click

from aftercare.cli.bookings import book
from aftercare.cli.durations import read_duration
from aftercare.wiring import Catalog
from domain.stock import Transfer
from service_desk import reorder as reordering
from service_desk import transfers as sending
from store import transfers as store_transfers
from store.database import Connection
from store.part_network import set_transfer_time

who = click.option("--who", default="command line", show_default=True, help="Name that the journal shows.")


@click.command(epilog="Example: aftercare stock reorder --order PO-4711")
@click.option("--level", default=reordering.LEVEL, show_default=True, help="Probability that each part lasts.")
@click.option("--all", "everything", is_flag=True, help="Also the parts of which there are enough.")
@click.option("--order", "reference", help="Book the whole list as ordered under this number.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@who
def reorder(level: float, everything: bool, reference: str | None, as_json: bool, who: str) -> None:
    """What to buy for which service centre until a purchase could arrive, and why: works out what the fleet's newest
    predictions need, which the console's page and the API show from then on."""
    if reference is not None and everything:
        raise click.UsageError("--all lists what is enough too: leave it out to order the list")

    def work(connection: Connection, catalog: Catalog, now: datetime) -> reordering.Forecast:
        if reference is not None:
            return reordering.order_missing(connection, catalog, reference=reference, who=who, now=now, level=level)
        return reordering.forecast_now(connection, catalog, now=now, level=level, everything=everything)

    found = book(work)
    lines = found.lines if everything else found.to_order
    for line in lines:
        click.echo(_json(line) if as_json else f"{line.service_centre}  {line.part.part_no}  {line.why}")
    if not lines and not as_json:
        click.echo("nothing to order: what lies and is awaited covers what the fleet's predictions need")


@click.command(epilog="Example: aftercare stock send south north HPC-BLADE-SET 1")
@click.argument("from_centre")
@click.argument("to_centre")
@click.argument("part_no")
@click.argument("quantity", type=int)
@who
def send(from_centre: str, to_centre: str, part_no: str, quantity: int, who: str) -> None:
    """Ship free stock from one shelf to another; when it arrives, tickets that wait there get it first."""
    place = {"from_centre": from_centre, "to_centre": to_centre, "part_no": part_no}
    _tell(book(lambda connection, _, now: sending.send(connection, **place, quantity=quantity, who=who, now=now)))


@click.command("transfers", epilog="Example: aftercare stock transfers")
def list_transfers() -> None:
    """What should be sent for tickets, and what is under way."""
    rows = book(
        lambda connection, _, __: store_transfers.listing(connection, states=["suggested", "in_transit"], limit=500)
    )
    for row in rows:
        ticket = f" for ticket {row.ticket_id}" if row.ticket_id else ""
        due = f", due {row.arrives_at:%Y-%m-%d %H:%M} UTC" if row.arrives_at else ""
        click.echo(
            f"{row.transfer_id}  {row.quantity} {row.part_no}  {row.from_centre} to {row.to_centre}{ticket}: "
            f"{row.state.replace('_', ' ')}{due}"
        )
    if not rows:
        click.echo("nothing is under way, and nothing should be sent")


@click.command(epilog="Example: aftercare stock ship 3")
@click.argument("transfer_id", type=int)
@who
def ship(transfer_id: int, who: str) -> None:
    """A transfer that was suggested for a ticket leaves its shelf."""
    _tell(book(lambda connection, _, now: sending.ship(connection, transfer_id=transfer_id, who=who, now=now)))


@click.command(epilog="Example: aftercare stock arrive 3")
@click.argument("transfer_id", type=int)
@who
def arrive(transfer_id: int, who: str) -> None:
    """A transfer that was under way is on the shelf."""
    _tell(book(lambda connection, _, now: sending.arrive(connection, transfer_id=transfer_id, who=who, now=now)))


@click.command(epilog="Example: aftercare stock way south north 6h")
@click.argument("from_centre")
@click.argument("to_centre")
@click.argument("takes")
def way(from_centre: str, to_centre: str, takes: str) -> None:
    """Say how long parts are under way between two service centres; a day unless it is said."""
    length = read_duration(takes)
    book(
        lambda connection, _, __: set_transfer_time(
            connection, from_centre=from_centre, to_centre=to_centre, takes=length
        )
    )
    click.echo(f"{from_centre} to {to_centre} takes {length / timedelta(hours=1):g} h")


COMMANDS: tuple[click.Command, ...] = (reorder, send, list_transfers, ship, arrive, way)


def _tell(transfer: Transfer) -> None:
    click.echo(
        f"transfer {transfer.transfer_id}: {transfer.quantity} {transfer.part_no} from {transfer.from_centre} to "
        f"{transfer.to_centre}, {transfer.state.value.replace('_', ' ')}"
    )


def _json(line: reordering.ReorderLine) -> str:
    return json.dumps(
        {
            "service_centre": line.service_centre,
            "part_no": line.part.part_no,
            "lead_time_hours": line.part.lead_time / timedelta(hours=1),
            **asdict(line.position),
            **asdict(line.requirement),
            "why": line.why,
        }
    )
