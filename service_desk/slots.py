"""Which slot a technician is free for: pure.

Visits begin on a quarter of an hour, lie within one stretch of the technician's shifts and within one week, and take no
more hours of that week together than the technician works.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.business_hours import Span, find_zone, first_instant, without
from domain.visit import Technician

QUARTER = timedelta(minutes=15)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Roster:
    """A technician, and the stretches that are taken in every week that is looked at."""

    technician_id: int
    technician: Technician
    busy: Sequence[Span]


@dataclass(frozen=True, slots=True)
class Slot:
    """A technician's free stretch, as long as the visit."""

    technician_id: int
    technician: str
    starts_at: datetime
    ends_at: datetime


def choose_slot(
    rosters: Sequence[Roster], length: timedelta, *, earliest: datetime, wanted: datetime, latest: datetime
) -> Slot | None:
    """The slot that begins last before `wanted`, or at it; without one the first after it; None when none ends by
    `latest`. Of equal ones the technician with the least work of that week has it."""
    found = [
        (start > wanted, abs(start - wanted), _load(roster, start), roster.technician.technician, roster.technician_id)
        for roster in rosters
        for start in starts(roster, length, earliest=earliest, wanted=wanted, latest=latest)
    ]
    if not found:
        return None
    late, apart, _, name, technician_id = min(found)
    start = wanted + apart if late else wanted - apart
    return Slot(technician_id, name, start, start + length)


def starts(
    roster: Roster, length: timedelta, *, earliest: datetime, wanted: datetime, latest: datetime
) -> Iterator[datetime]:
    """Of each free stretch the start that is nearest to `wanted`."""
    for opens, closes in openings(roster, length, earliest, latest):
        first, last = _up(opens), _down(closes - length)
        yield min(max(_down(wanted), first), last)


def openings(roster: Roster, length: timedelta, earliest: datetime, latest: datetime) -> Iterator[Span]:
    """The stretches in which a visit of this length can be placed."""
    shifts = roster.technician.shifts.spans(earliest, latest)
    weekly = timedelta(hours=roster.technician.hours_a_week)
    for opens, closes in without(_by_week(shifts, find_zone(roster.technician.time_zone)), roster.busy):
        if _down(closes - length) >= _up(opens) and _load(roster, opens) + length <= weekly:
            yield opens, closes


def refusal(roster: Roster, starts_at: datetime, ends_at: datetime) -> str:
    """Why this technician cannot come then, in words; empty when nothing is against it."""
    technician = roster.technician
    if any(begins < ends_at and starts_at < ends for begins, ends in roster.busy):
        return f"{technician.technician} is booked elsewhere then"
    shifts = technician.shifts.spans(starts_at - WEEK, ends_at + WEEK)
    if not any(opens <= starts_at and ends_at <= closes for opens, closes in shifts):
        return f"{technician.technician} does not work then: {technician.hours} by the clock of {technician.time_zone}"
    if _load(roster, starts_at) + (ends_at - starts_at) > timedelta(hours=technician.hours_a_week):
        return f"{technician.technician} has {technician.hours_a_week:g} hours of visits in that week already"
    return ""


def week_of(instant: datetime, zone: ZoneInfo) -> Span:
    """The week from Monday to Sunday by that zone's clock, as instants."""
    day = instant.astimezone(zone).date()
    monday = day - timedelta(days=day.weekday())
    return first_instant(zone, monday, 0), first_instant(zone, monday + WEEK, 0)


def _load(roster: Roster, instant: datetime) -> timedelta:
    begins, ends = week_of(instant, find_zone(roster.technician.time_zone))
    return sum((max(min(end, ends) - max(start, begins), NONE) for start, end in roster.busy), NONE)


def _by_week(spans: Iterator[Span], zone: ZoneInfo) -> Iterator[Span]:
    for start, end in spans:
        while start < end:
            cut = min(week_of(start, zone)[1], end)
            yield start, cut
            start = cut


def _up(instant: datetime) -> datetime:
    return EPOCH + -((EPOCH - instant) // QUARTER) * QUARTER


def _down(instant: datetime) -> datetime:
    return EPOCH + (instant - EPOCH) // QUARTER * QUARTER
