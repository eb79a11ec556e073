"""Planned maintenance: imported, or due by the catalog's interval, so that a predicted repair can join it."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.business_hours import BusinessHours
from domain.device_model import DeviceModel
from domain.errors import InvalidInputError
from domain.visit import LONGEST_VISIT, Visit, VisitKind, VisitState
from service_desk.entitlement.assessment import ASSUMED_HOURS
from store import audit, entitlement, visits
from store.database import Connection

CLERK = "catalog"
YEAR = timedelta(days=366)


def import_maintenance(
    connection: Connection,
    *,
    device: str,
    reference: str,
    starts_at: datetime,
    ends_at: datetime,
    who: str,
    now: datetime,
) -> int:
    """Take in a planned maintenance, or move the one of that reference; the visit's id.

    Raises InvalidInputError for one that is past or has no length, NotFoundError, or ConflictError when it is settled
    or a ticket has joined it.
    """
    if starts_at < now:
        raise InvalidInputError(f"maintenance {reference} cannot be planned for {starts_at}: it is {now}")
    if not timedelta(0) < ends_at - starts_at <= LONGEST_VISIT:
        raise InvalidInputError(
            f"maintenance {reference} from {starts_at} to {ends_at} is not between 0 and {LONGEST_VISIT}"
        )
    visit_id = visits.place_maintenance(
        connection, device=device, reference=reference, starts_at=starts_at, ends_at=ends_at, who=who, now=now
    )
    detail = {"device": device, "starts_at": starts_at.isoformat()}
    audit.record(
        connection, at=now, who=who, action="plan", object_kind="maintenance", object_id=reference, detail=detail
    )
    return visit_id


def planned_visits(connection: Connection, device_model: DeviceModel, *, device_id: int, now: datetime) -> list[Visit]:
    """The device's booked visits from now on, soonest first, with the next maintenance by the catalog's interval.

    That one is written down when none is: in a device's first business hour after it is due.
    """
    interval = device_model.maintenance_interval
    if interval is not None:
        visits.hold_maintenance(connection, device_id=device_id)
    booked = visits.list_visits(connection, device_id=device_id, states=[VisitState.BOOKED], since=now)
    if interval is None or any(visit.kind is VisitKind.MAINTENANCE for visit in booked):
        return [visit for visit in booked if visit.starts_at >= now]
    since = visits.last_maintenance(connection, device_id=device_id)
    if since is not None:
        facts = entitlement.device_facts(connection, device_id=device_id)
        hours = BusinessHours(facts.centre_time_zone, ASSUMED_HOURS)
        starts_at = next_maintenance(since, interval, now, hours)
        visits.add(
            connection,
            device_id=device_id,
            kind=VisitKind.MAINTENANCE,
            technician_id=None,
            starts_at=starts_at,
            ends_at=starts_at + device_model.maintenance_length,
            who=CLERK,
            now=now,
        )
        booked = visits.list_visits(connection, device_id=device_id, states=[VisitState.BOOKED], since=now)
    return [visit for visit in booked if visit.starts_at >= now]


def next_maintenance(since: datetime, interval: timedelta, now: datetime, hours: BusinessHours) -> datetime:
    """When business opens, or goes on, at the first multiple of the interval since then that is not past."""
    due = since + max(-((since - now) // interval), 1) * interval
    return next(hours.spans(due, due + YEAR))[0]
