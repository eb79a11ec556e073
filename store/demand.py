"""What a demand forecast rests on: the fleet's newest predictions; and the forecasts, as they were worked out last."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from psycopg.rows import class_row

from domain.device_model import FailureMode, Part
from domain.money import Money
from store.database import Connection
from store.sql import load

SQL = load("demand")
ROWS_AT_ONCE = 5_000
"""Bounds the memory of a run, however large the fleet is."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outlooks:
    """The newest predictions of a failure mode, one of each device, and the centres that serve the devices; in hours.

    gone: since `as_of`. lives: per row `rul_low`, `rul` and `rul_high`. failed_by: per row `Prediction.failed_by`, all
    of one length, which is 0 for those that tell none.
    """

    service_centres: NDArray[np.str_]
    gone: Floats
    horizon: Floats
    risk: Floats
    lives: Floats
    failed_by: Floats


@dataclass(frozen=True, slots=True)
class Standing:
    """When the forecasts were worked out and from how many predictions; rests_on, ticket_event_id: see the table."""

    as_of: datetime
    predictions: int
    rests_on: str
    ticket_event_id: int


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """What failures at a centre take of a part within its lead time; enough: see the table."""

    service_centre: str
    part_no: str
    lead_time: timedelta
    expected: float
    first: int
    enough: list[float]


@dataclass(frozen=True, slots=True)
class PositionRow:
    """Pieces of a part at a centre: free, on order, on their way to its shelf, and waited for by tickets; and what is
    expected to be needed, on average and with the wanted probability. part: with the lead time that was counted with.
    """

    service_centre: str
    part: Part
    free: int
    on_order: int
    under_way: int
    waited_for: int
    expected: float
    needed: int


def outlooks(connection: Connection, device_model: str, mode: FailureMode, *, now: datetime) -> Iterator[Outlooks]:
    """Of every device of the model that no ticket has parts for, some thousands at a time."""
    wanted = {"device_model": device_model, "failure_mode": mode.name, "component": mode.component, "now": now}
    with connection.cursor(name="outlooks", binary=True) as cursor:
        cursor.execute(SQL["outlook"], wanted)
        while rows := sorted(cursor.fetchmany(ROWS_AT_ONCE), key=lambda row: len(row[-1])):
            for _, alike in groupby(rows, key=lambda row: len(row[-1])):
                centres, *figures, failed_by = zip(*alike, strict=True)
                gone, horizon, risk, *lives = np.array(figures, dtype=np.float64)
                yield Outlooks(np.array(centres), gone, horizon, risk, np.stack(lives, axis=1), np.array(failed_by))


def hold(connection: Connection, *, wait: bool) -> bool:
    """Be the only one to work the forecasts out until the transaction ends; without waiting False when another is."""
    row = connection.execute(SQL["hold" if wait else "try_to_hold"]).fetchone()
    return wait or bool(row and row[0])


def standing(connection: Connection) -> Standing | None:
    """What the forecasts rest on; None while there are none."""
    with connection.cursor(row_factory=class_row(Standing)) as cursor:
        return cursor.execute(SQL["standing"]).fetchone()


def newest_ticket_event(connection: Connection) -> int:
    """Its id, 0 while there is none."""
    [(ticket_event_id,)] = connection.execute(SQL["newest_ticket_event"])
    return int(ticket_event_id)


def replace_forecasts(connection: Connection, forecasts: Iterable[ForecastRow], standing: Standing) -> None:
    """Put these in the place of all that there are."""
    connection.execute(SQL["clear"])
    with connection.cursor() as cursor:
        cursor.executemany(SQL["keep"], [asdict(row) for row in forecasts])
    connection.execute(SQL["note"], asdict(standing))


def positions(connection: Connection, *, level: float, everything: bool) -> list[PositionRow]:
    """By centre and part: of all parts that tickets wait for or that are expected to be needed at some centre, or of
    everything that lies anywhere. Without forecasts nothing is expected to be needed."""
    return [
        PositionRow(centre, Part(part_no, description, Money(minor, currency), lead_time), *figures)
        for centre, part_no, description, minor, currency, lead_time, *figures in connection.execute(
            SQL["forecasts"], {"right_below": math.nextafter(level, 0), "everything": everything}
        )
    ]


def lead_times(connection: Connection) -> Mapping[str, timedelta]:
    """Of every part of every catalog."""
    return dict(connection.execute(SQL["lead_times"]).fetchall())
