"""Who waits when more failures are predicted than the technicians can work off, and who no longer has to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from alerts import lifecycle
from domain.device_model import DeviceModel
from domain.errors import ConfigurationError, ConflictError, NotFoundError
from service_desk import tickets
from service_desk.budget import Candidate, deferred
from store import audit, visit_budget
from store.database import Connection, Database
from store.retry import in_transaction
from store.visit_budget import AskingRow, Capacity

log = structlog.get_logger()
NOT_YET = 2**63 - 1
"""Stands for the ticket that is about to be written: of equal savings it is the youngest."""


@dataclass(frozen=True, slots=True)
class Reconsidered:
    """How many alarms have to wait now, no longer, and how many tickets were opened that had only waited for that."""

    deferred: int
    resumed: int
    opened: int


def must_wait(
    connection: Connection,
    *,
    service_centre: str,
    saving: int,
    visit_length: timedelta,
    need_by: datetime,
    now: datetime,
) -> bool:
    """Whether a failure that is predicted just now finds no visit in time, the costlier ones served first."""
    capacity = visit_budget.capacities(connection, service_centre)
    if not capacity:
        return False
    last = visit_budget.week(connection, service_centre=service_centre, instant=max(need_by, now))
    asking = visit_budget.asking(connection, now=now, service_centre=service_centre)
    takes = 1 if capacity[service_centre].hours is None else visit_length / timedelta(hours=1)
    candidates = [*_candidates(asking), Candidate(NOT_YET, service_centre, last, saving, takes)]
    this_week = visit_budget.week(connection, service_centre=service_centre, instant=now)
    return NOT_YET in deferred(candidates, limits_of(capacity), this_week)


def reconsider(database: Database, catalog: Mapping[str, DeviceModel], *, now: datetime) -> Reconsidered:
    """Bring the deferred alarms in line with the visits that are left. Each scoring run calls it.

    A ticket that would have opened by itself but for its alarm's being deferred opens when there is room again.
    """
    put_off, resumed = in_transaction(database, partial(_reconsider, now=now))
    with database.transaction() as connection:
        held = visit_budget.held(connection)
    opened = sum(_open(database, catalog, ticket_id, now) for ticket_id in held)
    if put_off or resumed or opened:
        log.info("visit budget reconsidered", deferred=put_off, resumed=resumed, opened=opened)
    return Reconsidered(put_off, resumed, opened)


def _reconsider(connection: Connection, now: datetime) -> tuple[int, int]:
    visit_budget.hold(connection)
    asking = visit_budget.asking(connection, now=now)
    capacity = limits_of(visit_budget.capacities(connection))
    waiting: set[int] = set()
    for centre in {row.service_centre for row in asking}:
        this_week = visit_budget.week(connection, service_centre=centre, instant=now)
        of_centre = _candidates(row for row in asking if row.service_centre == centre)
        waiting |= deferred(of_centre, capacity, this_week)
    put_off = resumed = 0
    for row in asking:
        waits = row.ticket_id in waiting
        if row.alarm_id is None or waits == row.deferred:
            continue
        reason = "no visit is left in time: others save more" if waits else "there is a visit for it"
        lifecycle.defer(connection, alarm_id=row.alarm_id, deferred=waits, now=now, reason=reason)
        put_off, resumed = put_off + waits, resumed + (not waits)
    return put_off, resumed


def _open(database: Database, catalog: Mapping[str, DeviceModel], ticket_id: int, now: datetime) -> bool:
    def accept(connection: Connection) -> None:
        tickets.accept(connection, catalog, ticket_id=ticket_id, who=lifecycle.SYSTEM, now=now)

    try:
        in_transaction(database, accept)
    except ConflictError:  # a planner was quicker
        return False
    except (ConfigurationError, NotFoundError) as error:  # a planner decides about what has left the catalog
        log.warning("held ticket not opened", ticket_id=ticket_id, reason=str(error))
        return False
    return True


def _candidates(asking: Iterable[AskingRow]) -> list[Candidate]:
    return [
        Candidate(row.ticket_id, row.service_centre, row.week, row.saving, row.takes, row.committed) for row in asking
    ]


def limits_of(capacities: Mapping[str, Capacity]) -> dict[str, float]:
    """Of each centre the hours of its technicians, or the visits that were stated for it."""
    limits = {centre: one.visits if one.hours is None else one.hours for centre, one in capacities.items()}
    return {centre: limit for centre, limit in limits.items() if limit is not None}


def limit_visits(connection: Connection, *, service_centre: str, visits: int | None, who: str, now: datetime) -> None:
    """Note how many visits a week a service centre can make; None: as many as are asked for.

    Raises NotFoundError, or ConflictError for a number where technicians are known, whose hours count instead.
    """
    known = visit_budget.capacities(connection, service_centre).get(service_centre)
    if visits is not None and known and known.hours is not None:
        raise ConflictError(
            f"{service_centre} has {known.technicians} technicians, whose {known.hours:g} h a week count: change their "
            "weekly_hours with 'aftercare technicians import'"
        )
    visit_budget.set_visits(connection, service_centre=service_centre, visits=visits)
    detail = {"visits_per_week": visits}
    audit.record(
        connection,
        at=now,
        who=who,
        action="visits limited",
        object_kind="service_centre",
        object_id=service_centre,
        detail=detail,
    )
