"""`aftercare webhooks`: programs that are sent every change they subscribed to."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta

import click

from aftercare.cli import receiver_options as options
from aftercare.cli.receiver_options import who, with_database
from alerts import receivers
from alerts.answers import Verdict
from alerts.trial import try_receiver
from domain.clock import system_clock
from domain.delivery import Receiver, ReceiverKind, Subscription
from domain.errors import UnavailableError
from store import deliveries
from store import receivers as stored
from store.database import Connection

WEBHOOK = ReceiverKind.WEBHOOK


@click.group(epilog="Example: aftercare webhooks add erp https://erp.example.com/aftercare --severity CRITICAL")
def webhooks() -> None:
    """Programs that are sent changes of alarms and tickets as signed CloudEvents. See docs/delivery.md."""


@webhooks.command(epilog="Example: aftercare webhooks add erp https://erp.example.com/aftercare --kind ticket")
@click.argument("name")
@click.argument("url")
@options.subscription_options
@click.option("--from-beginning", is_flag=True, help="Send what the outbox still holds, and not only what comes.")
@who
@options.as_json_option
def add(name: str, url: str, from_beginning: bool, who: str, as_json: bool, **wanted: tuple[str, ...]) -> None:
    """Send changes to URL. Each of the lists lets pass what it names; one that is not given lets everything pass.

    Prints the secret by which the receiver verifies the signatures: it is shown only now.
    """
    added = with_database(
        lambda application, connection: receivers.add_webhook(
            connection,
            name=name,
            url=url,
            subscription=options.read_subscription(Subscription(), **wanted),
            local=application.settings.local_receivers,
            who=who,
            now=system_clock(),
            from_beginning=from_beginning,
        )
    )
    _show_secret(added, as_json=as_json)


@webhooks.command("list", epilog="Example: aftercare webhooks list --json")
@options.as_json_option
def list_webhooks(as_json: bool) -> None:
    """Every webhook, how it does, and what it said when it failed."""
    found = with_database(lambda _, connection: stored.list_receivers(connection, WEBHOOK))
    for receiver in found:
        options.show(receiver, as_json=as_json)
    if not found and not as_json:
        click.echo("no webhook yet: 'aftercare webhooks add NAME URL' adds one")


@webhooks.command(epilog="Example: aftercare webhooks test erp")
@click.argument("name")
def test(name: str) -> None:
    """Send one event at once, of type aftercare.test, and tell what became of it; exit 1 when it was not taken."""
    try_named(WEBHOOK, name)


@webhooks.command(epilog="Example: aftercare webhooks rotate erp")
@click.argument("name")
@who
@options.as_json_option
def rotate(name: str, who: str, as_json: bool) -> None:
    """Give it a new secret. For 24 hours every delivery is signed with both."""
    _show_secret(
        with_database(
            lambda _, connection: receivers.rotate_secret(
                connection, stored.find(connection, WEBHOOK, name), who=who, now=system_clock()
            )
        ),
        as_json=as_json,
    )


@webhooks.command(epilog="Example: aftercare webhooks resume erp")
@click.argument("name")
@who
def resume(name: str, who: str) -> None:
    """Try it again at once: after it was stopped, or to send again what it had refused for good."""
    resume_named(WEBHOOK, name, who)


@webhooks.command(epilog="Example: aftercare webhooks refused erp")
@click.argument("name")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@options.as_json_option
def refused(name: str, limit: int, as_json: bool) -> None:
    """What it refused for good, latest first."""
    found = with_database(
        lambda _, connection: deliveries.failed(
            connection, stored.find(connection, WEBHOOK, name).receiver_id, limit=limit
        )
    )
    for one in found:
        if as_json:
            click.echo(json.dumps(asdict(one), default=str))
        else:
            click.echo(
                f"{one.failed_at:%Y-%m-%d %H:%M:%S} UTC  change {one.feed_seq} of {one.kind} {one.subject_id}  "
                f"{one.last_error}, {one.attempts} times"
            )


@webhooks.command(epilog="Example: aftercare webhooks remove erp")
@click.argument("name")
@who
def remove(name: str, who: str) -> None:
    """Send it nothing any more, and forget what waits for it."""
    remove_named(WEBHOOK, name, who)


def try_named(kind: ReceiverKind, name: str) -> None:
    """Send a test, and raise UnavailableError when it was not taken."""
    application, receiver, secret = with_database(
        lambda application, connection: (
            application,
            found := stored.find(connection, kind, name),
            stored.secret(connection, found.receiver_id),
        )
    )
    settings = application.settings
    answer = try_receiver(
        receiver, secret, source=settings.event_source, local=settings.local_receivers, clock=system_clock
    )
    if answer.verdict is not Verdict.DELIVERED:
        raise UnavailableError(f"{name} did not take it: {answer.reason}")
    click.echo(f"{name} took it")


def resume_named(kind: ReceiverKind, name: str, who: str) -> None:
    """Try a receiver again and say how it stands."""
    resumed = with_database(
        lambda _, connection: receivers.resume(
            connection, stored.find(connection, kind, name), who=who, now=system_clock()
        )
    )
    click.echo(
        f"{name} is tried again; {resumed.again} refused changes are sent once more, {resumed.overtaken} are not, "
        "because a later change of the same alarm was taken"
    )


def remove_named(kind: ReceiverKind, name: str, who: str) -> None:
    """Forget a receiver."""

    def work(_: object, connection: Connection) -> Receiver:
        receiver = stored.find(connection, kind, name)
        receivers.remove(connection, receiver, who=who, now=system_clock())
        return receiver

    gone = with_database(work)
    click.echo(f"{gone.name} is removed; {gone.waiting} changes that waited for it are not sent")


def _show_secret(new: receivers.NewSecret, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**asdict(new.receiver), "secret": new.secret}, default=str))
        return
    click.echo(f"{new.receiver.name}  {new.receiver.shown_address}")
    click.echo(f"secret: {new.secret}")
    hours = receivers.BOTH_VALID / timedelta(hours=1)
    click.echo(
        f"It is not shown again; 'aftercare webhooks rotate' gives another, and both hold for {hours:.0f} hours."
    )
