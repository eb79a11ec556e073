"""What was taken out of a device and comes back, and what was found of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ReturnState(StrEnum):
    """The life of a return."""

    EXPECTED = "expected"
    RECEIVED = "received"
    INSPECTED = "inspected"


class Finding(StrEnum):
    """What the workshop says; damaged: in handling or by what was around it, not by use."""

    WORN = "worn"
    DEFECTIVE = "defective"
    NO_FAULT_FOUND = "no_fault_found"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class PartReturn:
    """One return; part_no is None for a component whose part nobody named."""

    return_id: int
    ticket_id: int
    component: str
    part_no: str | None
    service_centre: str
    state: ReturnState
    findings: Finding | None = None
