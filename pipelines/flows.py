"""The Prefect flows: thin, each step a task, the work itself in `training`, `scoring` and `drift`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from prefect import flow, runtime, task
from prefect.cache_policies import NO_CACHE

from aftercare import wiring
from aftercare.settings import load_settings
from aftercare.wiring import Application
from pipelines import drift, scoring, training
from pipelines.drift import MeasuredMode
from pipelines.scoring import ScoredModel
from pipelines.training import TrainedMode


@flow(name="train", log_prints=False)
def train(device_models: Sequence[str] = ()) -> list[TrainedMode]:
    """Train every failure mode of the named device models, or of all that have readings."""
    with _connected() as application:
        chosen = training.device_models_to_train(application, list(device_models))
        return [result for model in chosen for result in _train_device_model(application, model.name)]


@flow(name="score", log_prints=False)
def score() -> list[ScoredModel]:
    """Score every device that sent data, record the predictions, and bring alarms, tickets and parts in line."""
    with _connected() as application:
        return [_score_device_model(application, name) for name in application.catalog]


@flow(name="drift", log_prints=False)
def measure_drift(device_models: Sequence[str] = ()) -> list[MeasuredMode]:
    """Measure what the champions see and how right they are, of the named device models or of all."""
    with _connected() as application:
        chosen = training.device_models_to_train(application, list(device_models))
        return [measured for model in chosen for measured in _measure_device_model(application, model.name)]


@task(name="train device model", cache_policy=NO_CACHE)
def _train_device_model(application: Application, name: str) -> list[TrainedMode]:
    return training.train_device_model(application, application.catalog[name], _flow_run_id())


@task(name="score device model", cache_policy=NO_CACHE)
def _score_device_model(application: Application, name: str) -> ScoredModel:
    return scoring.score_device_model(application, application.catalog[name])


@task(name="measure drift of device model", cache_policy=NO_CACHE)
def _measure_device_model(application: Application, name: str) -> list[MeasuredMode]:
    return drift.measure_device_model(application, application.catalog[name])


@contextmanager
def _connected() -> Iterator[Application]:
    application = wiring.build(load_settings(), application="aftercare flows")
    with application.database:
        yield application


def _flow_run_id() -> str:
    run_id: UUID | str | None = runtime.flow_run.id
    return str(run_id or "")
