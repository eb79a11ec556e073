"""What follows from what a step of a decision tree found. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alerts.rules import span
from domain.command import Command, CommandState
from domain.errors import InvalidInputError
from domain.troubleshooting import (
    NO,
    UNKNOWN,
    YES,
    CommandStep,
    Ending,
    Limit,
    Outcome,
    Question,
    ReadingCheck,
    Step,
    Tree,
    Value,
)

NOT_FOUND_OUT = "not_found_out"
LONGEST_NOTE = 300


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of a step, and what it rests on in words."""

    answer: str
    note: str


def judge_readings(step: ReadingCheck, unit: str, values: Sequence[float]) -> Finding:
    """What a channel's values say, in order of time; without any nothing is known."""
    if not values:
        return Finding(UNKNOWN, f"no value of {step.channel} came within {span(step.over)}")
    value = {
        Value.LAST: values[-1],
        Value.MEAN: sum(values) / len(values),
        Value.MINIMUM: min(values),
        Value.MAXIMUM: max(values),
    }[step.value]
    answer = YES if step.limit.met_by(value) else NO
    return Finding(answer, f"{step.value} {value:.4g} {unit}, asked for {describe(step.limit)}")


def judge_command(step: CommandStep, command: Command) -> Finding:
    """What has become of a command that has ended. One that failed, or was not answered, says nothing."""
    if command.state is CommandState.TIMED_OUT:
        return Finding(UNKNOWN, f"{command.device} did not answer {step.command} in time")
    if command.state is not CommandState.SUCCEEDED:
        told = f"{command.error_code} {command.error_message}".strip() or str(command.state)
        return Finding(UNKNOWN, f"{step.command} came to nothing: {told}"[:LONGEST_NOTE])
    if step.limit is None:
        return Finding(YES, f"{step.command} was carried out")
    value = look_up(command.result, step.result)
    met = None if value is None else step.limit.met_by(value)
    if met is None:
        return Finding(UNKNOWN, f"the result of {step.command} has no {step.result} that could be judged")
    shown = f"{value:.4g}" if isinstance(value, float) else str(value)
    return Finding(YES if met else NO, f"{step.result} is {shown}, asked for {describe(step.limit)}"[:LONGEST_NOTE])


def look_up(result: Any, path: str) -> Any:
    """What stands at a path of names in a command's result; of a list the item that has the name as one of its texts.
    None when there is nothing."""
    for name in path.split("."):
        if isinstance(result, list):
            result = next((item for item in result if isinstance(item, Mapping) and name in item.values()), None)
        else:
            result = result.get(name) if isinstance(result, Mapping) else None
    return result


def describe(limit: Limit) -> str:
    """The limit in words."""
    if limit.equals is not None:
        return f"{limit.equals}"
    bounds = (("above", limit.above), ("below", limit.below))
    return " and ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)


def check_answer(step: Question, answer: str) -> None:
    """Raises InvalidInputError for an answer that the question does not have."""
    if answer not in step.answers:
        raise InvalidInputError(f"{answer[:100]!r} is no answer to {step.title!r}: it has {', '.join(step.answers)}")


def follow(tree: Tree, step: Step, finding: Finding) -> Step | Ending:
    """The step or the ending that comes after; what leads nowhere is for a technician to find out."""
    target = step.next.get(finding.answer, "")
    return tree.step(target) or tree.ending(target) or dead_end(f"{step.title}: {finding.note}")


def dead_end(reason: str) -> Ending:
    """Nothing more can be found out from afar."""
    return Ending(NOT_FOUND_OUT, f"Could not be found out from afar. {reason}", Outcome.TICKET)
