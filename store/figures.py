"""What a service manager's figures are counted from, and the tickets behind each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

from store.database import Connection
from store.sql import load

SQL = load("figures")
SLA, PARTS = f"{SQL['inside']}\n{SQL['sla']}", f"{SQL['inside']}\n{SQL['parts']}"
"""Whether promises were kept and parts were there; what is told of them follows."""
BEHIND_PARTS, BEHIND_SLA = "stock_outs", "sla_missed"
BEHIND_CLOSED = ("closed", "avoided", "foreseen", "judged", "right", "no_fault_found", "fixed_at_once", "not_fixed")
"""Figures that have tickets behind them, beside the two above."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is counted: since <= t < until; None: every customer or centre. codes: device model, event code and failure
    mode of each failure that there can be. proof: how long a mended failure mode asks for no other visit."""

    since: datetime
    until: datetime
    now: datetime
    proof: timedelta
    codes: Sequence[tuple[str, str, str]]
    customer: str | None = None
    service_centre: str | None = None


@dataclass(frozen=True, slots=True)
class Closures:
    """Closed tickets of a failure mode; of all when it names none.

    avoided: right, and no failure came while the ticket was open. foreseen: right, and it came. judged: predicted and
    closed as something that says whether the prediction was right. followed: old enough to know whether one visit was
    enough, or known already. notice: median from opening to need-by of those that were right.
    """

    device_model: str | None
    failure_mode: str | None
    closed: int
    avoided: int
    foreseen: int
    judged: int
    right: int
    no_fault_found: int
    followed: int
    fixed_at_once: int
    notice: timedelta | None


def closures(connection: Connection, scope: Scope) -> list[Closures]:
    """For all, then by failure mode."""
    return [Closures(*row) for row in _run(connection, f"{SQL['closed']}\n{SQL['by_mode']}", _values(scope))]


def sla(connection: Connection, scope: Scope) -> tuple[int, int]:
    """Promises whose time came, and those that were kept."""
    return _pair(connection, f"{SLA}\n{SQL['sla_kept']}", scope)


def stock_outs(connection: Connection, scope: Scope) -> tuple[int, int]:
    """Parts that tickets asked for, and those that were not on the shelf."""
    return _pair(connection, f"{PARTS}\n{SQL['stock_outs']}", scope)


def failures(connection: Connection, scope: Scope) -> tuple[int, int]:
    """Failures after what the first model of their mode learnt from, and those that no ticket was open for."""
    return _pair(connection, SQL["failures"], scope)


def tickets_behind(
    connection: Connection,
    scope: Scope,
    figure: str,
    *,
    failure_mode: str | None = None,
    after: int | None = None,
    limit: int,
) -> list[int]:
    """Ids of the tickets that a figure counts, newest first."""
    statement = {
        BEHIND_SLA: f"{SLA}\n{SQL['behind_sla']}",
        BEHIND_PARTS: f"{PARTS}\n{SQL['behind_parts']}",
    }.get(figure, f"{SQL['closed']}\n{SQL['behind_closed']}")
    wanted = {"figure": figure, "failure_mode": failure_mode, "after": after, "limit": limit}
    return [ticket_id for (ticket_id,) in _run(connection, statement, {**_values(scope), **wanted})]


def _pair(connection: Connection, statement: LiteralString, scope: Scope) -> tuple[int, int]:
    [(whole, part)] = _run(connection, statement, _values(scope))
    return whole, part


def _run(connection: Connection, statement: LiteralString, values: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
    """Planned for these values each time: a plan for any period or customer may be a hundred times slower."""
    return connection.execute(statement, values, prepare=False)


def _values(scope: Scope) -> Mapping[str, Any]:
    models, codes, modes = zip(*scope.codes, strict=True) if scope.codes else ((), (), ())
    lists = {"device_models": list(models), "codes": list(codes), "failure_modes": list(modes)}
    return {**asdict(scope), **lists}
