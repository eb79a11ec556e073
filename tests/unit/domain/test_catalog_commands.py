"""`[commands]` and `[[command]]` of a catalog file."""

import tomllib
from datetime import timedelta

import pytest

from domain.account import Role
from domain.catalog_commands import read_commands, read_rate_limit
from domain.catalog_table import Table
from domain.command import ArgumentKind, RateLimit
from domain.errors import CatalogError

WHOLE = """
[commands]
per_device = 3
within = "2m"

[[command]]
name = "sampling"
title = "Sample more often"
role = "planner"
confirm = "It costs battery"
timeout = "90s"
valid_for = "1h"

[[command.argument]]
name = "interval"
title = "Interval"
unit = "s"
low = 1
high = 60
default = 10

[[command.argument]]
name = "mode"
title = "Mode"
kind = "text"
choices = ["fast", "slow"]

[[command]]
name = "restart"
title = "Restart"

[[command]]
name = "snapshot"
title = "Snapshot"
self_service = true
"""


def table(text):
    return Table(tomllib.loads(text), "pump.toml")


def test_commands_are_read_with_what_is_usual():
    sampling, restart, snapshot = read_commands(table(WHOLE))

    assert (sampling.role, sampling.confirm, sampling.timeout) == (
        Role.PLANNER,
        "It costs battery",
        timedelta(seconds=90),
    )
    assert [(one.name, one.kind, one.default) for one in sampling.arguments] == [
        ("interval", ArgumentKind.NUMBER, 10),
        ("mode", ArgumentKind.TEXT, None),
    ]
    assert (restart.role, restart.confirm, restart.arguments) == (Role.OPERATOR, "", ())
    assert [one.self_service for one in (sampling, restart, snapshot)] == [False, False, True]
    assert read_rate_limit(table(WHOLE)) == RateLimit(3, timedelta(minutes=2))
    assert read_rate_limit(table("")) == RateLimit(10, timedelta(minutes=1))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('name = "restart"', 'name = "sampling"', "'sampling' is listed twice"),
        ('name = "mode"', 'name = "interval"', "lists a name twice"),
        ('valid_for = "1h"', 'valid_for = "8d"', "longer than 7 days"),
        ("low = 1\n", "", "low and high are needed"),
        ("low = 1\n", "low = 61\n", "above high"),
        ("default = 10", "default = 99", "default is wrong"),
        ("default = 10", 'choices = ["a"]', "mean nothing for a number"),
        ('choices = ["fast", "slow"]', 'choices = ["fast"]\nlow = 1', "mean nothing for a text"),
        ('role = "planner"', 'role = "king"', "role is wrong"),
        ('timeout = "90s"', 'timeout = "soon"', "timeout is wrong"),
        ('title = "Restart"', "", "title is missing"),
        ("self_service = true", 'self_service = "yes"', "self_service is wrong: 'yes' is neither true nor false"),
        ("self_service = true", 'self_service = true\nconfirm = "Stops"', "self_service .* has to be confirmed"),
        ("self_service = true", 'self_service = true\nrole = "planner"', "self_service .* needs the role planner"),
        (
            "self_service = true",
            'self_service = true\nargument = [{ name = "s", title = "S", kind = "settings" }]',
            "self_service .* changes settings",
        ),
        ('title = "Restart"', 'title = "Restart"\nspeed = 1', "speed"),
        ('name = "restart"', 'name = "Re start"', "name is wrong"),
    ],
)
def test_a_mistake_is_told_with_its_place(old, new, complaint):
    assert old in WHOLE
    with pytest.raises(CatalogError, match=complaint) as error:
        read_commands(table(WHOLE.replace(old, new)))
    assert "pump.toml" in str(error.value)


@pytest.mark.parametrize("line", ["per_device = 0", "per_device = 1.5", 'within = "soon"', "burst = 3"])
def test_a_rate_limit_that_makes_no_sense_is_refused(line):
    with pytest.raises(CatalogError):
        read_rate_limit(table(f"[commands]\n{line}"))
