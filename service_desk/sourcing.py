"""Where the parts of a repair come from: the nearest shelf in time, else what is there first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.device_model import KitLine
from domain.errors import NotFoundError
from domain.stock import Network, Stock


class Way(StrEnum):
    """How a part gets to the service centre that needs it."""

    SHELF = "shelf"
    TRANSFER = "transfer"
    PURCHASE = "purchase"


@dataclass(frozen=True, slots=True)
class Source:
    """One way to get a kit line's parts; service_centre: whose shelf they lie on, or that buys them."""

    way: Way
    part_no: str
    service_centre: str
    arrives_at: datetime

    def late(self, need_by: datetime) -> timedelta:
        """By how much it misses the date; zero when it does not, as a part on the own shelf never does."""
        return timedelta() if self.way is Way.SHELF else max(self.arrives_at - need_by, timedelta())


@dataclass(frozen=True, slots=True)
class Supply:
    """A kit line and where its parts come from."""

    line: KitLine
    source: Source


def merge_lines(kit: Iterable[KitLine]) -> list[KitLine]:
    """One line a part, however often the kit lists it."""
    quantities: Counter[str] = Counter()
    substitutes: dict[str, dict[str, None]] = {}
    for line in kit:
        quantities[line.part_no] += line.quantity
        substitutes.setdefault(line.part_no, {}).update(dict.fromkeys(line.substitutes))
    return [KitLine(part_no, quantity, tuple(substitutes[part_no])) for part_no, quantity in quantities.items()]


def plan_kit(kit: Sequence[KitLine], network: Network, *, need_by: datetime, now: datetime) -> list[Supply]:
    """Where each line comes from; no stock is counted twice, and all of a line comes from one shelf.

    The part itself goes before its substitutes, the own shelf before others, the nearer before the farther; what
    arrives after `need_by` is taken only when nothing is there in time, and then whatever comes first: from another
    shelf, or bought. Raises NotFoundError for a part that is in no catalog.
    """
    free = {(stock.service_centre, stock.part_no): stock.free for stock in network.stock}
    supplies = []
    for line in kit:
        source = _choose(line, free, network, need_by, now)
        if source.way is not Way.PURCHASE:
            free[source.service_centre, source.part_no] -= line.quantity
        supplies.append(Supply(line, source))
    return supplies


def at_home(line: KitLine, network: Network, *, now: datetime) -> Supply:
    """The line from the own shelf, the part itself before its substitutes; else awaited there."""
    free = {stock.part_no: stock.free for stock in network.stock if stock.service_centre == network.service_centre}
    there = [part_no for part_no in (line.part_no, *line.substitutes) if free.get(part_no, 0) >= line.quantity]
    way, part_no = (Way.SHELF, there[0]) if there else (Way.PURCHASE, line.part_no)
    return Supply(line, Source(way, part_no, network.service_centre, now))


def options(line: KitLine, network: Network, *, now: datetime) -> list[Source]:
    """Every shelf that has all of a line, as `plan_kit` prefers them, and the purchase."""
    free = {(stock.service_centre, stock.part_no): stock.free for stock in network.stock}
    return [*_shelves(line, free, network, now), _purchase(line, network, now)]


def within(stock: Sequence[Stock], network: Network) -> Network:
    """The same network with these balances only."""
    return Network(network.service_centre, stock, network.travel, network.lead_times)


def _choose(
    line: KitLine, free: dict[tuple[str, str], int], network: Network, need_by: datetime, now: datetime
) -> Source:
    shelves = list(_shelves(line, free, network, now))
    in_time = next((source for source in shelves if not source.late(need_by)), None)
    return in_time or min([*shelves, _purchase(line, network, now)], key=lambda source: source.arrives_at)


def _shelves(line: KitLine, free: dict[tuple[str, str], int], network: Network, now: datetime) -> Iterator[Source]:
    others = sorted(network.travel, key=lambda centre: (network.travel[centre], centre))
    for part_no in (line.part_no, *line.substitutes):
        if free.get((network.service_centre, part_no), 0) >= line.quantity:
            yield Source(Way.SHELF, part_no, network.service_centre, now)
        for centre in others:
            if free.get((centre, part_no), 0) >= line.quantity:
                yield Source(Way.TRANSFER, part_no, centre, now + network.travel[centre])


def _purchase(line: KitLine, network: Network, now: datetime) -> Source:
    lead_time = network.lead_times.get(line.part_no)
    if lead_time is None:
        raise NotFoundError(f"unknown part {line.part_no!r}: add it to a catalog file and run 'aftercare migrate'")
    return Source(Way.PURCHASE, line.part_no, network.service_centre, now + lead_time)
