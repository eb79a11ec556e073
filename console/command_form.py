"""Which commands have a form, and what a form says of a command's arguments, or of settings. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from domain.account import Caller, Role
from domain.command import Argument, ArgumentKind, CommandType
from domain.device_model import DeviceModel
from domain.errors import InvalidInputError

FIELD = "argument."
"""Before the name of an argument, in the name of its field."""


def commands_for(caller: Caller, model: DeviceModel | None) -> Sequence[CommandType]:
    """Those that have a form for this reader: all for operators, for a customer's user those of self-service."""
    types = model.commands if model else ()
    if caller.customer is not None:
        return [one for one in types if one.self_service]
    return types if caller.role.includes(Role.OPERATOR) else ()


def read_arguments(command: CommandType, form: Mapping[str, str]) -> dict[str, Any]:
    """The arguments that were filled in; whether they fit is for the use case to say. Raises InvalidInputError."""
    given = {}
    for argument in command.arguments:
        text = form.get(FIELD + argument.name, "").strip()
        if argument.kind is ArgumentKind.BOOLEAN:
            given[argument.name] = text == "yes"
        elif text:
            given[argument.name] = _value(argument, text)
    return given


def read_settings(text: str) -> dict[str, Any]:
    """Settings by name from lines of NAME=VALUE; a value that is no JSON is a text. Raises InvalidInputError."""
    settings: dict[str, Any] = {}
    for line in filter(str.strip, text.splitlines()):
        name, equals, value = (piece.strip() for piece in line.partition("="))
        if not equals or not name:
            raise InvalidInputError(f"{line.strip()[:100]!r} is not NAME=VALUE: write one setting on each line")
        if name in settings:
            raise InvalidInputError(f"{name[:100]!r} is there twice: say once what it should be")
        try:
            settings[name] = json.loads(value)
        except (ValueError, RecursionError):
            settings[name] = value
    if not settings:
        raise InvalidInputError("nothing to change: write settings as NAME=VALUE, one on each line")
    return settings


def _value(argument: Argument, text: str) -> Any:
    match argument.kind:
        case ArgumentKind.SETTINGS:
            return read_settings(text)
        case ArgumentKind.TEXT:
            return text
    try:
        return int(text) if argument.kind is ArgumentKind.INTEGER else float(text)
    except ValueError:
        raise InvalidInputError(f"{argument.title}: {text[:50]!r} is not a number") from None
