"""What follows from an answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from diagnostics.troubleshooting.steps import check_answer, dead_end, follow, judge_command, judge_readings, look_up
from domain.command import Command, CommandState
from domain.errors import InvalidInputError
from domain.troubleshooting import CommandStep, Ending, Limit, Outcome, Question, ReadingCheck, Tree, Value

THEN = {"yes": "done", "no": "again"}
AT = datetime(2026, 1, 1, tzinfo=UTC)


def command(state: CommandState, result: object = None) -> Command:
    return Command(1, "sc-1", "self_test", {}, state, AT, "anna", AT, result=result)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "values", "answer"),
    [
        (Value.LAST, [9, 1], "no"),
        (Value.MEAN, [9, 1], "no"),
        (Value.MAXIMUM, [9, 1], "yes"),
        (Value.MINIMUM, [9, 6], "yes"),
        (Value.LAST, [float("nan")], "no"),
        (Value.LAST, [], "unknown"),
    ],
)
def test_telemetry_is_held_against_the_limit(value, values, answer):
    step = ReadingCheck("s", "S", THEN, "flow", Limit(above=5), value)
    assert judge_readings(step, "m3/h", values).answer == answer


@pytest.mark.parametrize(
    ("state", "result", "answer"),
    [
        (CommandState.SUCCEEDED, {"checks": [{"check": "flow", "value": 1.4}]}, "yes"),
        (CommandState.SUCCEEDED, {"checks": [{"check": "flow", "value": 1.9}]}, "no"),
        (CommandState.SUCCEEDED, {"checks": [{"check": "flow", "value": True}]}, "unknown"),
        (CommandState.SUCCEEDED, {"checks": [{"check": "flow", "value": "1.4"}]}, "unknown"),
        (CommandState.SUCCEEDED, {"checks": [1, "flow"]}, "unknown"),
        (CommandState.SUCCEEDED, None, "unknown"),
        (CommandState.FAILED, {"checks": [{"check": "flow", "value": 1.4}]}, "unknown"),
        (CommandState.TIMED_OUT, None, "unknown"),
        (CommandState.CANCELLED, None, "unknown"),
    ],
)
def test_a_result_is_held_against_the_limit_and_a_command_that_failed_says_nothing(state, result, answer):
    step = CommandStep("s", "S", THEN, "self_test", result="checks.flow.value", limit=Limit(below=1.7))
    assert judge_command(step, command(state, result)).answer == answer


@pytest.mark.parametrize(
    ("equals", "value", "met"), [(True, True, True), (True, 1.0, False), (1.0, True, False), ("on", "on", True)]
)
def test_true_is_not_one(equals, value, met):
    assert Limit(equals=equals).met_by(value) is met


def test_a_command_without_a_limit_says_yes_when_it_was_carried_out():
    step = CommandStep("s", "S", {"yes": "done"}, "flush")
    assert judge_command(step, command(CommandState.SUCCEEDED)).answer == "yes"


def test_a_path_leads_through_objects_and_lists():
    result = {"a": [{"name": "x", "v": 1}, {"name": "y", "v": [{"n": "z", "w": 2}]}]}
    assert look_up(result, "a.y.v.z.w") == 2
    assert look_up(result, "a.q.v") is None
    assert look_up(3, "a") is None


def test_what_leads_nowhere_is_a_ticket_that_tells_why():
    asked = Question("q", "Loud?", {"yes": "done", "no": "q2"})
    done = Ending("done", "Done", Outcome.FIXED)
    tree = Tree((asked, Question("q2", "Warm?", THEN)), (done,))
    finding = judge_readings(ReadingCheck("s", "S", {}, "flow", Limit(above=1)), "1", [])
    assert follow(tree, asked, finding).outcome is Outcome.TICKET
    assert dead_end("why").title.endswith("why")
    with pytest.raises(InvalidInputError, match="it has yes, no"):
        check_answer(asked, "unknown")
