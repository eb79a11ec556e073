"""`aftercare devices visits`, mistakes included."""

from functools import partial

import pytest

STATED = "SELECT service_centre, visits_per_week FROM service_centres WHERE visits_per_week IS NOT NULL"


@pytest.fixture
def run(run_command):
    """Runs `aftercare devices visits ...`; its exit code, and what it said."""
    return partial(run_command, "devices", "visits")


def test_a_centre_is_given_so_many_visits_or_as_many_as_are_asked_for(desk, run):
    code, said = run("north", "12")
    assert (code, said) == (0, "north: 12 visits a week, from the next scoring run on\n")
    assert run("north", "3")[0] == 0
    assert desk.rows(STATED) == [("north", 3)]
    assert run("north", "unlimited")[0] == 0
    assert desk.rows(STATED) == []
    assert desk.value("SELECT count(*) FROM audit_log WHERE action = 'visits limited' AND object_id = 'north'") == 3


def test_where_technicians_are_known_their_hours_count(desk, run, run_command):
    assert run("south", "4")[0] == 0
    desk.rows(
        "INSERT INTO technicians (technician, service_centre, skills, time_zone, hours, holidays, closed_days, "
        "shift_hours, active) VALUES ('anna', 'north', '{}', 'UTC', 'Mo-Fr 08:00-16:00', '', '{}', 40, true)"
    )
    code, said = run("north", "12")
    assert (code, desk.rows(STATED)) == (1, [("south", 4)])
    assert "north has 1 technicians, whose 40 h a week count" in said
    assert run("north", "unlimited")[0] == 0
    assert run_command("technicians", "list")[1].splitlines()[1:] == [
        "north: 40 h of visits a week",
        "south: 4 visits a week",
    ]


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
    assert desk.rows(STATED) == []
