"""What to buy, for which service centre and why: the fleet's predictions against what lies and is awaited there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.device_model import DeviceModel, Part
from service_desk import shelves
from service_desk.demand import Position, Requirement, check_level, require
from service_desk.demand_forecast import work_out
from store import demand
from store.database import Connection
from store.demand import PositionRow

LEVEL = 0.95
"""Probability that a part lasts through its lead time, unless the caller says otherwise."""


@dataclass(frozen=True, slots=True)
class ReorderLine:
    """A part of a service centre; spare: pieces that other centres can do without."""

    service_centre: str
    part: Part
    position: Position
    requirement: Requirement
    spare: Sequence[tuple[str, int]] = ()

    @property
    def why(self) -> str:
        """The sum in words."""
        spare = "".join(f"; {centre} has {count} to spare" for centre, count in self.spare)
        return self.requirement.why + (spare if self.requirement.order else "")


@dataclass(frozen=True, slots=True)
class Forecast:
    """Lines by centre and part. as_of: when the demand was worked out; None when it never was, and then the lines only
    tell what lies and is waited for."""

    as_of: datetime | None
    lines: Sequence[ReorderLine]

    @property
    def to_order(self) -> Sequence[ReorderLine]:
        """What there is too little of."""
        return [line for line in self.lines if line.requirement.order]


def forecast(connection: Connection, *, level: float = LEVEL, everything: bool = False) -> Forecast:
    """The demand as it was worked out last, against what lies and is awaited now.

    Of the parts that are needed or waited for somewhere; everything: also of those that only lie on shelves. Raises
    InvalidInputError for a level that is no probability below 1.
    """
    check_level(level)
    standing = demand.standing(connection)
    lines: dict[str, list[ReorderLine]] = defaultdict(list)
    for row in demand.positions(connection, level=level, everything=everything):
        lines[row.part.part_no].append(_line(row, level))
    compared = [replace(line, spare=_spare(line, alike)) for alike in lines.values() for line in alike]
    ordered = sorted(compared, key=lambda line: (line.service_centre, line.part.part_no))
    return Forecast(standing.as_of if standing else None, ordered)


def forecast_now(
    connection: Connection,
    catalog: Mapping[str, DeviceModel],
    *,
    now: datetime,
    level: float = LEVEL,
    everything: bool = False,
) -> Forecast:
    """Work the demand out first, which takes seconds for a large fleet. Raises InvalidInputError as `forecast`."""
    check_level(level)
    work_out(connection, catalog, now=now)
    return forecast(connection, level=level, everything=everything)


def order_missing(
    connection: Connection,
    catalog: Mapping[str, DeviceModel],
    *,
    reference: str,
    who: str,
    now: datetime,
    level: float = LEVEL,
) -> Forecast:
    """Work the demand out and book what is missing as ordered under one reference; the forecast before that.

    Raises InvalidInputError for an empty reference or as `forecast`, ConflictError when the reference stands for
    another quantity.
    """
    found = forecast_now(connection, catalog, now=now, level=level)
    for line in found.to_order:
        shelves.order(
            connection,
            service_centre=line.service_centre,
            part_no=line.part.part_no,
            quantity=line.requirement.order,
            who=who,
            now=now,
            reference=reference,
        )
    return found


def _line(row: PositionRow, level: float) -> ReorderLine:
    position = Position(row.free, row.on_order, row.under_way, row.waited_for)
    requirement = require(row.expected, row.needed, position, lead_time=row.part.lead_time, level=level)
    return ReorderLine(row.service_centre, row.part, position, requirement)


def _spare(line: ReorderLine, alike: Sequence[ReorderLine]) -> list[tuple[str, int]]:
    if not line.requirement.order:
        return []
    counts = [
        (other.service_centre, min(other.position.free, other.position.total - other.requirement.needed))
        for other in alike
        if other.service_centre != line.service_centre
    ]
    return [(centre, count) for centre, count in counts if count > 0]
