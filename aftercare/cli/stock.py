"""`aftercare stock`: what lies on the shelves of the service centres."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from aftercare import wiring
from aftercare.settings import load_settings
from domain.stock import Stock
from service_desk import parts
from store.database import Connection
from store.migrate import require_current
from store.parts import list_stock
from store.retry import in_transaction


@click.group(epilog="Example: aftercare stock receive north HPC-BLADE-SET 4")
def stock() -> None:
    """Parts on the shelves of the service centres."""


@stock.command(
    epilog="Example: aftercare stock receive north HPC-BLADE-SET 4",
    context_settings={"ignore_unknown_options": True},  # so that a negative quantity is told as one
)
@click.argument("service_centre")
@click.argument("part_no")
@click.argument("quantity", type=int)
@click.option("--who", default="command line", show_default=True, help="Name that the journal shows.")
@click.option("--json", "as_json", is_flag=True, help="Print the balance as JSON.")
def receive(service_centre: str, part_no: str, quantity: int, who: str, as_json: bool) -> None:
    """Put QUANTITY of PART_NO on the shelf at SERVICE_CENTRE; tickets that wait for it get it first."""
    application = wiring.build(load_settings(), pool_size=1, application="aftercare stock")

    def book(connection: Connection) -> Stock:
        require_current(connection)
        now = application.clock()
        return parts.receive(
            connection, service_centre=service_centre, part_no=part_no, quantity=quantity, who=who, now=now
        )

    with application.database as database:
        balance = in_transaction(database, book)
    click.echo(_json(balance) if as_json else _line(balance))


@stock.command("list", epilog="Example: aftercare stock list --json")
@click.option("--service-centre", help="Only this one.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_balances(service_centre: str | None, as_json: bool) -> None:
    """Every balance: on hand, reserved for tickets, free, on order."""
    application = wiring.build(load_settings(), pool_size=1, application="aftercare stock")
    with application.database as database, database.transaction() as connection:
        require_current(connection)
        balances = list_stock(connection, service_centre=service_centre)
    for balance in balances:
        click.echo(_json(balance) if as_json else _line(balance))
    if not balances and not as_json:
        place = f" at {service_centre}" if service_centre else ""
        click.echo(f"no stock{place} yet: 'aftercare stock receive CENTRE PART QUANTITY' puts parts on the shelf")


def _json(balance: Stock) -> str:
    return json.dumps({**asdict(balance), "free": balance.free})


def _line(balance: Stock) -> str:
    return (
        f"{balance.service_centre}  {balance.part_no}  {balance.on_hand} on hand, {balance.allocated} reserved, "
        f"{balance.free} free, {balance.on_order} on order"
    )
