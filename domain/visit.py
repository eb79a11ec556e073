"""Technicians with their skills and shifts, and the visits that they are booked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.business_hours import BusinessHours
from domain.entitlement import check_text, check_texts
from domain.errors import InvalidInputError

HOURS_A_WEEK = 168
LONGEST_VISIT = timedelta(days=30)


class CentreKind(StrEnum):
    """Whether a service centre is the maker's own or authorised by it, or works on its own account."""

    AUTHORISED = "authorised"
    INDEPENDENT = "independent"


class VisitKind(StrEnum):
    """Why somebody goes there: for a ticket, or for maintenance that a ticket may join."""

    REPAIR = "repair"
    MAINTENANCE = "maintenance"


class VisitState(StrEnum):
    """The life of a visit."""

    BOOKED = "booked"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Technician:
    """Someone who visits devices. `hours`: the shifts by the clock of `time_zone`, as domain.opening_hours reads them.

    weekly_hours: of visits at most in one week from Monday to Sunday; None: as long as the shifts are. Raises
    InvalidInputError when a field cannot be read.
    """

    technician: str
    service_centre: str
    skills: tuple[str, ...] = ()
    time_zone: str = "UTC"
    hours: str = "Mo-Fr 08:00-17:00"
    holidays: str = ""
    closed_days: tuple[date, ...] = ()
    weekly_hours: float | None = None
    active: bool = True
    version: int | None = None

    def __post_init__(self) -> None:
        check_texts(self, technician=True, service_centre=True)
        for skill in self.skills:
            check_text("a skill", skill, needed=True)
        if self.weekly_hours is not None and not 0 <= self.weekly_hours <= HOURS_A_WEEK:
            raise InvalidInputError(
                f"technician {self.technician}: weekly_hours {self.weekly_hours:g} is not between 0 and {HOURS_A_WEEK}"
            )
        _ = self.shifts

    @property
    def shifts(self) -> BusinessHours:
        return BusinessHours(self.time_zone, self.hours, self.holidays, self.closed_days)

    @property
    def hours_a_week(self) -> float:
        """How long visits may take together in a week without holidays."""
        if self.weekly_hours is not None:
            return self.weekly_hours
        return sum(closes - opens for windows in self.shifts.week.values() for opens, closes in windows) / 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A stretch of time at a device. technician: empty while nobody is named for planned maintenance."""

    visit_id: int
    device: str
    kind: VisitKind
    state: VisitState
    technician: str
    starts_at: datetime
    ends_at: datetime
    reference: str = ""
    tickets: tuple[int, ...] = ()
