"""Alarm rules that a catalog file declares: what is watched, when it is an alarm, and when it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.alarm import Severity

PREFIX = "rule:"


@dataclass(frozen=True, slots=True)
class Limit:
    """A channel above or below a value. The clear condition is apart: the alarm ends only at or beyond `clear`."""

    channel: str
    bound: float
    clear: float
    above: bool = True

    def violated(self, value: float) -> bool:
        """Whether the value is beyond the bound."""
        return value > self.bound if self.above else value < self.bound

    def cleared(self, value: float) -> bool:
        """Whether the value is as far back as the clear condition asks."""
        return value <= self.clear if self.above else value >= self.clear


@dataclass(frozen=True, slots=True)
class Change:
    """A channel that has changed over `over` by more than the limit's bound, up or down; the unit is the channel's."""

    limit: Limit
    over: timedelta


@dataclass(frozen=True, slots=True)
class Silence:
    """No value of the channel, or with an empty `channel` no reading at all, for `after`."""

    channel: str
    after: timedelta


@dataclass(frozen=True, slots=True)
class ActiveHours:
    """When a rule may raise, on the clock of the site: on these weekdays (0: Monday), from `start` to before `end`.

    An `end` not after the start is on the next day, and the weekday is that of the start.
    """

    weekdays: frozenset[int] = frozenset(range(7))
    start: time = time(0)
    end: time = time(0)

    def covers(self, instant: datetime, zone: ZoneInfo) -> bool:
        """Whether the instant is within them. Clock changes are the zone's own: the hours are those on the wall."""
        local = instant.astimezone(zone)
        moment, weekday = local.time(), local.weekday()
        if self.start < self.end:
            return weekday in self.weekdays and self.start <= moment < self.end
        if moment >= self.start:
            return weekday in self.weekdays
        return moment < self.end and (weekday - 1) % 7 in self.weekdays


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """One rule of a device model.

    hold: the condition has to last so long, by device time. times, within: it has to come so often in that time.
    clear_after: the clear condition has to last so long. patience: readings further apart than this tell nothing of
    what lies between them, so a condition does not last over the gap.
    """

    name: str
    title: str
    severity: Severity
    condition: Limit | Change | Silence
    hold: timedelta = timedelta()
    times: int = 1
    within: timedelta = timedelta()
    clear_after: timedelta = timedelta()
    hours: ActiveHours | None = None
    patience: timedelta = timedelta.max

    @property
    def alarm_type(self) -> str:
        """The type of its alarms."""
        return f"{PREFIX}{self.name}"

    @property
    def channel(self) -> str:
        """The channel that it watches; empty for readings as such."""
        return self.condition.limit.channel if isinstance(self.condition, Change) else self.condition.channel

    @property
    def look_back(self) -> timedelta:
        """How far back what it says of an instant may depend on readings, an alarm that lasts aside."""
        over = self.condition.over if isinstance(self.condition, Change) else timedelta()
        return max(self.hold + self.within + over, self.clear_after)
