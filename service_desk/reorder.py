"""What to buy, for which service centre and why: the fleet's predictions against what lies and is awaited there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime

from domain.device_model import DeviceModel, Part
from service_desk import shelves
from service_desk.demand import Need, Position, Requirement, chance_within, check_level, require
from store import demand
from store.database import Connection
from store.stock import StockKey

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


def forecast(
    connection: Connection, catalog: Mapping[str, DeviceModel], *, now: datetime, level: float = LEVEL
) -> list[ReorderLine]:
    """Every part of every centre that has any or is expected to need it, by centre and part.

    Raises InvalidInputError for a level that is no probability below 1.
    """
    check_level(level)
    described = {part.part_no: part for part in demand.all_parts(connection)}
    needs = _needs(connection, catalog, described, now)
    positions = {key: Position(*astuple(row)) for key, row in demand.positions(connection).items()}
    lines = []
    for key in sorted({*needs, *positions}):
        part, position = described[key[1]], positions.get(key, Position())
        requirement = require(needs[key], position, lead_time=part.lead_time, level=level)
        lines.append(ReorderLine(key[0], part, position, requirement))
    return [replace(line, spare=_spare(line, lines)) for line in lines]


def reorder_list(
    connection: Connection, catalog: Mapping[str, DeviceModel], *, now: datetime, level: float = LEVEL
) -> list[ReorderLine]:
    """The part of the forecast that says to order. Raises InvalidInputError as `forecast`."""
    return [line for line in forecast(connection, catalog, now=now, level=level) if line.requirement.order]


def order_missing(
    connection: Connection,
    catalog: Mapping[str, DeviceModel],
    *,
    reference: str,
    who: str,
    now: datetime,
    level: float = LEVEL,
) -> list[ReorderLine]:
    """Book everything on the reorder list as ordered under one reference; what was booked.

    Raises InvalidInputError for an empty reference, ConflictError when the reference stands for another quantity.
    """
    lines = reorder_list(connection, catalog, now=now, level=level)
    for line in lines:
        shelves.order(
            connection,
            service_centre=line.service_centre,
            part_no=line.part.part_no,
            quantity=line.requirement.order,
            who=who,
            now=now,
            reference=reference,
        )
    return lines


def _needs(
    connection: Connection, catalog: Mapping[str, DeviceModel], described: Mapping[str, Part], now: datetime
) -> Mapping[StockKey, list[Need]]:
    needs: dict[StockKey, list[Need]] = defaultdict(list)
    for outlook in demand.outlooks(connection, catalog.values()):
        mode = catalog[outlook.device_model].failure_mode(outlook.prediction.failure_mode)
        windows = {described[line.part_no].lead_time for line in mode.kit if line.part_no in described}
        chances = {window: chance_within(outlook.prediction, window, now=now) for window in windows}
        for line in mode.kit:
            if line.part_no in described:
                chance = chances[described[line.part_no].lead_time]
                needs[outlook.service_centre, line.part_no].append(Need(chance, line.quantity))
    return needs


def _spare(line: ReorderLine, lines: Sequence[ReorderLine]) -> list[tuple[str, int]]:
    if not line.requirement.order:
        return []
    others = [other for other in lines if other.part == line.part and other.service_centre != line.service_centre]
    counts = [
        (other.service_centre, min(other.position.free, other.position.total - other.requirement.needed))
        for other in others
    ]
    return [(centre, count) for centre, count in counts if count > 0]
