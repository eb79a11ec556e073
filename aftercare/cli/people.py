"""`aftercare people`: who is told of alarms, when, by what, and who is called when nobody acknowledges."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import time

import click

from aftercare.cli import receiver_options as options
from aftercare.cli.receiver_options import who, with_database
from aftercare.cli.webhooks import remove_named, resume_named, try_named
from aftercare.wiring import Application
from alerts import escalation, receivers
from alerts.personal import change_person, remove_person
from domain.catalog import parse_duration
from domain.clock import system_clock
from domain.delivery import (
    OF_PEOPLE,
    EscalationPolicy,
    EscalationStep,
    Person,
    QuietHours,
    ReceiverKind,
    Subscription,
)
from domain.errors import ConfigurationError, InvalidInputError
from store import escalations
from store import people as stored_people
from store import receivers as stored
from store.database import Connection

CHANNEL = ReceiverKind.CHANNEL


@click.group(epilog="Example: aftercare people add alice --time-zone Europe/Berlin --quiet 22:00-06:30 --group ops")
def people() -> None:
    """Who is told of alarms, when and by what, and who is called when nobody acknowledges. See docs/delivery.md."""


@people.command(epilog="Example: aftercare people add alice --time-zone Europe/Berlin --quiet 22:00-06:30")
@click.argument("person")
@click.option("--time-zone", default="UTC", show_default=True, help="IANA name, such as Europe/Berlin.")
@click.option("--quiet", metavar="HH:MM-HH:MM", help="Quiet hours by their clock, also past midnight.")
@click.option(
    "--critical-passes/--nothing-passes", default=True, show_default=True, help="In the quiet hours, what is CRITICAL."
)
@click.option("--group", "groups", multiple=True, help="A group that an escalation may call as @GROUP.")
@who
def add(
    person: str, time_zone: str, quiet: str | None, critical_passes: bool, groups: tuple[str, ...], who: str
) -> None:
    """Make PERSON known, or change what is known of them: what is not given is as for a new one."""
    known = Person(person, time_zone, groups, _read_quiet(quiet), critical_passes)
    with_database(lambda _, connection: change_person(connection, known, who=who, now=system_clock()))
    click.echo(f"{person} is known; 'aftercare people tell {person} NAME ADDRESS' says by what they are told")


@people.command("list", epilog="Example: aftercare people list --json")
@options.as_json_option
def list_people(as_json: bool) -> None:
    """Everybody with their channels."""
    known, channels = with_database(
        lambda _, connection: (
            stored_people.list_people(connection),
            stored.list_receivers(connection, CHANNEL),
        )
    )
    for person in known:
        own = [channel for channel in channels if channel.person == person]
        if as_json:
            click.echo(json.dumps({**asdict(person), "channels": [asdict(one) for one in own]}, default=str))
            continue
        click.echo(_describe(person))
        for channel in own:
            click.echo("  ", nl=False)
            options.show(channel, as_json=False)
    if not known and not as_json:
        click.echo("nobody yet: 'aftercare people add NAME' makes somebody known")


@people.command(
    epilog='Example: aftercare people tell alice mail "mailtos://me:secret@example.com?to=alice@example.com"'
)
@click.argument("person")
@click.argument("name")
@click.argument("address")
@options.subscription_options
@who
@options.as_json_option
def tell(person: str, name: str, address: str, who: str, as_json: bool, **wanted: tuple[str, ...]) -> None:
    """Tell PERSON of alarms by ADDRESS, in the form of Apprise; NAME tells this channel from their others.

    Each of the lists lets pass what it names. Without --change: raised, escalated, reminded, resumed, cleared.
    """
    channel = with_database(
        lambda application, connection: receivers.add_channel(
            connection,
            person=person,
            name=name,
            address=address,
            local=application.settings.local_receivers,
            who=who,
            now=system_clock(),
            subscription=options.read_subscription(OF_PEOPLE, **wanted),
        )
    )
    options.show(channel, as_json=as_json)


@people.command(epilog="Example: aftercare people test alice/mail")
@click.argument("channel")
def test(channel: str) -> None:
    """Send a message by CHANNEL (PERSON/NAME) at once; exit 1 when it was not taken."""
    try_named(CHANNEL, channel)


@people.command(epilog="Example: aftercare people resume alice/mail")
@click.argument("channel")
@who
def resume(channel: str, who: str) -> None:
    """Try CHANNEL (PERSON/NAME) again at once."""
    resume_named(CHANNEL, channel, who)


@people.command(epilog="Example: aftercare people remove alice, or alice/mail")
@click.argument("name")
@who
def remove(name: str, who: str) -> None:
    """Forget a person with their channels, or one channel (PERSON/NAME)."""
    if "/" in name:
        remove_named(CHANNEL, name, who)
        return
    with_database(lambda _, connection: remove_person(connection, name, who=who, now=system_clock()))
    click.echo(f"{name} is removed")


@people.command(epilog="Example: aftercare people escalate night 10m=alice 30m=@ops --severity CRITICAL")
@click.argument("policy")
@click.argument("steps", nargs=-1, required=True, metavar="AFTER=WHO[,WHO] ...")
@options.subscription_options
@who
def escalate(policy: str, steps: tuple[str, ...], who: str, **wanted: tuple[str, ...]) -> None:
    """Call WHO (a person, or @GROUP) when an alarm is not acknowledged AFTER it was raised, one step after another.

    Setting a POLICY that there is changes it. It watches alarms that are raised from now on.
    """
    wants = options.read_subscription(Subscription(), **wanted)
    receivers.check_subscription(wants)
    name, read = receivers.check_name(policy), [_read_step(step) for step in steps]

    def work(application: Application, connection: Connection) -> None:
        now = application.clock()
        escalation.put_policy(connection, EscalationPolicy(name, wants, read, now), who=who, now=now)

    with_database(work)
    click.echo(f"{policy}: {len(steps)} steps")


@people.command(epilog="Example: aftercare people escalations")
@options.as_json_option
def escalations_list(as_json: bool) -> None:
    """Every escalation, its steps, and how many alarms wait in it."""
    for policy in with_database(lambda _, connection: escalations.policies(connection)):
        if as_json:
            click.echo(json.dumps(asdict(policy), default=str))
        else:
            steps = "; ".join(f"after {step.after}: {', '.join(step.calls)}" for step in policy.steps)
            click.echo(f"{policy.name}  {steps}; {policy.waiting} alarms in it")


@people.command(epilog="Example: aftercare people no-escalation night")
@click.argument("policy")
@who
def no_escalation(policy: str, who: str) -> None:
    """Remove an escalation."""
    with_database(lambda _, connection: escalation.remove_policy(connection, policy, who=who, now=system_clock()))
    click.echo(f"{policy} is removed")


people.add_command(escalations_list, "escalations")


def _read_quiet(text: str | None) -> QuietHours | None:
    if text is None:
        return None
    begin, _, end = text.partition("-")
    try:
        return QuietHours(time.fromisoformat(begin), time.fromisoformat(end))
    except ValueError as error:
        raise InvalidInputError(f"quiet hours {text!r}: give HH:MM-HH:MM, such as 22:00-06:30") from error


def _read_step(text: str) -> EscalationStep:
    after, _, calls = text.partition("=")
    try:
        return EscalationStep(parse_duration(after), tuple(filter(None, calls.split(","))))
    except (ValueError, ConfigurationError) as error:
        raise InvalidInputError(f"step {text!r}: give AFTER=WHO, such as 10m=alice or 30m=@ops") from error


def _describe(person: Person) -> str:
    quiet = person.quiet_hours
    hours = f", quiet {quiet.begin:%H:%M}-{quiet.end:%H:%M}" if quiet else ""
    passes = " but for what is CRITICAL" if quiet and person.critical_passes else ""
    groups = f", in {', '.join(person.groups)}" if person.groups else ""
    return f"{person.name}  {person.time_zone}{hours}{passes}{groups}"
