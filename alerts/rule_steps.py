"""A rule's answer to the next reading or to silence: (state, reading) -> state. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.rule_state import RuleState
from domain.alarm_rule import AlarmRule, Change, Limit, Silence

POINTS = 32
"""Values that a change is told over, spread over its time: what is kept does not grow with the rate of readings."""


def step(rule: AlarmRule, state: RuleState, ts: datetime, value: float | None, zone: ZoneInfo) -> RuleState:
    """The state after a reading that is later than all before; `value` None or NaN changes nothing.

    value: of the rule's channel, or any number for a rule that watches for readings as such.
    """
    if value is None or value != value:
        return state
    match rule.condition:
        case Silence():
            return RuleState(seen_at=ts)
        case Change(limit=limit, over=over):
            state = replace(state, points=_points(state.points, ts, value, over))
            since, before = state.points[0]
            if ts - since < over / 2:  # too little is known
                return state
            return _judge(rule, limit, state, ts, value - before, zone)
        case limit:
            return _judge(rule, limit, state, ts, value, zone)


def silent_from(rule: AlarmRule, state: RuleState) -> datetime | None:
    """From when on silence is an alarm if nothing comes; None when it is one, was never heard, or is no matter here."""
    if not isinstance(rule.condition, Silence) or state.active or state.seen_at is None:
        return None
    return state.seen_at + rule.condition.after


def fall_silent(rule: AlarmRule, state: RuleState, until: datetime, zone: ZoneInfo) -> RuleState:
    """The state when nothing has come until then; it is no alarm outside active hours."""
    due = silent_from(rule, state)
    if due is None or until < due or (rule.hours and not rule.hours.covers(until, zone)):
        return state
    return replace(state, active=True, raised_at=due)


def _judge(rule: AlarmRule, limit: Limit, state: RuleState, ts: datetime, value: float, zone: ZoneInfo) -> RuleState:
    """Quick for the usual case, a reading that is all right after one that was."""
    violated, cleared = limit.violated(value), limit.cleared(value)
    if state.active:
        return _while_active(rule, state, ts, violated, cleared)
    if not violated and state.since is None and not state.counted and not state.hits:
        return state
    if violated and rule.hours is not None and not rule.hours.covers(ts, zone):
        violated = False
    return _while_inactive(rule, state, ts, violated, cleared)


def _while_active(rule: AlarmRule, state: RuleState, ts: datetime, violated: bool, cleared: bool) -> RuleState:
    if violated or not cleared:
        return state if state.calm_since is None else replace(state, calm_since=None)
    calm_since = state.calm_since or ts
    if ts - calm_since < rule.clear_after:
        return replace(state, calm_since=calm_since)
    return RuleState(points=state.points)


def _while_inactive(rule: AlarmRule, state: RuleState, ts: datetime, violated: bool, cleared: bool) -> RuleState:
    hits = tuple(hit for hit in state.hits if ts - hit <= rule.within)
    if not violated:
        return replace(state, since=None, seen_at=None, counted=state.counted and not cleared, hits=hits)
    lasting = state.since is not None and state.seen_at is not None and ts - state.seen_at <= rule.patience
    since = state.since if lasting and state.since is not None else ts
    counted = state.counted
    if not counted and ts - since >= rule.hold:
        counted, hits = True, (*hits, ts)
        if len(hits) >= rule.times:
            return RuleState(active=True, raised_at=ts, points=state.points)
    return replace(state, since=since, seen_at=ts, counted=counted, hits=hits)


def _points(
    points: tuple[tuple[datetime, float], ...], ts: datetime, value: float, over: timedelta
) -> tuple[tuple[datetime, float], ...]:
    """Those within `over` before ts, at most a thirty-second of it apart, and the new one if it is far enough."""
    kept = tuple(point for point in points if ts - point[0] <= over)
    if kept and ts - kept[-1][0] < over / POINTS:
        return kept
    return (*kept, (ts, value))
