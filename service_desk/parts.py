"""Parts that tickets hold or wait for: never oversold, and freed parts go to who needs them first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.device_model import KitLine
from domain.stock import Network, Reservation, Stock
from domain.ticket import ReservationState
from service_desk.sourcing import Source, Supply, Way, merge_lines, plan_kit, within
from service_desk.ticket_record import record_change
from store import parts, transfers
from store.database import Connection
from store.parts import StockKey

NOT_ON_A_SHELF = (ReservationState.BACKORDERED, ReservationState.IN_TRANSIT)


class _OutrunError(Exception):
    """What was free when we looked was taken before we had locked it."""


def reserve_kit(
    connection: Connection,
    *,
    ticket_id: int,
    service_centre: str,
    kit: Sequence[KitLine],
    need_by: datetime,
    who: str,
    now: datetime,
) -> list[Reservation]:
    """Reserve a repair's parts in the ticket's transaction, each on the nearest shelf that can have them there in time.

    What lies at another centre gets a suggested transfer; what is on no shelf, or is bought sooner than it could be
    sent, is back-ordered (`sourcing.plan_kit` chooses). A part that the ticket holds or awaits already, or a substitute
    of it, is left alone. Returns everything that the ticket holds.
    """
    held = {reservation.kit_part_no for reservation in parts.held(connection, ticket_id=ticket_id)}
    lines = [line for line in merge_lines(kit) if line.part_no not in held]
    if lines:
        network = parts.read_network(
            connection, service_centre, [part_no for line in lines for part_no in (line.part_no, *line.substitutes)]
        )
        supplies = plan_kit(lines, network, need_by=need_by, now=now)
        try:
            with connection.transaction():
                balances = parts.lock_stock(connection, _keys(supplies, network))
                if plan_kit(lines, within(list(balances.values()), network), need_by=need_by, now=now) != supplies:
                    raise _OutrunError
                _book(connection, supplies, network, ticket_id=ticket_id, need_by=need_by, who=who, now=now)
        except _OutrunError:
            balances = parts.lock_stock(connection, _every_key(lines, network))
            supplies = plan_kit(lines, within(list(balances.values()), network), need_by=need_by, now=now)
            _book(connection, supplies, network, ticket_id=ticket_id, need_by=need_by, who=who, now=now)
    return parts.held(connection, ticket_id=ticket_id)


def release(connection: Connection, *, ticket_id: int, who: str, now: datetime, reason: str) -> None:
    """Give back what a ticket holds; back-orders of others get it at once. What is under way arrives as free stock."""
    for reservation, stock in parts.lock_held(connection, ticket_id=ticket_id):
        balance = _end(connection, reservation, stock, used=False, who=who, now=now, reason=reason)
        fill_back_orders(connection, balance, who=who, now=now)


def consume(connection: Connection, *, ticket_id: int, who: str, now: datetime, reason: str) -> None:
    """Book out what a ticket holds; what it was still waiting for came from elsewhere and is released."""
    for reservation, stock in parts.lock_held(connection, ticket_id=ticket_id):
        _end(connection, reservation, stock, used=True, who=who, now=now, reason=reason)


def bring_home(
    connection: Connection, reservation: Reservation, *, service_centre: str, who: str, now: datetime, reason: str
) -> None:
    """Give up what a ticket holds on another shelf, and take or await the kit's own part at its service centre.

    The caller holds the locks of both parts at both centres.
    """
    there, home = (reservation.service_centre, reservation.part_no), (service_centre, reservation.kit_part_no)
    balances = parts.lock_stock(connection, sorted({there, home}))
    freed = _end(connection, reservation, balances[there], used=False, who=who, now=now, reason=reason)
    network = Network(service_centre, [balances[home]])
    line = KitLine(reservation.kit_part_no, reservation.quantity)
    way = Way.SHELF if balances[home].free >= reservation.quantity else Way.PURCHASE
    _book(
        connection,
        [Supply(line, Source(way, line.part_no, service_centre, now))],
        network,
        ticket_id=reservation.ticket_id,
        need_by=reservation.need_by,
        who=who,
        now=now,
    )
    fill_back_orders(connection, freed, who=who, now=now)


def fill_back_orders(connection: Connection, stock: Stock, *, who: str, now: datetime) -> Stock:
    """Give free stock to back-orders, first needed first; one that does not fit does not hold up a smaller one."""
    while reservation := parts.next_waiting(connection, stock):
        parts.fill_reservation(connection, reservation_id=reservation.reservation_id, now=now)
        stock = parts.move_stock(
            connection,
            (stock.service_centre, stock.part_no),
            "reserve",
            who=who,
            now=now,
            allocated=reservation.quantity,
            reservation_id=reservation.reservation_id,
        )
        ticket_id, detail = reservation.ticket_id, {"part_no": reservation.part_no, "quantity": reservation.quantity}
        record_change(connection, ticket_id=ticket_id, what="part_reserved", who=who, now=now, detail=detail)
    return stock


def _keys(supplies: Sequence[Supply], network: Network) -> list[StockKey]:
    """What has to be locked for these: the shelves they come from, and the own one of what is awaited there."""
    own = {(network.service_centre, supply.line.part_no) for supply in supplies}
    return sorted(own | {(supply.source.service_centre, supply.source.part_no) for supply in supplies})


def _every_key(lines: Sequence[KitLine], network: Network) -> list[StockKey]:
    """Every shelf that has any of it free, and the own one of each line."""
    own = {(network.service_centre, line.part_no) for line in lines}
    return sorted(own | {(stock.service_centre, stock.part_no) for stock in network.stock if stock.free > 0})


def _book(
    connection: Connection,
    supplies: Sequence[Supply],
    network: Network,
    *,
    ticket_id: int,
    need_by: datetime,
    who: str,
    now: datetime,
) -> None:
    for supply in supplies:
        line, source = supply.line, supply.source
        key = (source.service_centre, source.part_no)
        waits = source.way is Way.PURCHASE
        reservation_id = parts.add_reservation(
            connection,
            key,
            ticket_id=ticket_id,
            quantity=line.quantity,
            state=ReservationState.BACKORDERED if waits else ReservationState.RESERVED,
            need_by=need_by,
            now=now,
            instead_of=None if source.part_no == line.part_no else line.part_no,
        )
        if reservation_id is None or waits:
            continue
        parts.move_stock(
            connection, key, "reserve", who=who, now=now, allocated=line.quantity, reservation_id=reservation_id
        )
        if source.way is Way.TRANSFER:
            transfers.add(
                connection,
                key,
                to_centre=network.service_centre,
                quantity=line.quantity,
                takes=network.travel[source.service_centre],
                who=who,
                now=now,
                reservation_id=reservation_id,
            )
            detail = _transfer_detail(source, line, network)
            record_change(connection, ticket_id=ticket_id, what="transfer_suggested", who=who, now=now, detail=detail)


def _transfer_detail(source: Source, line: KitLine, network: Network) -> Mapping[str, object]:
    return {
        "part_no": source.part_no,
        "quantity": line.quantity,
        "from_centre": source.service_centre,
        "to_centre": network.service_centre,
        "arrives_at": source.arrives_at.isoformat(),
    }


def _end(
    connection: Connection, reservation: Reservation, stock: Stock, *, used: bool, who: str, now: datetime, reason: str
) -> Stock:
    waits = reservation.state in NOT_ON_A_SHELF
    state = ReservationState.CONSUMED if used and not waits else ReservationState.RELEASED
    parts.end_reservation(connection, reservation_id=reservation.reservation_id, state=state, now=now)
    if waits:
        return stock
    transfers.cancel_suggested(connection, reservation_id=reservation.reservation_id, now=now, reason=reason)
    return parts.move_stock(
        connection,
        (reservation.service_centre, reservation.part_no),
        "consume" if used else "release",
        who=who,
        now=now,
        on_hand=-reservation.quantity if used else 0,
        allocated=-reservation.quantity,
        reservation_id=reservation.reservation_id,
        reason=reason,
    )
