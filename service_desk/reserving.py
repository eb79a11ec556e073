"""Reserves the parts of a repair for its ticket, on the nearest shelf that has them in time; never oversold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.device_model import KitLine
from domain.stock import Network, Reservation
from domain.ticket import ReservationState
from service_desk.sourcing import Source, Supply, Way, merge_lines, plan_kit, within
from service_desk.ticket_record import record_change
from store import reservations, transfers
from store.database import Connection
from store.part_network import read_network
from store.stock import StockKey, lock_stock, move_stock


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
    held = {reservation.kit_part_no for reservation in reservations.held(connection, ticket_id=ticket_id)}
    lines = [line for line in merge_lines(kit) if line.part_no not in held]
    if lines:
        network = read_network(
            connection, service_centre, [part_no for line in lines for part_no in (line.part_no, *line.substitutes)]
        )
        supplies = plan_kit(lines, network, need_by=need_by, now=now)
        try:
            with connection.transaction():
                balances = lock_stock(connection, _keys(supplies, network))
                if plan_kit(lines, within(list(balances.values()), network), need_by=need_by, now=now) != supplies:
                    raise _OutrunError
                book(connection, supplies, network, ticket_id=ticket_id, need_by=need_by, who=who, now=now)
        except _OutrunError:
            balances = lock_stock(connection, _every_key(lines, network))
            supplies = plan_kit(lines, within(list(balances.values()), network), need_by=need_by, now=now)
            book(connection, supplies, network, ticket_id=ticket_id, need_by=need_by, who=who, now=now)
    return reservations.held(connection, ticket_id=ticket_id)


def book(
    connection: Connection,
    supplies: Sequence[Supply],
    network: Network,
    *,
    ticket_id: int,
    need_by: datetime,
    who: str,
    now: datetime,
) -> None:
    """Reserve or back-order as was chosen, and suggest the transfers. The caller holds the locks of `_keys`."""
    for supply in supplies:
        line, source = supply.line, supply.source
        key = (source.service_centre, source.part_no)
        waits = source.way is Way.PURCHASE
        reservation_id = reservations.add_reservation(
            connection,
            key,
            ticket_id=ticket_id,
            quantity=line.quantity,
            state=ReservationState.BACKORDERED if waits else ReservationState.RESERVED,
            need_by=need_by,
            now=now,
            instead_of=None if source.part_no == line.part_no else line.part_no,
            substitutes=line.substitutes,
        )
        if reservation_id is None or waits:
            continue
        move_stock(connection, key, "reserve", who=who, now=now, allocated=line.quantity, reservation_id=reservation_id)
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


def _keys(supplies: Sequence[Supply], network: Network) -> list[StockKey]:
    """What has to be locked for these: the shelves they come from, and the own ones of what is awaited there, so that
    nothing that would do arrives unseen."""
    own = {
        (network.service_centre, part_no)
        for supply in supplies
        for part_no in (supply.line.part_no, *(supply.line.substitutes if supply.source.way is Way.PURCHASE else ()))
    }
    return sorted(own | {(supply.source.service_centre, supply.source.part_no) for supply in supplies})


def _every_key(lines: Sequence[KitLine], network: Network) -> list[StockKey]:
    """Every shelf that has any of it free, and the own ones."""
    own = {(network.service_centre, part_no) for line in lines for part_no in (line.part_no, *line.substitutes)}
    return sorted(own | {(stock.service_centre, stock.part_no) for stock in network.stock if stock.free > 0})


def _transfer_detail(source: Source, line: KitLine, network: Network) -> Mapping[str, object]:
    return {
        "part_no": source.part_no,
        "quantity": line.quantity,
        "from_centre": source.service_centre,
        "to_centre": network.service_centre,
        "arrives_at": source.arrives_at.isoformat(),
    }
