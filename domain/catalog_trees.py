"""Reads `[failure_mode.troubleshooting]` of a catalog file; `tree_checks` holds it against the rest of the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.catalog_table import (
    Table,
    read_duration,
    read_flag,
    read_identifier,
    read_number,
    read_one,
    read_span,
    read_text,
    read_texts,
)
from domain.troubleshooting import (
    USUAL_PATIENCE,
    USUAL_STRETCH,
    USUALLY_STANDS_FOR,
    Asked,
    CommandStep,
    Ending,
    Limit,
    Outcome,
    Question,
    ReadingCheck,
    Starts,
    Step,
    Tree,
    Value,
)

NOTHING = float("nan")
UNSET: Any = object()
KINDS = ("channel", "command", "ask")


def read_tree(failure_mode: Table) -> Tree | None:
    """The decision tree of a failure mode; None without one. Raises CatalogError."""
    table = failure_mode.table("troubleshooting")
    tree = Tree(
        steps=tuple(_step(row) for row in table.tables("step")),
        endings=tuple(_ending(row) for row in table.tables("ending")),
        starts=table.get("starts", lambda value: read_one(value, Starts), Starts.REQUEST),
        stands_for=table.get("stands_for", read_duration, USUALLY_STANDS_FOR),
    )
    table.finish()
    if not tree.steps and tree.endings:
        raise table.fail("step", "is missing: list at least one [[failure_mode.troubleshooting.step]]")
    return tree if tree.steps else None


def _step(row: Table) -> Step:
    given = [kind for kind in KINDS if row.get(kind, lambda value: value, UNSET) is not UNSET]
    if len(given) != 1:
        raise row.fail(given[0] if given else "channel", f"is one of {', '.join(KINDS)}: give exactly one of them")
    shared: dict[str, Any] = {
        "name": row.get("name", read_identifier),
        "title": row.get("title", read_text),
        "next": row.get("next", _next),
    }
    step = {"channel": _reading_check, "command": _command, "ask": _question}[given[0]](row, shared)
    row.finish()
    return step


def _reading_check(row: Table, shared: dict[str, Any]) -> Step:
    limit = _limit(row)
    if limit is None or limit.equals is not None:
        raise row.fail("channel", "needs above, below or both, to hold its value against")
    return ReadingCheck(
        **shared,
        channel=row.get("channel", read_identifier),
        limit=limit,
        value=row.get("value", lambda value: read_one(value, Value), Value.LAST),
        over=row.get("over", read_span, USUAL_STRETCH),
    )


def _command(row: Table, shared: dict[str, Any]) -> Step:
    result, limit = row.get("result", read_text, ""), _limit(row)
    if bool(result) != (limit is not None):
        raise row.fail("result", "goes with above, below or equals: what is looked at, and what it is held against")
    return CommandStep(
        **shared,
        command=row.get("command", read_identifier),
        arguments=row.get("arguments", _table, {}),
        confirmed=row.get("confirmed", read_flag, False),
        result=result,
        limit=limit,
    )


def _question(row: Table, shared: dict[str, Any]) -> Step:
    return Question(
        **shared,
        ask=row.get("ask", lambda value: read_one(value, Asked)),
        answer_within=row.get("answer_within", read_span, USUAL_PATIENCE),
    )


def _limit(row: Table) -> Limit | None:
    above, below = row.get("above", read_number, NOTHING), row.get("below", read_number, NOTHING)
    equals = row.get("equals", _scalar, UNSET)
    if equals is not UNSET:
        if above == above or below == below:
            raise row.fail("equals", "says it all: leave above and below out")
        return Limit(equals=equals)
    if above >= below:
        raise row.fail("above", f"{above:g} is not less than below {below:g}: no value is between them")
    if above != above and below != below:
        return None
    return Limit(None if above != above else above, None if below != below else below)


def _ending(row: Table) -> Ending:
    outcomes = (Outcome.FIXED, Outcome.TICKET, Outcome.NO_FAULT)
    outcome = row.get("outcome", lambda value: read_one(value, Outcome))
    if outcome not in outcomes:
        raise row.fail("outcome", f"{outcome.value!r} is none of {', '.join(outcomes)}")
    parts, tools = row.get("parts", read_texts, UNSET), row.get("tools", read_texts, UNSET)
    if outcome is not Outcome.TICKET and (parts is not UNSET or tools is not UNSET):
        raise row.fail("parts", "and tools are for a visit: only the outcome ticket has them")
    ending = Ending(
        name=row.get("name", read_identifier),
        title=row.get("title", read_text),
        outcome=outcome,
        parts=None if parts is UNSET else parts,
        tools=None if tools is UNSET else tools,
    )
    row.finish()
    return ending


def _next(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict) or not value:
        raise TypeError('say where each answer leads, as in { yes = "clean", no = "visit" }')
    return {answer: read_identifier(target) for answer, target in value.items()}


def _table(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is not a table of arguments by name")
    return value


def _scalar(value: Any) -> float | str | bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str | float | bool):
        raise TypeError(f"{value!r} is no text, number, true or false")
    return value
