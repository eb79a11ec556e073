"""What is to be booked for a ticket, and which slot suits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.business_hours import Span
from domain.device_model import DeviceModel, FailureMode
from domain.errors import ConfigurationError, ConflictError, InvalidInputError
from domain.visit import Technician, Visit, VisitState
from service_desk.slots import Roster, Slot, choose_slot, refusal
from store import technicians, tickets, visits
from store.database import Connection
from store.tickets import FiledTicket

SEARCH = timedelta(days=60)
"""How far beyond the date that is wanted a slot is looked for."""


@dataclass(frozen=True, slots=True)
class BookingCase:
    """What is to be booked. wanted: when the decision would have it; deadline: when it has to begin at the latest."""

    filed: FiledTicket
    device_model: DeviceModel
    mode: FailureMode
    now: datetime
    wanted: datetime
    deadline: datetime
    joins_visit: int | None

    @classmethod
    def of(
        cls, connection: Connection, catalog: Mapping[str, DeviceModel], ticket_id: int, now: datetime
    ) -> BookingCase:
        filed = tickets.get(connection, ticket_id)
        device_model = catalog.get(filed.device_model)
        if device_model is None:
            raise ConfigurationError(
                f"device model {filed.device_model} of {filed.ticket.device} is in no catalog file"
            )
        decision = filed.ticket.decision or {}
        told = decision.get("visit_at")
        wanted = max(datetime.fromisoformat(told) if told else filed.ticket.need_by, now)
        mode = device_model.failure_mode(filed.ticket.failure_mode)
        deadline = max(filed.ticket.need_by, wanted)
        return cls(filed, device_model, mode, now, wanted, deadline, decision.get("joins_visit"))

    def rosters(self, connection: Connection, only: str | None = None) -> list[Roster]:
        """Who of the centre has the skills, with what they are booked for; `only` the named one, who must have them."""
        centre = self.filed.service_centre
        working = technicians.list_technicians(connection, service_centre=centre, technician=only, active=True)
        if only is not None and not working:
            raise InvalidInputError(f"{centre} has no technician {only!r} at work: choose one of this service centre")
        for one in working.values():
            if only is not None and (missing := self._missing(one)):
                raise InvalidInputError(
                    f"{only} cannot do {self.mode.name}: it needs {', '.join(missing)}; choose someone with the skill"
                )
        able = {key: one for key, one in working.items() if not self._missing(one)}
        since, until = self.now - timedelta(days=8), self.wanted + SEARCH + timedelta(days=8)
        own = visits.of_ticket(connection, ticket_id=self.filed.ticket.ticket_id)
        busy = visits.busy(connection, list(able), since=since, until=until, without=own)
        return [Roster(key, one, busy[key]) for key, one in able.items()]

    def choose(self, rosters: Sequence[Roster]) -> Slot | None:
        latest = self.wanted + SEARCH
        return choose_slot(rosters, self.mode.visit_length, earliest=self.now, wanted=self.wanted, latest=latest)

    def pick(
        self,
        connection: Connection,
        rosters: Sequence[Roster],
        *,
        technician: str | None,
        starts_at: datetime | None,
        visit_id: int | None,
    ) -> tuple[Visit | None, Slot]:
        free = technician is None and starts_at is None
        if visit_id is not None or (free and self.joins_visit is not None):
            for visit, slot in self.joins(connection, technician):
                in_time = visit.visit_id == self.joins_visit and slot.starts_at <= self.deadline
                if visit.visit_id == visit_id or (visit_id is None and in_time):
                    return visit, slot
            if visit_id is not None:
                raise ConflictError(
                    f"visit {visit_id} cannot take ticket {self.filed.ticket.ticket_id} as well: it is settled, of "
                    "another device, or nobody with the skill has the time"
                )
        if starts_at is not None:
            return None, self._at(rosters, starts_at)
        best = self.choose(rosters)
        if best is None or (technician is None and best.starts_at > self.deadline):
            raise ConflictError(self.problem(rosters, best))
        return None, best

    def _at(self, rosters: Sequence[Roster], starts_at: datetime) -> Slot:
        ends_at, refusals = starts_at + self.mode.visit_length, []
        for roster in rosters:
            if not (why := refusal(roster, starts_at, ends_at)):
                return Slot(roster.technician_id, roster.technician.technician, starts_at, ends_at)
            refusals.append(why)
        if not rosters:
            raise ConflictError(self.problem(rosters, None))
        raise ConflictError(f"{'; '.join(refusals)}. {self._next(self.choose(rosters))}")

    def joins(self, connection: Connection, only: str | None = None) -> list[tuple[Visit, Slot]]:
        """The booked visits of this device that the repair can lengthen, each with who would do both."""
        own = visits.of_ticket(connection, ticket_id=self.filed.ticket.ticket_id)
        booked = visits.list_visits(
            connection, device_id=self.filed.device_id, states=[VisitState.BOOKED], since=self.now
        )
        rosters, found = self.rosters(connection, only), []
        for visit in booked:
            if visit.visit_id == own or visit.starts_at < self.now:
                continue
            ends_at = visit.ends_at + self.mode.visit_length
            needed = self._needed(connection, visit)
            for roster in sorted(rosters, key=lambda one: one.technician.technician != visit.technician):
                if not needed <= {*roster.technician.skills}:
                    continue
                other = replace(roster, busy=_but(roster, visit))
                if not refusal(other, visit.starts_at, ends_at):
                    slot = Slot(roster.technician_id, roster.technician.technician, visit.starts_at, ends_at)
                    found.append((visit, slot))
                    break
        return found

    def problem(self, rosters: Sequence[Roster], slot: Slot | None) -> str:
        """Why nothing in time can be booked, and what could be instead."""
        centre, needed = self.filed.service_centre, ", ".join(self.mode.skills)
        if not rosters:
            skilled = f" with {needed}" if needed else ""
            return f"{centre} has no technician{skilled} at work: import technicians, or plan the date by hand"
        return f"{centre} has nobody free until {self.deadline:%Y-%m-%d %H:%M} UTC. {self._next(slot)}"

    def _next(self, slot: Slot | None) -> str:
        if slot is None:
            return f"There is no free slot until {self.wanted + SEARCH:%Y-%m-%d} either: plan the date by hand"
        return (
            f"The next possibility is {slot.starts_at:%Y-%m-%d %H:%M} UTC with {slot.technician}: choose it to book it"
        )

    def _needed(self, connection: Connection, visit: Visit) -> set[str]:
        """The skills for what is to be done in a visit already."""
        modes = {tickets.get(connection, ticket_id).ticket.failure_mode for ticket_id in visit.tickets}
        return {skill for mode in self.device_model.failure_modes if mode.name in modes for skill in mode.skills}

    def _missing(self, technician: Technician) -> list[str]:
        return [skill for skill in self.mode.skills if skill not in technician.skills]


def _but(roster: Roster, visit: Visit) -> list[Span]:
    """What a technician is booked for besides this visit."""
    if visit.technician != roster.technician.technician:
        return list(roster.busy)
    return [span for span in roster.busy if span != (visit.starts_at, visit.ends_at)]
