"""What forms say of arguments and settings."""

import pytest

from console.command_form import read_arguments, read_settings
from domain.command import Argument, ArgumentKind, CommandType
from domain.errors import InvalidInputError

COMMAND = CommandType(
    "test",
    "Test",
    arguments=(
        Argument("level", "Level", low=0, high=9, default=1),
        Argument("lines", "Lines", kind=ArgumentKind.INTEGER, low=0, high=9, default=1),
        Argument("note", "Note", kind=ArgumentKind.TEXT),
        Argument("deep", "Deep", kind=ArgumentKind.BOOLEAN),
        Argument("settings", "Settings", kind=ArgumentKind.SETTINGS),
    ),
)


def fields(**values):
    return {f"argument.{name}": value for name, value in values.items()}


def test_each_kind_is_read_and_what_is_empty_is_left_to_its_default():
    filled = fields(level="1.5", lines="3", note=" hello ", deep="yes", settings="a = 1\r\nb=eco\n")
    assert read_arguments(COMMAND, filled) == {
        "level": 1.5,
        "lines": 3,
        "note": "hello",
        "deep": True,
        "settings": {"a": 1, "b": "eco"},
    }
    assert read_arguments(COMMAND, fields(level=" ", other="x")) == {"deep": False}


@pytest.mark.parametrize("bad", [{"level": "much"}, {"lines": "1.5"}, {"lines": "0x10"}, {"settings": "a"}])
def test_what_is_not_so_is_told(bad):
    with pytest.raises(InvalidInputError):
        read_arguments(COMMAND, fields(**bad))


def test_settings_are_json_or_else_texts():
    text = 'a = 1\n\nb = {"c": [true, null]}\nmode = eco=2\nd = null\n'
    assert read_settings(text) == {"a": 1, "b": {"c": [True, None]}, "mode": "eco=2", "d": None}


@pytest.mark.parametrize("text", ["", " \n ", "eco", "= 1", "a=1\na=2", "a=1\nb"])
def test_lines_that_are_no_settings_are_told(text):
    with pytest.raises(InvalidInputError):
        read_settings(text)


def test_deep_values_do_not_crash():
    assert isinstance(read_settings("a = " + "[" * 9000)["a"], str)
