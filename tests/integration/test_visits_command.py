"""`aftercare devices visits`, mistakes included."""

from functools import partial

import pytest


@pytest.fixture
def run(run_command):
    """Runs `aftercare devices visits ...`; its exit code, and what it said."""
    return partial(run_command, "devices", "visits")


def test_a_centre_is_given_so_many_visits_or_as_many_as_are_asked_for(desk, run):
    code, said = run("north", "12")
    assert (code, said) == (0, "north: 12 visits a week, from the next scoring run on\n")
    assert run("north", "3")[0] == 0
    assert desk.rows("SELECT service_centre, visits_per_week FROM visit_capacities") == [("north", 3)]
    assert run("north", "unlimited")[0] == 0
    assert desk.rows("SELECT * FROM visit_capacities") == []
    assert desk.value("SELECT count(*) FROM audit_log WHERE action = 'visits limited' AND object_id = 'north'") == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("moon", "3"), "no service centre 'moon'"),
        (("north", "few"), "'few' is no number of visits"),
        (("north", "1.5"), "'1.5' is no number of visits"),
        (("north", "9" * 30), "is no number of visits"),
    ],
)
def test_what_cannot_be_is_said(desk, run, arguments, message):
    code, said = run(*arguments)
    assert code == 1
    assert message in said
    assert desk.rows("SELECT * FROM visit_capacities") == []
