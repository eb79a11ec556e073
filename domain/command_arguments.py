"""Whether a device may be sent these arguments. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.command import Argument, ArgumentKind, CommandType
from domain.errors import InvalidInputError

LONGEST_TEXT = 1000
MOST_SETTINGS = 100
LONGEST_SETTING_NAME = 128
LARGEST_NUMBER = 2**53


def check_arguments(command: CommandType, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, with the defaults of those left out. Raises InvalidInputError naming the first mistake."""
    known = {argument.name for argument in command.arguments}
    if unknown := sorted(set(given) - known):
        takes = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
        raise InvalidInputError(f"{command.name} knows no argument {unknown[0]!r}: {takes}")
    complete = {}
    for argument in command.arguments:
        value = given.get(argument.name, argument.default)
        if value is None:
            raise InvalidInputError(f"{command.name} needs the argument {argument.name}: {describe(argument)}")
        if problem := problem_of(argument, value):
            raise InvalidInputError(f"{command.name}: {argument.name} is wrong: {problem}")
        complete[argument.name] = value
    return complete


def describe(argument: Argument) -> str:
    """What may be given, in words."""
    if argument.choices:
        return f"{argument.title}, one of {', '.join(argument.choices)}"
    unit = "" if argument.unit == "1" else f" {argument.unit}"
    if argument.low is not None and argument.high is not None:
        return f"{argument.title}, {argument.low:g} to {argument.high:g}{unit}"
    return f"{argument.title}, {argument.kind}"


def problem_of(argument: Argument, value: Any) -> str | None:
    """What is wrong with a value for an argument; None: nothing."""
    match argument.kind:
        case ArgumentKind.BOOLEAN:
            return None if isinstance(value, bool) else f"{value!r} is neither true nor false"
        case ArgumentKind.SETTINGS:
            return _settings_problem(value)
        case ArgumentKind.TEXT:
            return _text_problem(argument, value)
        case _:
            return _number_problem(argument, value)


def _number_problem(argument: Argument, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{value!r} is not a number"
    if argument.kind is ArgumentKind.INTEGER and value % 1 != 0:
        return f"{value!r} is not a whole number"
    if (argument.low is not None and not argument.low <= value) or (
        argument.high is not None and not value <= argument.high
    ):
        return f"{value!r} is not what it may be: {describe(argument)}"
    return None


def _text_problem(argument: Argument, value: Any) -> str | None:
    if not isinstance(value, str) or not value.isprintable() or len(value) > LONGEST_TEXT:
        return f"{str(value)[:100]!r} is not printable text of at most {LONGEST_TEXT} characters"
    if argument.choices and value not in argument.choices:
        return f"{value!r} is none of {', '.join(argument.choices)}"
    return None


def _settings_problem(value: Any) -> str | None:
    if not isinstance(value, dict) or not 0 < len(value) <= MOST_SETTINGS:
        return f"{str(value)[:100]!r} is not an object of 1 to {MOST_SETTINGS} settings by name"
    for name, setting in value.items():
        if not _can_be_told(setting):
            return f"setting {name[:100]!r} is no text, number up to 2^53, true or false"
        if not name.isprintable() or not 0 < len(name) <= LONGEST_SETTING_NAME:
            return f"{name[:100]!r} cannot be the name of a setting"
    return None


def _can_be_told(setting: Any) -> bool:
    """Whether it survives JSON, the wire and the database: beyond 2^53 whole numbers do not reach every device."""
    if isinstance(setting, str):
        return "\0" not in setting and not any("\ud800" <= character <= "\udfff" for character in setting)
    return isinstance(setting, int | float) and abs(setting) <= LARGEST_NUMBER
