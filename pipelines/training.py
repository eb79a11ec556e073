"""Training without the scheduler: reads the frames, trains every failure mode, stores the versions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog

import models
from aftercare import __version__
from aftercare.wiring import Application
from domain.device_model import DeviceModel, FailureMode
from domain.prediction import ModelStatus, ModelVersion
from models.artifact import dumps, library_versions
from models.errors import FrameError, TrainingError
from models.failure_model import FailureModel
from models.features import History
from models.fitting import usable_processors
from models.held_out import pack
from models.prepared import Kin
from models.promotion import Verdict
from models.reference import compared, describe_spread, sample_devices
from models.training import TrainingOutcome, train
from pipelines.data_learnt_from import LearntFrom
from pipelines.history import read_history
from pipelines.promotion import find_champion, judge
from service_desk.policy.cost_rate import COST_RATE, learn_cost_rate
from store import frames, model_versions
from store.championships import TASK
from store.model_versions import Version

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TrainedMode:
    """What training one failure mode came to: a version with its metrics, its status and the reason for it, or the
    problem because of which there is none. data: the same for all modes that one process trained in a run."""

    device_model: str
    failure_mode: str
    model_version_id: int | None
    metrics: Mapping[str, Any]
    problem: str = ""
    status: str = ""
    reason: str = ""
    data: LearntFrom = field(default_factory=LearntFrom)


def device_models_to_train(application: Application, names: Sequence[str]) -> list[DeviceModel]:
    """The named device models, or all of them. Raises NotFoundError for a name that the catalog does not hold."""
    for name in names:
        application.device_model(name)
    return [model for model in application.catalog.values() if not names or model.name in names]


@dataclass(frozen=True, slots=True)
class TrainingPart:
    """One failure mode to be trained on what was stored up to `now`, together with relatives of its family."""

    device_model: DeviceModel
    mode: FailureMode
    family: Sequence[DeviceModel]
    training_run_id: int
    now: datetime


def train_device_model(
    application: Application,
    device_model: DeviceModel,
    flow_run_id: str,
    *,
    train_parts: Callable[[Sequence[TrainingPart]], Iterable[TrainedMode]] | None = None,
) -> list[TrainedMode]:
    """Train every failure mode on all that is stored up to now; each version is the champion of its mode from then on,
    or a challenger of the champion that it did not beat.

    A mode that cannot be trained (too few failures, say) is told in `problem`; the others go on. A device model without
    readings gives an empty list and leaves no trace.
    train_parts: has `train_part` done for each failure mode elsewhere; without it all is done here, and read once.
    """
    now = application.clock()
    with application.database.transaction() as connection:
        if not frames.has_readings(connection, device_model, until=now):
            return []
        run_id = model_versions.start_training_run(
            connection, device_model=device_model.name, flow_run_id=flow_run_id, at=now
        )
    family = _family(application, device_model)
    parts = [TrainingPart(device_model, mode, family, run_id, now) for mode in device_model.failure_modes]
    results: list[TrainedMode] = []
    try:
        for trained in train_parts(parts) if train_parts else _train_here(application, parts, usable_processors()):
            results.append(trained)  # noqa: PERF402 - what is done counts also when the next one breaks off
    finally:
        _finish(application, run_id, results, len(parts))
    return results


def train_part(application: Application, part: TrainingPart) -> TrainedMode:
    """Train one failure mode and store its version, in this process alone: a cluster has as many as it wants.

    Done again, as a cluster does what a worker had that died, it tells what the run has stored already.
    """
    run, name = part.training_run_id, part.mode.name
    with application.database.transaction() as connection:
        stored = model_versions.id_in_run(connection, training_run_id=run, failure_mode=name)
        if stored is not None:
            return _told(model_versions.get_version(connection, stored))
    [trained] = _train_here(application, [part], processes=1)
    return trained


def _train_here(application: Application, parts: Sequence[TrainingPart], processes: int) -> Iterator[TrainedMode]:
    """Parts of one device model and one run."""
    one = parts[0]
    with application.database.transaction() as connection:
        history = read_history(connection, one.device_model, until=one.now)
        relatives = [(model, read_history(connection, model, until=one.now)) for model in one.family]
    data = LearntFrom.of(history, one.device_model)
    if data != LearntFrom():
        log.warning("not all data can be learnt from", device_model=one.device_model.name, **asdict(data))
    for part in parts:
        yield _train_mode(application, part, history, data, relatives, processes)


def _finish(application: Application, run_id: int, results: Sequence[TrainedMode], wanted: int) -> None:
    problems = [f"{result.failure_mode}: {result.problem}" for result in results if result.problem]
    if len(results) < wanted:
        problems.append(f"stopped after {len(results)} of {wanted} failure modes: see the flow run's log")
    trained = sum(result.model_version_id is not None for result in results)
    with application.database.transaction() as connection:
        model_versions.finish_training_run(
            connection, training_run_id=run_id, failed=trained == 0, message="; ".join(problems), at=application.clock()
        )


def _train_mode(
    application: Application,
    part: TrainingPart,
    history: History,
    data: LearntFrom,
    relatives: Sequence[tuple[DeviceModel, History]],
    processes: int,
) -> TrainedMode:
    device_model, mode = part.device_model, part.mode
    names = {"device_model": device_model.name, "failure_mode": mode.name}
    try:
        trained = train(history, device_model, mode, kin=_kin(mode, relatives), processes=processes)
    except (TrainingError, FrameError) as error:
        log.warning("failure mode not trained", **names, why=str(error))
        return TrainedMode(device_model.name, mode.name, None, {}, str(error), data=data)
    outcome = _with_cost_rate(trained, history, device_model, mode)
    champion = find_champion(application.database, mode, device_model)
    verdict = judge(application.database, champion, outcome, history, device_model)
    artifact = dumps(outcome.model)
    with application.database.transaction() as connection:
        version_id = model_versions.add_version(
            connection,
            training_run_id=part.training_run_id,
            version=replace(
                _version(outcome, sha256(artifact).hexdigest(), verdict),
                reference=_reference(outcome.model, history, device_model, mode),
                silent_channels=data.silent_channels,
            ),
            artifact=artifact,
            held_out=pack(outcome.held_out),
            beaten=champion.model_version_id if champion else None,
            at=application.clock(),
        )
        stored = model_versions.get_version(connection, version_id)
    log.info("failure mode trained", **names, model_version=version_id, status=stored.status, why=stored.reason)
    return _told(stored, data.unmatched_events)


def _told(version: Version, unmatched: Mapping[str, int] | None = None) -> TrainedMode:
    return TrainedMode(
        version.device_model,
        version.failure_mode,
        version.model_version_id,
        version.metrics,
        status=version.status,
        reason=version.reason,
        data=LearntFrom(version.silent_channels, unmatched or {}),
    )


def _with_cost_rate(
    outcome: TrainingOutcome, history: History, device_model: DeviceModel, mode: FailureMode
) -> TrainingOutcome:
    """With what the policy would cost among the metrics, where the model's hazards tell it."""
    curve, metrics = outcome.model.curve, outcome.model.metrics
    rate = learn_cost_rate(outcome.held_out, history.events, curve, device_model, mode) if curve else None
    return replace(outcome, model=replace(outcome.model, metrics={**metrics, COST_RATE: rate}))


def _family(application: Application, device_model: DeviceModel) -> list[DeviceModel]:
    return [
        other
        for other in application.catalog.values()
        if device_model.family and other.family == device_model.family and other.name != device_model.name
    ]


def _kin(mode: FailureMode, relatives: Sequence[tuple[DeviceModel, History]]) -> list[Kin]:
    """What the family's other device models that have readings know of the kindred failure mode."""
    kin = []
    for other, history in relatives:
        alike = other.kindred_mode(mode)
        if alike and not history.readings.empty:
            kin.append(Kin(history, other, alike))
    return kin


def _reference(
    model: FailureModel, history: History, device_model: DeviceModel, mode: FailureMode
) -> Mapping[str, Any]:
    """How the model's inputs are spread; of a large fleet over as many devices as drift will be measured on."""
    devices = history.readings["device"]
    chosen = devices.isin(sample_devices(devices.unique().tolist()))
    some = replace(history, readings=history.readings[chosen])
    features = model.plan.build(some, device_model, mode)[compared(model.plan, model.features)]
    reference = describe_spread(features, some.readings["device"].to_numpy(), some.readings["ts"], mode.horizon)
    return reference.document()


def _version(outcome: TrainingOutcome, digest: str, verdict: Verdict) -> ModelVersion:
    model = outcome.model
    return ModelVersion(
        device_model=model.device_model,
        failure_mode=model.failure_mode,
        task=TASK,
        status=ModelStatus.CHAMPION if verdict.promote else ModelStatus.CHALLENGER,
        alarm_threshold=model.alarm_threshold,
        metrics=model.metrics,
        data_from=outcome.data_from,
        data_to=outcome.data_to,
        row_count=outcome.row_count,
        device_count=outcome.device_count,
        features=model.features,
        code_version=_code_version(),
        library_versions=library_versions(),
        artifact_sha256=digest,
        reason=verdict.reason,
        comparison=verdict.figures,
        report=outcome.report,
    )


@cache
def _code_version() -> str:
    """Our version, and a hash of the code that makes models: what training does depends on nothing else of ours."""
    folder = Path(models.__path__[0])
    digest = sha256()
    for file in sorted(folder.rglob("*.py")):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:12]}"
