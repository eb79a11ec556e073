"""Where the parts of a repair could come from before anything is reserved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.device_model import KitLine
from domain.stock import Stock
from service_desk.sourcing import Source, merge_lines, options
from store.database import Connection
from store.part_network import read_network


@dataclass(frozen=True, slots=True)
class Availability:
    """A line of the kit: every way to get it, the best first and the purchase last, and what each centre has."""

    line: KitLine
    ways: Sequence[Source]
    stock: Sequence[Stock]


def availability_of(
    connection: Connection, *, kit: Sequence[KitLine], service_centre: str, now: datetime
) -> list[Availability]:
    """Each line of a kit as seen from the centre that would do the repair; nothing is held.

    Raises NotFoundError for a part that is in no catalog.
    """
    lines = merge_lines(kit)
    wanted = sorted({part_no for line in lines for part_no in (line.part_no, *line.substitutes)})
    network = read_network(connection, service_centre, wanted)
    return [
        Availability(
            line,
            options(line, network, now=now),
            [
                balance
                for balance in network.stock
                if balance.part_no in (line.part_no, *line.substitutes) and (balance.on_hand or balance.on_order)
            ],
        )
        for line in lines
    ]
