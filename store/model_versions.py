"""Training runs, model versions with their lineage, and the artifacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from domain.errors import NotFoundError
from domain.prediction import ModelStatus, ModelVersion
from domain.silent_channels import SilentChannels
from store import championships
from store.database import Connection
from store.sql import load

SQL = load("model_versions")
VERSIONS = f"{SQL['version_rows']}\n{SQL['newest_first']}"
VERSION = f"{SQL['version_rows']}\n{SQL['one_of_them']}"


@dataclass(frozen=True, slots=True)
class Champion:
    """The version that scores one failure mode, trained on data up to `data_to`. `precision` is None when held-out data
    could not tell."""

    model_version_id: int
    failure_mode: str
    artifact_sha256: str
    alarm_threshold: float
    precision: float | None
    data_to: datetime
    silent_channels: SilentChannels = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Version:
    """A stored version with its whole lineage."""

    model_version_id: int
    device_model: str
    failure_mode: str
    task: str
    status: str
    created_at: datetime
    reason: str
    comparison: Mapping[str, Any]
    metrics: Mapping[str, Any]
    alarm_threshold: float
    data_from: datetime
    data_to: datetime
    row_count: int
    device_count: int
    features: Sequence[str]
    code_version: str
    library_versions: Mapping[str, str]
    artifact_sha256: str
    training_run_id: int
    flow_run_id: str
    silent_channels: SilentChannels = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChampionMetrics:
    """What held-out devices said of a champion."""

    device_model: str
    failure_mode: str
    model_version_id: int
    alarm_threshold: float
    metrics: Mapping[str, Any]
    row_count: int
    device_count: int
    created_at: datetime
    silent_channels: SilentChannels = field(default_factory=dict)


def start_training_run(connection: Connection, *, device_model: str, flow_run_id: str, at: datetime) -> int:
    """Note that a training run began; returns its id."""
    parameters = {"device_model": device_model, "flow_run_id": flow_run_id, "at": at}
    return _id(connection.execute(SQL["start_training_run"], parameters).fetchone())


def finish_training_run(
    connection: Connection, *, training_run_id: int, failed: bool, message: str, at: datetime
) -> None:
    """Note how a training run ended."""
    connection.execute(
        SQL["finish_training_run"],
        {
            "training_run_id": training_run_id,
            "state": "failed" if failed else "completed",
            "message": message,
            "at": at,
        },
    )


def add_version(
    connection: Connection,
    *,
    training_run_id: int,
    version: ModelVersion,
    artifact: bytes,
    at: datetime,
    held_out: bytes = b"",
    beaten: int | None = None,
    who: str = "training",
) -> int:
    """Store a version with its artifact and its packed held-out predictions. Returns the version's id.

    A training run has one version of each failure mode: when it is there already, its id is returned and nothing else
    is done. A new champion retires the one before, which must be the one that was `beaten`: when another version became
    the champion meanwhile, the new one is kept as a challenger. A new challenger retires the one before.
    """
    place = {"device_model": version.device_model, "failure_mode": version.failure_mode, "task": version.task}
    current = championships.lock(connection, **place)
    stored = id_in_run(connection, training_run_id=training_run_id, failure_mode=version.failure_mode)
    if stored is not None:
        return stored
    promoted, reason = version.status is ModelStatus.CHAMPION, version.reason
    if promoted and current is not None and current.model_version_id != beaten:
        promoted, reason = False, f"version {current.model_version_id} became the champion during the training"
    connection.execute(SQL["retire_challenger"], place)
    connection.execute(SQL["add_artifact"], {"sha256": version.artifact_sha256, "content": artifact})
    parameters = {
        **{one.name: _column(getattr(version, one.name)) for one in fields(version)},
        "training_run_id": training_run_id,
        "status": ModelStatus.CHALLENGER,
        "reason": reason,
        "at": at,
    }
    version_id = _id(connection.execute(SQL["add_version"], parameters).fetchone())
    connection.execute(SQL["add_held_out"], {"model_version_id": version_id, "content": held_out})
    if promoted:
        championships.promote(connection, model_version_id=version_id, who=who, reason=reason, at=at)
    return version_id


def id_in_run(connection: Connection, *, training_run_id: int, failure_mode: str) -> int | None:
    """The version that a training run has stored of a failure mode; None until then."""
    asked = {"training_run_id": training_run_id, "failure_mode": failure_mode}
    row = connection.execute(SQL["id_in_run"], asked).fetchone()
    return _id(row) if row else None


def champions(connection: Connection, *, device_model: str) -> Sequence[Champion]:
    """The champions of a device model, one per failure mode that has one."""
    rows = connection.execute(SQL["champions"], {"device_model": device_model}).fetchall()
    return [Champion(*row) for row in rows]


def champion_metrics(connection: Connection, *, device_model: str | None = None) -> Sequence[ChampionMetrics]:
    """Every champion with its held-out figures, of one device model or of all."""
    rows = connection.execute(SQL["champion_metrics"], {"device_model": device_model}).fetchall()
    return [ChampionMetrics(*row) for row in rows]


def versions(
    connection: Connection,
    *,
    device_model: str | None = None,
    failure_mode: str | None = None,
    status: str | None = None,
    after: int | None = None,
    limit: int | None = None,
) -> Sequence[Version]:
    """Versions with their lineage, the newest first. after: id of the last one of the page before."""
    asked = {"device_model": device_model, "failure_mode": failure_mode, "status": status, "after": after}
    return [Version(*row) for row in connection.execute(VERSIONS, {**asked, "limit": limit})]


def get_version(connection: Connection, model_version_id: int) -> Version:
    """Raises NotFoundError."""
    row = connection.execute(VERSION, {"model_version_id": model_version_id}).fetchone()
    if row is None:
        raise NotFoundError(f"there is no model version {model_version_id}: 'aftercare models list' shows them")
    return Version(*row)


def read_report(connection: Connection, model_version_id: int) -> dict[str, Any]:
    """What was measured of a version, as `models.report` writes it; empty for one that was stored without. Raises
    NotFoundError."""
    row = connection.execute(SQL["report"], {"model_version_id": model_version_id}).fetchone()
    if row is None:
        raise NotFoundError(f"there is no model version {model_version_id}: 'aftercare models list' shows them")
    return dict(row[0])


def read_reference(connection: Connection, model_version_id: int) -> Mapping[str, Any]:
    """How the version's inputs were spread in training, as it was stored; empty for a version that does not exist."""
    row = connection.execute(SQL["reference"], {"model_version_id": model_version_id}).fetchone()
    return row[0] if row else {}


def read_held_out(connection: Connection, model_version_id: int) -> bytes:
    """The packed held-out predictions of a version. Raises NotFoundError."""
    row = connection.execute(SQL["held_out"], {"model_version_id": model_version_id}).fetchone()
    if row is None:
        raise NotFoundError(f"the held-out predictions of model version {model_version_id} are missing")
    return bytes(row[0])


def read_artifact(connection: Connection, *, sha256: str) -> bytes:
    """The stored bytes of a model. Raises NotFoundError."""
    row = connection.execute(SQL["artifact"], {"sha256": sha256}).fetchone()
    if row is None:
        raise NotFoundError(
            f"model artifact {sha256} is not in model_artifacts: restore it from a backup, "
            "go back with 'aftercare models rollback', or train the device model again"
        )
    return bytes(row[0])


def _column(value: Any) -> Any:
    """A field as its column takes it: what has parts is JSON."""
    match value:
        case str():
            return value
        case Mapping():
            return Jsonb(dict(value))
        case Sequence():
            return Jsonb(list(value))
    return value


def _id(row: tuple[Any, ...] | None) -> int:
    assert row is not None
    return int(row[0])
