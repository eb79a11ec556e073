"""Escalation policies, and the alarms that nobody has acknowledged yet."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from psycopg.types.json import Jsonb

from domain.delivery import EscalationPolicy, EscalationStep
from domain.errors import NotFoundError
from store.database import Connection
from store.receivers import read_subscription
from store.sql import load

SQL = load("escalations")


@dataclass(frozen=True, slots=True)
class Escalation:
    """An alarm whose next step is due. open: active, not acknowledged and not deferred."""

    alarm_id: int
    policy: str
    since: datetime
    next_step: int
    open: bool
    shelved_until: datetime | None


def put_policy(connection: Connection, policy: EscalationPolicy) -> None:
    """Add a policy, or change it: alarms that it watches already go on by its new steps."""
    steps = [{"after_seconds": step.after.total_seconds(), "calls": list(step.calls)} for step in policy.steps]
    values = {
        "policy": policy.name,
        "subscription": Jsonb(asdict(policy.subscription)),
        "steps": Jsonb(steps),
        "now": policy.created_at,
    }
    connection.execute(SQL["put_policy"], values)


def policies(connection: Connection) -> list[EscalationPolicy]:
    """All of them, by name."""
    return [
        EscalationPolicy(
            name,
            read_subscription(subscription),
            tuple(EscalationStep(timedelta(seconds=step["after_seconds"]), tuple(step["calls"])) for step in steps),
            created_at,
            waiting,
        )
        for name, subscription, steps, created_at, waiting in connection.execute(SQL["policies"])
    ]


def policy(connection: Connection, name: str) -> EscalationPolicy:
    """Raises NotFoundError."""
    for one in policies(connection):
        if one.name == name:
            return one
    raise NotFoundError(f"no escalation is named {name!r}: look it up in the list")


def lock_policy(connection: Connection, name: str) -> None:
    """Keep a policy as it is until the transaction ends, if there is one."""
    connection.execute(SQL["lock_policy"], {"policy": name})


def remove_policy(connection: Connection, name: str) -> None:
    """Raises NotFoundError."""
    if not connection.execute(SQL["remove_policy"], {"policy": name}).rowcount:
        raise NotFoundError(f"no escalation is named {name!r}: look it up in the list")


def watch(connection: Connection, alarm_id: int, policy: str, *, since: datetime, due_at: datetime) -> None:
    """Begin with the first step, anew if the alarm was watched already."""
    values = {"alarm_id": alarm_id, "policy": policy, "since": since, "due_at": due_at}
    connection.execute(SQL["watch"], values)


def due(connection: Connection, *, now: datetime, limit: int) -> list[Escalation]:
    """Those whose next step is due, locked with their alarms; what another process has locked is left to it."""
    return [Escalation(*row) for row in connection.execute(SQL["due"], {"now": now, "limit": limit})]


def go_on(connection: Connection, escalation: Escalation, *, next_step: int, due_at: datetime) -> None:
    """The next step comes then."""
    values = {
        "alarm_id": escalation.alarm_id,
        "policy": escalation.policy,
        "next_step": next_step,
        "due_at": due_at,
    }
    connection.execute(SQL["go_on"], values)


def end(connection: Connection, escalation: Escalation) -> None:
    """Nobody has to be called any more, or nobody is left."""
    connection.execute(SQL["end"], {"alarm_id": escalation.alarm_id, "policy": escalation.policy})
