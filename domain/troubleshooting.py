"""Guided troubleshooting: a failure mode's decision tree of checks, and one run of it on a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

YES, NO, UNKNOWN = "yes", "no", "unknown"
"""What a check finds; unknown: it could not be made, or nobody answered in time."""


USUAL_STRETCH = USUAL_PATIENCE = timedelta(days=1)
USUALLY_STANDS_FOR = timedelta(days=2)


class Starts(StrEnum):
    """What begins a run: somebody who asks for it, or a prediction too, before any ticket opens."""

    REQUEST = "request"
    PREDICTION = "prediction"


class Asked(StrEnum):
    """Who answers a question; an operator may answer for the customer."""

    OPERATOR = "operator"
    CUSTOMER = "customer"


class Outcome(StrEnum):
    """How a run ends. stopped: by a person; withdrawn: the prediction that began it was taken back."""

    FIXED = "fixed"
    TICKET = "ticket"
    NO_FAULT = "no_fault"
    STOPPED = "stopped"
    WITHDRAWN = "withdrawn"


class Value(StrEnum):
    """Which value of a stretch of telemetry a check looks at."""

    LAST = "last"
    MEAN = "mean"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a value is held against: a number that it has to be above, or below, or exactly what it has to be."""

    above: float | None = None
    below: float | None = None
    equals: float | str | bool | None = None

    def met_by(self, value: object) -> bool | None:
        """None for a value that cannot be held against it."""
        if self.equals is not None:
            return isinstance(value, bool) == isinstance(self.equals, bool) and value == self.equals
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            return None
        return (self.above is None or value > self.above) and (self.below is None or value < self.below)


@dataclass(frozen=True, slots=True)
class ReadingCheck:
    """Is a channel's value, of the stretch `over` until now, within the limit?"""

    name: str
    title: str
    next: Mapping[str, str]
    channel: str
    limit: Limit
    value: Value = Value.LAST
    over: timedelta = USUAL_STRETCH

    @property
    def answers(self) -> Sequence[str]:
        return (YES, NO)


@dataclass(frozen=True, slots=True)
class CommandStep:
    """A remote command; yes: it was carried out, and where a limit is given, what stands at `result` is within it.

    result: names that lead into the command's result, as in `checks.flow.value`; of a list the item that has the name
    as one of its texts. confirmed: the maker has confirmed what the catalog asks to confirm.
    """

    name: str
    title: str
    next: Mapping[str, str]
    command: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    confirmed: bool = False
    result: str = ""
    limit: Limit | None = None

    @property
    def answers(self) -> Sequence[str]:
        return (YES, NO) if self.limit else (YES,)


@dataclass(frozen=True, slots=True)
class Question:
    """Something that a person finds out; its answers are what `next` lists."""

    name: str
    title: str
    next: Mapping[str, str]
    ask: Asked = Asked.OPERATOR
    answer_within: timedelta = USUAL_PATIENCE

    @property
    def answers(self) -> Sequence[str]:
        return tuple(answer for answer in self.next if answer != UNKNOWN)


Step = ReadingCheck | CommandStep | Question


@dataclass(frozen=True, slots=True)
class Ending:
    """How a branch ends. parts: what a ticket's visit needs, None: the failure mode's kit; tools: what the technician
    brings, None: the guidance's."""

    name: str
    title: str
    outcome: Outcome
    parts: Sequence[str] | None = None
    tools: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """A failure mode's checks. stands_for: so long after a run found it fixed or no fault, predictions of this mode
    open no ticket. Answers that lead nowhere end in a ticket."""

    steps: Sequence[Step]
    endings: Sequence[Ending]
    starts: Starts = Starts.REQUEST
    stands_for: timedelta = USUALLY_STANDS_FOR

    @property
    def first(self) -> Step:
        return self.steps[0]

    def step(self, name: str) -> Step | None:
        """None when the tree has it not, or no longer."""
        return next((step for step in self.steps if step.name == name), None)

    def ending(self, name: str) -> Ending | None:
        """None when it has no such ending."""
        return next((ending for ending in self.endings if ending.name == name), None)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a tree. `step` is the one that it is at, or ended at; `reason` tells in words why it ended so.

    prediction_id: what began it, None when a person did. command_id: what it waits for. parts: part numbers with how
    many of each, of a ticket; need not be those that are reserved by now.
    """

    run_id: int
    device: str
    device_model: str
    failure_mode: str
    started_at: datetime
    started_by: str
    step: str
    step_since: datetime
    prediction_id: int | None = None
    alarm_id: int | None = None
    ticket_id: int | None = None
    command_id: int | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    reason: str = ""
    parts: Mapping[str, int] = field(default_factory=dict)
    tools: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How the newest run of a failure mode of a device stands."""

    started_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None
    by_prediction: bool


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """One step that was done: what it asked, what came out and who or what said so."""

    position: int
    at: datetime
    step: str
    title: str
    answer: str
    who: str
    note: str
    command_id: int | None
