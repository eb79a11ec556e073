"""A device's readings run past its rules by device time; for late ones it goes back to a checkpoint. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.rule_state import INITIAL, RuleState
from alerts.rule_steps import step
from domain.alarm_rule import AlarmRule, Silence

Readings = Sequence[tuple[datetime, Mapping[str, float | None]]]
"""Values by channel, in the order of device time, each instant once."""
States = Mapping[str, RuleState]
"""By name of the rule; a rule that is not there is as at the beginning."""
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Episode:
    """A time in alarm, by device time; `value` is what raised it, None for silence and for what began before a run."""

    raised_at: datetime
    cleared_at: datetime | None = None
    value: float | None = None

    def meets(self, other: Episode) -> bool:
        """Whether the two have an instant in common."""
        return (other.cleared_at is None or self.raised_at <= other.cleared_at) and (
            self.cleared_at is None or other.raised_at <= self.cleared_at
        )


Episodes = Mapping[str, tuple[Episode, ...]]
"""By name of the rule, oldest first."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The states after every reading up to `at`."""

    at: datetime
    states: States = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of a device: the states now, two older ones to go back to, and the episodes told since `older`."""

    now: Checkpoint
    older: Checkpoint
    newer: Checkpoint
    told: Episodes = field(default_factory=dict)

    def base(self, first: datetime) -> Checkpoint:
        """From where to go on when readings from `first` on are new: the newest of the three before them.

        The oldest when none is: what lies before it is too late to be judged.
        """
        return next((point for point in (self.now, self.newer, self.older) if point.at < first), self.older)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be told of one rule: so many new episodes, and whether it is in alarm at the end.

    latest: the episode that the words are about.
    """

    rule: AlarmRule
    new: int
    active: bool
    latest: Episode


def begin(first: datetime) -> Memory:
    """Of a device of which readings from `first` on are known."""
    start = Checkpoint(first - MICROSECOND)
    return Memory(start, start, start)


def run(
    rules: Sequence[AlarmRule],
    memory: Memory,
    base: Checkpoint,
    readings: Readings,
    zone: ZoneInfo,
    lateness: timedelta,
) -> tuple[Memory, list[Finding]]:
    """The memory after `readings`, all of the device's after `base`, and what changed for who was told before.

    The end is the same in whatever order the readings came, unless one was late by more than `lateness`.
    """
    states: dict[str, RuleState] = {}
    episodes: dict[str, tuple[Episode, ...]] = {}
    for rule in rules:
        state, found = _run_rule(rule, base.states.get(rule.name, INITIAL), readings, zone)
        present = memory.now.states.get(rule.name, INITIAL)
        if isinstance(rule.condition, Silence) and present.active and state.seen_at == present.seen_at:
            state, found = present, list(_open(present))  # what is heard now is older than what was missed
        if state != INITIAL:
            states[rule.name] = state
        episodes[rule.name] = tuple(found)
    now = Checkpoint(max(readings[-1][0], base.at) if readings else base.at, states)
    findings = [finding for rule in rules if (finding := _compare(rule, memory, episodes[rule.name]))]
    older, newer = memory.older, memory.newer
    if now.at - newer.at >= lateness:
        older, newer = newer, now
    return Memory(now, older, newer, _retell(memory.told, episodes, base.at, older.at)), findings


def _run_rule(rule: AlarmRule, state: RuleState, readings: Readings, zone: ZoneInfo) -> tuple[RuleState, list[Episode]]:
    episodes, channel = list(_open(state)), rule.channel
    for ts, values in readings:
        value = values.get(channel) if channel else 0.0
        after = step(rule, state, ts, value, zone)
        if after.active and not state.active:
            episodes.append(Episode(after.raised_at or ts, value=value))
        elif state.active and not after.active:
            episodes[-1] = replace(episodes[-1], cleared_at=ts)
        state = after
    return state, episodes


def _open(state: RuleState) -> Iterator[Episode]:
    if state.active and state.raised_at is not None:
        yield Episode(state.raised_at)


def _compare(rule: AlarmRule, memory: Memory, found: Sequence[Episode]) -> Finding | None:
    """None when everything was told already. An episode that is open has been told of up to the last reading."""
    before = memory.told.get(rule.name, ())
    known = [one if one.cleared_at else replace(one, cleared_at=max(one.raised_at, memory.now.at)) for one in before]
    new = [episode for episode in found if not any(episode.meets(one) for one in known)]
    was_active = bool(before) and before[-1].cleared_at is None
    active = bool(found) and found[-1].cleared_at is None
    if not new and active == was_active:
        return None
    latest = (new or found or before)[-1]
    return Finding(rule, len(new) or int(active), active, latest)


def _retell(told: Episodes, found: Episodes, base: datetime, older: datetime) -> dict[str, tuple[Episode, ...]]:
    """Of both what may still be met by a late reading; what was found replaces what was told after `base`."""
    retold = {}
    for name, episodes in found.items():
        before = [one for one in told.get(name, ()) if one.cleared_at is not None and one.cleared_at <= base]
        kept = tuple(one for one in (*before, *episodes) if one.cleared_at is None or one.cleared_at > older)
        if kept:
            retold[name] = kept
    return retold
