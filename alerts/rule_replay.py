"""Rules tried on history: when each would have been in alarm, and how that compares with recorded failures. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from alerts.rule_runs import Episode, begin, run
from alerts.rule_state import RuleState
from alerts.rule_steps import fall_silent
from domain.alarm_rule import AlarmRule, Limit, Silence


@dataclass(frozen=True, slots=True)
class Failure:
    """A recorded failure: caught by an alarm within `horizon` before it, in time by one at least `lead_time` before."""

    at: datetime
    horizon: timedelta
    lead_time: timedelta


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What a rule would have raised. caught, in_time: failures with an alarm before them. unfounded: alarms without a
    failure within its horizon after them; what lies too close to the end to know is counted with them."""

    alarms: int
    devices: int
    first: datetime | None
    last: datetime | None
    caught: int
    in_time: int
    unfounded: int


def replay(rule: AlarmRule, history: pd.DataFrame, zone: ZoneInfo, end: datetime) -> list[Episode]:
    """When the rule would have been in alarm over one device's readings (columns ts and the channels, by ts)."""
    if history.empty or _never(rule, history):
        return []
    instants = history["ts"].dt.to_pydatetime()
    values = history[rule.channel].tolist() if rule.channel else [0.0] * len(history)
    if isinstance(rule.condition, Silence):
        return _silences(rule, [ts for ts, value in zip(instants, values, strict=True) if value == value], zone, end)
    readings = [(ts, {rule.channel: value}) for ts, value in zip(instants, values, strict=True)]
    memory = begin(readings[0][0])
    memory, _ = run([rule], memory, memory.now, readings, zone, timedelta.max)
    return list(memory.told.get(rule.name, ()))


def judge_outcome(episodes: Mapping[str, Sequence[Episode]], failures: Mapping[str, Sequence[Failure]]) -> RuleOutcome:
    """Both by device."""
    raised = {device: [one.raised_at for one in found] for device, found in episodes.items() if found}
    instants = sorted(ts for found in raised.values() for ts in found)
    caught = in_time = founded = 0
    for device, found in raised.items():
        of_device = failures.get(device, ())
        for failure in of_device:
            ahead = [failure.at - ts for ts in found if timedelta() < failure.at - ts <= failure.horizon]
            caught += bool(ahead)
            in_time += any(lead >= failure.lead_time for lead in ahead)
        founded += sum(any(timedelta() < failure.at - ts <= failure.horizon for failure in of_device) for ts in found)
    return RuleOutcome(
        alarms=len(instants),
        devices=len(raised),
        first=instants[0] if instants else None,
        last=instants[-1] if instants else None,
        caught=caught,
        in_time=in_time,
        unfounded=len(instants) - founded,
    )


def _never(rule: AlarmRule, history: pd.DataFrame) -> bool:
    """Seen at once for most devices: no value is beyond the limit."""
    if not isinstance(rule.condition, Limit):
        return False
    values = history[rule.channel].to_numpy()
    beyond = values > rule.condition.bound if rule.condition.above else values < rule.condition.bound
    return not bool(np.any(beyond))


def _silences(rule: AlarmRule, heard: Sequence[datetime], zone: ZoneInfo, end: datetime) -> list[Episode]:
    episodes = []
    for ts, following in zip(heard, [*heard[1:], None], strict=True):
        until = following or end
        fallen = fall_silent(rule, RuleState(seen_at=ts), until, zone)
        if fallen.active and fallen.raised_at is not None and fallen.raised_at < until:
            episodes.append(Episode(fallen.raised_at, following))
    return episodes
