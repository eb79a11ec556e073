"""`aftercare stock`: what lies on the shelves of the service centres."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import click

from aftercare.cli.bookings import book
from aftercare.cli.stock_network import COMMANDS, who
from domain.stock import Stock
from service_desk import shelves
from store.stock import list_stock

NEGATIVE = {"ignore_unknown_options": True}
"""So that a negative number is a number, and not an option that there is not."""
balance_as_json = click.option("--json", "as_json", is_flag=True, help="Print the balance as JSON.")


@click.group(epilog="Example: aftercare stock receive north HPC-BLADE-SET 4")
def stock() -> None:
    """Parts on the shelves of the service centres."""


for command in COMMANDS:
    stock.add_command(command)


@stock.command(
    epilog="Example: aftercare stock order north HPC-BLADE-SET 4 --reference PO-4711", context_settings=NEGATIVE
)
@click.argument("service_centre")
@click.argument("part_no")
@click.argument("quantity", type=int)
@click.option("--reference", help="Number of the order; booked once, however often the command is repeated.")
@who
@balance_as_json
def order(service_centre: str, part_no: str, quantity: int, reference: str | None, who: str, as_json: bool) -> None:
    """Note that QUANTITY of PART_NO is on its way to SERVICE_CENTRE; below zero, that so many were called off."""
    _book(
        partial(
            shelves.order,
            service_centre=service_centre,
            part_no=part_no,
            quantity=quantity,
            who=who,
            reference=reference,
        ),
        as_json=as_json,
    )


@stock.command(
    epilog="Example: aftercare stock receive north HPC-BLADE-SET 4 --reference DN-0815", context_settings=NEGATIVE
)
@click.argument("service_centre")
@click.argument("part_no")
@click.argument("quantity", type=int)
@click.option("--reference", help="Number of the delivery note; booked once, however often the command is repeated.")
@who
@balance_as_json
def receive(service_centre: str, part_no: str, quantity: int, reference: str | None, who: str, as_json: bool) -> None:
    """Put QUANTITY of PART_NO on the shelf at SERVICE_CENTRE; tickets that wait for it get it first."""
    _book(
        partial(
            shelves.receive,
            service_centre=service_centre,
            part_no=part_no,
            quantity=quantity,
            who=who,
            reference=reference,
        ),
        as_json=as_json,
    )


@stock.command(
    epilog='Example: aftercare stock adjust north HPC-BLADE-SET 3 --reason "yearly count"', context_settings=NEGATIVE
)
@click.argument("service_centre")
@click.argument("part_no")
@click.argument("counted", type=int)
@click.option("--reason", required=True, help="Why the balance was wrong, for the journal.")
@who
@balance_as_json
def adjust(service_centre: str, part_no: str, counted: int, reason: str, who: str, as_json: bool) -> None:
    """Say that COUNTED of PART_NO lie at SERVICE_CENTRE, reserved ones too; what is more goes to waiting tickets."""
    _book(
        partial(
            shelves.adjust, service_centre=service_centre, part_no=part_no, counted=counted, who=who, reason=reason
        ),
        as_json=as_json,
    )


@stock.command("list", epilog="Example: aftercare stock list --json")
@click.option("--service-centre", help="Only this one.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_balances(service_centre: str | None, as_json: bool) -> None:
    """Every balance: on hand, reserved for tickets, free, on order."""
    balances = book(lambda connection, _, __: list_stock(connection, service_centre=service_centre))
    for balance in balances:
        click.echo(_json(balance) if as_json else _line(balance))
    if not balances and not as_json:
        place = f" at {service_centre}" if service_centre else ""
        click.echo(f"no stock{place} yet: 'aftercare stock receive CENTRE PART QUANTITY' puts parts on the shelf")


def _book(booking: Callable[..., Stock], *, as_json: bool) -> None:
    balance = book(lambda connection, _, now: booking(connection, now=now))
    click.echo(_json(balance) if as_json else _line(balance))


def _json(balance: Stock) -> str:
    return json.dumps({**asdict(balance), "free": balance.free})


def _line(balance: Stock) -> str:
    return (
        f"{balance.service_centre}  {balance.part_no}  {balance.on_hand} on hand, {balance.allocated} reserved, "
        f"{balance.free} free, {balance.on_order} on order"
    )
