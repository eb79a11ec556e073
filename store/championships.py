"""Which model version scores a failure mode: one at a time, each change noted with its reason and in the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.errors import ConflictError, NotFoundError
from store import audit
from store.database import Connection
from store.sql import load

SQL = load("championships")
TASK = "failure"
PROMOTED, ROLLED_BACK = "promoted", "rolled back"
STANDING = {
    PROMOTED: ("{reason}", "version {version} was promoted instead: {reason}"),
    ROLLED_BACK: ("scores again after a roll-back: {reason}", "rolled back to version {version}: {reason}"),
}
"""Why the version that scores from now on does, and why the one that did no longer does."""


@dataclass(frozen=True, slots=True)
class Championship:
    """A stretch of time in which a version scores. `after`: the championship that a roll-back leads to."""

    championship_id: int
    model_version_id: int
    after: int | None


@dataclass(frozen=True, slots=True)
class Beginning:
    """When a version began to score, by whose doing, and why. follows: a roll-back leads to the one before it."""

    began_at: datetime
    who: str
    reason: str
    follows: bool


def lock(connection: Connection, *, device_model: str, failure_mode: str, task: str = TASK) -> Championship | None:
    """The championship that lasts, which nobody else changes until this transaction ends; None before the first."""
    place = {"device_model": device_model, "failure_mode": failure_mode, "task": task}
    connection.execute(SQL["lock"], place)
    row = connection.execute(SQL["current"], place).fetchone()
    return Championship(*row) if row else None


def promote(connection: Connection, *, model_version_id: int, who: str, reason: str, at: datetime) -> int | None:
    """Make a version the champion of its failure mode; the one before is retired and its id returned.

    Raises NotFoundError, or ConflictError when it is the champion already.
    """
    place = connection.execute(SQL["place"], {"model_version_id": model_version_id}).fetchone()
    if place is None:
        raise NotFoundError(f"there is no model version {model_version_id}: 'aftercare models list' shows them")
    device_model, failure_mode, task, _ = place
    current = lock(connection, device_model=device_model, failure_mode=failure_mode, task=task)
    if current is not None and current.model_version_id == model_version_id:
        raise ConflictError(f"model version {model_version_id} is the champion of {failure_mode} already")
    after = current.championship_id if current else None
    _crown(connection, (device_model, failure_mode, task), model_version_id, after, PROMOTED, who, reason, at)
    return current.model_version_id if current else None


def previous(connection: Connection, *, device_model: str, failure_mode: str) -> tuple[Championship, Championship]:
    """The championship that lasts and the one that a roll-back leads to; nobody else changes it meanwhile.

    Raises NotFoundError when the failure mode has no champion, ConflictError when there was none before it.
    """
    current = lock(connection, device_model=device_model, failure_mode=failure_mode)
    if current is None:
        raise NotFoundError(f"{failure_mode} of {device_model} has no champion: run 'aftercare train' first")
    if current.after is None:
        raise ConflictError(
            f"version {current.model_version_id} is the first champion of {failure_mode} of {device_model}: "
            "there is none before it to go back to"
        )
    row = connection.execute(SQL["get"], {"championship_id": current.after}).fetchone()
    assert row is not None
    return current, Championship(*row)


def roll_back(
    connection: Connection, *, device_model: str, failure_mode: str, who: str, reason: str, at: datetime
) -> tuple[int, int]:
    """Make the champion before this one the champion again. Ids of the version that scored and of the one that will.

    Again and again it leads further back. Raises as `previous` does.
    """
    current, target = previous(connection, device_model=device_model, failure_mode=failure_mode)
    place = (device_model, failure_mode, TASK)
    _crown(connection, place, target.model_version_id, target.after, ROLLED_BACK, who, reason, at)
    return current.model_version_id, target.model_version_id


def beginnings(connection: Connection, *, model_version_id: int) -> Sequence[Beginning]:
    """Every time that the version became the champion, the earliest first."""
    rows = connection.execute(SQL["of_version"], {"model_version_id": model_version_id})
    return [Beginning(*row) for row in rows]


def _crown(
    connection: Connection,
    place: tuple[str, str, str],
    model_version_id: int,
    after: int | None,
    action: str,
    who: str,
    reason: str,
    at: datetime,
) -> None:
    device_model, failure_mode, task = place
    crowned, retired = (text.format(version=model_version_id, reason=reason) for text in STANDING[action])
    every = {"device_model": device_model, "failure_mode": failure_mode, "task": task}
    connection.execute(SQL["retire"], {**every, "reason": retired})
    connection.execute(SQL["crown"], {"model_version_id": model_version_id, "reason": crowned})
    values = {"model_version_id": model_version_id, "after": after, "at": at, "who": who, "reason": reason}
    connection.execute(SQL["begin"], values)
    audit.record(
        connection,
        at=at,
        who=who,
        action=action,
        object_kind="model_version",
        object_id=model_version_id,
        detail={"device_model": device_model, "failure_mode": failure_mode, "reason": reason},
    )
