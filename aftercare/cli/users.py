"""`aftercare users` and `aftercare tokens`: who may sign in, and by what programs are known."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from access import accounts, openid
from aftercare.cli.durations import read_duration
from aftercare.cli.receiver_options import as_json_option, who, with_database
from aftercare.wiring import Application
from domain.account import Role
from domain.clock import system_clock
from domain.errors import ConfigurationError, InvalidInputError
from store import api_tokens
from store import users as stored
from store.choices import require_customer
from store.database import Connection

ROLES = click.Choice([role.value for role in Role])
"""Their values: of an enumeration itself click takes the names, which are in capitals."""
role_option = click.option("--role", type=ROLES, default=Role.VIEWER.value, show_default=True)
customer_option = click.option("--customer", help="They see this customer's devices only, as viewers. Default: all.")
new_customer_option = click.option("--new-customer", is_flag=True, help="No device belongs to the customer yet.")


@click.group(epilog="Example: aftercare users add alice --role planner")
def users() -> None:
    """Who may sign in, with which role, and whose devices they see. See docs/access.md."""


@users.command(epilog="Example: aftercare users add alice --role planner")
@click.argument("name")
@role_option
@customer_option
@new_customer_option
@click.option("--program", is_flag=True, help="Bears tokens, and has no password to sign in with.")
@who
def add(name: str, role: str, customer: str | None, new_customer: bool, program: bool, who: str) -> None:
    """Make the user NAME, and print a one-time password: this once, for only its hash is kept."""

    def make(_: Application, connection: Connection) -> str:
        _check(connection, customer, new_customer)
        wanted: dict[str, Any] = {"name": name, "role": Role(role), "customer": customer}
        if not program:
            return accounts.add_user(connection, **wanted, who=who, now=system_clock())
        accounts.add_program(connection, **wanted, who=who, now=system_clock())
        return f"{name} is there; 'aftercare tokens create {name}' makes a token"

    click.echo(with_database(make))


@users.command("list", epilog="Example: aftercare users list --json")
@as_json_option
def list_users(as_json: bool) -> None:
    """Everybody by name."""
    for user in with_database(lambda _, connection: stored.list_users(connection)):
        if as_json:
            click.echo(json.dumps(asdict(user), default=str))
            continue
        ways = [way for way, has in (("a password", user.has_password), ("the provider", user.by_provider)) if has]
        way = " and ".join(ways) or "tokens only"
        seen = f"last signed in {user.last_signed_in_at:%Y-%m-%d %H:%M}" if user.last_signed_in_at else "never here"
        sees = f", sees {user.customer} only" if user.customer else ""
        disabled = f", disabled since {user.disabled_at:%Y-%m-%d}" if user.disabled_at else ""
        click.echo(f"{user.name}  {user.role}{sees}, by {way}, {seen}{disabled}")


@users.command(epilog="Example: aftercare users change alice --role admin")
@click.argument("name")
@click.option("--role", type=ROLES, required=True)
@customer_option
@new_customer_option
@who
def change(name: str, role: str, customer: str | None, new_customer: bool, who: str) -> None:
    """Give NAME another role, or another customer's devices to see; from their next request on."""

    def work(_: Application, connection: Connection) -> None:
        _check(connection, customer, new_customer)
        accounts.change_role(connection, name, role=Role(role), customer=customer, who=who, now=system_clock())

    with_database(work)
    click.echo(f"{name} is {role}")


def _check(connection: Connection, customer: str | None, new_customer: bool) -> None:
    if customer and not new_customer:
        try:
            require_customer(connection, customer)
        except InvalidInputError as error:
            raise InvalidInputError(f"{error} --new-customer takes one without devices") from error


@users.command(epilog="Example: aftercare users disable alice")
@click.argument("name")
@who
def disable(name: str, who: str) -> None:
    """Keep NAME and their tokens out, from their next request on."""
    with_database(lambda _, connection: accounts.disable(connection, name, who=who, now=system_clock()))
    click.echo(f"{name} is disabled")


@users.command(epilog="Example: aftercare users enable alice")
@click.argument("name")
@who
def enable(name: str, who: str) -> None:
    """Let NAME in again."""
    with_database(lambda _, connection: accounts.enable(connection, name, who=who, now=system_clock()))
    click.echo(f"{name} is enabled")


@users.command("reset-password", epilog="Example: aftercare users reset-password alice")
@click.argument("name")
@who
def reset_password(name: str, who: str) -> None:
    """Replace NAME's password by a one-time password, and print it; their sessions end."""
    click.echo(
        with_database(lambda _, connection: accounts.reset_password(connection, name, who=who, now=system_clock()))
    )


@users.command(epilog="Example: aftercare users link alice 248289761001")
@click.argument("name")
@click.argument("subject")
@who
def link(name: str, subject: str, who: str) -> None:
    """Let NAME sign in by the OpenID provider, which knows them as SUBJECT (its claim sub)."""

    def in_transaction(app: Application, connection: Connection) -> None:
        if app.settings.oidc_issuer is None:
            raise ConfigurationError("AFTERCARE_OIDC_ISSUER is not set: name the provider first")
        openid.link(connection, name, issuer=app.settings.oidc_issuer, subject=subject, who=who, now=system_clock())

    with_database(in_transaction)
    click.echo(f"{name} may sign in by the provider")


@click.group(epilog="Example: aftercare tokens create erp --label stock --expires 365d")
def tokens() -> None:
    """Tokens by which programs are known to the API. See docs/access.md."""


@tokens.command(epilog="Example: aftercare tokens create erp --label stock --expires 365d")
@click.argument("user")
@click.option("--label", default="", help="What it is for.")
@click.option("--expires", metavar="DURATION", help="How long it is good, such as 365d. Default: until it is revoked.")
@who
def create(user: str, label: str, expires: str | None, who: str) -> None:
    """Make a token that may do what USER may do, and print it: this once, for only its hash is kept."""
    now = system_clock()
    expires_at = _end(now, expires) if expires else None
    made = with_database(
        lambda _, connection: accounts.create_token(
            connection, user, label=label, who=who, now=now, expires_at=expires_at
        )
    )
    click.echo(made.token)


def _end(now: datetime, expires: str) -> datetime:
    try:
        return now + read_duration(expires)
    except OverflowError as error:
        raise InvalidInputError(f"{expires!r} ends after the year 9999: leave --expires out") from error


@tokens.command("list", epilog="Example: aftercare tokens list --json")
@as_json_option
def list_tokens(as_json: bool) -> None:
    """Every token, newest first."""
    for token in with_database(lambda _, connection: api_tokens.list_tokens(connection)):
        if as_json:
            click.echo(json.dumps(asdict(token), default=str))
            continue
        end = (
            f"revoked {token.revoked_at:%Y-%m-%d}"
            if token.revoked_at
            else f"good until {token.expires_at:%Y-%m-%d %H:%M}"
            if token.expires_at
            else "good until it is revoked"
        )
        used = f"used {token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never used"
        click.echo(f"{token.api_token_id}  {token.user}  {token.label or '-'}  {used}, {end}")


@tokens.command(epilog="Example: aftercare tokens revoke 3")
@click.argument("token", type=click.IntRange(1))
@who
def revoke(token: int, who: str) -> None:
    """End a token (its number in the list), from the next request on."""
    with_database(lambda _, connection: accounts.revoke_token(connection, token, who=who, now=system_clock()))
    click.echo(f"token {token} is revoked")
