"""64 workers reserve, release, use, receive and send few parts of three centres at once, on a real database.

Beside it the limit: as many workers that only update those balances, one row lock and one commit each.

Example: python -m bench.desk.reservations --json reservations.json
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import click

from aftercare.embedded import EmbeddedPostgres, find_binaries
from aftercare.logs import configure_logging
from aftercare.settings import load_settings
from aftercare.wiring import load_catalog
from bench.figures import Figure, figure, show
from domain.device import Device
from domain.device_model import KitLine
from domain.errors import AftercareError, ConflictError
from domain.stock import TransferState
from service_desk import releasing, reserving, shelves, transfers
from store import devices
from store.database import Connection, Database
from store.migrate import migrate
from store.retry import in_transaction
from store.transfers import listing

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CENTRES = ("bench-east", "bench-north", "bench-west")
PARTS = ("BENCH-1", "BENCH-2", "BENCH-3")
BY = {"who": "bench", "now": NOW}
KINDS = ("reserve",) * 3 + ("end",) * 3 + ("receive", "receive", "send", "ship", "arrive")
Move = Callable[[Connection], object]


@dataclass
class Tally:
    """What became of the operations; `refused` are those that the state of the stock did not allow."""

    seconds: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    failed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def operations(self) -> int:
        return self.kinds.total()


def work(database: Database, *, workers: int, operations: int) -> Tally:
    """Do so many operations, dealt out evenly; the same seed for each worker in every run."""
    tickets = _prepare(database, workers)
    tally = Tally()

    def one(worker: int) -> None:
        chance = random.Random(worker)
        for _ in range(-(-operations // workers)):
            kind, move = _choose(shared, chance, worker, tickets[worker])
            outcome = "done"
            try:
                in_transaction(shared, move)
            except ConflictError:
                outcome = "refused"
            except AftercareError:
                outcome = "failed"
            with tally.lock:
                tally.kinds[kind] += 1
                tally.refused += outcome == "refused"
                tally.failed += outcome == "failed"

    with Database(database.url, max_size=workers) as shared:
        tally.seconds = _all_at_once(one, workers)
    return tally


def bare_updates(database: Database, *, workers: int, operations: int) -> float:
    """Seconds for so many updates of the same balances, each a transaction of its own."""

    def one(worker: int) -> None:
        chance = random.Random(worker)
        for _ in range(-(-operations // workers)):
            with shared.transaction() as connection:
                connection.execute(
                    "UPDATE part_stock SET on_hand = on_hand WHERE (service_centre, part_no) = (%s, %s)",
                    (chance.choice(CENTRES), chance.choice(PARTS)),
                )

    with Database(database.url, max_size=workers) as shared:
        return _all_at_once(one, workers)


def mismatches(database: Database) -> int:
    """Balances that are not the sums of their journal, or that promise more than there is."""
    with database.transaction() as connection:
        [(count,)] = connection.execute(
            "SELECT count(*) FROM part_stock s CROSS JOIN LATERAL (SELECT sum(on_hand_change) AS on_hand, "
            "sum(allocated_change) AS allocated, sum(on_order_change) AS on_order FROM stock_journal "
            "WHERE (service_centre, part_no) = (s.service_centre, s.part_no)) j "
            "CROSS JOIN LATERAL (SELECT coalesce(sum(quantity), 0) AS reserved FROM part_reservations "
            "WHERE (service_centre, part_no) = (s.service_centre, s.part_no) AND state = 'reserved') r "
            "WHERE (s.on_hand, s.allocated, s.on_order) "
            "IS DISTINCT FROM (coalesce(j.on_hand, 0), coalesce(j.allocated, 0), coalesce(j.on_order, 0)) "
            "OR s.allocated > s.on_hand OR s.allocated <> r.reserved"
        )
    return int(count)


def _choose(database: Database, chance: random.Random, worker: int, ticket_id: int) -> tuple[str, Move]:
    kind = chance.choice(KINDS)
    centre, part_no = chance.choice(CENTRES), chance.choice(PARTS)
    if kind == "reserve":
        first, second = chance.sample(PARTS, 2)
        kit = [KitLine(first, chance.randint(1, 2), (second,)), KitLine(second, 1)]
        need = {"kit": kit, "need_by": NOW + timedelta(days=chance.randint(0, 5)), "ticket_id": ticket_id}
        own = CENTRES[worker % len(CENTRES)]
        return kind, lambda connection: reserving.reserve_kit(connection, service_centre=own, **need, **BY)
    if kind == "end":
        kind, end = chance.choice([("release", releasing.release), ("consume", releasing.consume)])
        return kind, lambda connection: end(connection, ticket_id=ticket_id, reason="", **BY)
    if kind in ("ship", "arrive"):
        return kind, lambda connection: _move_transfer(connection, kind, chance)
    place = {"part_no": part_no, "quantity": chance.randint(1, 3)}
    if kind == "receive":
        return kind, lambda connection: shelves.receive(connection, service_centre=centre, **place, **BY)
    other = chance.choice([one for one in CENTRES if one != centre])
    return kind, lambda connection: transfers.send(connection, from_centre=centre, to_centre=other, **place, **BY)


def _move_transfer(connection: Connection, kind: str, chance: random.Random) -> None:
    """One of the newest transfers that can be moved so; somebody else may be quicker."""
    state = TransferState.SUGGESTED if kind == "ship" else TransferState.IN_TRANSIT
    waiting = listing(connection, states=[state], limit=20)
    if waiting:
        move = transfers.ship if kind == "ship" else transfers.arrive
        move(connection, transfer_id=chance.choice(waiting).transfer_id, **BY)


def _all_at_once(one: Callable[[int], None], workers: int) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, range(workers)))
    return time.perf_counter() - began


def _prepare(database: Database, workers: int) -> list[int]:
    """A ticket for each worker, and ten of each part at each centre."""
    with database.transaction() as connection:
        [(model,)] = islice(connection.execute("SELECT device_model FROM device_models ORDER BY 1"), 1)
        fleet = [
            Device(f"bench-{number}", model, service_centre=CENTRES[number % len(CENTRES)]) for number in range(workers)
        ]
        fleet += [Device(f"bench-of-{centre}", model, service_centre=centre) for centre in CENTRES]
        devices.save(connection, fleet)
        for part_no in PARTS:
            connection.execute("INSERT INTO parts VALUES (%s, '', 100, 'EUR', '3 days')", (part_no,))
            for centre in CENTRES:
                shelves.receive(connection, service_centre=centre, part_no=part_no, quantity=10, **BY)
        rows = connection.execute(
            "INSERT INTO tickets (device_id, failure_mode, state, priority, summary, opened_at, need_by) "
            "SELECT device_id, 'wear', 'open', 3, '', %s, %s FROM devices WHERE name LIKE 'bench-%%' "
            "RETURNING ticket_id",
            (NOW, NOW),
        ).fetchall()
    return [ticket_id for (ticket_id,) in rows]


def run(*, workers: int = 64, operations: int = 10_000) -> list[Figure]:
    """The figures, on a fresh server of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        binaries = find_binaries(load_settings().services_dir)
        server = stack.enter_context(EmbeddedPostgres(binaries, folder, name="reservations", throwaway=True))
        migrate(server.url, list(load_catalog().values()))
        database = stack.enter_context(Database(server.url))
        tally = work(database, workers=workers, operations=operations)
        bare = bare_updates(database, workers=workers, operations=operations)
        wrong = mismatches(database)
        with database.transaction() as connection:
            [(deadlocks,)] = connection.execute(
                "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            )
    count = float(tally.operations)
    rate, limit = count / tally.seconds, count / bare
    return [
        figure(f"operations by {workers} workers", count, "", "asked", float(operations), "all", met=not tally.failed),
        figure("operations a second", rate, "/s", "bare row-lock updates", limit, "-", met=True),
        figure("refused by the state of the stock", tally.refused, "", "operations", count, "-", met=True),
        figure("deadlocks that surfaced", tally.failed, "", "operations", count, "none", met=not tally.failed),
        figure("deadlocks in the database", deadlocks, "", "operations", count, "-", met=True),
        figure("balances that do not add up", wrong, "", "balances", 9.0, "none", met=not wrong),
    ]


@click.command()
@click.option("--operations", type=click.IntRange(64), default=10_000, show_default=True)
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
def main(operations: int, json_file: Path | None) -> None:
    """Print how quickly and how exactly 64 workers book parts."""
    configure_logging("warning")
    show("Parts under contention", run(operations=operations), json_file)


if __name__ == "__main__":
    main()
