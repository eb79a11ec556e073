"""Predicted failures, ranked by what a visit in time saves, and what became of one prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict, Unpack

from psycopg import sql
from psycopg.rows import class_row

from domain.errors import NotFoundError
from domain.money import Money
from store.database import Connection
from store.scope import customer_in_view
from store.sql import in_view, load

SQL = load("predicted_failures")
RankKey = tuple[int, int]
"""saving and alarm_id of a row: where the list goes on."""


class Narrowing(TypedDict, total=False):
    """Which predicted failures are meant; fails_before: those that may fail before then."""

    device_model: str
    failure_mode: str
    customer: str
    site: str
    service_centre: str
    fails_before: datetime


ANY = dict.fromkeys(Narrowing.__annotations__)


@dataclass(frozen=True, slots=True)
class PredictedFailure:
    """An alarm that a prediction holds up. `saving`: what a visit in time saves as expected, in minor units; 0 for a
    customer's user, who is not told. It fails between `fails_from` and `fails_until`, most likely at `fails_at`. The
    ticket is the unsettled one, if any."""

    alarm_id: int
    saving: int
    currency: str
    severity: str
    deferred: bool
    prediction_id: int
    device: str
    device_model: str
    customer: str
    site: str
    service_centre: str
    failure_mode: str
    as_of: datetime
    risk: float
    horizon_hours: float
    fails_from: datetime
    fails_at: datetime
    fails_until: datetime
    ticket_id: int | None
    state: str | None
    priority: int | None
    need_by: datetime | None
    planned_for: datetime | None


@dataclass(frozen=True, slots=True)
class AtStake:
    """How many failures are predicted, and what visits in time save together."""

    failures: int
    saving: Money


@dataclass(frozen=True, slots=True)
class PredictionCase:
    """What a prediction led to. `newest_id`: the newest prediction of the same device and failure mode."""

    newest_id: int
    alarm_id: int | None
    deferred: bool
    ticket_id: int | None


def listing(
    connection: Connection,
    *,
    after: RankKey | None = None,
    limit: int = 50,
    **narrowing: Unpack[Narrowing],
) -> list[PredictedFailure]:
    """Predicted failures, the costliest to leave first; for a customer's user the newest."""
    after_saving, after_alarm = after or (None, None)
    place = {"after_saving": after_saving, "after_alarm": after_alarm, "limit": limit}
    saving, narrowed = sql.SQL(in_view(SQL, "saving")), sql.SQL(SQL["narrowed"])
    query = sql.SQL(SQL["predicted_failures"]).format(saving=saving, narrowed=narrowed)
    with connection.cursor(row_factory=class_row(PredictedFailure)) as cursor:
        return cursor.execute(query, {**ANY, **narrowing, **place}).fetchall()


def at_stake(connection: Connection, **narrowing: Unpack[Narrowing]) -> list[AtStake]:
    """Over all predicted failures that are meant, one entry a currency; for a customer's user none."""
    if customer_in_view() is not None:
        return []
    query = sql.SQL(SQL["at_stake"]).format(narrowed=sql.SQL(SQL["narrowed"]))
    rows = connection.execute(query, {**ANY, **narrowing}, prepare=False)  # planned for this filter
    return [AtStake(failures, Money(saving, currency)) for currency, failures, saving in rows]


def places(connection: Connection, *, limit: int = 500) -> list[tuple[str, str]]:
    """Customers and sites with predicted failures, by name; at most `limit`."""
    return [(customer, site) for customer, site in connection.execute(SQL["places"], {"limit": limit})]


def risk_curve(connection: Connection, prediction_id: int) -> Sequence[float]:
    """Probability of having failed by the end of each equal step of the horizon; empty when its version tells none."""
    row = connection.execute(SQL["risk_curve"], {"prediction_id": prediction_id}).fetchone()
    return (row[0] or ()) if row else ()


def case_of(connection: Connection, prediction_id: int) -> PredictionCase:
    """What became of a prediction. Raises NotFoundError."""
    with connection.cursor(row_factory=class_row(PredictionCase)) as cursor:
        case = cursor.execute(SQL["case_of"], {"prediction_id": prediction_id}).fetchone()
    if case is None:
        raise NotFoundError(f"prediction {prediction_id} does not exist: look it up in the list")
    return case
