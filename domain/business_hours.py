"""Business time: how much of the time between two instants a site is open, over holidays and changes of the clock.

Hours are the site's wall clock. A wall time that a change of the clock leaves out or shows twice stands for the first
instant at which the clock shows it or a later one, so windows that meet still meet and none is counted twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.errors import InvalidInputError
from domain.holiday_calendar import holiday_calendar
from domain.opening_hours import ALWAYS, Week, parse_opening_hours

Span = tuple[datetime, datetime]
"""From the first instant to before the second."""
NONE = timedelta(0)
LONGEST_SEARCH = timedelta(days=3660)
LAST_YEAR = 9_900
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """When a site is open. `hours` as `parse_opening_hours` reads them, `holidays` as `holiday_calendar` does.

    A window belongs to the day on which it opens: one that opens before a holiday goes on into it. Raises
    InvalidInputError when a field cannot be read.
    """

    time_zone: str = "UTC"
    hours: str = ALWAYS
    holidays: str = ""
    closed_days: tuple[date, ...] = ()
    week: Week = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        find_zone(self.time_zone)
        holiday_calendar(self.holidays)
        object.__setattr__(self, "week", parse_opening_hours(self.hours))

    def spans(self, since: datetime, until: datetime) -> Iterator[Span]:
        """The open stretches between two instants (aware), in order and apart, in UTC; open ones that meet are one."""
        zone = find_zone(self.time_zone)
        day, last = since.astimezone(zone).date() - 2 * DAY, until.astimezone(zone).date()
        held: Span | None = None
        while day <= last:
            for opens, closes in self._windows(day):
                start = max(first_instant(zone, day, opens), since)
                end = min(first_instant(zone, day, closes), until)
                if held is not None and start <= held[1]:
                    held = (held[0], max(held[1], end))
                elif start < end:
                    if held is not None:
                        yield held
                    held = (start.astimezone(UTC), end.astimezone(UTC))
            day += DAY
        if held is not None:
            yield held

    def _windows(self, day: date) -> Iterable[tuple[int, int]]:
        closed = day in self.closed_days or day in holiday_calendar(self.holidays)
        return () if closed else self.week.get(day.weekday(), ())


def elapsed(hours: BusinessHours, since: datetime, until: datetime, pauses: Iterable[Span] = ()) -> timedelta:
    """Business time from `since` to `until` without the pauses; zero when `until` is not later."""
    if until <= since:
        return NONE
    return sum((end - start for start, end in without(hours.spans(since, until), pauses)), NONE)


def due(hours: BusinessHours, since: datetime, window: timedelta, pauses: Iterable[Span] = ()) -> datetime:
    """The first instant at which so much business time has elapsed since `since`.

    Raises InvalidInputError when the site is not open for so long within ten years.
    """
    if window <= NONE:
        return since
    pauses, left = list(pauses), window
    latest = max(since, *(end for _, end in pauses)) if pauses else since
    if latest.year > LAST_YEAR:
        raise InvalidInputError(f"{latest:%Y-%m-%d} is too late for a due time to be found")
    for start, end in without(_by_and_by(hours, since, latest + LONGEST_SEARCH), pauses):
        if end - start >= left:
            return start + left
        left -= end - start
    raise InvalidInputError(
        f"business hours {hours.hours!r} give no {window} within ten years: give the site open days"
    )


def without(spans: Iterable[Span], pauses: Iterable[Span]) -> Iterator[Span]:
    """What of the spans lies in no pause."""
    taken = sorted(pauses)
    for start, end in spans:
        for began, ended in taken:
            if ended <= start or began >= end:
                continue
            if began > start:
                yield start, began
            start = max(start, ended)
            if start >= end:
                break
        if start < end:
            yield start, end


def first_instant(zone: ZoneInfo, day: date, minutes: int) -> datetime:
    """When the wall clock first shows so many minutes after that day's midnight, or a later time; in UTC."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    late = wall.replace(tzinfo=zone).astimezone(UTC)
    if late.astimezone(zone).replace(tzinfo=None) == wall:
        return late
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # left out: the change lies between the two
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


def find_zone(name: str) -> ZoneInfo:
    """Raises InvalidInputError when IANA has no such time zone."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise InvalidInputError(f"time zone {name!r} is not one of IANA, such as Europe/Berlin") from error


def _by_and_by(hours: BusinessHours, since: datetime, latest: datetime) -> Iterator[Span]:
    """The open stretches, month by month, since most searches end in the first."""
    while since < latest:
        until = min(since + 31 * DAY, latest)
        yield from hours.spans(since, until)
        since = until
