"""The Prefect flows: thin, each step a task, the work itself in `training`, `scoring` and `drift`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any
from uuid import UUID

from prefect import flow, runtime, task
from prefect.cache_policies import NO_CACHE

from aftercare import wiring
from aftercare.settings import load_settings
from aftercare.wiring import Application
from pipelines import drift, scoring, training
from pipelines.drift import MeasuredMode
from pipelines.scoring import ScoredModel
from pipelines.scoring_part import ScoredPart, ScoringPart, score_part
from pipelines.spread import Spread, application_of_worker, over_cluster
from pipelines.training import TrainedMode, TrainingPart


@flow(name="train", log_prints=False)
def train(device_models: Sequence[str] = ()) -> list[TrainedMode]:
    """Train every failure mode of the named device models, or of all that have readings."""
    with _connected() as application, _spread(application) as spread:
        chosen = training.device_models_to_train(application, list(device_models))
        if spread is None:
            return [result for model in chosen for result in _train_device_model(application, model.name)]
        on_cluster = partial(training.train_device_model, application, train_parts=partial(spread, _train_part))
        return [result for model in chosen for result in on_cluster(model, _flow_run_id())]


@flow(name="score", log_prints=False)
def score() -> list[ScoredModel]:
    """Score every device that sent data, record the predictions, bring alarms, tickets and parts in line, and work out
    which parts the fleet will need."""
    with _connected() as application, _spread(application) as spread:
        if spread is None:
            scored = [_score_device_model(application, name) for name in application.catalog]
        else:
            on_cluster = partial(scoring.score_device_model, application, score_parts=partial(spread, _score_part))
            scored = [on_cluster(model) for model in application.catalog.values()]
        scoring.work_out_demand(application)
        return scored


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


@task(name="train failure mode", cache_policy=NO_CACHE)
def _train_part(part: TrainingPart) -> TrainedMode:
    return training.train_part(application_of_worker(), part)


@task(name="score devices", cache_policy=NO_CACHE)
def _score_part(part: ScoringPart) -> ScoredPart:
    return score_part(application_of_worker().database, part)


@task(name="measure drift of device model", cache_policy=NO_CACHE)
def _measure_device_model(application: Application, name: str) -> list[MeasuredMode]:
    return drift.measure_device_model(application, application.catalog[name])


def _spread(application: Application) -> AbstractContextManager[Spread[Any, Any] | None]:
    """How parts are spread over the cluster that AFTERCARE_DASK names; None: nothing is spread."""
    scheduler = application.settings.dask
    return over_cluster(scheduler) if scheduler else nullcontext()


@contextmanager
def _connected() -> Iterator[Application]:
    application = wiring.build(load_settings(), application="aftercare flows")
    with application.database:
        yield application


def _flow_run_id() -> str:
    run_id: UUID | str | None = runtime.flow_run.id
    return str(run_id or "")
