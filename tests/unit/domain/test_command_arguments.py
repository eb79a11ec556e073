"""Which arguments a device may be sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.command import Argument, ArgumentKind, CommandType
from domain.command_arguments import LONGEST_TEXT, MOST_SETTINGS, check_arguments, problem_of
from domain.errors import InvalidInputError

NUMBER = Argument("level", "Level", unit="s", low=1, high=10)
WHOLE = Argument("lines", "Lines", kind=ArgumentKind.INTEGER, low=0, high=5)
CHOICE = Argument("mode", "Mode", kind=ArgumentKind.TEXT, choices=("eco", "max"))
TEXT = Argument("note", "Note", kind=ArgumentKind.TEXT)
FLAG = Argument("deep", "Deep", kind=ArgumentKind.BOOLEAN, default=False)
SETTINGS = Argument("settings", "Settings", kind=ArgumentKind.SETTINGS)
COMMAND = CommandType("test", "Test", arguments=(NUMBER, FLAG))


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        (NUMBER, 1),
        (NUMBER, 10.0),
        (WHOLE, 5.0),
        (CHOICE, "eco"),
        (TEXT, ""),
        (TEXT, "x" * LONGEST_TEXT),
        (FLAG, True),
        (SETTINGS, {"a": 1, "b": "x", "c": False, "d": 1.5}),
    ],
)
def test_what_fits_is_taken(argument, value):
    assert problem_of(argument, value) is None


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        (NUMBER, 0.999),
        (NUMBER, 11),
        (NUMBER, True),
        (NUMBER, "5"),
        (NUMBER, float("nan")),
        (NUMBER, float("inf")),
        (WHOLE, 1.5),
        (WHOLE, float("inf")),
        (WHOLE, 10**400),
        (CHOICE, "ECO"),
        (CHOICE, 1),
        (TEXT, "a\nb"),
        (TEXT, "\0"),
        (TEXT, "x" * (LONGEST_TEXT + 1)),
        (FLAG, 1),
        (FLAG, "true"),
        (SETTINGS, {}),
        (SETTINGS, [1]),
        (SETTINGS, {"a": None}),
        (SETTINGS, {"a": {"b": 1}}),
        (SETTINGS, {"a": "\0"}),
        (SETTINGS, {"": 1}),
        (SETTINGS, {"a": float("nan")}),
        (SETTINGS, {"a": 2**70}),
        (SETTINGS, {"a": "\ud800"}),
        (SETTINGS, {str(number): 1 for number in range(MOST_SETTINGS + 1)}),
    ],
)
def test_what_does_not_fit_is_told(argument, value):
    assert problem_of(argument, value)


def test_defaults_fill_what_is_left_out():
    assert check_arguments(COMMAND, {"level": 3}) == {"level": 3, "deep": False}


@pytest.mark.parametrize(
    ("given_", "complaint"),
    [
        ({}, "needs the argument level: Level, 1 to 10 s"),
        ({"level": 3, "speed": 1}, "knows no argument 'speed': it takes deep, level"),
        ({"level": 99}, "level is wrong"),
    ],
)
def test_the_first_mistake_is_named(given_, complaint):
    with pytest.raises(InvalidInputError, match=complaint):
        check_arguments(COMMAND, given_)


def test_a_command_without_arguments_says_so():
    with pytest.raises(InvalidInputError, match="it takes none"):
        check_arguments(CommandType("reset", "Reset"), {"level": 3})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from([NUMBER, WHOLE, CHOICE, TEXT, FLAG, SETTINGS]), JSON)
def test_any_value_is_judged(argument, value):
    problem = problem_of(argument, value)
    assert problem is None or 0 < len(problem) < 3000
