"""Measuring drift without the scheduler: what each champion sees and how right it is, stored and told by an alarm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import pandas as pd
import structlog

from aftercare.version_loading import load_version
from aftercare.wiring import Application
from alerts.lifecycle import clear_of_model, raise_alarm
from alerts.rules import DRIFT, drift_type
from domain.alarm import AlarmSource, Occurrence, Severity
from domain.device_model import DeviceModel
from domain.errors import NotFoundError
from models.drift import DriftKind, Finding, input_drift, precision_drift
from models.errors import ArtifactError, FrameError
from models.reference import LOOKS, read_reference, sample_devices
from pipelines.history import read_look_back
from store import alarms, drift, model_versions
from store.database import Connection
from store.model_versions import Champion
from store.scoring_frames import devices_to_score, silence_allowed

LATEST_TICKETS = 50
DEVICES_AT_ONCE = 500
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class MeasuredMode:
    """What was found of one champion. problem: why its inputs could not be measured; empty when they were."""

    device_model: str
    failure_mode: str
    model_version_id: int
    findings: Sequence[Finding]
    problem: str = ""


def measure_device_model(application: Application, device_model: DeviceModel) -> list[MeasuredMode]:
    """Measure every champion of a device model over its horizon up to now, and bring its drift alarm in line.

    An alarm is raised when anything has drifted, and cleared when the inputs were measured and all are well within
    their boundaries; what could not be measured changes nothing. Alarms of failure modes that have no champion any more
    are cleared.
    """
    now = application.clock()
    with application.database.transaction() as connection:
        champions = model_versions.champions(connection, device_model=device_model.name)
    measured = [_measure(application, device_model, champion, now) for champion in champions]
    with application.database.transaction() as connection:
        gone = [
            name
            for name in alarms.types_of_model(connection, device_model=device_model.name)
            if name.startswith(DRIFT) and name not in {drift_type(one.failure_mode) for one in champions}
        ]
        reason = "no version scores this failure mode any more"
        clear_of_model(connection, device_model=device_model.name, alarm_types=gone, now=now, reason=reason)
    return measured


def _measure(application: Application, device_model: DeviceModel, champion: Champion, now: datetime) -> MeasuredMode:
    names = {"device_model": device_model.name, "failure_mode": champion.failure_mode}
    findings: list[Finding] = []
    problem = ""
    try:
        findings = _inputs(application, device_model, champion, now)
        problem = "" if findings else "too few devices sent anything lately"
    except (ArtifactError, FrameError, NotFoundError) as error:
        problem = str(error)
        log.warning("drift of inputs not measured", **names, why=problem)
    with application.database.transaction() as connection:
        right, wrong = drift.closures(connection, model_version_id=champion.model_version_id, latest=LATEST_TICKETS)
        told = precision_drift(champion.failure_mode, right=right, wrong=wrong, promised=champion.precision)
        findings += [told] if told else []
        rows = [drift.DriftRow(**asdict(finding)) for finding in findings]
        drift.record(connection, rows, model_version_id=champion.model_version_id, at=now)
        _alarm(connection, device_model, champion, findings, problem, now)
    moved = [finding.subject for finding in findings if finding.drifted]
    log.info("drift measured", **names, model_version=champion.model_version_id, findings=len(findings), drifted=moved)
    return MeasuredMode(device_model.name, champion.failure_mode, champion.model_version_id, findings, problem)


def _inputs(application: Application, device_model: DeviceModel, champion: Champion, now: datetime) -> list[Finding]:
    """What scoring saw at each of eight instants within the last horizon, of at most a thousand devices."""
    mode = device_model.failure_mode(champion.failure_mode)
    model = load_version(application.database, champion.model_version_id, champion.artifact_sha256)
    with application.database.transaction() as connection:
        reference = read_reference(model_versions.read_reference(connection, champion.model_version_id))
        since = now - mode.horizon - silence_allowed(device_model)
        devices = sample_devices(devices_to_score(connection, device_model, since=since))
    seen = []
    for look in range(LOOKS):
        until = now - mode.horizon * look / LOOKS
        for start in range(0, len(devices), DEVICES_AT_ONCE):
            group = devices[start : start + DEVICES_AT_ONCE]
            with application.database.transaction() as connection:
                history = read_look_back(connection, device_model, [mode], devices=group, until=until)
            readings = history.readings
            if readings.empty:
                continue
            latest = readings.loc[~readings["device"].duplicated(keep="last"), ["device", "ts"]]
            features = model.plan.build(history, device_model, mode, latest_only=True)
            features = features[list(reference.spreads)].assign(device=latest["device"], ts=latest["ts"])
            seen.append(features[features["ts"] >= until - mode.horizon / LOOKS])
    if not seen:
        return []
    everything = pd.concat(seen).drop_duplicates(["device", "ts"])
    return input_drift(reference, everything, everything["device"].to_numpy(), device_model)


def _alarm(
    connection: Connection,
    device_model: DeviceModel,
    champion: Champion,
    findings: Sequence[Finding],
    problem: str,
    now: datetime,
) -> None:
    drifted = sorted((one for one in findings if one.drifted), key=lambda one: one.kind is not DriftKind.PRECISION)
    alarm_type = drift_type(champion.failure_mode)
    if drifted:
        more = f", and {len(drifted) - 1} more" if len(drifted) > 1 else ""
        raise_alarm(
            connection,
            Occurrence(
                device_model=device_model.name,
                alarm_type=alarm_type,
                severity=Severity.MINOR if drifted[0].kind is DriftKind.PRECISION else Severity.WARNING,
                source=AlarmSource.RULE,
                failure_mode=champion.failure_mode,
                message=f"Model of {champion.failure_mode} has drifted: {drifted[0].message}{more}",
            ),
            now=now,
        )
    elif not problem and all(finding.calm for finding in findings):
        reason = "its inputs and its precision are as in training again"
        clear_of_model(connection, device_model=device_model.name, alarm_types=[alarm_type], now=now, reason=reason)
