"""Takes in technicians, with a line in the audit log."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from domain.visit import Technician
from store import audit, technicians
from store.database import Connection


def keep_technician(connection: Connection, technician: Technician, *, who: str, now: datetime) -> int:
    """Store a technician; the new version. Visits that are booked stay.

    Raises NotFoundError for a service centre that there is not, ConflictError when someone else was quicker.
    """
    version = technicians.save(connection, technician)
    detail = {name: str(value) for name, value in asdict(technician).items() if value not in (None, "", ())}
    audit.record(
        connection,
        at=now,
        who=who,
        action="save",
        object_kind="technician",
        object_id=technician.technician,
        detail=detail,
    )
    return version
