"""Technicians, what service centres can do in a week, booked visits, and the gates of failure modes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from api.paging import Limit
from api.request import App, Filter, Instant, Text
from api.versions import OVERTAKEN, Editing
from domain.visit import Technician, Visit, VisitState
from service_desk.staff import keep_technician
from store import evidence, technicians, visit_budget, visits
from store.database import Connection
from store.evidence import GateRow
from store.visit_budget import Capacity

router = APIRouter(tags=["visits"])


@router.get("/technicians", operation_id="list_technicians")
def list_technicians(app: App, service_centre: Filter = None, technician: Filter = None) -> list[Technician]:
    """Who visits devices, with skills and shifts."""
    with app.database.transaction() as connection:
        return list(
            technicians.list_technicians(connection, service_centre=service_centre, technician=technician).values()
        )


@router.put("/technicians", operation_id="set_technician", responses=OVERTAKEN)
def set_technician(edit: Editing, technician: Technician) -> Technician:
    """Store a technician; with `version` only when nobody has changed it since."""

    def present(connection: Connection) -> Technician | None:
        stored = technicians.list_technicians(connection, technician=technician.technician)
        return next(iter(stored.values()), None)

    def keep(connection: Connection, wanted: Technician) -> Technician:
        version = keep_technician(connection, wanted, who=edit.who, now=edit.app.clock())
        return replace(wanted, version=version)

    return edit.keep(technician, present=present, keep=keep)


@router.get("/capacities", operation_id="list_capacities")
def list_capacities(app: App) -> list[Capacity]:
    """What each service centre can do in a week: hours of its technicians, or the visits stated for a centre without.

    A centre that is not listed takes all that is predicted."""
    with app.database.transaction() as connection:
        return list(visit_budget.capacities(connection).values())


@router.get("/visits", operation_id="list_visits")
def list_visits(
    app: App,
    service_centre: Filter = None,
    technician: Filter = None,
    state: Annotated[list[VisitState] | None, Query(description="May be given several times")] = None,
    since: Instant | None = None,
    until: Instant | None = None,
    limit: Limit = 50,
) -> list[Visit]:
    """Visits that touch a time, by their start."""
    with app.database.transaction() as connection:
        return visits.list_visits(
            connection,
            service_centre=service_centre,
            technician=technician,
            states=state,
            since=since,
            until=_after(since, until),
            limit=limit,
        )


@router.get("/gates", operation_id="list_gates")
def list_gates(app: App) -> list[GateRow]:
    """Whether tickets of a failure mode open by themselves, as found at its latest closure."""
    with app.database.transaction() as connection:
        return list(evidence.gates(connection))


@router.get("/gates/{device_model}/{failure_mode}", operation_id="list_gate_history")
def list_gate_history(app: App, device_model: Text, failure_mode: Text, limit: Limit = 50) -> list[GateRow]:
    """What each closure made of a gate, newest first."""
    with app.database.transaction() as connection:
        return list(
            evidence.gate_history(connection, device_model=device_model, failure_mode=failure_mode, limit=limit)
        )


def _after(since: datetime | None, until: datetime | None) -> datetime | None:
    """A range whose end lies before its beginning is empty."""
    return max(since, until) if since and until else until
