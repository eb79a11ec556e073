"""Reads `[commands]` and the `[[command]]` tables of a catalog file."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from domain.account import Role
from domain.catalog_table import (
    Table,
    read_count,
    read_flag,
    read_identifier,
    read_number,
    read_one,
    read_span,
    read_text,
    read_texts,
)
from domain.command import USUAL_LIMIT, Argument, ArgumentKind, CommandType, RateLimit
from domain.command_arguments import problem_of

LONGEST_VALIDITY = timedelta(days=7)
"""How long a command may wait for its device, whoever asks."""
USUAL = CommandType("", "")
NUMBERS = (ArgumentKind.NUMBER, ArgumentKind.INTEGER)
NOTHING = float("nan")
NO_TEXTS: tuple[str, ...] = ()
UNSET: Any = object()


def read_rate_limit(document: Table) -> RateLimit:
    """How many commands one device may be sent. Raises CatalogError."""
    table = document.table("commands")
    limit = RateLimit(
        commands=table.get("per_device", read_count, USUAL_LIMIT.commands),
        within=table.get("within", read_span, USUAL_LIMIT.within),
    )
    table.finish()
    return limit


def read_commands(document: Table) -> tuple[CommandType, ...]:
    """The commands of a document, each name once. Raises CatalogError."""
    found: dict[str, CommandType] = {}
    for row in document.tables("command"):
        command = _command(row)
        if command.name in found:
            raise document.fail("command", f"{command.name!r} is listed twice")
        found[command.name] = command
    return tuple(found.values())


def _command(row: Table) -> CommandType:
    command = CommandType(
        name=row.get("name", read_identifier),
        title=row.get("title", read_text),
        role=row.get("role", lambda value: read_one(value, Role), USUAL.role),
        confirm=row.get("confirm", read_text, ""),
        timeout=row.get("timeout", read_span, USUAL.timeout),
        valid_for=row.get("valid_for", read_span, USUAL.valid_for),
        arguments=tuple(_argument(argument) for argument in row.tables("argument")),
        self_service=row.get("self_service", read_flag, False),
    )
    if command.self_service and (why := _not_for_customers(command)):
        raise row.fail("self_service", f"is for what anybody may ask of a device at any time, and {why}")
    if command.valid_for > LONGEST_VALIDITY:
        raise row.fail("valid_for", f"is longer than {LONGEST_VALIDITY.days} days, which is the most that one may wait")
    names = [argument.name for argument in command.arguments]
    if len(set(names)) < len(names):
        raise row.fail("argument", "lists a name twice")
    row.finish()
    return command


def _not_for_customers(command: CommandType) -> str:
    """Why customers' users may not be offered it; empty when they may."""
    if command.confirm:
        return "this has to be confirmed"
    if not Role.OPERATOR.includes(command.role):
        return f"this needs the role {command.role}"
    if any(argument.kind is ArgumentKind.SETTINGS for argument in command.arguments):
        return "this changes settings"
    return ""


def _argument(row: Table) -> Argument:
    kind = row.get("kind", lambda value: read_one(value, ArgumentKind), ArgumentKind.NUMBER)
    low, high = row.get("low", read_number, NOTHING), row.get("high", read_number, NOTHING)
    choices = row.get("choices", read_texts, NO_TEXTS)
    if low > high:
        raise row.fail("low", f"{low} is above high {high}")
    if kind in NUMBERS and (low != low or high != high):
        raise row.fail("low", "and high are needed: they say which numbers the device may be sent")
    if (low == low or high == high) and kind not in NUMBERS:
        raise row.fail("low", f"and high mean nothing for a {kind}")
    if choices and kind is not ArgumentKind.TEXT:
        raise row.fail("choices", f"mean nothing for a {kind}")
    argument = Argument(
        name=row.get("name", read_identifier),
        title=row.get("title", read_text),
        unit=row.get("unit", read_text, "1"),
        kind=kind,
        low=None if low != low else low,
        high=None if high != high else high,
        choices=choices,
    )
    default = row.get("default", lambda value: _default(value, argument), UNSET)
    row.finish()
    return argument if default is UNSET else replace(argument, default=default)


def _default(value: Any, argument: Argument) -> Any:
    if problem := problem_of(argument, value):
        raise ValueError(problem)
    return value
