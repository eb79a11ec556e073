"""What the commands about webhooks and about people have in common."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

import click

from aftercare import wiring
from aftercare.settings import load_settings
from aftercare.wiring import Application
from domain.alarm import Severity
from domain.delivery import Receiver, ReceiverState, Subscription
from store.database import Connection
from store.migrate import require_current
from store.retry import in_transaction

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
who = click.option("--who", default="command line", show_default=True, help="Name that the audit log shows.")
OPTIONS = (
    click.option("--kind", "kinds", multiple=True, type=click.Choice(["alarm", "ticket"]), help="Default: alarm."),
    click.option("--change", "changes", multiple=True, help="Such as raised or cleared."),
    click.option("--severity", "severities", multiple=True, type=click.Choice([str(one) for one in Severity])),
    click.option("--device-model", "device_models", multiple=True),
    click.option("--customer", "customers", multiple=True),
    click.option("--site", "sites", multiple=True),
)


def subscription_options(command: F) -> F:
    """What passes: each option may be given several times, and one that is not given lets everything pass."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def read_subscription(otherwise: Subscription, **wanted: tuple[str, ...]) -> Subscription:
    """The subscription of the options; `otherwise` where none was given for a list."""
    return Subscription(**{name: values or getattr(otherwise, name) for name, values in wanted.items()})


def with_database(work: Callable[[Application, Connection], T]) -> T:
    """Do it in a transaction on a current database."""
    application = wiring.build(load_settings(), pool_size=1, application="aftercare receivers")

    def checked(connection: Connection) -> T:
        require_current(connection)
        return work(application, connection)

    with application.database as database:
        return in_transaction(database, checked)


def show(receiver: Receiver, *, as_json: bool) -> None:
    """One line for people, or one JSON object."""
    if as_json:
        click.echo(json.dumps(asdict(receiver), default=str))
    else:
        click.echo(f"{receiver.name}  {receiver.shown_address}  {describe(receiver)}")


def describe(receiver: Receiver) -> str:
    """How it does, in words."""
    figures = f"{receiver.delivered} delivered, {receiver.waiting} waiting, {receiver.failed} refused for good"
    if receiver.state is ReceiverState.STOPPED:
        return f"STOPPED, {figures}: {receiver.last_error}"
    if receiver.failures:
        return (
            f"failing since {receiver.failing_since:%Y-%m-%d %H:%M:%S} UTC, next try at "
            f"{receiver.next_try_at:%H:%M:%S}, {figures}: {receiver.last_error}"
        )
    return figures
